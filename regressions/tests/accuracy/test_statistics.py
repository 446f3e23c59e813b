"""Student's t, intervals and adjusted p-values, against tables and a numerical integral."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from regressions.accuracy.statistics import (
    EXACT_PAIRS,
    critical_t,
    holm,
    least_effect,
    paired,
    sign_flips,
    spread,
    two_sided_p,
)


@pytest.mark.parametrize(
    ("freedom", "t"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (30, 2.042)]
)
def test_critical_values_of_the_tables(freedom: int, t: float) -> None:
    assert critical_t(freedom) == pytest.approx(t, abs=6e-4)
    assert two_sided_p(critical_t(freedom), freedom) == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 8, 15])
@pytest.mark.parametrize("t", [0.0, 0.3, 1.0, 2.5, -4.0])
def test_probability_is_the_integral_of_the_density(freedom: int, t: float) -> None:
    factor = math.gamma((freedom + 1) / 2) / (math.sqrt(freedom * math.pi) * math.gamma(freedom / 2))
    x = np.linspace(0, abs(t), 20_001)
    density = factor * (1 + x * x / freedom) ** (-(freedom + 1) / 2)
    inside = 2 * np.sum((density[1:] + density[:-1]) / 2 * np.diff(x))
    assert two_sided_p(t, freedom) == pytest.approx(1 - inside, abs=1e-7)


def test_spread() -> None:
    found = spread([1.0, 2.0, 4.0])
    assert found.mean == pytest.approx(7 / 3)
    assert (found.least, found.most) == (1.0, 4.0)
    assert found.deviation == pytest.approx(np.std([1, 2, 4], ddof=1))
    assert spread([3.0]).deviation is None


def test_paired_differences() -> None:
    """Example with t = 2 sqrt(3) on two degrees of freedom: p = 1 - t / sqrt(2 + t^2)."""
    found = paired([1.0, 2.0, 3.0])
    t = 2 * math.sqrt(3)
    assert found.p == pytest.approx(1 - t / math.sqrt(2 + t * t))
    assert (found.mean, found.deviation) == (2.0, 1.0)
    assert found.low == pytest.approx(2 - 4.303 / math.sqrt(3), abs=1e-3)
    assert found.high == pytest.approx(2 + 4.303 / math.sqrt(3), abs=1e-3)
    mirrored = paired([-1.0, -2.0, -3.0])
    assert (mirrored.mean, mirrored.p) == (-2.0, found.p)


def test_pairs_without_spread() -> None:
    assert paired([0.0, 0.0, 0.0]).p == 1.0
    alike = paired([0.1 + 0.2, 0.3, 0.3])
    assert (alike.p, alike.low, alike.high, alike.deviation) == (None, None, None, 0.0)
    alone = paired([0.5])
    assert (alone.mean, alone.p, alone.low, alone.deviation) == (0.5, None, None, None)


def by_hand(differences: list[float]) -> float:
    """All ways to choose the signs, in whole numbers."""
    found = abs(sum(differences))
    sums = [abs(sum(signs)) for signs in product(*((one, -one) for one in differences))]
    return sum(one >= found for one in sums) / len(sums)


@pytest.mark.parametrize(
    "images", [[3], [0], [1, 1, 1, 1, 1], [-2, 0, 0, 1, -4], [1, -1, 2, -2], [5, 1, 1, 0, 3, 2, 7, -1]]
)
def test_signs_are_flipped_in_every_way(images: list[float]) -> None:
    """Of differences in images; as accuracies they are no whole numbers, and ties are still ties."""
    assert sign_flips([one / 355 for one in images]) == by_hand(images)


def test_signs_of_few_pairs_alike() -> None:
    """The p-value that the t-test cannot give: 2 of the 2^n ways are as far from zero."""
    assert [sign_flips([0.1 + 0.2, *[0.3] * more]) for more in range(5)] == [1, 0.5, 0.25, 0.125, 0.0625]


def test_signs_of_many_pairs_are_drawn() -> None:
    """Beyond the pairs that are flipped in every way: near the same, and the same each time."""
    rng = np.random.default_rng(1)
    differences = [float(one) for one in 0.3 + rng.standard_normal(EXACT_PAIRS + 8)]
    found = sign_flips(differences)
    assert found == sign_flips(differences)
    assert found == pytest.approx(paired(differences).p, abs=0.03)
    assert sign_flips([1.0] * 40) == 2.0**-EXACT_PAIRS, "only the way that was found"
    assert sign_flips([0.0] * 40) == 1


def test_holm() -> None:
    assert holm([0.01, 0.04, None, 0.03]) == [
        pytest.approx(0.03),
        pytest.approx(0.06),
        None,
        pytest.approx(0.06),
    ]
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_few_seeds_see_only_large_effects() -> None:
    assert least_effect(3) == pytest.approx(4.303 / math.sqrt(3), abs=1e-3)
    assert least_effect(3) > least_effect(5) > least_effect(30)
