"""Each target is seen to fail by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.gate.documents import Count, CoverageDocument, PassCount, PlanCoverage
from reports.signoff.document import coverage_document
from reports.signoff.plan import State
from reports.signoff.targets import checks, unmet
from reports.tests.signoff import made_up

STATES = [State.PASSED, State.PASSED]


def good() -> CoverageDocument:
    """Return a document that just holds every target."""
    run = made_up.collected()
    made = coverage_document(made_up.measured(run), made_up.summary(run), made_up.state(run))
    kinds = {
        "line": Count(98, 101, 1),
        "branch": Count(98, 100, 0),
        "toggle": Count(90, 103, 3),
        "user": Count(0, 9, 0),
    }
    return replace(made, kinds=kinds, modules={}, plan=PlanCoverage(2, 100, 97, 3, [], {}, {}))


def names(targets: list[str]) -> list[str]:
    return [target.partition(":")[0] for target in targets]


def failed(document: CoverageDocument, states: list[State] = STATES) -> list[str]:
    return [check.name for check in checks(document, states) if not check.passed]


def test_targets_that_just_hold() -> None:
    assert failed(good()) == []


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("line", Count(97, 100, 0)),
        ("branch", Count(97, 100, 0)),
        ("toggle", Count(89, 100, 0)),
        ("line", Count(97, 100, 1)),
        ("line", Count(0, 0, 0)),
    ],
)
def test_a_kind_below_its_target(kind: str, count: Count) -> None:
    document = good()
    document.kinds[kind] = count
    assert failed(document) == names(unmet(document, STATES)) == [f"{kind} coverage"]


def test_a_kind_that_is_all_excused() -> None:
    document = good()
    document.kinds["branch"] = Count(0, 2, 2)
    assert failed(document) == ["branch coverage", "excused points of branch"]


def test_too_many_points_excused() -> None:
    document = good()
    document.kinds["user"] = Count(96, 100, 4)
    assert failed(document) == ["excused points of user"]


def test_a_kind_that_was_not_counted() -> None:
    document = good()
    del document.kinds["toggle"]
    assert failed(document) == ["toggle coverage"]
    assert failed(replace(document, suite="quick")) == []
    del document.kinds["line"]
    assert failed(replace(document, suite="quick")) == ["line coverage"]


def test_one_coverpoint_missed() -> None:
    document = replace(good(), plan=PlanCoverage(2, 1000, 999, 0, ["pe.cov_fp8"], {}, {}))
    assert failed(document) == ["functional coverage"]


def test_too_many_excuses() -> None:
    document = replace(good(), plan=PlanCoverage(2, 100, 96, 4, [], {}, {}))
    assert failed(document) == ["excused coverpoints"]


def test_an_empty_plan_is_not_covered() -> None:
    document = replace(good(), plan=PlanCoverage(0, 0, 0, 0, [], {}, {}))
    assert failed(document, []) == ["the plan was run", "functional coverage"]


def test_a_test_that_failed() -> None:
    assert failed(replace(good(), tests=PassCount(99, 1))) == ["tests pass"]
    assert failed(replace(good(), tests=PassCount(0, 0))) == ["tests pass"]


def test_a_feature_that_was_not_run() -> None:
    states = [State.PASSED, State.NOT_RUN]
    assert failed(good(), states) == names(unmet(good(), states)) == ["the plan was run"]


def test_a_problem() -> None:
    document = replace(good(), problems=["an exclusion has expired"])
    assert failed(document) == ["exclusions and problems"]
    assert "an exclusion has expired" in checks(document, STATES)[-1].detail
    assert unmet(document, STATES) == [], "the document names problems by themselves"
