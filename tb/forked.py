"""Collected tests run in forks of this process: each begins with what has been collected and nothing more.

What a test leaves behind (a model's state, a cache) cannot reach another one, and a model that ends its
process ends no more than that.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

Event = dict[str, Any]
Emit = Callable[[Event], None]

CRASHED, HUNG = "crashed", "hung"
"""Kinds of event that a child cannot tell of itself."""
PR_SET_PDEATHSIG = 1


@dataclass
class Deadline:
    """Value of `time.monotonic` at which a child is killed; it may be moved while the child works."""

    at: float = math.inf


def events(work: Callable[[Emit], None], deadline: Deadline | None = None) -> Iterator[Event]:
    """Fork, let the child do its work, and yield what it tells.

    Parameters
    ----------
    work : callable
        Called in the child with a function that passes an event on (with a ``kind``; of what JSON knows). Its
        output goes nowhere.
    deadline : Deadline or None
        When the child and all that it has started are killed.

    Yields
    ------
    dict
        The events; last one of kind `CRASHED` if the child failed, `HUNG` if it was killed.
    """
    reader, writer = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _child(work, writer, parent)
    os.close(writer)
    with contextlib.suppress(OSError):  # who is first, so that the group is there when it must be killed
        os.setpgid(pid, pid)
    text = b""
    try:
        while True:
            left = None
            if deadline is not None and deadline.at < math.inf:
                left = max(0.0, deadline.at - time.monotonic())
            ready, _, _ = select.select([reader], [], [], left)
            if not ready:
                yield {"kind": HUNG}
                return
            part = os.read(reader, 1 << 16)
            if not part:
                break
            text += part
            *lines, text = text.split(b"\n")
            yield from (json.loads(line) for line in lines)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        pid = 0
        if status:
            yield {"kind": CRASHED}
    finally:
        os.close(reader)
        if pid:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def end_with_parent() -> None:
    """Have this process killed when the thread that started it ends, even if nothing is left to clear up."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _child(work: Callable[[Emit], None], writer: int, parent: int) -> None:
    status = 1
    try:
        os.setpgid(0, 0)
        # What it would write after its parent's end would be taken for another test's.
        end_with_parent()
        if os.getppid() != parent:
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        with os.fdopen(writer, "w", encoding="utf-8") as pipe:
            work(lambda event: print(json.dumps(event), file=pipe, flush=True))
        status = 0
    finally:
        os._exit(status)


class Reports:
    """A pytest plugin that keeps what a test's phases report."""

    def __init__(self) -> None:
        self._kept: list[pytest.TestReport] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a report."""
        self._kept.append(report)

    def run(self, item: pytest.Item) -> pytest.TestReport | None:
        """Run a test with its fixtures; return the first report that is not of a pass."""
        self._kept.clear()
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        return next((report for report in self._kept if not report.passed), None)
