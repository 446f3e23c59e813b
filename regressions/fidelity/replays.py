"""One replay on the RTL of a core: its bits and counters required to be golden's, its energy by events."""

from __future__ import annotations

from collections.abc import Sequence

from golden.geometry import Step
from golden.memories import sram_accesses
from golden.power.events import count_events
from golden.power.model import EventModel
from golden.power.operating import OperatingPoint
from golden.presets import find_preset
from regressions.execute import judge
from regressions.fidelity.records import PointEnergy, Run
from tb.core.bare import BareCore, CoreFailure, describe
from tb.core.replay import ReplayInput

PICO = 1e12
MEMORIES = ("A rings", "A rings", "B rows", "partial sums")
"""What `golden.memories.sram_accesses` counts, in its order."""


def measure(core: BareCore, source: ReplayInput, model: EventModel, points: Sequence[OperatingPoint]) -> Run:
    """Replay on the core, and weigh what it counted.

    Raises
    ------
    tb.core.bare.CoreFailure
        If a bit or a counter is not golden's, or an assertion of the RTL failed.
    """
    replay, outcome = core.run(source)
    mismatches, work, _, problem = judge(replay, outcome)
    if mismatches or problem:
        raise CoreFailure(f"{describe(source)}: {problem or f'{mismatches} results are not golden’s'}")
    preset = find_preset(core.preset)
    events = count_events(outcome.counters, len(replay.streams.costs))
    accesses = sram_accesses(outcome.counters, preset, source.step is Step.WG)
    memories = {
        name: [one for one, kind in zip(accesses, MEMORIES, strict=True) if kind == name] for name in MEMORIES
    }
    energies = []
    for point in points:
        one = model.estimate(events, memories, 0, preset, point)
        energies.append(
            PointEnergy(
                point.voltage,
                point.frequency / 1e6,
                {component.value: joules * PICO for component, joules in one.logic.items()},
                {name: joules * PICO for name, joules in one.sram.items()},
                one.leakage * PICO,
            )
        )
    return Run(
        outcome.cycles,
        work.macs_total,
        work.macs_fp8,
        work.macs_fp16,
        work.macs_skipped,
        outcome.product.size,
        replay.a.zero_fraction,
        replay.a.fp16_fraction,
        energies,
    )
