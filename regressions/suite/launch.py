"""Runs the suite of replays as processes of their own, which end with it whatever happens."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from regressions.order import Order
from regressions.problems import writing
from tb.toolchain import REPO_ROOT

PLAN = "plan.json"
LOG = "pytest.log"
INTERRUPTED = "interrupted before it ended"
SUITE = Path("regressions") / "suite" / "test_replays.py"
ENDED = (0, 1)
"""Exit statuses of pytest after it has run all tests: all passed, or some failed."""


def run_suite(orders: Sequence[tuple[Order, int]], folder: Path, jobs: int) -> str:
    """Run the replays under pytest-xdist in the given order; each leaves its record in its folder.

    Parameters
    ----------
    orders : sequence of (Order, int)
        Replays with their predicted cycles.
    folder : Path
        Where plan and log are written.
    jobs : int
        Replays at a time.

    Returns
    -------
    str
        Why a replay may have left no record.

    Raises
    ------
    WriteError
        If plan or log cannot be written.
    """
    plan, log = folder / PLAN, folder / LOG
    entries = [{"order": order.to_json(), "cycles": cycles} for order, cycles in orders]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "regressions.suite.plugin"]
    command += ["-p", "no:cacheprovider", "--replay-plan", str(plan)]
    # One replay at a time to each worker keeps the order of the plan; every worker that dies is replaced.
    command += ["-n", str(jobs), "--dist", "load", "--maxschedchunk", "1"]
    command += ["--max-worker-restart", str(len(orders)), str(SUITE)]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with writing(plan, "--runs"):
        plan.write_text(json.dumps(entries), encoding="utf-8")
        output = log.open("wb")
    with output:
        # A session of its own: Ctrl-C reaches only this process, and no simulator outlives the suite.
        process = subprocess.Popen(
            command, cwd=REPO_ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, start_new_session=True
        )
        try:
            status = process.wait()
        except KeyboardInterrupt:
            return INTERRUPTED
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if status not in ENDED:
        return f"did not run: pytest ended with status {status}\nlog: {log}"
    return f"left no record: its worker died (killed, or out of memory?) or could not write\nlog: {log}"
