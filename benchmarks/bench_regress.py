"""Wall time of the main job: on a fresh clone, installs and builds included, and after a change of RTL."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import Figure
from tb.toolchain import REPO_ROOT

FIRST_LIMIT_MIN = 10.0
SECOND_LIMIT_MIN = 4.0
REPLAYS = 62
TOUCHED = Path("rtl") / "pe" / "pe.sv"
RESULTS = Path("reports") / "out" / "latest" / "results.json"


def figures() -> Iterator[Figure]:
    """Clone the last commit into an empty folder and run `./run regress` there twice."""
    with tempfile.TemporaryDirectory() as folder:
        clone = clone_into(Path(folder))
        first, passed = run_task(clone, "regress")
        yield Figure("fresh clone, installs and build included", first / 60, "min", limit=FIRST_LIMIT_MIN)
        yield Figure("  replays passed", passed, "", target=REPLAYS)
        with (clone / TOUCHED).open("a", encoding="utf-8") as file:
            file.write("// touched\n")
        second, passed = run_task(clone, "regress")
        yield Figure(f"after a change of {TOUCHED}", second / 60, "min", limit=SECOND_LIMIT_MIN)
        yield Figure("  replays passed", passed, "", target=REPLAYS)


def clone_into(folder: Path) -> Path:
    """Clone the last commit below an empty folder; return the clone."""
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(REPO_ROOT), str(clone)], check=True)
    return clone


def run_task(clone: Path, task: str) -> tuple[float, int]:
    """Run a task that replays in `clone`; return its seconds and the replays that passed.

    Raises
    ------
    RuntimeError
        If the task fails or leaves no results.
    """
    # A run inside a nox session must not lend its environment to the clone's own.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NOX_", "VIRTUAL_ENV"))}
    begin = time.monotonic()
    done = subprocess.run(["./run", task], cwd=clone, env=kept, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begin
    if done.returncode or not (clone / RESULTS).is_file():
        said = f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
        raise RuntimeError(f"./run {task} ended with {done.returncode} in a fresh clone:\n{said}")
    return seconds, json.loads((clone / RESULTS).read_text(encoding="utf-8"))["summary"]["pass"]
