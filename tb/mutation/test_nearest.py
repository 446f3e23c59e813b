"""Which tests look at a mutant, by the lines that they hit."""

from __future__ import annotations

from tb.coverage.points import Kind, Point
from tb.coverage.run import Collected, TestOutcome
from tb.mutation.mutant import Mutant, Operator
from tb.mutation.nearest import nearness

BLOCK = Point("pe", "rtl/pe/pe.sv", 7, 3, Kind.LINE, "block", "7-9,12")
BRANCH = Point("pe", "rtl/pe/pe.sv", 9, 5, Kind.BRANCH, "if")
NEVER = Point("pe", "rtl/pe/pe.sv", 20, 5, Kind.LINE, "block", "20-21")
COVER = Point("pe_checks", "tb/pe/pe_checks.sv", 7, 3, Kind.USER, "cov_both")
HITS = {"wide": [BLOCK, BRANCH, COVER], "narrow": [BLOCK], "other": [COVER]}
NEAR = nearness(
    Collected(
        points=[BLOCK, BRANCH, NEVER, COVER],
        hit={BLOCK, BRANCH, COVER},
        tests=[TestOutcome(test, "passed", "", 1.0) for test in HITS],
        by_test=HITS,
    )
)


def near_to(line: int, right: str = "a", file: str = "pe/pe.sv") -> list[str]:
    return NEAR.tests(Mutant(file, 0, 1, line, Operator.STUCK, right, "b"))


def test_who_hits_least_beside_it_looks_closest() -> None:
    assert near_to(8) == ["narrow", "wide"]
    assert near_to(12) == ["narrow", "wide"]


def test_a_mutant_of_several_lines_is_met_in_any_of_them() -> None:
    assert near_to(10) == near_to(99)  # nothing is counted there: all tests of the file
    assert near_to(9, "a\n&& b") == ["narrow", "wide"]


def test_a_line_that_nobody_hits_has_no_test() -> None:
    assert near_to(20) == []
    assert near_to(7, file="core/core.sv") == []


def test_what_checkers_count_is_no_line_of_the_design() -> None:
    assert "other" not in near_to(7)
