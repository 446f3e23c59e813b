"""Mean, spread, the paired t-test and the sign-flip test over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np
from scipy.stats import t as student

LEVEL = 0.05
"""Level of significance; intervals of confidence hold 1 - LEVEL."""
ROUNDING = 1e-9
"""Figures that lie closer together than this, relatively, are alike."""
EXACT_PAIRS = 16
"""Most pairs whose signs are flipped in every way; of more, as many ways are drawn."""


@dataclass(frozen=True)
class Spread:
    """Values over the seeds; the standard deviation (n - 1) is None of one value."""

    mean: float
    deviation: float | None
    least: float
    most: float


@dataclass(frozen=True)
class Paired:
    """Differences of pairs of runs, each of one seed.

    Attributes
    ----------
    mean : float
    deviation : float or None
        Standard deviation (n - 1) of the differences; None of one.
    low, high : float or None
        The mean's interval of confidence (95 %).
    p : float or None
        Probability, if the formats were the same, of a mean that is as far from zero or farther: two-sided
        paired t-test. 1 if no pair differs; None of one pair, and of pairs that all differ alike: accuracies
        are whole numbers of images, so that happens, and would pass for certainty. `sign_flips` is always
        there.
    """

    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    p: float | None


def spread(values: Sequence[float]) -> Spread:
    """Return mean and spread of one or more values."""
    return Spread(fmean(values), stdev(values) if len(values) > 1 else None, min(values), max(values))


def paired(differences: Sequence[float]) -> Paired:
    """Test whether the mean of one or more differences is zero."""
    mean, count = fmean(differences), len(differences)
    if count < 2:
        return Paired(mean, None, None, None, None)
    deviation = stdev(differences)
    error = deviation / math.sqrt(count)
    if deviation <= ROUNDING * max(map(abs, differences)):
        return Paired(mean, 0.0, 0.0, 0.0, 1.0) if mean == 0 else Paired(mean, 0.0, None, None, None)
    reach = critical_t(count - 1) * error
    return Paired(mean, deviation, mean - reach, mean + reach, two_sided_p(mean / error, count - 1))


def sign_flips(differences: Sequence[float]) -> float:
    """Return the p-value of one or more differences by the sign-flip test (Fisher, 1935), two-sided.

    If the formats were the same, each difference could as well have the other sign: the share of all ways to
    choose the signs whose mean is as far from zero as the one found, or farther. With n pairs it is never
    below 2^(1-n). Beyond `EXACT_PAIRS` pairs 2^EXACT_PAIRS ways are drawn, always the same.
    """
    values = np.asarray(differences, np.float64)
    count, ways = len(values), 1 << min(len(values), EXACT_PAIRS)
    if count <= EXACT_PAIRS:
        signs = (np.arange(ways)[:, None] >> np.arange(count)) & 1
    else:
        signs = np.random.default_rng(count).integers(0, 2, (ways, count))
        signs[0] = 1  # the way that was found is one of them
    means = np.abs((2 * signs - 1) @ values)
    return float(np.mean(means >= abs(values.sum()) - ROUNDING * np.abs(values).sum()))


def two_sided_p(t: float, freedom: int) -> float:
    """Return the probability of Student's t beyond -|t| and |t|."""
    return float(2 * student.sf(abs(t), freedom))


def critical_t(freedom: int, level: float = LEVEL) -> float:
    """Return the t whose two-sided probability is `level`."""
    return float(student.isf(level / 2, freedom))


def least_effect(count: int) -> float:
    """Return the smallest mean difference that is significant with `count` pairs, in their deviations."""
    return critical_t(count - 1) / math.sqrt(count)


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Adjust p-values to the number of tests (Holm, 1979); None stays and counts as no test."""
    order = sorted((value, place) for place, value in enumerate(values) if value is not None)
    adjusted: list[float | None] = [None] * len(values)
    largest = 0.0
    for rank, (value, place) in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * value))
        adjusted[place] = largest
    return adjusted
