"""Crosses of the result path: what sums and operands of post-processing are, and what becomes of them."""

from __future__ import annotations

import numpy as np

from golden.formats import U16, U32, Bool, Fp8Format, bias_of
from tb.coverage.bins import Cross, collecting
from tb.coverage.crosses.conversions import (
    FORMATS,
    OUTCOMES,
    THRESHOLDS,
    outcomes,
    threshold_class,
    threshold_rules,
)
from tb.coverage.crosses.values import FLOAT_CLASSES, fp16_classes, fp32_classes

MODES = ("FP32", "FP16", "FGMP")

_SUMS = Cross("result.sums", {"output": MODES, "sum": FLOAT_CLASSES})
_SCALE_BIAS = Cross(
    "result.scale_and_bias",
    {name: tuple(f"{name} {one}" for one in FLOAT_CLASSES) for name in ("scale", "bias")},
)
_RESIDUAL = Cross(
    "result.residual",
    {"residual": FLOAT_CLASSES, "relu": ("no ReLU", "ReLU"), "mask": ("no mask", "kept", "dropped")},
)
_ENCODED = Cross(
    "result.encoded", {"format": FORMATS, "threshold": THRESHOLDS, "element": OUTCOMES}, threshold_rules()
)


def sample_sums(mode: str, sums: U32) -> None:
    """Sample sums that leave by an output mode."""
    if collecting():
        _SUMS.sample(MODES.index(mode), fp32_classes(sums))


def sample_scale_and_bias(scale: U32, bias: U32) -> None:
    """Sample scale and bias of columns, FP32."""
    if collecting():
        _SCALE_BIAS.sample(fp32_classes(scale), fp32_classes(bias))


def sample_residual(residual: U16, relu: bool, keep: Bool | None) -> None:
    """Sample what is added to results: FP16, and whether the mask (None: there is none) keeps them."""
    if collecting():
        mask = np.zeros(residual.shape, np.int64) if keep is None else np.where(keep, 1, 2)
        _RESIDUAL.sample(fp16_classes(residual), int(relu), mask)


def sample_encoded(halves: U16, fmt: Fp8Format, e_thr: int) -> None:
    """Sample FP16 results that are encoded."""
    if collecting():
        found = outcomes(halves, fmt, bias_of(fmt, e_thr))
        _ENCODED.sample(int(fmt), threshold_class(e_thr), found)
