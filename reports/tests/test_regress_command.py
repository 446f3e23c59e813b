"""The main job from its command line, in good times and bad: exit status, terminal, report."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regressions.options import Options
from regressions.results import Results, Status, summarise
from regressions.run import Outcome
from regressions.tests.dump_checker import recompute
from regressions.tests.small_run import REPLAYS, arguments
from reports import __main__ as from_results
from reports import regress
from reports.tests.regress_runs import Json, regress_command, report, start, statuses
from reports.tests.test_coverage import records
from tb.coverage.points import HEADER
from tb.toolchain import BUILD_ROOT, REPO_ROOT, RTL_ROOT

pytestmark = pytest.mark.xdist_group("regress command")


# --- Good times -------------------------------------------------------------------------------------


def test_a_run_that_passes(trace: Path, tmp_path: Path, built: None) -> None:
    status, out, err = regress_command(arguments(tmp_path, trace, "--layers", "fc"))
    assert status == 0, err
    head, place = out.splitlines()
    assert head == "PASS 3/3 · replay · tiny"
    assert Path(place.removeprefix("report: ")) == (tmp_path / "out" / "latest").resolve() / "index.html"
    document = report(tmp_path)
    assert document["summary"]["exit_status"] == 0
    assert [gate["name"] for gate in document["summary"]["gates"] if not gate["passed"]] == []
    assert document["coverage"]["line"]["hit"] > 0
    assert document["coverage"]["user"]["total"] > 0
    assert document["coverage"]["assertion"]["total"] > 0
    (raw,) = (tmp_path / "runs").glob("*/results.json")
    assert json.loads(raw.read_text(encoding="utf-8")) == document


def test_help_is_for_reading(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        regress.main(["--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for word in ("--layers", "--dump", "examples:", "Exit status: 0 if every planned replay passed"):
        assert word in text
    assert str(REPO_ROOT) not in text


# --- A faulty design --------------------------------------------------------------------------------

SOUND = "product_q[0] <= operand_pkg::product(a_i, b[0], sig0);"
FAULTY = "product_q[0] <= operand_pkg::product(a_i, b[0], sig0) ^ core_pkg::SumBits'(1 << 12);"


FAULTS = BUILD_ROOT / "faults" / "regress"
"""Always the same place: what is built from it is found in the cache the next time."""


def copy_design(fault: str, name: str, old: str, new: str) -> Path:
    """Copy the design and change one place of one file."""
    folder = FAULTS / fault / "rtl"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(RTL_ROOT, folder)
    (path,) = folder.rglob(name)
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{name} no longer has {old!r}: choose another place for the fault"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_a_faulty_design_fails_with_its_first_mismatch(trace: Path, tmp_path: Path) -> None:
    """A flipped bit in the products of each PE's first column; the command that is printed reruns it."""
    rtl = copy_design("flipped-bit", "pe.sv", SOUND, FAULTY)
    words = ["--rtl", str(rtl), "--layers", "fc", "stem", "--steps", "FP", "WG", "--waves"]
    words += ["--no-triage"]
    status, out, err = regress_command(arguments(tmp_path, trace, *words, "--dump", str(tmp_path / "dumps")))
    assert status == 1, err
    document = report(tmp_path)
    assert statuses(document) == dict.fromkeys(("stem-FP", "stem-WG", "fc-FP", "fc-WG"), "fail")
    assert (document["summary"]["fail"], document["summary"]["verdict"]) == (4, "fail")
    for replay in document["replays"]:
        check_failure(replay, tmp_path / "dumps")
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0] == "FAIL 0/4 · replay · tiny"
    first = document["replays"][0]["failure"]
    assert lines[1] == f"fail stem-FP: {document['replays'][0]['mismatches']} of 720 elements differ"
    assert lines[2].startswith(f"first at image {first['index'][0]}, out-channel {first['index'][1]}, y ")
    assert lines[3].startswith(f"expected {first['expected_hex']} (")
    assert f"RTL gave {first['actual_hex']} (" in lines[3]
    commands = [line.removeprefix("rerun: ") for line in lines if line.startswith("rerun: ")]
    assert commands == [replay["failure"]["rerun_waves"] for replay in document["replays"]]
    check_rerun(commands[2], document["replays"][2], tmp_path)


def check_failure(replay: Json, dumps: Path) -> None:
    """The first mismatch is the first one, and both values are what RTL and contract give."""
    failure = replay["failure"]
    with np.load(dumps / f"{replay['layer']}-{replay['step']}.npz") as file:
        dump = dict(file)
    expected, actual = recompute(dump, replay["step"]), dump["result"]
    differs = expected != actual
    assert replay["mismatches"] == differs.sum() > 0
    assert replay["elements"] == differs.size
    index = tuple(failure["index"])
    assert index == tuple(np.argwhere(differs)[0])
    for name, bits in (("expected", expected[index]), ("actual", actual[index])):
        assert failure[f"{name}_hex"] == f"{int(bits):08X}"
        value = float(bits.view(np.float32))
        assert np.float32(failure[name]) == value or (failure[name], str(value)) == ("nan", "nan")
    column = index[0] if replay["step"] == "WG" else index[1]
    assert failure["column"] == column
    assert column % 2 == 0, "the fault is in the first of each PE's two columns"
    assert failure["operands"]
    for operand in failure["operands"]:
        assert re.fullmatch(r"[0-9A-F]{2}|[0-9A-F]{4}", operand["a_hex"])
        assert re.fullmatch(r"[0-9A-F]{4}", operand["b_hex"])


def check_rerun(command: str, replay: Json, folder: Path) -> None:
    """Type the command as it was printed: the same failure alone, with waves."""
    words = shlex.split(command)
    assert words[:2] == ["./run", "regress"]
    shutil.rmtree(folder / "out")
    status, _, err = regress_command(words[2:])
    assert status == 1
    assert "from the cache" in err, "waves were on before: the same model"
    (again,) = report(folder)["replays"]
    assert again["failure"] == replay["failure"]
    (waves,) = sorted((folder / "runs").glob("*/fc-FP/waves.vcd"))[1:]
    text = waves.read_text(encoding="utf-8")
    assert "$enddefinitions $end" in text
    assert re.search(r"\$scope module i_core \$end", text)
    assert text.count("\n#") > replay["cycles"], "both edges of the clock change a signal"


def test_a_design_that_does_not_compile(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rtl = copy_design("unknown-name", "pe.sv", SOUND, "product_q[0] <= nothing_of_this_name;")
    assert regress.main(arguments(tmp_path, trace, "--rtl", str(rtl))) == 2
    message = capsys.readouterr().err.partition("error: ")[2]
    assert message.startswith("build of core_tiny_coverage: Verilator failed with status 1. Last lines of ")
    assert "pe.sv:" in message
    assert "nothing_of_this_name" in message
    assert not (tmp_path / "out").exists()


# --- A machine that fails ---------------------------------------------------------------------------


def test_a_compiler_that_cannot_be_used(trace: Path, tmp_path: Path) -> None:
    status, out, err = regress_command(arguments(tmp_path, trace), CXX="false")
    assert (status, out) == (2, "")
    assert err.startswith("error: this machine lacks ")
    assert "'false' fails on -std=c++20" in err
    assert "apt install g++" in err


def test_a_compiler_that_fails_on_the_model(trace: Path, tmp_path: Path) -> None:
    compiler = FAULTS / "compiler"
    compiler.parent.mkdir(parents=True, exist_ok=True)
    fail = 'case "$*" in *Vtop*) echo "no space left in this compiler" >&2; exit 9;; esac'
    compiler.write_text(f'#!/bin/sh\n{fail}\nexec {os.environ.get("CXX", "c++")} "$@"\n', encoding="utf-8")
    compiler.chmod(0o755)
    status, out, err = regress_command(arguments(tmp_path, trace), CXX=str(compiler))
    assert (status, out) == (2, "")
    message = err.partition("error: ")[2]
    assert message.startswith(
        "build of core_tiny_coverage: the C++ compiler failed with status 2. Last lines "
    )
    assert "no space left in this compiler" in message


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminate"])
def test_an_interrupted_run_reports_what_has_ended(
    trace: Path, tmp_path: Path, built: None, number: signal.Signals
) -> None:
    # One at a time and stalled, so that seven have yet to run when the first one's line is read.
    process = start(arguments(tmp_path, trace, "--jobs", "1", "--stalls", "900"))
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("[1/8]"):
            break
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    found = statuses(report(tmp_path))
    assert tuple(found) == REPLAYS
    assert found["block.conv-BP"] == "pass", "the longest comes first"
    assert "error" in found.values()
    for replay in report(tmp_path)["replays"]:
        if replay["status"] == "error":
            assert replay["message"] == "interrupted before it ended"
    assert "gate broken: every replay finished: " in out


def test_a_disk_that_is_full_before_the_first_replay(trace: Path, tmp_path: Path, built: None) -> None:
    status, out, err = regress_command(arguments(tmp_path, trace), limit=300)
    assert (status, out) == (2, "")
    (folder,) = (tmp_path / "runs").iterdir()
    message = "cannot be written: File too large; free space there, or name another folder with --runs"
    assert err.splitlines()[-1] == f"error: {folder / 'plan.json'}: {message}"


def test_a_disk_that_fills_up_with_the_logs(trace: Path, tmp_path: Path, built: None) -> None:
    """The verdict is told though neither coverage nor page can be written, and small files are kept."""
    words = arguments(tmp_path, trace, "--layers", "fc", "--steps", "FP", "BP")
    status, out, err = regress_command(words, limit=20_000)
    assert status == 2
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0] == "FAIL 2/2 · replay · tiny"
    (folder,) = (tmp_path / "runs").iterdir()
    assert lines[1].startswith(f"gate broken: coverage files: {folder}/fc-FP/coverage.dat")
    problem, kept = err.splitlines()[-2:]
    assert problem.startswith(
        f"error: {tmp_path / 'out'}: the report was not written: File too large; earlier"
    )
    assert kept == f"the results are kept: python -m reports {folder / 'results.json'}"
    again = subprocess.run(
        [sys.executable, "-B", "-m", *shlex.split(kept)[-2:], "--out", str(tmp_path / "out")],
        cwd=REPO_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (again.returncode, again.stdout.splitlines()[0]) == (1, lines[0])
    assert set(statuses(report(tmp_path)).values()) == {"pass"}


# --- The report, without replays --------------------------------------------------------------------


@pytest.fixture
def reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Results, list[Path] | None], tuple[int, str, str]]:
    """Return a call of the command line whose regression finds what it is given."""

    def call(results: Results, coverage: list[Path] | None) -> tuple[int, str, str]:
        def run(options: Options) -> Outcome:
            return Outcome(replace(results, coverage=None), coverage, tmp_path)

        monkeypatch.setattr(regress, "run", run)
        status = regress.main(["--out", str(tmp_path / "out"), "--no-triage"])
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def coverage(tmp_path: Path) -> Path:
    """Write a coverage file."""
    path = tmp_path / "coverage.dat"
    path.write_text(HEADER + "\n" + "".join(records([1] * 8)), encoding="utf-8")
    return path


Reported = Callable[[Results, list[Path] | None], tuple[int, str, str]]


def test_a_sound_run_ends_with_0(passing: Results, coverage: Path, reported: Reported) -> None:
    status, out, err = reported(passing, [coverage, coverage])
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == "PASS 62/62 · resnet18 · core"


def test_a_missing_coverage_file_fails(
    passing: Results, coverage: Path, tmp_path: Path, reported: Reported
) -> None:
    status, out, _ = reported(passing, [coverage, tmp_path / "lost.dat"])
    assert status == 1
    head, gate, _ = out.splitlines()
    assert head == "FAIL 62/62 · resnet18 · core"
    assert gate.startswith(
        f"  gate broken: coverage files: {tmp_path / 'lost.dat'}: missing; the simulation "
    )
    assert report(tmp_path)["summary"]["exit_status"] == 1


def test_no_coverage_at_all_fails(passing: Results, tmp_path: Path, reported: Reported) -> None:
    status, out, _ = reported(passing, None)
    assert status == 1
    assert "  gate broken: coverage files: left out on request (--no-coverage)" in out.splitlines()
    assert report(tmp_path)["coverage"] is None


def test_broken_replays_are_told_with_their_rerun(
    broken: Results, coverage: Path, reported: Reported
) -> None:
    status, out, _ = reported(broken, [coverage])
    assert status == 1
    lines = out.splitlines()
    assert lines[0] == "FAIL 55/62 · resnet18 · core"
    assert lines[1] == "  fail layer1.1.conv2-BP: 1 of 1,024 elements differ"
    assert lines[4].startswith("    rerun: ./run regress ")
    assert lines[4].endswith(" --waves")
    assert sum(line.startswith("    rerun: ") for line in lines) == 5
    assert "  and 2 more that did not pass: see the report" in lines


def test_a_core_that_ends_too_early_is_reported(
    passing: Results, coverage: Path, tmp_path: Path, reported: Reported
) -> None:
    """Less time than the work takes at best is no reason to lose the report of a replay that failed."""
    first = passing.replays[0]
    assert first.ideal_cycles is not None
    assert first.dense_fp16_cycles is not None
    cycles = int(first.ideal_cycles / 2)
    early = replace(
        first,
        status=Status.FAIL,
        message="results out of place: 8 half rows never came",
        cycles=cycles,
        utilization=first.ideal_cycles / cycles,
        speedup_over_dense_fp16=first.dense_fp16_cycles / cycles,
    )
    replays = [early, *passing.replays[1:]]
    summary = summarise(replays, passing.summary.gates, len(replays))
    status, out, err = reported(replace(passing, replays=replays, summary=summary), [coverage])
    assert (status, err) == (1, "")
    assert out.splitlines()[1] == f"  fail {early.name}: {early.message}"
    assert report(tmp_path)["replays"][0]["utilization"] > 1


def test_results_that_break_the_contract_are_kept(
    passing: Results, coverage: Path, tmp_path: Path, reported: Reported
) -> None:
    status, _, err = reported(replace(passing, replays=passing.replays[1:]), [coverage])
    assert status == 2
    assert err.startswith("error: results.json: summary.")
    assert f"the results are kept: python -m reports {tmp_path / 'results.json'}" in err


@pytest.mark.parametrize("name", ["_append", "write"])
def test_an_interruption_before_the_report_is_written(
    passing: Results,
    coverage: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reported: Reported,
    name: str,
) -> None:
    def interrupt(*_: object) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(regress, name, interrupt)
        status, out, err = reported(passing, [coverage])
    assert status == 130
    assert out.startswith("PASS 62/62")
    raw = tmp_path / "results.json"
    assert (
        err
        == f"error: interrupted before there was a report; the results are kept: python -m reports {raw}\n"
    )
    assert from_results.main([str(raw), "--out", str(tmp_path / "out")]) == 0, "as the message says"


def test_an_interruption_while_coverage_is_merged(
    passing: Results, coverage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reported: Reported
) -> None:
    def interrupt(*_: object) -> Results:
        raise KeyboardInterrupt

    monkeypatch.setattr(regress, "attach", interrupt)
    status, out, _ = reported(passing, [coverage])
    assert status == 1
    assert "gate broken: coverage files: interrupted while coverage was merged" in out
    assert len(report(tmp_path)["replays"]) == 62


def test_an_interruption_before_anything_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(options: Options) -> Outcome:
        raise KeyboardInterrupt

    monkeypatch.setattr(regress, "run", run)
    assert regress.main([]) == 130
    assert capsys.readouterr().err == "error: interrupted; there is no report\n"
