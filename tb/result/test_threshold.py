"""The threshold policy against golden's, whose counts are compared as integers of any size."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from golden.fgmp import BINS, SharePolicy
from golden.formats import Fp8Format, bias_of
from tb.result.bench import ResultBench, ResultFailure, result_bench

Rng = np.random.Generator

GREATEST = (1 << 32) - 1
SHARES = [(1, 5), (0, 1), (1, 1), (1, 2), (1, 255), (254, 255), (255, 255), (3, 7), (20, 100)]


def check(bench: ResultBench, histogram: list[int], share: tuple[int, int], fmt: Fp8Format) -> None:
    """Compare one choice; as on a chip, no reset comes between two of a test."""
    counts = np.array(histogram, np.int64)
    want = SharePolicy(Fraction(*share)).choose(counts)
    assert bench.choose(counts, *share, fmt) == (want, bias_of(fmt, want))


@pytest.mark.parametrize("fmt", Fp8Format, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("share", SHARES, ids=str)
def test_chosen_histograms(share: tuple[int, int], fmt: Fp8Format) -> None:
    bench = result_bench(1, 2)
    check(bench, [0] * BINS, share, fmt)
    check(bench, [GREATEST] * BINS, share, fmt)
    for first in range(BINS):
        one = [0] * BINS
        one[first] = 1
        check(bench, one, share, fmt)
        one[first] = GREATEST
        check(bench, one, share, fmt)


@pytest.mark.parametrize("share", SHARES, ids=str)
def test_shares_that_are_just_met(share: tuple[int, int]) -> None:
    """As many above as the share allows, one fewer, one more."""
    bench = result_bench(1, 2)
    numerator, denominator = share
    for more in (-1, 0, 1):
        for top in (12, 25, BINS - 1):
            histogram = [0] * BINS
            histogram[top] = max(1000 * numerator + more, 0)
            histogram[top - 5] = max(1000 * (denominator - numerator) - more, 0)
            check(bench, histogram, share, Fp8Format.E4M3)


def test_random_histograms(rng: Rng) -> None:
    bench = result_bench(1, 2)
    for _ in range(2000):
        scale = int(rng.choice([2, 10, 1000, GREATEST]))
        histogram = rng.integers(0, scale, BINS) * (rng.random(BINS) < rng.random())
        denominator = int(rng.integers(1, 256))
        share = (int(rng.integers(0, denominator + 1)), denominator)
        check(bench, [int(count) for count in histogram], share, Fp8Format(int(rng.integers(0, 2))))


def test_a_failed_check_is_seen() -> None:
    """One of the policy's own, here of a start while it is at work."""
    bench = result_bench(1, 2)
    with pytest.raises(ResultFailure, match="an assertion of the RTL failed"):
        bench.choose(np.zeros(BINS, np.int64), 1, 5, Fp8Format.E4M3, held=2)
