"""The core in a bare C++ loop as tests drive it: run a replay, and require what golden says of it."""

from __future__ import annotations

import ctypes
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from golden.counters import work_counters
from golden.formats import U32
from golden.presets import find_preset
from golden.schedule import predicted_counters
from tb.core.build import build_bare
from tb.core.device import ALL_STREAMS, STREAMS, CoreDevice, LaunchInputs
from tb.core.replay import Replay, ReplayInput, ReplayOutcome
from tb.coverage.crosses import layers, operands
from tb.coverage.crosses.streams import CORE_SEGMENTS, sample_core_stalls, sample_segments

WORK_COUNTERS = ("macs_fp8", "macs_fp16", "macs_skipped")


class CoreFailure(AssertionError):
    """The core did not do what golden does: the message says where it was seen first."""


def streams(*names: str) -> int:
    """Return the set of streams by name, for `BareCore.run`."""
    return sum(1 << STREAMS.index(name) for name in names)


def cycle_limit(inputs: LaunchInputs) -> int:
    """Cycles that no launch needs, however its streams stall: one that takes longer hangs.

    Every word of a stream, and four cycles of the tree for each row of a tile, one after the other.
    """
    words = len(inputs.commands) + len(inputs.b_rows) + len(inputs.costs)
    elements = 36 * len(inputs.beats)
    rows = 16 * inputs.places * max(1, len(inputs.commands) // max(1, len(inputs.block_start)))
    return 1000 + (words + elements + rows) * 1000 // (1000 - inputs.stall_permille)


@dataclass(frozen=True)
class BareCore:
    """A core's harness of one preset, loaded from its shared library."""

    preset: str
    library: ctypes.CDLL
    device: CoreDevice

    @staticmethod
    def load(preset: str, library: Path) -> BareCore:
        """Load a library that `build_bare` made."""
        loaded = ctypes.CDLL(str(library))
        return BareCore(preset, loaded, CoreDevice(loaded, find_preset(preset)))

    def run(self, source: ReplayInput, stalled: int = ALL_STREAMS) -> tuple[Replay, ReplayOutcome]:
        """Run all launches of a replay; of a stalling one, only the streams in `stalled` stall.

        Raises
        ------
        CoreFailure
            If an assertion fails; its text is on the standard output.
        """
        replay = Replay(source)
        results = []
        for inputs in replay.launches(0):
            inputs = replace(inputs, stall_streams=stalled, limit=cycle_limit(inputs))
            self.device.set_up(inputs)
            if self.library.bare_launch():
                raise CoreFailure(
                    f"{describe(source)}: an assertion of the RTL failed (see the standard output)"
                )
            results.append(self.device.take())
        return replay, replay.collect(results)

    def check(self, source: ReplayInput, stalled: int = ALL_STREAMS) -> ReplayOutcome:
        """Run a replay and require its bits, its counters of work and traffic and its order to be golden's.

        Raises
        ------
        CoreFailure
            With the first thing that is not.
        """
        replay, outcome = self.run(source, stalled)
        if outcome.problem:
            raise CoreFailure(f"{describe(source)}: {outcome.problem}")
        require_equal(source, outcome.product, replay.expected)
        work = work_counters(replay.lowering, replay.a, len(source.columns))
        for name in WORK_COUNTERS:
            if outcome.counters[name] != getattr(work, name):
                raise CoreFailure(
                    f"{describe(source)}: counter {name} is {outcome.counters[name]}, golden counts "
                    f"{getattr(work, name)}"
                )
        launches = -(-len(source.columns) // find_preset(self.preset).columns)
        for name, count in asdict(predicted_counters(replay.streams)).items():
            if outcome.counters[name] != launches * count:
                raise CoreFailure(
                    f"{describe(source)}: counter {name} is {outcome.counters[name]}, golden predicts "
                    f"{launches * count}"
                )
        sample(replay, stalled)
        return outcome

    def write_coverage(self, path: Path) -> None:
        """Write the counts of all launches so far; only of a build with coverage."""
        self.library.write_coverage(str(path).encode())


def sample(replay: Replay, stalled: int = ALL_STREAMS) -> None:
    """Count the bins that a replay met: its shape, operands and stalls."""
    source, lowering = replay.source, replay.lowering
    layers.CORE.sample(lowering, len(source.columns))
    layers.sample_core_lines(lowering)
    operands.sample_encoded("A", source.a, replay.a)
    operands.sample_encoded("B", source.b, replay.b_encoded)
    operands.sample_products(lowering, replay.a, replay.b)
    sample_segments(CORE_SEGMENTS, replay.streams.a_beats)
    sample_core_stalls(lowering.step, source.stall_permille, stalled)


def describe(source: ReplayInput) -> str:
    """Name a replay so that it can be told apart and made again."""
    balancer = "on" if source.balancer else "off"
    return (
        f"{source.geometry} {source.step} on {source.preset}, {len(source.columns)} columns, "
        f"balancer {balancer}, {source.stall_permille} permille of stalls (seed {source.seed})"
    )


def require_equal(source: ReplayInput, product: U32, expected: U32) -> None:
    """Raise `CoreFailure` with the first element of which a bit differs."""
    wrong = np.argwhere(product != expected)
    if not len(wrong):
        return
    row, column = (int(index) for index in wrong[0])
    got, want = product[row, column], expected[row, column]
    raise CoreFailure(
        f"{describe(source)}: {len(wrong)} of {expected.size} results differ, the first one in row {row}, "
        f"column {column}: RTL 0x{int(got):08X} ({got.view(np.float32)!s}), "
        f"golden 0x{int(want):08X} ({want.view(np.float32)!s})"
    )


@lru_cache
def bare_core(preset: str, coverage: bool = False) -> BareCore:
    """Build and load the harness of a preset, once a process."""
    return BareCore.load(preset, build_bare(find_preset(preset), coverage).artifact)
