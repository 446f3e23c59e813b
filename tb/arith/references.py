"""References for the arithmetic modules: IEEE arithmetic by numpy, FP8 by ml_dtypes and by gfloat.

An FP8 code under an exponent bias of a tensor's own is the code of the OCP format, whose bias is fixed,
times a power of two: scaled in float64 the values are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from tb.arith.bulk_model import Words

FP32_NAN = np.uint32(0x7FC00000)
FP16_NAN = np.uint16(0x7E00)

E4M3, E5M2 = 0, 1
FORMATS = {E4M3: "E4M3", E5M2: "E5M2"}
OCP_BIAS = {E4M3: 7, E5M2: 15}
THRESHOLD_BIAS = {E4M3: 16, E5M2: 31}
"""The exponent bias that belongs to the threshold exponent 0."""

_ML_DTYPES: dict[int, Any] = {E4M3: ml_dtypes.float8_e4m3fn, E5M2: ml_dtypes.float8_e5m2}
_GFLOAT = {E4M3: gfloat.formats.format_info_ocp_e4m3, E5M2: gfloat.formats.format_info_ocp_e5m2}

Float64 = NDArray[np.float64]


def fp32_bits(values: NDArray[np.float32]) -> Words:
    """Return the bits of binary32 numbers, every NaN as the canonical one."""
    return np.where(np.isnan(values), FP32_NAN, values.view(np.uint32))


def fp16_bits(values: NDArray[np.float16]) -> Words:
    """Return the bits of FP16 numbers, every NaN as the canonical one."""
    return np.where(np.isnan(values), FP16_NAN, values.view(np.uint16))


def add(a: Words, b: Words) -> Words:
    """Return the binary32 sum of binary32 words."""
    with np.errstate(all="ignore"):
        return fp32_bits(a.view(np.float32) + b.view(np.float32))


def multiply_fp32(a: Words, b: Words) -> Words:
    """Return the binary32 product of binary32 words."""
    with np.errstate(all="ignore"):
        return fp32_bits(a.view(np.float32) * b.view(np.float32))


def multiply(a: Words, b: Words) -> Words:
    """Return the exact product of FP16 words as binary32 words.

    Formed in float64 and narrowed: the comparison of the two proves that binary32 holds every bit.
    """
    with np.errstate(all="ignore"):
        exact = a.view(np.float16).astype(np.float64) * b.view(np.float16).astype(np.float64)
        narrowed = exact.astype(np.float32)
    np.testing.assert_array_equal(narrowed, exact)
    return fp32_bits(narrowed)


def narrow(a: Words) -> Words:
    """Return binary32 words rounded to FP16 words."""
    with np.errstate(all="ignore"):
        return fp16_bits(a.view(np.float32).astype(np.float16))


def fp8_values(codes: Words, fmt: int, bias: int) -> Float64:
    """Return the values of FP8 codes by ml_dtypes."""
    values: Float64 = codes.astype(np.uint8).view(_ML_DTYPES[fmt]).astype(np.float64)
    return _scale(values, OCP_BIAS[fmt] - bias)


def fp8_values_gfloat(codes: Words, fmt: int, bias: int) -> Float64:
    """Return the values of FP8 codes by gfloat."""
    values = [gfloat.decode_float(_GFLOAT[fmt], int(code)).fval for code in codes]
    return _scale(np.array(values), OCP_BIAS[fmt] - bias)


def _scale(values: Float64, exponent: int) -> Float64:
    """Multiply by a power of two, exactly: float64 reaches far beyond any exponent met here."""
    with np.errstate(invalid="ignore"):
        scaled: Float64 = np.ldexp(values, exponent)
    return scaled


def to_fp16(values: Float64) -> Words:
    """Return float64 numbers rounded to FP16 words by numpy."""
    with np.errstate(all="ignore"):
        return fp16_bits(values.astype(np.float16))


def to_fp16_gfloat(values: Float64) -> Words:
    """Return float64 numbers rounded to FP16 words by gfloat."""
    rounded = gfloat.round_ndarray(gfloat.formats.format_info_binary16, values)
    return fp16_bits(np.asarray(rounded).astype(np.float16))


def encode(halves: Words, fmt: int, bias: int) -> tuple[Words, Words, Words]:
    """Return what FGMP makes of FP16 words by ml_dtypes' rounding: code, stays FP16, flushed."""
    values = halves.view(np.float16).astype(np.float64)
    with np.errstate(all="ignore"):
        rounded = _scale(values, bias - OCP_BIAS[fmt]).astype(_ML_DTYPES[fmt])
    return _groups(values, rounded.astype(np.float64), rounded.view(np.uint8))


def encode_gfloat(halves: Words, fmt: int, bias: int) -> tuple[Words, Words, Words]:
    """Return what FGMP makes of FP16 words by gfloat's rounding: code, stays FP16, flushed."""
    values = halves.view(np.float16).astype(np.float64)
    rounded = np.asarray(gfloat.round_ndarray(_GFLOAT[fmt], _scale(values, bias - OCP_BIAS[fmt])))
    finite = np.where(np.isfinite(rounded), rounded, 0.0)
    return _groups(values, rounded, np.asarray(gfloat.encode_ndarray(_GFLOAT[fmt], finite)).astype(np.uint8))


def _groups(values: Float64, rounded: Float64, codes: Words) -> tuple[Words, Words, Words]:
    """Sort elements into FP8, FP16 and flushed; a code is 0 unless its element is a non-zero FP8 one."""
    wide = ~np.isfinite(rounded)
    zero = rounded == 0
    return np.where(wide | zero, np.uint8(0), codes), wide, zero & (values != 0)


def encode_limits(halves: Words, fmt: int, threshold: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which FP16 words stay FP16 and which are flushed, by the contract's inequalities."""
    values = np.abs(halves.view(np.float16).astype(np.float64))
    top = 2.0 ** (threshold - 1)
    with np.errstate(invalid="ignore"):
        above = values > 1.8125 * top if fmt == E4M3 else values >= 1.875 * top
    wide = above | np.isnan(values)
    lowest = 2.0 ** (threshold - (19 if fmt == E4M3 else 33))
    return wide, (values != 0) & (values <= lowest)


def decimal_of_fp8(fmt: int, bias: int) -> Callable[[str, int, int], str]:
    """Return how to write the ports of the FP8 modules in decimal, codes under this format and bias."""

    def decimal(name: str, word: int, _: int) -> str:
        if name in ("code_i", "code_o"):
            return str(fp8_values(np.array([word], dtype=np.uint8), fmt, bias)[0])
        if name in ("a_i", "y_o"):
            return str(np.uint16(word).view(np.float16))
        return str(word)

    return decimal
