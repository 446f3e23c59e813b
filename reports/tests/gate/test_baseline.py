"""The baseline's file: laid out for review, checked when read, updated only by runs that passed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regressions.results import GitInfo, Results
from reports.gate import baseline, inputs, update
from reports.gate.inputs import BASELINE
from reports.gate.tolerances import DEFAULTS
from reports.tests import synthetic
from reports.tests.gate.conftest import Project
from reports.tests.gate.documents import Json, changed
from reports.tests.gate.edits import NAME, edit, figure, with_replays


def test_the_committed_baseline_is_sound() -> None:
    held = baseline.read(BASELINE)
    assert BASELINE.read_text(encoding="utf-8") == baseline.text(held), "run ./run baseline, or undo the edit"
    assert any(key.startswith("replay core ") for key in held.runs)


def test_the_committed_baseline_holds_coverage_and_faults() -> None:
    """Else a night, which requires them, would end with an error."""
    held = baseline.read(BASELINE)
    assert "nightly" in held.coverage
    assert held.coverage["nightly"].coverage.missed == []
    assert held.coverage["nightly"].plan.by_feature
    assert held.faults is not None


def test_a_change_of_one_layer_is_a_line(project: Project) -> None:
    results = Results.from_json(project.results)
    before = project.baseline.read_text(encoding="utf-8").splitlines()
    project.results = edit(results, NAME, cycles=figure(results, NAME, "cycles") + 3).to_json()
    told = project.update()
    assert told.status == 0
    after = project.baseline.read_text(encoding="utf-8").splitlines()
    assert len(before) == len(after)
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(differing) == 1
    assert differing[0].strip().startswith(f'"{NAME}": {{"cycles": ')
    assert told.row(NAME, "cycles")
    assert told.out.endswith("updated; commit it\n")
    assert project.gate().status == 0


def test_the_same_run_changes_nothing(project: Project) -> None:
    before = project.baseline.read_bytes()
    told = project.update()
    assert told.status == 0
    assert told.out.endswith("already holds this run\n")
    assert project.baseline.read_bytes() == before


def test_it_is_read_back_as_it_was_written(project: Project) -> None:
    held = baseline.read(project.baseline)
    assert baseline.text(held) == project.baseline.read_text(encoding="utf-8")
    (run,) = held.runs.values()
    assert len(run.replays) == 62
    assert held.coverage["nightly"].coverage.missed == []
    assert held.faults is not None
    assert held.faults.survivors == ["pe.sv:9f3a"]


def test_another_run_stays(project: Project) -> None:
    results = Results.from_json(project.results)
    project.results = replace(results, run=replace(results.run, seed=2)).to_json()
    told = project.update()
    assert told.status == 0
    assert told.row("new: resnet18 core", "seed=2")
    assert len(baseline.read(project.baseline).runs) == 2


def test_tolerances_of_the_file_hold(project: Project) -> None:
    results = Results.from_json(project.results)
    document = json.loads(project.baseline.read_text(encoding="utf-8"))
    document["tolerances"]["cycles"]["relative"] = 0.03
    project.baseline.write_text(json.dumps(document), encoding="utf-8")
    project.results = edit(results, NAME, cycles=round(figure(results, NAME, "cycles") * 1.02)).to_json()
    told = project.gate()
    assert told.status == 0
    assert "the baseline lets cycles get worse by 0 or 0.03 of it, a new one by 0 or 0" in told.out
    assert project.update().status == 0
    assert baseline.read(project.baseline).tolerances["cycles"].relative == 0.03


def of_version_2(document: Json) -> Json:
    """Return a baseline as the version before wrote it: without counts by feature."""
    for entry in document["coverage"].values():
        del entry["plan"]["by_feature"]
    return {**document, "schema": 2}


def of_version_1(document: Json) -> Json:
    """Return a baseline as the first version wrote it: without gates, seeds and budget, too."""
    document = of_version_2(document)
    for run in document["runs"].values():
        del run["gates"]
    for entry in document["coverage"].values():
        del entry["seed"]
    if document["faults"] is not None:
        del document["faults"]["seed"], document["faults"]["budget_s"]
    return {**document, "schema": 1}


def test_an_older_version_is_read_and_told(project: Project) -> None:
    new = project.baseline.read_text(encoding="utf-8")
    project.baseline.write_text(json.dumps(of_version_1(json.loads(new))), encoding="utf-8")
    told = project.gate()
    assert told.status == 0
    assert "does not name the gates of this run" in told.out
    assert "coverage of suite nightly does not hold seed and plan.by_feature;" in told.out
    assert "the fault campaign does not hold seed and budget_s;" in told.out
    assert project.update().status == 0
    assert project.baseline.read_text(encoding="utf-8") == new


def test_the_version_before_is_read_and_told(project: Project) -> None:
    new = project.baseline.read_text(encoding="utf-8")
    project.baseline.write_text(json.dumps(of_version_2(json.loads(new))), encoding="utf-8")
    told = project.gate()
    assert told.status == 0
    assert told.out.startswith("gate: PASS: 0 worse, 0 better")
    assert "coverage of suite nightly does not hold plan.by_feature;" in told.out
    assert project.update().status == 0
    assert project.baseline.read_text(encoding="utf-8") == new


@pytest.mark.parametrize(
    ("document", "field", "value"),
    [("coverage", "seed", 7), ("faults", "seed", 7), ("faults", "budget_s", 2.5)],
)
def test_figures_of_another_seed_are_not_compared(
    project: Project, document: str, field: str, value: float
) -> None:
    getattr(project, document)[field] = value
    told = project.gate()
    assert told.status == 2
    held = {"seed": 1, "budget_s": 10}[field]
    assert f"{document}.json: {field}: is {value:g}, but the baseline's is {held}" in told.err
    taken = project.update()
    assert taken.status == 0
    assert f"{document}: {field} {value:g} instead of {held}: not compared" in taken.out
    assert project.gate().status == 0


# --- Files that are no baseline ---------------------------------------------------------------------


def first(table: Json) -> str:
    """Return the first key of a table."""
    return next(iter(table))


def replay(document: Json) -> Json:
    """Return the figures of one replay."""
    figures: Json = document["runs"][first(document["runs"])]["replays"][NAME]
    return figures


FAULTY: dict[str, tuple[Callable[[Json], Any], str]] = {
    "unknown field": (lambda one: one.update(extra=1), "extra: unknown field"),
    "missing field": (lambda one: one.pop("faults"), "faults: missing"),
    "old schema": (lambda one: one.update(schema=0), "schema: is 0, this version reads 1 to 3"),
    "no tolerance": (lambda one: one["tolerances"].pop("cycles"), "tolerances.cycles: missing"),
    "unknown tolerance": (
        lambda one: one["tolerances"].update(speed=one["tolerances"]["cycles"]),
        "tolerances.speed: no such figure",
    ),
    "no direction": (
        lambda one: one["tolerances"]["cycles"].update(better="up"),
        "tolerances.cycles.better: is 'up', must be one of lower, higher, equal",
    ),
    "wrong direction": (
        lambda one: one["tolerances"]["cycles"].update(better="higher"),
        "tolerances.cycles.better: is higher, but lower is better",
    ),
    "tolerance that is none": (
        lambda one: one["tolerances"]["cycles"].update(relative="inf"),
        "tolerances.cycles.relative: is inf, must be finite",
    ),
    "NaN": (lambda one: replay(one).update(cycles=float("nan")), "holds NaN, which cannot be compared"),
    "NaN in words": (
        lambda one: replay(one).update(cycles="nan"),
        f".replays.{NAME}.cycles: is nan, must be",
    ),
    "unknown figure": (lambda one: replay(one).update(speed=1), f".replays.{NAME}.speed: unknown figure"),
    "no gates": (
        lambda one: one["runs"][first(one["runs"])].update(gates=[]),
        ".gates: must name at least one",
    ),
    "gates that are null": (
        lambda one: one["runs"][first(one["runs"])].update(gates=None),
        ".gates: is null, which it is only in a file before version 2",
    ),
    "seed that is null": (
        lambda one: one["coverage"]["nightly"].update(seed=None),
        "coverage.nightly.seed: is null",
    ),
    "budget that is null": (lambda one: one["faults"].update(budget_s=None), "faults.budget_s: is null"),
    "features that are null": (
        lambda one: one["coverage"]["nightly"]["plan"].update(by_feature=None),
        "coverage.nightly.plan.by_feature: is null, which it is only in a file before version 3",
    ),
    "a feature that is not listed": (
        lambda one: one["coverage"]["nightly"]["plan"]["by_feature"].popitem(),
        "coverage.nightly.plan.by_feature: lists 2 of 3 features",
    ),
    "a feature of negative points": (
        lambda one: one["coverage"]["nightly"]["plan"]["by_feature"]["pe.sums"].update(points=-1),
        "coverage.nightly.plan.by_feature.pe.sums: is negative",
    ),
    "no test": (
        lambda one: one["coverage"]["nightly"].update(tests_passed=0),
        "coverage.nightly.tests_passed: is 0, must be 1 at least",
    ),
    "no replays": (
        lambda one: one["runs"][first(one["runs"])].update(replays={}),
        ".replays: there is none",
    ),
    "coverage": (
        lambda one: one["coverage"]["nightly"]["coverage"]["kinds"]["line"].update(hit=999),
        "coverage.nightly.coverage.kinds.line: is 999 of 82",
    ),
    "modules": (
        lambda one: one["coverage"]["nightly"]["coverage"]["kinds"]["line"].update(hit=70),
        "coverage.nightly.coverage.kinds.line: is 70 of 82, 0 excluded, but its modules add up to 81 of 82",
    ),
    "plan": (
        lambda one: one["coverage"]["nightly"]["plan"].update(hit=600),
        "coverage.nightly.plan.points: is 700, but 600 hit, 2 excused and 0 missed add up to 602",
    ),
    "survivors": (
        lambda one: one["faults"].update(survivors=[]),
        "faults.survivors: names 0 of 1 mutants",
    ),
    "campaign": (lambda one: one["faults"].update(caught=2000), "faults.caught: is 2000 of 1000 mutants"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_corrupt_baseline(project: Project, name: str) -> None:
    change, message = FAULTY[name]
    document = json.loads(project.baseline.read_text(encoding="utf-8"))
    change(document)
    project.baseline.write_text(json.dumps(document), encoding="utf-8")
    refused(project, message)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "is no JSON"),
        (lambda text: text.replace('    "cycles": {', "<<<<<<< ours\n    "), "is no JSON"),
        (lambda text: text.replace('"faults": {', '"faults": null,\n  "faults": {'), "'faults' occurs twice"),
        (lambda _: "", "is no JSON"),
        (lambda _: "[" * 100_000, "is nested too deeply"),
        (lambda text: text.replace('"seed": 1,', f'"seed": 1{"0" * 5000},', 1), "which is too large"),
    ],
    ids=["cut short", "conflict", "merged twice", "empty", "nested", "huge"],
)
def test_a_damaged_baseline(project: Project, damage: Callable[[str], str], message: str) -> None:
    text = project.baseline.read_text(encoding="utf-8")
    assert damage(text) != text
    project.baseline.write_text(damage(text), encoding="utf-8")
    refused(project, message)


def refused(project: Project, message: str) -> None:
    """Check that neither command goes on, and that both say why and what to do."""
    before = project.baseline.read_bytes()
    for told in (project.gate(), project.update()):
        assert told.status == 2, told.out
        assert told.err.startswith(f"error: {project.baseline}:")
        assert message in told.err
        assert f"restore it (git checkout -- {project.baseline}), or delete it" in told.err
    assert project.baseline.read_bytes() == before


def test_no_baseline(project: Project) -> None:
    project.baseline.unlink()
    told = project.gate()
    assert told.status == 2
    assert f"{project.baseline}: is missing" in told.err
    assert "./run baseline" in told.err
    again = project.update()
    assert again.status == 0
    assert again.out.endswith("written; commit it\n")
    assert baseline.read(project.baseline).tolerances == DEFAULTS


# --- Runs that are no baseline ----------------------------------------------------------------------


def test_a_run_that_failed(project: Project, rng: np.random.Generator) -> None:
    project.results = synthetic.results(rng, broken=True).to_json()
    told = project.update()
    assert told.status == 2
    assert "results.json: summary.verdict: is fail of the run 'resnet18 core" in told.err
    assert "only a run that passed becomes the baseline" in told.err


def test_a_run_on_another_design(project: Project) -> None:
    project.results["rtl"] = "build/faulty"
    told = project.update()
    assert told.status == 2
    assert "results.json: rtl: is build/faulty in the run 'resnet18 core" in told.err
    assert "measured on the design in build/faulty" in project.gate().out


def test_a_run_of_fewer_replays(project: Project) -> None:
    results = Results.from_json(project.results)
    project.results = with_replays(results, results.replays[:-2]).to_json()
    told = project.update()
    assert told.status == 2
    assert "lacks 2 that the baseline holds (first: fc-BP)" in told.err
    meant = project.update("--fewer")
    assert meant.status == 0
    assert "lost replay" in meant.row("fc-BP")


def test_coverage_with_a_stale_exclusion(project: Project) -> None:
    project.coverage["problems"] = ["pe.sv:71 expired"]
    told = project.update()
    assert told.status == 2
    assert "coverage.json: problems: pe.sv:71 expired; resolve it" in told.err


def test_coverage_below_its_target(project: Project) -> None:
    project.coverage["unmet"] = ["line coverage: 97 of 100 points (97 %); must be 98 %"]
    told = project.update()
    assert told.status == 2
    assert "coverage.json: unmet: line coverage: 97 of 100 points (97 %); must be 98 %; add tests" in told.err


def test_coverage_of_tests_that_failed(project: Project) -> None:
    project.coverage = changed(project.coverage, "tests/failed", lambda _: 1)
    told = project.update()
    assert told.status == 2
    assert "coverage.json: tests.failed: is 1" in told.err


def test_a_place_that_cannot_be_written(project: Project, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "nowhere", ignore_errors=True)
    (tmp_path / "nowhere").touch()
    words = [*project.arguments()[:-1], str(tmp_path / "nowhere" / "baseline.json")]
    told = project.update(arguments=words)
    assert told.status == 2
    assert "cannot be " in told.err


def test_documents_of_another_commit_that_lie_there_are_left_out(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Last week's figures do not come into the baseline unless they are named."""
    words = project.arguments()
    for name, document in (("RUN", "results"), ("COVERAGE", "coverage"), ("FAULTS", "faults")):
        monkeypatch.setattr(inputs, name, project.folder / f"{document}.json")
    monkeypatch.setattr(update, "git_info", lambda: GitInfo("1" * 40, dirty=False))
    project.baseline.write_text(baseline.text(baseline.Baseline()), encoding="utf-8")
    told = project.update(arguments=words[-2:])
    assert told.status == 2
    assert "results.json: is of another commit than the one that is checked out, 111111111111" in told.err
    told = project.update(arguments=["--results", *words[-2:]])
    assert told.status == 2
    assert "nothing is left to take; left out: coverage.json" in told.err
    told = project.update(arguments=[*words[:2], *words[-2:]])
    assert told.status == 0, told.err
    assert told.row("left out: coverage.json: is of another commit", "--coverage")
    assert told.row("left out: faults.json: is of another commit", "--faults")
    held = baseline.read(project.baseline)
    assert (len(held.runs), held.coverage, held.faults) == (1, {}, None)
    assert project.update(arguments=words).status == 0
    held = baseline.read(project.baseline)
    assert held.coverage
    assert held.faults is not None
