"""Live progress of a regression: a line for each replay that has ended, with the time left."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from regressions.capture.progress import duration
from regressions.json_codec import ResultsError, decode
from regressions.results import Replay, Status

SHOWN_CHARACTERS = 160
"""Longest part of an error that a line shows; the report has all of it."""


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
        self._width = max(len(name) for name in cycles)
        self._out = out
        self._done = 0
        self._done_work = 0
        self._begin = time.monotonic()

    def ended(self, name: str, record: Path, otherwise: str) -> None:
        """Print the line of a replay.

        Parameters
        ----------
        name : str
        record : Path
            Where its record lies, if it left one.
        otherwise : str
            What happened if it left none.
        """
        self._done += 1
        self._done_work += self._work[name]
        spent = time.monotonic() - self._begin
        left = spent * (sum(self._work.values()) - self._done_work) / self._done_work
        total = len(self._work)
        number = f"[{self._done:{len(str(total))}}/{total}]"
        tail = f"{duration(left)} left" if self._done < total else f"took {duration(spent)}"
        text = f"{number} {name:<{self._width}}  {_describe(record, otherwise):<44}  {tail}"
        print(text, file=self._out, flush=True)


def _describe(path: Path, otherwise: str) -> str:
    try:
        replay = decode(Replay, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ResultsError):
        return f"ERROR  {_brief(otherwise)}"
    if replay.status is Status.ERROR:
        return f"ERROR  {_brief(replay.message or '')}"
    if replay.mismatches:
        return f"FAIL   {replay.mismatches:,} of {replay.elements:,} elements differ"
    if replay.status is Status.FAIL:
        return f"FAIL   {_brief(replay.message or '')}"
    return f"pass   {replay.cycles:>9,} cycles, utilization {replay.utilization:.2f}"


def _brief(message: str) -> str:
    first = (message.splitlines() or [""])[0]
    return first if len(first) <= SHOWN_CHARACTERS else first[: SHOWN_CHARACTERS - 3] + "..."
