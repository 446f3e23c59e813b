"""Made-up tensors of any density: what each codec takes for them, by where the zeros lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from golden.codecs import Codec
from golden.fgmp import DEFAULT_FORMATS, ThresholdPolicy, exponent_histogram
from golden.formats import U16, Bool
from golden.seeds import derive_seed
from regressions.traffic.measure import Labels, measure, thresholds
from regressions.traffic.records import DensityPoint, Pattern

ELEMENTS = 1 << 15
STEPS = 40
"""Steps of the density from 0 to 1."""
NEIGHBOURS = 32
"""Elements over which the noise is averaged that decides where clustered zeros lie."""


def sweep(codecs: Sequence[Codec], policy: ThresholdPolicy, seed: int) -> list[DensityPoint]:
    """Measure tensors of each density and pattern.

    Values are FP16 numbers of a normal distribution, in X's format. Of one density, both patterns have the
    same values in the same order.
    """
    fmt = DEFAULT_FORMATS["X"]
    points = []
    for pattern in Pattern:
        for step in range(STEPS + 1):
            rng = np.random.default_rng(derive_seed(f"traffic density {step}", seed))
            count = ELEMENTS * step // STEPS
            bits = np.zeros(ELEMENTS, np.uint16)
            values = _values(rng, count)
            bits[_mask(rng, count, pattern)] = values
            how = thresholds(fmt, exponent_histogram(bits), policy)
            size = measure(Labels("made up", f"{pattern} {step}/{STEPS}"), bits, how, codecs)
            points.append(
                DensityPoint(
                    pattern, step / STEPS, {name: 8 * n / ELEMENTS for name, n in size.bytes.items()}
                )
            )
    return points


def _values(rng: np.random.Generator, count: int) -> U16:
    values = rng.standard_normal(count).astype(np.float16)
    values[values == 0] = 1
    return values.view(np.uint16)


def _mask(rng: np.random.Generator, count: int, pattern: Pattern) -> Bool:
    """Return where the non-zeros lie: just `count` of them."""
    noise = rng.standard_normal(ELEMENTS)
    if pattern is Pattern.CLUSTERED:
        around = np.concatenate([noise, noise[: NEIGHBOURS - 1]])
        noise = np.convolve(around, np.ones(NEIGHBOURS), mode="valid")
    mask = np.zeros(ELEMENTS, np.bool_)
    mask[np.argsort(noise, kind="stable")[ELEMENTS - count :]] = True
    return mask
