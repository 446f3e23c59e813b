"""Exact products of the golden model on one core, beside NumPy's sgemm of the same size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from benchmarks import Figure, best_seconds
from golden.exact import exact_product
from golden.fgmp import channel_costs, encode
from golden.formats import Fp8Format
from golden.geometry import ConvGeometry, Step
from golden.lowering import Lowering
from golden.presets import find_preset

TARGET_GMACS = 5.0
DENSITY = 0.56
"""Share of non-zeros in A, as in the inputs of ResNet-18's convolutions. No time depends on it."""

LAYERS = (
    ConvGeometry("64 ch 32x32, 3x3", 16, 64, 32, 32, 64, 3, 1, 1),
    ConvGeometry("512 ch 4x4, 3x3", 16, 512, 4, 4, 512, 3, 1, 1),
)


def _fp16(rng: np.random.Generator, shape: tuple[int, ...], density: float) -> npt.NDArray[np.uint16]:
    """Return FP16 bits of normally distributed values, a share `density` of them not zero."""
    values = rng.standard_normal(shape) * (rng.random(shape) < density)
    return values.astype(np.float16).view(np.uint16)


def figures() -> Iterator[Figure]:
    """Measure each layer and step, all output columns and one core's 16; MACs are counted dense."""
    rng = np.random.default_rng(1)
    preset = find_preset("core")
    for layer in LAYERS:
        for columns in (layer.out_channels, preset.columns):
            for step in Step:
                yield from _measure(rng, Lowering(layer, step, preset, np.zeros(0, np.int64), True), columns)


def _measure(rng: np.random.Generator, shape: Lowering, columns: int) -> Iterator[Figure]:
    """Measure the exact product of one step and the plain matrix product of its size."""
    a = encode(_fp16(rng, shape.a_shape, DENSITY), Fp8Format.E4M3, 0)
    lowering = replace(shape, costs=channel_costs(a))
    b = _fp16(rng, (lowering.depth, columns), 1.0)
    left = rng.standard_normal((lowering.rows, lowering.depth), np.float32)
    right = rng.standard_normal((lowering.depth, columns), np.float32)
    exact, sgemm = best_seconds([lambda: exact_product(lowering, a, b), lambda: left @ right])
    macs = lowering.rows * lowering.depth * columns
    name = f"{lowering.geometry.name}, {lowering.step}, {columns} columns"
    yield Figure(f"exact product, {name}", macs / exact / 1e9, "GMAC/s", TARGET_GMACS)
    yield Figure(f"sgemm, {name}", macs / sgemm / 1e9, "GMAC/s")
    yield Figure("  ratio, exact product to sgemm", sgemm / exact, "")
