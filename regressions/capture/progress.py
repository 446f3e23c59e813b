"""Progress on standard error: one line rewritten on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time

_TERMINAL_PERIOD_S = 0.1
_LOG_PERIOD_S = 5.0


def duration(seconds: float) -> str:
    """Return a duration as ``h:mm:ss`` or ``m:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class Progress:
    """Shows how far a task of `total` equal parts is, and the time left.

    Parameters
    ----------
    total
        Parts of the whole task.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._start = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._shown = float("-inf")

    def show(self, done: int, text: str) -> None:
        """Say `text` and the time left after `done` parts, unless the last line is too young."""
        now = time.monotonic()
        period = _TERMINAL_PERIOD_S if self._terminal else _LOG_PERIOD_S
        if now - self._shown < period and done != self._total:
            return
        self._shown = now
        left = (now - self._start) / done * (self._total - done)
        line = f"{text}  {done / self._total:4.0%}, {duration(left)} left"
        print(
            f"\r{line}\x1b[K" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr
        )
        sys.stderr.flush()

    def close(self) -> None:
        """End the rewritten line."""
        if self._terminal:
            print(file=sys.stderr)
