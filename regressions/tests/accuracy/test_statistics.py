"""Student's t, intervals and adjusted p-values, against tables and a numerical integral."""

from __future__ import annotations

import math

import numpy as np
import pytest

from regressions.accuracy.statistics import (
    critical_t,
    holm,
    least_effect,
    paired,
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
