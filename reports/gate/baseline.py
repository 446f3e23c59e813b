"""The committed baseline: what a good run measured, and how far a later one may be worse.

One JSON file, made for reading in a pull request: a replay, a module and a tolerance take one line each, so
that a change of the design shows as the lines of the layers that it touches. The replays stand in the
network's order, all else by name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from regressions.json_codec import ResultsError, decode, encode
from regressions.run import shown
from reports.gate import tolerances
from reports.gate.documents import KINDS, Count, FeatureCount, check_count, check_features, check_sums
from reports.gate.strict_json import DocumentError, load
from reports.gate.tolerances import Tolerance

SCHEMA = 3
BROUGHT = {
    2: ("runs.*.gates", "coverage.*.seed", "faults.seed", "faults.budget_s"),
    3: ("coverage.*.plan.by_feature",),
}
"""By version the fields that it brought: older ones are read too, and these fields are unknown then."""
ONE_LINE = ("by_feature", "kinds", "modules", "replays", "tolerances")
"""Objects whose members take one line each."""
UNSORTED = ("replays",)


@dataclass(frozen=True)
class Reached:
    """Coverage: counts by kind and by module, and the functional covers and assertions that were missed."""

    kinds: dict[str, Count]
    modules: dict[str, dict[str, Count]]
    missed: list[str]


@dataclass(frozen=True)
class RunEntry:
    """A regression: the chip's memory (empty on a core), figures by replay, coverage if it was collected.

    `gates` names the run's own, all of which held; None: an older version of the file did not hold them.
    """

    gates: list[str] | None
    sram_bytes: dict[str, int]
    register_bytes: dict[str, int]
    replays: dict[str, dict[str, float]]
    coverage: Reached | None


@dataclass(frozen=True)
class PlanEntry:
    """Counts of the test plan: features, coverpoints, those hit, those excused.

    `by_feature` are those of each: what is gained in one does not make up for what is lost in another. None:
    an older version of the file did not hold them.
    """

    features: int
    points: int
    hit: int
    excused: int
    by_feature: dict[str, FeatureCount] | None


@dataclass(frozen=True)
class CoverageEntry:
    """Coverage of the tests; `coverage.missed` names coverpoints of the test plan.

    `seed` is the tests' master seed; None: an older version of the file did not hold it.
    """

    seed: int | None
    tests_passed: int
    plan: PlanEntry
    coverage: Reached

    def only(self, kinds: Collection[str]) -> CoverageEntry:
        """Return the entry as a suite of fewer kinds would have given it: it runs the same tests."""

        def of(counts: dict[str, Count]) -> dict[str, Count]:
            return {kind: count for kind, count in counts.items() if kind in kinds}

        modules = {name: of(counts) for name, counts in self.coverage.modules.items()}
        return replace(self, coverage=replace(self.coverage, kinds=of(self.coverage.kinds), modules=modules))


@dataclass(frozen=True)
class FaultsEntry:
    """The fault campaign; `survivors` are the keys of mutants that no test caught.

    `seed` and `budget_s` are as in `reports.gate.documents.FaultsDocument`; None: an older version of the
    file did not hold them.
    """

    seed: int | None
    budget_s: float | None
    mutants: int
    caught: int
    equivalent: int
    survivors: list[str]

    @property
    def score(self) -> float:
        """Share of the mutants that could be caught which were."""
        return self.caught / (self.mutants - self.equivalent)


@dataclass(frozen=True)
class Baseline:
    """All entries: runs by what was run (`figures.run_key`), coverage by suite, and the fault campaign."""

    tolerances: dict[str, Tolerance] = field(default_factory=lambda: dict(tolerances.DEFAULTS))
    runs: dict[str, RunEntry] = field(default_factory=dict)
    coverage: dict[str, CoverageEntry] = field(default_factory=dict)
    faults: FaultsEntry | None = None
    schema: int = SCHEMA


def remedy(path: Path) -> str:
    """Return what the user does about a baseline that cannot be read."""
    return f"restore it (git checkout -- {shown(path)}), or delete it and make a new one (./run baseline)"


def read(path: Path) -> Baseline:
    """Return the baseline in `path`; raises `DocumentError` if it is missing, damaged or contradictory."""
    return of_json(load(path, remedy(path)), str(shown(path)), remedy(path))


def of_json(document: Any, name: str, remedy: str) -> Baseline:
    """Return the baseline in plain JSON; raises `DocumentError` with its name and the remedy."""
    try:
        document = _current(document)
        baseline = decode(Baseline, document)
        _check(baseline)
    except ResultsError as error:
        raise DocumentError(f"{name}: {error}; {remedy}") from None
    return baseline


def _current(document: Any) -> Any:
    """Return the plain JSON of any version as that of this one; what it must hold is not null in it."""
    if not isinstance(document, dict) or "schema" not in document:
        return document
    version = document["schema"]
    if version not in (*(brought - 1 for brought in BROUGHT), SCHEMA):
        raise ResultsError(f"schema: is {version!r}, this version reads 1 to {SCHEMA}")
    document = json.loads(json.dumps(document)) | {"schema": SCHEMA}
    for brought, paths in BROUGHT.items():
        for path in paths:
            for where, entry, name in _places(document, path):
                if version < brought:
                    entry[name] = None
                elif entry.get(name, 0) is None:
                    raise ResultsError(
                        f"{where}: is null, which it is only in a file before version {brought}"
                    )
    return document


def _places(document: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield a field's full name, what holds it, and its own name; a star in `path` stands for each key."""
    *way, name = path.split(".")
    places: list[tuple[str, Any]] = [("", document)]
    for word in way:
        places = [
            (f"{where}{key}.", place[key])
            for where, place in places
            if isinstance(place, dict)
            for key in (place if word == "*" else [word])
            if key in place
        ]
    for where, entry in places:
        if isinstance(entry, dict):
            yield f"{where}{name}", entry, name


def text(baseline: Baseline) -> str:
    """Return the file's text."""
    document = _whole(encode(baseline))
    head = {"schema": document.pop("schema")}
    return _object(head | dict(sorted(document.items())), "", "") + "\n"


def write(baseline: Baseline, path: Path) -> None:
    """Write the baseline in one step; raises `DocumentError` if the file system refuses."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text(baseline), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise DocumentError(
            f"{shown(path)}: cannot be written: {error.strerror}; check space and permissions"
        ) from None


def _check(baseline: Baseline) -> None:
    tolerances.check(baseline.tolerances)
    for key, run in baseline.runs.items():
        where = f"runs.{key}"
        if not run.replays:
            raise ResultsError(f"{where}.replays: there is none")
        for name, figures in run.replays.items():
            for figure, value in figures.items():
                if not math.isfinite(value) or value < 0:
                    raise ResultsError(
                        f"{where}.replays.{name}.{figure}: is {value}, must be finite and not negative"
                    )
                if figure.partition(".")[0] not in baseline.tolerances:
                    raise ResultsError(f"{where}.replays.{name}.{figure}: unknown figure")
        if run.gates is not None and (not run.gates or len(set(run.gates)) < len(run.gates)):
            raise ResultsError(f"{where}.gates: must name at least one, and each once")
        if run.coverage is not None:
            _check_reached(run.coverage, f"{where}.coverage")
    for suite, entry in baseline.coverage.items():
        _check_reached(entry.coverage, f"coverage.{suite}.coverage")
        if entry.tests_passed < 1:
            raise ResultsError(f"coverage.{suite}.tests_passed: is {entry.tests_passed}, must be 1 at least")
        plan, missed = entry.plan, len(entry.coverage.missed)
        if plan.by_feature is not None:
            _check_features(plan, plan.by_feature, f"coverage.{suite}.plan")
        if min(plan.hit, plan.excused) < 0 or plan.hit + plan.excused + missed != plan.points:
            raise ResultsError(
                f"coverage.{suite}.plan.points: is {plan.points}, but {plan.hit} hit, {plan.excused} excused "
                f"and {missed} missed add up to {plan.hit + plan.excused + missed}"
            )
    if baseline.faults is not None:
        _check_faults(baseline.faults)


def _check_features(plan: PlanEntry, by_feature: dict[str, FeatureCount], where: str) -> None:
    check_features(plan.features, by_feature, where)
    for name, feature in by_feature.items():
        if min(feature.points, feature.cases) < 0:
            raise ResultsError(f"{where}.by_feature.{name}: is negative")


def _check_faults(faults: FaultsEntry) -> None:
    if not 0 < faults.caught <= faults.mutants - faults.equivalent:
        raise ResultsError(
            f"faults.caught: is {faults.caught} of {faults.mutants} mutants, {faults.equivalent} equivalent"
        )
    survived = faults.mutants - faults.equivalent - faults.caught
    if len(faults.survivors) != survived:
        raise ResultsError(f"faults.survivors: names {len(faults.survivors)} of {survived} mutants")


def _check_reached(reached: Reached, where: str) -> None:
    tables = [("kinds", reached.kinds), *((f"modules.{name}", one) for name, one in reached.modules.items())]
    for name, counts in tables:
        for kind, count in counts.items():
            if kind not in KINDS:
                raise ResultsError(f"{where}.{name}.{kind}: is no kind of coverage ({', '.join(KINDS)})")
            check_count(count, f"{where}.{name}.{kind}")
    check_sums(reached.kinds, reached.modules, where)


def _whole(value: Any) -> Any:
    """Return plain JSON with whole numbers as such: a figure reads alike, measured or read back."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _object(value: Any, name: str, indent: str) -> str:
    """Return `value` as JSON; `name` is its key, which says how it is laid out."""
    deeper = indent + "  "
    if isinstance(value, list) and value:
        lines = [deeper + json.dumps(item, ensure_ascii=False) for item in value]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    if not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    items: list[tuple[str, Any]] = (
        list(value.items()) if name in UNSORTED or not indent else sorted(value.items())
    )
    if name in ONE_LINE:
        lines = [f"{_name(key)}: {_line(item)}" for key, item in items]
    else:
        lines = [f"{_name(key)}: {_object(item, key, deeper)}" for key, item in items]
    return "{\n" + ",\n".join(deeper + line for line in lines) + f"\n{indent}}}"


def _name(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)
