"""The test plan: `testplan.toml` as data, and its comparison with the tests and coverpoints that there are.

The head of the file says how it is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tb.coverage.bins import BINS_PREFIX, OPEN, cross_of
from tb.plan.bins import BINS
from tb.plan.found import CASES, Found, bins_problem
from tb.toml_tables import read_tables, refuse_others, shown_name, texts_of
from tb.toolchain import REPO_ROOT

PLAN_FILE = Path(__file__).with_name("testplan.toml")

LEVELS = {
    "arithmetic": ("arith",),
    "block": ("mem", "pe", "line", "balancer"),
    "core": ("core",),
    "central": ("feeder", "result", "central"),
    "chip": ("chip", "registers", "memory"),
}
"""Blocks of the design, by the level at which they are tested."""

ALL_CHECKS = ".c_*"
FEATURE_FIELDS = ("name", "level", "block", "intent", "tests", "coverpoints")
BENCH_FIELDS = ("name", "intent", "tests")
LISTS = ("tests", "coverpoints")


class PlanError(ValueError):
    """The plan's file is not what it must be."""


@dataclass(frozen=True)
class Feature:
    """What the design must do, the tests that show it, and the points that show that they did.

    Attributes
    ----------
    level, block
        Where it is tested: a key of `LEVELS` and one of its blocks.
    tests
        Node ids without parameters.
    coverpoints
        As written: names, ``module.c_*`` for all checks of a module, ``bins:cross`` for all bins of a cross.
    """

    name: str
    level: str
    block: str
    intent: str
    tests: tuple[str, ...]
    coverpoints: tuple[str, ...]

    def points(self, found: Found) -> frozenset[str]:
        """Name its points one by one."""
        return frozenset(point for written in self.coverpoints for point in _points_of(written, found))


@dataclass(frozen=True)
class Bench:
    """Tests of the tools, which keep the others honest; one without ``::`` is a whole file or folder."""

    name: str
    intent: str
    tests: tuple[str, ...]

    def node_ids(self, found: Found) -> frozenset[str]:
        """Name its tests one by one."""
        return frozenset(
            test
            for written in self.tests
            for test in found.tests
            if test == written or ("::" not in written and test.startswith((f"{written}::", f"{written}/")))
        )


@dataclass(frozen=True)
class TestPlan:
    """All features, and the tests of the bench."""

    __test__ = False  # pytest takes it for a class of tests by its name

    file: str
    features: tuple[Feature, ...]
    bench: tuple[Bench, ...]


def load(path: Path = PLAN_FILE) -> TestPlan:
    """Read a plan.

    Raises
    ------
    PlanError
        With the file, the entry, the field, and what to do about it.
    """
    file = shown_name(path)
    tables = read_tables(path, ["feature", "bench"], PlanError)
    features = tuple(
        Feature(**_fields(file, "feature", table, FEATURE_FIELDS)) for table in tables["feature"]
    )
    bench = tuple(Bench(**_fields(file, "bench", table, BENCH_FIELDS)) for table in tables["bench"])
    for feature in features:
        where = f"{file}: feature '{feature.name}'"
        if feature.level not in LEVELS:
            raise PlanError(f"{where}, level: '{feature.level}' is none; use one of {', '.join(LEVELS)}")
        if feature.block not in LEVELS[feature.level]:
            raise PlanError(
                f"{where}, block: '{feature.block}' is no block of level {feature.level}; "
                f"use one of {', '.join(LEVELS[feature.level])}"
            )
    for name, count in Counter([entry.name for entry in features] + [entry.name for entry in bench]).items():
        if count > 1:
            raise PlanError(f"{file}: entry '{name}', name: {count} entries have it; rename or merge them")
    return TestPlan(file, features, bench)


def _fields(file: str, kind: str, table: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """Check one table's fields for their presence and types, and turn lists to tuples."""
    where = f"{file}: {kind} '{table.get('name', '')}'"
    refuse_others(where, table, fields, PlanError)
    values: dict[str, Any] = dict(
        texts_of(where, table, [field for field in fields if field not in LISTS], PlanError)
    )
    for field in (field for field in fields if field in LISTS):
        value = table.get(field)
        if not isinstance(value, list) or not value:
            what = "test" if field == "tests" else "coverpoint"
            raise PlanError(f"{where}, {field}: it has none; name at least one {what}")
        for entry in value:
            if not isinstance(entry, str):
                raise PlanError(f"{where}, {field}: {entry!r} is no text; put it in quotes")
            if value.count(entry) > 1:
                raise PlanError(f"{where}, {field}: '{entry}' stands there twice; remove one")
        values[field] = tuple(value)
    return values


def problems(plan: TestPlan, found: Found, root: Path = REPO_ROOT) -> list[str]:
    """Compare a plan with what there is, both ways.

    Returns
    -------
    list of str
        A line for each unknown test or point, each test or point outside the plan, each name of bins
        that measures nothing, and each file of cases that no test runs; each with what to do about it.
    """
    files = sorted({test.partition("::")[0] for test in found.tests})
    never_run = [file for file in files if file.endswith(CASES) and file not in found.runners]
    found_problems = (bins_problem(name, bins, found.tests, root) for name, bins in BINS.items())
    return [
        *_unknown(plan, found),
        *_outside(plan, found),
        *(problem for problem in found_problems if problem),
        *(f"{file}: no test runs these cases; name its module in a test beside it" for file in never_run),
    ]


def _unknown(plan: TestPlan, found: Found) -> Iterator[str]:
    """Tell of what the plan names and nobody has."""
    for feature in plan.features:
        where = f"{plan.file}: feature '{feature.name}'"
        for test in feature.tests:
            if test not in found.tests:
                yield f"{where}, tests: there is no test {test}; correct or remove it"
        for written in feature.coverpoints:
            points = _points_of(written, found)
            if not points:
                yield f"{where}, coverpoints: no check matches {written}; correct or remove it"
            elif not found.points.issuperset(points):
                yield f"{where}, coverpoints: nothing measures {written}; correct or remove it"
            elif (bins := BINS.get(written.removeprefix(BINS_PREFIX))) and bins.test not in feature.tests:
                yield f"{where}, coverpoints: {written} is measured by {bins.test}; add that to its tests"
    for bench in plan.bench:
        for test in bench.tests:
            if not Bench("", "", (test,)).node_ids(found):
                yield f"{plan.file}: bench '{bench.name}', tests: there is no {test}; correct or remove it"


def _outside(plan: TestPlan, found: Found) -> Iterator[str]:
    """Tell of what there is and the plan does not name, or names as both design's and bench's."""
    of_design = {test for feature in plan.features for test in feature.tests}
    of_bench = {test for bench in plan.bench for test in bench.node_ids(found)}
    for test in sorted(found.tests.keys() - of_design - of_bench):
        yield f"{plan.file}: test {test} is outside the plan; add it to the feature or bench that it is for"
    for test in sorted(of_design & of_bench):
        yield f"{plan.file}: test {test} stands under a feature and under bench; remove it from one of them"
    planned = {point for feature in plan.features for point in feature.points(found)}
    for point in sorted({_cross_point(point) for point in found.points - planned}):
        yield f"{plan.file}: coverpoint {point} is outside the plan; add it to the feature that it shows"


def _points_of(written: str, found: Found) -> list[str]:
    """List the points that a coverpoint as it is written stands for: of ``module.c_*`` all that there are."""
    if written.endswith(ALL_CHECKS):
        return [point for point in found.points if point.startswith(written.removesuffix("*"))]
    bins = [point for point in found.points if point.startswith(f"{written}{OPEN}")]
    return bins or [written]


def _cross_point(point: str) -> str:
    """Return a coverpoint as plans have it: a bin of a cross as its cross."""
    cross = cross_of(point)
    return f"{BINS_PREFIX}{cross}" if cross else point


def coverage_label(point: str) -> str | None:
    """Name a coverpoint as coverage files do (``checker.label``); None for bins, which tests meet.

    Bins of a cross (`tb.coverage.bins.cross_of`) are met when a test takes them; other bins when the cases of
    their test passed.

    The benches' own checks stand in modules without the suffix.
    """
    if point.startswith(BINS_PREFIX):
        return None
    module, _, label = point.partition(".")
    return f"{module}.{label}" if module.endswith("_bench") else f"{module}_checks.{label}"


def node_of(case: str) -> str:
    """Return the node id, as plans have it, of a case as pytest reports it (``file::test[parameters]``)."""
    return case.partition("[")[0]
