"""What the gate catches, one change of a good run at a time, and what it lets through."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regressions.results import Gate, HitTotal, MissedPoint, Results, Status, summarise
from reports.tests import synthetic
from reports.tests.gate.conftest import Project
from reports.tests.gate.edits import NAME, edit, figure, with_replays
from tb.coverage import exclusions
from tb.coverage.exclusions import Exclusion

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


# --- Beside the figures ------------------------------------------------------------------------------


def test_an_exclusion_of_the_project_that_has_expired(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The committed file is looked at on every change, not only when coverage is measured."""
    old = Exclusion("line", "rtl/pe/*", "*", "", "too large", "arithmetic", datetime.date(2020, 1, 1))
    monkeypatch.setattr(exclusions, "load", lambda: [old])
    told = project.gate()
    assert told.status == 1
    assert told.row("line of rtl/pe/*, '*', expires: was 2020-01-01; arithmetic must look at it again")


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
