"""A line for each replay that has ended: what came of it, and the time left."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from regressions.json_codec import encode
from regressions.progress import SHOWN_CHARACTERS, Progress
from regressions.results import Replay, Status
from regressions.tests.records import PASSED


class Clock:
    """A clock that a test moves on."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("regressions.progress.time.monotonic", clock)
    return clock


def line(tmp_path: Path, record: Replay | str | None, otherwise: str = "") -> str:
    """Return the line of a replay that left this record, without its tail."""
    out = io.StringIO()
    path = tmp_path / "replay.json"
    if record is not None:
        path.write_text(record if isinstance(record, str) else json.dumps(encode(record)), encoding="utf-8")
    Progress({"fc-FP": 1000, "layer1.0.conv1-WG": 10}, out).ended("fc-FP", path, otherwise)
    text = out.getvalue()
    assert text.count("\n") == 1
    assert text.startswith("[1/2] fc-FP              ")
    assert text.endswith(" left\n")
    return text[len("[1/2] fc-FP              ") :].rpartition("  ")[0].strip()


@pytest.mark.parametrize(
    ("record", "otherwise", "expected"),
    [
        (PASSED, "", "pass       1,000 cycles, utilization 0.80"),
        (replace(PASSED, status=Status.FAIL, mismatches=3), "", "FAIL   3 of 40 elements differ"),
        (replace(PASSED, status=Status.FAIL, message="counters differ\nx"), "", "FAIL   counters differ"),
        (replace(PASSED, status=Status.ERROR, message="it hung\nlog: x"), "", "ERROR  it hung"),
        (None, "its worker died", "ERROR  its worker died"),
        (None, "", "ERROR"),
        ("{", "it could not write", "ERROR  it could not write"),
        ("{}", "its record is no record", "ERROR  its record is no record"),
    ],
)
def test_what_came_of_it(tmp_path: Path, record: Replay | str | None, otherwise: str, expected: str) -> None:
    assert line(tmp_path, record, otherwise) == expected


def test_long_messages_are_cut(tmp_path: Path) -> None:
    text = line(tmp_path, replace(PASSED, status=Status.ERROR, message="x" * 1000))
    assert text == "ERROR  " + "x" * (SHOWN_CHARACTERS - 3) + "..."


def test_time_left_follows_from_cycles(tmp_path: Path, clock: Clock) -> None:
    out = io.StringIO()
    start = Progress.START_CYCLES
    progress = Progress({"a": 7 * start, "b": 0, "c": 0}, out)
    for name, seconds in (("a", 80), ("b", 10), ("c", 12)):
        clock.now += seconds
        progress.ended(name, tmp_path / "none", "lost")
    tails = [text.rpartition("  ")[2] for text in out.getvalue().splitlines()]
    assert tails == ["0:20 left", "0:10 left", "took 1:42"]
