"""The three documents that a run leaves, read and checked: results, coverage of the tests, fault campaign.

``results.json`` is `regressions.results`; ``coverage.json`` and ``faults.json`` are the classes below.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from regressions.json_codec import ResultsError, decode
from regressions.results import Results
from regressions.run import shown
from reports.gate.strict_json import DocumentError, load
from reports.schema import validate

T = TypeVar("T")

COVERAGE_SCHEMA = 3
FAULTS_SCHEMA = 2
"""Versions of ``coverage.json`` and ``faults.json``."""
KINDS = ("line", "branch", "expression", "toggle", "assertion", "user")
SUITES = ("quick", "nightly")
SCORE_TOLERANCE = 1e-9
HOW_CAUGHT = ("caught", "crashed", "hung")
SURVIVED = "survived"
DIRTY = " dirty"
"""What follows a document's commit if there were changes beside it."""

RESULTS_REMEDY = "run the regression again (./run regress)"
COVERAGE_REMEDY = "measure coverage again (./run coverage)"
FAULTS_REMEDY = "run the fault campaign again (./run faults)"


@dataclass(frozen=True)
class Count:
    """Points of coverage: `hit` of `total`; `excluded` were not hit, which a reviewed exclusion excuses."""

    hit: int
    total: int
    excluded: int

    @property
    def share(self) -> float:
        """Share of the points that count: 1 where there are none."""
        counted = self.total - self.excluded
        return self.hit / counted if counted else 1.0

    @property
    def missed(self) -> int:
        """Points that were neither hit nor excused."""
        return self.total - self.excluded - self.hit


@dataclass(frozen=True)
class PassCount:
    """Tests whose coverage was merged."""

    passed: int
    failed: int


@dataclass(frozen=True)
class LevelCount:
    """Coverpoints of one level of the test plan."""

    points: int
    hit: int
    excused: int


@dataclass(frozen=True)
class FeatureCount:
    """A feature of the test plan: its coverpoints, and the cases of its tests that passed."""

    points: int
    cases: int


@dataclass(frozen=True)
class PlanCoverage:
    """Functional coverage of the test plan; `missed` names the coverpoints neither hit nor excused.

    A coverpoint counts once in the whole and in each level, and for each feature that it belongs to.
    """

    features: int
    points: int
    hit: int
    excused: int
    missed: list[str]
    by_level: dict[str, LevelCount]
    by_feature: dict[str, FeatureCount]


@dataclass(frozen=True)
class CoverageDocument:
    """``coverage.json``: what all tests of a suite reached, merged.

    `kinds` and `modules` give counts by kind; `problems` are stale or expired exclusions and the like,
    `unmet` the targets that the run does not reach (`reports.gate.targets`): each of both fails the gate.
    `rerun` is the command that measures it again, `started` when that began (ISO 8601 with its zone),
    `wall_s` the time that it took.
    """

    schema: int
    suite: str
    seed: int
    git: str
    tools: dict[str, str]
    started: str
    wall_s: float
    rerun: str
    tests: PassCount
    kinds: dict[str, Count]
    modules: dict[str, dict[str, Count]]
    plan: PlanCoverage
    unmet: list[str]
    problems: list[str]


@dataclass(frozen=True)
class Caught:
    """Mutants of one file or operator."""

    mutants: int
    caught: int
    equivalent: int


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test caught: source line, the right text and the faulty one, the nearest tests.

    `file` is below the repository's root; so is that of `Equivalent`. `met_suite` says whether it met, after
    those of its room, the tests nearest to it as far as its time went, if there are any.
    """

    key: str
    file: str
    line: int
    operator: str
    right: str
    faulty: str
    nearest: list[str]
    met_suite: bool


@dataclass(frozen=True)
class Equivalent:
    """A mutant that is no fault, and the written reason or proof for that."""

    key: str
    file: str
    line: int
    operator: str
    right: str
    faulty: str
    reason: str


@dataclass(frozen=True)
class FaultsDocument:
    """``faults.json``: the share of mutants of the RTL that the tests caught.

    `score` is ``caught / (mutants - equivalent)``; an equivalent mutant has a written reason or a proof.
    `verdicts` says how the caught ones were: a test failed, the model crashed, or the test hung. `judged` has
    of each mutant that is a fault its key, its verdict, and the test that caught it, or nothing.
    `seed` is that of the draw, `budget_s` the time of its room's tests that a mutant met at most; `started`
    is as in `CoverageDocument`.
    """

    schema: int
    seed: int
    budget_s: float
    git: str
    tools: dict[str, str]
    started: str
    wall_s: float
    rerun: str
    mutants: int
    caught: int
    equivalent: int
    survived: int
    score: float
    verdicts: dict[str, int]
    judged: list[list[str]]
    files: dict[str, Caught]
    operators: dict[str, Caught]
    survivors: list[Survivor]
    equivalents: list[Equivalent]
    problems: list[str]


def read_results(path: Path) -> Results:
    """Return the checked results of a regression; raises `DocumentError`."""

    def build(document: Any) -> Results:
        results = Results.from_json(document)
        validate(results)
        return results

    return _read(path, RESULTS_REMEDY, build)


def read_coverage(path: Path) -> CoverageDocument:
    """Return the checked coverage of the tests; raises `DocumentError`."""
    return _read(path, COVERAGE_REMEDY, coverage_of)


def read_faults(path: Path) -> FaultsDocument:
    """Return the checked result of the fault campaign; raises `DocumentError`."""
    return _read(path, FAULTS_REMEDY, faults_of)


def _read(path: Path, remedy: str, build: Callable[[Any], T]) -> T:
    document = load(path, remedy)
    try:
        return build(document)
    except ResultsError as error:
        raise DocumentError(f"{shown(path)}: {error}; {remedy}") from None


def coverage_of(document: object) -> CoverageDocument:
    """Return the plain JSON `document` as its dataclass; raises `ResultsError`, which names the field."""
    _check_schema(document, COVERAGE_SCHEMA)
    coverage = decode(CoverageDocument, document)
    if coverage.suite not in SUITES:
        raise ResultsError(f"suite: is {coverage.suite!r}, must be one of {', '.join(SUITES)}")
    _check_started(coverage.started)
    _check_numbers({"wall_s": coverage.wall_s, **_prefixed("tests", vars(coverage.tests))})
    for name, counts in (("kinds", coverage.kinds), *_modules(coverage)):
        for kind, count in counts.items():
            if kind not in KINDS:
                raise ResultsError(f"{name}.{kind}: is no kind of coverage ({', '.join(KINDS)})")
            check_count(count, f"{name}.{kind}")
    check_sums(coverage.kinds, coverage.modules)
    _check_plan(coverage.plan)
    return coverage


def faults_of(document: object) -> FaultsDocument:
    """Return the plain JSON `document` as its dataclass; raises `ResultsError`, which names the field."""
    _check_schema(document, FAULTS_SCHEMA)
    faults = decode(FaultsDocument, document)
    _check_started(faults.started)
    numbers = ("budget_s", "wall_s", "mutants", "caught", "equivalent", "survived", "score")
    _check_numbers({name: getattr(faults, name) for name in numbers})
    judged = faults.caught + faults.equivalent + faults.survived
    if judged != faults.mutants:
        raise ResultsError(
            f"mutants: is {faults.mutants}, but caught, equivalent and survived add up to {judged}"
        )
    counted = faults.mutants - faults.equivalent
    if not counted:
        raise ResultsError("mutants: none was judged")
    if abs(faults.score - faults.caught / counted) > SCORE_TOLERANCE:
        raise ResultsError(
            f"score: is {faults.score}, but caught / counted mutants = {faults.caught / counted:.6g}"
        )
    _check_verdicts(faults)
    for name, listed, number in (
        ("survivors", faults.survivors, faults.survived),
        ("equivalents", faults.equivalents, faults.equivalent),
    ):
        if len({one.key for one in listed}) != len(listed):
            raise ResultsError(f"{name}: names a mutant twice")
        if len(listed) != number:
            raise ResultsError(f"{name}: names {len(listed)} of {number} mutants")
    for number, one in enumerate(faults.equivalents):
        if not one.reason.strip():
            raise ResultsError(f"equivalents[{number}].reason: is empty")
    for table in ("files", "operators"):
        for name, part in getattr(faults, table).items():
            _check_numbers(_prefixed(f"{table}.{name}", vars(part)))
            if part.caught + part.equivalent > part.mutants:
                raise ResultsError(
                    f"{table}.{name}: more caught and equivalent than its {part.mutants} mutants"
                )
    return faults


def _check_verdicts(faults: FaultsDocument) -> None:
    if tuple(faults.verdicts) != HOW_CAUGHT:
        raise ResultsError(f"verdicts: must be those of {', '.join(HOW_CAUGHT)}")
    _check_numbers(_prefixed("verdicts", faults.verdicts))
    for number, one in enumerate(faults.judged):
        if len(one) != 3 or one[1] not in (*HOW_CAUGHT, SURVIVED):
            raise ResultsError(f"judged[{number}]: is {one!r}, must be key, verdict and test")
    if len({key for key, _, _ in faults.judged}) != len(faults.judged):
        raise ResultsError("judged: names a mutant twice")
    listed = Counter(verdict for _, verdict, _ in faults.judged)
    counts = {**faults.verdicts, SURVIVED: faults.survived}
    for verdict, number in counts.items():
        if listed[verdict] != number:
            raise ResultsError(f"judged: lists {listed[verdict]} of {number} mutants that {verdict}")
    if sum(faults.verdicts.values()) != faults.caught:
        raise ResultsError(f"verdicts: do not add up to the {faults.caught} mutants that were caught")


def check_count(count: Count, where: str) -> None:
    """Raise `ResultsError` if `count` contradicts itself."""
    if min(count.hit, count.total, count.excluded) < 0 or count.missed < 0:
        raise ResultsError(f"{where}: is {_text(count)}")


def check_features(features: int, by_feature: Mapping[str, FeatureCount], where: str) -> None:
    """Raise `ResultsError` if not all features of a test plan are listed."""
    if len(by_feature) != features:
        raise ResultsError(f"{where}.by_feature: lists {len(by_feature)} of {features} features")


def check_sums(
    kinds: Mapping[str, Count], modules: Mapping[str, Mapping[str, Count]], where: str = ""
) -> None:
    """Raise `ResultsError` if the modules' counts do not add up to those by kind."""
    prefix = f"{where}." if where else ""
    for kind, count in kinds.items():
        parts = [counts[kind] for counts in modules.values() if kind in counts]
        summed = Count(*(sum(getattr(part, name) for part in parts) for name in ("hit", "total", "excluded")))
        if summed != count:
            raise ResultsError(
                f"{prefix}kinds.{kind}: is {_text(count)}, but its modules add up to {_text(summed)}"
            )


def _check_schema(document: object, version: int) -> None:
    if isinstance(document, dict) and document.get("schema", version) != version:
        raise ResultsError(f"schema: is {document['schema']!r}, this version reads {version}")


def _check_started(started: str) -> None:
    try:
        zone = datetime.fromisoformat(started).tzinfo
    except ValueError:
        zone = None
    if zone is None:
        raise ResultsError(f"started: is {started!r}, must be an ISO 8601 time with its zone")


def _modules(coverage: CoverageDocument) -> Iterator[tuple[str, dict[str, Count]]]:
    for module, counts in coverage.modules.items():
        yield f"modules.{module}", counts


def _check_plan(plan: PlanCoverage) -> None:
    _check_numbers(
        {f"plan.{name}": getattr(plan, name) for name in ("features", "points", "hit", "excused")}
        | {
            f"plan.{table}.{part}.{name}": value
            for table in ("by_level", "by_feature")
            for part, count in getattr(plan, table).items()
            for name, value in vars(count).items()
        }
    )
    check_features(plan.features, plan.by_feature, "plan")
    left = plan.points - plan.hit - plan.excused
    if left != len(plan.missed):
        raise ResultsError(
            f"plan.missed: names {len(plan.missed)} coverpoints, "
            f"but {plan.points} points less {plan.hit} hit and {plan.excused} excused leave {left}"
        )
    if len(set(plan.missed)) != len(plan.missed):
        raise ResultsError("plan.missed: names a coverpoint twice")


def _prefixed(prefix: str, numbers: Mapping[str, float]) -> dict[str, float]:
    return {f"{prefix}.{name}": value for name, value in numbers.items()}


def _check_numbers(numbers: Mapping[str, float]) -> None:
    for name, value in numbers.items():
        if not math.isfinite(value) or value < 0:
            raise ResultsError(f"{name}: is {value}, must be finite and not negative")


def _text(count: Count) -> str:
    return f"{count.hit} of {count.total}, {count.excluded} excluded"
