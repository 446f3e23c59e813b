"""Blocks of a tensor in bytes: sections of each block one after another, pointers in front.

The frame of `golden.storage`: a table of one 32-bit offset a block, counted from the end of the table, then
the blocks, each a whole number of bytes. So any block can be found and decoded alone. A tensor that is one
stream (no block size) has no table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from golden.codecs.bits import Ints, bytes_of, ragged, starts_of, unpack_fields
from golden.codecs.errors import CodecError
from golden.formats import U8, U16
from golden.storage import POINTER_BYTES, POINTER_LIMIT


@dataclass(frozen=True, eq=False)
class Section:
    """One part of all blocks: its bytes block after block, and how many each block has."""

    data: U8
    sizes: Ints


def block_lengths(elements: int, block: int) -> Ints:
    """Return the elements of each block: all the same, but the last; `block` 0: one block of everything."""
    if elements == 0:
        return np.zeros(0, np.int64)
    if block == 0:
        return np.array([elements], np.int64)
    lengths = np.full(-(-elements // block), block, np.int64)
    lengths[-1] = elements - block * (len(lengths) - 1)
    return lengths


def write_blocks(sections: Sequence[Section], pointers: bool) -> bytes:
    """Put the sections of each block together, and the table of pointers in front if it is wanted.

    Raises
    ------
    CodecError
        If a block would start beyond what its pointer can say.
    """
    sizes = np.zeros(len(sections[0].sizes), np.int64)
    for section in sections:
        sizes += section.sizes
    starts = starts_of(sizes)
    table = b""
    if pointers:
        if len(starts) and starts[-1] >= POINTER_LIMIT:
            raise CodecError(
                f"block {len(starts) - 1} would start at byte {starts[-1]}, beyond a {8 * POINTER_BYTES}-bit "
                "pointer; store the tensor in parts"
            )
        table = starts.astype("<u4").tobytes()
    filled = [section for section in sections if len(section.data)]
    if len(filled) == 1:
        return table + filled[0].data.tobytes()
    out = np.empty(int(sizes.sum()), np.uint8)
    at = starts.copy()
    for section in sections:
        out[ragged(at, section.sizes)] = section.data
        at += section.sizes
    return table + out.tobytes()


class BlockReader:
    """Reads the sections of all blocks, and checks each time that the bytes are there.

    Parameters
    ----------
    data : bytes
    lengths : int64 [blocks]
        Elements of each block.
    pointers : bool
        Whether a table stands in front.
    name : str
        The codec's, for messages.

    Raises
    ------
    CodecError
        If the table is cut off, does not begin at 0, or points backwards or beyond the data.
    """

    def __init__(self, data: bytes, lengths: Ints, pointers: bool, name: str) -> None:
        self._name = name
        self.lengths = lengths
        table = POINTER_BYTES * len(lengths) if pointers else 0
        if len(data) < table:
            raise CodecError(
                f"{name} data, pointer table: needs {table} bytes, there are {len(data)}; they are "
                "truncated, or of another shape"
            )
        self._data = np.frombuffer(data, np.uint8, offset=table)
        if pointers:
            self._at = np.frombuffer(data[:table], "<u4").astype(np.int64)
        else:
            self._at = np.zeros(len(lengths), np.int64)
        self._end = np.append(self._at[1:], len(self._data)) if len(lengths) else self._at
        wrong = self._end < self._at
        if len(lengths) == 0 and len(self._data):
            raise CodecError(f"{name} data: {len(self._data)} bytes of a tensor without elements")
        if len(lengths) and (self._at[0] != 0 or wrong.any()):
            where = 0 if self._at[0] != 0 else int(np.flatnonzero(wrong)[0])
            raise self.error(where, f"its pointer says byte {self._at[where]}, which cannot be")

    def error(self, block: int, problem: str) -> CodecError:
        """Return the error that says what is wrong with a block."""
        return CodecError(
            f"{self._name} data, block {block}: {problem}; the data are damaged, or of another shape"
        )

    def take(self, sizes: Ints, what: str) -> U8:
        """Return the next bytes of each block, block after block."""
        short = np.flatnonzero(self._at + sizes > self._end)
        if len(short):
            block = int(short[0])
            has = self._end[block] - self._at[block]
            raise self.error(block, f"{what} needs {sizes[block]} bytes, the block has {has} left")
        taken = self._gather(sizes)
        self._at = self._at + sizes
        return taken

    def _gather(self, sizes: Ints) -> U8:
        if np.array_equal(self._at[1:], self._at[:-1] + sizes[:-1]):  # the sections follow one another
            first = int(self._at[0]) if len(self._at) else 0
            return self._data[first : first + int(sizes.sum())]
        return self._data[ragged(self._at, sizes)]

    def take_fields(self, counts: Ints, width: int, what: str) -> U8:
        """Return the next fields of `width` bits of each block."""
        fields, wrong = unpack_fields(self.take(bytes_of(counts, width), what), counts, width)
        if wrong is not None:
            raise self.error(wrong, f"bits that fill the last byte of its {what} are not 0")
        return fields

    def take_halfwords(self, counts: Ints, what: str) -> U16:
        """Return the next 16-bit values of each block."""
        return self.take(2 * counts, what).view("<u2").astype(np.uint16)

    def peek_fields(self, most: Ints, width: int) -> tuple[U8, Ints]:
        """Return as many fields as each block can hold, `most` of them at most, and their number."""
        counts = np.minimum(most, 8 * (self._end - self._at) // width)
        return unpack_fields(self._gather(bytes_of(counts, width)), counts, width)[0], counts

    def require_end(self) -> None:
        """Raise unless everything has been taken."""
        rest = np.flatnonzero(self._at != self._end)
        if len(rest):
            block = int(rest[0])
            raise self.error(block, f"{self._end[block] - self._at[block]} bytes follow its last element")
