"""Dumps for outside checks: all that is needed to recompute a replay's result without this project's code."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from golden.lowering import result_tensor
from tb.core.replay import Replay, ReplayOutcome


def write_dump(path: Path, replay: Replay, outcome: ReplayOutcome) -> None:
    """Write the operands as captured, the formats, and the RTL's FP32 bits (DESIGN section 8)."""
    source, preset = replay.source, replay.lowering.preset
    buffer = io.BytesIO()
    np.savez(
        buffer,
        a=source.a,
        b=source.b,
        a_fmt=int(source.a_fmt),
        b_fmt=int(source.b_fmt),
        a_e_thr=source.a_e_thr,
        b_e_thr=source.b_e_thr,
        kernel=source.geometry.kernel,
        stride=source.geometry.stride,
        padding=source.geometry.padding,
        columns=source.columns,
        lines=preset.lines,
        rows=preset.rows,
        balancer=int(source.balancer),
        result=result_tensor(replay.lowering, outcome.product),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
