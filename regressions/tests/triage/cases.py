"""Small cases for tests of triage: replays of the small trace, and shrunken ones."""

from __future__ import annotations

import numpy as np

from golden.formats import U16, Fp8Format
from golden.geometry import ConvGeometry, Step
from regressions.triage.case import Case
from regressions.triage.symptom import Symptom
from tb.core.replay import ReplayInput

FP8_THRESHOLD, FP16_THRESHOLD = 4, -24
"""Threshold exponents under which small whole numbers are FP8, and FP16 elements."""


def make_input(
    step: Step,
    geometry: ConvGeometry,
    rng: np.random.Generator,
    *,
    a_e_thr: int = FP8_THRESHOLD,
    preset: str = "tiny",
) -> ReplayInput:
    """Draw small whole numbers, of which sums are exact in any order, and some zeros in A."""
    a_shape = geometry.delta_shape if step is Step.BP else geometry.x_shape
    b_shape = geometry.delta_shape if step is Step.WG else geometry.w_shape
    columns = geometry.in_channels if step is Step.BP else geometry.out_channels
    return ReplayInput(
        geometry,
        step,
        whole_numbers(rng, a_shape, 0),
        whole_numbers(rng, b_shape, 1),
        np.arange(columns, dtype=np.int64),
        Fp8Format.E4M3,
        Fp8Format.E4M3,
        a_e_thr,
        FP8_THRESHOLD,
        preset,
    )


def whole_numbers(rng: np.random.Generator, shape: tuple[int, ...], lowest: int) -> U16:
    """Draw whole numbers up to 7 as FP16 bits."""
    return rng.integers(lowest, 8, shape).astype(np.float16).view(np.uint16)


def make_case(source: ReplayInput, symptom: Symptom | None = None) -> Case:
    """Wrap an input."""
    return Case(source, None, "share=0.2", "bucket", symptom or Symptom("hang", "core", "hangs"), "layer-FP")
