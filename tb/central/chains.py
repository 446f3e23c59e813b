"""The walk along descriptors alone: what it must do, event by event, and a bench that tells what it does."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.chip.encoding import (
    COMPLETION_LINES,
    LINE_WORDS,
    RECORD_MAGIC,
    Cause,
    CompletionRecord,
    Descriptor,
)
from golden.fgmp import BINS
from golden.formats import E_THR_MAX, E_THR_MIN, U32, Fp8Format, bias_of
from tb.central.bench import CentralFailure, central_bench
from tb.central.descriptors import verdict
from tb.central.tables import COLUMNS, layer_fields

KINDS = BINS + 2
"""Counts of a histogram: bins, zeros, infinities and NaN."""
CLEAR_CYCLES = 4
"""All that holds work is reset for so long."""
MESSAGES = {
    1: "it hung",
    2: "an assertion of the RTL failed (see the standard output)",
    3: "it goes on while something is under way",
    4: "it does far more than it should",
}
_EVENT_WORDS = 36

Event = tuple[int, ...]
"""Kind, and what belongs to it."""


class Kind(IntEnum):
    """What the walk does."""

    CLEAR = 0
    """Resets all that holds work; cycles."""
    READ = 1
    """Line, slot."""
    BEGIN = 2
    """The descriptor's fields (`tb.central.tables.layer_fields`)."""
    THRESHOLD = 3
    WRITE = 4
    """Line, strobes (two words), 16 words."""
    DONE = 5
    """Descriptors done."""
    ERROR = 6
    """Cause, job, the descriptor's line, descriptors done."""


_PAYLOAD = {
    Kind.CLEAR: 1,
    Kind.READ: 2,
    Kind.BEGIN: 34,
    Kind.THRESHOLD: 0,
    Kind.WRITE: 3 + LINE_WORDS,
    Kind.DONE: 1,
    Kind.ERROR: 4,
}


class Action(IntEnum):
    """What happens from outside."""

    NOTHING = 0
    ABORT = 1
    FAULT = 2
    """Of a core, a feeder, the result path or the memory."""
    BOTH = 3
    """A fault and an abort in the same cycle."""
    SILENCE = 4
    """Nobody answers."""


@dataclass(frozen=True)
class Act:
    """An action from a cycle on; `cycles` of a silence or an abort, `cause` and `job` of a fault."""

    action: Action = Action.NOTHING
    at: int = 0
    cycles: int = 0
    cause: Cause = Cause.NONE
    job: int = 0


@dataclass(frozen=True)
class Counted:
    """What is counted already: jobs and descriptors when the first one begins, quiet cycles at a silence."""

    jobs: int = 0
    descriptors: int = 0
    quiet: int = 0


@dataclass(frozen=True)
class Chain:
    """Descriptors in memory, and what becomes of them.

    Attributes
    ----------
    words, lines
        The descriptors, uint32 [32] each, and where they lie.
    records : dict
        Words (uint32 [64]) of the records that thresholds are taken from, by line.
    histograms : uint32 [descriptors, 42]
    thresholds : int32 [descriptors, 2]
        Exponent and bias that the policy gives.
    """

    words: Sequence[U32]
    lines: Sequence[int]
    records: dict[int, U32]
    histograms: U32
    thresholds: npt.NDArray[np.int32]

    @property
    def first_line(self) -> int:
        """Where the chain begins."""
        return self.lines[0]

    def memory(self) -> tuple[U32, U32]:
        """Lines that hold something, uint32 [n], and what: uint32 [n, 16]."""
        held: dict[int, U32] = {}
        for line, words in [*zip(self.lines, self.words, strict=True), *self.records.items()]:
            for index, part in enumerate(np.reshape(words, (-1, LINE_WORDS))):
                held[line + index] = part
        return np.array(list(held), np.uint32), np.array(list(held.values()), np.uint32)

    def jobs(self) -> U32:
        """Jobs of each descriptor."""
        return np.array([words[5] for words in self.words], np.uint32)

    def story(self, counted: Counted | None = None) -> list[Event]:
        """What the walk does if nobody disturbs it (docs/chip.md)."""
        events: list[Event] = [(Kind.CLEAR, CLEAR_CYCLES)]
        done = 0

        def failed(cause: Cause, line: int) -> list[Event]:
            return [*events, (Kind.ERROR, cause, 0, line, done), (Kind.CLEAR, CLEAR_CYCLES)]

        for number, (words, line) in enumerate(zip(self.words, self.lines, strict=True)):
            events += [(Kind.READ, line, 0), (Kind.READ, line + 1, 1)]
            cause = verdict(words, line)
            if cause is not Cause.NONE:
                return failed(cause, line)
            descriptor = Descriptor.from_words(words)
            if descriptor.threshold_from_record:
                events.append((Kind.READ, descriptor.threshold_record, 0))
                bias = self._bias(descriptor)
                if bias is None:
                    return failed(Cause.FIELD, line)
                descriptor = replace(descriptor, output_bias=bias)
            if number == 0 and counted:
                done = counted.descriptors
            events += [(Kind.BEGIN, *layer_fields(descriptor)), (Kind.THRESHOLD,)]
            events += self._record(number, descriptor)
            done = (done + 1) % (1 << 32)
            if descriptor.last:
                events.append((Kind.DONE, done))
        return events

    def _bias(self, descriptor: Descriptor) -> int | None:
        words = self.records.get(descriptor.threshold_record)
        if words is None or words[0] != RECORD_MAGIC:
            return None
        exponent = int(words[4].astype(np.int32))
        if not E_THR_MIN <= exponent <= E_THR_MAX:
            return None
        return bias_of(Fp8Format(descriptor.output_format), exponent)

    def _record(self, number: int, descriptor: Descriptor) -> list[Event]:
        *bins, zeros, nonfinite = (int(count) for count in self.histograms[number])
        exponent, bias = (int(value) for value in self.thresholds[number])
        record = CompletionRecord(
            descriptor.jobs, descriptor.output_bias, exponent, bias, zeros, nonfinite, tuple(bins)
        )
        lines = record.words().reshape(COMPLETION_LINES, LINE_WORDS)
        every = 0xFFFFFFFF
        return [
            (Kind.WRITE, descriptor.completion + index, every, every, *(int(word) for word in line))
            for index, line in enumerate(lines)
        ]


class _Run(ctypes.Structure):
    _fields_ = (
        *(
            (name, ctypes.c_void_p)
            for name in ("lines", "data", "jobs", "histograms", "thresholds", "counted")
        ),
        *((name, ctypes.c_int64) for name in ("count", "first_line", "watchdog", "stall", "latency")),
        *((name, ctypes.c_int64) for name in ("act", "act_at", "act_cycles", "act_cause", "act_job")),
        ("seed", ctypes.c_uint64),
        ("limit", ctypes.c_int64),
        ("stop", ctypes.c_int64),
        ("events", ctypes.c_void_p),
        ("room", ctypes.c_int64),
        *(
            (name, ctypes.c_int64)
            for name in ("status", "cycles", "event_count", "given", "quiet", "since_act")
        ),
        *((name, ctypes.c_int64) for name in ("act_busy", "act_clear", "descriptors")),
    )


@dataclass(frozen=True)
class Seen:
    """What the walk did.

    Attributes
    ----------
    events : list of Event
    cycles : int
    given : int
        Jobs of the last descriptor that were done.
    quiet, since_act : int
        When an error was told: cycles since a beat moved, and since the act.
    act_busy, act_clear : bool
        Whether the act came while the walk was busy, or resetting.
    """

    events: list[Event]
    cycles: int
    given: int
    quiet: int
    since_act: int
    act_busy: bool
    act_clear: bool


class ChainsBench:
    """The library of ``chains_loop.cpp``."""

    def __init__(self) -> None:
        self._library = _library()

    def write_coverage(self, path: Path) -> None:
        """Write the coverage of all runs so far."""
        self._library.write_coverage(str(path).encode())

    def reset(self) -> None:
        """Reset the walk; it also goes on from where a run has left it.

        Raises
        ------
        CentralFailure
            If it is not at rest then, without cause, job and descriptors.
        """
        if not self._library.chains_reset():
            raise CentralFailure("a reset left something")

    def run(
        self,
        chain: Chain,
        seed: int,
        *,
        stall: int = 0,
        latency: int = 0,
        watchdog: int = 0,
        act: Act | None = None,
        counted: Counted | None = None,
        limit: int = 20_000,
        stop: int = 0,
    ) -> Seen:
        """Walk along a chain.

        Parameters
        ----------
        stall : int
            Of all that answers, in 1000 cycles.
        latency : int
            Most cycles that a read takes beyond one.
        watchdog : int
            As the register holds it.
        stop : int
            Cycle in which the run is given up, whatever is under way; 0: none. Then only a reset may follow.

        Raises
        ------
        CentralFailure
            If it hangs, an assertion fails, or it goes on before what is under way has come.
        """
        act = act or Act()
        lines, data = chain.memory()
        jobs, room = chain.jobs(), 16 + 16 * len(chain.words)
        events = np.zeros((room, _EVENT_WORDS), np.uint32)
        words = np.array([counted.jobs, counted.descriptors, counted.quiet], np.uint32) if counted else None
        arrays: dict[str, npt.NDArray[Any]] = {
            "lines": lines,
            "data": data,
            "jobs": jobs,
            "histograms": np.ascontiguousarray(chain.histograms, np.uint32),
            "thresholds": np.ascontiguousarray(chain.thresholds, np.int32),
            "events": events,
        }
        run = _Run(**{name: array.ctypes.data for name, array in arrays.items()})
        run.counted = None if words is None else words.ctypes.data
        run.count, run.first_line, run.watchdog = len(lines), chain.first_line, watchdog
        run.stall, run.latency, run.seed, run.limit, run.room = stall, latency, seed, limit, room
        run.act, run.act_at, run.act_cycles = act.action, act.at, act.cycles
        run.act_cause, run.act_job, run.stop = act.cause, act.job, stop
        self._library.chains_go(ctypes.byref(run))
        found: list[Event] = [
            (int(row[0]), *(int(word) for word in row[1 : 1 + _PAYLOAD[Kind(int(row[0]))]]))
            for row in events[: run.event_count]
        ]
        if run.status:
            raise CentralFailure(f"{MESSAGES[run.status]}: cycle {run.cycles}, after {found[-2:]}")
        return Seen(
            found, run.cycles, run.given, run.quiet, run.since_act, bool(run.act_busy), bool(run.act_clear)
        )


@lru_cache
def _library() -> ctypes.CDLL:
    library = central_bench("chains", (f"Columns={COLUMNS}",))
    library.chains_reset()
    return library
