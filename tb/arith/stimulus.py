"""Operands for the arithmetic modules: the places where floating-point hardware goes wrong, and random ones.

Every function takes a random generator and a number of cases and returns words. Binary32 operands are
drawn from a range of exponent fields, so that the same kinds of stimulus serve the whole format and the
range of a PE's accumulator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb.arith.bulk_model import Words

Rng = np.random.Generator
Pair = tuple[Words, Words]
Exponents = tuple[int, int]
"""Lowest and highest exponent field to draw."""

ALL_EXPONENTS: Exponents = (0, 255)
ACCUMULATOR_EXPONENTS: Exponents = (79, 190)
"""From 2^-48, the lowest product of FP16 numbers, to far above the sums of the longest reduction."""
ACCUMULATOR_EXACT_EXPONENT = 102
"""From this exponent field on, every binary32 number is a multiple of 2^-48."""

CHUNK = 1 << 20
"""Cases evaluated at a time: few enough to stay in the cache."""

MANTISSAS = np.array([0, 1, 2, 3, 0x2AAAAA, 0x3FFFFF, 0x400000, 0x400001, 0x555555, 0x7FFFFE, 0x7FFFFF])


def chunks(total: int) -> Iterator[int]:
    """Split a number of cases into chunks."""
    for start in range(0, total, CHUNK):
        yield min(CHUNK, total - start)


def assemble(rng: Rng, exponents: NDArray[Any], mantissas: NDArray[Any]) -> Words:
    """Put binary32 words together, with random signs."""
    signs = rng.integers(0, 2, exponents.shape, dtype=np.uint32)
    return signs << np.uint32(31) | exponents.astype(np.uint32) << np.uint32(23) | mantissas.astype(np.uint32)


def significands(rng: Rng, count: int) -> NDArray[np.int64]:
    """Draw 24-bit significands with their leading one: random, near a power of two, or all ones."""
    kind = rng.integers(0, 4, count)
    random = rng.integers(0, 1 << 23, count)
    near = rng.integers(0, 4, count)
    return (1 << 23) + np.select([kind < 2, kind == 2], [random, near], (1 << 23) - 1 - near)


def special_words() -> Words:
    """List binary32 words at every edge of the format, both signs."""
    exponents = np.array([0, 1, 2, 24, 103, 126, 127, 128, 150, 253, 254, 255])
    magnitudes = (exponents[:, None] << 23 | MANTISSAS).reshape(-1)
    return np.concatenate([magnitudes, magnitudes | 1 << 31]).astype(np.uint32)


def special_pairs(rng: Rng, count: int, exponents: Exponents) -> Pair:
    """All pairs of the special words, whatever the count and the range."""
    words = special_words()
    a, b = np.meshgrid(words, words)
    return a.reshape(-1), b.reshape(-1)


def exponent_pairs(rng: Rng, count: int, exponents: Exponents) -> Pair:
    """Every pair of exponents in turn, so every difference, with simple and random significands."""
    fields = np.arange(exponents[0], exponents[1] + 1)
    index = rng.permutation(np.resize(np.arange(fields.size**2), count))
    pairs = []
    for field in (fields[index // fields.size], fields[index % fields.size]):
        simple = MANTISSAS[rng.integers(0, MANTISSAS.size, count)]
        random = rng.integers(0, 1 << 23, count)
        pairs.append(assemble(rng, field, np.where(rng.integers(0, 2, count) == 0, simple, random)))
    return pairs[0], pairs[1]


def ties(rng: Rng, count: int, exponents: Exponents) -> Pair:
    """Sums that lie halfway between two numbers, or one bit of the lesser operand beside."""
    distance = rng.integers(1, 28, count)
    exponent = rng.integers(max(exponents[0], 1) + 28, min(exponents[1], 254) + 1, count)
    half = np.int64(1) << (distance - 1)
    below = np.select(
        [rng.integers(0, 4, count) == k for k in range(3)], [half, half >> 1, half + (half >> 1)], 0
    )
    below += rng.integers(-1, 2, count)
    kept = significands(rng, count) >> distance << distance
    lesser = (kept + np.clip(below, 0, None)) & ((1 << 24) - 1) | 1 << 23
    pair = (
        assemble(rng, exponent, significands(rng, count) & ((1 << 23) - 1)),
        assemble(rng, exponent - distance, lesser & ((1 << 23) - 1)),
    )
    return pair if rng.integers(0, 2) else (pair[1], pair[0])


def cancellations(rng: Rng, count: int, exponents: Exponents) -> Pair:
    """Operands of opposite sign that differ by little, their exponents by at most one."""
    lowest, highest = exponents[0], min(exponents[1], 254)
    a = assemble(rng, rng.integers(lowest, highest, count), significands(rng, count) & ((1 << 23) - 1))
    step = rng.integers(0, 1 << 24, count) >> rng.integers(0, 25, count)
    step = np.where(rng.integers(0, 2, count) == 0, step, -step)
    magnitude = np.clip((a & 0x7FFFFFFF).astype(np.int64) + step, lowest << 23, (highest << 23) + 0x7FFFFF)
    return a, (magnitude.astype(np.uint32) | (~a & np.uint32(1 << 31))).astype(np.uint32)


def near(rng: Rng, count: int, exponents: Exponents) -> Pair:
    """Exponents so near that the operands overlap, or just miss each other."""
    a = rng.integers(exponents[0], exponents[1] + 1, count)
    b = np.clip(a + rng.integers(-27, 28, count), *exponents)
    return (
        assemble(rng, a, rng.integers(0, 1 << 23, count)),
        assemble(rng, b, rng.integers(0, 1 << 23, count)),
    )


def lowest(rng: Rng, count: int, exponents: Exponents) -> Pair:
    """Operands at the lowest exponents: subnormals, and sums that become or stop being subnormal."""
    fields = exponents[0] + (rng.integers(0, 26, (2, count)) >> rng.integers(0, 5, (2, count)))
    words = assemble(rng, fields, rng.integers(0, 1 << 23, (2, count)) >> rng.integers(0, 24, (2, count)))
    return words[0], words[1]


def highest(rng: Rng, count: int, exponents: Exponents) -> Pair:
    """Operands at the highest exponents: sums that overflow or just do not, infinities and NaNs."""
    fields = rng.integers(exponents[1] - 26, exponents[1] + 1, (2, count))
    fields[:, ::2] = rng.integers(exponents[1] - 2, exponents[1] + 1, fields[:, ::2].shape)
    sig = np.stack([significands(rng, count), significands(rng, count)]) & ((1 << 23) - 1)
    words = assemble(rng, fields, sig)
    return words[0], words[1]


def product_ties(rng: Rng, count: int, exponents: Exponents) -> Pair:
    """Products whose bits below the last place are those of a tie, or one of the factors is one bit beside.

    Factors of 12 and 13 significant bits give products of 25: their last bit is half of the last place.
    """
    short = [rng.integers(1 << (bits - 1), 1 << bits, count) | 1 for bits in (12, 13)]
    mantissas = [(s << (24 - bits)) & ((1 << 23) - 1) for s, bits in zip(short, (12, 13), strict=True)]
    mantissas[0] = np.clip(mantissas[0] + rng.integers(-1, 2, count), 0, (1 << 23) - 1)
    fields = rng.integers(exponents[0], exponents[1] + 1, count)
    other = np.clip(rng.integers(120, 134, count), *exponents)
    return assemble(rng, fields, mantissas[0]), assemble(rng, other, mantissas[1])


def product_lowest(rng: Rng, count: int, exponents: Exponents) -> Pair:
    """Products around the lowest exponents: subnormals, and what rounds to a normal number or to 0.

    Half of them have few significant bits, so that subnormal products meet ties.
    """
    first = rng.integers(max(exponents[0], 1), 254, count)
    second = np.clip(127 - first + rng.integers(-28, 4, count), exponents[0], exponents[1])
    kept = rng.integers(0, 25, (2, count))
    mantissas = (np.stack([significands(rng, count), significands(rng, count)]) >> kept << kept) & (
        (1 << 23) - 1
    )
    mantissas = np.where(rng.integers(0, 2, count) == 0, mantissas, rng.integers(0, 1 << 23, (2, count)))
    return _swapped(rng, assemble(rng, first, mantissas[0]), assemble(rng, second, mantissas[1]))


def product_subnormals(rng: Rng, count: int, exponents: Exponents) -> Pair:
    """A subnormal of any length by a number of any exponent."""
    low = assemble(
        rng, np.zeros(count, np.int64), rng.integers(0, 1 << 23, count) >> rng.integers(0, 24, count)
    )
    other = assemble(rng, rng.integers(*exponents, count, endpoint=True), rng.integers(0, 1 << 23, count))
    return _swapped(rng, low, other)


def _swapped(rng: Rng, a: Words, b: Words) -> Pair:
    """Swap the operands of about every other case."""
    swap = rng.integers(0, 2, a.size) == 0
    return np.where(swap, b, a), np.where(swap, a, b)


def product_highest(rng: Rng, count: int, exponents: Exponents) -> Pair:
    """Products that overflow, or just do not."""
    first = rng.integers(1, 255, count)
    second = np.clip(254 + 127 - first + rng.integers(-3, 4, count), exponents[0], exponents[1])
    sig = np.stack([significands(rng, count), significands(rng, count)]) & ((1 << 23) - 1)
    return assemble(rng, first, sig[0]), assemble(rng, second, sig[1])


def uniform(rng: Rng, count: int, exponents: Exponents) -> Pair:
    """Bits at random."""
    a, b = rng.integers(exponents[0] << 23, (exponents[1] + 1) << 23, (2, count), dtype=np.uint32)
    signs = rng.integers(0, 4, count, dtype=np.uint32)
    return a | (signs & np.uint32(1)) << np.uint32(31), b | (signs >> np.uint32(1)) << np.uint32(31)


ADD_KINDS: dict[str, tuple[Callable[[Rng, int, Exponents], Pair], int]] = {
    "specials": (special_pairs, 1),
    "exponents": (exponent_pairs, 4 << 20),
    "ties": (ties, 4 << 20),
    "cancellation": (cancellations, 4 << 20),
    "near": (near, 8 << 20),
    "lowest": (lowest, 4 << 20),
    "highest": (highest, 2 << 20),
    "uniform": (uniform, 8 << 20),
}
"""Kinds of operands of an addition, each with its number of cases."""

MUL_KINDS: dict[str, tuple[Callable[[Rng, int, Exponents], Pair], int]] = {
    "specials": (special_pairs, 1),
    "exponents": (exponent_pairs, 4 << 20),
    "ties": (product_ties, 4 << 20),
    "lowest": (product_lowest, 8 << 20),
    "subnormals": (product_subnormals, 4 << 20),
    "highest": (product_highest, 4 << 20),
    "uniform": (uniform, 8 << 20),
}
"""Kinds of operands of a product of binary32 numbers, each with its number of cases."""


def accumulator_words(words: Words) -> Words:
    """Move binary32 words into the range of a PE's accumulator: multiples of 2^-48 of moderate size.

    Zeros, infinities and NaNs stay; what is below 2^-48 becomes a zero of its sign; bits below 2^-48 are
    cleared; exponents above the range come down by a multiple of 64.
    """
    exponent = (words >> np.uint32(23)) & np.uint32(0xFF)
    sign = words & np.uint32(1 << 31)
    above = (exponent > ACCUMULATOR_EXPONENTS[1]) & (exponent != 255)
    words = np.where(above, words - np.uint32(64 << 23), words)
    missing = np.clip(ACCUMULATOR_EXACT_EXPONENT - exponent.astype(np.int64), 0, 31).astype(np.uint32)
    inside: Words = np.where(exponent == 255, words, words >> missing << missing)
    return np.where(exponent < ACCUMULATOR_EXPONENTS[0], sign, inside)


def products(rng: Rng, count: int) -> Words:
    """Draw binary32 products of FP16 numbers of all kinds, subnormals, zeros and infinities among them."""
    words = rng.integers(0, 1 << 16, (2, count), dtype=np.uint16)
    factors: NDArray[np.float32] = words.view(np.float16).astype(np.float32)
    with np.errstate(all="ignore"):
        exact: NDArray[np.float32] = np.multiply(factors[0], factors[1])
    return exact.view(np.uint32)


def half_operands() -> Words:
    """List FP16 words of every exponent with simple significands, and every subnormal power of two."""
    fields = np.arange(32) << 10
    simple = np.array([0, 1, 0x155, 0x1FF, 0x200, 0x2AA, 0x3FF])
    magnitudes = np.unique(np.concatenate([(fields[:, None] | simple).reshape(-1), 1 << np.arange(10)]))
    return np.concatenate([magnitudes, magnitudes | 1 << 15]).astype(np.uint16)


def half_neighbours() -> Words:
    """List binary32 words within two steps of any FP16 number, or of the middle between two of them."""
    numbers = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float64)
    numbers = np.append(numbers, 65536.0)  # where FP16's next number would be
    middles = (numbers[1:] + numbers[:-1]) / 2
    words = np.concatenate([numbers, middles]).astype(np.float32).view(np.uint32).astype(np.int64)
    words = np.clip(words[:, None] + np.arange(-2, 3), 0, None).reshape(-1)
    return np.concatenate([words, words | 1 << 31]).astype(np.uint32)
