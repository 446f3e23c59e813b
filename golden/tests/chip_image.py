"""A small builder of memory images for the tests of the golden chip model, written from docs/chip.md.

It shares nothing with the compiler but the records' dataclasses: streams are put together element by element,
commands of the core bit by bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.chip.encoding import (
    LINE_BYTES,
    Cause,
    CompletionRecord,
    Descriptor,
    Extent,
    Job,
    JobRecord,
    OutputMode,
    Window,
    lines_of,
)
from golden.chip.interpreter import ChipRun, interpret
from golden.chip.items import CostItem, FeedItem, items_to_bytes
from golden.presets import PRESETS, Preset

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]

Element = tuple[int, int] | None
"""None: a zero. (8, code): an FP8 element. (16, bits): an FP16 one."""

GUARD = 0xA5
"""What memory holds where nobody has written."""


def block(elements: Sequence[Element]) -> bytes:
    """FGMP block: mask, group bits, FP8 bytes, FP16 halfwords."""
    live = [element for element in elements if element is not None]
    mask = sum(1 << i for i, element in enumerate(elements) if element is not None)
    groups = sum(1 << i for i, (width, _) in enumerate(live) if width == 16)
    return (
        mask.to_bytes(-(-len(elements) // 8), "little")
        + groups.to_bytes(-(-len(live) // 8), "little")
        + bytes(value for width, value in live if width == 8)
        + b"".join(value.to_bytes(2, "little") for width, value in live if width == 16)
    )


def blocks(elements: Sequence[Element], limit: int) -> bytes:
    """Elements in blocks of `limit`, the last one shorter."""
    return b"".join(block(elements[start : start + limit]) for start in range(0, len(elements), limit))


def half(value: float) -> Element:
    """An FP16 element; None for zeros."""
    bits = int(np.float16(value).view(np.uint16))
    return (16, bits) if bits & 0x7FFF else None


def halves(bits: npt.NDArray[np.uint16]) -> list[Element]:
    """FP16 elements of bit patterns; zeros of either sign are zeros."""
    return [(16, int(one)) if one & 0x7FFF else None for one in bits.reshape(-1)]


# --------------------------------------------------------------------------------------------------
# Commands of the core
# --------------------------------------------------------------------------------------------------


def tile(
    mask: int,
    rows: int,
    depth: int,
    taps: int,
    channels: int,
    *,
    group_end: bool = True,
    last: bool = True,
    first: bool = True,
    intra: bool = False,
) -> int:
    """Tile: opens a K tile."""
    flags = group_end << 46 | last << 47 | first << 48 | intra << 49
    return mask | rows << 16 | depth << 24 | taps << 30 | channels << 36 | flags


def segment(preset: Preset, phase: int, part: int, places: Sequence[tuple[int, int]]) -> int:
    """Segment: (offset, first B row) of up to R / 4 words."""
    bits = sum((1 << 12 | offset << 6 | k_base) << 13 * i for i, (offset, k_base) in enumerate(places))
    return 1 << 125 | bits | (phase << 2 | part) << 13 * (preset.rows // 4)


def run(
    rows: int,
    *,
    step: int,
    window: int,
    parts: int,
    phase: int = 0,
    advance: int | None = None,
    end: bool = True,
) -> int:
    """Run: rows a constant step apart; `advance` is the window if not given."""
    place = window if advance is None else advance
    return 2 << 125 | end | parts << 1 | phase << 4 | window << 6 | step << 13 | rows << 20 | place << 28


def zero(rows: int) -> int:
    """Zero: rows of +0, a command of the core that no job may hold."""
    return 3 << 125 | rows << 20


def costs(values: Sequence[tuple[int, int]], depth: int) -> list[int]:
    """Cost items of a group's (channel, cost), in their order."""
    items = []
    for start in range(0, len(values), 2):
        pair = [*values[start : start + 2], (0, 0)][:2]
        two, last = len(values) > start + 1, len(values) <= start + 2
        items.append(CostItem(*pair[0], *pair[1], depth, int(two), int(last)).encode())
    return items


# --------------------------------------------------------------------------------------------------
# Jobs and images
# --------------------------------------------------------------------------------------------------


@dataclass
class JobImage:
    """A job's streams before they lie in memory. `room`: bytes that it may write; None: what FP32 needs."""

    rows: int
    items: Sequence[int]
    a: bytes = b""
    b: bytes = b""
    d: bytes = b""
    room: int | None = None


def matrix_job(
    preset: Preset,
    a: Sequence[Sequence[Element]],
    b: Sequence[Sequence[Element]],
    *,
    lines: Sequence[int] | None = None,
    d: bytes = b"",
    room: int | None = None,
) -> JobImage:
    """A job of one K tile with one tap: ``C = A B``, rows of A feeding one row of C each.

    Parameters
    ----------
    a : [rows][channels]
    b : [channels][columns]
        Missing columns are zeros.
    lines : [channels]
        PE line that the balancer gives each channel, all of cost 1; None: channel modulo lines.
    """
    channels = len(b)
    depth = -(-channels // preset.lines)
    line_of = [c % preset.lines for c in range(channels)] if lines is None else list(lines)
    held = [[c for c in range(channels) if line_of[c] == line] for line in range(preset.lines)]
    mask = sum(1 << line for line, of in enumerate(held) if of)
    words = -(-depth // 4)
    fed: list[bytes] = []
    for row in a:
        for of in held:
            if of:
                entries = [row[c] for c in of]
                fed.append(blocks([*entries, *[None] * (4 * words - len(of))], preset.rows))
    part_words = preset.rows // 4
    places = [(word, 4 * word) for word in range(words)]
    parts = [places[start : start + part_words] for start in range(0, words, part_words)]
    items = [
        *costs([(c, 1) for c in range(channels)], depth),
        FeedItem(len(a), words, mask).encode(),
        tile(mask, len(a), depth, 1, channels),
        *(segment(preset, 0, i, part) for i, part in enumerate(parts)),
        run(len(a), step=words, window=words, parts=len(parts)),
    ]
    rows_of_b = b"".join(block([*row, *[None] * (preset.columns - len(row))]) for row in b)
    return JobImage(len(a), items, b"".join(fed), rows_of_b, d, room)


@dataclass
class ChipImage:
    """A chain of descriptors in memory; change `memory` before `run` to break something.

    Attributes
    ----------
    memory : uint8 [n]
    descriptors : list of Descriptor
    lines : list of int
        Where the descriptors lie.
    jobs : list of list of Job
    """

    preset: Preset
    memory: U8 = field(default_factory=lambda: np.full(LINE_BYTES, GUARD, np.uint8))
    descriptors: list[Descriptor] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    jobs: list[list[Job]] = field(default_factory=list)

    def store(self, content: bytes) -> Extent:
        """Append content from the start of a line, and a guard line behind it."""
        if not content:
            return Extent()
        extent = Extent(len(self.memory) // LINE_BYTES, len(content))
        filled = content + bytes(-len(content) % LINE_BYTES)
        guard = np.full(LINE_BYTES, GUARD, np.uint8)
        self.memory = np.concatenate([self.memory, np.frombuffer(filled, np.uint8), guard])
        return extent

    def reserve(self, size: int) -> Extent:
        """Append room that nobody has written."""
        return self.store(bytes([GUARD]) * (lines_of(size) * LINE_BYTES))

    def add(self, jobs: Sequence[JobImage], *, records: bool = True, **fields: Any) -> Descriptor:
        """Append a descriptor with its jobs; `fields` are those of `Descriptor`."""
        mode = fields.get("mode", OutputMode.FP32)
        # Streams of a kind lie together, so that their windows are apart.
        contents = {
            "a": [job.a for job in jobs],
            "b": [job.b for job in jobs],
            "c": [items_to_bytes(job.items) for job in jobs],
            "d": [job.d for job in jobs],
        }
        extents = {kind: [self.store(one) for one in of] for kind, of in contents.items()}
        extents["output"] = [self._room(job, mode) for job in jobs]
        entries = [
            Job(**{kind: of[index] for kind, of in extents.items()}, rows=job.rows)
            for index, job in enumerate(jobs)
        ]
        table = self.store(b"".join(entry.words().astype("<u4").tobytes() for entry in entries))
        made: dict[str, Any] = {
            "wg": False,
            "balancer": False,
            "a_format": 0,
            "b_format": 0,
            "a_bias": 7,
            "b_bias": 7,
            "columns": self.preset.columns,
            "job_table": table.line,
            "jobs": len(jobs),
            "job_records": self.reserve(len(jobs) * LINE_BYTES).line if records else 0,
            "completion": self.reserve(4 * LINE_BYTES).line,
            **{kind: _hull(of) for kind, of in extents.items()},
        }
        descriptor = Descriptor(**(made | fields))
        self.lines.append(self.store(descriptor.words().astype("<u4").tobytes()).line)
        self.descriptors.append(descriptor)
        self.jobs.append(entries)
        for before, after in zip(range(len(self.lines) - 1), self.lines[1:], strict=True):
            self.change(before, last=False, next=after)
        return descriptor

    def _room(self, job: JobImage, mode: OutputMode) -> Extent:
        room = job.room
        if room is None:
            room = job.rows * self.preset.columns * (2 if mode is OutputMode.FP16 else 4)
        return Extent(self.reserve(room).line, room)

    def change(self, index: int, **fields: Any) -> None:
        """Rewrite a descriptor with other fields."""
        self.descriptors[index] = replace(self.descriptors[index], **fields)
        self.write_words(self.lines[index], self.descriptors[index].words())

    def write_words(self, line: int, words: U32) -> None:
        """Write 32-bit words from the start of a line."""
        raw = words.astype("<u4").view(np.uint8)
        self.memory[line * LINE_BYTES : line * LINE_BYTES + len(raw)] = raw

    def words(self, line: int, count: int) -> U32:
        """Return 32-bit words from the start of a line."""
        raw = self.memory[line * LINE_BYTES : line * LINE_BYTES + 4 * count]
        return raw.copy().view("<u4").astype(np.uint32)

    def run(self) -> ChipRun:
        """Interpret the chain."""
        return interpret(self.memory, self.lines[0], self.preset)

    def output(self, job: int = 0, descriptor: int = 0) -> U8:
        """Bytes that a job may write: uint8."""
        extent = self.jobs[descriptor][job].output
        return self.memory[extent.line * LINE_BYTES : extent.line * LINE_BYTES + extent.bytes]

    def fp32(self, job: int = 0, descriptor: int = 0) -> U32:
        """FP32 results of a job: uint32 [rows, columns of the core]."""
        return self.output(job, descriptor).copy().view("<u4").reshape(-1, self.preset.columns)

    def fp16(self, job: int = 0, descriptor: int = 0) -> U16:
        """FP16 results of a job: uint16 [rows, columns of the core]."""
        return self.output(job, descriptor).copy().view("<u2").reshape(-1, self.preset.columns)

    def record(self, job: int = 0, descriptor: int = 0) -> JobRecord:
        """Return the record of a job."""
        return JobRecord.from_words(self.words(self.descriptors[descriptor].job_records + job, 16))

    def completion(self, descriptor: int = 0) -> CompletionRecord:
        """Return the completion record of a descriptor."""
        return CompletionRecord.from_words(self.words(self.descriptors[descriptor].completion, 64))


def _hull(extents: Sequence[Extent]) -> Window:
    real = [extent for extent in extents if extent.bytes]
    return Window(min(one.line for one in real), max(one.end for one in real)) if real else Window()


def one_job(preset: str, job: JobImage, **fields: Any) -> ChipImage:
    """Make an image of one descriptor with one job."""
    image = ChipImage(PRESETS[preset])
    image.add([job], **fields)
    return image


def job_of_ones() -> JobImage:
    """Three rows of ones times three rows of ones, for `tiny`; line 0 holds two channels, line 1 one."""
    one = half(1.0)
    return matrix_job(PRESETS["tiny"], [[one] * 3] * 3, [[one] * 4] * 3)


def assert_stops(image: ChipImage, cause: Cause, text: str, job: int | None = None) -> None:
    """Run: the cause, the message, and that nothing of the job in error or of the records is written."""
    before = image.memory.copy()
    done = image.run()
    assert (done.cause, done.error_job) == (cause, job), done.message
    assert text in done.message
    if len(image.lines) == 1 and not job:
        assert (image.memory == before).all(), "memory is written after an error"
