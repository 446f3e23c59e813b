"""Crosses of conversions between formats: FP32 to FP16, FP8 to FP16, and FP16 to FP8 or to its group."""

from __future__ import annotations

import numpy as np

from golden.formats import FP16, FP32, U8, U16, U32, Fp8Format, encode_fp8, values_of
from tb.coverage.bins import Cross, Illegal, collecting
from tb.coverage.crosses.products import BIASES, bias_class
from tb.coverage.crosses.rounding import RANGE_RULES, RANGES, ROUNDING, ranges
from tb.coverage.crosses.values import (
    FLOAT_CLASSES,
    MINUS_ZERO,
    NO_INFINITY,
    SUBNORMAL,
    Indices,
    fp8_classes,
    fp16_classes,
    fp32_classes,
)

FORMATS = tuple(fmt.name for fmt in Fp8Format)

_NARROW = Cross("fp32_to_fp16.classes", {"a": FLOAT_CLASSES})
_NARROW_ROUNDING = Cross(
    "fp32_to_fp16.rounding", {"sign": ("+", "-"), "range": RANGES, "rounding": ROUNDING}, RANGE_RULES
)

_WIDEN = Cross(
    "fp8_to_fp16.classes",
    {"format": FORMATS, "bias": BIASES, "code": FLOAT_CLASSES},
    [Illegal(NO_INFINITY, format="E4M3", code="infinity")],
)
_WIDEN_ROUNDING = Cross(
    "fp8_to_fp16.rounding",
    {"format": FORMATS, "range": RANGES, "rounding": ROUNDING},
    [
        *RANGE_RULES,
        Illegal("FP16 has more significant bits than FP8", range="normal", rounding=ROUNDING[1:]),
        Illegal("FP16 has more significant bits than FP8", range="overflow", rounding=ROUNDING[1:]),
        Illegal(
            "an FP8 number next to FP16's least normal one fits its subnormals", range="subnormal to normal"
        ),
        Illegal("with bias 0 the greatest number is 1.75 * 2^15", format="E4M3", range="overflow"),
    ],
)

OUTCOMES = (
    *("zero", "flushed", "FP8 subnormal", "FP8 least exponent", "FP8 normal", "FP8 greatest exponent"),
    *("FP8 max finite", "FP16 finite", "FP16 infinity", "FP16 NaN"),
)
"""What becomes of an element: its precision group and the class of its number there."""
FP8_OUTCOMES = OUTCOMES[1:7]
FINITE_FP16, INFINITE_FP16, NAN_FP16 = range(7, 10)

_ALL_WIDE = "rounding any non-zero would leave the finite codes (contract 2.8)"
_NOTHING_ABOVE = "the finite codes reach beyond FP16's greatest number"
_ENCODE = Cross(
    "fp16_to_fp8.classes",
    {"format": FORMATS, "bias": BIASES, "element": OUTCOMES},
    [
        Illegal(_ALL_WIDE, bias="greatest", element=FP8_OUTCOMES),
        Illegal(
            _NOTHING_ABOVE,
            format="E5M2",
            bias=("least", "below the OCP's"),
            element=("FP8 max finite", "FP16 finite"),
        ),
        Illegal(_NOTHING_ABOVE, format="E5M2", bias="least", element="FP8 greatest exponent"),
    ],
)


def sample_fp32_to_fp16(words: U32) -> None:
    """Sample roundings of binary32 words to FP16."""
    if not collecting():
        return
    classes = fp32_classes(words)
    _NARROW.sample(classes)
    finite = words[classes < FLOAT_CLASSES.index("infinity")]
    values = finite.view(np.float32).astype(np.float64)
    _NARROW_ROUNDING.sample((finite >> np.uint32(FP32.width - 1)), *ranges(values, FP16, FP16.default_bias))


def sample_fp8_to_fp16(codes: U8, fmt: int, bias: int) -> None:
    """Sample conversions of FP8 codes."""
    if not collecting():
        return
    kind = Fp8Format(fmt)
    _WIDEN.sample(fmt, bias_class(kind, bias), fp8_classes(codes, kind))
    values = values_of(codes, kind.layout, bias)
    _WIDEN_ROUNDING.sample(fmt, *ranges(values[np.isfinite(values)], FP16, FP16.default_bias))


def outcomes(halves: U16, fmt: Fp8Format, bias: int) -> Indices:
    """What becomes of FP16 numbers in FGMP, by `OUTCOMES`."""
    codes, wide, flushed = encode_fp8(halves, fmt, bias)
    narrow = fp8_classes(codes, fmt)
    half = fp16_classes(halves)
    found: Indices = np.select(
        [half <= MINUS_ZERO, flushed, wide & (half == len(FLOAT_CLASSES) - 1), wide & (half > 6), wide],
        [0, 1, NAN_FP16, INFINITE_FP16, FINITE_FP16],
        narrow,  # from 'subnormal' on the classes of codes stand in the order of outcomes
    ).astype(np.int64)
    assert (found[(found > 1) & (found < FINITE_FP16)] >= SUBNORMAL).all()
    return found


def sample_fp16_to_fp8(halves: U16, fmt: int, bias: int) -> None:
    """Sample what FP16 numbers become under a bias."""
    if collecting():
        kind = Fp8Format(fmt)
        _ENCODE.sample(fmt, bias_class(kind, bias), outcomes(halves, kind, bias))


# --------------------------------------------------------------------------------------------------
# Tensors
# --------------------------------------------------------------------------------------------------

THRESHOLDS = ("-24", "-23 to -1", "0", "1 to 15", "16")
"""Positions of a threshold exponent in its range."""
_FP16_ENDS = "FP16 ends above: its least subnormal is 2^-24"


def threshold_rules() -> list[Illegal]:
    """What elements cannot become at some positions of the threshold (axes format, threshold, element)."""
    return [
        Illegal(_ALL_WIDE, threshold="-24", element=FP8_OUTCOMES),
        Illegal(
            _FP16_ENDS,
            format="E5M2",
            threshold=("-23 to -1", "0"),
            element=("flushed", "FP8 subnormal", "FP8 least exponent"),
        ),
    ]


def threshold_class(e_thr: int) -> int:
    """Class of a threshold exponent, by `THRESHOLDS`."""
    if e_thr in (-24, 0, 16):
        return {-24: 0, 0: 2, 16: 4}[e_thr]
    return 1 if e_thr < 0 else 3
