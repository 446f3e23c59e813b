"""Where the test plan stands: what did not run has not passed, what nobody hit is missed."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from reports.gate.documents import FeatureCount, LevelCount
from reports.signoff.plan import (
    CROSSES_FILE,
    FeatureState,
    PlanState,
    State,
    Unseen,
    hit_unseen,
    plan_coverage,
)
from reports.tests.signoff import made_up
from reports.tests.signoff.made_up import BINS, CASES, COVER, MORE, STRANGER, SUMS, TRIGGER
from tb.coverage.exclusions import Exclusion
from tb.coverage.run import Collected
from tb.plan.bins import BINS as BINS_OF_PARAMETERS
from tb.plan.bins import Bins
from tb.plan.testplan import Feature


def feature(state: PlanState, name: str) -> FeatureState:
    return next(one for one in state.features if one.feature.name == name)


def excuse_of_bin(name: str, expires: datetime.date = made_up.LATER) -> Exclusion:
    return Exclusion("bins", CROSSES_FILE, name, "", "cannot be fed", "a designer", expires)


def test_all_is_well() -> None:
    state = made_up.state(made_up.collected())
    assert state.states == [State.PASSED, State.PASSED]
    assert state.problems == []
    document = plan_coverage(state)
    assert (document.features, document.points, document.hit, document.excused) == (2, 6, 6, 0)
    assert document.by_level == {"block": LevelCount(5, 5, 0), "core": LevelCount(2, 2, 0)}
    assert document.by_feature == {"holds": FeatureCount(points=2, cases=1), "sums": FeatureCount(5, 2)}
    assert document.missed == []


def test_cases_are_counted_under_their_test() -> None:
    state = made_up.state(made_up.failing(made_up.collected(), CASES[1]))
    (sums,) = feature(state, "sums").tests
    assert (sums.passed, sums.failed, sums.not_run, sums.state) == (1, 1, 0, State.FAILED)
    assert plan_coverage(state).by_feature["sums"].cases == 1
    assert feature(state, "sums").state is State.FAILED
    assert feature(state, "holds").state is State.PASSED


def test_a_test_that_did_not_run_has_not_passed() -> None:
    state = made_up.state(made_up.without_cases(made_up.collected(), CASES[2]))
    more, inside = feature(state, "holds").tests
    assert (more.passed, more.failed, more.not_run) == (0, 0, 1)
    assert (inside.reported_as, inside.state) == (MORE, State.NOT_RUN)
    assert feature(state, "holds").state is State.NOT_RUN
    assert feature(state, "sums").state is State.PASSED


def test_a_failure_is_worse_than_what_did_not_run() -> None:
    run = made_up.without_cases(made_up.failing(made_up.collected(), CASES[0]), CASES[2])
    one = Feature("both", "block", "pe", "x", (SUMS, MORE), ("pe.cov_fp8",))
    state = made_up.state(run, plan=replace(made_up.PLAN, features=(one,)))
    assert state.states == [State.FAILED]


def test_a_cover_that_nobody_hit_is_missed_by_each_feature_that_names_it() -> None:
    state = made_up.state(made_up.without(made_up.collected(), COVER))
    assert state.states == [State.MISSED, State.MISSED]
    document = plan_coverage(state)
    assert (document.points, document.hit, document.missed) == (6, 5, ["pe.cov_fp8"])
    assert document.by_level["core"] == LevelCount(2, 1, 0)


def test_a_trigger_that_nobody_hit_is_missed() -> None:
    state = made_up.state(made_up.without(made_up.collected(), TRIGGER))
    assert plan_coverage(state).missed == ["pe.c_held"]
    assert feature(state, "holds").state is State.MISSED


def test_each_bin_of_a_cross_is_a_point() -> None:
    run = made_up.collected()
    run.bins[CASES[1]] = [BINS[2]]
    state = made_up.state(run)
    assert plan_coverage(state).missed == [BINS[3]]
    assert feature(state, "sums").state is State.MISSED
    written = feature(state, "sums").coverpoints[1]
    assert [point.name for point in written.points] == sorted(BINS)


def test_bins_of_a_parameter_are_met_when_all_cases_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BINS_OF_PARAMETERS, "pe.letters", Bins(SUMS, "letter"))
    one = Feature("letters", "block", "pe", "x", (SUMS,), ("bins:pe.letters",))
    there = replace(made_up.FOUND, points=made_up.FOUND.points | {"bins:pe.letters"})
    whole = replace(made_up.PLAN, features=(one,))

    def missed(run: Collected) -> list[str]:
        return plan_coverage(made_up.state(run, plan=whole, found=there)).missed

    assert missed(made_up.collected()) == []
    assert missed(made_up.failing(made_up.collected(), CASES[1])) == ["bins:pe.letters"]
    assert missed(made_up.without_cases(made_up.collected(), *CASES[:2])) == ["bins:pe.letters"]


def test_sets_that_are_hit_because_their_test_passed_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, found = made_up.with_sets(monkeypatch)
    run = made_up.collected()
    assert hit_unseen(made_up.state(run, plan=plan, found=found)) == {Unseen.VALUES: 2, Unseen.WALK: 1}
    failed = made_up.failing(run, CASES[1])
    assert hit_unseen(made_up.state(failed, plan=plan, found=found)) == {Unseen.VALUES: 1, Unseen.WALK: 0}


def test_what_only_tests_of_the_bench_hit_is_missed() -> None:
    run = made_up.without(made_up.collected(), COVER)
    run.by_test[STRANGER] = [COVER]
    run.hit.add(COVER)
    assert plan_coverage(made_up.state(run)).missed == ["pe.cov_fp8"]


def test_what_tests_of_other_features_hit_is_hit_and_told_apart() -> None:
    run = made_up.collected()
    for case in CASES[:2]:
        run.by_test[case] = [point for point in run.by_test[case] if point != COVER]
    point = feature(made_up.state(run), "sums").points[0]
    assert (point.name, point.hit, point.own) == ("pe.cov_fp8", True, False)
    assert feature(made_up.state(run), "holds").points[1].own


def test_excused_coverpoints() -> None:
    run = made_up.without(made_up.collected(), COVER)
    run.bins[CASES[1]] = [BINS[2]]
    of_cover = Exclusion("user", made_up.CHECKER, "cov_fp8", "", "cannot be", "a designer", made_up.LATER)
    state = made_up.state(run, of_cover, excuse_of_bin(BINS[3]))
    assert state.states == [State.PASSED, State.PASSED]
    document = plan_coverage(state)
    assert (document.hit, document.excused, document.missed) == (4, 2, [])
    reasons = {point.name: point.excuse.reason for point in feature(state, "sums").points if point.excuse}
    assert reasons == {"pe.cov_fp8": "cannot be", BINS[3]: "cannot be fed"}


@pytest.mark.parametrize(
    ("exclusion", "words"),
    [
        (excuse_of_bin("bins:pe.kinds[fp16,*]"), "tests hit all of it"),
        (excuse_of_bin("bins:pe.gone[*]"), "there is no such point any more"),
        (excuse_of_bin(BINS[3], datetime.date(2025, 1, 1)), "expires: was 2025-01-01"),
    ],
)
def test_a_stale_exclusion_of_bins_is_a_problem(exclusion: Exclusion, words: str) -> None:
    run = made_up.collected()
    run.bins[CASES[1]] = [BINS[2]]
    problems = made_up.state(run, exclusion).problems
    assert any(words in problem and exclusion.title in problem for problem in problems)


def test_an_excuse_that_is_not_needed_is_none() -> None:
    state = made_up.state(made_up.collected(), excuse_of_bin(BINS[3]))
    assert plan_coverage(state).excused == 0
    assert plan_coverage(state).hit == 6
