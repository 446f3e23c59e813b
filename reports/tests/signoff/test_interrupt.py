"""What is ended from outside ends its workers too, and what they have started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tb.toolchain import REPO_ROOT

TEST = """
import os, subprocess, time
from pathlib import Path

def test_sleeps():
    sleeper = subprocess.Popen(["sleep", "300"])
    Path("{folder}/written").write_text(f"{{os.getpid()}} {{os.getppid()}} {{sleeper.pid}}")
    Path("{folder}/written").rename("{folder}/pids")
    time.sleep(300)
"""
HEEDS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
"""
"""A program begins so: its test may itself run where hanging up and Ctrl-C are ignored, as by nohup."""
FAULTS = """
import sys
from functools import partial
from pathlib import Path
from reports.signoff import campaign
from reports.signoff.interrupt import obey_signals
from tb.mutation.campaign import Campaign
from tb.mutation.worker import Plan

folder = Path(sys.argv[1])

def carry_out(*_):
    one = Campaign([], frozenset(), folder, 1, 30.0, None)
    plan = Plan([], {}, [str(folder / "test_of_design.py")], str(folder / "out.jsonl"), {}, [])
    one._all([partial(one._work, "worker", plan)])

campaign.carry_out = carry_out
obey_signals()
sys.exit(campaign.main(["--no-history"]))
"""
COVERAGE = """
import sys
from pathlib import Path
from reports.signoff import coverage
from reports.signoff.interrupt import obey_signals
from tb.coverage.run import _collect
from tb.coverage.worker import Plan

folder = Path(sys.argv[1])

def measure(*_):
    test = "test_of_design.py"
    plan = Plan("quick", 1, [str(folder / test)], [f"{test}::test_sleeps"], str(folder))
    _collect(plan, plan.tests, folder, 1, print)

coverage._measure = measure
obey_signals()
sys.exit(coverage.main(["--no-history"]))
"""


def is_there(pid: int) -> bool:
    """Whether a process runs still; one that nobody waits for does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=["terminate", "hang up", "kill"]
)
@pytest.mark.parametrize("program", [FAULTS, COVERAGE], ids=["faults", "coverage"])
def test_the_workers_end_too(tmp_path: Path, program: str, number: signal.Signals) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    conftest = "def pytest_addoption(parser):\n    parser.addoption('--seed')\n"
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_of_design.py").write_text(TEST.format(folder=tmp_path))
    command = [sys.executable, "-c", HEEDS + program, str(tmp_path)]
    process = subprocess.Popen(
        command, cwd=REPO_ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    pids: list[int] = []
    try:
        end = time.monotonic() + 60
        while not (tmp_path / "pids").exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        pids = [int(word) for word in (tmp_path / "pids").read_text().split()]
        assert all(map(is_there, pids))
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
        ours = pids
        if number is signal.SIGKILL:  # no time for a word, nor for what tests have started
            assert process.returncode == -number
            ours = pids[:2]
        else:
            assert process.returncode == 130
            assert "error: interrupted" in err
        end = time.monotonic() + 10
        while any(map(is_there, ours)) and time.monotonic() < end:
            time.sleep(0.05)
        assert not [pid for pid in ours if is_there(pid)]
    finally:
        process.kill()
        for pid in filter(is_there, pids):
            os.kill(pid, signal.SIGKILL)
