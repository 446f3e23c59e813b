"""A core that does what golden says, without a simulator; it can be told to do something wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import cast

from golden.counters import work_counters
from golden.hardware_counters import CORE_COUNTERS
from golden.schedule import launches, predicted_counters, replay_cycles
from tb.core.bare import BareCore
from tb.core.replay import Replay, ReplayInput, ReplayOutcome


@dataclass
class FakeCore:
    """Golden behind `BareCore.run`; `wrong_bit` flips one, `miscount` names a counter that is too high."""

    preset: str = "core"
    wrong_bit: bool = False
    miscount: str | None = None
    runs: int = 0

    def run(self, source: ReplayInput) -> tuple[Replay, ReplayOutcome]:
        """Return what golden makes of a replay."""
        self.runs += 1
        replay = Replay(source)
        columns = len(source.columns)
        work = work_counters(replay.lowering, replay.a, columns)
        cycles = replay_cycles(replay.streams, columns)
        times = launches(replay.streams, columns)
        predicted = asdict(predicted_counters(replay.streams))
        counters = dict.fromkeys(CORE_COUNTERS, 0) | {name: times * n for name, n in predicted.items()}
        counters |= {
            "macs_fp8": work.macs_fp8,
            "macs_fp16": work.macs_fp16,
            "macs_skipped": work.macs_skipped,
        }
        counters["cycles"] = cycles
        product = replay.expected.copy()
        if self.wrong_bit:
            product[0, 0] ^= 1
        if self.miscount:
            counters[self.miscount] += 1
        return replay, ReplayOutcome(product, cycles, counters, None)


def fake_core(*, wrong_bit: bool = False, miscount: str | None = None) -> BareCore:
    """Return it as what the study takes it for."""
    return cast(BareCore, FakeCore(wrong_bit=wrong_bit, miscount=miscount))
