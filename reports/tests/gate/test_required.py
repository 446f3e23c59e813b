"""What was not measured, or not at one commit, is told, and is an error where it is required."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from regressions.results import GitInfo, Results
from reports.gate import inputs, verdict
from reports.gate.figures import run_key
from reports.tests.gate import documents
from reports.tests.gate.conftest import Project


def test_what_is_not_there_is_told(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(inputs, "COVERAGE", tmp_path / "none" / "coverage.json")
    monkeypatch.setattr(inputs, "FAULTS", tmp_path / "none" / "faults.json")
    words = project.arguments()
    alone = [*words[:2], *words[-2:]]
    told = project.gate(arguments=alone)
    assert told.status == 0
    assert "not measured: coverage of the tests, nightly" in told.out
    assert "not measured: fault campaign" in told.out
    for name, task in (("coverage", "./run coverage"), ("faults", "./run faults")):
        strict = project.gate("--require", name, arguments=alone)
        assert strict.status == 2
        assert f"--require {name}: there is no {name}.json; run {task}" in strict.err


def test_a_suite_without_an_entry_is_told(project: Project) -> None:
    """A larger one cannot be compared with a smaller one's entry."""
    held = json.loads(project.baseline.read_text(encoding="utf-8"))
    held["coverage"]["quick"] = held["coverage"].pop("nightly")
    project.baseline.write_text(json.dumps(held), encoding="utf-8")
    told = project.gate()
    assert told.status == 0
    assert "the baseline holds no entry of coverage of suite nightly" in told.out
    assert "not measured: coverage of the tests, quick" in told.out
    assert project.gate("--require", "coverage").status == 2


def test_the_quick_suite_is_compared_with_what_the_nightly_one_counts_too(project: Project) -> None:
    project.coverage = documents.quick(project.coverage)
    told = project.gate()
    assert told.out.startswith("gate: PASS: 0 worse, 0 better"), told.out
    assert "coverage of suite quick is compared with that part of the baseline's suite nightly" in told.out
    assert "not measured: coverage of the tests, nightly" in told.out
    assert project.gate("--require", "coverage").status == 2
    for path in ("modules/pe_line/branch/hit", "kinds/branch/hit"):
        project.coverage = documents.changed(project.coverage, path, lambda hit: hit - 1)
    worse = project.gate()
    assert worse.status == 1
    assert worse.row("pe_line", "branch missed")


def test_a_suite_of_which_nothing_is_held_is_told(project: Project) -> None:
    held = json.loads(project.baseline.read_text(encoding="utf-8"))
    project.baseline.write_text(json.dumps({**held, "coverage": {}}), encoding="utf-8")
    project.coverage = documents.quick(project.coverage)
    told = project.gate()
    assert told.status == 0
    assert "the baseline holds no entry of coverage of suite quick" in told.out
    assert project.gate("--require", "coverage").status == 2


def test_commits_that_differ_are_told(project: Project) -> None:
    project.faults["git"] = "0" * 40
    told = project.gate()
    assert told.status == 0
    assert "measured at different commits: " in told.out
    strict = project.gate("--require", "runs", "coverage", "faults")
    assert strict.status == 2
    assert "measured at different commits: " in strict.err
    assert "fault campaign 000000000000; measure all at one commit" in strict.err


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_runs_of_a_preset_both_commits_are_told(results: Results, order: int) -> None:
    """They differ in their seed alone, in whatever order they are named."""
    old, new = (
        replace(results, run=replace(results.run, seed=seed, git=GitInfo(commit, dirty=False)))
        for seed, commit in ((1, "1" * 40), (2, "2" * 40))
    )
    runs = {run_key(one.run): one for one in (old, new)[::order]}
    assert len(runs) == 2
    assert sorted(verdict.commits_of(inputs.Documents(runs, None, None)).values()) == ["1" * 40, "2" * 40]


def test_documents_of_another_commit_than_the_checkout_are_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies there from before a change says nothing of it."""
    monkeypatch.setattr(verdict, "git_info", lambda: GitInfo(documents.COMMIT, dirty=False))
    assert "checked out" not in project.gate().out
    monkeypatch.setattr(verdict, "git_info", lambda: GitInfo("1" * 40, dirty=False))
    told = project.gate()
    assert told.status == 0
    told_in_words = "than the one that is checked out, 111111111111: resnet18 core, coverage, fault campaign"
    assert f"of another commit {told_in_words}" in told.out
    assert told_in_words in told.summary
    strict = project.gate("--require", "runs", "coverage", "faults")
    assert strict.status == 2
    assert f"--require: of another commit {told_in_words}; measure again" in strict.err
    monkeypatch.setattr(verdict, "git_info", lambda: GitInfo(None, dirty=False))
    assert project.gate().status == 0
    assert "this folder is of no commit" in project.gate("--require", "runs").err


def test_documents_of_no_known_commit_are_not_enough(project: Project) -> None:
    project.faults["git"] = "unknown"
    assert project.gate().status == 0
    strict = project.gate("--require", "faults")
    assert strict.status == 2
    assert "--require: measured outside of git: fault campaign; measure in a clone" in strict.err


def test_runs_are_not_there_to_be_required(project: Project) -> None:
    held = json.loads(project.baseline.read_text(encoding="utf-8"))
    project.baseline.write_text(json.dumps({**held, "runs": {}}), encoding="utf-8")
    without_runs = ["--results", *project.arguments()[2:]]
    assert project.gate(arguments=without_runs).status == 0
    strict = project.gate("--require", "runs", arguments=without_runs)
    assert strict.status == 2
    assert "--require runs: the baseline holds no run, so none is compared" in strict.err


def test_a_suite_that_counts_less_is_not_enough(project: Project) -> None:
    held = json.loads(project.baseline.read_text(encoding="utf-8"))
    held["coverage"]["quick"] = held["coverage"]["nightly"]
    project.baseline.write_text(json.dumps(held), encoding="utf-8")
    assert project.gate("--require", "coverage").status == 0, "nightly counts all that quick counts"
    project.coverage["suite"] = "quick"
    assert project.gate().status == 0
    strict = project.gate("--require", "coverage")
    assert strict.status == 2
    assert "suite quick was measured, but the baseline holds suite nightly, which counts more" in strict.err


def test_changes_beside_a_commit_make_no_other_one(project: Project) -> None:
    project.coverage["git"] += " dirty"
    told = project.gate("--require", "runs", "coverage", "faults")
    assert told.status == 0
    assert "different commits" not in told.out
    assert told.row("coverage: measured with uncommitted changes")
