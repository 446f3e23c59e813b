"""What the gate catches, one change of a good run at a time, and what it lets through."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regressions.results import Gate, GitInfo, HitTotal, MissedPoint, Results, Status, summarise
from reports.gate import inputs, verdict
from reports.gate.figures import run_key
from reports.tests import synthetic, synthetic_chip
from reports.tests.gate import documents
from reports.tests.gate.conftest import Project
from tb.coverage import exclusions
from tb.coverage.exclusions import Exclusion


def edit(results: Results, name: str, **figures: Any) -> Results:
    """Return `results` with figures of one replay changed, and what follows from them."""
    replays = []
    for replay in results.replays:
        if replay.name == name:
            replay = replace(replay, **figures)
            assert replay.cycles is not None
            assert replay.ideal_cycles is not None
            assert replay.dense_fp16_cycles is not None
            replay = replace(
                replay,
                utilization=replay.ideal_cycles / replay.cycles,
                speedup_over_dense_fp16=replay.dense_fp16_cycles / replay.cycles,
            )
        replays.append(replay)
    return with_replays(results, replays)


def with_replays(results: Results, replays: list[Any]) -> Results:
    """Return `results` with other replays, and the summary that they give."""
    summary = summarise(replays, results.summary.gates, len(replays))
    return replace(results, replays=replays, summary=summary)


@pytest.fixture
def results(project: Project) -> Results:
    """Return the run that the project's baseline holds."""
    return Results.from_json(project.results)


def figure(results: Results, name: str, field: str) -> Any:
    """Return a figure of one replay."""
    return getattr(next(one for one in results.replays if one.name == name), field)


# --- Nothing changed --------------------------------------------------------------------------------


def test_the_same_run_passes(project: Project) -> None:
    told = project.gate()
    assert (told.status, told.err) == (0, "")
    assert told.out.startswith("gate: PASS: 0 worse, 0 better, of ")
    assert "## ✅ Gate PASS" in told.summary
    assert "not gated: machines differ" in told.summary
    assert "| cycles |" in told.summary


def test_times_do_not_count(project: Project, results: Results) -> None:
    slow = [replace(one, wall_s=one.wall_s * 3, macs_per_second=1.0) for one in results.replays]
    project.results = with_replays(results, slow).to_json()
    assert project.gate().status == 0


# --- Replays ----------------------------------------------------------------------------------------

NAME = "layer2.0.conv1-FP"


def test_one_flipped_bit(project: Project, results: Results, rng: np.random.Generator) -> None:
    replays = [synthetic.failed(one, rng, 1) if one.name == NAME else one for one in results.replays]
    project.results = with_replays(results, replays).to_json()
    told = project.gate()
    assert told.status == 1
    row = told.row(NAME, "1 of ")
    assert " elements differ, the first is " in row
    assert row.endswith("./run regress --layers layer2.0.conv1 --steps FP --seed 1 --waves")
    assert NAME in told.summary.partition("### Totals")[0]


def test_one_lost_replay(project: Project, results: Results) -> None:
    kept = [one for one in results.replays if one.name != NAME]
    project.results = with_replays(results, kept).to_json()
    told = project.gate()
    assert told.status == 1
    assert "lost replay" in told.row(NAME)


def test_a_replay_that_did_not_finish(project: Project, results: Results) -> None:
    replays = [synthetic.unfinished(one, "watchdog") if one.name == NAME else one for one in results.replays]
    project.results = with_replays(results, replays).to_json()
    told = project.gate()
    assert told.status == 1
    assert "watchdog" in told.row(NAME, "error")


def test_an_unequal_counter(project: Project, results: Results) -> None:
    replays = [synthetic.miscounted(one) if one.name == NAME else one for one in results.replays]
    project.results = with_replays(results, replays).to_json()
    told = project.gate()
    assert told.status == 1
    assert "counters differ: macs_skipped" in told.row(NAME)


def test_an_unknown_layer(project: Project, results: Results) -> None:
    extra = replace(results.replays[0], layer="layer9")
    project.results = with_replays(results, [*results.replays, extra]).to_json()
    told = project.gate()
    assert told.status == 1
    assert "unknown replay" in told.row("layer9-FP")


def test_a_broken_gate_of_the_run(project: Project, results: Results) -> None:
    gates = [*results.summary.gates, Gate("no core was left behind", False, "fc-FP")]
    summary = summarise(results.replays, gates, len(results.replays))
    project.results = replace(results, summary=summary).to_json()
    told = project.gate()
    assert told.status == 1
    assert "fc-FP" in told.row("no core was left behind")


def test_a_lost_gate_of_the_run(project: Project, results: Results) -> None:
    first, *others = results.summary.gates
    project.results = replace(
        results, summary=summarise(results.replays, others, len(results.replays))
    ).to_json()
    told = project.gate()
    assert told.status == 1
    assert "nothing judges it any more" in told.row(first.name, "lost gate")


def test_a_new_gate_of_the_run(project: Project, results: Results) -> None:
    gates = [*results.summary.gates, Gate("no core was left behind", True, "")]
    project.results = replace(
        results, summary=summarise(results.replays, gates, len(results.replays))
    ).to_json()
    told = project.gate()
    assert told.status == 0
    assert "is new" in told.row("no core was left behind")
    assert project.update().status == 0
    assert "0 worse, 0 better" in project.gate().out


# --- Figures of a replay ----------------------------------------------------------------------------


def test_two_percent_more_cycles_in_one_layer(project: Project, results: Results) -> None:
    more = round(figure(results, NAME, "cycles") * 1.02)
    project.results = edit(results, NAME, cycles=more).to_json()
    told = project.gate()
    assert told.status == 1
    row = told.row(NAME, "cycles")
    assert f"{more:,}" in row
    assert "+2.0" in row
    assert "none" in row


def test_one_cycle_more_is_too_many(project: Project, results: Results) -> None:
    project.results = edit(results, NAME, cycles=figure(results, NAME, "cycles") + 1).to_json()
    assert project.gate().status == 1


def test_fewer_cycles_are_better(project: Project, results: Results) -> None:
    fewer = figure(results, NAME, "cycles") - 2
    project.results = edit(results, NAME, cycles=fewer).to_json()
    told = project.gate()
    assert told.status == 0
    assert "0 worse, 1 better" in told.out
    assert told.out.splitlines()[-2] == "./run baseline keeps the gain"


@pytest.mark.parametrize("component", ["multiplier", "adder", "sram", "control", "leakage", "external"])
def test_more_energy_of_one_component(project: Project, results: Results, component: str) -> None:
    energy = figure(results, NAME, "energy_pj")
    worse = replace(energy, **{component: getattr(energy, component) * 1.001})
    project.results = edit(results, NAME, energy_pj=worse).to_json()
    told = project.gate()
    assert told.status == 1
    assert told.row(NAME, f"energy.{component}")


def test_rounding_of_energy_is_no_regression(project: Project, results: Results) -> None:
    energy = figure(results, NAME, "energy_pj")
    project.results = edit(
        results, NAME, energy_pj=replace(energy, adder=energy.adder * (1 + 1e-8))
    ).to_json()
    assert project.gate().status == 0


def test_more_external_traffic(project: Project, results: Results) -> None:
    project.results = edit(results, NAME, ema_bytes=figure(results, NAME, "ema_bytes") + 1).to_json()
    told = project.gate()
    assert told.status == 1
    assert told.row(NAME, "ema_bytes")


def test_fewer_elements_compared(project: Project, results: Results) -> None:
    project.results = edit(results, NAME, elements=figure(results, NAME, "elements") - 1).to_json()
    told = project.gate()
    assert told.status == 1
    assert told.row(NAME, "elements")


def test_less_work_skipped(project: Project, results: Results) -> None:
    skipped, fp8 = figure(results, NAME, "macs_skipped"), figure(results, NAME, "macs_fp8")
    worse = edit(results, NAME, macs_skipped=skipped - 2, macs_fp8=fp8 + 2)
    one = next(one for one in worse.replays if one.name == NAME)
    assert one.ideal_cycles is not None
    project.results = edit(worse, NAME, ideal_cycles=one.ideal_cycles + 1 / synthetic.PES).to_json()
    told = project.gate()
    assert told.status == 1
    assert told.row(NAME, "macs_skipped")


# --- The chip ---------------------------------------------------------------------------------------


@pytest.fixture
def chip(project: Project, rng: np.random.Generator) -> Results:
    """Return a run on the chip, which the project's baseline holds as well."""
    results = synthetic_chip.results(rng)
    project.results = results.to_json()
    assert project.update().status == 0
    return results


def test_more_sram(project: Project, chip: Results) -> None:
    hardware = chip.run.hardware
    assert hardware is not None
    memory, size = next(iter(hardware.sram_bytes.items()))
    worse = replace(hardware, sram_bytes={**hardware.sram_bytes, memory: size + 64})
    project.results = replace(chip, run=replace(chip.run, hardware=worse)).to_json()
    told = project.gate()
    assert told.status == 1
    assert f"{size + 64:,}" in told.row("chip", f"sram_bytes.{memory}")


def test_a_new_memory_and_new_queues(project: Project, chip: Results) -> None:
    hardware = chip.run.hardware
    assert hardware is not None
    worse = replace(
        hardware,
        sram_bytes={**hardware.sram_bytes, "cache": 64},
        register_bytes={**hardware.register_bytes, "more": 8},
    )
    project.results = replace(chip, run=replace(chip.run, hardware=worse)).to_json()
    told = project.gate()
    assert told.status == 1
    assert told.row("sram_bytes.cache")
    assert told.row("register_bytes.more")


def test_one_run_of_two(project: Project, chip: Results) -> None:
    """What the baseline holds and the run did not measure is told, and is an error where it is required."""
    told = project.gate()
    assert told.status == 0
    assert told.row("not measured: resnet18 core level=core")
    assert "totals" not in told.out, "the sums are the same in any order"
    assert "Not measured: resnet18 core" in told.summary
    strict = project.gate("--require", "runs", "coverage", "faults")
    assert strict.status == 2
    assert "--require runs: not measured: resnet18 core" in strict.err


def test_two_runs_at_once(project: Project, results: Results, chip: Results, tmp_path: Path) -> None:
    other = tmp_path / "core.json"
    project.results = results.to_json()
    other.write_bytes(Path(project.arguments()[1]).read_bytes())
    project.results = chip.to_json()
    words = project.arguments()
    both = [*words[:2], str(other), *words[2:]]
    told = project.gate("--require", "runs", "coverage", "faults", arguments=both)
    assert told.status == 0
    assert "not measured" not in told.out
    twice = project.gate(arguments=[*words[:2], words[1], *words[2:]])
    assert twice.status == 2
    assert "is the same run as" in twice.err


def test_other_settings_are_another_run(project: Project, results: Results) -> None:
    project.results = replace(results, run=replace(results.run, stall_permille=200)).to_json()
    told = project.gate()
    assert told.status == 2
    assert "stalls=200' (it holds: resnet18 core level=core" in told.err
    assert "./run baseline" in told.err
    assert "could not compare" in told.summary


# --- Coverage of a run ------------------------------------------------------------------------------


def test_a_coverpoint_of_the_run_is_lost_by_name(project: Project, results: Results) -> None:
    coverage = results.coverage
    assert coverage is not None
    point = MissedPoint("pe_checks", "tb/pe/pe_checks.sv", 9, "user", "cov_subnormal")
    kinds = {**coverage.kinds, "user": replace(coverage.kinds["user"], hit=coverage.kinds["user"].hit - 1)}
    modules = {**coverage.modules, "pe_checks": {"user": HitTotal(5, 6), "assertion": HitTotal(9, 9)}}
    worse = replace(coverage, kinds=kinds, modules=modules, missed=[*coverage.missed, point])
    project.results = replace(results, coverage=worse).to_json()
    told = project.gate()
    assert told.status == 1
    assert "no longer reached" in told.row("pe_checks.cov_subnormal")
    assert "−" in told.row("coverage  ", "user  ")


def test_lines_that_nobody_reaches(project: Project, results: Results) -> None:
    coverage = results.coverage
    assert coverage is not None
    line = coverage.kinds["line"]
    new = MissedPoint("pe", "rtl/pe/pe.sv", 7, "line", "else")
    worse = replace(
        coverage,
        kinds={**coverage.kinds, "line": replace(line, total=line.total + 1)},
        modules={**coverage.modules, "pe": {"line": HitTotal(24, 25)}},
        missed=[*coverage.missed, new],
    )
    project.results = replace(results, coverage=worse).to_json()
    told = project.gate()
    assert told.status == 1
    assert told.row("pe ", "line missed")


def test_covered_lines_may_go(project: Project, results: Results) -> None:
    """Deleting code that was covered lowers the share a little, and is no regression."""
    coverage = results.coverage
    assert coverage is not None
    line = coverage.kinds["line"]
    less = replace(
        coverage,
        kinds={**coverage.kinds, "line": replace(line, hit=line.hit - 2, total=line.total - 2)},
        modules={**coverage.modules, "pe": {"line": HitTotal(22, 22)}},
    )
    project.results = replace(results, coverage=less).to_json()
    assert project.gate().status == 0


# --- Left out ---------------------------------------------------------------------------------------


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
    project.coverage["suite"] = "quick"
    told = project.gate()
    assert told.status == 0
    assert "the baseline holds no entry of coverage of suite quick" in told.out
    assert "not measured: coverage of the tests, nightly" in told.out
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


def test_an_exclusion_of_the_project_that_has_expired(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The committed file is looked at on every change, not only when coverage is measured."""
    old = Exclusion("line", "rtl/pe/*", "*", "", "too large", "arithmetic", datetime.date(2020, 1, 1))
    monkeypatch.setattr(exclusions, "load", lambda: [old])
    told = project.gate()
    assert told.status == 1
    assert told.row("line of rtl/pe/*, '*', expires: was 2020-01-01; arithmetic must look at it again")


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


def test_the_summary_of_a_job_is_added_to(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    told = project.gate()
    assert summary.read_text(encoding="utf-8") == "before\n" + told.summary


def test_statuses_of_replays_are_all_known() -> None:
    """A status that the gate does not know would be compared as if it had passed."""
    assert set(Status) == {Status.PASS, Status.FAIL, Status.ERROR}
