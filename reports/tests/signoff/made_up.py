"""A made-up design of one file and its checker, a plan and tests for it, and what they covered: all is well.

Tests take it apart: they leave something out, or make something fail, and look at what is told.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from reports.signoff.measured import Measured, Record
from reports.signoff.plan import PlanState, plan_state
from tb.coverage.design import code_digest, design_digest
from tb.coverage.exclusions import Exclusion
from tb.coverage.points import Kind, Point
from tb.coverage.run import Collected, TestOutcome
from tb.coverage.summary import Summary, summarise
from tb.coverage.worker import BY_TEST
from tb.plan.bins import BINS as NAMED_BINS
from tb.plan.bins import Bins
from tb.plan.found import Found
from tb.plan.testplan import Feature, TestPlan

TODAY = datetime.date(2026, 1, 1)
LATER = datetime.date(2027, 1, 1)
RTL = "rtl/pe/pe.sv"
CHECKER = "tb/pe/pe_checks.sv"
CASES = ("tb/pe/test_pe.py::test_sums[a]", "tb/pe/test_pe.py::test_sums[b]", "tb/pe/test_pe.py::test_more")
SUMS, MORE = "tb/pe/test_pe.py::test_sums", "tb/pe/test_pe.py::test_more"
STRANGER = "tb/pe/test_pe.py::test_of_the_bench"
CASE_FILE = "tb/pe/pe_cases.py"

LINE = Point("pe", RTL, 24, 3, Kind.LINE, "block", "24-26")
IF = Point("pe", RTL, 42, 5, Kind.BRANCH, "if", "42,46")
ELSE = Point("pe", RTL, 42, 6, Kind.BRANCH, "else", "")
TERM = Point("pe", RTL, 43, 12, Kind.EXPRESSION, "(wide_i==1) => 1", "")
WAYS = ("0->1", "1->0")
BITS = [Point("pe", RTL, 22, 9, Kind.TOGGLE, f"first_q[{bit}]:{way}") for bit in range(4) for way in WAYS]
COVER = Point("pe_checks", CHECKER, 30, 27, Kind.USER, "cov_fp8", "30")
TRIGGER = Point("pe_checks", CHECKER, 31, 27, Kind.ASSERTION, "c_held", "31")
POINTS = [LINE, IF, ELSE, TERM, *BITS, COVER, TRIGGER]
BINS = [f"bins:pe.kinds[{a},{b}]" for a in ("fp16", "fp8") for b in ("one", "zero")]

FEATURES = (
    Feature("sums", "block", "pe", "Sums are right.", (SUMS,), ("pe.cov_fp8", "bins:pe.kinds")),
    Feature("holds", "core", "core", "It holds.", (MORE, f"{CASE_FILE}::inside"), ("pe.c_*", "pe.cov_fp8")),
)
PLAN = TestPlan("testplan.toml", FEATURES, ())
FOUND = Found(
    tests={test: frozenset() for test in (SUMS, MORE, STRANGER, f"{CASE_FILE}::inside")},
    points=frozenset({"pe.cov_fp8", "pe.c_held", *BINS}),
    runners={CASE_FILE: MORE},
)
EXCLUSION = Exclusion("branch", RTL, "else", "", "the reset comes first", "a designer", LATER)


def collected(*, points: Iterable[Point] = POINTS) -> Collected:
    """Return a run in which every case passed and hit everything, and the first two met all bins."""
    there = sorted(points)
    by_test = {case: [point for point in there if point.kind in BY_TEST] for case in CASES}
    return Collected(
        points=there,
        hit=set(there),
        tests=[TestOutcome(case, "passed", "", 1.0 + at) for at, case in enumerate(sorted(CASES))],
        by_test=by_test,
        bins={CASES[0]: BINS[:3], CASES[1]: BINS[2:], CASES[2]: []},
    )


def without(run: Collected, *points: Point) -> Collected:
    """Return a run in which nobody hit these points."""
    gone = set(points)
    by_test = {case: [one for one in hits if one not in gone] for case, hits in run.by_test.items()}
    return replace(run, hit=run.hit - gone, by_test=by_test)


def without_cases(run: Collected, *cases: str) -> Collected:
    """Return a run in which these cases did not run."""
    by_test = {case: hits for case, hits in run.by_test.items() if case not in cases}
    bins = {case: names for case, names in run.bins.items() if case not in cases}
    left = {point for hits in by_test.values() for point in hits}
    hit = {point for point in run.hit if point in left or point.kind not in BY_TEST}
    tests = [one for one in run.tests if one.test not in cases]
    return replace(run, hit=hit, tests=tests, by_test=by_test, bins=bins)


def failing(run: Collected, case: str, text: str = "assert 1 == 2") -> Collected:
    """Return a run in which a case failed, so that what it covered does not count."""
    tests = [
        TestOutcome(one.test, "failed", text, one.seconds) if one.test == case else one for one in run.tests
    ]
    by_test, bins = {**run.by_test, case: []}, {**run.bins, case: []}
    return replace(run, tests=tests, by_test=by_test, bins=bins)


def record(**fields: object) -> Record:
    """Return what a run was measured on: the design as it is."""
    started = "2026-01-01T08:00:00+00:00"
    base = Record(1, "0123456789abcdef", {"verilator": "5.48"}, started, 12.5, design_digest(), code_digest())
    return replace(base, **fields)  # type: ignore[arg-type]


def measured(run: Collected, *, suite: str = "nightly", whole: bool = True) -> Measured:
    """Return a run with its record."""
    return Measured(suite, record(), run, frozenset({SUMS, MORE}), whole)


def summary(run: Collected, *exclusions: Exclusion) -> Summary:
    """Return the figures of a run."""
    return summarise(run, exclusions, TODAY)


def state(run: Collected, *exclusions: Exclusion, plan: TestPlan = PLAN, found: Found = FOUND) -> PlanState:
    """Return where the plan stands in a run."""
    return plan_state(plan, found, run, summary(run, *exclusions), exclusions, TODAY)


def with_sets(monkeypatch: pytest.MonkeyPatch) -> tuple[TestPlan, Found]:
    """Register sets that are hit because their test passed; return plan and findings with them."""
    sets = {
        "pe.letters": Bins(SUMS, "letter"),
        "pe.walk": Bins(SUMS, walks="tb/pe/test_pe.py::WALK"),
        "pe.inside": Bins(f"{CASE_FILE}::inside", "inner"),
    }
    for name, bins in sets.items():
        monkeypatch.setitem(NAMED_BINS, name, bins)
    points = tuple(f"bins:{name}" for name in sets)
    feature = Feature("stimulus", "block", "pe", "All is fed.", (SUMS, f"{CASE_FILE}::inside"), points)
    found = replace(FOUND, points=FOUND.points | set(points))
    return replace(PLAN, features=(*FEATURES, feature)), found


def write_source(root: Path, text: str, file: str = RTL) -> None:
    """Write a source file below a root."""
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
