"""How an element is written: in FP16, in FP8, or as FGMP chooses.

- FP16: the 16 bits as they are, so nothing is lost; a zero is +0 (-0 is kept, and is not one).
- FP8: one byte, rounded as FGMP rounds, with the bias that the threshold gives (`golden.formats.bias_of`).
  What FGMP would leave in FP16 saturates: finite numbers and infinities become the largest finite code of
  their sign, a NaN the canonical NaN code (OFP8's saturating conversion). Lossless for the tensor so rounded,
  not for its origin.
- FGMP: `golden.fgmp.encode`: FP8 or FP16 by element, told apart by a group bit. Lossless for the tensor that
  the hardware computes with.

-0 and what rounds to zero become +0 in FP8 and FGMP (contract 2.8).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from golden import fgmp
from golden.formats import (
    FP16_INFINITY,
    U8,
    U16,
    Bool,
    Fp8Format,
    bias_of,
    decode_fp8,
    encode_fp8,
    require_bits,
)

NAN_CODE = {Fp8Format.E4M3: 0x7F, Fp8Format.E5M2: 0x7E}
"""Canonical FP8 NaN: E4M3's only one, E5M2's quiet one; both positive."""


class ValueKind(StrEnum):
    """How elements are written."""

    FP16 = "fp16"
    FP8 = "fp8"
    FGMP = "fgmp"

    @property
    def has_groups(self) -> bool:
        """Whether a group bit says of each stored element what it is."""
        return self is ValueKind.FGMP

    @property
    def wide_zero(self) -> bool:
        """Whether a zero that must be stored takes 16 bits."""
        return self is ValueKind.FP16


@dataclass(frozen=True)
class Quantisation:
    """FP8 encoding and threshold exponent of a tensor, from its descriptor; FP16 values need neither."""

    fmt: Fp8Format
    e_thr: int

    @property
    def bias(self) -> int:
        """FP8 exponent bias."""
        return bias_of(self.fmt, self.e_thr)


@dataclass(frozen=True, eq=False)
class Elements:
    """A tensor's elements in C order, as they are written.

    Attributes
    ----------
    value : ndarray of uint16 [n]
        FP16 bits, or an FP8 code; 0 for zeros, and for nothing else.
    wide : ndarray of bool [n]
        The element takes 16 bits; False: it takes 8.
    """

    value: U16
    wide: Bool

    @property
    def nonzero(self) -> Bool:
        """The non-zero mask."""
        return np.asarray(self.value != 0, np.bool_)

    def __len__(self) -> int:
        return len(self.value)


def quantise(kind: ValueKind, fp16_bits: U16, how: Quantisation) -> Elements:
    """Return a tensor's elements as `kind` writes them.

    Parameters
    ----------
    fp16_bits : ndarray of uint16, any shape

    Raises
    ------
    golden.formats.FormatError
        If the threshold is out of its range, or the array is not of uint16.
    """
    require_bits(fp16_bits, np.uint16, "FP16 bits")
    if kind is ValueKind.FP16:
        flat = np.ascontiguousarray(fp16_bits).reshape(-1)
        return Elements(flat, np.ones(flat.shape, np.bool_))
    if kind is ValueKind.FP8:
        codes = _saturated(fp16_bits, how).reshape(-1)
        return Elements(codes.astype(np.uint16), np.zeros(codes.shape, np.bool_))
    tensor = fgmp.encode(fp16_bits, how.fmt, how.e_thr)
    value = np.where(tensor.is_fp16, tensor.fp16, tensor.codes)
    return Elements(value.astype(np.uint16).reshape(-1), tensor.is_fp16.reshape(-1))


def _saturated(fp16_bits: U16, how: Quantisation) -> U8:
    codes, beyond, _ = encode_fp8(fp16_bits, how.fmt, how.bias)
    sign = (fp16_bits >> np.uint16(8)).astype(np.uint8) & np.uint8(how.fmt.layout.sign_bit)
    is_nan = (fp16_bits & 0x7FFF) > FP16_INFINITY
    largest = sign | np.uint8(how.fmt.layout.max_finite_code)
    return np.where(beyond, np.where(is_nan, np.uint8(NAN_CODE[how.fmt]), largest), codes)


def restore(kind: ValueKind, elements: Elements, how: Quantisation) -> U16:
    """Return the FP16 bits of elements: uint16 [n]."""
    if kind is ValueKind.FP16:
        return elements.value
    narrow = np.where(elements.wide, 0, elements.value).astype(np.uint8)
    decoded = decode_fp8(narrow, how.fmt, how.bias)
    return np.where(elements.wide, elements.value, decoded)
