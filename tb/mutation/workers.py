"""Processes that carry out the plans of a campaign (`tb.mutation.worker`), and their end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Lock

import pytest

from tb.mutation.worker import Plan
from tb.toolchain import REPO_ROOT

SHOWN_LINES = 12
"""Last lines of a worker's log that an error shows."""


class CampaignError(RuntimeError):
    """The campaign could not be carried out."""


class Workers:
    """Starts workers, of any thread, until they are to end."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ended = False

    def work(self, plan: Plan, path: Path) -> None:
        """Carry out a plan, kept in `path`, and wait for its end.

        Raises
        ------
        CampaignError
            If the worker fails, with the end of its log.
        """
        plan.save(path)
        log = path.with_suffix(".log")
        command = [sys.executable, "-m", "tb.mutation.worker", str(path)]
        with log.open("w", encoding="utf-8") as out:
            with self._lock:
                if self._ended:
                    raise CampaignError("the campaign was interrupted")
                process = subprocess.Popen(command, cwd=REPO_ROOT, stdout=out, stderr=subprocess.STDOUT)
                self._running.add(process)
            state = process.wait()
        with self._lock:
            self._running.discard(process)
        # A plan whose tests are there no more would leave its mutants without a verdict.
        nothing = [] if plan.tests else [pytest.ExitCode.NO_TESTS_COLLECTED]
        if state not in (pytest.ExitCode.OK, *nothing):
            tail = "\n  ".join(log.read_text(encoding="utf-8").splitlines()[-SHOWN_LINES:])
            raise CampaignError(f"a worker of the campaign failed; last lines of {log}:\n  {tail}")

    def end(self) -> None:
        """End the workers that run, and start no other one; the verdicts that they have written stay."""
        with self._lock:
            self._ended = True
            for process in self._running:
                process.terminate()
