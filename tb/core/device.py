"""A launch of the core's harness, seen from Python: arrays in, results and counters out.

`Launch` mirrors the C++ structure of ``replay_dpi.cpp``; the same code drives the model inside a cocotb
simulation and in a bare C++ loop.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from golden.formats import U32
from golden.hardware_counters import CORE_COUNTERS
from golden.lowering import Ints
from golden.presets import Preset
from golden.program import COMMAND_WORDS

STREAMS = ("results", "commands", "a", "b", "costs")
"""Streams of the harness, in the order of their bits in `LaunchInputs.stall_streams`."""
ALL_STREAMS = (1 << len(STREAMS)) - 1

_POINTERS = ("commands", "beats", "b_rows", "costs", "lines", "block_start", "results", "seen", "arrivals")
_INPUTS = (
    "command_count",
    "beat_count",
    "b_count",
    "cost_count",
    "block_count",
    "place_count",
    "b_words",
    "columns",
    "real_columns",
    "fmt",
    "bias",
    "balance",
    "stall_permille",
    "stall_streams",
    "seed",
    "limit",
    "resets",
)
_OUTPUTS = (
    "commands_taken",
    "beats_taken",
    "b_taken",
    "costs_taken",
    "lines_given",
    "halves",
    "block_errors",
    "repeated",
    "line_errors",
    "first_line_error",
    "first_line_answer",
    "cycles",
    "timed_out",
    "progress",
)


class _LaunchStruct(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in _POINTERS),
        *((name, ctypes.c_int64) for name in _INPUTS + _OUTPUTS),
        ("counters", ctypes.c_uint64 * len(CORE_COUNTERS)),
    )


@dataclass(frozen=True)
class LaunchInputs:
    """What one launch streams into a core; see `golden.streams.CoreStreams` for the arrays.

    Attributes
    ----------
    columns : int
        Real columns (N) of this launch, at most the core's.
    fmt, bias : int
        FP8 format and exponent bias of A.
    stall_permille : int
        Chance that a stream stalls in a cycle, in thousandths.
    seed : int
        Seed of the stalls.
    limit : int
        Cycles after which the launch is given up.
    stall_streams : int
        Which streams stall: a bit each, as `STREAMS` names them.
    resets : bool
        Whether the core is reset before the launch. If not, the launch before must have come to its end.
    """

    commands: U32
    beats: U32
    b_rows: U32
    costs: U32
    lines: U32
    block_start: Ints
    places: int
    columns: int
    fmt: int
    bias: int
    balancer: bool
    stall_permille: int
    seed: int
    limit: int
    stall_streams: int = ALL_STREAMS
    resets: bool = True


@dataclass(frozen=True)
class LaunchResult:
    """What a launch gave.

    Attributes
    ----------
    results : uint32 [places, columns]
        FP32 bits in the order of the program's places.
    cycles : int
        From the start to the last result accepted.
    counters : dict
        The core's own counters.
    problem : str or None
        Why the launch cannot be trusted: it hung, results came twice or out of place, the balancer
        disagreed. The results are still given, for the report.
    hung : bool
        Whether the launch was given up at its limit of cycles.
    arrivals : uint64 [places, 2] or None
        Tick at which each half row was last accepted, 0 if it never was; only the bare loop counts ticks.
    progress : int
        Tick at which a word was last given or a result last taken.
    """

    results: U32
    cycles: int
    counters: dict[str, int]
    problem: str | None
    hung: bool = False
    arrivals: npt.NDArray[np.uint64] | None = None
    progress: int = 0


class CoreDevice:
    """The arrays of the harness in `library`, which holds ``replay_dpi.cpp``."""

    def __init__(self, library: ctypes.CDLL, preset: Preset) -> None:
        library.replay_launch.restype = ctypes.POINTER(_LaunchStruct)
        self._struct = library.replay_launch().contents
        self._preset = preset
        self._held: list[npt.NDArray[np.generic]] = []

    def set_up(self, inputs: LaunchInputs) -> None:
        """Point the harness at the arrays of a launch, and clear its results."""
        columns = self._preset.columns
        results = np.zeros((inputs.places, columns), np.uint32)
        seen = np.zeros((inputs.places, 2), np.uint8)
        arrivals = np.zeros((inputs.places, 2), np.uint64)
        arrays = {
            "commands": inputs.commands,
            "beats": inputs.beats,
            "b_rows": inputs.b_rows,
            "costs": inputs.costs,
            "lines": inputs.lines,
            "block_start": inputs.block_start,
            "results": results,
            "seen": seen,
            "arrivals": arrivals,
        }
        self._inputs, self._results, self._seen, self._arrivals = inputs, results, seen, arrivals
        self._held = [np.ascontiguousarray(array) for array in arrays.values()]
        for name, held in zip(arrays, self._held, strict=True):
            setattr(self._struct, name, held.ctypes.data)
        values = {
            "command_count": inputs.commands.size // COMMAND_WORDS,
            "beat_count": len(inputs.beats),
            "b_count": len(inputs.b_rows),
            "cost_count": len(inputs.costs),
            "block_count": len(inputs.block_start),
            "place_count": inputs.places,
            "b_words": columns // 2,
            "columns": columns,
            "real_columns": inputs.columns,
            "fmt": inputs.fmt,
            "bias": inputs.bias,
            "balance": int(inputs.balancer),
            "stall_permille": inputs.stall_permille,
            "stall_streams": inputs.stall_streams,
            "seed": inputs.seed,
            "limit": inputs.limit,
            "resets": int(inputs.resets),
        }
        for name in _INPUTS:
            setattr(self._struct, name, values[name])

    def take(self) -> LaunchResult:
        """Collect what the finished launch left."""
        struct = self._struct
        counters = dict(zip(CORE_COUNTERS, struct.counters, strict=True))
        return LaunchResult(
            self._results,
            int(struct.cycles),
            counters,
            self._problem(),
            bool(struct.timed_out),
            self._arrivals,
            int(struct.progress),
        )

    def _problem(self) -> str | None:
        struct, inputs = self._struct, self._inputs
        missing = int((self._seen == 0).sum())
        if struct.timed_out:
            return (
                f"the core hung: no end after {struct.cycles} cycles (limit {inputs.limit}); taken "
                f"{struct.commands_taken} of {struct.command_count} commands, {struct.beats_taken} of "
                f"{struct.beat_count} beats of A, {struct.b_taken} of {struct.b_count} rows of B, "
                f"{struct.lines_given} of {struct.cost_count} lines assigned, {struct.halves} of "
                f"{2 * struct.place_count} half rows of results given"
            )
        if struct.line_errors:
            at = int(struct.first_line_error)
            expected = f"line {int(inputs.lines[at])}" if at < len(inputs.lines) else "nothing"
            return (
                f"the load balancer gave {struct.line_errors} wrong lines, the first one for entry {at} "
                f"(line {int(struct.first_line_answer)}, expected {expected})"
            )
        if struct.block_errors or struct.repeated or missing:
            return (
                f"results out of place: {struct.block_errors} outside their block, {struct.repeated} came "
                f"twice, {missing} half rows never came"
            )
        untaken = {
            name: int(count - taken)
            for name, count, taken in (
                ("commands", struct.command_count, struct.commands_taken),
                ("beats of A", struct.beat_count, struct.beats_taken),
                ("rows of B", struct.b_count, struct.b_taken),
            )
            if count != taken
        }
        if untaken:
            rest = ", ".join(f"{count} {name}" for name, count in untaken.items())
            return f"the core finished without taking all it was given: {rest} left"
        return None
