"""Streams of operands that are wrong: each has its cause and its interrupt, and harms nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from golden.chip.encoding import LINE_BYTES, Cause, Extent, Window
from golden.chip.interpreter import ChipRun
from golden.chip.items import Op
from tb.chip.attempts import attempt, require_error, require_stop, set_words
from tb.chip.layers import require_memory
from tb.chip.random_chains import U8
from tb.chip.victims import (
    CORES,
    chip,
    descriptor_with,
    job_with,
    options,
    require_good,
    some_jobs,
    victim,
)

pytestmark = pytest.mark.usefixtures("assumptions_off")


@pytest.fixture
def assumptions_off(good_run_afterwards: None) -> Iterator[None]:
    """Let the cores' assumptions be silent: commands and masks that are wrong break them. Assertions stay."""
    with chip().without_assumptions():
        yield


IN_VAIN = (Cause.STREAM_LENGTH, Cause.ITEM, Cause.WATCHDOG)
"""What the chip may say where items contradict one another: a core may wait for what does not come."""


def _users(name: str, index: int) -> set[int]:
    return victim().users(name, getattr(victim().jobs[index], name))


@pytest.mark.parametrize("name", ["a", "b", "c", "d"])
def test_streams_of_another_length(name: str, rng: np.random.Generator) -> None:
    """Bytes are missing or left over; the job table alone is wrong."""
    for index in some_jobs():
        extent: Extent = getattr(victim().jobs[index], name)
        room = getattr(victim().descriptor, name).end - extent.line
        for change in (-1, -16, -17, -extent.bytes + 1, 1, 16, 70):
            size = extent.bytes + change
            if not 0 < size <= room * LINE_BYTES:
                continue
            fields: dict[str, Any] = {name: Extent(extent.line, size)}
            if name == "c":  # what a job lacks, its core may take from the next one's
                later = set(range(index, len(victim().jobs)))
                broken = job_with(index, **fields)
                require_stop(chip(), victim(), broken, later, options(rng), *IN_VAIN, records=True)
            else:
                require_stop(chip(), victim(), job_with(index, **fields), {index}, options(rng))


def test_rows_of_b_that_are_missing(rng: np.random.Generator) -> None:
    """Whole rows, so that no block is cut: the core waits for them, and none will come."""
    extent = victim().jobs[0].b
    stream = victim().memory()[extent.line * LINE_BYTES :][: extent.bytes]
    for rows in (1, 3):
        size = 0
        for _ in range(rows):
            mask, group = stream[size], stream[size + 1]
            size += 2 + int(mask).bit_count() + int(group).bit_count() if mask else 1
        broken = job_with(0, b=Extent(extent.line, size))
        require_stop(chip(), victim(), broken, {0}, options(rng), Cause.STREAM_LENGTH)


@pytest.mark.parametrize("name", ["a", "b", "d"])
def test_streams_that_are_missing(name: str, rng: np.random.Generator) -> None:
    for index in some_jobs():
        fields: dict[str, Any] = {name: Extent()}
        require_stop(chip(), victim(), job_with(index, **fields), {index}, options(rng), Cause.STREAM_LENGTH)


@pytest.mark.parametrize("name", ["a", "b"])
def test_masks_that_contradict_the_length(name: str, rng: np.random.Generator) -> None:
    """A bit of the first block's mask set or cleared; a bit that only fills its mask up."""
    for index in some_jobs():
        start = getattr(victim().jobs[index], name).line * LINE_BYTES
        elements = victim().preset.rows if name == "a" else victim().preset.columns
        causes = set()
        for bit in range(8):

            def spoil(memory: U8, start: int = start, bit: int = bit) -> None:
                memory[start] ^= np.uint8(1 << bit)

            memory = victim().memory()
            spoil(memory)
            cause = victim().golden(memory)[1].cause
            causes.add(cause)
            assert bit < elements or cause is Cause.STREAM_LENGTH
            if cause is not Cause.NONE:
                require_stop(chip(), victim(), spoil, _users(name, index), options(rng), cause)
        assert Cause.STREAM_LENGTH in causes


def test_malformed_items(rng: np.random.Generator) -> None:
    """Operations that no job may hold, bits without a name, no items at all: whatever the item before is."""
    for index in some_jobs():
        extent = victim().jobs[index].c
        start = extent.line * LINE_BYTES
        for item in rng.choice(extent.bytes // 16, 6, replace=False):
            for top in (int(Op.ZERO) << 5, 0xFF, int(Op.BASE) << 5 | 0x1F, int(Op.COST) << 5 | 0x1F):

                def change(memory: U8, at: int = start + 16 * int(item) + 15, top: int = top) -> None:
                    memory[at] = top

                memory = victim().memory()
                change(memory)
                cause = victim().golden(memory)[1].cause
                assert cause is Cause.ITEM
                require_stop(chip(), victim(), change, _users("c", index), options(rng), cause)


ADVANCE_AT = 28
"""Where a Run says how many ring words lie between its last row and the next run's first."""


@pytest.mark.parametrize("alone", [False, True], ids=["in all cores", "in one core"])
def test_operands_left_behind_are_an_error(alone: bool, rng: np.random.Generator) -> None:
    """The last run passes a word too few, which shifts what the core's next jobs read, right as they are.

    All jobs share their items, but for the last one if it gets its own.
    """
    items = victim().jobs[-1].c
    memory = victim().memory()
    if alone:
        copy = Extent(0, items.bytes)  # over the operands of a layer that is done
        descriptor_with(c=Window(0, victim().descriptor.c.end))(memory)
        job_with(len(victim().jobs) - 1, c=copy)(memory)
        set_words(memory, copy.line, memory[items.line * LINE_BYTES :][: items.bytes].view("<u4"))
        items = copy
    run = memory[items.line * LINE_BYTES + items.bytes - 16 :][:8].view("<u8")
    run[0] -= np.uint64(1 << ADVANCE_AT)
    before = memory.copy()
    golden = victim().golden(memory)[1]
    assert golden.cause is Cause.ITEM
    assert "words of A remain" in golden.message
    chip().load(memory)
    with chip().without_assumptions():
        ended = attempt(chip(), victim().line, options(rng))
    require_error(ended, [Cause.ITEM], victim().line)
    jobs = set(range(len(victim().jobs)))
    assert ended.status.error_job in list(jobs)[-CORES:]
    victim().require_contained(before, memory, jobs, records=True)
    assert (memory != before).any()
    require_good(rng)


FLIPS = 250
WORD_BYTES, OUTPUT_WORD = 4, 8
"""Of a job: where its output begins."""


@pytest.mark.parametrize("kind", ["descriptor", "job table", "a", "b", "c", "d"])
def test_random_bits(kind: str, rng: np.random.Generator) -> None:
    """Any bit of what the chip reads is flipped: it does as the golden model, or stops, and harms nothing."""
    given, descriptor = victim(), victim().descriptor
    jobs = range(len(given.jobs))
    seen = set()
    for _ in range(FLIPS):
        index = int(rng.integers(len(jobs)))
        extent = {
            "descriptor": Extent(given.line, 80),
            "job table": Extent(descriptor.job_table + index, 44),
        }.get(kind) or getattr(given.jobs[index], kind)
        memory = given.memory()
        at = extent.line * LINE_BYTES + int(rng.integers(extent.bytes))
        memory[at] ^= np.uint8(1 << rng.integers(8))
        before = memory.copy()
        want, run = given.golden(memory)
        chip().load(memory)
        ended = attempt(chip(), given.line, options(rng))
        seen.add(run.cause)
        if run.cause is Cause.NONE:
            assert ended.status.done, ended
            if kind == "job table" and at % LINE_BYTES // WORD_BYTES == OUTPUT_WORD:
                # Another job has the same place: whose results stand there in the end, only time can tell.
                output = descriptor.output
                window = slice(output.first * LINE_BYTES, output.end * LINE_BYTES)
                memory[window] = want[window]
            require_memory(f"byte {at} changed", before, want, memory)
            continue
        wrong = {
            "descriptor": set(jobs),
            "job table": {index},
        }.get(kind) or given.users(kind, extent)
        if _contradicts(run):
            assert ended.status.done or ended.status.cause in IN_VAIN, f"byte {at}: {ended}"
            later = wrong if ended.status.done else set(jobs[min(wrong) :])
            given.require_contained(before, memory, later, records=True, completion=ended.status.done)
            continue
        told = ended.status.cause
        assert told is run.cause, f"byte {at}: {told.name} instead of {run.cause.name}: {run.message}"
        assert ended.interrupts["error"]
        if kind != "descriptor":
            given.require_contained(before, memory, wrong)
    # Any operands of post-processing are right: the length alone can be wrong.
    assert seen == {Cause.NONE} if kind == "d" else len(seen) > 1


def _contradicts(run: ChipRun) -> bool:
    """Whether items are right each for itself and contradict one another, or the rows of B that are there."""
    cut = ("stream C", "items remain")
    return run.cause is Cause.ITEM or (
        run.cause is Cause.STREAM_LENGTH and any(words in run.message for words in cut)
    )
