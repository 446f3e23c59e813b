"""Conditions on a whole regression, beside every replay having passed."""

from __future__ import annotations

from collections.abc import Sequence

from regressions.results import Gate, Replay, Status

CYCLE_TOLERANCE = 0.02
CYCLE_SLACK = 32
"""A replay's cycles may differ from the model's by the larger of a share and a number of cycles."""


def cycle_limit(model_cycles: int) -> float:
    """Return how far a replay's cycles may be from the model's."""
    return max(CYCLE_TOLERANCE * model_cycles, CYCLE_SLACK)


def gates(replays: Sequence[Replay], stall_permille: int) -> list[Gate]:
    """Judge a run's replays.

    With random stalls the cycle model does not apply, and its gate is left out.
    """
    found = [_finished(replays), _equal(replays)]
    return found if stall_permille else [*found, _cycles(replays)]


def _finished(replays: Sequence[Replay]) -> Gate:
    lost = [replay.name for replay in replays if replay.status is Status.ERROR]
    return Gate("every replay finished", not lost, _list(lost) or f"{len(replays)} replays")


def _equal(replays: Sequence[Replay]) -> Gate:
    wrong = [replay.name for replay in replays if replay.status is Status.FAIL]
    return Gate("results and work counters equal", not wrong, _list(wrong) or "bit for bit")


def _cycles(replays: Sequence[Replay]) -> Gate:
    measured = [r for r in replays if r.cycles is not None and r.model_cycles is not None]
    off = [
        f"{r.name} {r.cycles} instead of {r.model_cycles}"
        for r in measured
        if abs((r.cycles or 0) - (r.model_cycles or 0)) > cycle_limit(r.model_cycles or 0)
    ]
    worst = max((abs((r.cycles or 0) / (r.model_cycles or 1) - 1) for r in measured), default=0.0)
    name = f"cycles within {CYCLE_TOLERANCE:.0%} or {CYCLE_SLACK} of the model"
    return Gate(name, bool(measured) and not off, _list(off) or f"at most {worst:.2%} off")


def _list(names: Sequence[str], shown: int = 6) -> str:
    rest = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {rest} more" if rest > 0 else "")
