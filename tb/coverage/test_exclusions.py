"""Exclusions: what they excuse, and each way in which one is wrong."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tb.coverage.exclusions import FILE, NAMED_ALIKE, Exclusion, ExclusionError, Sources, apply, load
from tb.coverage.points import Kind, Point
from tb.coverage.run import Collected, TestOutcome
from tb.coverage.summary import Share, summarise
from tb.toolchain import REPO_ROOT

TODAY = datetime.date(2030, 6, 1)
POINTS = [Point("pe", "rtl/pe/pe.sv", 2, 3, Kind.TOGGLE, f"sum_o[{bit}]:0->1") for bit in range(100)]
SOURCE = "module pe;\n  output logic [99:0] sum_o;\n"
ENTRY = Exclusion(
    "toggle", "rtl/pe/*", "sum_o[9*]:*", "sum_o", "too large", "arithmetic", datetime.date(2031, 1, 1)
)
HIT = {point for point in POINTS if not point.name.startswith("sum_o[99]")}


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    (tmp_path / "rtl" / "pe").mkdir(parents=True)
    (tmp_path / "rtl" / "pe" / "pe.sv").write_text(SOURCE, encoding="utf-8")
    return Sources(tmp_path)


def test_what_was_not_hit_is_excused(sources: Sources) -> None:
    assert apply([ENTRY], POINTS, HIT, TODAY, sources) == ({POINTS[99]: ENTRY}, [])


def test_kinds_that_were_not_counted_are_left_alone(sources: Sources) -> None:
    old = replace(ENTRY, kind="line", expires=datetime.date(2000, 1, 1))
    assert apply([old], POINTS, HIT, TODAY, sources) == ({}, [])


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"expires": datetime.date(2030, 5, 31)}, "was 2030-05-31; arithmetic must look at it again"),
    "another name": ({"name": "total_o*"}, "there is no such point any more"),
    "another file": ({"file": "rtl/core/*"}, "there is no such point any more"),
    "another line": ({"text": "sum_q"}, "there is no such point any more"),
    "not needed": ({"name": "sum_o[1*]:*"}, "tests hit all of it"),
}


@pytest.mark.parametrize("how", WRONG)
def test_an_exclusion_that_is_out_of_date_is_a_problem(sources: Sources, how: str) -> None:
    change, message = WRONG[how]
    _, problems = apply([replace(ENTRY, **change)], POINTS, HIT, TODAY, sources)
    assert len(problems) == 1
    assert message in problems[0]
    assert problems[0].startswith("tb/coverage/exclusions.toml: toggle of rtl/")


def test_a_bracket_in_a_name_is_a_bracket(sources: Sources) -> None:
    _, problems = apply([replace(ENTRY, name="sum_o[0-9]*")], POINTS, HIT, TODAY, sources)
    assert "no such point" in problems[0]


def test_too_many_are_a_problem(sources: Sources) -> None:
    few = {point for point in HIT if "[9" not in point.name}
    excused, problems = apply([ENTRY], POINTS, few, TODAY, sources)
    assert len(excused) == 11
    assert len(problems) == 1
    assert problems[0].startswith("exclusions take 11 of 100 points of kind toggle, more than 3%; hit some")


GOOD = """[[exclusion]]
kind = "toggle"
file = "rtl/*"
name = "a"
reason = "b"
owner = "c"
expires = 2030-12-31
"""
MALFORMED = {
    "no TOML": ("[[exclusion", "is not TOML"),
    "another table": ("[other]\n", "unknown table 'other'"),
    "a field too many": (GOOD + 'lines = "7"\n', "exclusion 1, lines: is no field"),
    "no owner": (GOOD.replace('owner = "c"\n', ""), "exclusion 1, owner: is missing or empty"),
    "no kind": (GOOD.replace('"toggle"', '"togle"'), "exclusion 1, kind: 'togle' is none"),
    "a date in quotes": (GOOD.replace("2030-12-31", '"2030-12-31"'), "exclusion 1, expires: is no date"),
    "a time of day": (GOOD.replace("12-31", "12-31T00:00:00"), "exclusion 1, expires: is no date"),
    "a line without text": (
        GOOD.replace('"toggle"', '"line"'),
        "exclusion 1, text: is missing, and a line is",
    ),
    "a branch of blank text": (
        GOOD.replace('"toggle"', '"branch"') + 'text = " "\n',
        "exclusion 1, text: is missing, and a branch is",
    ),
    "a number as text": (GOOD + "text = 7\n", "exclusion 1, text: is no text"),
}


@pytest.mark.parametrize("how", MALFORMED)
def test_a_wrong_file_is_named_with_its_field(tmp_path: Path, how: str) -> None:
    text, message = MALFORMED[how]
    path = tmp_path / "exclusions.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExclusionError, match=rf"exclusions\.toml: .*{message}"):
        load(path)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "exclusions.toml"
    path.write_bytes(b'reason = "\xff"')
    with pytest.raises(ExclusionError, match=r"^exclusions\.toml: is not TOML: .*; correct it"):
        load(path)


def test_the_projects_own_file_is_sound() -> None:
    assert isinstance(load(FILE), list)


def fitting(one: Exclusion) -> list[str]:
    """Name the source lines that hold an exclusion's text."""
    sources = [path.relative_to(REPO_ROOT).as_posix() for path in sorted(REPO_ROOT.glob("rtl/**/*.sv"))]
    found = []
    for file in sources:
        for at, line in enumerate(Sources().lines(file), 1):
            point = Point("", file, at, 1, Kind(one.kind), one.name.replace("*", "any"))
            if one.covers(point, line):
                found.append(f"{file}:{at}")
    return found


def test_the_text_of_an_exclusion_fits_one_line_alone() -> None:
    """So that it ends with the change of its line, and excuses no point of another one."""
    own = [one for one in load(FILE) if one.kind in NAMED_ALIKE]
    assert own
    assert [(one.title, one.text, fitting(one)) for one in own if len(fitting(one)) != 1] == []


def test_figures_count_what_was_excused_apart(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    line = Point("pe", "rtl/pe/pe.sv", 1, 1, Kind.LINE, "block")
    failed = TestOutcome("test_adder", "failed", "", 1.0)
    collected = Collected(points=[*POINTS, line], hit=HIT, tests=[failed])
    monkeypatch.setattr("tb.coverage.exclusions.Sources", lambda: sources)
    summary = summarise(collected, [ENTRY], TODAY)
    assert summary.kinds == {"toggle": Share(99, 100, 1), "line": Share(0, 1, 0)}
    assert summary.kinds["toggle"].share == 1
    assert summary.modules == {"pe": summary.kinds}
    assert summary.missed == [line]
    assert summary.problems == ["test_adder: failed; what it covered does not count"]
