"""``python -m regressions.traces [FILE]``: check a trace (by default the sample) and show what it holds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from regressions.traces import SAMPLE_PATH, Trace, TraceError


def describe(trace: Trace) -> str:
    """Return a trace's run, and a line for each layer with its shapes, steps and zeros."""
    run = trace.run
    kind = trace.header.kind if trace.header.columns is None else f"{trace.header.columns}-column sample"
    what = f"{kind} of {run.model} on {run.dataset}, {run.image_size}x{run.image_size}, batch {run.batch}"
    when = f"seed {run.seed}, {run.moment}, PyTorch {run.torch_version}"
    how = f"loss {run.loss:.4f}, loss scale {run.loss_scale:g}, test accuracy {run.accuracy:.4f}"
    titles = " ".join(f"{title:>18}" for title in ("X (NCHW)", "W (OIHW)", "δ (NCHW)"))
    lines = [
        f"{trace.path}: {what}, {len(trace.layers)} layers",
        f"{when}, {how}",
        f"{'layer':24} {titles} {'X zeros':>8} {'δ zeros':>8}  steps",
    ]
    for name in trace.layers:
        layer = trace.load(name)
        shapes = (layer.geometry.x_shape, layer.geometry.w_shape, layer.geometry.delta_shape)
        columns = " ".join(f"{'x'.join(map(str, shape)):>18}" for shape in shapes)
        zeros = " ".join(f"{layer.statistics[operand].zero_fraction:8.1%}" for operand in ("x", "delta"))
        lines.append(f"{name:24} {columns} {zeros}  {' '.join(layer.steps)}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit status (0, or 1 after a message on standard error)."""
    parser = argparse.ArgumentParser(
        prog="python -m regressions.traces", description="Check a trace and show it."
    )
    parser.add_argument(
        "file", nargs="?", type=Path, default=SAMPLE_PATH, help="the trace (default: the sample)"
    )
    try:
        print(describe(Trace.open(parser.parse_args(arguments).file)))
    except TraceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
