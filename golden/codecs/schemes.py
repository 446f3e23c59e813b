"""What is done with zeros: nothing, a binary mask, or run-length coding.

Every scheme writes blocks of *stored* elements; what it stores of the zeros, and what it writes beside, is
its own. Sections of a block, each a whole number of bytes, fill bits 0 (group bits with FGMP values only)::

    Dense              group bits, FP8 bytes, FP16 halfwords       all elements are stored
    Mask         mask, group bits, FP8 bytes, FP16 halfwords       non-zeros are stored
    RunLength    runs, group bits, FP8 bytes, FP16 halfwords       non-zeros and some zeros are stored

The mask has 1 bit an element (bit i % 8 of byte i // 8; 1: not zero), the group bits 1 bit a stored element
(1: FP16), runs have n bits a stored element.

*Run-length coding*: a stored element comes with the number of zeros before it, 0 to 2^n - 1. A longer run
takes a padded zero: the run 2^n - 1 and a stored value 0, together 2^n zeros. Zeros at the end of a block are
written the same way; the last of them is stored. So runs alone say how many elements are stored, and there is
just one way to write a block. This is the rule of EIE (Han et al., ISCA 2016: n = 4, a run of more than 15
zeros takes a stored zero) and of SCNN (Parashar et al., ISCA 2017: n = 4, zero-value placeholders). Eyeriss
(Chen et al., JSSC 2017) has n = 5 before 16-bit values, three pairs and a final bit in a word of 64, 64/63 of
the pairs packed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from golden.codecs.bits import Ints, bytes_of, halfwords, pack_fields, ragged, starts_of
from golden.codecs.blocks import BlockReader, Section
from golden.codecs.errors import CodecError
from golden.codecs.values import Elements, ValueKind
from golden.formats import Bool

MOST_RUN_BITS = 8


class Scheme(Protocol):
    """What is done with zeros."""

    @property
    def name(self) -> str:
        """Name in a codec's name; empty: nothing is done."""
        ...

    def write(self, elements: Elements, lengths: Ints, kind: ValueKind) -> list[Section]:
        """Return the sections of all blocks, which have `lengths` elements."""
        ...

    def read(self, reader: BlockReader, kind: ValueKind) -> Elements:
        """Read all blocks back; raise `CodecError` if they cannot have been written."""
        ...


@dataclass(frozen=True)
class Dense:
    """Zeros are elements like any others."""

    @property
    def name(self) -> str:
        """None: nothing is done."""
        return ""

    def write(self, elements: Elements, lengths: Ints, kind: ValueKind) -> list[Section]:
        """Return the sections of all blocks."""
        return _write_stored(elements, lengths, kind)

    def read(self, reader: BlockReader, kind: ValueKind) -> Elements:
        """Read all blocks back."""
        return _read_stored(reader, reader.lengths, kind)


@dataclass(frozen=True)
class Mask:
    """A bit an element says which are not zero."""

    @property
    def name(self) -> str:
        """Name in a codec's name."""
        return "mask"

    def write(self, elements: Elements, lengths: Ints, kind: ValueKind) -> list[Section]:
        """Return the sections of all blocks."""
        nonzero = elements.nonzero
        counts = _sums(nonzero, lengths)
        stored = Elements(elements.value[nonzero], elements.wide[nonzero])
        mask = Section(pack_fields(nonzero, lengths, 1), bytes_of(lengths, 1))
        return [mask, *_write_stored(stored, counts, kind)]

    def read(self, reader: BlockReader, kind: ValueKind) -> Elements:
        """Read all blocks back."""
        nonzero = reader.take_fields(reader.lengths, 1, "mask").astype(np.bool_)
        counts = _sums(nonzero, reader.lengths)
        stored = _read_stored(reader, counts, kind)
        _refuse_zeros(reader, stored.value == 0, counts, "a value under a set mask bit is zero")
        return _placed(stored, np.flatnonzero(nonzero), len(nonzero), kind)


@dataclass(frozen=True)
class RunLength:
    """Each stored element is preceded by a count of zeros of `bits` bits.

    Raises
    ------
    CodecError
        If `bits` is not 1 to 8.
    """

    bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MOST_RUN_BITS:
            raise CodecError(f"run-length coding: an index of {self.bits} bits; give 1 to {MOST_RUN_BITS}")

    @property
    def name(self) -> str:
        """Name in a codec's name."""
        return f"rlc{self.bits}"

    @property
    def longest(self) -> int:
        """Longest run that an index says."""
        return (1 << self.bits) - 1

    def write(self, elements: Elements, lengths: Ints, kind: ValueKind) -> list[Section]:
        """Return the sections of all blocks."""
        stored = self._stored(elements.nonzero, lengths)
        places = np.flatnonzero(stored)
        counts = _sums(stored, lengths)
        runs = np.diff(places, prepend=-1) - 1
        section = Section(pack_fields(runs, counts, self.bits), bytes_of(counts, self.bits))
        pairs = Elements(elements.value[places], elements.wide[places])
        return [section, *_write_stored(pairs, counts, kind)]

    def _stored(self, nonzero: Bool, lengths: Ints) -> Bool:
        """Return which elements are stored: non-zeros, each block's last, in longer runs each 2^n-th zero.

        As a block's last element is stored, no run goes on beyond it.
        """
        stored = nonzero.copy()
        stored[starts_of(lengths) + lengths - 1] = True
        places = np.flatnonzero(stored)
        runs = np.diff(places, prepend=-1) - 1
        long = np.flatnonzero(runs > self.longest)
        span = self.longest + 1
        stored[ragged(places[long] - runs[long] + self.longest, runs[long] // span, span)] = True
        return stored

    def read(self, reader: BlockReader, kind: ValueKind) -> Elements:
        """Read all blocks back."""
        runs, counts = self._read_runs(reader)
        stored = _read_stored(reader, counts, kind)
        total = int(reader.lengths.sum())
        is_last = np.zeros(total, np.bool_)
        is_last[starts_of(reader.lengths) + reader.lengths - 1] = True
        places = np.cumsum(runs + 1) - 1  # blocks end where their runs do
        wrong = (stored.value == 0) & (runs != self.longest) & ~is_last[places]
        _refuse_zeros(reader, wrong, counts, f"a stored zero after a run below {self.longest}")
        return _placed(stored, places, total, kind)

    def _read_runs(self, reader: BlockReader) -> tuple[Ints, Ints]:
        """Return the runs of all pairs and the pairs of each block, which end where its elements do."""
        fields, most = reader.peek_fields(reader.lengths, self.bits)
        reach = _running_sums(fields.astype(np.int64) + 1, most)
        below = reach < np.repeat(reader.lengths, most)
        counts = _sums(below, most) + 1
        short = np.flatnonzero(counts > most)
        if len(short):
            raise reader.error(int(short[0]), "its runs end before its elements")
        last = starts_of(most) + counts - 1
        over = np.flatnonzero(reach[last] != reader.lengths)
        if len(over):
            block = int(over[0])
            raise reader.error(
                block, f"its runs reach {reach[last][block]} elements of {reader.lengths[block]}"
            )
        return reader.take_fields(counts, self.bits, "runs").astype(np.int64), counts


# --- What all schemes share -------------------------------------------------------------------------


def _sums(flags: Bool, lengths: Ints) -> Ints:
    """Return how many flags are set in each block."""
    total = np.append(0, np.cumsum(flags, dtype=np.int64))
    starts = starts_of(lengths)
    return np.asarray(total[starts + lengths] - total[starts], np.int64)


def _running_sums(values: Ints, counts: Ints) -> Ints:
    """Return the running sums of each block's values."""
    total = np.cumsum(values)
    before = np.append(0, total)[starts_of(counts)]
    return np.asarray(total - np.repeat(before, counts), np.int64)


def _write_stored(stored: Elements, counts: Ints, kind: ValueKind) -> list[Section]:
    """Return group bits, FP8 bytes and FP16 halfwords of stored elements, `counts` in each block."""
    if kind is ValueKind.FP8:
        return [Section(stored.value.astype(np.uint8), counts)]
    if kind is ValueKind.FP16:
        return [Section(halfwords(stored.value), 2 * counts)]
    wide = _sums(stored.wide, counts)
    return [
        Section(pack_fields(stored.wide, counts, 1), bytes_of(counts, 1)),
        Section(stored.value[~stored.wide].astype(np.uint8), counts - wide),
        Section(halfwords(stored.value[stored.wide]), 2 * wide),
    ]


def _read_stored(reader: BlockReader, counts: Ints, kind: ValueKind) -> Elements:
    """Read back what `_write_stored` wrote, which is the last of a block."""
    if kind.has_groups:
        wide = reader.take_fields(counts, 1, "group bits").astype(np.bool_)
        wide_counts = _sums(wide, counts)
        value = np.empty(len(wide), np.uint16)
        value[~wide] = reader.take(counts - wide_counts, "FP8 bytes")
        value[wide] = reader.take_halfwords(wide_counts, "FP16 halfwords")
    elif kind is ValueKind.FP8:
        value = reader.take(counts, "FP8 bytes").astype(np.uint16)
        wide = np.zeros(len(value), np.bool_)
    else:
        value = reader.take_halfwords(counts, "FP16 halfwords")
        wide = np.ones(len(value), np.bool_)
    reader.require_end()
    return Elements(value, wide)


def _placed(stored: Elements, place: Ints, total: int, kind: ValueKind) -> Elements:
    """Return all elements: the stored ones in their places, zeros elsewhere."""
    value = np.zeros(total, np.uint16)
    wide = np.full(total, kind.wide_zero, np.bool_)
    value[place], wide[place] = stored.value, stored.wide
    return Elements(value, wide)


def _refuse_zeros(reader: BlockReader, wrong: Bool, counts: Ints, problem: str) -> None:
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise reader.error(int(np.searchsorted(np.cumsum(counts), at, side="right")), problem)
