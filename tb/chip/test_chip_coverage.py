"""What the chip's tests are worth: every check of its modules is triggered and every cover is met.

On a chip of three tiny cores, which share streams and leave one another behind. The cores' own points are
those of `tb.core.test_coverage`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from golden.chip.encoding import LINE_BYTES, Cause, Extent, OutputMode
from golden.chip.output import Output
from golden.geometry import ConvGeometry, Step
from tb.central.test_coverage import ELSEWHERE
from tb.chip import (
    test_chip_interruptions,
    test_chip_memory_errors,
    test_chip_shapes,
    test_chip_streams,
)
from tb.chip.attempts import attempt
from tb.chip.chips import tiny_preset
from tb.chip.device import ChipOutcome, RunOptions
from tb.chip.memory import MemoryErrors, MemoryOptions, Response
from tb.chip.random_chains import U8, Chain, ChainBuilder, draw_memory, require_run
from tb.chip.script import OKAY, Action, ActionKind, pause
from tb.chip.test_chip import TAILS
from tb.chip.victims import CORES, QUIET, WATCHDOG, chip, descriptor_with, flip, job_with, options, victim
from tb.core.build import checkers
from tb.core.test_core import CHOSEN, OPERANDS
from tb.core.test_coverage import user_points
from tb.cover_labels import cover_labels

Rng = np.random.Generator

NO_REGISTER = 0x100
OWN = ("axi", "axi_lite", "chip_counters", "control", "core_clock", "lnpu_chip", "registers")
"""Modules that no bench has: all their points are met here."""
NEVER = {
    "The chip takes each answer of the memory in the cycle in which it comes.": (
        *("axi_checks.c_RHeld", "axi_checks.c_BHeld"),
    ),
    "The harness makes one access to a register at a time; tb/chip/protocol makes others.": (
        *(f"axi_lite_checks.c_{channel}Held" for channel in ("Ar", "R", "Aw", "W", "B")),
        *(f"axi_lite_checks.cov_{channel}_held_back" for channel in ("Ar", "R", "Aw", "W", "B")),
        "axi_lite_checks.cov_BothAtOnce",
        *("axi_lite_checks.cov_AddressFirst", "axi_lite_checks.cov_DataFirst"),
        *("axi_lite_checks.cov_PartOfAWord", "axi_lite_checks.cov_SeveralReads"),
        *("registers_checks.cov_refused_behind_a_start", "control_checks.cov_Clear_to_Stop"),
    ),
    "Tiny cores are too small; tb/feeder/test_coverage.py has larger blocks and units.": (
        "beat_cutter_checks.c_greedy",
    ),
}
"""Points that no run of this chip comes to, by reason."""

RARE = {
    "tb/feeder/test_coverage.py: queues of a feeder that run full, items that are there before B is.": (
        *("item_sequencer_checks.c_feed_held", "item_sequencer_checks.c_end_held"),
        "b_ledger_checks.c_next_job_only_behind_a_closed_one",
    ),
}
"""Checks that are triggered here by luck alone, by the test that triggers each."""


def counts_so_far(folder: Path) -> Counter[str]:
    """Counts of the chip's points since it was loaded, also those of other tests."""
    path = folder / "coverage.dat"
    chip().write_coverage(path)
    return user_points(path)


def run(chain: Chain, given: RunOptions, *, detached: bool = False) -> ChipOutcome:
    """Run a chain, and require all that must be true."""
    memory = chain.before.copy()
    chip().load(memory)
    outcome = chip().run(chain.line, given)
    require_run(chain, memory, outcome, detached=detached)
    return outcome


def run_layers(rng: Rng) -> None:
    """Layers of each kind and at ends of tiles, memories of any manners, and slow cores every other time."""
    for number, geometry in enumerate([*TAILS.values(), *CHOSEN.values()] * 2):
        builder = ChainBuilder(rng, tiny_preset(CORES))
        for step in Step:
            builder.draw(geometry, step)
        missed = 0 if number % 2 else int(rng.choice([300, 800]))
        given = RunOptions(memory=draw_memory(rng), quiet=QUIET, resets=number == 0, missed_permille=missed)
        run(builder.finish(), given, detached=bool(missed))


def run_wide_operands(rng: Rng) -> None:
    """Nothing but FP16 without a zero: the longest streams that there are."""
    for step in Step:
        builder = ChainBuilder(rng, tiny_preset(CORES))
        builder.add(ConvGeometry("wide", 1, 9, 5, 5, 6, 3, 1, 1), step, OPERANDS["all FP16, dense"])
        run(builder.finish(), RunOptions(memory=draw_memory(rng), quiet=QUIET))


def run_all_tags(rng: Rng, folder: Path) -> None:
    """A memory for which all tags of reads are in use: not by luck, or the test of it is none."""
    before = counts_so_far(folder)
    test_chip_shapes.test_as_many_reads_as_there_are_tags(rng)
    assert counts_so_far(folder)["axi_checks.cov_MostReads"] > before["axi_checks.cov_MostReads"]


def run_extreme_results(rng: Rng) -> None:
    """Results of either end of FP16, whose thresholds are the lowest and the highest."""
    geometry = ConvGeometry("extreme", 1, 4, 4, 4, 8, 1, 1, 0)
    for exponent, share in ((-40, 1), (-22, 1), (0, 0), (0, 1), (14, 0), (40, 0)):
        builder = ChainBuilder(rng, tiny_preset(CORES))
        scale = np.full(geometry.out_channels, 2.0**exponent, np.float32).view(np.uint32)
        output = Output(OutputMode.FP16, scale=scale, shift=np.zeros_like(scale), share=(share, 1))
        builder.add(geometry, Step.FP, output=output)
        run(builder.finish(), RunOptions(quiet=QUIET))


def run_irregular_cores(rng: Rng) -> None:
    """Cores that are left behind, at chunks and at waves, do single jobs, and come back in the next layer."""
    geometry = ConvGeometry("irregular", 2, 16, 9, 9, 12, 3, 1, 1)
    for step in Step:
        builder = ChainBuilder(rng, tiny_preset(CORES))
        builder.add(geometry, step, output=Output(OutputMode.FP16))
        chain = builder.finish()
        for patience, irregular in (
            (1, {"missed_permille": 300}),
            (60, {"slow": (1, 8)}),
            (100, {"stopped": (2, 1000, 9000)}),
            (100, {"stopped": (0, 2500, 9000)}),
            (1000, {"slow": (2, 8)}),
        ):
            given: dict[str, Any] = {"memory": draw_memory(rng), "patience": patience, **irregular}
            run(chain, RunOptions(quiet=QUIET, **given), detached=True)
    builder = ChainBuilder(rng, tiny_preset(CORES))
    for step in Step:
        builder.add(geometry, step, output=Output(OutputMode.FP16))
    outcome = run(builder.finish(), RunOptions(quiet=QUIET, patience=1, missed_permille=300), detached=True)
    assert outcome.chip["detached"] > 0


def run_errors(rng: Rng) -> None:
    """A wrong one of everything that the chip looks at; a good run comes after each."""
    chip().reset()  # and with it the patience
    given, registers = victim(), chip().device.registers
    job, output = given.jobs[1], given.jobs[1].output
    far = MemoryOptions(latency=2 * WATCHDOG)
    no_reads = MemoryOptions(errors=MemoryErrors(0, 1 << 38, writes=False))
    no_writes = MemoryOptions(errors=MemoryErrors(0, 1 << 38, reads=False))
    slow_writes = MemoryOptions(bytes_per_cycle=4, latency=0)
    overrun = job_with(1, output=Extent(output.line, 1))
    descriptor_fields = descriptor_with(output=replace(given.descriptor.output, end=0))
    table = given.descriptor.job_table
    broken: list[tuple[Cause, Callable[[U8], None], MemoryOptions | None]] = [
        (Cause.MAGIC, flip(given.line, 0, 3), None),
        (Cause.FIELD, flip(given.line, 21, 3), None),
        (Cause.WINDOW, descriptor_fields, None),
        (Cause.OVERLAP, descriptor_with(completion=given.line), None),
        (Cause.FIELD, flip(table + 1, 12, 0), None),
        (Cause.JOB_RANGE, job_with(2, a=Extent(0, 64)), None),
        (Cause.STREAM_LENGTH, job_with(1, b=Extent()), None),
        (Cause.STREAM_LENGTH, flip(job.b.line, 0, given.preset.columns), None),
        (Cause.STREAM_LENGTH, job_with(1, a=replace(job.a, bytes=job.a.bytes - 1)), None),
        (Cause.OVERRUN, overrun, None),
        (Cause.OVERRUN, overrun, slow_writes),
        (Cause.READ_RESPONSE, lambda memory: None, no_reads),
        (Cause.WRITE_RESPONSE, lambda memory: None, no_writes),
        (Cause.WATCHDOG, lambda memory: None, far),
    ]
    for cause, break_it, manners in broken:
        memory = given.memory()
        break_it(memory)
        chip().load(memory)
        how = options(rng)
        ended = attempt(chip(), given.line, replace(how, memory=manners or how.memory))
        assert ended.status.cause is cause
        run(given.chain, options(rng))
    chip().load(given.memory())
    abort = [pause(800), registers.write("CONTROL", abort=1)]
    assert attempt(chip(), given.line, options(rng), abort).status.cause is Cause.ABORTED
    nowhere = [Action(kind, NO_REGISTER) for kind in (ActionKind.READ, ActionKind.WRITE)]
    assert all(answer.response != OKAY for answer in chip().script(nowhere, options(rng)).answers)
    run(given.chain, options(rng))


def run_interruptions(rng: Rng) -> None:
    """Aborts in each cycle of a run's begin and end, beside errors too; writes that are refused."""
    test_chip_interruptions.test_an_abort_at_once(rng)
    for cause in (Cause.MAGIC, Cause.FIELD):
        test_chip_interruptions.test_an_abort_beside_an_error(cause, rng)
    test_chip_interruptions.test_an_abort_as_jobs_end(rng)
    for register in (*test_chip_interruptions.LOCKED, "CONTROL"):
        test_chip_interruptions.test_a_write_while_busy(register, 2000, rng)
    registers = chip().device.registers
    abort = [registers.write("CONTROL", abort=1), registers.write("CONTROL", abort=1, start=1)]
    chip().script(abort, options(rng))
    run(victim().chain, RunOptions(quiet=QUIET, watchdog=0))
    for core, index in ((CORES, 0), (0, 255), (255, 255)):  # there is no such counter
        look = [registers.write("COUNTER_SELECT", core=core, index=index), registers.read("COUNTER_LOW")]
        assert chip().script(look, options(rng)).answers[1].value == 0


def run_memory_errors(rng: Rng) -> None:
    """Either kind of error, of a stream and of a result; streams that leave something behind."""
    for name in ("a", "c"):
        test_chip_memory_errors.test_reads_answered_with_an_error(name, Response.DECERR, rng)
    test_chip_memory_errors.test_writes_answered_with_an_error("results", Response.DECERR, rng)
    test_chip_streams.test_operands_left_behind_are_an_error(False, rng)
    with chip().without_assumptions():
        test_chip_streams.test_malformed_items(rng)
    jobs, causes = victim().jobs, (Cause.STREAM_LENGTH, Cause.READ_RESPONSE)
    for number, job in enumerate(jobs):  # a wrong block while a line of the next job's comes with an error
        for stream in (job.a, job.b, jobs[(number + 1) % len(jobs)].a):
            memory = victim().memory()
            memory[job.a.line * LINE_BYTES] ^= 1
            chip().load(memory)
            first = stream.line * LINE_BYTES
            errors = MemoryErrors(first + LINE_BYTES, first + 100 * LINE_BYTES, writes=False)
            manners = MemoryOptions(latency=40, errors=errors)
            ended = attempt(chip(), victim().line, replace(options(rng), memory=manners))
            assert ended.status.cause in causes


def test_every_point_is_met(rng: Rng, tmp_path: Path) -> None:
    chip().reset()
    before = counts_so_far(tmp_path)
    run_layers(rng)
    run_wide_operands(rng)
    run_all_tags(rng, tmp_path)
    run_extreme_results(rng)
    run_irregular_cores(rng)
    run_errors(rng)
    run_interruptions(rng)
    run_memory_errors(rng)
    counts = counts_so_far(tmp_path)
    assert set(before) == set(counts)
    counts -= before  # keeps what is above zero
    labels = cover_labels(checkers("central", "chip", "feeder", "result"))
    assert labels <= set(before)
    # Of a module with a bench of its own, that comes to all its points, each check is triggered here, too.
    own = {f"{module}_checks" for module in OWN}
    wanted = {label for label in labels if label.partition(".")[0] in own or ".c_" in label}
    wanted |= {point for points in ELSEWHERE.values() for point in points}
    never, rare = ({point for points in group.values() for point in points} for group in (NEVER, RARE))
    assert rare < wanted
    assert {point for point in wanted - rare if not counts[point]} == never
