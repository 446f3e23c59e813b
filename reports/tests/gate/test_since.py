"""A change that takes its own losses over into the baseline passes the gate, and is told by `--since`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from regressions.results import Results
from reports.tests.gate.conftest import Project
from reports.tests.gate.documents import Json, changed
from reports.tests.gate.edits import NAME, edit, figure
from reports.tests.gate.test_baseline import first, of_version_1, of_version_2, replay

CHANGED = "THE BASELINE ITSELF CHANGED since HEAD"


def git(folder: Path, *words: str) -> None:
    """Run git, as somebody."""
    person = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *person, *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    """Commit the baseline."""
    git(folder, "add", "baseline.json")
    git(folder, "commit", "--quiet", "-m", "baseline")


@pytest.fixture
def committed(project: Project) -> Project:
    """Return a project whose baseline is committed."""
    git(project.folder, "init", "--quiet")
    commit(project.folder)
    return project


def test_a_loss_that_is_taken_over_is_told(committed: Project) -> None:
    """The gate alone says that nothing got worse: its own baseline says so."""
    results = Results.from_json(committed.results)
    cycles = figure(results, NAME, "cycles")
    committed.results = edit(results, NAME, cycles=cycles + 100).to_json()
    assert committed.update().status == 0
    told = committed.gate("--since", "HEAD")
    assert told.status == 0, "a person decides"
    assert told.out.startswith("gate: PASS: 0 worse, 0 better")
    assert f"baseline: {CHANGED}: 1 worse, 0 better; a person decides" in told.out
    assert f"{cycles + 100:,}" in told.row(NAME, "cycles", f"{cycles:,}")
    head, _, section = told.summary.partition(f"### ⚠️ {CHANGED}: 1 worse")
    assert "Gate PASS" in head
    assert NAME in section.partition("### Totals")[0]


def test_a_baseline_that_is_as_it_was(committed: Project) -> None:
    told = committed.gate("--since", "HEAD")
    assert told.status == 0
    assert told.out.splitlines()[-2] == "baseline: itself unchanged since HEAD"
    assert "Baseline: itself unchanged since HEAD" in told.summary


def test_without_the_option_nothing_is_told(committed: Project) -> None:
    told = committed.gate()
    assert "itself" not in told.out + told.summary


def run(document: Json) -> Json:
    """Return the one run of a baseline."""
    entry: Json = document["runs"][first(document["runs"])]
    return entry


def lose_the_run(document: Json) -> None:
    document["runs"]["another"] = document["runs"].pop(first(document["runs"]))


def lose_a_kind(document: Json) -> None:
    one = document["coverage"]["nightly"]["coverage"]
    del one["kinds"]["expression"], one["modules"]["pe_line"]["expression"]


def fewer_caught(document: Json) -> None:
    document["faults"].update(caught=950, survivors=[f"pe.sv:{at:04x}" for at in range(30)])


LOSSES: dict[str, tuple[Callable[[Json], object], tuple[str, ...]]] = {
    "energy": (lambda one: replay(one).update({"energy.adder": 1e9}), (NAME, "energy.adder")),
    "figure": (lambda one: replay(one).pop("ema_bytes"), (NAME, "ema_bytes", "is gone")),
    "replay": (lambda one: run(one)["replays"].pop(NAME), (NAME, "lost replay", "is gone")),
    "gate": (lambda one: run(one)["gates"].pop(0), ("lost gate", "nothing judges it any more")),
    "gates": (lambda one: one.update(of_version_1(one)), ("coverage files", "lost gate")),
    "run": (lose_the_run, ("resnet18 core", "run", "is gone")),
    "suite": (lambda one: one["coverage"].clear(), ("nightly", "coverage of the tests", "is gone")),
    "kind": (lose_a_kind, ("coverage", "expression", "is gone")),
    "other seed": (lambda one: one["coverage"]["nightly"].update(seed=7), ("seed", "1 became 7")),
    "no seed": (lambda one: one.update(of_version_1(one)), ("nightly", "seed", "is gone")),
    "no features": (lambda one: one.update(of_version_2(one)), ("nightly", "plan.by_feature", "is gone")),
    "campaign": (lambda one: one.update(faults=None), ("fault campaign", "entry", "is gone")),
    "score": (fewer_caught, ("fault campaign", "score")),
    "tolerance": (
        lambda one: one["tolerances"]["cycles"].update(relative=0.5),
        ("tolerance of cycles", "relative", "0.5"),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_of_the_baseline_is_told(committed: Project, name: str) -> None:
    lose, words = LOSSES[name]
    document = json.loads(committed.baseline.read_text(encoding="utf-8"))
    lose(document)
    committed.baseline.write_text(json.dumps(document), encoding="utf-8")
    told = committed.gate("--since", "HEAD")
    _, _, section = told.out.partition(f"baseline: {CHANGED}: ")
    assert not section.startswith("0 worse")
    worse, _, _ = section.partition("better: ")
    assert [line for line in worse.splitlines() if all(word in line for word in words)], told.out
    assert CHANGED in told.summary


def test_a_widened_tolerance_does_not_hide_what_it_allows(committed: Project) -> None:
    document = json.loads(committed.baseline.read_text(encoding="utf-8"))
    document["tolerances"]["cycles"]["relative"] = 0.5
    replay(document)["cycles"] += 1
    committed.baseline.write_text(json.dumps(document), encoding="utf-8")
    assert f"{CHANGED}: 2 worse" in committed.gate("--since", "HEAD").out


def test_a_change_within_its_tolerance_is_counted(committed: Project) -> None:
    document = changed(
        json.loads(committed.baseline.read_text(encoding="utf-8")),
        f"runs/{first(committed_runs(committed))}/replays/{NAME}/energy.adder",
        lambda value: value * (1 + 1e-8),
    )
    committed.baseline.write_text(json.dumps(document), encoding="utf-8")
    told = committed.gate("--since", "HEAD")
    assert f"{CHANGED}: 0 worse, 0 better" in told.out
    assert "1 figures of the baseline changed within their tolerance" in told.out


def committed_runs(project: Project) -> Json:
    """Return the runs of the baseline."""
    runs: Json = json.loads(project.baseline.read_text(encoding="utf-8"))["runs"]
    return runs


def test_a_run_that_cannot_be_compared_still_tells_of_the_baseline(committed: Project) -> None:
    document = json.loads(committed.baseline.read_text(encoding="utf-8"))
    lose_the_run(document)
    committed.baseline.write_text(json.dumps(document), encoding="utf-8")
    told = committed.gate("--since", "HEAD")
    assert told.status == 2
    assert f"{CHANGED}: 1 worse, 1 better" in told.out
    assert "could not compare" in told.summary
    assert CHANGED in told.summary


def test_a_baseline_of_an_older_version(committed: Project) -> None:
    new = committed.baseline.read_text(encoding="utf-8")
    committed.baseline.write_text(json.dumps(of_version_1(json.loads(new))), encoding="utf-8")
    commit(committed.folder)
    committed.baseline.write_text(new, encoding="utf-8")
    assert f"{CHANGED}: 0 worse, 0 better" in committed.gate("--since", "HEAD").out


def test_a_commit_without_baseline(project: Project) -> None:
    git(project.folder, "init", "--quiet")
    git(project.folder, "commit", "--quiet", "--allow-empty", "-m", "nothing")
    told = project.gate("--since", "HEAD")
    assert told.status == 0
    assert "baseline: there is none at HEAD: that of this tree is compared with nothing" in told.out
    assert "there is none at HEAD" in told.summary


@pytest.mark.parametrize("ref", ["HEAD^1", "nowhere", "", "--all", "HEAD:baseline.json"])
def test_a_commit_that_there_is_not(committed: Project, ref: str) -> None:
    told = committed.gate(f"--since={ref}")
    assert told.status == 2
    assert told.err.startswith(f"error: --since {ref}: git knows no such commit here; name one")


def test_a_change_that_repairs_a_damaged_baseline(committed: Project) -> None:
    """CI names the commit before it, whatever that is: it must not stay red."""
    sound = committed.baseline.read_text(encoding="utf-8")
    committed.baseline.write_text("{", encoding="utf-8")
    commit(committed.folder)
    committed.baseline.write_text(sound, encoding="utf-8")
    told = committed.gate("--since", "HEAD")
    assert told.status == 0
    assert "baseline: that of HEAD cannot be read: that of this tree is compared with nothing" in told.out
    for text in (told.out, told.summary):
        assert "is no JSON" in text
        assert "name a commit whose baseline this version reads" in text
    committed.coverage["problems"] = ["a point that is missed"]
    assert committed.gate("--since", "HEAD").status == 1, "what this tree's own baseline tells still counts"


def test_outside_of_git(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.folder.parent))
    told = project.gate("--since", "HEAD")
    assert told.status == 2
    assert "git knows no such commit here" in told.err
