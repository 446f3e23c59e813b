"""Conditions on a whole regression, beside every replay having passed."""

from __future__ import annotations

from collections.abc import Sequence

from regressions.chip.records import ChipHardware
from regressions.chip.replay import CHIP_COUNTED, ONLY_ATTACHED
from regressions.execute import COUNTED
from regressions.results import Gate, Replay, Status

CYCLE_TOLERANCE = 0.02
CYCLE_SLACK = 32
"""A replay's cycles may differ from the model's by the larger of a share and a number of cycles."""


def cycle_limit(model_cycles: int) -> float:
    """Return how far a replay's cycles may be from the model's."""
    return max(CYCLE_TOLERANCE * model_cycles, CYCLE_SLACK)


def gates(replays: Sequence[Replay], stall_permille: int) -> list[Gate]:
    """Judge a run's replays on one core by what they measured, whatever their own status says.

    With random stalls the cycle model does not apply, and its gate is left out.
    """
    found = [_finished(replays), _bits(replays), _counters(replays, COUNTED)]
    return found if stall_permille else [*found, _cycles(replays)]


def chip_gates(replays: Sequence[Replay], hardware: ChipHardware) -> list[Gate]:
    """Judge a run's replays on the chip, and the chip's SRAM.

    What is fetched follows from the plan as long as no core is left behind; a slowed one may be.
    """
    slowed = hardware.slow_core is not None
    needed = [name for name in CHIP_COUNTED if not (slowed and name in ONLY_ATTACHED)]
    return [
        _finished(replays),
        _bits(replays),
        _images(replays),
        _counters(replays, needed),
        *([] if slowed else [_attached(replays)]),
        _sram(hardware),
    ]


def _images(replays: Sequence[Replay]) -> Gate:
    wrong, compared = [], 0
    for replay in replays:
        if replay.status is not Status.ERROR:
            chip = replay.chip
            if chip is None or not chip.image_bytes:
                wrong.append(f"{replay.name} compared nothing")
            elif chip.image_mismatches:
                wrong.append(f"{replay.name} {chip.image_mismatches:,} of {chip.image_bytes:,}")
            compared += chip.image_bytes if chip else 0
    return Gate(
        "memory images equal the golden chip model's",
        not wrong and compared > 0,
        _list(wrong) or f"{compared:,} bytes",
    )


def _attached(replays: Sequence[Replay]) -> Gate:
    left = [one.name for one in replays if one.chip is not None and one.chip.detached]
    return Gate("no core was left behind", not left, _list(left) or "so all traffic is the plan's")


def _sram(hardware: ChipHardware) -> Gate:
    total, limit = sum(hardware.sram_bytes.values()), hardware.sram_limit_bytes
    split = ", ".join(f"{name} {size / 1024:g}" for name, size in hardware.sram_bytes.items())
    detail = f"{total / 1024:g} KB: {split}"
    return Gate(f"SRAM within {limit / 1024:g} KB", total <= limit, detail)


def _finished(replays: Sequence[Replay]) -> Gate:
    lost = [replay.name for replay in replays if replay.status is Status.ERROR]
    return Gate("every replay finished", not lost and bool(replays), _list(lost) or f"{len(replays)} replays")


def _bits(replays: Sequence[Replay]) -> Gate:
    wrong = [
        f"{replay.name} {_differing(replay)}"
        for replay in replays
        if replay.status is not Status.ERROR and (replay.mismatches != 0 or not replay.elements)
    ]
    elements = sum(replay.elements or 0 for replay in replays)
    return Gate(
        "results equal the golden model bit for bit",
        not wrong and elements > 0,
        _list(wrong) or f"{elements:,} elements",
    )


def _differing(replay: Replay) -> str:
    if not replay.elements or replay.mismatches is None:
        return "compared nothing"
    return f"{replay.mismatches:,} of {replay.elements:,}"


def _counters(replays: Sequence[Replay], needed: Sequence[str]) -> Gate:
    wrong = []
    for replay in replays:
        if replay.status is not Status.ERROR:
            missing = [name for name in needed if name not in replay.counters]
            names = [f"{name} missing" for name in missing] + sorted(replay.unequal_counters)
            if names:
                wrong.append(f"{replay.name} ({', '.join(names)})")
    return Gate("counters of work equal", not wrong, _list(wrong) or f"{len(needed)} counters a replay")


def _cycles(replays: Sequence[Replay]) -> Gate:
    name = f"cycles within {CYCLE_TOLERANCE:.0%} or {CYCLE_SLACK} of the model"
    off, unknown, worst = [], [], 0.0
    for replay in replays:
        if replay.status is Status.ERROR:
            continue
        cycles, model = replay.cycles, replay.model_cycles
        if not cycles or not model:
            unknown.append(f"{replay.name} was not measured")
            continue
        worst = max(worst, abs(cycles / model - 1))
        if abs(cycles - model) > cycle_limit(model):
            off.append(f"{replay.name} {cycles:,} instead of {model:,}")
    finished = any(replay.status is not Status.ERROR for replay in replays)
    detail = f"at most {worst:.2%} off" if finished else "no replay finished"
    return Gate(name, finished and not off and not unknown, _list(off + unknown) or detail)


def _list(names: Sequence[str], shown: int = 6) -> str:
    rest = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {rest} more" if rest > 0 else "")
