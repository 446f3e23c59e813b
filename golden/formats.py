"""Number formats of the datapath, FP8 (two encodings, any bias), FP16 and FP32, and conversions between them.

A format is one small data object, `FloatFormat`; the code works for all of them. Tensors are arrays of *bit
patterns* (``uint8``, ``uint16``, ``uint32``), never of NumPy floats, so that NaN payloads and the signs of
zeros survive. What touches whole tensors looks up tables, one for each format and bias, which are computed
once, in float64, where every step is exact. Contract: sections 2.1, 2.2 and 2.8 of the numerics.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
Bool = npt.NDArray[np.bool_]
_Scalar = TypeVar("_Scalar", bound=np.generic)

FP16_NAN = 0x7E00
"""Canonical NaN of FP16: quiet, positive, no payload. Arithmetic and conversions return no other."""
FP32_NAN = 0x7FC00000
"""Canonical NaN of FP32."""
FP16_INFINITY = 0x7C00
FP32_INFINITY = 0x7F800000

E_THR_MIN = -24
"""Lowest threshold exponent: the binade of the smallest FP16 subnormal."""
E_THR_MAX = 16
"""Highest threshold exponent: with it the top FP8 binade is FP16's own, 2^15."""
BIAS_MAX = 63
"""Highest FP8 bias that the 6-bit bias ports carry."""


class FormatError(ValueError):
    """A bias, threshold or array does not fit the number format."""


class Special(Enum):
    """Which codes of a format are not finite numbers."""

    IEEE = "top exponent field: infinity (significand 0) and NaN (others)"
    ONE_NAN = "all ones is NaN (one for each sign); there is no infinity"


@dataclass(frozen=True)
class FloatFormat:
    """A binary floating-point format with sign, subnormals and an exponent bias.

    Attributes
    ----------
    name : str
        Name for messages.
    width : int
        Bits of a code, the sign included.
    precision : int
        Bits of the significand, the hidden one included.
    default_bias : int
        Exponent bias where a tensor does not set its own.
    special : Special
        Which codes are infinities and NaNs.
    """

    name: str
    width: int
    precision: int
    default_bias: int
    special: Special

    @property
    def fraction_bits(self) -> int:
        """Stored bits of the significand."""
        return self.precision - 1

    @property
    def exponent_bits(self) -> int:
        """Bits of the exponent field."""
        return self.width - self.precision

    @property
    def sign_bit(self) -> int:
        """Code of -0: the sign bit alone."""
        return 1 << (self.width - 1)

    @property
    def max_finite_code(self) -> int:
        """Code of the largest finite number; every code without sign up to it is finite."""
        if self.special is Special.ONE_NAN:
            return self.sign_bit - 2
        return (((1 << self.exponent_bits) - 1) << self.fraction_bits) - 1

    @property
    def infinity_code(self) -> int | None:
        """Code of +infinity, None if the format has none."""
        return None if self.special is Special.ONE_NAN else self.max_finite_code + 1


FP16 = FloatFormat("FP16", 16, 11, 15, Special.IEEE)
FP32 = FloatFormat("FP32", 32, 24, 127, Special.IEEE)
E4M3 = FloatFormat("E4M3", 8, 4, 7, Special.ONE_NAN)
E5M2 = FloatFormat("E5M2", 8, 3, 15, Special.IEEE)


class Fp8Format(IntEnum):
    """The FP8 encodings; the number is what the hardware's ``fmt_i`` ports carry."""

    E4M3 = 0
    E5M2 = 1

    @property
    def layout(self) -> FloatFormat:
        """Widths, default bias and special codes of the encoding."""
        return E4M3 if self is Fp8Format.E4M3 else E5M2


def bias_of(fmt: Fp8Format, e_thr: int) -> int:
    """Return the FP8 exponent bias that puts the highest finite binade at ``2^(e_thr-1)``.

    ``16 - e_thr`` for E4M3, ``31 - e_thr`` for E5M2 (contract 2.8).

    Raises
    ------
    FormatError
        If `e_thr` lies outside -24..16.
    """
    if not E_THR_MIN <= e_thr <= E_THR_MAX:
        raise FormatError(f"threshold exponent e_thr is {e_thr}, must lie in {E_THR_MIN}..{E_THR_MAX}")
    # The top exponent field that holds numbers: 15 of E4M3 (only its last code is NaN), 30 of E5M2.
    top_field = fmt.layout.max_finite_code >> fmt.layout.fraction_bits
    return top_field + 1 - e_thr


def values_of(codes: npt.NDArray[np.unsignedinteger], fmt: FloatFormat, bias: int) -> npt.NDArray[np.float64]:
    """Return the exact values of codes, any shape, as float64 (NaN for every NaN code).

    Exact because no format here has more than 24 significant bits or leaves float64's exponents.
    """
    magnitude = codes.astype(np.int64) & (fmt.sign_bit - 1)
    field = magnitude >> fmt.fraction_bits
    fraction = magnitude & ((1 << fmt.fraction_bits) - 1)
    significand = np.where(field == 0, fraction, fraction + (1 << fmt.fraction_bits))
    value = np.ldexp(significand.astype(np.float64), np.maximum(field, 1) - bias - fmt.fraction_bits)
    value = np.where(magnitude > fmt.max_finite_code, np.nan, value)
    if fmt.infinity_code is not None:
        value = np.where(magnitude == fmt.infinity_code, np.inf, value)
    return np.asarray(np.where(codes & fmt.sign_bit, -value, value), dtype=np.float64)


def round_magnitudes(values: npt.NDArray[np.float64], fmt: FloatFormat, bias: int) -> npt.NDArray[np.int64]:
    """Round ``|values|`` to nearest even in a format without a top: codes without sign.

    Parameters
    ----------
    values : ndarray of float64
        Finite numbers.

    Returns
    -------
    ndarray of int64
        The code of the rounded magnitude. Codes are in the order of the numbers, so a code above
        ``fmt.max_finite_code`` says that rounding left the finite numbers.
    """
    magnitude = np.abs(values)
    lowest = 1 - bias  # exponent of subnormals and of the first normal binade
    _, exponent = np.frexp(magnitude)  # magnitude = m * 2^exponent with m in [0.5, 1)
    exponent = np.maximum(np.where(magnitude == 0, lowest, exponent - 1), lowest).astype(np.int64)
    quanta = np.rint(np.ldexp(magnitude, fmt.fraction_bits - exponent)).astype(np.int64)
    # The field of a normal number is `exponent - lowest` plus 1, which its hidden bit adds; in the same way a
    # significand that rounds up to the next binade carries into the field.
    return np.asarray(((exponent - lowest) << fmt.fraction_bits) + quanta, dtype=np.int64)


def decode_fp8(codes: U8, fmt: Fp8Format, bias: int) -> U16:
    """Convert FP8 codes to FP16 bits, as ``fp8_to_fp16`` of the hardware does.

    Parameters
    ----------
    codes : ndarray of uint8, any shape
    fmt : Fp8Format
    bias : int
        Exponent bias, 0..63.

    Returns
    -------
    ndarray of uint16, same shape
        FP16 bits. What lies outside FP16 is rounded to nearest even: to subnormals, to a zero of the same
        sign, or to infinity. NaN codes of either sign give the canonical NaN.

    Raises
    ------
    FormatError
        If the bias does not fit 6 bits, or the array is not of uint8.
    """
    require_bits(codes, np.uint8, "FP8 codes")
    return _decode_table(Fp8Format(fmt), _checked_bias(bias))[codes]


def encode_fp8(fp16_bits: U16, fmt: Fp8Format, bias: int) -> tuple[U8, Bool, Bool]:
    """Convert FP16 bits to FP8 codes, as ``fp16_to_fp8`` of the hardware does.

    Parameters
    ----------
    fp16_bits : ndarray of uint16, any shape
    fmt : Fp8Format
    bias : int
        Exponent bias, 0..63.

    Returns
    -------
    codes : ndarray of uint8, same shape
        FP8 code, rounded to nearest even with FP8 subnormals; 0 where either flag is set, and for zeros
        of either sign.
    is_fp16 : ndarray of bool, same shape
        The element stays FP16: infinite, NaN, or rounding would leave the finite codes.
    flushed : ndarray of bool, same shape
        A non-zero that rounds to zero.

    Raises
    ------
    FormatError
        If the bias does not fit 6 bits, or the array is not of uint16.
    """
    require_bits(fp16_bits, np.uint16, "FP16 bits")
    packed = _encode_table(Fp8Format(fmt), _checked_bias(bias))[fp16_bits]
    return packed.astype(np.uint8), (packed & _IS_FP16) != 0, (packed & _FLUSHED) != 0


def fp16_to_float32(fp16_bits: U16) -> npt.NDArray[np.float32]:
    """Widen FP16 bits to float32, which is exact; every NaN becomes the canonical one.

    Raises
    ------
    FormatError
        If the array is not of uint16.
    """
    require_bits(fp16_bits, np.uint16, "FP16 bits")
    return _fp16_values()[fp16_bits]


def fp32_to_fp16(fp32_bits: U32) -> U16:
    """Round FP32 bits once, to nearest even, to FP16 bits; every NaN becomes the canonical one.

    Raises
    ------
    FormatError
        If the array is not of uint32.
    """
    require_bits(fp32_bits, np.uint32, "FP32 bits")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        rounded = np.asarray(fp32_bits.view(np.float32).astype(np.float16)).view(np.uint16)
    return np.where(_is_nan32(fp32_bits), np.uint16(FP16_NAN), rounded)


def canonical_fp32(fp32_bits: U32) -> U32:
    """Return FP32 bits with every NaN replaced by the canonical one, as the arithmetic modules return it.

    Raises
    ------
    FormatError
        If the array is not of uint32.
    """
    require_bits(fp32_bits, np.uint32, "FP32 bits")
    return np.where(_is_nan32(fp32_bits), np.uint32(FP32_NAN), fp32_bits)


def require_bits(array: npt.NDArray[_Scalar], dtype: type[np.unsignedinteger], what: str) -> None:
    """Raise `FormatError` unless `array` is a NumPy array of bit patterns of `dtype`."""
    wanted = np.dtype(dtype)
    if not isinstance(array, np.ndarray) or array.dtype != wanted:
        found = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise FormatError(
            f"{what}: expected a NumPy array of {wanted}, got {found}; "
            f"pass bit patterns, for floats .view(np.{wanted})"
        )


_IS_FP16 = 0x100
_FLUSHED = 0x200


def _checked_bias(bias: int) -> int:
    if not 0 <= bias <= BIAS_MAX:
        raise FormatError(f"FP8 bias is {bias}, must lie in 0..{BIAS_MAX}")
    return bias


def _is_nan32(fp32_bits: U32) -> Bool:
    return (fp32_bits & np.uint32(0x7FFFFFFF)) > np.uint32(FP32_INFINITY)


@lru_cache(maxsize=2 * (BIAS_MAX + 1))
def _decode_table(fmt: Fp8Format, bias: int) -> U16:
    """FP16 bits of the 256 codes."""
    codes = np.arange(256, dtype=np.uint8)
    values = values_of(codes, fmt.layout, bias)
    magnitude = round_magnitudes(np.where(np.isfinite(values), values, 0.0), FP16, FP16.default_bias)
    magnitude = np.where(np.isinf(values), FP16_INFINITY, np.minimum(magnitude, FP16_INFINITY))
    signed = magnitude | np.where(codes & fmt.layout.sign_bit, FP16.sign_bit, 0)
    return np.where(np.isnan(values), FP16_NAN, signed).astype(np.uint16)


@lru_cache(maxsize=2 * (BIAS_MAX + 1))
def _encode_table(fmt: Fp8Format, bias: int) -> U16:
    """FP8 code (low byte) and the two flags of the 65,536 FP16 values."""
    bits = np.arange(1 << 16, dtype=np.uint16)
    values = values_of(bits, FP16, FP16.default_bias)
    finite = np.isfinite(values)
    layout = fmt.layout
    magnitude = round_magnitudes(np.where(finite, values, 0.0), layout, bias)
    is_fp16 = ~finite | (magnitude > layout.max_finite_code)
    flushed = ~is_fp16 & (magnitude == 0) & (values != 0)
    code = magnitude | np.where(bits & FP16.sign_bit, layout.sign_bit, 0)
    code[is_fp16 | (magnitude == 0)] = 0
    return (code | np.where(is_fp16, _IS_FP16, 0) | np.where(flushed, _FLUSHED, 0)).astype(np.uint16)


@lru_cache(maxsize=1)
def _fp16_values() -> npt.NDArray[np.float32]:
    """float32 of the 65,536 FP16 values."""
    bits = np.arange(1 << 16, dtype=np.uint16)
    values = values_of(bits, FP16, FP16.default_bias).astype(np.float32)
    return canonical_fp32(values.view(np.uint32)).view(np.float32)
