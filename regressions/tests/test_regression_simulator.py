"""A simulation that fails, hangs or dies says why in the first line, and leaves no process behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tb.cocotb_simulation import LOG, SHOWN_LINES, SimulationError, run_simulation
from tb.toolchain import BuildResult

PASSED = '<testsuites><testsuite><testcase name="replay" /></testsuite></testsuites>'
ASSERTION = "[1200] %Error: a.sv:7: Assertion failed in top.i_a: not ready"
FAILED = PASSED.replace(" />", '><failure type="ValueError" message="not a replay&#10;at all" /></testcase>')
SKIPPED = PASSED.replace(" />", "><skipped /></testcase>")
HALF = PASSED.replace(
    "</testsuite>", '<testcase name="other"><skipped message="not now" /></testcase></testsuite>', 1
)


def simulate(folder: Path, shell: str, timeout_s: float = 60) -> Path:
    """Run a line of shell in the place of a simulator; `leave TEXT` writes cocotb's results."""
    program = folder / "program"
    leave = 'leave() { printf "%s" "$1" > "$COCOTB_RESULTS_FILE"; }'
    program.write_text(f"#!/bin/sh\n{leave}\n{shell}\n", encoding="utf-8")
    program.chmod(0o755)
    build = BuildResult(folder, program, cached=True)
    return run_simulation(
        build, "top", "module", folder / "run", environment={"EXTRA": "given"}, seed=7, timeout_s=timeout_s
    )


def problem(folder: Path, shell: str, timeout_s: float = 60) -> str:
    """Return the message of a simulation that fails."""
    with pytest.raises(SimulationError) as caught:
        simulate(folder, shell, timeout_s)
    message = str(caught.value)
    assert f"log: {folder / 'run' / LOG}" in message
    return message


def test_a_simulation_that_passes(tmp_path: Path) -> None:
    shell = f"echo $EXTRA $COCOTB_TOPLEVEL $COCOTB_TEST_MODULES $COCOTB_RANDOM_SEED; leave '{PASSED}'"
    assert simulate(tmp_path, shell).read_text(encoding="utf-8") == PASSED
    assert (tmp_path / "run" / LOG).read_text(encoding="utf-8") == "given top module 7\n"


@pytest.mark.parametrize(
    ("shell", "first_line"),
    [
        ("exit 3", "the simulation failed: the simulator left no results"),
        ("true", "the simulation failed: the simulator left no results"),
        ("leave ''", "the simulation failed: the simulator left no results"),
        (f"leave '{PASSED[:40]}'", "the simulation failed: the simulator left no results"),
        ("leave '<testsuites />'", "the simulation failed: the simulator ran no test"),
        (f"leave '{PASSED}'; exit 4", "the simulation failed: exit status 4"),
        (f"leave '{FAILED}'", "the simulation failed: ValueError: not a replay"),
        (
            f"leave '{SKIPPED}'",
            "the simulation failed: test replay was skipped: what did not run has not passed",
        ),
        (
            f"leave '{HALF}'",
            "the simulation failed: test other was skipped (not now): what did not run has not",
        ),
        ("kill -KILL $$", "the simulator was killed by SIGKILL (out of memory, or from outside)"),
        (f"leave '{PASSED}'; kill -SEGV $$", "the simulator was killed by SIGSEGV"),
        (
            f"echo '{ASSERTION}'; echo '%Error: a.sv:7: Verilog $stop'; leave '{FAILED}'; exit 1",
            "the simulation failed: a.sv:7: Assertion failed in top.i_a: not ready",
        ),
        ("echo '%Error: a.sv:7: but went on'; leave '" + PASSED + "'", "the simulation failed: a.sv:7: but"),
    ],
)
def test_the_first_line_says_why(tmp_path: Path, shell: str, first_line: str) -> None:
    assert problem(tmp_path, shell).splitlines()[0].startswith(first_line)


def test_results_of_an_earlier_run_count_for_nothing(tmp_path: Path) -> None:
    simulate(tmp_path, f"leave '{PASSED}'")
    assert "left no results" in problem(tmp_path, "true")


def test_the_end_of_the_log_is_shown(tmp_path: Path) -> None:
    lines = problem(tmp_path, "for n in $(seq 100); do echo line $n; done; exit 1").splitlines()
    assert lines[2:] == [f"  line {number}" for number in range(101 - SHOWN_LINES, 101)]


def test_one_that_never_ends_is_killed(tmp_path: Path) -> None:
    begin = time.monotonic()
    message = problem(tmp_path, "echo $$; exec sleep 600", timeout_s=0.5)
    assert message.startswith("the simulator hung: still running after 0.5 s, killed")
    assert time.monotonic() - begin < 60
    number = int((tmp_path / "run" / LOG).read_text(encoding="utf-8"))
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    build = BuildResult(tmp_path, tmp_path / "lost", cached=True)
    with pytest.raises(OSError, match="lost"):
        run_simulation(build, "top", "module", tmp_path / "run", environment={}, seed=1, timeout_s=1)
