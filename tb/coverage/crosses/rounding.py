"""How exact results are rounded: which side of the middle, and into which range. Exact, in float64."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from golden.formats import FloatFormat
from tb.coverage.bins import Illegal
from tb.coverage.crosses.values import Indices

Doubles = npt.NDArray[np.float64]

ROUNDING = ("exact", "below the middle", "tie stays", "tie goes up", "above the middle")
"""What is left of the last place: nothing, less than a half, a half (with the place even, odd), more."""
EXACT, BELOW, TIE_STAYS, TIE_UP, ABOVE = range(5)
INEXACT_UP = ROUNDING[3:]

RANGES = ("zero", "subnormal", "subnormal to normal", "normal", "overflow")
"""Where a non-zero result ends; the third is below the normal numbers until it is rounded."""

RANGE_RULES = (
    Illegal(
        "a non-zero becomes 0 only by rounding down, and half of the least subnormal ties to the even 0",
        range="zero",
        rounding=("exact", "tie goes up", "above the middle"),
    ),
    Illegal(
        "the number below the least normal one is odd in its last place, so it is reached by rounding up",
        range="subnormal to normal",
        rounding=("exact", "below the middle", "tie stays"),
    ),
)
"""What holds for every rounding to nearest even with subnormals."""


def exponents(values: Doubles) -> Indices:
    """Floor of the binary logarithm of each finite non-zero; of others anything."""
    return np.frexp(values)[1].astype(np.int64) - 1


def quantum_exponents(values: Doubles, fmt: FloatFormat, bias: int | Indices) -> Indices:
    """Exponent of the last place that each finite non-zero keeps in a format, its top left open."""
    lowest = 1 - np.asarray(bias, np.int64)
    kept: Indices = np.maximum(exponents(values), lowest) - fmt.fraction_bits
    return kept


def round_cases(values: Doubles, quanta: Indices) -> tuple[Indices, Doubles]:
    """Class of each rounding by `ROUNDING`, and the magnitude after it in last places.

    Parameters
    ----------
    values : float64
        Exact finite numbers, of at most 53 significant bits from the last place's exponent on down.
    quanta : int64
        Exponent of the last place of each.
    """
    scaled = np.ldexp(np.abs(values), -quanta)
    whole = np.floor(scaled)
    rest = scaled - whole
    odd = np.mod(whole, 2) == 1
    cases = np.select(
        [rest == 0, rest < 0.5, rest > 0.5, odd], [EXACT, BELOW, ABOVE, TIE_UP], TIE_STAYS
    ).astype(np.int64)
    return cases, whole + (cases >= TIE_UP)


def ranges(values: Doubles, fmt: FloatFormat, bias: int) -> tuple[Indices, Indices]:
    """Classes of finite numbers that are rounded to a format: by `RANGES` and `ROUNDING`; -1 of zeros."""
    quanta = quantum_exponents(values, fmt, bias)
    cases, places = round_cases(values, quanta)
    rounded = np.ldexp(places, quanta)
    least_normal = np.ldexp(1.0, 1 - bias)
    top = fmt.max_finite_code
    greatest = np.ldexp(
        float((top & ((1 << fmt.fraction_bits) - 1)) + (1 << fmt.fraction_bits)),
        (top >> fmt.fraction_bits) - bias - fmt.fraction_bits,
    )
    found = np.select(
        [rounded == 0, rounded < least_normal, np.abs(values) < least_normal, rounded <= greatest],
        [0, 1, 2, 3],
        4,
    ).astype(np.int64)
    zero = values == 0
    return np.where(zero, -1, found), np.where(zero, -1, cases)
