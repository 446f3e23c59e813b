"""Crosses of a layer's operands: what FGMP makes of them, and which classes of A and B meet in a product."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from golden.fgmp import FgmpTensor
from golden.formats import U16, Fp8Format, bias_of
from golden.geometry import Step
from golden.lowering import Ints, Lowering
from tb.coverage.bins import Cross, Illegal, collecting
from tb.coverage.crosses.conversions import (
    FORMATS,
    OUTCOMES,
    THRESHOLDS,
    outcomes,
    threshold_class,
    threshold_rules,
)
from tb.coverage.crosses.values import FLOAT_CLASSES, Indices, fp8_classes, fp16_classes

MET_A = (
    "zero",
    *(f"{fmt.name} {name}" for fmt in Fp8Format for name in FLOAT_CLASSES[2:7]),
    *(f"FP16 {name}" for name in FLOAT_CLASSES[2:]),
)
"""Classes of an element of A as FGMP leaves it."""
_FP16_OF_A = 1 + 5 * len(Fp8Format)

_THRESHOLDS = Cross(
    "core.thresholds",
    {"operand": ("A", "B"), "format": FORMATS, "threshold": THRESHOLDS, "element": OUTCOMES},
    threshold_rules(),
)
_OPERANDS = Cross(
    "core.classes",
    {"a": MET_A, "b": FLOAT_CLASSES},
    [Illegal("FGMP decodes a zero of either sign as +0 (contract 2.8)", b="-0")],
)


def sample_encoded(operand: str, bits: U16, tensor: FgmpTensor) -> None:
    """Sample what FGMP makes of operand 'A' or 'B': its FP16 bits, and the tensor that they became."""
    if collecting():
        found = outcomes(bits.reshape(-1), tensor.fmt, bias_of(tensor.fmt, tensor.e_thr))
        _THRESHOLDS.sample("AB".index(operand), int(tensor.fmt), threshold_class(tensor.e_thr), found)


def sample_products(lowering: Lowering, a: FgmpTensor, b: U16) -> None:
    """Sample the products of a step; `b` as `golden.lowering.b_matrix` gives it: uint16 [K, N]."""
    if not collecting():
        return
    classes_of_b = _histograms(fp16_classes(b), len(FLOAT_CLASSES))
    counts = np.zeros(_OPERANDS.shape, np.int64)
    for k, met in _met(lowering, _encoded_classes(a)):
        counts += met.T @ classes_of_b[k]
    _OPERANDS.add(counts)


def _encoded_classes(a: FgmpTensor) -> Indices:
    """Class of each element by `MET_A`."""
    narrow = 1 + 5 * int(a.fmt) + fp8_classes(a.codes, a.fmt) - 2
    wide = _FP16_OF_A + fp16_classes(a.fp16) - 2
    return np.where(a.is_fp16, wide, np.where(a.nonzero, narrow, 0))


def _met(lowering: Lowering, classes: Indices) -> Iterator[tuple[Ints, Ints]]:
    """For K indices, how often each class of A meets B's row: int64 [n], int64 [n, classes]."""
    padded = np.full(lowering.padded_shape, -1, np.int64)
    margin = lowering.a_margin
    padded[:, :, margin : padded.shape[2] - margin or None, margin : padded.shape[3] - margin or None] = (
        classes
    )
    geometry, count = lowering.geometry, len(MET_A)
    if lowering.step is Step.WG:
        stride, height, width = geometry.stride, geometry.out_height, geometry.out_width
        pixels = np.arange(lowering.depth)
        for dy in range(geometry.kernel):
            for dx in range(geometry.kernel):
                part = padded[:, :, dy::stride, dx::stride][:, :, :height, :width]
                yield pixels, _histograms(part.transpose(0, 2, 3, 1).reshape(lowering.depth, -1), count)
        return
    channels = np.arange(lowering.a_shape[1])
    for phase in lowering.phases:
        for tap in phase.taps:
            y, x, step = phase.a_y + tap.dy, phase.a_x + tap.dx, phase.a_step
            part = padded[:, :, y::step, x::step][:, :, : phase.height, : phase.width]
            met = _histograms(part.transpose(1, 0, 2, 3).reshape(len(channels), -1), count)
            yield channels * geometry.taps + tap.number, met


def _histograms(classes: Indices, count: int) -> Ints:
    """Count the classes of each row, negative ones left out: int64 [rows, count]."""
    rows = np.broadcast_to(np.arange(len(classes))[:, None], classes.shape)
    inside = classes >= 0
    flat = rows[inside] * count + classes[inside]
    return np.bincount(flat, minlength=len(classes) * count).reshape(-1, count).astype(np.int64)
