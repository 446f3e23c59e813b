"""Crosses of products: classes of both operands, at the multipliers and at the PE."""

from __future__ import annotations

import numpy as np

from golden.formats import BIAS_MAX, FP16, FP32, U8, U16, U32, Bool, Fp8Format, decode_fp8, values_of
from tb.coverage.bins import Cross, Illegal, collecting
from tb.coverage.crosses.additions import PE_ADD
from tb.coverage.crosses.rounding import RANGE_RULES, RANGES, ROUNDING, ranges
from tb.coverage.crosses.values import (
    FLOAT_CLASSES,
    INFINITY,
    NO_INFINITY,
    Indices,
    fp8_classes,
    fp16_classes,
    fp32_classes,
)

_FP16_MUL = Cross("fp16_mul.classes", {"a": FLOAT_CLASSES, "b": FLOAT_CLASSES})
_FP32_MUL = Cross("fp32_mul.classes", {"a": FLOAT_CLASSES, "b": FLOAT_CLASSES})
_FP32_MUL_ROUNDING = Cross("fp32_mul.rounding", {"range": RANGES, "rounding": ROUNDING}, RANGE_RULES)


def sample_fp16_products(a: U16, b: U16) -> None:
    """Sample products of FP16 numbers, by the words of their factors."""
    if collecting():
        _FP16_MUL.sample(fp16_classes(a), fp16_classes(b))


def sample_fp32_products(a: U32, b: U32) -> None:
    """Sample products of binary32 numbers, by the words of their factors."""
    if not collecting():
        return
    a_class, b_class = fp32_classes(a), fp32_classes(b)
    _FP32_MUL.sample(a_class, b_class)
    finite = (a_class < INFINITY) & (b_class < INFINITY)
    factors = (words[finite].view(np.float32).astype(np.float64) for words in (a, b))
    _FP32_MUL_ROUNDING.sample(*ranges(np.multiply(*factors), FP32, FP32.default_bias))


# --------------------------------------------------------------------------------------------------
# The PE
# --------------------------------------------------------------------------------------------------

FP8_NAMES = tuple(f"{fmt.name} {name}" for fmt in Fp8Format for name in FLOAT_CLASSES)
ELEMENTS = (*FP8_NAMES, *(f"FP16 {name}" for name in FLOAT_CLASSES))
"""Classes of an element of A: of its FP8 code or of its FP16 number."""
E4M3_INFINITY = f"{Fp8Format.E4M3.name} infinity"
FP16_ELEMENTS = len(FP8_NAMES)

BIASES = ("least", "below the OCP's", "the OCP's", "above the OCP's", "greatest")

_PE = Cross("pe.operands", {"a": ELEMENTS, "b": FLOAT_CLASSES}, [Illegal(NO_INFINITY, a=E4M3_INFINITY)])
_PE_BIASES = Cross("pe.biases", {"bias": BIASES, "a": FP8_NAMES}, [Illegal(NO_INFINITY, a=E4M3_INFINITY)])

SIGNIFICANDS = ("zero", "subnormal", "one", "normal", "all ones")
_MULTIPLIER = Cross(
    "multiplier.significands",
    {"use": ("FP8", "FP16 column 0", "FP16 column 1"), "a": SIGNIFICANDS, "b": SIGNIFICANDS},
)


def bias_class(fmt: Fp8Format, bias: int) -> int:
    """Class of an FP8 bias, by `BIASES`."""
    usual = fmt.layout.default_bias
    if bias in (0, BIAS_MAX):
        return 0 if bias == 0 else 4
    return 2 + (bias > usual) - (bias < usual)


def element_classes(data: U16, wide: Bool, fmt: Fp8Format) -> Indices:
    """Class of elements of A (FP16 bits, or an FP8 code in the low byte), by `ELEMENTS`."""
    codes: U8 = data.astype(np.uint8)
    narrow = fp8_classes(codes, fmt) + int(fmt) * len(FLOAT_CLASSES)
    return np.where(wide, fp16_classes(data) + FP16_ELEMENTS, narrow)


def sample_pe(data: U16, wide: Bool, first: Bool, b: U16, fmt: Fp8Format, bias: int, sums: U32) -> None:
    """Sample products of a PE, and their additions to its sums.

    Parameters
    ----------
    data, wide, first : [n]
        Elements of A, which are FP16, and with which the sums start at +0.
    b, sums : uint16, uint32 [n, columns]
        B beside each element, and the sums after it.
    """
    if not collecting():
        return
    found = element_classes(data, wide, fmt)
    _PE.sample(found[:, None], fp16_classes(b))
    _PE_BIASES.sample(bias_class(fmt, bias), np.where(wide, -1, found))
    half = np.where(wide, data, decode_fp8(data.astype(np.uint8), fmt, bias)).astype(np.uint16)
    factors = [values_of(words, FP16, FP16.default_bias) for words in (half[:, None], b)]
    with np.errstate(invalid="ignore"):
        products = np.multiply(*factors).astype(np.float32).view(np.uint32)
    before = np.where(first[:, None], np.uint32(0), np.roll(sums, 1, axis=0))
    PE_ADD.sample(before, products, sums)


def sample_significands(wide: bool, column: int, a: U16, b0: U16, b1: U16) -> None:
    """Sample products of 11-bit significands: of FP8 (its four bits on top) in both columns, FP16 in one."""
    if not collecting():
        return
    one, ones = 1 << (FP16.precision - 1), (1 << FP16.precision) - 1

    def classes(words: U16, narrow: bool) -> Indices:
        last = 0b1111 << 7 if narrow else ones
        return np.select([words == 0, words < one, words == one, words == last], [0, 1, 2, 4], 3).astype(
            np.int64
        )

    for index, words in enumerate((b0, b1)):
        if not wide or index == column:
            _MULTIPLIER.sample(1 + column if wide else 0, classes(a, not wide), classes(words, False))
