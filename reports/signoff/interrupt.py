"""Ends that come from outside, by a job control or a terminal that is closed, are those of Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

ENDS = (signal.SIGTERM, signal.SIGHUP)
CHILDREN_S = 5.0
"""What workers have to end what they have started."""


def obey_signals() -> None:
    """Let `ENDS` interrupt the main thread, which ends its workers; one that the caller ignores stays so."""
    for number in ENDS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(*_: object) -> None:
    for number in ENDS:  # another one must not disturb the end that has begun
        signal.signal(number, signal.SIG_IGN)
    for child in _children():  # as a terminal does at Ctrl-C
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGINT)
    end = time.monotonic() + CHILDREN_S
    while any(map(_runs, _children())) and time.monotonic() < end:
        time.sleep(0.05)
    raise KeyboardInterrupt


def _children() -> list[int]:
    files = Path("/proc/self/task").glob("*/children")
    return [int(child) for file in files for child in file.read_text(encoding="ascii").split()]


def _runs(process: int) -> bool:
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
        return status.rpartition(")")[2].split()[0] != "Z"
    return False
