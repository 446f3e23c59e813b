"""The schedule of a core: cycles of a launch, and where the lines' cycles go, without a simulator.

The model follows the rules of docs/core.md on the very commands and beats that feed the RTL, row by row and
beat by beat (``native/schedule.cpp``). It knows queues, rates and latencies, no signals: a register more in a
pipeline shifts it by a few cycles, a lost overlap by what the overlap was worth.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from golden import native
from golden.counters import work_counters
from golden.lowering import Ints
from golden.program import OP_TILE, OP_ZERO, WORD_LEN
from golden.streams import CoreStreams

# Fields of commands that count something (tile_cmd_t, run_cmd_t of core_pkg.sv): lowest bit and width.
_OP_SHIFT = 29  # in the last word
_TILE_ROWS, _TILE_TAPS, _TILE_CHANNELS = (16, 8), (30, 6), (36, 10)
_TILE_LAST, _TILE_FIRST, _TILE_INTRA = (47, 1), (48, 1), (49, 1)
_RUN_ROWS = (20, 8)


class ScheduleError(RuntimeError):
    """The rules make no sense, or a launch cannot come to its end under them."""


@dataclass(frozen=True)
class ScheduleRules:
    """Sizes and rates of the rules in docs/core.md that no preset changes; change one to see its worth.

    Attributes
    ----------
    b_halves : int
        Tiles whose B rows a line holds (rule 1).
    b_row_cycles : int
        Cycles that a row of B takes to load (rule 2).
    tiles_in_flight : int
        Tiles between the sequencer and the partial sums (rule 1).
    beat_queue : int
        Beats of A that wait in front of a line (rule 3).
    unpack_words : int
        Words that a line moves into its ring in a cycle, at most (rule 4).
    row_latency : int
        Cycles from a row's last element to where the row can leave its line (rule 7).
    tree_cycles : int
        Cycles that a row takes to enter the reduction tree (rule 8).
    sum_cycles : int
        Cycles from a row's choice by the partial sums to its result or its next sum (rule 10).
    result_places : int
        Rows of results that wait (rule 10).
    result_cycles : int
        Cycles that a row of results takes to leave (rule 11).
    """

    b_halves: int = 2
    b_row_cycles: int = 1
    tiles_in_flight: int = 4
    beat_queue: int = 2
    unpack_words: int = 2
    row_latency: int = 4
    tree_cycles: int = 4
    sum_cycles: int = 3
    result_places: int = 4
    result_cycles: int = 2

    def __post_init__(self) -> None:
        for field in fields(self):
            least = 0 if field.name == "b_row_cycles" else 1
            if getattr(self, field.name) < least:
                raise ScheduleError(
                    f"schedule rule {field.name} is {getattr(self, field.name)}, must be at least {least}"
                )


RULES = ScheduleRules()
"""The rules as the RTL has them."""


@dataclass(frozen=True)
class Schedule:
    """Predicted schedule of one launch.

    Attributes
    ----------
    cycles : int
        From the start to the last half row of results accepted.
    first_command : int
        Cycles before the first tile opens, while the balancer gives lines to the first group's channels.
    first_load : int
        Cycles before the B rows of the first tile are in place.
    busy, wait_a, wait_b, wait_queue, idle : int
        Line cycles: that issue; without the row's A; without the tile's B; with the
        queue of finished rows full; the rest.
    """

    cycles: int
    first_command: int
    first_load: int
    busy: int
    wait_a: int
    wait_b: int
    wait_queue: int
    idle: int


@dataclass(frozen=True)
class PredictedCounters:
    """Counters of one launch that do not depend on time; names as in ``counter_pkg``."""

    elements: int
    a_beats: int
    b_rows: int
    tree_rows: int
    psum_rows: int
    psum_reads: int
    psum_writes: int


@lru_cache
def _library() -> ctypes.CDLL:
    library = native.library("schedule")
    library.schedule_launch.restype = ctypes.c_int
    pointer, count = ctypes.c_void_p, ctypes.c_int64
    library.schedule_launch.argtypes = [pointer, pointer, count, pointer, count, pointer]
    return library


def model_cycles(streams: CoreStreams, rules: ScheduleRules = RULES) -> Schedule:
    """Predict the schedule of one launch whose streams are never stalled from outside.

    Parameters
    ----------
    streams : CoreStreams
        What feeds the core; every tile of columns is launched with the same commands and beats.
    rules : ScheduleRules
        Other values than the RTL's show what a rule is worth.

    Raises
    ------
    ScheduleError
        If the launch cannot come to its end under these rules.
    golden.native.NativeError
        If the model cannot be compiled.
    """
    preset = streams.lowering.preset
    # In the order of `Rules` in native/schedule_line.hpp.
    sizes = (preset.lines, preset.rows // WORD_LEN, preset.a_words, preset.row_queue, preset.run_queue)
    tree_levels = preset.lines.bit_length() - 1
    values = np.array([*sizes, *(getattr(rules, rule.name) for rule in fields(rules)), tree_levels], np.int64)
    commands = np.ascontiguousarray(streams.commands)
    beats = np.ascontiguousarray(streams.a_beats)
    out = np.zeros(7, np.int64)
    failed = _library().schedule_launch(
        values.ctypes.data,
        commands.ctypes.data,
        len(commands),
        beats.ctypes.data,
        len(beats),
        out.ctypes.data,
    )
    if failed:
        name, step = streams.lowering.geometry.name, streams.lowering.step
        raise ScheduleError(
            f"layer {name} {step}: by the schedule model the launch never ends on preset {preset.name}: its "
            f"commands wait for beats of A that do not come, or a queue is too small ({rules})"
        )
    first_command, cycles, first_load, busy, wait_a, wait_b, wait_queue = (int(value) for value in out)
    idle = preset.lines * cycles - busy - wait_a - wait_b - wait_queue
    return Schedule(cycles, first_command, first_load, busy, wait_a, wait_b, wait_queue, idle)


def launches(streams: CoreStreams, columns: int) -> int:
    """Launches of a replay with `columns` columns: one for each tile of the core's columns."""
    return -(-columns // streams.lowering.preset.columns)


def replay_cycles(streams: CoreStreams, columns: int) -> int:
    """Predict the cycles of a replay of `columns` columns, all launches together."""
    return launches(streams, columns) * model_cycles(streams).cycles


def predicted_counters(streams: CoreStreams) -> PredictedCounters:
    """Count what a launch moves, whenever it does so; the RTL's counters must equal these exactly."""
    work = work_counters(streams.lowering, streams.a, columns=1)
    opcode = streams.commands[:, 3] >> _OP_SHIFT
    low = streams.commands[:, 0].astype(np.int64) | streams.commands[:, 1].astype(np.int64) << 32
    tiles, zeros = low[opcode == OP_TILE], low[opcode == OP_ZERO]
    rows, b_rows = _field(tiles, _TILE_ROWS), _field(tiles, _TILE_TAPS) * _field(tiles, _TILE_CHANNELS)
    first, last, intra = (_field(tiles, at) for at in (_TILE_FIRST, _TILE_LAST, _TILE_INTRA))
    zero_rows = _field(zeros, _RUN_ROWS)
    return PredictedCounters(
        elements=work.macs_fp8 + work.macs_fp16,
        a_beats=len(streams.a_beats),
        b_rows=int(b_rows.sum()),
        tree_rows=int((rows * (1 - intra)).sum()),
        psum_rows=int(rows.sum() + zero_rows.sum()),
        psum_reads=int((rows * (1 - first)).sum()),
        psum_writes=int((rows * (1 - last)).sum()),
    )


def _field(words: Ints, at: tuple[int, int]) -> Ints:
    """A field of each command: lowest bit and width."""
    low, width = at
    field: Ints = words >> low & (1 << width) - 1
    return field
