"""Work in forks: what children tell, and what becomes of those that end too early or too late."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tb.forked import CRASHED, HUNG, Deadline, Emit, events
from tb.toolchain import REPO_ROOT


def test_a_child_tells_and_ends() -> None:
    def work(emit: Emit) -> None:
        for number in range(3):
            emit({"kind": "end", "number": number})

    assert [event["number"] for event in events(work)] == [0, 1, 2]


def test_a_child_that_fails_or_hangs_is_named() -> None:
    assert list(events(lambda emit: os.abort())) == [{"kind": CRASHED}]
    assert list(events(lambda emit: time.sleep(60), Deadline(time.monotonic() + 0.2))) == [{"kind": HUNG}]


ORPHAN = """
import os, sys, time
from tb.forked import events

def work(emit):
    emit({"kind": "start", "pid": os.getpid()})
    time.sleep(60)

for event in events(work):
    print(event["pid"], flush=True)
"""


def test_a_child_ends_with_its_parent() -> None:
    """Killed, so that it can clear nothing away."""
    command = [sys.executable, "-c", ORPHAN]
    with subprocess.Popen(command, cwd=REPO_ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _runs(child)
        parent.kill()
    end = time.monotonic() + 10
    while _runs(child) and time.monotonic() < end:
        time.sleep(0.02)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """Tell whether a process is there and not merely waiting to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False
