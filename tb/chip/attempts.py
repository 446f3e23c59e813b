"""Runs of the chip that may end in an error: what it says of it, and what it may have written until then."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from golden.chip.driver import Status
from golden.chip.encoding import COMPLETION_LINES, LINE_BYTES, Cause, Descriptor, Extent, Job, OutputMode
from golden.chip.interpreter import ChipRun, interpret
from golden.chip.output import Output
from golden.formats import Fp8Format
from golden.geometry import ConvGeometry, Step
from golden.hardware_counters import CHIP_COUNTER_CORE, CHIP_COUNTERS
from golden.presets import Preset
from tb.chip.bare import BareChip
from tb.chip.device import ChipHang, RunOptions
from tb.chip.random_chains import U8, Chain, ChainBuilder
from tb.chip.script import Action, pause, wait_interrupt
from tb.coverage.crosses.memory import sample_errors

DRAIN_CYCLES = 50
DRAIN_TRIES = 400
"""How often, and how many cycles apart, software looks whether the chip has come to rest."""

JOBS_AHEAD = 2
"""Jobs that a core may have been given after one whose A is still on its way through the feeder."""

COUNTED = (Cause.WATCHDOG, Cause.ABORTED)
"""Causes that have no job of their own: the number of jobs done stands in its place."""


@dataclass(frozen=True)
class Attempt:
    """How a run ended: the state when it was at rest again, and the interrupts that stood then.

    Attributes
    ----------
    detached : int
        Cores left behind by the others until then.
    """

    status: Status
    interrupts: dict[str, int]
    detached: int


def attempt(chip: BareChip, line: int, options: RunOptions, during: Sequence[Action] = ()) -> Attempt:
    """Start the chip, wait for its interrupt and until it is at rest.

    Raises
    ------
    tb.chip.device.ChipHang
        If no interrupt comes, or the chip stays busy.
    """
    registers = chip.device.registers
    start = registers.start(line, options.patience, options.watchdog)
    chip.script([*start, *during, wait_interrupt(options.limit)], options)
    going_on = replace(options, resets=False)
    for _ in range(DRAIN_TRIES):
        look = [*registers.status(), registers.read("IRQ_STATUS")]
        answers = chip.script([pause(DRAIN_CYCLES), *look], going_on).answers[1:]
        status = registers.read_status(answers[:-1])
        if not status.busy:
            index = CHIP_COUNTERS.index("detached")
            choose = registers.write("COUNTER_SELECT", core=CHIP_COUNTER_CORE, index=index)
            detached = chip.script([choose, registers.read("COUNTER_LOW")], going_on).answers[1].value
            interrupts = registers.names.unpack("IRQ_STATUS", answers[-1].value)
            if errors := options.memory.errors:
                order = int(options.memory.order)
                sample_errors(
                    errors.reads, errors.writes, errors.end - errors.first, int(errors.response), order
                )
            return Attempt(status, interrupts, detached)
    raise ChipHang(f"the chip is busy {DRAIN_TRIES * DRAIN_CYCLES} cycles after its interrupt")


@dataclass(frozen=True)
class Victim:
    """A descriptor that is right, to be made wrong: with all kinds of streams, and a record it reads.

    Attributes
    ----------
    chain : Chain
        One step with one descriptor.
    """

    chain: Chain
    preset: Preset

    @property
    def line(self) -> int:
        """Line of the descriptor."""
        return self.chain.line

    @property
    def descriptor(self) -> Descriptor:
        """The descriptor as it should be."""
        return self.chain.steps[0].layer.descriptors[0].descriptor

    @property
    def jobs(self) -> list[Job]:
        """Its jobs as they should be."""
        return [job.job for job in self.chain.steps[0].layer.descriptors[0].jobs]

    def memory(self) -> U8:
        """Return a fresh copy of the memory before the run."""
        return self.chain.before.copy()

    def golden(self, memory: U8) -> tuple[U8, ChipRun]:
        """Run the golden model on a copy of `memory`."""
        after = memory.copy()
        return after, interpret(after, self.line, self.preset)

    def users(self, kind: str, extent: Extent) -> set[int]:
        """Return the jobs whose stream of a kind lies at `extent`."""
        return {index for index, job in enumerate(self.jobs) if getattr(job, kind) == extent}

    def records_written(self, before: U8, memory: U8) -> int:
        """Count the jobs of which a record has been written."""
        first = self.descriptor.job_records * LINE_BYTES
        records = slice(first, first + len(self.jobs) * LINE_BYTES)
        return int((memory[records] != before[records]).reshape(-1, LINE_BYTES).any(axis=1).sum())

    def require_contained(
        self, before: U8, memory: U8, wrong: set[int], *, records: bool = False, completion: bool = False
    ) -> None:
        """Require that an error left nothing behind but results of jobs that are right.

        Outside the descriptor's output window and job records no byte has changed. In them, what belongs to
        a job is as before or as it should be, byte by byte; of the jobs in `wrong` the results may be
        anything, and no record was written.

        Parameters
        ----------
        records : bool
            Whether records of the wrong jobs may have been written, with anything in them.
        completion : bool
            Whether the completion record may have been written, with anything in it.
        """
        after, descriptor = self.chain.after, self.descriptor
        good = (memory == before) | (memory == after)
        same = memory == before
        allowed = same.copy()
        for index, job in enumerate(self.jobs):
            first = job.output.line * LINE_BYTES
            results = slice(first, first + job.output.bytes)
            record = slice(
                (descriptor.job_records + index) * LINE_BYTES,
                (descriptor.job_records + index + 1) * LINE_BYTES,
            )
            allowed[results] = True if index in wrong else good[results]
            allowed[record] = (records or same[record]) if index in wrong else good[record]
        if completion:
            first = descriptor.completion * LINE_BYTES
            record = slice(first, first + COMPLETION_LINES * LINE_BYTES)
            allowed[record] = True
        bad = np.flatnonzero(~allowed)
        assert not len(bad), (
            f"byte {bad[0]} (line {bad[0] // LINE_BYTES}) and {len(bad) - 1} more are written"
        )


def set_words(
    memory: U8, line: int, words: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.uint32]]
) -> None:
    """Write 32-bit words from the start of a line."""
    raw = np.asarray(words, "<u4").view(np.uint8)
    memory[line * LINE_BYTES : line * LINE_BYTES + len(raw)] = raw


def word_at(memory: U8, line: int, word: int) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """Return a view of one 32-bit word of a structure that begins at a line, to read or to change."""
    start = line * LINE_BYTES + 4 * word
    return memory[start : start + 4].view("<u4")


def make_victim(rng: np.random.Generator, preset: Preset) -> Victim:
    """Draw a descriptor that uses everything: FGMP after all post-processing, its threshold from a record."""
    geometry = ConvGeometry("victim", 2, 5, 6, 6, 8, 3, 1, 1)
    builder = ChainBuilder(rng, preset)
    first = builder.add(geometry, Step.FP, output=Output(OutputMode.FP16, Fp8Format.E4M3))
    earlier = builder.finish()
    shape = geometry.delta_shape
    floats = rng.standard_normal((2, geometry.out_channels)).astype(np.float32).view(np.uint32)
    output = Output(
        OutputMode.FGMP,
        Fp8Format.E4M3,
        threshold_record=first.layer.descriptors[0].descriptor.completion,
        scale=floats[0],
        shift=floats[1],
        residual=rng.standard_normal(shape).astype(np.float16).view(np.uint16),
        relu=True,
        mask=rng.random(shape) < 0.7,
    )
    builder.add(geometry, Step.FP, output=output)
    return Victim(builder.finish(earlier.after), preset)


def require_stop(
    chip: BareChip,
    victim: Victim,
    break_it: Callable[[U8], None],
    wrong: set[int],
    options: RunOptions,
    *causes: Cause,
    records: bool = False,
) -> Attempt:
    """Break a copy of the memory, run it, and require what an error must leave.

    Parameters
    ----------
    wrong : set of int
        Jobs that are wrong; empty: the descriptor itself.
    causes : Cause
        What the chip may report; none: what the golden model says.
    records : bool
        Whether wrong jobs may have come to their end, and left a record.
    """
    memory = victim.memory()
    break_it(memory)
    before = memory.copy()
    _, run = victim.golden(before)
    assert run.cause is not Cause.NONE, "the golden model finds nothing wrong"
    chip.load(memory)
    ended = attempt(chip, victim.line, options)
    require_error(ended, causes or (run.cause,), victim.line)
    if wrong:
        require_job(ended, wrong, victim)
        require_jobs_done(ended.status, victim, before, memory)
        victim.require_contained(before, memory, wrong, records=records)
    else:
        assert ended.status.error_job == 0
        np.testing.assert_array_equal(memory, before)
    return ended


def require_error(ended: Attempt, causes: Collection[Cause], line: int) -> None:
    """Require an error of one of some causes at the descriptor at `line`: its state, and its interrupt."""
    status = ended.status
    assert (status.error, status.done, status.busy) == (True, False, False), status
    named = " or ".join(cause.name for cause in causes)
    assert status.cause in causes, f"{status.cause.name} instead of {named}"
    assert status.error_descriptor == line
    assert (ended.interrupts["error"], ended.interrupts["done"]) == (1, 0)


def require_job(ended: Attempt, wrong: set[int], victim: Victim) -> None:
    """Require that the job of an error is a wrong one.

    Of an error in a stream or item it is the job that its core was given last, which may be a later one: as
    long as no core is left behind, they are given jobs in turn.
    """
    job, cores = ended.status.error_job, victim.preset.cores
    if ended.status.cause not in (Cause.STREAM_LENGTH, Cause.ITEM):
        good = job in wrong or ended.status.cause in COUNTED
    elif ended.detached:
        good = min(wrong) <= job < len(victim.jobs)
    else:
        good = any(job - cores * ahead in wrong for ahead in range(JOBS_AHEAD + 1))
    assert good, f"job {job}, wrong: {wrong}"


def require_jobs_done(status: Status, victim: Victim, before: U8, memory: U8) -> None:
    """Require that an error without a job of its own says how many are done: each of them has its record."""
    if status.cause in COUNTED:
        records = victim.records_written(before, memory)
        assert status.error_job == records, f"{status.error_job} jobs done, {records} records"
