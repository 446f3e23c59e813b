"""Live progress of a regression: a line for each replay that has ended, with the time left."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from regressions.capture.progress import duration


class Progress:
    """Counts ended replays; the time left follows from predicted cycles.

    Parameters
    ----------
    cycles : mapping
        Predicted cycles of each replay by name.
    out : TextIO
        Where lines go.
    """

    START_CYCLES = 60_000
    """What starting a simulation costs, as cycles of one that runs."""

    def __init__(self, cycles: Mapping[str, int], out: TextIO) -> None:
        self._work = {name: count + self.START_CYCLES for name, count in cycles.items()}
        self._out = out
        self._done = 0
        self._done_work = 0
        self._begin = time.monotonic()

    def ended(self, name: str, record: Path) -> None:
        """Print the line of a replay whose record lies at `record`."""
        self._done += 1
        self._done_work += self._work[name]
        spent = time.monotonic() - self._begin
        left = spent * (sum(self._work.values()) - self._done_work) / self._done_work
        total = len(self._work)
        number = f"[{self._done:{len(str(total))}}/{total}]"
        tail = f"{duration(left)} left" if self._done < total else f"took {duration(spent)}"
        print(f"{number} {name:<24} {_describe(record):<52} {tail}", file=self._out, flush=True)


def _describe(record: Path) -> str:
    try:
        replay = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "ERROR: the worker died"
    if replay["status"] == "error":
        return "ERROR: " + (replay["message"] or "").splitlines()[0][:120]
    line = f"{replay['cycles']:>9,} cycles, utilization {replay['utilization']:.2f}"
    if replay["status"] == "fail":
        return f"FAIL: {replay['mismatches']} of {replay['elements']} differ; {line}"
    return f"pass {line}"
