"""The sweep: one tile of real shape and values, its operand A made sparse step by step, on the RTL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from golden.formats import U16
from golden.seeds import derive_seed
from regressions.fidelity.records import Fall, Mix, Run, SweepPoint
from regressions.power.records import Variant
from regressions.power.tiles import variant
from tb.core.replay import ReplayInput

PRECISION = {Mix.FGMP: Variant.FGMP, Mix.FP8: Variant.FP8, Mix.FP16: Variant.FP16}


def sparsified(bits: U16, sparsity: float, seed: int) -> U16:
    """Set a share of a tensor to zero, drawn at random; what is zero stays so at higher sparsities."""
    order = np.random.default_rng(derive_seed("fidelity sparsity", seed)).permutation(bits.size)
    sparse = bits.reshape(-1).copy()
    sparse[order[: round(sparsity * bits.size)]] = 0
    return sparse.reshape(bits.shape)


def sweep(
    source: ReplayInput,
    sparsities: Sequence[float],
    seed: int,
    measure: Callable[[ReplayInput], Run],
    tell: Callable[[str], None],
) -> list[SweepPoint]:
    """Measure a tile at each sparsity in each mix.

    Zeros of the captured tensor are replaced first by other elements of it, so that 0 is really dense; its
    threshold exponent, and so the mix of FGMP, stays that of the captured tensor.
    """
    dense = variant(source, Variant.DENSE, seed)
    points = []
    for mix, kind in PRECISION.items():
        encoded = variant(dense, kind, seed)
        for share in sparsities:
            run = measure(replace(encoded, a=sparsified(dense.a, share, seed)))
            points.append(SweepPoint(mix, share, run))
            best = run.efficiency(0)
            tell(f"{mix}, {share:.0%} of X zero: {run.cycles} cycles, {best:.3g} TFLOPS/W")
    return points


def falls(points: Sequence[SweepPoint]) -> list[Fall]:
    """Return where efficiency does not rise with sparsity, in any mix and at any operating point."""
    found = []
    for mix in Mix:
        curve = sorted((one for one in points if one.mix is mix), key=lambda one: one.asked)
        for before, after in pairwise(curve):
            for place, energy in enumerate(after.run.energy):
                was, now = before.run.efficiency(place), after.run.efficiency(place)
                if now <= was:
                    found.append(Fall(mix, energy.voltage, energy.megahertz, after.asked, was, now))
    return found
