"""What the chip reads and writes in memory, bit by bit: descriptors, jobs and records.

Every structure is a frozen dataclass with `words` and `from_words` (uint32, little endian in memory). The
tables of fields follow docs/chip.md; encoding refuses what a field cannot hold, and decoding refuses set bits
that have no name, as the hardware does. `golden.chip.items` has the items of stream C.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from golden.fgmp import BINS

U32 = npt.NDArray[np.uint32]

LINE_BYTES = 64
LINE_WORDS = LINE_BYTES // 4
LINE_ADDRESS_BITS = 32

DESCRIPTOR_MAGIC = 0x4C4E5031
RECORD_MAGIC = 0x4C4E5231
DESCRIPTOR_LINES = 2
JOB_LINES = 1
JOB_RECORD_LINES = 1
COMPLETION_LINES = 4

MAX_COLUMNS = 16


class EncodingError(ValueError):
    """A value does not fit its field, or bits are not the encoding of the structure they should be."""


class OutputMode(IntEnum):
    """How results leave."""

    FP32 = 0
    FP16 = 1
    FGMP = 2


class Cause(IntEnum):
    """Why the chip stopped."""

    NONE = 0
    READ_RESPONSE = 1
    WRITE_RESPONSE = 2
    MAGIC = 3
    FIELD = 4
    WINDOW = 5
    OVERLAP = 6
    JOB_RANGE = 7
    STREAM_LENGTH = 8
    ITEM = 9
    OVERRUN = 10
    WATCHDOG = 11
    ABORTED = 12


def lines_of(size: int) -> int:
    """Lines that `size` bytes occupy."""
    return -(-size // LINE_BYTES)


def place_field(what: str, name: str, value: int, low: int, width: int) -> int:
    """Return `value` at bit `low`; raise `EncodingError` if `width` bits do not hold it."""
    if not 0 <= value < 1 << width:
        raise EncodingError(f"{what}: {name} is {value}, its field has {width} bits")
    return int(value) << low


def _word_array(words: Sequence[int] | U32, count: int, what: str) -> list[int]:
    taken = [int(word) for word in words]
    if len(taken) != count:
        raise EncodingError(f"{what}: {len(taken)} words of 32 bits, must be {count}")
    return taken


# --------------------------------------------------------------------------------------------------
# Structures of 32-bit words
# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Extent:
    """A stream or region: first line and length in bytes; (0, 0) is none."""

    line: int = 0
    bytes: int = 0

    @property
    def lines(self) -> int:
        """Lines that the extent touches."""
        return lines_of(self.bytes)

    @property
    def end(self) -> int:
        """One past its last line."""
        return self.line + self.lines


@dataclass(frozen=True)
class Window:
    """Lines that a kind of stream may lie in: the first, and one past the last; (0, 0) is none."""

    first: int = 0
    end: int = 0

    def holds(self, extent: Extent) -> bool:
        """Whether `extent` lies inside."""
        return self.first <= extent.line and extent.end <= self.end


@dataclass(frozen=True)
class Job:
    """One entry of a job table: streams, output and rows."""

    a: Extent
    b: Extent
    c: Extent
    d: Extent
    output: Extent
    rows: int

    WORDS: ClassVar[int] = LINE_WORDS * JOB_LINES

    def words(self) -> U32:
        """Encode: uint32 [16]."""
        words = np.zeros(self.WORDS, np.uint32)
        for index, name in enumerate(("a", "b", "c", "d", "output")):
            extent: Extent = getattr(self, name)
            words[2 * index] = place_field("job", f"{name}'s first line", extent.line, 0, 32)
            words[2 * index + 1] = place_field("job", f"{name}'s bytes", extent.bytes, 0, 32)
        words[10] = place_field("job", "rows", self.rows, 0, 8)
        return words

    @classmethod
    def from_words(cls, words: Sequence[int] | U32) -> Self:
        """Decode; raise `EncodingError` for set bits without a name."""
        taken = _word_array(words, cls.WORDS, "job")
        if taken[10] >> 8 or any(taken[11:]):
            raise EncodingError("job: a bit without a name is set")
        a, b, c, d, output = (Extent(taken[2 * i], taken[2 * i + 1]) for i in range(5))
        return cls(a, b, c, d, output, taken[10])


@dataclass(frozen=True)
class Descriptor:
    """A layer's training step as the chip takes it.

    Attributes
    ----------
    wg, balancer : bool
    a_format, b_format, output_format : int
        FP8 encodings: 0 E4M3, 1 E5M2.
    a_bias, b_bias, output_bias : int
        FP8 exponent biases, 6 bits.
    mode : OutputMode
    threshold_from_record : bool
        The output bias follows from the threshold of the completion record at line `threshold_record`.
    scale_bias, residual, relu, mask : bool
        Post-processing asked for.
    columns : int
        Real columns of the jobs, 1 to 16.
    last : bool
        Last of the chain.
    share : (int, int)
        Share of FP16 that the threshold policy allows: numerator, denominator.
    job_table, jobs, job_records, completion : int
        First lines, and the number of jobs.
    a, b, c, d, output : Window
    next, threshold_record : int
        Lines of the next descriptor and of the record that gives the output bias.
    """

    wg: bool
    balancer: bool
    a_format: int
    b_format: int
    a_bias: int
    b_bias: int
    columns: int
    job_table: int
    jobs: int
    completion: int
    a: Window
    b: Window
    c: Window
    output: Window
    d: Window = Window()
    job_records: int = 0
    mode: OutputMode = OutputMode.FP32
    output_format: int = 0
    output_bias: int = 0
    threshold_from_record: bool = False
    threshold_record: int = 0
    share: tuple[int, int] = (1, 5)
    scale_bias: bool = False
    residual: bool = False
    relu: bool = False
    mask: bool = False
    last: bool = True
    next: int = 0

    WORDS: ClassVar[int] = LINE_WORDS * DESCRIPTOR_LINES
    _FLAGS: ClassVar[tuple[tuple[str, int, int], ...]] = (
        ("wg", 0, 1),
        ("balancer", 1, 1),
        ("a_format", 2, 1),
        ("b_format", 3, 1),
        ("output_format", 4, 1),
        ("mode", 5, 2),
        ("threshold_from_record", 7, 1),
        ("scale_bias", 8, 1),
        ("residual", 9, 1),
        ("relu", 10, 1),
        ("mask", 11, 1),
        ("columns", 12, 5),
        ("last", 31, 1),
    )
    _BIASES: ClassVar[tuple[tuple[str, int], ...]] = (("a_bias", 0), ("b_bias", 8), ("output_bias", 16))
    _WINDOWS: ClassVar[tuple[str, ...]] = ("a", "b", "c", "d", "output")
    _PLAIN: ClassVar[tuple[tuple[str, int], ...]] = (
        ("job_table", 4),
        ("jobs", 5),
        ("job_records", 6),
        ("completion", 7),
        ("next", 18),
        ("threshold_record", 19),
    )

    def words(self) -> U32:
        """Encode: uint32 [32]."""
        words = np.zeros(self.WORDS, np.uint32)
        what = "descriptor"
        words[0] = DESCRIPTOR_MAGIC
        words[1] = sum(
            place_field(what, name, int(getattr(self, name)), low, width) for name, low, width in self._FLAGS
        )
        words[2] = sum(place_field(what, name, getattr(self, name), low, 6) for name, low in self._BIASES)
        words[3] = place_field(what, "share's numerator", self.share[0], 0, 8) | place_field(
            what, "share's denominator", self.share[1], 8, 8
        )
        for name, word in self._PLAIN:
            words[word] = place_field(what, name, getattr(self, name), 0, 32)
        for index, name in enumerate(self._WINDOWS):
            window: Window = getattr(self, name)
            words[8 + 2 * index] = place_field(what, f"{name}'s window's first line", window.first, 0, 32)
            words[9 + 2 * index] = place_field(what, f"{name}'s window's end", window.end, 0, 32)
        return words

    @classmethod
    def from_words(cls, words: Sequence[int] | U32) -> Self:
        """Decode; raise `EncodingError` for a wrong magic word or set bits without a name."""
        taken = _word_array(words, cls.WORDS, "descriptor")
        if taken[0] != DESCRIPTOR_MAGIC:
            raise EncodingError(f"descriptor: word 0 is {taken[0]:08X}, must be {DESCRIPTOR_MAGIC:08X}")
        named = sum(((1 << width) - 1) << low for _, low, width in cls._FLAGS)
        if taken[1] & ~named or taken[2] & ~0x003F3F3F or taken[3] >> 16 or any(taken[20:]):
            raise EncodingError("descriptor: a bit without a name is set")
        mode = taken[1] >> 5 & 3
        if mode not in set(OutputMode):
            raise EncodingError(f"descriptor: output is {mode}, must be 0, 1 or 2")
        booleans = {field.name for field in fields(cls) if field.type == "bool"}
        values: dict[str, Any] = {}
        for name, low, width in cls._FLAGS:
            value = taken[1] >> low & (1 << width) - 1
            values[name] = bool(value) if name in booleans else value
        values["mode"] = OutputMode(mode)
        values |= {name: taken[2] >> low & 0x3F for name, low in cls._BIASES}
        values |= {name: taken[word] for name, word in cls._PLAIN}
        values |= {name: Window(taken[8 + 2 * i], taken[9 + 2 * i]) for i, name in enumerate(cls._WINDOWS)}
        values["share"] = (taken[3] & 0xFF, taken[3] >> 8)
        return cls(**values)


@dataclass(frozen=True)
class JobRecord:
    """What the chip writes for a job: bytes of output, and channel costs of its columns (FGMP output)."""

    index: int
    bytes: int
    rows: int
    costs: tuple[int, ...] = (0,) * MAX_COLUMNS

    WORDS: ClassVar[int] = LINE_WORDS * JOB_RECORD_LINES

    def words(self) -> U32:
        """Encode: uint32 [16]."""
        words = np.zeros(self.WORDS, np.uint32)
        words[:3] = self.index, self.bytes, self.rows
        for column, cost in enumerate(self.costs):
            words[4 + column // 2] |= np.uint32(
                place_field("job record", "a cost", cost, 16 * (column % 2), 16)
            )
        return words

    @classmethod
    def from_words(cls, words: Sequence[int] | U32) -> Self:
        """Decode; raise `EncodingError` for set bits without a name."""
        taken = _word_array(words, cls.WORDS, "job record")
        if taken[3] or any(taken[12:]):
            raise EncodingError("job record: a bit without a name is set")
        costs = tuple(taken[4 + c // 2] >> 16 * (c % 2) & 0xFFFF for c in range(MAX_COLUMNS))
        return cls(taken[0], taken[1], taken[2], costs)


@dataclass(frozen=True)
class CompletionRecord:
    """What the chip writes when a descriptor is done.

    Attributes
    ----------
    jobs : int
    bias : int
        FP8 bias that FGMP output used.
    threshold, threshold_bias : int
        Threshold exponent that the histogram gives, and its FP8 bias in the output format.
    zeros, nonfinite : int
        Zeros; infinities and NaN.
    histogram : tuple of int, [40]
        Finite non-zeros by ``floor(log2|x|)`` from -24.
    """

    jobs: int
    bias: int = 0
    threshold: int = 0
    threshold_bias: int = 0
    zeros: int = 0
    nonfinite: int = 0
    histogram: tuple[int, ...] = (0,) * BINS

    WORDS: ClassVar[int] = LINE_WORDS * COMPLETION_LINES

    @property
    def nonzeros(self) -> int:
        """Finite non-zeros."""
        return sum(self.histogram)

    def words(self) -> U32:
        """Encode: uint32 [64]."""
        words = np.zeros(self.WORDS, np.uint32)
        words[0] = RECORD_MAGIC
        words[2:8] = (
            self.jobs,
            self.bias,
            self.threshold & 0xFFFFFFFF,
            self.threshold_bias,
            self.zeros,
            self.nonfinite,
        )
        words[8:10] = self.nonzeros & 0xFFFFFFFF, self.nonzeros >> 32
        words[16 : 16 + BINS] = self.histogram
        return words

    @classmethod
    def from_words(cls, words: Sequence[int] | U32) -> Self:
        """Decode; raise `EncodingError` if it is not a completion record, or contradicts itself."""
        taken = _word_array(words, cls.WORDS, "completion record")
        if taken[0] != RECORD_MAGIC:
            raise EncodingError(
                f"completion record: word 0 is {taken[0]:08X}, must be {RECORD_MAGIC:08X}; "
                "the descriptor has not completed"
            )
        if taken[1] or any(taken[10:16]) or any(taken[16 + BINS :]):
            raise EncodingError("completion record: a bit without a name is set")
        histogram = tuple(taken[16 : 16 + BINS])
        if taken[8] | taken[9] << 32 != sum(histogram):
            raise EncodingError("completion record: its count of non-zeros is not the sum of its histogram")
        threshold = taken[4] - (taken[4] >> 31 << 32)
        return cls(taken[2], taken[3], threshold, taken[5], taken[6], taken[7], histogram)
