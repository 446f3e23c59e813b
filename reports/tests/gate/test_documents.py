"""Documents that cannot be compared: the message names file, field and remedy, and the status is 2."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.gate.documents import coverage_of, faults_of
from reports.tests.gate import documents
from reports.tests.gate.conftest import Project
from reports.tests.gate.documents import Json, changed, without


def test_sound_documents_are_read() -> None:
    assert coverage_of(documents.coverage()).kinds["line"].share == 81 / 82
    assert faults_of(documents.faults()).survivors[0].line == 71


COVERAGE: dict[str, tuple[Callable[[Json], Json], str]] = {
    "missing field": (lambda one: without(one, "tests/failed"), "tests.failed: missing"),
    "unknown field": (lambda one: {**one, "extra": 1}, "extra: unknown field"),
    "wrong type": (lambda one: {**one, "seed": "1"}, "seed: is '1', must be a whole number"),
    "other schema": (lambda one: {**one, "schema": 2}, "schema: is 2, this version reads 3"),
    "a feature that is not listed": (
        lambda one: without(one, "plan/by_feature/pe.sums"),
        "plan.by_feature: lists 2 of 3 features",
    ),
    "no start": (lambda one: {**one, "started": "today"}, "started: is 'today', must be an ISO 8601 time"),
    "a start without zone": (
        lambda one: {**one, "started": "2025-01-01T02:15:00"},
        "started: is '2025-01-01T02:15:00'",
    ),
    "unknown suite": (lambda one: {**one, "suite": "weekly"}, "suite: is 'weekly', must be one of"),
    "missing count": (lambda one: changed(one, "kinds/line", lambda _: {}), "kinds.line.hit: missing"),
    "new kind": (
        lambda one: {**one, "kinds": {**one["kinds"], "fsm": documents.count(1, 1)}},
        "kinds.fsm: is no kind of coverage",
    ),
    "more hit than there are": (
        lambda one: changed(one, "modules/pe/line/hit", lambda n: n + 1),
        "modules.pe.line: is 25 of 24, 0 excluded",
    ),
    "sums differ": (
        lambda one: changed(one, "kinds/line/hit", lambda n: n - 1),
        "kinds.line: is 80 of 82, 0 excluded, but its modules add up to 81 of 82",
    ),
    "missed points": (
        lambda one: changed(one, "plan/hit", lambda n: n - 1),
        "plan.missed: names 0 coverpoints",
    ),
    "no modules": (
        lambda one: {**one, "modules": {}},
        "kinds.line: is 81 of 82, 0 excluded, but its modules add up to 0 of 0",
    ),
    "negative": (lambda one: {**one, "wall_s": -1}, "wall_s: is -1.0, must be finite and not negative"),
    "no number": (lambda one: {**one, "wall_s": "nan"}, "wall_s: is nan, must be finite and not negative"),
    "NaN": (lambda one: {**one, "wall_s": math.nan}, "holds NaN, which cannot be compared"),
    "too large": (lambda one: {**one, "seed": 10**400}, "holds 10000000000000000000, which is too large"),
    "half a character": (
        lambda one: {**one, "rerun": "./run \ud800"},
        r"holds '\ud800', half of a character; measure coverage again",
    ),
}


@pytest.mark.parametrize("name", COVERAGE)
def test_faulty_coverage(project: Project, name: str) -> None:
    change, message = COVERAGE[name]
    project.coverage = change(project.coverage)
    told = project.gate()
    assert told.status == 2, told.out
    assert told.err.startswith(f"error: {project.folder / 'coverage.json'}: {message}")
    assert told.err.endswith("measure coverage again (./run coverage)\n")
    assert "could not compare" in told.summary


FAULTS: dict[str, tuple[Callable[[Json], Json], str]] = {
    "missing field": (lambda one: without(one, "score"), "score: missing"),
    "NaN": (lambda one: {**one, "score": math.nan}, "holds NaN, which cannot be compared"),
    "no number": (lambda one: {**one, "score": "nan"}, "score: is nan, must be finite and not negative"),
    "wrong score": (
        lambda one: {**one, "score": 1.0},
        "score: is 1.0, but caught / counted mutants = 0.99898",
    ),
    "wrong sum": (
        lambda one: {**one, "survived": 2},
        "mutants: is 1000, but caught, equivalent and survived",
    ),
    "none": (
        lambda one: {**one, "mutants": 20, "caught": 0, "survived": 0, "score": 0.0},
        "mutants: none was judged",
    ),
    "a file's sum": (
        lambda one: changed_file(one),
        "files.rtl/pe/pe.sv: more caught and equivalent than its 1000 mutants",
    ),
    "survivor": (
        lambda one: changed(one, "survivors/0/line", lambda _: "71"),
        "survivors[0].line: is '71', must be a whole number",
    ),
    "survivor unnamed": (
        lambda one: {**one, "survivors": []},
        "survivors: names 0 of 1 mutants",
    ),
    "equivalent named twice": (
        lambda one: {**one, "equivalents": [*one["equivalents"][1:], one["equivalents"][1]]},
        "equivalents: names a mutant twice",
    ),
    "equivalent unnamed": (
        lambda one: {**one, "equivalents": one["equivalents"][1:]},
        "equivalents: names 19 of 20 mutants",
    ),
    "no reason": (
        lambda one: changed(one, "equivalents/3/reason", lambda _: " "),
        "equivalents[3].reason: is empty",
    ),
}


def changed_file(faults: Json) -> Json:
    """Return a campaign whose one file has more caught than there are."""
    copy: Json = json.loads(json.dumps(faults))
    copy["files"]["rtl/pe/pe.sv"]["caught"] = 999
    return copy


@pytest.mark.parametrize("name", FAULTS)
def test_faulty_campaign(project: Project, name: str) -> None:
    change, message = FAULTS[name]
    project.faults = change(project.faults)
    told = project.gate()
    assert told.status == 2, told.out
    assert told.err.startswith(f"error: {project.folder / 'faults.json'}: {message}")
    assert told.err.endswith("run the fault campaign again (./run faults)\n")


def test_faulty_results(project: Project) -> None:
    project.results = changed(project.results, "replays/3/energy_pj/adder", lambda _: "nan")
    told = project.gate()
    assert told.status == 2
    assert f"{project.folder / 'results.json'}: replays[3] (" in told.err
    assert "energy_pj.adder: is nan, must be finite" in told.err
    assert told.err.endswith("run the regression again (./run regress)\n")


def test_no_results(project: Project, tmp_path: Path) -> None:
    words = project.arguments()
    (tmp_path / "results.json").unlink()
    told = project.gate(arguments=words)
    assert told.status == 2
    assert told.err == (
        f"error: {tmp_path / 'results.json'}: is missing; run the regression again (./run regress)\n"
    )


def test_a_summary_that_cannot_be_written(project: Project, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.touch()
    told = project.gate("--summary", str(place / "gate.md"))
    assert told.status == 2
    assert "name another file with --summary" in told.err
