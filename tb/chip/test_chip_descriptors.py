"""Descriptors and jobs that are wrong: each has its cause and its interrupt, and harms nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from golden.chip.encoding import (
    COMPLETION_LINES,
    DESCRIPTOR_LINES,
    JOB_LINES,
    LINE_BYTES,
    Cause,
    Extent,
    OutputMode,
    Window,
)
from tb.chip.attempts import attempt, require_error, require_stop, word_at
from tb.chip.layers import require_memory
from tb.chip.random_chains import U8
from tb.chip.victims import (
    LAST_LINE,
    chip,
    descriptor_with,
    flip,
    job_with,
    options,
    some_jobs,
    victim,
)

pytestmark = pytest.mark.usefixtures("good_run_afterwards")

UNNAMED_BITS = {
    1: range(17, 31),
    2: [*range(6, 8), *range(14, 16), *range(22, 32)],
    3: range(16, 32),
    **{word: range(32) for word in range(20, 32)},
}
"""Bits of a descriptor without a name, by word."""
UNNAMED_JOB_BITS = {10: range(8, 32), **{word: range(32) for word in range(11, 16)}}


def test_every_unnamed_bit_of_a_descriptor(rng: np.random.Generator) -> None:
    for word, bits in UNNAMED_BITS.items():
        for bit in bits:
            broken = flip(victim().line, word, bit)
            require_stop(chip(), victim(), broken, set(), options(rng), Cause.FIELD)


def test_every_wrong_magic_word(rng: np.random.Generator) -> None:
    for bit in range(32):
        require_stop(chip(), victim(), flip(victim().line, 0, bit), set(), options(rng), Cause.MAGIC)


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"columns": 0}, Cause.FIELD),
        ({"columns": 5}, Cause.FIELD),
        ({"columns": 16}, Cause.FIELD),
        ({"columns": 31}, Cause.FIELD),
        ({"share": (1, 0)}, Cause.FIELD),
        ({"jobs": 0}, Cause.FIELD),
        ({"mode": OutputMode.FP32}, Cause.FIELD),
        ({"wg": True}, Cause.FIELD),
        ({"wg": True, "mode": OutputMode.FP16}, Cause.FIELD),
        ({"wg": True, "mode": OutputMode.FP16, "residual": False}, Cause.FIELD),
        ({"threshold_record": 0}, Cause.FIELD),
        ({"a": Window(9, 8)}, Cause.WINDOW),
        ({"b": Window(LAST_LINE, 0)}, Cause.WINDOW),
        ({"c": Window(2, 1)}, Cause.WINDOW),
        ({"d": Window(1, 0)}, Cause.WINDOW),
        ({"output": Window(9, 8)}, Cause.WINDOW),
        ({"output": Window(9, 9)}, Cause.WINDOW),
        ({"job_table": LAST_LINE}, Cause.WINDOW),
        ({"job_records": LAST_LINE}, Cause.WINDOW),
        ({"completion": LAST_LINE - COMPLETION_LINES + 2}, Cause.WINDOW),
        ({"threshold_record": LAST_LINE}, Cause.WINDOW),
        ({"last": False, "next": LAST_LINE}, Cause.WINDOW),
    ],
    ids=str,
)
def test_wrong_fields(fields: dict[str, Any], cause: Cause, rng: np.random.Generator) -> None:
    require_stop(chip(), victim(), descriptor_with(**fields), set(), options(rng), cause)
    require_stop(chip(), victim(), descriptor_with(**fields), set(), options(rng))


def test_a_mode_that_is_none(rng: np.random.Generator) -> None:
    """Output 3, and WG with a mask alone: no dataclass would encode the first."""
    word = int(word_at(victim().memory(), victim().line, 1)[0])
    for value in (word | 3 << 5, (word & ~(3 << 5 | 1 << 9)) | 1 << 5 | 1):
        broken = np.uint32(value)

        def change(memory: U8, broken: np.uint32 = broken) -> None:
            word_at(memory, victim().line, 1)[0] = broken

        require_stop(chip(), victim(), change, set(), options(rng), Cause.FIELD)


@pytest.mark.parametrize("threshold", [-25, 17, 1 << 30])
def test_a_record_that_gives_no_threshold(threshold: int, rng: np.random.Generator) -> None:
    line = victim().descriptor.threshold_record

    def change(memory: U8) -> None:
        word_at(memory, line, 4)[0] = np.uint32(threshold & 0xFFFFFFFF)

    require_stop(chip(), victim(), change, set(), options(rng), Cause.FIELD)
    require_stop(chip(), victim(), flip(line, 0, 3), set(), options(rng), Cause.FIELD)


NEXT = 1 << 20
"""A line for another descriptor, with nothing beside it."""
OTHERS = ("a", "b", "c", "d", "job_table", "descriptor", "threshold_record", "next", "written")


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("written", ["output", "job_records", "completion"])
def test_overlaps(written: str, other: str, rng: np.random.Generator) -> None:
    """What is written, with its last line on the first of another thing, and its first on the last."""
    descriptor, jobs = victim().descriptor, len(victim().jobs)
    spans = {name: getattr(descriptor, name) for name in ("a", "b", "c", "d")}
    spans |= {
        "job_table": Window(descriptor.job_table, descriptor.job_table + jobs * JOB_LINES),
        "descriptor": Window(victim().line, victim().line + 2),
        "threshold_record": Window(
            descriptor.threshold_record, descriptor.threshold_record + COMPLETION_LINES
        ),
        "next": Window(NEXT, NEXT + DESCRIPTOR_LINES),
        "written": descriptor.output
        if written != "output"
        else Window(descriptor.completion, descriptor.completion + COMPLETION_LINES),
    }
    place = spans[other]
    size = {"output": 3, "job_records": jobs, "completion": COMPLETION_LINES}[written]
    for first in (place.first - size + 1, place.end - 1):
        fields: dict[str, Any] = {written: Window(first, first + size) if written == "output" else first}
        if other == "next":
            fields |= {"last": False, "next": NEXT}
        require_stop(chip(), victim(), descriptor_with(**fields), set(), options(rng), Cause.OVERLAP)
        require_stop(chip(), victim(), descriptor_with(**fields), set(), options(rng))


def test_every_unnamed_bit_of_a_job(rng: np.random.Generator) -> None:
    for word, bits in UNNAMED_JOB_BITS.items():
        for bit in bits:
            index = int(rng.integers(len(victim().jobs)))
            broken = flip(victim().descriptor.job_table + index, word, bit)
            require_stop(chip(), victim(), broken, {index}, options(rng), Cause.FIELD)


@pytest.mark.parametrize(
    "fields",
    [
        {"rows": 0},
        {"rows": 17},
        {"rows": 255},
        {"c": Extent()},
        {"c": Extent(), "a": Extent()},
        {"c": Extent(), "b": Extent()},
    ],
    ids=str,
)
def test_wrong_jobs(fields: dict[str, Any], rng: np.random.Generator) -> None:
    for index in some_jobs():
        require_stop(chip(), victim(), job_with(index, **fields), {index}, options(rng), Cause.FIELD)


@pytest.mark.parametrize("name", ["a", "b", "c", "d", "output"])
def test_streams_outside_their_windows(name: str, rng: np.random.Generator) -> None:
    window: Window = getattr(victim().descriptor, name)
    for index in some_jobs():
        extent: Extent = getattr(victim().jobs[index], name)
        for wrong in (
            Extent(window.first - 1, extent.bytes),
            Extent(window.end, extent.bytes),
            Extent(window.end - extent.lines + 1, extent.bytes),
            Extent(extent.line, (window.end - extent.line) * LINE_BYTES + 1),
            Extent(LAST_LINE, 1 << 31),
            Extent(extent.line, LAST_LINE),
        ):
            fields: dict[str, Any] = {name: wrong}
            require_stop(chip(), victim(), job_with(index, **fields), {index}, options(rng), Cause.JOB_RANGE)


def test_results_that_need_more_room(rng: np.random.Generator) -> None:
    """The room is a byte too small for what the golden model says comes, or far too small."""
    for index in some_jobs():
        output = victim().jobs[index].output
        needed = victim().chain.expected.descriptors[0].jobs[index].bytes
        for room in (needed - 1, 1, 0):
            broken = job_with(index, output=Extent(output.line, room))
            require_stop(chip(), victim(), broken, {index}, options(rng), Cause.OVERRUN)
        just_enough = victim().memory()
        job_with(index, output=Extent(output.line, needed))(just_enough)
        want, run = victim().golden(just_enough)
        assert run.cause is Cause.NONE
        before = just_enough.copy()
        chip().load(just_enough)
        assert attempt(chip(), victim().line, options(rng)).status.done
        require_memory("just enough room", before, want, just_enough)


def test_an_error_ends_the_chain(rng: np.random.Generator) -> None:
    """The second descriptor of a chain is none: what the first one left stands, and its line is named."""
    memory, line = victim().memory(), victim().line
    behind = len(memory) // LINE_BYTES
    memory = np.concatenate([memory, np.zeros(2 * LINE_BYTES, np.uint8)])
    descriptor_with(last=False, next=behind)(memory)
    want = memory.copy()
    before = memory.copy()
    run = victim().golden(want)[1]
    want = victim().golden(memory)[0]
    assert run.cause is Cause.MAGIC
    chip().load(memory)
    ended = attempt(chip(), line, options(rng))
    require_error(ended, [Cause.MAGIC], behind)
    assert ended.status.descriptors_done == 1
    require_memory("a chain that breaks", before, want, memory)
