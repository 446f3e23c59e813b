"""What each arithmetic module is put through: stimulus, reference and comparison, for any build of it."""

from __future__ import annotations

import numpy as np

from golden.formats import FP16
from tb.arith import references, stimulus
from tb.arith.bulk_model import BulkModel, Words
from tb.arith.compare import check

Rng = np.random.Generator

BIASES = range(64)
THRESHOLDS = range(-24, 17)
GFLOAT_THRESHOLDS = (-24, -12, -1, 0, 3, 9, 16)
"""gfloat is slower; 9 (E4M3) and 16 (E5M2) give the OCP formats' own biases."""

FP8_LIBRARIES = ("ml_dtypes", "gfloat")
FP16_LIBRARIES = ("numpy", "gfloat")
ACC_ADD_KINDS = (*stimulus.ADD_KINDS, "products")
RANDOM_PRODUCTS = 16 << 20
NARROW_RANGES = {"all": (0, 255), "near FP16": (100, 145)}
RANDOM_NARROW = 16 << 20

ALL_HALVES: Words = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16)
ALL_CODES: Words = np.arange(1 << 8, dtype=np.uint16).astype(np.uint8)


def fp32_add(module: BulkModel, kind: str, rng: Rng) -> None:
    """Compare the full addition with numpy on one kind of operands."""
    draw, total = stimulus.ADD_KINDS[kind]
    for count in stimulus.chunks(total):
        a, b = draw(rng, count, stimulus.ALL_EXPONENTS)
        check(module, kind, [a, b], [references.add(a, b)])


def fp32_mul(module: BulkModel, kind: str, rng: Rng) -> None:
    """Compare the product of binary32 numbers with numpy on one kind of operands."""
    draw, total = stimulus.MUL_KINDS[kind]
    for count in stimulus.chunks(total):
        a, b = draw(rng, count, stimulus.ALL_EXPONENTS)
        check(module, kind, [a, b], [references.multiply_fp32(a, b)])


def acc_add(module: BulkModel, full: BulkModel, kind: str, rng: Rng) -> None:
    """Compare the accumulator's addition with the full one on multiples of 2^-48."""
    draw, total = stimulus.ADD_KINDS.get(kind, stimulus.ADD_KINDS["near"])
    for count in stimulus.chunks(total):
        a, b = draw(rng, count, stimulus.ACCUMULATOR_EXPONENTS)
        if kind == "products":
            b = stimulus.products(rng, count)
        a, b = stimulus.accumulator_words(a), stimulus.accumulator_words(b)
        check(module, kind, [a, b], full(a, b))


def accumulation(module: BulkModel, rng: Rng, lanes: int = 1 << 17, steps: int = 48) -> None:
    """Compare chains of additions of products, from +0 on, with numpy's."""
    total: Words = np.zeros(lanes, dtype=np.uint32)
    for _ in range(steps):
        factors = rng.standard_normal((2, lanes)) * 2.0 ** rng.integers(-14, 3, (2, lanes))
        factors = factors.astype(np.float16).astype(np.float32)
        product = (factors[0] * factors[1]).view(np.uint32)
        expected = references.add(total, product)
        check(module, "a chain of products", [total, product], [expected])
        total = expected


def fp16_mul_kinds(module: BulkModel, rng: Rng) -> None:
    """Compare the product of every FP16 word by each of some hundred kinds of words."""
    for word in stimulus.half_operands():
        other = np.full_like(ALL_HALVES, word)
        # These few words meet each other both ways round, whatever the seed.
        end = word & 0x7FFF in (0, FP16.max_finite_code, FP16.infinity_code)
        for first in (False, True) if end else (bool(rng.integers(0, 2)),):
            pair = (other, ALL_HALVES) if first else (ALL_HALVES, other)
            check(module, f"every number by {word:04x}", pair, [references.multiply(*pair)])


def fp16_mul_random(module: BulkModel, rng: Rng) -> None:
    """Compare products of random words."""
    for count in stimulus.chunks(RANDOM_PRODUCTS):
        a, b = rng.integers(0, 1 << 16, (2, count), dtype=np.uint16)
        check(module, "random", [a, b], [references.multiply(a, b)])


def fp32_to_fp16_edges(module: BulkModel, library: str) -> None:
    """Compare the rounding around every FP16 number, every tie and every edge of binary32."""
    words = np.concatenate([stimulus.half_neighbours(), stimulus.special_words()])
    if library == "gfloat":
        words = words[::7]
        with np.errstate(invalid="ignore"):
            expected = references.to_fp16_gfloat(words.view(np.float32).astype(np.float64))
    else:
        expected = references.narrow(words)
    check(module, f"neighbours and ties, by {library}", [words], [expected])


def fp32_to_fp16_random(module: BulkModel, kind: str, rng: Rng) -> None:
    """Compare the rounding of random words."""
    for count in stimulus.chunks(RANDOM_NARROW):
        words, _ = stimulus.uniform(rng, count, NARROW_RANGES[kind])
        check(module, kind, [words], [references.narrow(words)])


def fp8_to_fp16(module: BulkModel, fmt: int, library: str) -> None:
    """Compare all 256 codes under all 64 biases."""
    for bias in BIASES:
        if library == "gfloat":
            expected = references.to_fp16_gfloat(references.fp8_values_gfloat(ALL_CODES, fmt, bias))
        else:
            expected = references.to_fp16(references.fp8_values(ALL_CODES, fmt, bias))
        check(
            module,
            f"{references.FORMATS[fmt]}, by {library}",
            [ALL_CODES, np.full_like(ALL_CODES, fmt), np.full_like(ALL_CODES, bias)],
            [expected],
            references.decimal_of_fp8(fmt, bias),
        )


def fp16_to_fp8(module: BulkModel, fmt: int) -> None:
    """Compare all FP16 words under all 64 biases, of which the thresholds -24 to 16 use 41, by ml_dtypes."""
    for bias in BIASES:
        _encoding(module, fmt, bias, references.encode(ALL_HALVES, fmt, bias), "by ml_dtypes")


def fp16_to_fp8_gfloat(module: BulkModel, fmt: int, threshold: int) -> None:
    """Compare all FP16 words under one threshold, by gfloat."""
    bias = references.THRESHOLD_BIAS[fmt] - threshold
    _encoding(module, fmt, bias, references.encode_gfloat(ALL_HALVES, fmt, bias), "by gfloat")


def fp16_to_fp8_limits(module: BulkModel, fmt: int) -> None:
    """Compare what stays FP16 and what is flushed with the contract's inequalities, under every threshold."""
    for threshold in THRESHOLDS:
        bias = references.THRESHOLD_BIAS[fmt] - threshold
        wide, flushed = references.encode_limits(ALL_HALVES, fmt, threshold)
        code, _, _ = module(*_encoder_inputs(fmt, bias))
        _encoding(module, fmt, bias, (code, wide, flushed), f"limits of threshold {threshold}")


def _encoder_inputs(fmt: int, bias: int) -> list[Words]:
    return [ALL_HALVES, np.full(1 << 16, fmt, dtype=np.uint8), np.full(1 << 16, bias, dtype=np.uint8)]


def _encoding(module: BulkModel, fmt: int, bias: int, expected: tuple[Words, ...], case: str) -> None:
    check(
        module,
        f"{references.FORMATS[fmt]}, {case}",
        _encoder_inputs(fmt, bias),
        [word.astype(np.uint8) for word in expected],
        references.decimal_of_fp8(fmt, bias),
    )
