"""Dispatcher, shared fetches and lateness with cores of any pace around them."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from golden.chip.validate import ALL_LINES
from golden.formats import U32
from tb.central.bench import CentralFailure, central_bench

STREAMS = ("A", "B", "C", "D")
NEAR_LINES = 1 << 20
"""Lines that the streams of some jobs lie in; those of others lie anywhere."""
LONG_PATIENCE = (1 << 16) - 1
FROZEN = 1000
"""Stalls per mille of a core that stands still for ever."""

HUNG = 1
MESSAGES = {
    HUNG: "it hung",
    2: "an assertion of the RTL failed (see the standard output)",
    3: "a job for several cores, or for one that cannot take it",
    4: "a wave is not for all attached cores together, each once",
    5: "the first chunk of a stream is read while a wave is being dealt",
    6: "a chunk for a core that has not asked for it",
    7: "a core is left behind though nobody has waited so long, or is back too early",
    8: "a core has waited longer than the patience",
    9: "the only core waits for another one",
    10: "a chunk is for more or fewer cores than ask for it and may share it",
}


class _Run(ctypes.Structure):
    _fields_ = (
        ("jobs", ctypes.c_void_p),
        ("take_stall", ctypes.c_void_p),
        *(
            (name, ctypes.c_int64)
            for name in (
                "job_count",
                "cores",
                "patience",
                "job_stall",
                "able_stall",
                "memory_stall",
                "latency",
            )
        ),
        ("seed", ctypes.c_uint64),
        ("limit", ctypes.c_int64),
        ("stop", ctypes.c_int64),
        ("core_of_job", ctypes.c_void_p),
        *(
            (name, ctypes.c_int64)
            for name in ("status", "cycles", "given", "core", "stream", "waves", "attached", "first_detached")
        ),
        ("lines", ctypes.c_int64 * 4),
        ("bursts", ctypes.c_int64 * 4),
        ("trace", ctypes.c_uint64),
    )


@dataclass(frozen=True)
class Pace:
    """How fast things go: each core's sleep and other stalls, per mille; cycles of latency."""

    take: tuple[int, ...]
    job: int = 0
    able: int = 0
    memory: int = 0
    latency: int = 0


@dataclass(frozen=True)
class Outcome:
    """What a descriptor's jobs came to.

    Attributes
    ----------
    core_of_job : int64 [jobs]
    lines, bursts : tuple of int
        Read, by stream.
    attached : frozenset of int
        Cores that nobody left behind.
    first_detached : int
        Cycle in which the first core was; -1: none.
    trace : int
        Of all outputs in all cycles: runs that differ in one of them have another one.
    """

    core_of_job: npt.NDArray[np.int64]
    lines: tuple[int, ...]
    bursts: tuple[int, ...]
    waves: int
    attached: frozenset[int]
    cycles: int
    first_detached: int
    trace: int


def draw_jobs(rng: np.random.Generator, count: int, cores: int) -> U32:
    """Draw jobs that share streams as those of a layer do.

    Returns
    -------
    uint32 [count, 4, 2]
        First line and number of lines of A, B, C and D; a job without C has neither A nor B.
    """
    streams = np.zeros((count, 4, 2), np.uint32)
    line = int(rng.integers(0, rng.choice([NEAR_LINES, ALL_LINES - NEAR_LINES])))
    for kind in range(4):
        pool = np.zeros((0, 2), np.int64)
        for start in range(0, count, cores):
            if not len(pool) or rng.random() < 0.7:  # the next wave may read the same streams again
                fresh = []
                for _ in range(int(rng.integers(1, cores + 1))):
                    length = int(rng.choice([0, 1, 2, 3, 9, 30], p=[0.05, 0.15, 0.15, 0.15, 0.3, 0.2]))
                    line += int(rng.integers(0, 70))
                    fresh.append((line, max(length, kind == 2)))
                    line += length + 1
                pool = np.array(fresh)
            part = streams[start : start + cores, kind]
            part[:] = pool[rng.integers(0, len(pool), len(part))]
    streams[rng.random(count) < 0.1, :3] = 0
    streams[streams[..., 1] == 0] = 0
    return streams


def planned_lines(jobs: U32, cores: int) -> tuple[int, ...]:
    """Lines of A, B, C and D: for each wave of as many jobs as there are cores, each distinct stream once."""
    total = [0] * 4
    for start in range(0, len(jobs), cores):
        for kind in range(4):
            distinct = {(int(line), int(count)) for line, count in jobs[start : start + cores, kind]}
            total[kind] += sum(count for _, count in distinct)
    return tuple(total)


class DispatchBench:
    """The library of ``dispatch_loop.cpp`` for a number of cores."""

    def __init__(self, cores: int) -> None:
        self.cores = cores
        self._library = central_bench("dispatch", (f"Cores={cores}",))
        self.reset()

    def reset(self) -> None:
        """Reset all modules, whatever is under way."""
        self._library.dispatch_reset()

    def run(
        self, jobs: U32, pace: Pace, seed: int, patience: int = LONG_PATIENCE, *, stop: int = 0
    ) -> Outcome:
        """Run the jobs of a descriptor; cores are free before and after it, but for those that stand still.

        Parameters
        ----------
        stop : int
            Cycle in which the run is given up, whatever is under way; 0: none. Then only a reset may follow.

        Raises
        ------
        CentralFailure
            With the first thing that docs/chip.md does not allow.
        """
        jobs = np.ascontiguousarray(jobs, np.uint32)
        take = np.array(pace.take, np.int64)
        core_of_job = np.full(len(jobs), -1, np.int64)
        run = _Run(jobs.ctypes.data, take.ctypes.data, len(jobs), self.cores, patience)
        run.job_stall, run.able_stall, run.memory_stall = pace.job, pace.able, pace.memory
        run.latency, run.seed, run.core_of_job = pace.latency, seed, core_of_job.ctypes.data
        run.stop = stop
        slowest = max([pace.job, pace.able, pace.memory, *(part for part in pace.take if part < FROZEN)])
        work = int(jobs[..., 1].sum()) * (1 + pace.latency) + 40 * len(jobs) + 1000
        waits = 4 * self.cores * patience if FROZEN in pace.take or patience < LONG_PATIENCE else 0
        run.limit = 4 * work * 1000 // (1000 - slowest) + waits
        self._library.dispatch_run(ctypes.byref(run))
        if run.status:
            raise CentralFailure(
                f"{MESSAGES[run.status]}: cycle {run.cycles}, core {run.core}, stream {STREAMS[run.stream]}, "
                f"{run.given} of {len(jobs)} jobs given"
            )
        attached = frozenset(core for core in range(self.cores) if run.attached >> core & 1)
        return Outcome(
            core_of_job,
            tuple(run.lines),
            tuple(run.bursts),
            run.waves,
            attached,
            run.cycles,
            run.first_detached,
            run.trace,
        )

    def check(self, jobs: U32, pace: Pace, seed: int) -> Outcome:
        """Run jobs with a patience that no core exhausts, and require waves and traffic to be as planned."""
        outcome = self.run(jobs, pace, seed)
        if len(outcome.attached) != self.cores:
            raise CentralFailure(f"only cores {sorted(outcome.attached)} are still attached")
        if outcome.waves != -(-len(jobs) // self.cores):
            raise CentralFailure(f"{outcome.waves} waves for {len(jobs)} jobs on {self.cores} cores")
        wanted = planned_lines(jobs, self.cores)
        if outcome.lines != wanted:
            raise CentralFailure(f"{outcome.lines} lines of A, B, C and D are read, planned: {wanted}")
        return outcome

    def write_coverage(self, path: Path) -> None:
        """Write the coverage of all runs so far."""
        self._library.write_coverage(str(path).encode())


def even_pace(cores: int, stall: int = 0, **others: int) -> Pace:
    """Return a pace that is the same for all cores."""
    return Pace((stall,) * cores, **others)


def random_pace(rng: np.random.Generator, cores: int, stalls: Sequence[int] = (0, 300, 700)) -> Pace:
    """Draw a pace for each core and everything else."""
    take = tuple(int(stall) for stall in rng.choice(stalls, cores))
    job, able, memory = (int(stall) for stall in rng.choice(stalls, 3))
    return Pace(take, job, able, memory, int(rng.choice([0, 3, 40])))
