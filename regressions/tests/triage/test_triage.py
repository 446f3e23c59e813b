"""Triage of a real regression with two faults in its design: buckets, smallest tiles, waves, reproducers.

The tests share the run and its builds: they are a group, so that one worker has them all.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.presets import find_preset
from regressions.results import Replay, Status
from regressions.run import Outcome, run
from regressions.suite.launch import INTERRUPTED
from regressions.tests.small_run import options, write_small_trace
from regressions.tests.triage.faulty import faulty_design
from regressions.tests.triage.waves import Waveform
from regressions.triage import reduce, trial
from regressions.triage import run as triage_run
from regressions.triage.__main__ import main
from regressions.triage.bench import Bench, build
from regressions.triage.case import Case
from regressions.triage.examine import Examination
from regressions.triage.finding import Finding, Window
from regressions.triage.records import Triage, TriageBucket, TriagedCase
from regressions.triage.run import Failed, triage
from regressions.triage.settings import TriageSettings
from regressions.triage.symptom import Group, Symptom
from tb.toolchain import ToolchainError

pytestmark = pytest.mark.xdist_group("triage")

SETTINGS = TriageSettings(before=20, after=10)
BITS, ASSERTION = "wrong-bits-first", "assertion-a_dispatch.a_least_work"


@dataclass(frozen=True)
class Triaged:
    """A regression that failed, and what triage made of it."""

    outcome: Outcome
    failed: Failed
    found: Triage

    def bucket(self, name: str) -> TriageBucket:
        """Return a bucket."""
        (bucket,) = (one for one in self.found.buckets if one.name == name)
        return bucket

    def file(self, name: str) -> Path:
        """Return a file that the results name."""
        return self.failed.folder / name


@pytest.fixture(scope="module")
def triaged(tmp_path_factory: pytest.TempPathFactory) -> Triaged:
    folder = tmp_path_factory.mktemp("triage")
    given = options(folder, write_small_trace(folder), "--rtl", str(faulty_design()), "--no-coverage")
    outcome = run(given)
    failed = Failed(
        outcome.results.replays,
        outcome.folders,
        outcome.cycles,
        outcome.folder,
        given.trace,
        given.settings,
        given.rtl,
    )
    found = triage(failed, SETTINGS)
    assert found is not None
    return Triaged(outcome, failed, found)


@pytest.fixture
def afresh(triaged: Triaged, tmp_path: Path) -> Failed:
    """Return the same regression, of which triage leaves its files elsewhere."""
    return replace(triaged.failed, folder=tmp_path)


@contextmanager
def bench_of(triaged: Triaged, folder: Path) -> Iterator[Bench]:
    """Open a bench of the faulty design."""
    library = build(find_preset("tiny"), chip=False, gated=False, rtl=triaged.failed.rtl).artifact
    with Bench(library, "tiny", chip=False, gated=False, folder=folder) as bench:
        yield bench


def case_of(triaged: Triaged, name: str, part: str = "shrunk") -> tuple[TriagedCase, Case]:
    """Return a case of a bucket as the results tell it, and as its file holds it."""
    told: TriagedCase = getattr(triaged.bucket(name), part)
    return told, Case.load(triaged.file(told.file))


# --- Buckets ------------------------------------------------------------------------------------------


def test_two_faults_are_two_buckets_and_each_is_one(triaged: Triaged) -> None:
    assert {one.name: one.replays for one in triaged.found.buckets} == {
        BITS: ["stem-FP", "block.conv-FP", "block.conv-BP", "fc-FP", "fc-BP"],
        ASSERTION: ["stem-WG", "block.conv-WG", "fc-WG"],
    }
    assert triaged.found.problem is None
    assert triaged.bucket(BITS).reason == (
        "bits of results differ, only in the first column of PEs, in sums over channels (FP, BP)"
    )
    assert triaged.bucket(ASSERTION).reason == "assertion a_least_work of a_dispatch fails"


def test_what_smaller_pieces_show_relates_buckets(triaged: Triaged) -> None:
    """Rows that are lost trip one assertion with few rows, another one with many: one cause, two buckets."""
    assert all(one.related == [] for one in triaged.found.buckets), "here they are two causes"
    work = triage_run._Work(triaged.failed, SETTINGS)
    few, many = Symptom("assertion", "x.few", "few"), Symptom("assertion", "x.many", "many")
    work._groups = [Group(few, [0], "few"), Group(many, [1], "many")]
    work._found = {"many": ("stem-WG", Examination(others=[few, Symptom("hang", "core", "hangs")]))}
    assert [(one.name, one.related) for one in work.buckets()] == [("few", []), ("many", ["few"])]


def test_the_cheapest_replay_stands_for_its_bucket(triaged: Triaged) -> None:
    for bucket in triaged.found.buckets:
        cycles = {name: triaged.outcome.cycles[name] for name in bucket.replays}
        assert bucket.representative == min(cycles, key=lambda name: cycles[name])


# --- Smallest tiles -----------------------------------------------------------------------------------


def test_wrong_bits_shrink_to_one_product(triaged: Triaged) -> None:
    bucket = triaged.bucket(BITS)
    assert bucket.original is not None
    assert bucket.shrunk is not None
    assert bucket.note == "nothing smaller fails alike"
    assert bucket.original.macs > 100
    shrunk = bucket.shrunk
    assert (shrunk.macs, shrunk.columns, shrunk.nonzeros_a, shrunk.nonzeros_b) == (1, 1, 1, 1)
    assert shrunk.cycles < bucket.original.cycles / 5
    assert shrunk.message.endswith("RTL 3F801000, golden 3F800000"), (
        "one times one, and the bit that is flipped"
    )


def test_a_fault_that_vanishes_when_smaller_keeps_the_larger(triaged: Triaged, tmp_path: Path) -> None:
    """The assertion needs two rows, which in WG are two channels."""
    told, case = case_of(triaged, ASSERTION)
    assert (told.geometry.in_channels, told.columns, told.geometry.batch) == (2, 1, 1)
    with bench_of(triaged, tmp_path) as bench:
        assert bench.run(case, 60).symptom == case.symptom
        smaller = replace(case, source=reduce.keep_channels(case.source, [1]))
        symptom = bench.run(smaller, 60).symptom
        assert symptom is None or symptom.kind != "assertion"


@pytest.mark.parametrize("name", [BITS, ASSERTION])
@pytest.mark.parametrize("part", ["original", "shrunk"])
def test_cases_fail_as_their_buckets_do(triaged: Triaged, tmp_path: Path, name: str, part: str) -> None:
    told, case = case_of(triaged, name, part)
    assert (case.bucket, case.origin) == (name, triaged.bucket(name).representative)
    with bench_of(triaged, tmp_path) as bench:
        finding = bench.run(case, 60)
    assert finding.symptom is not None
    assert case.symptom.joined(finding.symptom) is not None
    assert (finding.message, finding.cycles) == (told.message, told.cycles)


# --- Waves --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["original", "shrunk"])
def test_waves_show_the_first_wrong_result_being_taken(triaged: Triaged, part: str) -> None:
    told, case = case_of(triaged, BITS, part)
    waves = told.waves
    assert waves is not None
    assert max(1, waves.at - 20) == waves.first <= waves.at <= waves.last <= waves.at + 10
    path = triaged.file(waves.file)
    assert path.stat().st_size == waves.bytes
    wave = Waveform.read(path)
    period = waves.time_ps // waves.at
    assert min(wave.changes) >= (waves.first - 1) * period, "a window, and nothing before it"
    assert max(wave.changes) <= (waves.last + 10) * period
    before = waves.time_ps - period // 2
    assert wave.value("core_harness.result_valid", before) == 1
    assert wave.value("core_harness.result_ready_q", before) == 1
    assert told.event == "the first wrong result is taken"
    wrong = told.message.split("RTL ")[1][:8]
    columns = wave.value("core_harness.result", before) if part == "shrunk" else None
    assert columns is None or f"{columns & 0xFFFFFFFF:08X}" == wrong
    assert case.source.preset == "tiny"


def test_waves_show_the_assertion_fail(triaged: Triaged) -> None:
    told, _ = case_of(triaged, ASSERTION)
    assert told.waves is not None
    wave = Waveform.read(triaged.file(told.waves.file))
    assert max(wave.changes) == told.waves.time_ps, "the simulation ends there"
    assert told.event == "the assertion fails"


def test_a_window_is_a_small_part_of_the_whole_run(triaged: Triaged, tmp_path: Path) -> None:
    told, case = case_of(triaged, BITS, "original")
    assert told.waves is not None
    with bench_of(triaged, tmp_path) as bench:
        whole = tmp_path / "whole.vcd"
        finding = bench.run(case, 60, Window(str(whole), told.waves.launch, 1, 1 << 40))
    times = Waveform.read(whole).changes
    window = Waveform.read(triaged.file(told.waves.file)).changes
    assert len(times) >= 2 * finding.end, "both edges of every cycle"
    assert 2 * (told.waves.last - told.waves.first + 1) <= len(window) <= 64 < len(times)


# --- Reproducers --------------------------------------------------------------------------------------


def test_a_reproducer_is_red_with_the_fault_and_green_without(
    triaged: Triaged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, _ = case_of(triaged, BITS)
    path, waves = triaged.file(told.file), tmp_path / "around.vcd"
    assert told.command == f"./run triage {path} --rtl build/faults/triage/rtl"
    assert main([str(path), "--rtl", str(triaged.failed.rtl), "--waves", str(waves)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{triaged.bucket(BITS).representative}, bucket {BITS}: FP of 1 x 1x1x1 to 1 ")
    assert lines[1].startswith("FAIL  1 of 1 results differ")
    assert lines[2].strip() == "as in its bucket"
    assert lines[3].strip().endswith("the first wrong result is taken")
    assert lines[4].startswith(f"waves: {waves} (cycles 1 to ")
    assert Waveform.read(waves).codes
    assert main([str(path)]) == 0
    assert "PASS  every bit and every counter is the golden model's" in capsys.readouterr().out


def test_what_is_no_reproducer_is_named(
    triaged: Triaged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(path: Path, *words: str) -> str:
        assert main([str(path), *words]) == 2
        return capsys.readouterr().err

    assert refused(tmp_path / "lost.npz").startswith(f"error: {tmp_path / 'lost.npz'}: no such file")
    (tmp_path / "text.npz").write_text("no archive", encoding="utf-8")
    assert "text.npz: no reproducer of this version (" in refused(tmp_path / "text.npz")
    plain = triaged.outcome.folder / "fc-FP" / "input.npz"
    assert "input.npz: no reproducer of this version (KeyError" in refused(plain)
    path = triaged.file(case_of(triaged, BITS)[0].file)
    assert refused(path, "--window", "50").startswith("error: --window 50: give cycles before and after")


def test_the_golden_result_is_no_part_of_a_reproducer(triaged: Triaged) -> None:
    with np.load(triaged.file(case_of(triaged, BITS)[0].file)) as file:
        assert sorted(file.files) == ["a", "b", "case", "columns", "scalars"]


# --- What may go wrong --------------------------------------------------------------------------------


def test_an_interrupt_leaves_what_was_found(afresh: Failed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interrupt comes in the fifth run: the original and its waves are there, and less of it."""
    runs = 0
    real = Bench.run

    def run_some(self: Bench, case: Case, timeout_s: float, window: Window | None = None) -> Finding:
        nonlocal runs
        runs += 1
        if runs == 5:
            raise KeyboardInterrupt
        return real(self, case, timeout_s, window)

    monkeypatch.setattr(Bench, "run", run_some)
    found = triage(afresh, SETTINGS)
    assert found is not None
    assert found.problem == "interrupted"
    assert [len(one.replays) for one in found.buckets] == [5, 3]
    first, second = found.buckets
    assert (first.note, second.note) == ("interrupted", "not examined")
    assert first.original is not None
    assert first.shrunk is not None
    assert 1 < first.shrunk.macs < first.original.macs


def test_an_interrupted_regression_is_not_examined(afresh: Failed, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(replay: Replay) -> Replay:
        return replace(replay, status=Status.ERROR, message=INTERRUPTED, mismatches=None)

    def no_build(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing is built")

    monkeypatch.setattr(triage_run, "build", no_build)
    all_of_them = [interrupted(one) for one in afresh.replays]
    assert triage(replace(afresh, replays=all_of_them), SETTINGS) is None
    some = [*afresh.replays[:2], *all_of_them[2:]]
    found = triage(replace(afresh, replays=some), SETTINGS)
    assert found is not None
    assert found.problem == "interrupted"
    assert [one.replays for one in found.buckets] == [["stem-FP"], ["stem-WG"]]


def test_a_problem_of_triage_is_told_and_not_raised(afresh: Failed, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ToolchainError("no compiler any more")

    monkeypatch.setattr(triage_run, "build", broken)
    found = triage(afresh, SETTINGS)
    assert found is not None
    assert found.problem == "no compiler any more"
    assert {one.note for one in found.buckets} == {"not examined"}


def test_a_replay_that_passes_when_rerun_is_told(afresh: Failed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bench, "run", lambda *_: Finding(None, cycles=7))
    found = triage(afresh, SETTINGS)
    assert found is not None
    for bucket in found.buckets:
        assert bucket.original is bucket.shrunk is None
        assert bucket.note.startswith("it passed when it was run again")


def test_a_launch_that_does_not_end_hangs(triaged: Triaged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given up after 20 cycles, which is before the first result."""
    monkeypatch.setattr(trial, "LIMIT_FACTOR", 0)
    monkeypatch.setattr(trial, "LIMIT_CYCLES", 20)
    library = build(find_preset("tiny"), chip=False, gated=False, rtl=triaged.failed.rtl).artifact
    _, case = case_of(triaged, BITS, "original")
    finding = trial.CoreBench(library, "tiny", lambda: "").run(case)
    assert finding.symptom is not None
    assert finding.symptom.slug == "hang-core"
    assert finding.event == "the last word is taken or result given"
    assert 0 < finding.at <= finding.end


def test_a_simulator_that_dies_or_hangs_is_a_finding(triaged: Triaged, tmp_path: Path) -> None:
    _, case = case_of(triaged, BITS)
    with bench_of(triaged, tmp_path) as bench:
        assert bench.run(case, 60).symptom is not None
        process = bench._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        died = bench.run(case, 60)
        assert died.symptom is not None
        assert died.symptom.slug == "simulator-SIGKILL"
        assert bench.run(case, 60).symptom is not None, "another one is started"
        process = bench._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        hung = bench.run(case, 0.5)
        assert hung.symptom is not None
        assert hung.symptom.slug == "simulator-hung"
        again = bench.run(case, 60)
        assert again.message.startswith("1 of 1 results differ")


def test_sums_over_pixels_join_if_the_tile_fails_there_too(triaged: Triaged) -> None:
    """Without a second fault, WG's replays have the flipped bit's symptom: the tile, turned, decides."""
    told, case = case_of(triaged, BITS)
    inter = replace(case.symptom, facts={**case.symptom.facts, "sums": ["inter"]})
    intra = replace(case.symptom, facts={**case.symptom.facts, "sums": ["intra"]})
    for there, count in ((intra, 1), (None, 2), (Symptom("hang", "core", "hangs"), 2)):
        work = triage_run._Work(triaged.failed, SETTINGS)
        work._groups = [Group(inter, [0], "a"), Group(intra, [1], "a-intra")]

        class Fake:
            def run(self, *_: Any, symptom: Symptom | None = there) -> Finding:
                return Finding(symptom)

        examined = Examination(source=case.source)
        work._merge(work._groups[0], examined, Fake())  # type: ignore[arg-type]
        assert len(work._groups) == count
        assert work._groups[0].members == ([0, 1] if count == 1 else [0])
    assert told.geometry.kernel == 1


def test_a_record_without_operands_is_told(afresh: Failed) -> None:
    lost = replace(afresh, trace=afresh.folder / "lost.safetensors")
    found = triage(lost, SETTINGS)
    assert found is not None
    assert all(one.note.startswith("its operands cannot be had again: ") for one in found.buckets)
    assert found.problem is None
