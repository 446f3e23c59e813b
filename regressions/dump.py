"""Dumps for outside checks: all that is needed to recompute a replay's result without this project's code."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.lowering import result_tensor
from tb.build_cache import write_whole
from tb.core.replay import Replay, ReplayOutcome


def write_dump(path: Path, replay: Replay, outcome: ReplayOutcome) -> None:
    """Write the operands as captured, their formats, and the RTL's FP32 bits.

    The file is complete or is not there. Its arrays:

    ``a``, ``b``
        uint16, FP16 bits: X and W for FP, δ and W for BP, X and δ for WG; X and δ NCHW, W OIHW.
    ``a_fmt``, ``b_fmt``, ``a_e_thr``, ``b_e_thr``
        FP8 format (0 E4M3, 1 E5M2) and threshold exponent of each.
    ``kernel``, ``stride``, ``padding``
        The layer; a fully connected one is a 1x1 convolution on 1x1 images.
    ``columns``
        int64, the N columns replayed: indices into W's O (FP), W's I (BP) or δ's channels (WG).
    ``lines``, ``rows``, ``balancer``
        L and R of the order of additions, and whether the balancer was on.
    ``result``
        uint32, FP32 bits: FP and BP NCHW over those columns, WG ``[O, I, kh, kw]`` with O over those columns.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    write_chip_dump(path, replay, result_tensor(replay.lowering, outcome.product))


def write_chip_dump(path: Path, replay: Replay, result: NDArray[Any]) -> None:
    """Write the same of a replay on the chip: `result` is what came back, FP32 bits in the result's shape."""
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
        result=result,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, buffer.getvalue())
