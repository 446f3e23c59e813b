"""The PE, bit for bit against the arithmetic modules and IEEE float32; its multiplier, exhaustively."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from golden.formats import (
    FP16_INFINITY,
    FP16_NAN,
    U16,
    Fp8Format,
    canonical_fp32,
    decode_fp8,
    fp16_to_float32,
)
from tb.pe.bench import PeFailure, Stimulus, pe_bench

NEGATIVE = 0x8000
LARGEST = 0x7BFF
SMALLEST_NORMAL = 0x0400
ONE = 0x3C00
_SMALL = (0x0000, 0x0001, 0x0002, 0x03FF, SMALLEST_NORMAL, SMALLEST_NORMAL + 1, 0x07FF)
_LARGE = (0x3BFF, ONE, ONE + 1, 0x3FFF, 0x7800, LARGEST - 1, LARGEST, FP16_INFINITY, FP16_NAN, 0x7C01, 0x7FFF)
EDGES = np.array([*_SMALL, *_LARGE], np.uint16)
"""FP16 values at the borders of zero, subnormals, normals, rounding, infinity and NaN."""
BOTH_SIGNS = np.concatenate([EDGES, EDGES | NEGATIVE]).astype(np.uint16)
ELEMENTS = 100_000


def rows_of(rng: np.random.Generator, count: int, mean: float) -> np.ndarray:
    """Mark the starts of rows with `mean` elements on average: bool [count]."""
    first = rng.random(count) < 1 / mean
    first[0] = True
    return first


def any_half(rng: np.random.Generator, count: int) -> U16:
    """Draw FP16 bits, all patterns alike."""
    return rng.integers(0, 1 << 16, count).astype(np.uint16)


def finite_half(rng: np.random.Generator, count: int) -> U16:
    """Draw finite FP16 bits, all exponents alike."""
    return (rng.integers(0, FP16_INFINITY, count) | rng.integers(0, 2, count) * NEGATIVE).astype(np.uint16)


def subnormal_half(rng: np.random.Generator, count: int) -> U16:
    """Draw zeros and subnormals."""
    return (rng.integers(0, SMALLEST_NORMAL, count) | rng.integers(0, 2, count) * NEGATIVE).astype(np.uint16)


def near_one_half(rng: np.random.Generator, count: int) -> U16:
    """Draw numbers of few binades, whose sums cancel and carry."""
    return (rng.integers(0x3800, 0x4400, count) | rng.integers(0, 2, count) * NEGATIVE).astype(np.uint16)


KINDS: dict[str, Callable[[np.random.Generator, int], U16]] = {
    "any bits": any_half,
    "finite": finite_half,
    "subnormal": subnormal_half,
    "near one": near_one_half,
    "edges": lambda rng, count: rng.choice(BOTH_SIGNS, count),
}


def draw(
    rng: np.random.Generator, a_kind: str, b_kind: str, wide_share: float, fmt: Fp8Format, bias: int
) -> Stimulus:
    """Draw elements of both widths, in rows, some with a gap before them."""
    count = ELEMENTS
    wide = rng.random(count) < wide_share
    data = np.where(wide, KINDS[a_kind](rng, count), rng.integers(0, 256, count)).astype(np.uint16)
    b = np.stack([KINDS[b_kind](rng, count), KINDS[b_kind](rng, count)], axis=1)
    return Stimulus(
        data,
        wide,
        rows_of(rng, count, 12),
        np.ascontiguousarray(b),
        rng.random(count) < 0.1,
        fmt,
        bias,
    )


@pytest.mark.parametrize("wide_share", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("b_kind", KINDS)
def test_equals_the_modules(rng: np.random.Generator, b_kind: str, wide_share: float) -> None:
    """Millions of elements of every kind, FP8, FP16 and mixed."""
    for fmt, bias in ((Fp8Format.E4M3, 7), (Fp8Format.E4M3, 16), (Fp8Format.E5M2, 15), (Fp8Format.E5M2, 31)):
        for a_kind in ("any bits", "near one") if wide_share else ("any bits",):
            pe_bench().check(draw(rng, a_kind, b_kind, wide_share, fmt, bias))


def test_edges_against_edges(rng: np.random.Generator) -> None:
    """All pairs of border values, after all border sums: products are added to products."""
    a, b = (grid.reshape(-1).astype(np.uint16) for grid in np.meshgrid(BOTH_SIGNS, BOTH_SIGNS))
    before = rng.permutation(len(a))
    data = np.stack([a[before], a], axis=1).reshape(-1)
    columns = np.stack([b[before], b], axis=1).reshape(-1)
    first = np.tile([True, False], len(a))
    gap = np.zeros(len(data), np.bool_)
    for wide in (np.ones(len(data), np.bool_), rng.random(len(data)) < 0.5):
        stimulus = Stimulus(
            np.where(wide, data, data & 0xFF).astype(np.uint16),
            wide,
            first,
            np.ascontiguousarray(np.stack([columns, columns[::-1]], axis=1)),
            gap,
            Fp8Format.E5M2,
            15,
        )
        pe_bench().check(stimulus)


@pytest.mark.parametrize("fmt", list(Fp8Format))
def test_every_code_and_bias(fmt: Fp8Format) -> None:
    """All FP8 codes at all biases, against border values of B."""
    codes, b = (grid.reshape(-1) for grid in np.meshgrid(np.arange(256, dtype=np.uint16), BOTH_SIGNS))
    count = len(codes)
    for bias in range(64):
        first = np.arange(count) % 2 == 0
        columns = np.ascontiguousarray(np.stack([b, b[::-1]], axis=1))
        nothing = np.zeros(count, np.bool_)
        pe_bench().check(Stimulus(codes, nothing, first, columns, nothing, fmt, bias))


def test_cancellation(rng: np.random.Generator) -> None:
    """Sums that come to nothing, or to their last bits: every element is followed by nearly its opposite."""
    count = ELEMENTS // 2
    data, b = finite_half(rng, count), near_one_half(rng, count)
    nearly = (b ^ NEGATIVE) + rng.integers(0, 2, count).astype(np.uint16)
    columns = np.stack([b, nearly], axis=1).reshape(-1)
    stimulus = Stimulus(
        np.repeat(data, 2),
        np.ones(2 * count, np.bool_),
        rows_of(rng, 2 * count, 9),
        np.ascontiguousarray(np.stack([columns, columns], axis=1)),
        np.zeros(2 * count, np.bool_),
        Fp8Format.E4M3,
        7,
    )
    pe_bench().check(stimulus)


@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["positive", "negative"])
def test_cancellation_to_each_bit(sign: float) -> None:
    """One, more or less by any power of two, less one: what is left lies at each place of the sum."""
    steps = [
        (2.0 ** -(place // 2), side * 2.0 ** -(place - place // 2)) for place in range(25) for side in (1, -1)
    ]
    a = np.array([(1.0, small, 1.0) for small, _ in steps]).reshape(-1)
    b = np.array([(1.0, other, -1.0) for _, other in steps]).reshape(-1)
    count = len(a)
    columns = (np.stack([b, b], axis=1) * sign).astype(np.float16).view(np.uint16)
    first, nothing = np.arange(count) % 3 == 0, np.zeros(count, np.bool_)
    stimulus = Stimulus(
        a.astype(np.float16).view(np.uint16), ~nothing, first, columns, nothing, Fp8Format.E4M3, 7
    )
    sums = pe_bench().check(stimulus)
    expected = np.array([np.float32(1 + small * other) - 1 for small, other in steps], np.float32) * sign
    np.testing.assert_array_equal(sums[2::3, 0].view(np.float32), expected)


@pytest.mark.parametrize("sign", [1, -1], ids=["positive", "negative"])
def test_rounding_carries(sign: int) -> None:
    """A tie just below a power of two goes up to it, through every place of the significand."""
    a = np.array([2.0, 2.0**-11, 2.0**-12]).astype(np.float16).view(np.uint16)
    b = np.array([1.0, -(2.0**-12), 2.0**-12]).astype(np.float16) * np.float16(sign)
    columns = np.ascontiguousarray(np.stack([b, b], axis=1)).view(np.uint16)
    first, nothing = np.array([True, False, False]), np.zeros(3, np.bool_)
    sums = pe_bench().check(Stimulus(a, ~nothing, first, columns, nothing, Fp8Format.E4M3, 7))
    expected = np.array([2.0, 2.0 - 2.0**-23, 2.0], np.float32) * sign
    np.testing.assert_array_equal(sums[:, 1].view(np.float32), expected)


def test_sums_of_elements_far_apart(rng: np.random.Generator) -> None:
    """Elements of all binades, with few bits: some leave but a sticky bit, others meet the sum in a tie."""
    shape = (ELEMENTS // 4, 4)
    exponents = rng.integers(0, 31, shape)
    data = exponents << 10 | rng.choice([0, 1, 0x200, 0x3FF], shape) | rng.integers(0, 2, shape) * NEGATIVE
    b = (rng.integers(1, 31, shape) << 10 | rng.choice([0, 1, 0x3FF], shape)).astype(np.uint16).reshape(-1)
    stimulus = Stimulus(
        data.astype(np.uint16).reshape(-1),
        np.ones(b.size, np.bool_),
        np.arange(b.size) % 4 == 0,
        np.ascontiguousarray(np.stack([b, b[::-1]], axis=1)),
        np.zeros(b.size, np.bool_),
        Fp8Format.E4M3,
        7,
    )
    pe_bench().check(stimulus)


CARRIES = {"less than half": 0x3800, "half": ONE, "more than half": 0x3E00}


@pytest.mark.parametrize("last", CARRIES)
def test_a_sum_of_ones(last: str) -> None:
    """To the last number below 2 some 2^-24 are added: the carry of the rounding runs through all bits."""
    products = [(0x3FFF, ONE), (0x3BFE, 0x1400), (0x3B00, 0x0010), (0x0001, CARRIES[last])]
    data, b = np.array(products, np.uint16).T
    first, wide, nothing = np.arange(4) == 0, np.ones(4, np.bool_), np.zeros(4, np.bool_)
    columns = np.ascontiguousarray(np.stack([b, b], axis=1))
    stimulus = Stimulus(np.ascontiguousarray(data), wide, first, columns, nothing, Fp8Format.E4M3, 7)
    sums = pe_bench().check(stimulus).view(np.float32)
    assert sums[2, 0] == np.float32(2) - np.float32(2**-23)
    assert (sums[3, 0] == 2) == (last != "less than half")


@pytest.mark.parametrize("specials", [False, True], ids=["finite", "with infinities and NaNs"])
def test_equals_float32(rng: np.random.Generator, specials: bool) -> None:
    """NumPy's float32, element by element in the same order, gives the same bits."""
    rows, length, fmt, bias = 4000, 40, Fp8Format.E4M3, 7
    count = rows * length
    wide = rng.random(count) < 0.4
    kind = any_half if specials else finite_half
    data = np.where(wide, kind(rng, count), rng.integers(0, 0x7F, count)).astype(np.uint16)
    b = np.ascontiguousarray(np.stack([kind(rng, count), kind(rng, count)], axis=1))
    first = np.arange(count) % length == 0
    sums = pe_bench().check(Stimulus(data, wide, first, b, rng.random(count) < 0.05, fmt, bias))
    half = np.where(wide, data, decode_fp8((data & 0xFF).astype(np.uint8), fmt, bias))
    a32 = fp16_to_float32(half).reshape(rows, length, 1)
    b32 = fp16_to_float32(b).reshape(rows, length, 2)
    total = np.zeros((rows, 2), np.float32)
    expected = np.zeros((rows, length, 2), np.float32)
    with np.errstate(invalid="ignore"):
        for k in range(length):
            total = total + a32[:, k] * b32[:, k]
            expected[:, k] = total
    np.testing.assert_array_equal(sums, canonical_fp32(expected.view(np.uint32)).reshape(-1, 2))


def test_a_difference_is_named(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    bench = pe_bench()
    stimulus = draw(rng, "near one", "near one", 1.0, Fp8Format.E4M3, 7)
    sums, modules = bench.run(stimulus)
    sums[20, 1] ^= 1
    monkeypatch.setattr(bench, "run", lambda stimulus: (sums, modules))
    with pytest.raises(
        PeFailure,
        match=rf"1 of {2 * ELEMENTS} sums differ, the first one in column 1 after element 20 \(FP16",
    ):
        bench.check(stimulus)


def test_narrow_products_exhaustively() -> None:
    """Every 4-bit significand times every 11-bit one, in both columns at once, in 64 different pairings."""
    a, b = (grid.reshape(-1) for grid in np.meshgrid(np.arange(16), np.arange(2048), indexing="ij"))
    data = (a << 7).astype(np.uint16)
    for shift in range(0, 2048, 32):
        other = (b * 5 + shift) % 2048
        for column in (0, 1):
            product0, product1 = pe_bench().multiply(
                False, column, data, b.astype(np.uint16), other.astype(np.uint16)
            )
            np.testing.assert_array_equal(product0, a * b << 7)
            np.testing.assert_array_equal(product1, a * other << 7)


@pytest.mark.parametrize("column", [0, 1])
def test_wide_products_exhaustively(rng: np.random.Generator, column: int) -> None:
    """Every 11-bit significand times every other."""
    b = np.arange(2048, dtype=np.uint16)
    a = np.empty_like(b)
    for value in range(2048):
        a[:] = value
        other = rng.integers(0, 2048, 2048).astype(np.uint16)
        columns = (b, other) if column == 0 else (other, b)
        product, _ = pe_bench().multiply(True, column, a, *columns)
        np.testing.assert_array_equal(product, b.astype(np.int64) * value)
