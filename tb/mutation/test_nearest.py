"""Which tests look at a mutant, by the lines that they hit."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from tb.coverage.design import design_digest
from tb.coverage.points import Kind, Point
from tb.coverage.run import Collected, TestOutcome
from tb.coverage.worker import Plan
from tb.mutation.mutant import Mutant, Operator
from tb.mutation.nearest import last, nearness

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


def test_no_time_says_who_is_near_but_every_hit_does() -> None:
    other = replace(NEAR, seconds=dict.fromkeys(NEAR.seconds, 9.0))
    assert other.digest == NEAR.digest
    less = {**NEAR.by_line, ("rtl/pe/pe.sv", 8): {"wide"}}
    assert replace(NEAR, by_line=less).digest != NEAR.digest


def test_a_mutant_of_several_lines_is_met_in_any_of_them() -> None:
    assert near_to(10) == near_to(99)  # nothing is counted there: all tests of the file
    assert near_to(9, "a\n&& b") == ["narrow", "wide"]


def test_a_line_that_nobody_hits_has_no_test() -> None:
    assert near_to(20) == []
    assert near_to(7, file="core/core.sv") == []


def test_what_checkers_count_is_no_line_of_the_design() -> None:
    assert "other" not in near_to(7)


def test_what_was_measured_on_another_design_says_nothing(tmp_path: Path) -> None:
    test = {
        "test": "narrow",
        "outcome": "passed",
        "text": "",
        "seconds": 1.0,
        "hits": [0],
        "others": [],
        "bins": [],
    }
    records = [{"point": list(asdict(BLOCK).values())}, test, {"done": "narrow"}]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    assert last(tmp_path) is None
    (tmp_path / "part0.jsonl").write_text(lines, encoding="utf-8")
    for design, known in ((design_digest(), True), ("another", False)):
        Plan("quick", 1, [], [], str(tmp_path), design).save(tmp_path / "plan.json")
        assert (last(tmp_path) is not None) == known
    (tmp_path / "plan.json").write_text("damaged", encoding="utf-8")
    assert last(tmp_path) is None
