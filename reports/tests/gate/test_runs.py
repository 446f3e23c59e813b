"""Runs on the chip, several runs at once, and runs with other settings than the baseline's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regressions.results import Results
from reports.tests import synthetic_chip
from reports.tests.gate.conftest import Project


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
