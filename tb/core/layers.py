"""Random layers and operands for tests of the core: small, with everything that is rare in real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from golden.fgmp import exponent_histogram, make_policy
from golden.formats import E_THR_MAX, E_THR_MIN, FP16_INFINITY, FP16_NAN, U16, Fp8Format
from golden.geometry import ConvGeometry, Step
from tb.core.replay import ReplayInput

NEGATIVE = 0x8000
SPECIALS = np.array([FP16_NAN, FP16_NAN | NEGATIVE | 1, FP16_INFINITY, FP16_INFINITY | NEGATIVE], np.uint16)
"""NaNs and infinities of either sign, as FP16 bits."""
SUBNORMAL_SCALE = 2.0**-22

THRESHOLDS = {"all FP8": E_THR_MAX, "all FP16": E_THR_MIN}
"""Threshold exponents that put every finite non-zero into one group."""


@dataclass(frozen=True)
class Operands:
    """How the elements of A and B are drawn.

    Attributes
    ----------
    density : float
        Share of non-zeros of A.
    group : str
        'mixed' (about a fifth FP16), or a key of `THRESHOLDS`.
    specials : str
        Which operands hold NaNs and infinities: any of the letters 'a' and 'b'.
    dead_channels : float
        Share of the channels of A that are all zero.
    tiny : bool
        Whether elements are FP16 subnormals.
    ties : bool
        Whether the channels of A all cost the same.
    """

    density: float = 0.5
    group: str = "mixed"
    specials: str = ""
    dead_channels: float = 0.0
    tiny: bool = False
    ties: bool = False


def random_geometry(
    rng: np.random.Generator,
    *,
    kernels: Sequence[int] = (1, 2, 3, 3, 4, 5, 6, 7),
    channels: int = 9,
    size: int = 6,
    batch: int = 3,
) -> ConvGeometry:
    """Draw a layer of at most so many channels and images, each less than `size` larger than its kernel."""
    kernel = int(rng.choice(kernels))
    padding = int(rng.integers(0, kernel))
    least = max(1, kernel - 2 * padding)
    height, width = (int(rng.integers(least, kernel + size)) for _ in range(2))
    return ConvGeometry(
        "random",
        int(rng.integers(1, batch + 1)),
        int(rng.integers(1, channels + 1)),
        height,
        width,
        int(rng.integers(1, channels + 1)),
        kernel,
        int(rng.integers(1, 3)),
        padding,
    )


def make_source(
    rng: np.random.Generator,
    geometry: ConvGeometry,
    step: Step,
    operands: Operands = Operands(),
    *,
    preset: str = "tiny",
    columns: int | None = None,
    balancer: bool = True,
    stall_permille: int = 0,
) -> ReplayInput:
    """Draw the operands of one step of `geometry`; `columns` columns of B, all of them by default."""
    a_shape = geometry.delta_shape if step is Step.BP else geometry.x_shape
    b_shape = geometry.delta_shape if step is Step.WG else geometry.w_shape
    total = b_shape[0] if step is Step.FP else b_shape[1]
    chosen = np.sort(rng.choice(total, min(total, columns or total), replace=False)).astype(np.int64)
    a = _elements(rng, a_shape, operands, operands.density, "a" in operands.specials)
    dead = rng.random(a_shape[1]) < operands.dead_channels
    a[:, dead] = 0
    if operands.ties:
        a[:] = a[:, :1]
    b = _elements(rng, b_shape, operands, 0.9, "b" in operands.specials)
    b = b[chosen] if step is Step.FP else b[:, chosen]
    a_fmt = Fp8Format.E5M2 if step is Step.BP else Fp8Format.E4M3
    b_fmt = Fp8Format.E5M2 if step is Step.WG else Fp8Format.E4M3
    if rng.random() < 0.25:
        a_fmt = Fp8Format(1 - a_fmt)
    return ReplayInput(
        geometry=geometry,
        step=step,
        a=a,
        b=b,
        columns=np.arange(len(chosen), dtype=np.int64),
        a_fmt=a_fmt,
        b_fmt=b_fmt,
        a_e_thr=THRESHOLDS.get(operands.group, _share(a)),
        b_e_thr=_share(b),
        preset=preset,
        balancer=balancer,
        stall_permille=stall_permille,
        seed=int(rng.integers(1, 1 << 30)),
    )


def _share(bits: U16) -> int:
    return make_policy("share").choose(exponent_histogram(bits), None)


def _elements(
    rng: np.random.Generator, shape: tuple[int, ...], operands: Operands, density: float, specials: bool
) -> U16:
    """FP16 bits: normally distributed at two scales, for both groups; zeros of both signs; specials."""
    scale = np.where(rng.random(shape) < 0.15, 16.0, 1.0)
    values = rng.standard_normal(shape) * scale * (SUBNORMAL_SCALE if operands.tiny else 1.0)
    bits = values.astype(np.float16).view(np.uint16).copy()
    zero = rng.random(shape) >= density
    bits[zero] &= NEGATIVE
    if specials:
        special = (rng.random(shape) < 0.05) & ~zero
        bits[special] = rng.choice(SPECIALS, int(special.sum()))
    return bits
