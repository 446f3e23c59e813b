"""Classes of floating-point numbers: where hardware takes another path."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from golden.formats import FP16, FP32, U8, U16, U32, FloatFormat, Fp8Format

Indices = npt.NDArray[np.int64]

FLOAT_CLASSES = (
    *("+0", "-0", "subnormal", "least exponent", "normal"),
    *("greatest exponent", "max finite", "infinity", "NaN"),
)
"""Classes of a format's codes; normal numbers of the least and the greatest exponent have their own."""
PLUS_ZERO, MINUS_ZERO, SUBNORMAL, LEAST, NORMAL, GREATEST, MAX_FINITE, INFINITY, NAN = range(9)

NO_INFINITY = "E4M3 has no infinity (contract 2.2)"


def float_classes(codes: npt.NDArray[np.unsignedinteger], fmt: FloatFormat) -> Indices:
    """Class of each code of a format, by `FLOAT_CLASSES`; any shape."""
    magnitude = codes.astype(np.int64) & (fmt.sign_bit - 1)
    exponent = magnitude >> fmt.fraction_bits
    greatest = fmt.max_finite_code >> fmt.fraction_bits
    negative = (codes.astype(np.int64) & fmt.sign_bit) != 0
    infinity = fmt.infinity_code if fmt.infinity_code is not None else -1
    found: Indices = np.select(
        [
            magnitude == 0,
            exponent == 0,
            magnitude == fmt.max_finite_code,
            magnitude == infinity,
            magnitude > fmt.max_finite_code,
            exponent == greatest,
            exponent == 1,
        ],
        [np.where(negative, MINUS_ZERO, PLUS_ZERO), SUBNORMAL, MAX_FINITE, INFINITY, NAN, GREATEST, LEAST],
        NORMAL,
    ).astype(np.int64)
    return found


@lru_cache
def _table(fmt: FloatFormat) -> Indices:
    return float_classes(np.arange(1 << fmt.width, dtype=np.uint32), fmt)


def fp16_classes(bits: U16) -> Indices:
    """Class of each FP16 number."""
    return _table(FP16)[bits]


def fp8_classes(codes: U8, fmt: Fp8Format) -> Indices:
    """Class of each FP8 code, whatever the bias."""
    return _table(fmt.layout)[codes]


def fp32_classes(bits: U32) -> Indices:
    """Class of each binary32 number."""
    return float_classes(bits, FP32)
