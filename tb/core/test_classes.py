"""What layers drawn at random leave out: each tail by each other, each kernel, each class of operand."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from golden.formats import E_THR_MAX, E_THR_MIN, FP16_INFINITY, FP16_NAN, U16, Fp8Format
from golden.geometry import ConvGeometry, Step
from golden.presets import find_preset
from golden.tests.reference import SHAPES, random_geometry
from tb.core.bare import bare_core
from tb.core.layers import NEGATIVE, Operands, make_source

TINY = find_preset("tiny")
THRESHOLDS = (E_THR_MIN, -12, -5, 0, 8, 12, E_THR_MAX)
EDGES = (0, 1, 2, 0x03FF, 0x0400, 0x07FF, 0x0800, 0x3BFF, 0x3C00, 0x7800, 0x7BFF, FP16_INFINITY, FP16_NAN)
"""FP16 magnitudes at the borders of zero, subnormals, normals, infinity and NaN."""


def around(tile: int) -> tuple[int, int, int, int]:
    """Return a whole tile, one more, one less, and something else."""
    return tile, tile + 1, tile - 1, tile + 2


def pointwise(step: Step, m: int, n: int, k: int) -> ConvGeometry:
    """Return a 1x1 layer of which a step's product is of M x N x K."""
    pixels, channels, out = {Step.FP: (m, k, n), Step.BP: (m, n, k), Step.WG: (k, m, n)}[step]
    return ConvGeometry("tails", 1, channels, 1, pixels, out, 1, 1, 0)


@pytest.mark.parametrize("step", Step)
def test_each_tail_by_each_other(rng: np.random.Generator, step: Step) -> None:
    """Rows, columns and depth of whole tiles, one more, one less and between, in every combination."""
    depth = TINY.rows if step is Step.WG else TINY.lines * TINY.rows
    for m, n, k in product(around(TINY.psum_rows), around(TINY.columns), around(depth)):
        bare_core("tiny").check(make_source(rng, pointwise(step, m, n, k), step))


@pytest.mark.parametrize("step", Step)
def test_every_kernel(rng: np.random.Generator, step: Step) -> None:
    """Each kernel and stride, with paddings from none to more than the kernel."""
    for shape in SHAPES:
        geometry = random_geometry(rng, shape, 5, 4)
        bare_core("tiny").check(make_source(rng, geometry, step, Operands(density=0.7)))


def any_operands(rng: np.random.Generator, shape: tuple[int, ...], e_thr: int) -> U16:
    """FP16 bits: borders of FP16, of FP8 under a threshold exponent, and any; of either sign."""
    ends = [e_thr - below - 1 for below in (0, 1, 14, 15, 16, 17, 18, 28, 29, 30, 31, 32)]
    fp8 = np.array([scale * 2.0**end for end in ends for scale in (1.0, 1.25, 1.75, 1.875)])
    near = np.abs(fp8[(fp8 < 65504.0) & (fp8 >= 2.0**-24)]).astype(np.float16).view(np.uint16)
    some = [
        rng.choice(np.array(EDGES, np.uint16), shape),
        rng.choice(near if len(near) else np.ones(1, np.uint16), shape),
        rng.integers(0, FP16_INFINITY, shape).astype(np.uint16),
    ]
    bits = np.choose(rng.integers(0, len(some), shape), some)
    sign = rng.integers(0, 2, shape) * NEGATIVE
    return (bits | sign).astype(np.uint16)


@pytest.mark.parametrize("e_thr", THRESHOLDS)
@pytest.mark.parametrize("fmt", Fp8Format, ids=lambda fmt: fmt.name)
def test_classes_of_operands(rng: np.random.Generator, fmt: Fp8Format, e_thr: int) -> None:
    """All that FGMP makes of numbers at one position of the threshold, of A against all of B."""
    geometry = ConvGeometry("classes", 2, 6, 6, 5, 7, 3, 1, 1)
    for step in Step:
        source = make_source(rng, geometry, step)
        a, b = (any_operands(rng, tensor.shape, e_thr) for tensor in (source.a, source.b))
        bare_core("tiny").check(replace(source, a=a, b=b, a_fmt=fmt, b_fmt=fmt, a_e_thr=e_thr, b_e_thr=e_thr))
