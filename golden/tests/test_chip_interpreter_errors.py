"""What is wrong with a memory image, and the cause that the golden chip model gives it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from golden.chip.encoding import LINE_BYTES, Cause, Extent, OutputMode, Window
from golden.chip.interpreter import InterpreterError, interpret
from golden.presets import PRESETS
from golden.tests.chip_image import (
    GUARD,
    ChipImage,
    JobImage,
    assert_stops,
    job_of_ones,
    one_job,
)

TINY, CORE = PRESETS["tiny"], PRESETS["core"]
NEXT = 1 << 20
"""A line for another descriptor, with nothing beside it."""


def _image(jobs: int = 1, **fields: Any) -> ChipImage:
    image = ChipImage(TINY)
    image.add([job_of_ones() for _ in range(jobs)], **fields)
    return image


# --------------------------------------------------------------------------------------------------
# Descriptors
# --------------------------------------------------------------------------------------------------


def _set_word(word: int, value: int) -> Callable[[ChipImage], None]:
    def change(image: ChipImage) -> None:
        words = image.words(image.lines[0], 32)
        words[word] = value
        image.write_words(image.lines[0], words)

    return change


def _set_bit(word: int, bit: int) -> Callable[[ChipImage], None]:
    def change(image: ChipImage) -> None:
        words = image.words(image.lines[0], 32)
        words[word] |= np.uint32(1 << bit)
        image.write_words(image.lines[0], words)

    return change


def _change(**fields: Any) -> Callable[[ChipImage], None]:
    return lambda image: image.change(0, **fields)


@pytest.mark.parametrize(
    ("broken", "cause", "text"),
    [
        (_set_word(0, 0x4C4E5032), Cause.MAGIC, "4C4E5031"),
        (_set_bit(1, 17), Cause.FIELD, "no name"),
        (_set_bit(1, 30), Cause.FIELD, "no name"),
        (_set_bit(2, 6), Cause.FIELD, "no name"),
        (_set_bit(2, 22), Cause.FIELD, "no name"),
        (_set_bit(3, 16), Cause.FIELD, "no name"),
        (_set_bit(20, 0), Cause.FIELD, "no name"),
        (_set_bit(31, 31), Cause.FIELD, "no name"),
        (_set_word(1, 3 << 5 | 4 << 12 | 1 << 31), Cause.FIELD, "output is 3"),
        (_change(columns=0), Cause.FIELD, "columns"),
        (_change(columns=5), Cause.FIELD, "columns"),
        (_change(share=(1, 0)), Cause.FIELD, "denominator"),
        (_change(jobs=0), Cause.FIELD, "no jobs"),
        (_change(relu=True), Cause.FIELD, "FP32 output"),
        (_change(scale_bias=True), Cause.FIELD, "FP32 output"),
        (_change(wg=True, mode=OutputMode.FGMP), Cause.FIELD, "WG takes no"),
        (_change(wg=True, mode=OutputMode.FP16, residual=True), Cause.FIELD, "WG takes no"),
        (_change(wg=True, mode=OutputMode.FP16, mask=True), Cause.FIELD, "WG takes no"),
        (_change(threshold_from_record=True, threshold_record=1), Cause.FIELD, "no completion record"),
        (_change(b=Window(9, 8)), Cause.WINDOW, "ends before it begins"),
        (_change(d=Window(1, 0)), Cause.WINDOW, "ends before it begins"),
        (_change(output=Window(9, 8)), Cause.WINDOW, "no line"),
        (_change(output=Window(9, 9)), Cause.WINDOW, "no line"),
        (_change(job_table=(1 << 32) - 1, jobs=2), Cause.WINDOW, "read lies outside"),
        (_change(completion=(1 << 32) - 3), Cause.WINDOW, "written lies outside"),
        (_change(job_records=(1 << 32) - 1, jobs=2), Cause.WINDOW, "written lies outside"),
        (
            _change(threshold_from_record=True, threshold_record=(1 << 32) - 1),
            Cause.WINDOW,
            "read lies outside",
        ),
    ],
)
def test_a_wrong_descriptor(broken: Callable[[ChipImage], None], cause: Cause, text: str) -> None:
    image = _image()
    broken(image)
    assert_stops(image, cause, text)


@pytest.mark.parametrize("written", ["output", "job_records", "completion"])
@pytest.mark.parametrize(
    "other", ["a", "b", "c", "job_table", "descriptor", "threshold_record", "next", "written"]
)
def test_what_is_written_overlaps_nothing(written: str, other: str) -> None:
    """The last line of what is written on the first of the other thing, or the other way round."""
    image = ChipImage(TINY)
    image.reserve(4 * LINE_BYTES)  # room before all else
    record = image.reserve(4 * LINE_BYTES).line
    image.add([job_of_ones()], threshold_from_record=True, threshold_record=record, mode=OutputMode.FP16)
    if other == "next":
        image.change(0, last=False, next=NEXT)
    descriptor = image.descriptors[0]
    places = {
        "a": descriptor.a.first,
        "b": descriptor.b.first,
        "c": descriptor.c.first,
        "job_table": descriptor.job_table,
        "descriptor": image.lines[0],
        "threshold_record": record + 3,
        "next": NEXT,
        "written": descriptor.output.first if written != "output" else descriptor.completion + 3,
    }
    line = places[other]
    if written == "output":
        image.change(0, output=Window(line, line + 1))
    elif written == "completion":
        image.change(0, completion=line - 3)
    else:
        image.change(0, job_records=line)
    assert_stops(image, Cause.OVERLAP, "overlap")


def test_the_last_lines_of_the_address_range_lie_inside() -> None:
    """A table or a record there is well placed, only no memory is behind it."""
    image = _image()
    image.change(0, job_table=(1 << 32) - 1)
    assert_stops(image, Cause.READ_RESPONSE, "job table", 0)
    image = _image()
    image.change(0, completion=(1 << 32) - 4)
    done = image.run()
    assert (done.cause, done.error_job) == (Cause.WRITE_RESPONSE, None), done.message


def test_neighbours_do_not_overlap() -> None:
    """Everything written lies against something that is read; a window that holds nothing is nowhere."""
    image = _image(d=Window(3, 3))
    descriptor = image.descriptors[0]
    image.change(0, output=Window(descriptor.c.end, descriptor.job_table))
    assert image.run().cause is Cause.NONE


@pytest.mark.parametrize("threshold", [-25, 17])
def test_a_record_that_gives_no_threshold(threshold: int) -> None:
    image = ChipImage(TINY)
    record = image.reserve(4 * LINE_BYTES).line
    image.add([job_of_ones()], mode=OutputMode.FGMP, threshold_from_record=True, threshold_record=record)
    words = np.zeros(64, np.uint32)
    words[0], words[4] = 0x4C4E5231, threshold & 0xFFFFFFFF
    image.write_words(record, words)
    assert_stops(image, Cause.FIELD, "-24 to 16")


# --------------------------------------------------------------------------------------------------
# Jobs
# --------------------------------------------------------------------------------------------------


def _rewrite_job(image: ChipImage, index: int, words: Sequence[int] | None = None, **fields: Any) -> None:
    job = replace(image.jobs[0][index], **fields)
    image.jobs[0][index] = job
    encoded = job.words()
    for word, value in [] if words is None else [tuple(words)]:
        encoded[word] |= np.uint32(value)
    image.write_words(image.descriptors[0].job_table + index, encoded)


@pytest.mark.parametrize(
    ("fields", "words", "cause"),
    [
        ({"rows": 0}, None, Cause.FIELD),
        ({"rows": 17}, None, Cause.FIELD),
        ({"c": Extent()}, None, Cause.FIELD),
        ({"c": Extent(), "a": Extent()}, None, Cause.FIELD),
        ({"c": Extent(), "b": Extent()}, None, Cause.FIELD),
        ({}, (10, 1 << 8), Cause.FIELD),
        ({}, (11, 1), Cause.FIELD),
        ({}, (15, 1 << 31), Cause.FIELD),
    ],
)
def test_a_wrong_job(fields: dict[str, Any], words: tuple[int, int] | None, cause: Cause) -> None:
    image = _image()
    _rewrite_job(image, 0, words, **fields)
    assert_stops(image, cause, "job", 0)


@pytest.mark.parametrize("name", ["a", "b", "c", "output"])
@pytest.mark.parametrize("where", ["before", "behind", "too long", "far"])
def test_a_stream_outside_its_window(name: str, where: str) -> None:
    image = _image()
    extent: Extent = getattr(image.jobs[0][0], name)
    moved: dict[str, Any] = {
        "before": Extent(extent.line - 1, extent.bytes),
        "behind": Extent(extent.line + 1, extent.bytes),
        "too long": Extent(extent.line, extent.lines * LINE_BYTES + 1),
        "far": Extent((1 << 32) - 1, 1 << 31),
    }
    changed: dict[str, Any] = {name: moved[where]}
    _rewrite_job(image, 0, **changed)
    assert_stops(image, Cause.JOB_RANGE, "leaves its window", 0)


def test_a_field_goes_before_a_range_and_jobs_before_it_stay() -> None:
    """The second of three jobs is wrong: the first one's results and record stand, nothing else does."""
    image = _image(3)
    _rewrite_job(image, 1, rows=0, output=Extent(1, 1))
    before = image.memory.copy()
    done = image.run()
    assert (done.cause, done.error_job) == (Cause.FIELD, 1)
    assert len(done.descriptors[0].jobs) == 1
    assert (done.descriptors[0].result_bytes, done.descriptors[0].completion_bytes) == (48, 0)
    assert image.fp32(0).view(np.float32).tolist() == [[3.0] * 4] * 3
    assert image.record(0).bytes == 48
    changed = np.unique(np.flatnonzero(before != image.memory) // LINE_BYTES)
    assert set(changed) <= {image.jobs[0][0].output.line, image.descriptors[0].job_records}


@pytest.mark.parametrize("mode", list(OutputMode))
def test_results_need_more_than_the_job_may_write(mode: OutputMode) -> None:
    """Just enough is enough; a byte less is an overrun."""
    job = job_of_ones()
    size = {OutputMode.FP32: 48, OutputMode.FP16: 24, OutputMode.FGMP: 3 * 6}[mode]
    for room in (size, size - 1):
        image = one_job("tiny", replace(job, room=room), mode=mode, output_bias=7)
        if room == size:
            assert image.run().message == ""
            assert image.record().bytes == size
        else:
            assert_stops(image, Cause.OVERRUN, f"{room} bytes", 0)


# --------------------------------------------------------------------------------------------------
# Streams
# --------------------------------------------------------------------------------------------------


def _with(job: JobImage, stream: str, content: bytes) -> JobImage:
    changed: dict[str, Any] = {stream: content}
    return replace(job, **changed)


@pytest.mark.parametrize("stream", ["a", "b"])
@pytest.mark.parametrize("by", [-1, 1, -5])
def test_a_stream_of_another_length(stream: str, by: int) -> None:
    job = job_of_ones()
    content = getattr(job, stream)
    changed = content[:by] if by < 0 else content + bytes(by)
    image = one_job("tiny", _with(job, stream, changed))
    assert_stops(image, Cause.STREAM_LENGTH, "remain" if by > 0 else "ends", 0)


@pytest.mark.parametrize("stream", ["a", "b"])
def test_a_stream_that_is_missing(stream: str) -> None:
    assert_stops(one_job("tiny", _with(job_of_ones(), stream, b"")), Cause.STREAM_LENGTH, "ends", 0)


@pytest.mark.parametrize(("stream", "byte", "bit"), [("a", 0, 4), ("a", 1, 7), ("b", 0, 5), ("b", 1, 4)])
def test_a_fill_bit(stream: str, byte: int, bit: int) -> None:
    """Bits of a mask or of group bits beyond the elements: the blocks are of four elements."""
    job = job_of_ones()
    content = bytearray(getattr(job, stream))
    content[byte] |= 1 << bit
    image = one_job("tiny", _with(job, stream, bytes(content)))
    assert_stops(image, Cause.STREAM_LENGTH, "fill bit", 0)


def test_operands_of_post_processing_of_another_length() -> None:
    pairs, rows = bytes(8 * 4), bytes(3 * (2 * 4 + 1))
    asked: dict[str, Any] = {"scale_bias": True, "residual": True, "mask": True, "mode": OutputMode.FP16}
    assert one_job("tiny", replace(job_of_ones(), d=pairs + rows), **asked).run().message == ""
    for d in (pairs + rows[:-1], pairs + rows + b"\0", b""):
        assert_stops(
            one_job("tiny", replace(job_of_ones(), d=d), **asked), Cause.STREAM_LENGTH, "stream D", 0
        )
    image = one_job("tiny", replace(job_of_ones(), d=pairs), mode=OutputMode.FP16)
    assert_stops(image, Cause.STREAM_LENGTH, "stream D", 0)


def test_items_that_end_early_or_remain() -> None:
    job = job_of_ones()
    image = one_job("tiny", replace(job, items=job.items[:-1]))
    assert_stops(image, Cause.STREAM_LENGTH, "ends before the job's last tile", 0)
    image = one_job("tiny", replace(job, items=[*job.items, job.items[0]]))
    assert_stops(image, Cause.STREAM_LENGTH, "items remain", 0)


def test_a_part_of_an_item() -> None:
    image = _image()
    c = image.jobs[0][0].c
    _rewrite_job(image, 0, c=Extent(c.line, c.bytes - 1))
    assert_stops(image, Cause.ITEM, "whole number", 0)


# --------------------------------------------------------------------------------------------------
# Memory and arguments
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "b", "c", "d"])
def test_a_stream_beyond_the_memory(name: str) -> None:
    image = one_job("tiny", replace(job_of_ones(), d=bytes(32)), scale_bias=True, mode=OutputMode.FP16)
    beyond = len(image.memory) // LINE_BYTES
    extent: Extent = getattr(image.jobs[0][0], name)
    image.change(0, **{name: Window(beyond, beyond + extent.lines)})
    moved: dict[str, Any] = {name: Extent(beyond, extent.bytes)}
    _rewrite_job(image, 0, **moved)
    assert_stops(image, Cause.READ_RESPONSE, f"stream {name.upper()} lies beyond", 0)


def test_tables_and_records_beyond_the_memory() -> None:
    beyond = len(_image().memory) // LINE_BYTES
    image = _image()
    image.lines[0] = beyond - 1  # its second line is not there
    assert_stops(image, Cause.READ_RESPONSE, "descriptor lies beyond")
    image = _image()
    image.change(0, job_table=beyond)
    assert_stops(image, Cause.READ_RESPONSE, "job table lies beyond", 0)
    image = _image()
    image.change(0, output=Window(beyond, beyond + 1))
    _rewrite_job(image, 0, output=Extent(beyond, 48))
    assert_stops(image, Cause.WRITE_RESPONSE, "output lies beyond", 0)
    image = _image()
    image.change(0, completion=beyond - 1)
    done = image.run()
    assert (done.cause, done.error_job) == (Cause.WRITE_RESPONSE, None)
    assert "completion record lies beyond" in done.message
    assert image.record().bytes == 48


def test_a_damaged_image_writes_nothing_but_results(rng: np.random.Generator) -> None:
    """Random bits flipped in tables and streams: whatever comes of it, only results and records change."""
    image = _image(3, mode=OutputMode.FGMP, output_bias=7)
    descriptor, causes = image.descriptors[0], set()
    written = np.zeros(len(image.memory), np.bool_)
    for first, past in (
        (descriptor.output.first, descriptor.output.end),
        (descriptor.job_records, descriptor.job_records + 3),
    ):
        written[LINE_BYTES * first : LINE_BYTES * past] = True
    completion = written.copy()
    completion[LINE_BYTES * descriptor.completion :][: 4 * LINE_BYTES] = True
    damaged = np.flatnonzero(image.memory[: LINE_BYTES * descriptor.job_table + 3 * LINE_BYTES] != GUARD)
    for _ in range(400):
        memory = image.memory.copy()
        memory[rng.choice(damaged)] ^= np.uint8(1 << rng.integers(8))
        before = memory.copy()
        done = interpret(memory, image.lines[0], TINY)
        causes.add(done.cause)
        allowed = completion if done.cause is Cause.NONE else written
        assert not (memory != before)[~allowed].any(), done
    assert causes >= {Cause.NONE, Cause.FIELD, Cause.JOB_RANGE, Cause.STREAM_LENGTH, Cause.ITEM}


def test_an_error_ends_the_chain() -> None:
    image = ChipImage(TINY)
    for _ in range(3):
        image.add([job_of_ones()])
    words = image.words(image.lines[1], 32)
    words[0] = 0
    image.write_words(image.lines[1], words)
    done = image.run()
    assert (done.cause, done.error_job) == (Cause.MAGIC, None)
    assert [one.line for one in done.descriptors] == image.lines[:2]
    assert image.completion(0).jobs == 1
    assert (image.output(0, 2) == GUARD).all()


def test_a_chain_that_runs_in_a_circle_is_told() -> None:
    image = _image()
    image.change(0, last=False, next=image.lines[0])
    with pytest.raises(InterpreterError, match="goes on after 65536 descriptors: set 'last of the chain'"):
        image.run()


def test_arguments_that_cannot_be_run_are_told() -> None:
    memory = np.zeros(128, np.uint8)
    frozen = memory.copy()
    frozen.flags.writeable = False
    wrong: list[Any] = [memory[:100], memory.view(np.uint32), memory.reshape(2, 64), memory[::2], frozen]
    for bad in wrong:
        with pytest.raises(InterpreterError, match="writable, contiguous uint8 array of whole lines"):
            interpret(bad, 0, TINY)
    with pytest.raises(InterpreterError, match="does not fit 32 bits"):
        interpret(memory, 1 << 32, TINY)
    changes: list[dict[str, Any]] = [{"lines": 3}, {"lines": 32}, {"pes": 9}, {"rows": 40}, {"rows": 10}]
    for change in changes:
        with pytest.raises(InterpreterError, match="preset core: lines must be a power of two"):
            interpret(memory, 0, replace(CORE, **change))
