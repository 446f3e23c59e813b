"""Wall time of what each change must pass: replays, gate and quick tests on a fresh clone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import Figure
from benchmarks.bench_regress import REPLAYS, clone_into, run_task

LIMIT_MIN = 10.0


def figures() -> Iterator[Figure]:
    """Clone the last commit into an empty folder and run `./run smoke` there."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, passed = run_task(clone_into(Path(folder)), "smoke")
        yield Figure("fresh clone, installs and builds included", seconds / 60, "min", limit=LIMIT_MIN)
        yield Figure("  replays passed", passed, "", target=REPLAYS)
