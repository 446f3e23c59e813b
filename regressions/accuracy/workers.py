"""Runs as processes, several at a time; one that fails ends the study, what has ended stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from regressions.accuracy.options import words
from regressions.accuracy.records import Ending, RunResult
from regressions.accuracy.runs import Unit, stored
from regressions.capture.progress import duration
from regressions.problems import writing
from tb.toolchain import REPO_ROOT

PROGRAM = "regressions.training"
"""The module that trains one run."""
LOG = "training.log"
_POLL_S = 0.1
_END_S = 20.0
"""Time that an interrupted run has to end."""


class TrainingFailedError(RuntimeError):
    """A run ended without a result, for a reason that is not in its numbers."""


@dataclass
class _Running:
    unit: Unit
    process: subprocess.Popen[bytes]
    log: Path
    begin: float


def train_all(waiting: Sequence[Unit], workers: int, tell: Callable[[str], None]) -> None:
    """Train runs, `workers` at a time; `tell` hears of each that has ended, and of what it noted first.

    Raises
    ------
    TrainingFailedError
        If a run ends without a result; the others are ended, too.
    regressions.problems.WriteError
        If a log cannot be written.
    """
    left, running, noted = list(waiting), list[_Running](), set[str]()
    begin, ended = time.monotonic(), 0
    try:
        while left or running:
            while left and len(running) < workers:
                running.append(_start(left.pop(0)))
            for one in [one for one in running if one.process.poll() is not None]:
                running.remove(one)
                result = _result(one)
                for note in _lines(one.log, "note: "):
                    if note not in noted:
                        tell(f"note: {note}")
                        noted.add(note)
                ended += 1
                spent = time.monotonic() - begin
                rest = spent / ended * (len(waiting) - ended)
                tell(
                    f"[{ended}/{len(waiting)}] {one.unit.name}: {describe(result)}, "
                    f"{duration(time.monotonic() - one.begin)}; "
                    + (f"{duration(rest)} left" if ended < len(waiting) else f"took {duration(spent)}")
                )
            time.sleep(_POLL_S)
    finally:
        _end(running)


def describe(result: RunResult) -> str:
    """Return what came out of a run, in a few words."""
    if result.ending is Ending.DIVERGED:
        return f"DIVERGED, {result.message}"
    accuracy = "not tested" if result.accuracy is None else f"test accuracy {result.accuracy:.4f}"
    return f"{accuracy}, loss {result.loss:.4f}"


def _start(unit: Unit) -> _Running:
    log = unit.folder / LOG
    with writing(log, "--runs"):
        unit.folder.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", PROGRAM, *words(unit.options)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": _python_path()},
            )
    return _Running(unit, process, log, time.monotonic())


def _python_path() -> str:
    """Let the program be found from the user's folder too, where paths that the user named are looked for."""
    return os.pathsep.join(filter(None, (str(REPO_ROOT), os.environ.get("PYTHONPATH"))))


def _result(one: _Running) -> RunResult:
    result = stored(one.unit) if (one.unit.folder).is_dir() else None
    if result is None:
        raise TrainingFailedError(
            f"{one.unit.name}: {_last_error(one.log)} (status {one.process.returncode}, {one.log}); what has "
            "ended is kept: the same command goes on"
        )
    return result


def _lines(log: Path, start: str) -> list[str]:
    """Return the lines of a log that start so, without the start."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line.removeprefix(start) for line in lines if line.startswith(start)]


def _last_error(log: Path) -> str:
    said, everything = _lines(log, "error: "), _lines(log, "")
    return said[-1] if said else ": ".join(["ended without a result", *everything[-1:]])


def _end(running: Sequence[_Running]) -> None:
    for one in running:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGINT)
    limit = time.monotonic() + _END_S
    for one in running:
        try:
            one.process.wait(max(0.0, limit - time.monotonic()))
        except subprocess.TimeoutExpired:
            one.process.kill()
            one.process.wait()
