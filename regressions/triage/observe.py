"""The symptom of one run: what the worker that ran a replay keeps of it beside the record."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy.typing as npt

from regressions.json_codec import ResultsError, decode
from regressions.results import Replay as Record
from regressions.triage.messages import message_symptom
from regressions.triage.symptom import Symptom
from regressions.triage.wrong_bits import as_matrix, bits_symptom
from tb.build_cache import write_whole
from tb.core.replay import Replay, ReplayOutcome

SYMPTOM = "symptom.json"


def core_symptom(replay: Replay, outcome: ReplayOutcome, problem: str | None) -> Symptom | None:
    """Return what is wrong with a core's outcome; None if nothing is.

    What the harness saw itself (results out of place, wrong lines) comes first: bits are wrong after that.
    """
    if outcome.problem:
        return message_symptom(outcome.problem)
    if outcome.mismatches(replay.expected).any():
        return bits_symptom(replay, replay.expected, outcome.product)
    return message_symptom(problem) if problem else None


def chip_symptom(
    replay: Replay, expected: npt.NDArray[Any], actual: npt.NDArray[Any] | None, problem: str | None
) -> Symptom | None:
    """Return what is wrong with what a chip left; None if nothing is.

    Parameters
    ----------
    expected, actual : uint32 or uint16
        Results in the shape of their tensor; None if the RTL's cannot be read.
    """
    if actual is not None and (expected != actual).any():
        return bits_symptom(replay, as_matrix(replay, expected), as_matrix(replay, actual))
    return message_symptom(problem) if problem else None


def keep_symptom(folder: Path, find: Callable[[], Symptom | None]) -> None:
    """Write the symptom that `find` returns beside a record.

    A problem with that is not the replay's: what triage does not find here, it takes from the record.
    """
    with suppress(Exception):
        symptom = find()
        if symptom is not None:
            write_whole(folder / SYMPTOM, json.dumps(symptom.to_json()).encode())


def read_symptom(folder: Path, record: Record) -> Symptom:
    """Return the symptom of a replay that did not pass; without a sound file, by its message."""
    try:
        return decode(Symptom, json.loads((folder / SYMPTOM).read_text(encoding="utf-8")))
    except (OSError, ValueError, ResultsError):
        if record.mismatches:
            return Symptom("wrong-bits", "", "bits of results differ", {})
        return message_symptom(record.message or "failed without a message")
