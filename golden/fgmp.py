"""Fine-grained mixed precision (FGMP): each element of a tensor goes to the FP8 or to the FP16 group.

The criterion is one threshold exponent a tensor, ``e_thr``, which sets its FP8 bias too (contract 2.8). How
it is chosen is a policy, and policies are plug-ins: any object with `ThresholdPolicy.choose`, registered by
name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from golden.formats import (
    E_THR_MAX,
    E_THR_MIN,
    FP16,
    U8,
    U16,
    Bool,
    Fp8Format,
    bias_of,
    decode_fp8,
    encode_fp8,
    require_bits,
    values_of,
)

Histogram = npt.NDArray[np.int64]

EXPONENT_MIN = -24
"""floor(log2|x|) of the smallest FP16 subnormal: bin 0 of a histogram."""
EXPONENT_MAX = 15
"""floor(log2|x|) of the largest finite FP16: the last bin."""
BINS = EXPONENT_MAX - EXPONENT_MIN + 1

DEFAULT_FORMATS: MappingProxyType[str, Fp8Format] = MappingProxyType(
    {"X": Fp8Format.E4M3, "W": Fp8Format.E4M3, "delta": Fp8Format.E5M2}
)
"""FP8 encoding of each tensor (contract 2.2): range counts more than precision for δ."""

DEFAULT_TARGET_SHARE = Fraction(1, 5)
"""Share of the finite non-zeros that may lie in the binades from ``2^e_thr`` up."""


class FgmpError(ValueError):
    """A tensor, threshold or policy that FGMP cannot work with."""


# --------------------------------------------------------------------------------------------------
# Threshold policies
# --------------------------------------------------------------------------------------------------


def exponent_histogram(fp16_bits: U16) -> Histogram:
    """Count the finite non-zeros of a tensor by binade.

    Parameters
    ----------
    fp16_bits : ndarray of uint16, any shape

    Returns
    -------
    ndarray of int64, shape ``[40]``
        Element ``i`` counts the elements with ``floor(log2|x|) == i - 24``, subnormals included.
    """
    require_bits(fp16_bits, np.uint16, "exponent histogram")
    return np.bincount(_bin_table()[fp16_bits.reshape(-1)], minlength=BINS + 1)[:BINS].astype(np.int64)


@lru_cache(maxsize=1)
def _bin_table() -> U8:
    """Histogram bin of the 65,536 FP16 values; `BINS` for those that are not counted."""
    values = values_of(np.arange(1 << 16, dtype=np.uint16), FP16, FP16.default_bias)
    counted = np.isfinite(values) & (values != 0)
    _, exponent = np.frexp(np.where(counted, values, 1.0))
    return np.where(counted, exponent - 1 - EXPONENT_MIN, BINS).astype(np.uint8)


class ThresholdPolicy(Protocol):
    """Chooses the threshold exponent of a tensor."""

    def choose(self, current: Histogram, previous: Histogram | None) -> int:
        """Return ``e_thr``, -24..16.

        Parameters
        ----------
        current : ndarray of int64, shape ``[40]``
            `exponent_histogram` of the tensor to encode.
        previous : ndarray of int64, shape ``[40]``, or None
            That of the same tensor in the previous iteration; None in the first.
        """
        ...


_Policy = TypeVar("_Policy", bound=Callable[..., ThresholdPolicy])
POLICIES: dict[str, Callable[..., ThresholdPolicy]] = {}
"""Registered policies: name to factory."""


def register_policy(name: str) -> Callable[[_Policy], _Policy]:
    """Class decorator: make a policy available to `make_policy` under `name`."""

    def register(factory: _Policy) -> _Policy:
        if name in POLICIES:
            raise FgmpError(f"threshold policy '{name}' is registered twice: give one of them another name")
        POLICIES[name] = factory
        return factory

    return register


def make_policy(name: str = "share", **parameters: object) -> ThresholdPolicy:
    """Return a new policy by its registered name, with the parameters that it takes.

    Raises
    ------
    FgmpError
        If there is no such policy, or it does not take these parameters.
    """
    if name not in POLICIES:
        raise FgmpError(f"unknown threshold policy '{name}': choose one of {', '.join(sorted(POLICIES))}")
    try:
        return POLICIES[name](**parameters)
    except TypeError as error:
        raise FgmpError(f"threshold policy '{name}': {error}") from None


@register_policy("share")
@dataclass(frozen=True)
class SharePolicy:
    """Smallest threshold with at most `target` of the finite non-zeros in the binades from it up.

    The default policy. Counts are compared as integers, so the choice is exact. The FP16 group may be a
    little larger than `target`: FP8 ends within the binade below the threshold, and infinities and NaNs are
    FP16 always.
    """

    target: Fraction | float | str = DEFAULT_TARGET_SHARE
    _exact: Fraction = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # str() makes 0.2 mean one fifth, not the binary fraction nearest to it.
        try:
            exact = self.target if isinstance(self.target, Fraction) else Fraction(str(self.target))
        except ValueError:
            exact = Fraction(-1)
        if not 0 <= exact <= 1:
            raise FgmpError(f"threshold policy 'share': target is {self.target!r}, must be a number in 0..1")
        object.__setattr__(self, "_exact", exact)

    def choose(self, current: Histogram, previous: Histogram | None = None) -> int:
        """Return the threshold for the tensor at hand; without finite non-zeros, 16."""
        _require_histogram(current)
        total = int(current.sum())
        if total == 0:
            return E_THR_MAX
        above = 0
        # From the top down: lower the threshold while the binades from it up still fit the target.
        for e_thr in range(EXPONENT_MAX, EXPONENT_MIN - 1, -1):
            above += int(current[e_thr - EXPONENT_MIN])
            if above > self._exact * total:
                return e_thr + 1
        return E_THR_MIN


@register_policy("fixed")
@dataclass(frozen=True)
class FixedPolicy:
    """The same threshold for every tensor."""

    e_thr: int

    def __post_init__(self) -> None:
        bias_of(Fp8Format.E4M3, self.e_thr)  # raises outside the range

    def choose(self, current: Histogram, previous: Histogram | None = None) -> int:
        """Return the fixed threshold."""
        return self.e_thr


@register_policy("previous")
@dataclass(frozen=True)
class PreviousPolicy:
    """The share rule on the histogram of the previous iteration, so that a tensor is encoded in one pass.

    The first iteration, which has no previous one, uses the tensor's own histogram.
    """

    target: Fraction | float | str = DEFAULT_TARGET_SHARE
    _rule: SharePolicy = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rule", SharePolicy(self.target))

    def choose(self, current: Histogram, previous: Histogram | None = None) -> int:
        """Return the threshold that the previous iteration would have had."""
        return self._rule.choose(current if previous is None else previous)


def _require_histogram(histogram: Histogram) -> None:
    if histogram.shape != (BINS,):
        raise FgmpError(f"exponent histogram has shape {histogram.shape}, must be ({BINS},)")


# --------------------------------------------------------------------------------------------------
# Encoded tensors
# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class FgmpTensor:
    """A tensor after FGMP encoding; all arrays have the tensor's shape.

    Attributes
    ----------
    shape : tuple of int
    fmt : Fp8Format
        Encoding of the FP8 group.
    e_thr : int
        Threshold exponent, -24..16.
    codes : ndarray of uint8
        FP8 codes; 0 for zeros and FP16-group elements.
    fp16 : ndarray of uint16
        Original bits of FP16-group elements (NaN payloads kept); 0 elsewhere.
    is_fp16 : ndarray of bool
        Element belongs to the FP16 group. Such an element is never zero.
    nonzero : ndarray of bool
        The non-zero mask: False for zeros of either sign and for flushed elements.
    decoded : ndarray of uint16
        FP16 bits that the hardware computes with: +0 outside the mask; the decoded code in the FP8 group,
        which fits FP16 exactly with every threshold; the original bits in the FP16 group.
    """

    shape: tuple[int, ...]
    fmt: Fp8Format
    e_thr: int
    codes: U8
    fp16: U16
    is_fp16: Bool
    nonzero: Bool
    decoded: U16

    @property
    def bias(self) -> int:
        """FP8 exponent bias."""
        return bias_of(self.fmt, self.e_thr)

    @property
    def elements(self) -> int:
        """Number of elements."""
        return int(self.nonzero.size)

    @property
    def nonzero_count(self) -> int:
        """Number of non-zeros after FGMP."""
        return int(np.count_nonzero(self.nonzero))

    @property
    def fp16_count(self) -> int:
        """Number of FP16-group elements."""
        return int(np.count_nonzero(self.is_fp16))

    @property
    def zero_fraction(self) -> float:
        """Share of zeros, flushed elements included; 0.0 for a tensor without elements."""
        return 1.0 - self.nonzero_count / self.elements if self.elements else 0.0

    @property
    def fp16_fraction(self) -> float:
        """Share of the FP16 group in the non-zeros; 0.0 without non-zeros."""
        nonzeros = self.nonzero_count
        return self.fp16_count / nonzeros if nonzeros else 0.0


def encode(fp16_bits: U16, fmt: Fp8Format, e_thr: int) -> FgmpTensor:
    """Divide a tensor into its FP8 and FP16 groups.

    Parameters
    ----------
    fp16_bits : ndarray of uint16, any shape
    fmt : Fp8Format
    e_thr : int
        Threshold exponent, -24..16.

    Raises
    ------
    golden.formats.FormatError
        If the threshold is outside its range, or the array is not of uint16.
    """
    fmt, e_thr = Fp8Format(fmt), int(e_thr)
    bias = bias_of(fmt, e_thr)
    codes, is_fp16, _ = encode_fp8(fp16_bits, fmt, bias)
    fp16 = np.where(is_fp16, fp16_bits, np.uint16(0))
    return FgmpTensor(
        shape=fp16_bits.shape,
        fmt=fmt,
        e_thr=e_thr,
        codes=codes,
        fp16=fp16,
        is_fp16=is_fp16,
        nonzero=is_fp16 | (codes != 0),  # a code that is not zero never stands for a zero: -0 encodes as 0
        decoded=decode_fp8(codes, fmt, bias) | fp16,
    )


def encode_with(
    fp16_bits: U16, fmt: Fp8Format, policy: ThresholdPolicy, previous: Histogram | None = None
) -> FgmpTensor:
    """Encode a tensor with the threshold that a policy chooses from its histogram (and the previous one)."""
    return encode(fp16_bits, fmt, policy.choose(exponent_histogram(fp16_bits), previous))


def channel_costs(tensor: FgmpTensor) -> npt.NDArray[np.int64]:
    """Cost of each channel for the input load balancer (contract 2.6).

    Parameters
    ----------
    tensor : FgmpTensor, NCHW
        The unpadded A tensor, all images.

    Returns
    -------
    ndarray of int64, shape ``[C]``
        1 for each non-zero FP8 element, 2 for each FP16 one: the cycles a PE line takes for them.

    Raises
    ------
    FgmpError
        If the tensor has not four dimensions.
    """
    if len(tensor.shape) != 4:
        raise FgmpError(f"channel costs: the tensor has shape {tensor.shape}, must be NCHW (four dimensions)")
    over = (0, 2, 3)
    nonzeros = np.count_nonzero(tensor.nonzero, axis=over) + np.count_nonzero(tensor.is_fp16, axis=over)
    return np.asarray(nonzeros, dtype=np.int64)
