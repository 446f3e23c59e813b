"""Counters of work and traffic that follow from the operands alone; the RTL's must equal them exactly.

Definitions are those of the machine-readable results: a MAC is one element of A against one element of B.
MACs with padding or with the zeros of dilation are no work and are counted nowhere; MACs with another zero
of A (after FGMP) are skipped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from golden.fgmp import FgmpTensor
from golden.geometry import Step
from golden.lowering import Ints, Lowering
from golden.presets import Preset
from golden.storage import stored_bytes

FP8_MACS_PER_CYCLE = 2
"""MACs that a PE does in a cycle with an FP8 element of A; with an FP16 element it does 1."""
FP16_BYTES = 2


class CounterError(ValueError):
    """An operand does not fit the lowering."""


@dataclass(frozen=True)
class WorkCounters:
    """MACs of one replay: ``macs_total = macs_fp8 + macs_fp16 + macs_skipped``."""

    macs_total: int
    macs_fp8: int
    macs_fp16: int
    macs_skipped: int


def work_counters(lowering: Lowering, a: FgmpTensor, columns: int) -> WorkCounters:
    """Count the MACs of a replay by the class of their element of A.

    Parameters
    ----------
    lowering : Lowering
    a : FgmpTensor, shape ``lowering.a_shape``
    columns : int
        Real columns of B (those that only fill up a tile do not count).

    Raises
    ------
    CounterError
        If A's shape does not fit the lowering.
    """
    if tuple(a.shape) != lowering.a_shape:
        raise CounterError(
            f"operand A has shape {a.shape}, {lowering.step} of this layer takes {lowering.a_shape}"
        )
    batch, channels = lowering.a_shape[:2]
    # Every channel of every image meets the same taps at the same pixel.
    nonzeros = np.count_nonzero(a.nonzero, axis=(0, 1)).astype(np.int64)
    fp16 = np.count_nonzero(a.is_fp16, axis=(0, 1)).astype(np.int64)
    uses = _pixel_uses(lowering)
    total = int(uses.sum()) * batch * channels * columns
    used = int((uses * nonzeros).sum()) * columns
    macs_fp16 = int((uses * fp16).sum()) * columns
    return WorkCounters(total, used - macs_fp16, macs_fp16, total - used)


def _pixel_uses(lowering: Lowering) -> Ints:
    """Count how many (row, tap) pairs meet each pixel of an image of A: int64 [height, width]."""
    if lowering.step is Step.WG:
        # The same pixels meet the same taps as in FP: there a row is a pixel of δ, here a tap is.
        lowering = replace(lowering, step=Step.FP)
    uses = np.zeros(lowering.padded_shape[2:], np.int64)
    for phase in lowering.phases:
        height, width = phase.height * phase.a_step, phase.width * phase.a_step
        for tap in phase.taps:
            met = uses[phase.a_y + tap.dy :, phase.a_x + tap.dx :][:height, :width]
            met[:: phase.a_step, :: phase.a_step] += 1
    margin = lowering.a_margin
    return uses[margin : margin + lowering.a_shape[2], margin : margin + lowering.a_shape[3]]


def ideal_cycles(counters: WorkCounters, preset: Preset) -> float:
    """Cycles of a chip whose every PE works in every cycle, zeros of A costing nothing.

    ``(macs_fp8 / 2 + macs_fp16) / (cores * lines * PEs)``
    """
    return (counters.macs_fp8 / FP8_MACS_PER_CYCLE + counters.macs_fp16) / _pes(preset)


def dense_fp16_cycles(counters: WorkCounters, preset: Preset) -> float:
    """Cycles of a chip whose every PE works in every cycle, every element of A being FP16 and none skipped.

    ``macs_total / (cores * lines * PEs)``
    """
    return counters.macs_total / _pes(preset)


def _pes(preset: Preset) -> int:
    return preset.cores * preset.lines * preset.pes


def ema_bytes(a: FgmpTensor, b: FgmpTensor, results: int) -> int:
    """External memory traffic of a replay in bytes: each operand and result once, as stored.

    Parameters
    ----------
    a : FgmpTensor
        The whole streamed operand.
    b : FgmpTensor
        The columns replayed of the stationary operand.
    results : int
        Number of results; they leave as FP16.
    """
    return stored_bytes(a) + stored_bytes(b) + results * FP16_BYTES


def ema_bytes_fp16(a: FgmpTensor, b: FgmpTensor, results: int) -> int:
    """Return the traffic of `ema_bytes` if A and B were stored as plain FP16."""
    return (a.elements + b.elements + results) * FP16_BYTES
