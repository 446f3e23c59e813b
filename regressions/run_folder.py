"""The folder of one run: a subfolder for each replay with its log, operands, record, coverage and waves."""

from __future__ import annotations

import fcntl
import itertools
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from regressions.problems import writing

KEPT_RUNS = 3
"""Folders of runs that are kept, the newest one included."""

NAME = re.compile(r"\d{8}T\d{6}-\d+(-\d+)?")
LOCK = "lock"


@contextmanager
def new_run_folder(runs: Path, started: datetime) -> Iterator[Path]:
    """Make a run's folder below `runs`, and delete all but the latest ones, save those still in use.

    Raises
    ------
    WriteError
        If it cannot be made.
    """
    name = f"{started:%Y%m%dT%H%M%S}-{os.getpid()}"
    free = (runs / f"{name}{f'-{number}' * bool(number)}" for number in itertools.count())
    folder = next(path for path in free if not path.is_dir())  # one process may run twice in a second
    with writing(folder, "--runs"):
        folder.mkdir(parents=True)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _delete_old(runs)
        yield folder
    finally:
        os.close(lock)


def _delete_old(runs: Path) -> None:
    old = sorted(path for path in runs.iterdir() if NAME.fullmatch(path.name) and path.is_dir())
    for folder in old[:-KEPT_RUNS]:
        if not _in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _in_use(folder: Path) -> bool:
    """Return whether the run that made `folder` still goes on: it holds a lock as long as it lives."""
    try:
        lock = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False
