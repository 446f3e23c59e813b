"""One run of a case on the chip in the bare loop: what is wrong, and in which cycle it is seen first."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from golden.chip.encoding import LINE_BYTES
from golden.formats import U8
from golden.presets import find_preset
from regressions.chip.model import bound
from regressions.chip.prepare import ChipReplay
from regressions.chip.replay import judge, stopped
from regressions.chip.settings import ChipSettings
from regressions.triage.case import Case
from regressions.triage.finding import Finding, Window
from regressions.triage.messages import message_symptom
from regressions.triage.observe import chip_symptom
from tb.chip.bare import BareChip, ChipFailure
from tb.chip.device import ChipHang, RunOptions
from tb.chip.memory import MemoryOptions

LIMIT_FACTOR = 8
LIMIT_CYCLES = 40_000
"""A run is given up after so many times its predicted cycles and so many more ..."""
SLOW_FACTOR = 10
"""... and so many times later if the memory stalls, or a core is slow."""
STILL_CYCLES = 10_000
"""The chip's watchdog in a trial: what stands still for so long will not go on."""


class ChipBench:
    """A chip's harness in a library that `tb.chip.build.build_bare` made with waves."""

    def __init__(
        self, library: Path, preset: str, gated: bool, said: Callable[[], str], error_in: Callable[[str], str]
    ) -> None:
        self._chip = BareChip(find_preset(preset), library, gated)
        self._chip.library.bare_tick.restype = ctypes.c_uint64
        self._said = said
        self._error_in = error_in

    def run(self, case: Case, window: Window | None = None) -> Finding:
        """Run a case, as a replay does; a window of waves is written if it is asked for."""
        settings = case.chip or ChipSettings()
        replay = ChipReplay(case.source, settings.output_mode(case.source.step), case.policy)
        memory = np.array(replay.image.data)
        self._chip.load(memory)
        written = self._chip.device.memory.note_writes()
        if window is not None:
            ticks = (ctypes.c_uint64(window.first), ctypes.c_uint64(window.last))
            self._chip.library.bare_window(os.fsencode(window.path), *ticks)
        try:
            outcome = self._chip.run(replay.line, self._options(case, replay, settings))
        except ChipFailure:
            text, tick = self._error_in(self._said()), self._tick
            return Finding(message_symptom(text), text, "the assertion fails", 0, tick, tick, tick)
        except ChipHang as hang:
            return self._still(str(hang))
        if stop := stopped(outcome):
            return self._still(stop)
        _, _, result, problem = judge(replay, settings, outcome, memory)
        actual = result.tensor if result else None
        symptom = chip_symptom(replay.replay, replay.expected, actual, problem)
        if symptom is None:
            return Finding(None, cycles=outcome.cycles)
        differing = 0 if actual is None else int((actual != replay.expected).sum())
        message = f"{differing} of {replay.expected.size} results differ; " if differing else ""
        at = _first_write(memory, replay.golden[0], written)
        event = "the first wrong bytes are written" if at else "the run ends"
        return Finding(
            symptom, message + (problem or ""), event, 0, at or self._tick, self._tick, outcome.cycles
        )

    @property
    def _tick(self) -> int:
        return int(self._chip.library.bare_tick())

    def _still(self, text: str) -> Finding:
        at = self._chip.device.memory.progress
        return Finding(
            message_symptom(text), text, "the last beat moves at the memory", 0, at, self._tick, self._tick
        )

    @staticmethod
    def _options(case: Case, replay: ChipReplay, settings: ChipSettings) -> RunOptions:
        source, layer = case.source, replay.layer
        bytes_ = layer.traffic(replay.golden_result.result_bytes).total
        cycles = bound(
            layer, replay.replay.streams, bytes_, settings.memory_bytes, settings.memory_latency
        ).cycles
        slowness = SLOW_FACTOR if source.stall_permille or settings.slow else 1
        return RunOptions(
            memory=MemoryOptions(
                latency=settings.memory_latency,
                bytes_per_cycle=settings.memory_bytes,
                stall_permille=source.stall_permille,
                seed=source.seed,
            ),
            watchdog=slowness * STILL_CYCLES,
            limit=slowness * (LIMIT_FACTOR * cycles + LIMIT_CYCLES),
            slow=settings.slow,
            patience=layer.patience,
        )


def _first_write(memory: U8, golden: U8, written: npt.NDArray[np.uint64]) -> int:
    """Return the tick of the first write that left a wrong byte; 0 if none did."""
    lines = np.unique(np.flatnonzero(memory != golden) // LINE_BYTES)
    ticks = written[lines]
    ticks = ticks[ticks > 0]
    return int(ticks.min()) if ticks.size else 0
