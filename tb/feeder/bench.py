"""A feeder in a bare C++ loop: a memory that answers in any order, and a core that takes when it likes."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from golden.formats import U32
from golden.presets import find_preset
from golden.streams import BEAT_WORDS, COST_WORDS
from tb.core.build import COVERAGE, checkers, parameters
from tb.coverage.crosses.streams import FEEDER_SEGMENTS, sample_feeder_stalls, sample_segments
from tb.feeder.fgmp_stream import LINE_BYTES
from tb.toolchain import rtl_sources, verilate

FEEDER_TB = Path(__file__).resolve().parent

MODULES = (
    *("sram", "stream_fifo", "stream_buffer", "byte_window", "fgmp_block"),
    *("beat_cutter", "row_gather", "a_feeder", "b_feeder", "b_ledger", "item_sequencer", "feeder"),
)
"""The feeder and all in it."""

CHECKS = checkers("mem", "feeder")
"""Checkers of every module of the feeder: part of every build."""

PORTS = ("commands", "beats", "rows", "costs")
SINK_WORDS = (4, BEAT_WORDS, 8, COST_WORDS)
"""32-bit words of what each port of the core takes."""

HUNG, ASSERTION, OUTSIDE, STIRRED, BINDABLE = 1, 2, 3, 4, 5
MESSAGES = {
    HUNG: "the feeder hung",
    ASSERTION: "an assertion of the RTL failed (see the standard output)",
    OUTSIDE: "the feeder read outside the memory",
    STIRRED: "the feeder was idle and something came after that",
    BINDABLE: "the feeder was bindable too early or too late",
}


class FeederFailure(AssertionError):
    """The feeder did not do what it must."""


class _Sink(ctypes.Structure):
    _fields_ = (
        ("words", ctypes.c_void_p),
        ("capacity", ctypes.c_int64),
        ("count", ctypes.c_int64),
        ("last_cycle", ctypes.c_int64),
    )


class _Job(ctypes.Structure):
    _fields_ = (
        ("memory", ctypes.c_void_p),
        ("lines", ctypes.c_int64),
        ("jobs", ctypes.c_void_p),
        ("job_count", ctypes.c_int64),
        ("fmt", ctypes.c_int64),
        ("bias", ctypes.c_int64),
        ("memory_stall", ctypes.c_int64),
        ("job_stall", ctypes.c_int64),
        ("take_stall", ctypes.c_int64 * 4),
        ("latency", ctypes.c_int64),
        ("counted", ctypes.c_int64),
        ("seed", ctypes.c_uint64),
        ("limit", ctypes.c_int64),
        ("sinks", _Sink * 4),
        *((name, ctypes.c_int64) for name in ("status", "error", "cause", "cycles", "reads", "idle")),
    )


@dataclass(frozen=True)
class FeedJob:
    """Streams of a job, and what must come of them at the core's ports.

    Attributes
    ----------
    a, b, c : bytes
        The streams.
    outputs : tuple of uint32 [n, SINK_WORDS]
        Commands, beats of A, rows of B and costs, in order.
    """

    a: bytes
    b: bytes
    c: bytes
    outputs: tuple[U32, ...] = field(
        default_factory=lambda: tuple(np.zeros((0, words), np.uint32) for words in SINK_WORDS)
    )


@dataclass(frozen=True)
class Stalls:
    """How the feeder's surroundings behave: stalls per mille, and the memory's largest latency in cycles."""

    memory: int = 0
    job: int = 0
    take: tuple[int, int, int, int] = (0, 0, 0, 0)
    latency: int = 8


@dataclass(frozen=True)
class Outcome:
    """What came: arrays as in `FeedJob.outputs`, the error's cause (0: none), and figures."""

    outputs: tuple[U32, ...]
    cause: int
    cycles: int
    last_cycles: tuple[int, ...]
    lines_read: int


def lay_out(jobs: Sequence[FeedJob]) -> tuple[U32, U32]:
    """Place streams in memory, each from a line's start; the same bytes are stored once.

    Returns
    -------
    uint32 [lines, 16], uint32 [jobs, 6]
        Memory, and first line and bytes of each job's A, B and C.
    """
    memory = bytearray()
    places: dict[bytes, int] = {}
    table = np.zeros((len(jobs), 6), np.uint32)
    for number, job in enumerate(jobs):
        for stream, data in enumerate((job.a, job.b, job.c)):
            if data not in places:
                places[data] = len(memory) // LINE_BYTES
                memory += data + bytes(-len(data) % LINE_BYTES)
            table[number, 2 * stream : 2 * stream + 2] = places[data], len(data)
    return np.frombuffer(bytes(memory), np.uint32).reshape(-1, LINE_BYTES // 4), table


class FeederBench:
    """The library of ``feeder_loop.cpp``."""

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))
        self._library.feeder_run.restype = None

    def run(
        self,
        jobs: Sequence[FeedJob],
        seed: int,
        stalls: Stalls = Stalls(),
        fmt: int = 0,
        bias: int = 7,
        *,
        counted: int = 0,
        cycles: int | None = None,
    ) -> Outcome:
        """Run jobs until the feeder is idle or reports an error.

        Parameters
        ----------
        counted : int
            Rows of B, below 2^32, that each job has had before, as the ledger counts them.
        cycles : int or None
            Leave the jobs as they are after so many cycles; the next run begins with a reset.

        Raises
        ------
        FeederFailure
            If it hangs, an assertion fails, or it stirs after its end.
        """
        memory, table = lay_out(jobs)
        memory, table = np.ascontiguousarray(memory), np.ascontiguousarray(table)
        expected = [sum(len(job.outputs[port]) for job in jobs) for port in range(4)]
        room = [
            np.zeros((count + 64, words), np.uint32)
            for count, words in zip(expected, SINK_WORDS, strict=True)
        ]
        job = _Job()
        job.memory, job.lines = memory.ctypes.data, len(memory)
        job.jobs, job.job_count = table.ctypes.data, len(table)
        job.fmt, job.bias = fmt, bias
        job.memory_stall, job.job_stall, job.latency = stalls.memory, stalls.job, stalls.latency
        for port in range(4):
            job.take_stall[port] = stalls.take[port]
            job.sinks[port].words = room[port].ctypes.data
            job.sinks[port].capacity = len(room[port])
        job.seed = seed
        job.counted = counted
        work = 2000 + 40 * (len(memory) + sum(expected)) + stalls.latency * len(memory)
        job.limit = work * 1000 // (1000 - max(stalls.memory, stalls.job, *stalls.take))
        if cycles is not None:
            job.limit = cycles
        self._library.feeder_run(ctypes.byref(job))
        if job.status and (cycles is None or job.status != HUNG):
            counts = ", ".join(
                f"{job.sinks[port].count} of {expected[port]} {name}" for port, name in enumerate(PORTS)
            )
            raise FeederFailure(f"{MESSAGES[job.status]} in cycle {job.cycles}: {counts} came")
        outputs = tuple(room[port][: job.sinks[port].count] for port in range(4))
        if any(len(output) != job.sinks[port].count for port, output in enumerate(outputs)):
            raise FeederFailure("much more came than there is")
        last = tuple(int(sink.last_cycle) for sink in job.sinks)
        return Outcome(outputs, int(job.cause) if job.error else 0, int(job.cycles), last, int(job.reads))

    def check(
        self,
        jobs: Sequence[FeedJob],
        seed: int,
        stalls: Stalls = Stalls(),
        fmt: int = 0,
        bias: int = 7,
        cause: int = 0,
        *,
        counted: int = 0,
    ) -> Outcome:
        """Run jobs and require their outputs; with an error, `cause` and no output that is not theirs.

        Raises
        ------
        FeederFailure
            With the first output that differs.
        """
        outcome = self.run(jobs, seed, stalls, fmt, bias, counted=counted)
        if outcome.cause != cause:
            raise FeederFailure(f"the cause is {outcome.cause}, expected {cause}")
        for port, name in enumerate(PORTS):
            expected = np.concatenate([job.outputs[port] for job in jobs])
            got = outcome.outputs[port]
            if (len(got) != len(expected)) if not cause else len(got) > len(expected):
                raise FeederFailure(f"{len(got)} {name} came, expected {len(expected)}")
            wrong = np.flatnonzero((got != expected[: len(got)]).any(axis=1))
            if wrong.size:
                at = int(wrong[0])
                raise FeederFailure(
                    f"{wrong.size} of {len(got)} {name} differ, the first one is number {at}: "
                    f"{_hex(got[at])}, expected {_hex(expected[at])}"
                )
        sample_segments(FEEDER_SEGMENTS, outcome.outputs[PORTS.index("beats")])
        sample_feeder_stalls((stalls.memory, stalls.job, *stalls.take))
        return outcome

    def write_coverage(self, path: Path) -> None:
        """Write the coverage of all runs so far (of a build for it)."""
        self._library.write_coverage(str(path).encode())


def _hex(words: U32) -> str:
    return " ".join(f"{int(word):08X}" for word in words)


@lru_cache
def feeder_bench(preset: str, coverage: bool = False) -> FeederBench:
    """Build and load the bench at a preset's sizes, once a process."""
    wanted = ("-GLines", "-GPes", "-GRows=")
    sizes = [part for part in parameters(find_preset(preset)) if part.startswith(wanted)]
    build = verilate(
        f"feeder_bench_{preset}",
        [*rtl_sources(*MODULES), *CHECKS, FEEDER_TB / "ledger.vlt", FEEDER_TB / "feeder_bench.sv"],
        "feeder_bench",
        args=["--assert", *sizes, *(COVERAGE if coverage else ())],
        cxx_sources=[FEEDER_TB / "feeder_loop.cpp"],
        kind="lib",
    )
    return FeederBench(build.artifact)
