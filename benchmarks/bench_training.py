"""Time of a training step with FGMP operands, and of one by the golden model, beside plain FP32."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import Figure
from tb.toolchain import REPO_ROOT

FGMP_LIMIT = 2.5
"""Times the plain FP32 step."""
EXACT_ITERATIONS = 100
EXACT_LIMIT_MIN = 10.0
"""For so many iterations of the narrow network by the golden model."""
WIDTHS = {"full width": 64, "width 16": 16}


def figures() -> Iterator[Figure]:
    """Measure ResNet-18 on 32x32 images, batch 16, one thread: full width and narrow."""
    for name, width in WIDTHS.items():
        seconds = _measure(width)
        yield Figure(f"{name}: plain FP32 step", seconds["fp32"], "s")
        yield Figure(f"{name}: FP16 step, ratio to FP32", seconds["fp16"] / seconds["fp32"], "")
        ratio = seconds["fgmp"] / seconds["fp32"]
        yield Figure(f"{name}: FGMP step, ratio to FP32", ratio, "", limit=FGMP_LIMIT)
        yield Figure(f"{name}: golden model's step, ratio to FP32", seconds["exact"] / seconds["fp32"], "")
    minutes = EXACT_ITERATIONS * seconds["exact"] / 60
    yield Figure(
        f"{name}: {EXACT_ITERATIONS} steps by the golden model", minutes, "min", limit=EXACT_LIMIT_MIN
    )


def _measure(width: int) -> dict[str, float]:
    """Return the seconds of a step by kind (`regressions.training.speed`)."""
    # PyTorch is in the environment of `train`, not in that of the benchmarks.
    here = importlib.util.find_spec("torch") is not None
    command = [sys.executable, "-m", "regressions.training"] if here else ["./run", "train"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NOX_", "VIRTUAL_ENV"))}
    with tempfile.TemporaryDirectory() as folder:
        words = ["--speed", "--width", str(width), "--threads", "1", "--out", folder]
        done = subprocess.run(
            [*command, *words], cwd=REPO_ROOT, env=kept, capture_output=True, text=True, check=False
        )
        path = Path(folder) / "speed.json"
        if done.returncode or not path.is_file():
            raise RuntimeError(f"no step was measured:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        seconds: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return seconds
