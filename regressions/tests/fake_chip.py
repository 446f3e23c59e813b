"""A chip for tests that is no RTL: golden's memory, and traffic counted by walking the job tables itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from golden.chip.driver import Status
from golden.chip.encoding import LINE_BYTES, Cause, Descriptor, Job, lines_of
from golden.chip.interpreter import interpret
from golden.formats import U8
from golden.hardware_counters import CHIP_COUNTERS, CORE_COUNTERS
from golden.presets import find_preset
from tb.chip.device import SAMPLE_FIELDS, ChipOutcome, Occupancy, RunOptions
from tb.chip.memory import MemoryTraffic
from tb.toolchain import BuildResult

CYCLES = 10_000
DONE = Status(False, True, False, False, Cause.NONE, 1, 0, 0)
STREAM_NAMES = ("a", "b", "c", "d")

Change = Callable[[ChipOutcome, U8], ChipOutcome]


def words(memory: U8, line: int, count: int) -> list[int]:
    """Read 32-bit words from a line on."""
    start = line * LINE_BYTES
    return [int(word) for word in np.frombuffer(memory[start : start + 4 * count].tobytes(), "<u4")]


def chain(memory: U8, line: int) -> list[Descriptor]:
    """Follow the chain of descriptors."""
    found = [Descriptor.from_words(words(memory, line, Descriptor.WORDS))]
    while not found[-1].last:
        found.append(Descriptor.from_words(words(memory, found[-1].next, Descriptor.WORDS)))
    return found


def fetched_lines(memory: U8, descriptor: Descriptor, cores: int) -> dict[str, int]:
    """Lines that each stream's fetches take: in each wave every distinct extent once."""
    table = range(descriptor.job_table, descriptor.job_table + descriptor.jobs)
    jobs = [Job.from_words(words(memory, line, Job.WORDS)) for line in table]
    lines = dict.fromkeys(STREAM_NAMES, 0)
    for first in range(0, len(jobs), cores):
        for name in STREAM_NAMES:
            extents = {getattr(job, name) for job in jobs[first : first + cores]}
            lines[name] += sum(lines_of(extent.bytes) for extent in extents)
    return lines


class FakeChip:
    """Stands in for `tb.chip.simulation.run_chip`; `change` spoils what it gives."""

    def __init__(self, change: Change | None = None) -> None:
        self.change = change
        self.options: list[RunOptions] = []

    def __call__(
        self,
        build: BuildResult,
        preset: str,
        memory: U8,
        line: int,
        folder: Path,
        *,
        options: RunOptions,
        **_: Any,
    ) -> tuple[ChipOutcome, U8, float]:
        """Run the chain at `line` as the golden chip model does."""
        self.options.append(options)
        after = np.array(memory)
        cores = find_preset(preset).cores
        run = interpret(after, line, find_preset(preset))
        assert run.cause is Cause.NONE, run.message
        chip, core = dict.fromkeys(CHIP_COUNTERS, 0), dict.fromkeys(CORE_COUNTERS, 0)
        written = 0
        for descriptor, done in zip(chain(memory, line), run.descriptors, strict=True):
            for name, count in fetched_lines(memory, descriptor, cores).items():
                chip[f"{name}_lines"] += count
            chip["control_lines"] += 2 + descriptor.jobs
            chip["jobs"] += descriptor.jobs
            core["macs_fp8"] += done.macs_fp8
            core["macs_fp16"] += done.macs_fp16
            written += done.result_bytes + done.record_bytes + done.completion_bytes
        core["line_busy"] = CYCLES // 2
        reads = sum(chip[f"{name}_lines"] for name in (*STREAM_NAMES, "control"))
        samples = np.arange(1, CYCLES // options.sample + 1) * options.sample
        busy = np.zeros((len(samples), cores, len(SAMPLE_FIELDS)), np.int64)
        busy[:, 0, 0] = samples // 2
        outcome = ChipOutcome(
            DONE,
            CYCLES,
            chip,
            (core, *(dict.fromkeys(CORE_COUNTERS, 0) for _ in range(cores - 1))),
            MemoryTraffic(reads, lines_of(written), written, reads, 1),
            Occupancy(samples, samples, samples, busy),
        )
        if self.change is not None:
            outcome = self.change(outcome, after)
        return outcome, after, 0.5


def flip(byte: int, bit: int) -> Change:
    """Flip a bit of memory."""

    def change(outcome: ChipOutcome, memory: U8) -> ChipOutcome:
        memory[byte] ^= 1 << bit
        return outcome

    return change


def count_more(name: str, more: int = 1) -> Change:
    """Let a counter of the chip, or of its first core, say something else."""

    def change(outcome: ChipOutcome, memory: U8) -> ChipOutcome:
        if name in outcome.chip:
            outcome.chip[name] += more
        else:
            outcome.cores[0][name] += more
        return outcome

    return change


def at_the_pins(**more: int) -> Change:
    """Let the memory count something else than the chip."""

    def change(outcome: ChipOutcome, memory: U8) -> ChipOutcome:
        counted = {name: getattr(outcome.traffic, name) + value for name, value in more.items()}
        return replace(outcome, traffic=replace(outcome.traffic, **counted))

    return change
