"""One run of a case on one core in the bare loop: what is wrong, and in which cycle it is seen first.

A build with waves serves all: as long as it writes none it is as fast as one without.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from golden.formats import U32
from golden.presets import find_preset
from golden.schedule import launches, replay_cycles
from regressions.execute import judge
from regressions.triage.case import Case
from regressions.triage.chip_trial import ChipBench
from regressions.triage.finding import Finding, Window
from regressions.triage.messages import message_symptom
from regressions.triage.observe import core_symptom
from tb.cocotb_simulation import SIMULATOR_ERROR
from tb.core.device import CoreDevice, LaunchResult
from tb.core.replay import Replay

LIMIT_FACTOR = 4
LIMIT_CYCLES = 2_000
"""A launch is given up after so many times its predicted cycles and so many more ..."""
STALL_FACTOR = 10
"""... and so many times later if its streams stall at random."""

PERIOD_PS = 5_000
"""Of the clock, on the axis of waves (`core_sim.sv`)."""

Said = Callable[[], str]
"""Returns what the simulator has printed in this run."""


class CoreBench:
    """A core's harness in a library that `tb.core.build.build_bare` made with waves."""

    def __init__(self, library: Path, preset: str, said: Said) -> None:
        self._library = ctypes.CDLL(str(library))
        self._library.bare_tick.restype = ctypes.c_uint64
        self._library.bare_window.argtypes = (ctypes.c_char_p, ctypes.c_uint64, ctypes.c_uint64)
        self._device = CoreDevice(self._library, find_preset(preset))
        self._said = said

    def run(self, case: Case, window: Window | None = None) -> Finding:
        """Run a case, as a replay does; a window of waves is written if it is asked for."""
        source = case.source
        replay = Replay(source)
        count = launches(replay.streams, len(source.columns))
        slow = STALL_FACTOR if source.stall_permille else 1
        limit = slow * (
            LIMIT_FACTOR * -(-replay_cycles(replay.streams, len(source.columns)) // count) + LIMIT_CYCLES
        )
        results: list[LaunchResult] = []
        for number, inputs in enumerate(replay.launches(limit)):
            self._device.set_up(inputs)
            if window is not None and window.launch == number:
                self._library.bare_window(os.fsencode(window.path), window.first, window.last)
            if self._library.bare_launch():
                return self._failed_assertion(number, results)
            results.append(self._device.take())
            if results[-1].hung:
                break
        return _judged(replay, results)

    def _failed_assertion(self, launch: int, before: list[LaunchResult]) -> Finding:
        tick = int(self._library.bare_tick())
        text = simulator_error(self._said())
        cycles = sum(one.cycles for one in before) + tick
        return Finding(message_symptom(text), text, "the assertion fails", launch, tick, tick, cycles)


def simulator_error(said: str) -> str:
    """Return the first error that a simulator printed."""
    for line in said.splitlines():
        if (match := SIMULATOR_ERROR.search(line)) and "Verilog $stop" not in line:
            return match["text"].strip()
    return "the simulator failed without a word"


def _judged(replay: Replay, results: list[LaunchResult]) -> Finding:
    cycles = sum(one.cycles for one in results)
    last = len(results) - 1
    if results[last].hung:
        text = results[last].problem or "the core hung"
        symptom = message_symptom(text)
        event = "the last word is taken or result given"
        return Finding(symptom, text, event, last, results[last].progress, _end(results[last]), cycles)
    outcome = replay.collect(results)
    mismatches, _, _, problem = judge(replay, outcome)
    found = core_symptom(replay, outcome, problem)
    if found is None:
        return Finding(None, cycles=cycles)
    if mismatches:
        launch, at, text = _first_wrong(replay, results, outcome.product)
        message = problem or f"{mismatches} of {outcome.product.size} results differ; {text}"
        event = "the first wrong result is taken" if at else "the last result is taken, and one never came"
        at = at or results[launch].progress
        return Finding(found, message, event, launch, at, _end(results[launch]), cycles)
    launch = next((number for number, one in enumerate(results) if one.problem), last)
    end = _end(results[launch])
    return Finding(found, problem or "", "the last result is taken", launch, end, end, cycles)


def _end(result: LaunchResult) -> int:
    """Tick of a launch's last event: that of its last result, or the end of one that hung."""
    return max(result.progress, result.cycles)


def _first_wrong(replay: Replay, results: list[LaunchResult], product: U32) -> tuple[int, int, str]:
    """Return launch and tick of the first wrong result in time, and a word on it; tick 0 if it never came."""
    wrong = product != replay.expected
    _, rows = replay.streams.result_rows()
    width = replay.lowering.preset.columns
    for launch, result in enumerate(results):
        part = np.zeros((len(rows), width), np.bool_)
        columns = wrong[rows, launch * width : (launch + 1) * width]
        part[:, : columns.shape[1]] = columns
        halves = np.any(part.reshape(len(rows), 2, -1), axis=2)
        if not halves.any() or result.arrivals is None:
            continue
        came = np.where(halves & (result.arrivals > 0), result.arrivals, np.iinfo(np.uint64).max)
        place, half = (int(index) for index in np.unravel_index(int(came.argmin()), came.shape))
        if not halves[place, half]:
            place, half = (int(index) for index in np.argwhere(halves)[0])
        column = half * (width // 2) + int(part[place].reshape(2, -1)[half].argmax())
        row = int(rows[place])
        want, got = replay.expected[row, launch * width + column], product[row, launch * width + column]
        text = f"the first in time is C[{row}, {launch * width + column}]: RTL {got:08X}, golden {want:08X}"
        return launch, int(result.arrivals[place, half]), text
    return 0, 0, ""


def make_bench(library: Path, preset: str, gated: bool, chip: bool, said: Said) -> CoreBench | ChipBench:
    """Return the bench of a level."""
    return (
        ChipBench(library, preset, gated, said, simulator_error) if chip else CoreBench(library, preset, said)
    )
