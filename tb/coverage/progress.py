"""How far the workers of a coverage run are: a line now and then, and one for each case that failed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

PERIOD_S = 60.0
"""Seconds between two lines."""


class Progress:
    """Follows the files that the workers of a run write.

    Parameters
    ----------
    folder : Path
        Where they write them, ``part<N>.jsonl``.
    total : int
        Tests of the run.
    tell : callable
        Takes a line.
    """

    def __init__(self, folder: Path, total: int, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._total = total
        self._tell = tell
        self._read: dict[Path, int] = {}
        self._done = 0
        self._failed: list[str] = []
        self._begin = time.monotonic()
        self._look()

    def show(self) -> None:
        """Tell of all tests that are done, and of the cases that failed since the last time."""
        failed = len(self._failed)
        self._look()
        for name in self._failed[failed:]:
            self._tell(f"coverage: failed {name}")
        minutes = (time.monotonic() - self._begin) / 60
        self._tell(f"coverage: {self._done} of {self._total} tests done after {minutes:.0f} min")

    def _look(self) -> None:
        for part in sorted(self._folder.glob("part*.jsonl")):
            with part.open("rb") as file:
                file.seek(self._read.get(part, 0))
                for line in file:
                    if not line.endswith(b"\n"):
                        break  # still being written
                    self._read[part] = self._read.get(part, 0) + len(line)
                    self._take(line)

    def _take(self, line: bytes) -> None:
        if line.startswith(b'{"done"'):
            self._done += 1
        elif line.startswith(b'{"test"'):
            case = json.loads(line)
            if case["outcome"] != "passed":
                self._failed.append(case["test"])
