"""What benches feed falls into the right bins, and what is declared impossible is what no number can do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from golden.fgmp import FgmpTensor, encode
from golden.formats import BIAS_MAX, E_THR_MAX, E_THR_MIN, FP16, U16, FloatFormat, Fp8Format
from golden.geometry import ConvGeometry, Step
from golden.lowering import b_matrix
from golden.presets import find_preset
from golden.tests.reference import make_case, met_element
from tb.core.test_classes import any_operands
from tb.coverage import bins
from tb.coverage.bins import CROSSES
from tb.coverage.crosses import balancing, conversions, layers, memory, operands, results, streams
from tb.coverage.crosses.additions import FP32_ADD
from tb.coverage.crosses.products import sample_fp32_products, sample_significands
from tb.coverage.crosses.values import FLOAT_CLASSES, float_classes
from tb.feeder.fgmp_stream import Elements
from tb.feeder.jobs import beat

HALVES: U16 = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16)
CODES = np.arange(256).astype(np.uint8)


@pytest.fixture(autouse=True)
def _collecting() -> Iterator[None]:
    before = bins.collecting()
    bins.collect()
    bins.take()
    yield
    bins.take()
    bins.collect(before)


def met_of(name: str) -> set[str]:
    """Bins of a cross that have been met since the test began, as keys without its name."""
    return {key.partition("[")[2][:-1] for key in bins.take() if bins.cross_of(key) == name}


@pytest.mark.parametrize("fmt", [FP16, *(fmt.layout for fmt in Fp8Format)], ids=lambda fmt: fmt.name)
def test_classes_of_every_code(fmt: FloatFormat) -> None:
    codes = np.arange(1 << fmt.width, dtype=np.uint32)
    counts = Counter(FLOAT_CLASSES[number] for number in float_classes(codes, fmt).tolist())
    binade = 2 << fmt.fraction_bits
    infinities = 0 if fmt.infinity_code is None else 2
    nans = 2 if fmt.infinity_code is None else binade - 2
    greatest = binade - 2 - (0 if infinities else nans)
    normal = len(codes) - 4 * binade if infinities else len(codes) - 3 * binade
    assert counts == Counter(
        {
            "+0": 1,
            "-0": 1,
            "subnormal": binade - 2,
            "least exponent": binade,
            "normal": normal,
            "greatest exponent": greatest,
            "max finite": 2,
            "infinity": infinities,
            "NaN": nans,
        }
    )


def _every_threshold() -> None:
    for fmt in Fp8Format:
        for e_thr in range(E_THR_MIN, E_THR_MAX + 1):
            results.sample_encoded(HALVES, fmt, e_thr)


def _every_bias() -> None:
    for fmt in Fp8Format:
        for bias in range(BIAS_MAX + 1):
            conversions.sample_fp16_to_fp8(HALVES, fmt, bias)
            conversions.sample_fp8_to_fp16(CODES, fmt, bias)


@pytest.mark.parametrize(
    ("name", "all_there_is"),
    [
        ("result.encoded", _every_threshold),
        ("fp16_to_fp8.classes", _every_bias),
        ("fp8_to_fp16.classes", _every_bias),
        ("fp8_to_fp16.rounding", _every_bias),
    ],
)
def test_exactly_the_legal_bins_can_be_met(name: str, all_there_is: Callable[[], None]) -> None:
    """Every number under every bias: a bin is met, or declared impossible."""
    all_there_is()
    assert met_of(name) == {key.partition("[")[2][:-1] for key in CROSSES[name].legal_keys()}


@pytest.mark.parametrize(
    ("a", "b", "cross", "bin_met"),
    [
        (1.0, 2.0**-24, "rounding", "24,add,tie stays"),
        (1.0 + 2.0**-23, 2.0**-24, "rounding", "24,add,tie goes up"),
        (2.0**-25, 1.0, "rounding", "25,add,below the middle"),
        (1.0, -(2.0**-25), "rounding", "25,subtract,tie goes up"),
        (-1.0, 2.0**-26, "rounding", "26 and more,subtract,above the middle"),
        (-1.0, -(2.0**-149), "rounding", "26 and more,add,below the middle"),
        (2.0**-149, 2.0**-126, "rounding", "23,add,exact"),
        (1.0, 2.0**-23, "rounding", "23,add,exact"),
        (1.0, 1.0, "cancellation", "add,0,carry"),
        (1.0, -1.0, "cancellation", "subtract,0,all"),
        (1.0, -(1.0 - 2.0**-24), "cancellation", "subtract,1,24"),
        (1.0 + 2.0**-23, -1.0, "cancellation", "subtract,0,23"),
        (1.0, -(2.0**-25), "cancellation", "subtract,2 and more,1"),
        (1.5, -0.5, "cancellation", "subtract,1,none"),
        (2.0 - 2.0**-23, 2.0**-24, "carry", "add,tie goes up,to the next binade"),
        (1.0 + 2.0**-23, 2.0**-24, "carry", "add,tie goes up,not"),
        (3.4028234663852886e38, 2.0**104, "result", "add,overflow"),
        (3.4028234663852886e38, 2.0**100, "result", "add,max finite"),
        (np.inf, 1.0, "result", "add,infinity"),
        (np.inf, -np.inf, "result", "subtract,NaN"),
        (-0.0, -0.0, "result", "add,-0"),
        (2.0**-149, -0.0, "classes", "subnormal,-0"),
    ],
)
def test_bins_of_additions(a: float, b: float, cross: str, bin_met: str) -> None:
    first, other = (np.array([value], np.float32) for value in (a, b))
    with np.errstate(all="ignore"):
        total = first + other
    FP32_ADD.sample(first.view(np.uint32), other.view(np.uint32), total.view(np.uint32))
    assert met_of(f"fp32_add.{cross}") == {bin_met}


@pytest.mark.parametrize(
    ("a", "b", "bin_met"),
    [
        (1.5, 1.5, "normal,exact"),
        (1.0 + 2.0**-23, 1.5, "normal,tie goes up"),
        (2.0**-100, 2.0**-50, "zero,tie stays"),
        (2.0**-100, 1.5 * 2.0**-49, "subnormal,tie goes up"),
        (2.0**-75, 2.0**-74, "subnormal,exact"),
        ((2.0 - 2.0**-23) * 2.0**-63, 2.0**-64, "subnormal to normal,tie goes up"),
        (2.0**127, 2.0, "overflow,exact"),
    ],
)
def test_bins_of_products(a: float, b: float, bin_met: str) -> None:
    sample_fp32_products(*(np.array([value], np.float32).view(np.uint32) for value in (a, b)))
    assert met_of("fp32_mul.rounding") == {bin_met}


def test_bins_of_significands() -> None:
    a, b = np.array([8 << 7], np.uint16), np.array([2047], np.uint16)
    sample_significands(False, 1, a, b, a)
    sample_significands(True, 1, b, a, b)
    assert met_of("multiplier.significands") == {
        "FP8,one,all ones",
        "FP8,one,one",
        "FP16 column 1,all ones,all ones",
    }


def test_bins_of_segments(rng: np.random.Generator) -> None:
    """Of a beat of two segments and half of one."""
    mask = rng.random(20) < 0.6
    group = mask & (rng.random(20) < 0.3)
    values = np.where(mask, 1, 0).astype(np.uint16)
    streams.sample_segments(streams.LINE_SEGMENTS, beat(Elements(values, mask, group), 0, False)[None])
    expected = {
        f"{mask[at : at + 8].sum()} non-zeros,{group[at : at + 8].sum()} of them FP16" for at in (0, 8)
    }
    assert met_of("line.segments") == expected


@pytest.mark.parametrize("step", Step)
def test_products_that_meet(rng: np.random.Generator, step: Step) -> None:
    """Classes of A and B are counted as often as the elements meet, one by one."""
    geometry = ConvGeometry("met", 2, 3, 4, 5, 2, 3, 2, 1)
    a_shape = geometry.delta_shape if step is Step.BP else geometry.x_shape
    b_shape = geometry.delta_shape if step is Step.WG else geometry.w_shape
    columns = np.arange(b_shape[0] if step is Step.FP else b_shape[1])
    b = b_matrix(step, encode(any_operands(rng, b_shape, 0), Fp8Format.E4M3, 0).decoded, columns)
    case = make_case(geometry, step, find_preset("tiny"), any_operands(rng, a_shape, 8), b, e_thr=8)
    operands.sample_products(case.lowering, case.a, b)
    counts = {key: count for key, count in bins.take().items() if bins.cross_of(key) == "core.classes"}
    expected: Counter[str] = Counter()
    classes_of_b = float_classes(b, FP16)
    for row in range(case.lowering.rows):
        for k in range(case.lowering.depth):
            at = met_element(geometry, step, row, k)
            if at is not None:
                for b_class in classes_of_b[k]:
                    expected[f"bins:core.classes[{_name_of(case.a, at)},{FLOAT_CLASSES[b_class]}]"] += 1
    assert counts == expected


def _name_of(a: FgmpTensor, at: tuple[int, ...]) -> str:
    if not a.nonzero[at]:
        return "zero"
    if a.is_fp16[at]:
        return f"FP16 {FLOAT_CLASSES[int(float_classes(a.fp16[at], FP16))]}"
    return f"{a.fmt.name} {FLOAT_CLASSES[int(float_classes(a.codes[at], a.fmt.layout))]}"


def test_small_classes() -> None:
    tails = [layers.TAILS[layers.tail_class(count, 8)] for count in (16, 17, 15, 18, 3)]
    assert tails == ["whole", "one over", "one short", "other", "other"]
    assert layers.TAILS[layers.tail_class(3, 2)] == "one over"
    loads = [[0, 0], [3, 3], [5, 4], [9, 4], [9, 0], [90, 4, 4, 4]]
    found = [balancing.IMBALANCE[balancing.imbalance_class(np.array(one))] for one in loads]
    assert found == ["no work", "even", "up to 1.25", "up to 2", "one line", "above 2"]
    strobes = [(1 << 64) - 1, 1 << 5, 7, 7 << 61, 7 << 5, 5, 1]
    names = [
        "all bytes",
        "one byte",
        "from the first on",
        "up to the last",
        "a range",
        "with gaps",
        "one byte",
    ]
    assert [memory.STROBES[memory.strobe_class(one)] for one in strobes] == names
    assert [streams.RATES[streams.rate_class(one)] for one in (0, 1, 300, 301, 700, 701)] == [
        *("never", "seldom", "seldom", "often", "often", "mostly")
    ]
