"""Where the test plan stands in a run: of each feature its tests, their cases, and its coverpoints."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from reports.gate.documents import FeatureCount, LevelCount, PlanCoverage
from reports.signoff.measured import PASSED
from tb.coverage.bins import BINS_PREFIX, cross_of
from tb.coverage.exclusions import BINS, Exclusion, apply
from tb.coverage.points import Kind, Point
from tb.coverage.run import Collected, TestOutcome
from tb.coverage.summary import Summary
from tb.plan.bins import BINS as NAMED_BINS
from tb.plan.found import Found
from tb.plan.testplan import LEVELS, Feature, TestPlan, coverage_label, node_of

CROSSES_FILE = "tb/coverage/crosses"
NAMED_FILE = "tb/plan/bins.py"
"""What an exclusion of bins calls their file."""


class State(StrEnum):
    """How a feature or a test stands, the worst first."""

    FAILED = "failed"
    NOT_RUN = "not run"
    MISSED = "missed"
    """All tests passed, but not all coverpoints were hit or excused."""
    PASSED = "passed"


@dataclass(frozen=True)
class TestState:
    """A test of a feature: how many of its cases passed and failed; a test without cases did not run.

    `reported_as` is the test that runs it, if that is another one.
    """

    __test__ = False

    test: str
    reported_as: str
    passed: int
    failed: int

    @property
    def not_run(self) -> int:
        """1 if no case of it ran: how many there are is not known then."""
        return int(not self.passed and not self.failed)

    @property
    def state(self) -> State:
        """Its state; a test misses nothing."""
        return State.NOT_RUN if self.not_run else State.FAILED if self.failed else State.PASSED


@dataclass(frozen=True)
class PointState:
    """A coverpoint of a feature.

    Attributes
    ----------
    hit : bool
        Whether a test of any feature hit it.
    own : bool
        Whether a test of this feature did.
    excuse : Exclusion or None
        Why it need not be hit; None if it was, or must be.
    """

    name: str
    hit: bool
    own: bool
    excuse: Exclusion | None

    @property
    def missed(self) -> bool:
        """Whether it was neither hit nor excused."""
        return not self.hit and self.excuse is None


@dataclass(frozen=True)
class Written:
    """A coverpoint as the plan has it, and the points that it stands for: a name, all checks, a cross."""

    name: str
    points: list[PointState]


@dataclass(frozen=True)
class FeatureState:
    """A feature in a run."""

    feature: Feature
    tests: list[TestState]
    coverpoints: list[Written]

    @property
    def points(self) -> list[PointState]:
        """All of its coverpoints, each once."""
        return list({point.name: point for written in self.coverpoints for point in written.points}.values())

    @property
    def state(self) -> State:
        """The worst of its tests' states, then of its coverpoints'."""
        states = {one.state for one in self.tests}
        if any(point.missed for point in self.points):
            states.add(State.MISSED)
        return next((state for state in State if state in states), State.NOT_RUN)


@dataclass(frozen=True)
class PlanState:
    """All features, and what is wrong with the exclusions of bins."""

    features: list[FeatureState]
    problems: list[str]

    @property
    def states(self) -> list[State]:
        """Those of the features."""
        return [one.state for one in self.features]


def plan_state(
    plan: TestPlan,
    found: Found,
    collected: Collected,
    summary: Summary,
    exclusions: Sequence[Exclusion],
    today: datetime.date,
) -> PlanState:
    """Compare a plan with what ran and what it covered.

    Parameters
    ----------
    found : Found
        Tests and coverpoints that there are.
    summary : Summary
        Of the same run: says which covers of the checkers are excused.
    exclusions : sequence of Exclusion
        Those of bins are looked at.
    """
    cases = _cases(collected.tests)
    met_by = _met_by(collected, found, cases)
    of_plan = {found.reported_as(test) for feature in plan.features for test in feature.tests}
    names = {point for feature in plan.features for point in feature.points(found)}
    hit = {name for name in names if met_by.get(name, frozenset()) & of_plan}
    excuses, problems = _excuses(names, hit, summary, exclusions, today)
    features = []
    for feature in plan.features:
        own = {found.reported_as(test) for test in feature.tests}

        def point(name: str, own: set[str] = own) -> PointState:
            there = name in hit
            mine = bool(met_by.get(name, frozenset()) & own)
            return PointState(name, there, mine, None if there else excuses.get(name))

        coverpoints = [
            Written(written, [point(name) for name in sorted(_points_of(feature, written, found))])
            for written in feature.coverpoints
        ]
        tests = [_test_state(test, found.reported_as(test), cases) for test in feature.tests]
        features.append(FeatureState(feature, tests, coverpoints))
    return PlanState(features, problems)


class Unseen(StrEnum):
    """Why a coverpoint that nothing looks at while tests run is hit: its test passed (`tb.plan.bins`)."""

    VALUES = "a case for each value of the parameter, and all of the test's cases passed"
    WALK = "the test goes through all of the set, and passed"


def unseen(point: str) -> Unseen | None:
    """Say what follows from a test's having passed; None of a coverpoint that is seen to be hit."""
    bins = NAMED_BINS.get(point.removeprefix(BINS_PREFIX)) if point.startswith(BINS_PREFIX) else None
    return None if bins is None else Unseen.WALK if bins.walks else Unseen.VALUES


def hit_unseen(state: PlanState) -> dict[Unseen, int]:
    """Count the coverpoints, each once, that are hit because their test passed."""
    names = {point.name for one in state.features for point in one.points if point.hit}
    return {why: sum(unseen(name) is why for name in names) for why in Unseen}


def plan_coverage(state: PlanState) -> PlanCoverage:
    """Count coverpoints, each once, in all and by level; by feature, the cases that passed too."""
    whole = _count(state.features)
    missed = sorted({point.name for one in state.features for point in one.points if point.missed})
    by_level = {
        level: _count(of_level)
        for level in LEVELS
        if (of_level := [one for one in state.features if one.feature.level == level])
    }
    by_feature = {
        one.feature.name: FeatureCount(len(one.points), _passed(one))
        for one in sorted(state.features, key=lambda one: one.feature.name)
    }
    return PlanCoverage(
        len(state.features), whole.points, whole.hit, whole.excused, missed, by_level, by_feature
    )


def _count(features: Iterable[FeatureState]) -> LevelCount:
    points = {point.name: point for one in features for point in one.points}.values()
    excused = sum(point.excuse is not None for point in points)
    return LevelCount(len(points), sum(point.hit for point in points), excused)


def _passed(state: FeatureState) -> int:
    """Count the cases that passed, once also where one test runs several of the feature's."""
    return sum({one.reported_as: one.passed for one in state.tests}.values())


def _points_of(feature: Feature, written: str, found: Found) -> frozenset[str]:
    """Name the points that one of a feature's coverpoints, as it is written, stands for."""
    alone = Feature(feature.name, feature.level, feature.block, feature.intent, feature.tests, (written,))
    return alone.points(found)


def _cases(tests: Iterable[TestOutcome]) -> dict[str, list[str]]:
    """Collect the outcomes of each test's cases."""
    cases: dict[str, list[str]] = {}
    for one in tests:
        cases.setdefault(node_of(one.test), []).append(one.outcome)
    return cases


def _test_state(test: str, reported_as: str, cases: Mapping[str, list[str]]) -> TestState:
    outcomes = cases.get(reported_as, [])
    passed = outcomes.count(PASSED)
    return TestState(test, reported_as, passed, len(outcomes) - passed)


def _met_by(collected: Collected, found: Found, cases: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    """Map coverpoints, as plans name them, to the tests that met them."""
    by_label: dict[str, set[str]] = {}
    for case, points in collected.by_test.items():
        for point in points:
            by_label.setdefault(_label(point), set()).add(node_of(case))
    for case, bins in collected.bins.items():
        for name in bins:
            by_label.setdefault(name, set()).add(node_of(case))
    met = {}
    for name in found.points:
        tests = by_label.get(coverage_label(name) or name, set())
        if unseen(name):
            named = NAMED_BINS[name.removeprefix(BINS_PREFIX)]
            test = found.reported_as(named.test)
            if _test_state(named.test, test, cases).state is State.PASSED:
                tests = tests | {test}
        met[name] = frozenset(tests)
    return met


def _label(point: Point) -> str:
    """Name a point as `coverage_label` does."""
    return f"{point.module}.{point.name}"


def _excuses(
    names: set[str],
    hit: set[str],
    summary: Summary,
    exclusions: Sequence[Exclusion],
    today: datetime.date,
) -> tuple[dict[str, Exclusion], list[str]]:
    """Find the exclusion of each coverpoint that has one, and what is wrong with those of bins."""
    covers = {_label(point): one for point, one in summary.excused.items()}
    excuses = {name: covers[label] for name in names if (label := coverage_label(name)) in covers}
    bins = {_bin_point(name): name for name in sorted(names) if name.startswith(BINS_PREFIX)}
    excused, problems = apply(exclusions, bins, {point for point, name in bins.items() if name in hit}, today)
    return excuses | {bins[point]: one for point, one in excused.items()}, problems


def _bin_point(name: str) -> Point:
    """Return a bin as a point, so that exclusions can be held against it."""
    file = CROSSES_FILE if cross_of(name) else NAMED_FILE
    return Point(BINS, file, 0, 0, cast(Kind, BINS), name)
