"""FGMP in PyTorch, bit-equal to the golden model because it looks the golden model's answers up.

An FP16 tensor has at most 65,536 different elements. What `golden.fgmp.encode` makes of each, for one
encoding and threshold, is a table; a tensor's bits are its indices. Counting the same indices gives the
histogram that the threshold policies take, and which share went to which group, for no pass more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from golden.fgmp import BINS, Histogram, ThresholdPolicy, encode, exponent_histogram
from golden.formats import U16, Fp8Format, fp16_to_float32

CODES = 1 << 16
"""FP16 bit patterns."""
_MAGNITUDES = CODES // 2
_FIRST_UNCOUNTED = 0x7C00
"""Infinity: this and the patterns above it are in no binade."""

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Coding:
    """How a tensor is encoded.

    Attributes
    ----------
    fmt : Fp8Format
        Encoding of the FP8 group.
    policy : ThresholdPolicy
        Chooses the threshold exponent.
    saturate : bool
        There is no FP16 group: finite elements above the largest FP8 number become that number (FP8 alone).
        Infinities and NaNs stay, so that an overflow shows.
    """

    fmt: Fp8Format
    policy: ThresholdPolicy
    saturate: bool = False


@dataclass(frozen=True, eq=False)
class Quantised:
    """A tensor as the hardware computes with it.

    Attributes
    ----------
    values : Tensor of float32, the tensor's shape
        The decoded elements; their bits are those of `golden.fgmp.FgmpTensor.decoded`, widened.
    coding : Coding
    e_thr : int
        Threshold exponent, -24..16.
    counts : ndarray of int64, shape ``[32768]``
        How often each FP16 magnitude (bits without sign) occurred before it was encoded.
    """

    values: Tensor
    coding: Coding
    e_thr: int
    counts: Counts = field(repr=False)

    @cached_property
    def histogram(self) -> Histogram:
        """Exponents of the tensor before it was encoded, as `golden.fgmp.exponent_histogram` counts them."""
        return histogram_of(self.counts)

    @property
    def elements(self) -> int:
        """Number of elements."""
        return int(self.counts.sum())

    @property
    def nonzero_count(self) -> int:
        """Number of non-zeros after FGMP."""
        return int(self.counts[_first_codes(self.coding.fmt, self.e_thr)[0] :].sum())

    @property
    def fp16_count(self) -> int:
        """Number of FP16-group elements; where FP8 saturates, of infinities and NaNs."""
        first = _FIRST_UNCOUNTED if self.coding.saturate else _first_codes(self.coding.fmt, self.e_thr)[1]
        return int(self.counts[first:].sum())


def half_bits(tensor: Tensor) -> Tensor:
    """Round a tensor of float32 once, to nearest even, to FP16: its bits as int32 in 0..65535, same shape."""
    return bits_of(tensor.detach().to(torch.float16))


def bits_of(half: Tensor) -> Tensor:
    """Return the bits of a tensor of float16 as int32 in 0..65535, same shape."""
    return half.view(torch.uint16).to(torch.int32)


def quantise(tensor: Tensor, coding: Coding, previous: Histogram | None = None) -> Quantised:
    """Round a tensor to FP16 and pass it through FGMP.

    Parameters
    ----------
    tensor : Tensor of float32, any shape
    coding : Coding
    previous : ndarray of int64, shape ``[40]``, optional
        Exponents of the same tensor in the previous iteration, for policies that ask for them.

    Raises
    ------
    golden.formats.FormatError
        If the policy chooses a threshold outside its range.
    """
    return quantise_bits(half_bits(tensor), coding, previous)


def quantise_bits(bits: Tensor, coding: Coding, previous: Histogram | None = None) -> Quantised:
    """Pass a tensor of FP16 bits (int32 in 0..65535, any shape) through FGMP; see `quantise`."""
    counts = count_magnitudes(bits)
    e_thr = int(coding.policy.choose(histogram_of(counts), previous))
    table = _values(coding.fmt, e_thr, coding.saturate, bits.device)
    values = torch.index_select(table, 0, bits.reshape(-1)).view(bits.shape)
    return Quantised(values, coding, e_thr, counts)


def count_magnitudes(bits: Tensor) -> Counts:
    """Count how often each FP16 magnitude occurs in a tensor of FP16 bits: int64 [32768]."""
    counts: Counts = torch.bincount(bits.reshape(-1), minlength=CODES).cpu().numpy()
    return counts[:_MAGNITUDES] + counts[_MAGNITUDES:]


def histogram_of(counts: Counts) -> Histogram:
    """Return the histogram of exponents (int64 [40]) from the counts of magnitudes (int64 [32768])."""
    # Magnitudes are in the order of the numbers, so each binade is one run of them.
    return np.add.reduceat(counts[:_FIRST_UNCOUNTED], _binade_starts())


def saturated(bits: U16, fmt: Fp8Format, e_thr: int) -> U16:
    """Replace the finite elements of the FP16 group by the largest number of the FP8 group, signs kept.

    Parameters
    ----------
    bits : ndarray of uint16, any shape
    fmt : Fp8Format
    e_thr : int
        Threshold exponent, -24..16.

    Returns
    -------
    ndarray of uint16, same shape
        What `golden.fgmp.encode` puts into the FP8 group with this threshold, but for infinities and NaNs.
    """
    largest = np.uint16(_largest_fp8(fmt, e_thr))
    magnitude = bits & np.uint16(_MAGNITUDES - 1)
    beyond = (magnitude > largest) & (magnitude < _FIRST_UNCOUNTED)
    return np.where(beyond, bits & np.uint16(_MAGNITUDES) | largest, bits)


@lru_cache(maxsize=256)
def _values(fmt: Fp8Format, e_thr: int, saturate: bool, device: torch.device) -> Tensor:
    """Decoded float32 of the 65,536 FP16 values."""
    bits = np.arange(CODES, dtype=np.uint32).astype(np.uint16)
    if saturate:
        bits = saturated(bits, fmt, e_thr)
    return torch.from_numpy(fp16_to_float32(encode(bits, fmt, e_thr).decoded)).to(device)


@lru_cache(maxsize=128)
def _first_codes(fmt: Fp8Format, e_thr: int) -> tuple[int, int]:
    """Return the smallest magnitudes that are not zero after FGMP, and that belong to the FP16 group."""
    tensor = encode(np.arange(_MAGNITUDES, dtype=np.uint16), fmt, e_thr)
    return int(np.argmax(tensor.nonzero)), int(np.argmax(tensor.is_fp16))


@lru_cache(maxsize=128)
def _largest_fp8(fmt: Fp8Format, e_thr: int) -> int:
    """Return the FP16 bits of the largest number of the FP8 group (0 if there is none but zero)."""
    below = np.arange(_first_codes(fmt, e_thr)[1], dtype=np.uint16)
    return int(encode(below, fmt, e_thr).decoded.max())


@lru_cache(maxsize=1)
def _binade_starts() -> NDArray[np.int64]:
    """Return the first magnitude of each binade: int64 [40]."""
    magnitudes = np.arange(1, _FIRST_UNCOUNTED, dtype=np.uint16)
    sizes = exponent_histogram(magnitudes)
    assert len(sizes) == BINS
    return np.concatenate([[0], np.cumsum(sizes)[:-1]]) + 1
