"""States of source lines, and which tests hit them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.signoff.annotate import Annotated, Line, annotate
from reports.tests.signoff import made_up
from reports.tests.signoff.made_up import BITS, CASES, COVER, ELSE, EXCLUSION, IF, LINE, RTL, TERM
from tb.coverage.exclusions import Exclusion, Sources
from tb.coverage.points import Kind, Point
from tb.coverage.run import Collected


def of_rtl(run: Collected, root: Path, *exclusions: Exclusion) -> Annotated:
    made_up.write_source(root, "\n".join(f"line {number}" for number in range(1, 61)))
    files = annotate(run, made_up.summary(run, *exclusions), Sources(root))
    return next(one for one in files if one.file == RTL)


def line(annotated: Annotated, number: int) -> Line:
    found = annotated.lines[number - 1]
    assert found.number == number
    return found


def names(annotated: Annotated, number: int) -> list[str]:
    chosen = line(annotated, number).tests
    assert chosen is not None
    return [annotated.cases[at] for at in annotated.sets[chosen]]


def test_lines_of_a_point() -> None:
    point = Point("pe", RTL, 7, 1, Kind.LINE, "block", "7-9,12")
    assert list(point.source_lines()) == [7, 8, 9, 12]
    assert list(ELSE.source_lines()) == [42]


def test_everything_hit(tmp_path: Path) -> None:
    annotated = of_rtl(made_up.collected(), tmp_path)
    states = {one.number: one.state for one in annotated.lines if one.state}
    assert states == dict.fromkeys((22, 24, 25, 26, 42, 43, 46), "hit")
    assert len(annotated.lines) == 60
    assert line(annotated, 25).text == "line 25"


def test_a_missed_block_is_missed_in_all_its_lines_and_told_once(tmp_path: Path) -> None:
    annotated = of_rtl(made_up.without(made_up.collected(), LINE), tmp_path)
    assert [line(annotated, number).state for number in (24, 25, 26)] == ["missed"] * 3
    assert line(annotated, 24).notes == ["missed: line block"]
    assert line(annotated, 25).notes == []
    assert names(annotated, 24) == []


def test_one_of_two_branches_missed(tmp_path: Path) -> None:
    annotated = of_rtl(made_up.without(made_up.collected(), ELSE), tmp_path)
    assert line(annotated, 42).state == "partly"
    assert line(annotated, 42).notes == ["missed: branch else"]
    assert line(annotated, 46).state == "hit"
    annotated = of_rtl(made_up.without(made_up.collected(), IF), tmp_path)
    assert [line(annotated, number).state for number in (42, 46)] == ["partly", "missed"]


def test_what_is_excluded(tmp_path: Path) -> None:
    run = made_up.without(made_up.collected(), ELSE)
    annotated = of_rtl(run, tmp_path, EXCLUSION)
    assert line(annotated, 42).state == "hit"
    (note,) = line(annotated, 42).notes
    assert note == "excluded: branch else: the reset comes first (a designer, until 2027-01-01)"
    annotated = of_rtl(made_up.without(run, IF), tmp_path, EXCLUSION)
    assert line(annotated, 42).state == "partly"
    alone = Collected(points=[ELSE], tests=run.tests)
    assert line(of_rtl(alone, tmp_path, EXCLUSION), 42).state == "excluded"


def test_bits_that_did_not_change(tmp_path: Path) -> None:
    annotated = of_rtl(made_up.without(made_up.collected(), *BITS[:4]), tmp_path)
    assert line(annotated, 22).state == "partly"
    assert line(annotated, 22).notes == ["missed: toggle first_q[1:0] both ways"]
    assert line(annotated, 22).tests is None
    assert line(annotated, 43).tests is None
    annotated = of_rtl(made_up.without(made_up.collected(), TERM), tmp_path)
    assert line(annotated, 43).notes == ["missed: expression (wide_i==1) => 1"]


def test_which_tests_hit_a_line(tmp_path: Path) -> None:
    run = made_up.collected()
    run.by_test[CASES[1]].remove(LINE)
    run.by_test[CASES[0]].remove(IF)
    run.by_test[CASES[0]].remove(ELSE)
    annotated = of_rtl(run, tmp_path)
    assert names(annotated, 25) == [CASES[2], CASES[0]]
    assert names(annotated, 42) == [CASES[2], CASES[1]]
    assert names(annotated, 46) == [CASES[2], CASES[1]]
    assert len(annotated.sets) == 2
    assert line(annotated, 1).tests is None


def test_the_tests_of_a_page_are_packed(tmp_path: Path) -> None:
    """The script counts cases through the tests in their order: they must be in that of the numbers."""
    run = made_up.collected()
    other = "tb/pe/test_pe.py::test_sums2"
    run.by_test[other] = [LINE]
    annotated = of_rtl(run, tmp_path)
    assert annotated.cases == [CASES[2], CASES[0], CASES[1], other]
    packed = annotated.packed()
    assert packed["tests"] == [
        (made_up.MORE, [""]),
        (made_up.SUMS, ["[a]", "[b]"]),
        (other, [""]),
    ]
    sets = packed["sets"]
    assert isinstance(sets, list)
    assert sorted(sets) == ["0-2", "0-3"]


@pytest.mark.parametrize("text", ["", "short\n"])
def test_a_source_that_is_gone_or_shorter(tmp_path: Path, text: str) -> None:
    made_up.write_source(tmp_path, text)
    run = made_up.collected()
    files = annotate(run, made_up.summary(run), Sources(tmp_path))
    assert [one.file for one in files] == [RTL, COVER.file]
    assert len(files[0].lines) == 46
    assert files[0].lines[45].state == "hit"
