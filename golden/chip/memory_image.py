"""External memory as the chip sees it: bytes in lines of 64, with an allocator that leaves guards between.

Memory that nobody has written holds `GUARD_BYTE`, so a stray write, or a result that never came, shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from golden.chip.encoding import LINE_BYTES, Extent, Window, lines_of

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]

GUARD_BYTE = 0xA5
FIRST_LINE = 1
"""Line 0 means "none" in descriptors, so nothing lies there."""
GUARD_LINES = 1
DEFAULT_LIMIT = 1 << 30
"""Bytes that an image may take on the host."""


class MemoryImageError(ValueError):
    """An address outside the image, or an image larger than allowed."""


@dataclass(frozen=True)
class Region:
    """An allocation: what it is for, and where it lies."""

    name: str
    extent: Extent

    @property
    def window(self) -> Window:
        """Its lines."""
        return Window(self.extent.line, self.extent.end)


class MemoryImage:
    """Bytes of external memory from address 0, growing as things are allocated.

    Parameters
    ----------
    limit : int
        Bytes that the image may take.

    Attributes
    ----------
    regions : list of Region
        Allocations, ascending.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._data: U8 = np.full(1 << 16, GUARD_BYTE, np.uint8)
        self._next = FIRST_LINE
        self.regions: list[Region] = []

    @property
    def lines(self) -> int:
        """Lines in use, a guard behind the last allocation included."""
        return self._next

    @property
    def data(self) -> U8:
        """The bytes in use, from address 0: uint8 [64 * lines], a view (until the next allocation)."""
        return self._data[: self.lines * LINE_BYTES]

    def allocate(self, size: int, name: str) -> Extent:
        """Reserve `size` bytes from a line's start; nothing (size 0) is `Extent()`.

        Raises
        ------
        MemoryImageError
            If the image would grow beyond its limit.
        """
        if size == 0:
            return Extent()
        extent = Extent(self._next, size)
        needed = (extent.end + GUARD_LINES) * LINE_BYTES
        if needed > self._limit:
            raise MemoryImageError(
                f"{name}: the memory image would take {needed} bytes, the limit is {self._limit}; "
                "compile fewer layers into one image, or raise its limit"
            )
        if needed > len(self._data):
            grown = np.full(max(needed, 2 * len(self._data)), GUARD_BYTE, np.uint8)
            grown[: len(self._data)] = self._data
            self._data = grown
        self._next = extent.end + GUARD_LINES
        self.regions.append(Region(name, extent))
        return extent

    def store(self, content: bytes | U8, name: str) -> Extent:
        """Allocate room for `content` and write it; its last line is filled up with zeros."""
        content = np.frombuffer(content, np.uint8) if isinstance(content, bytes) else content
        extent = self.allocate(len(content), name)
        start = extent.line * LINE_BYTES
        self._data[start : start + extent.lines * LINE_BYTES] = 0
        self._data[start : start + len(content)] = content
        return extent

    def write_words(self, line: int, words: U32) -> None:
        """Write 32-bit words from the start of a line."""
        self._bytes(Extent(line, 4 * len(words)))[:] = words.astype("<u4").view(np.uint8)

    def read(self, extent: Extent) -> U8:
        """Return the bytes of an extent: uint8 [bytes], a view."""
        return self._bytes(extent)

    def region_at(self, line: int) -> str:
        """Say what lies at a line, for messages."""
        for region in self.regions:
            if region.extent.line <= line < region.extent.end:
                return f"{region.name} (its line {line - region.extent.line})"
        return "no region (a guard or free memory)"

    def _bytes(self, extent: Extent) -> U8:
        if extent.line + lines_of(extent.bytes) > self.lines:
            raise MemoryImageError(
                f"lines {extent.line} to {extent.end - 1} lie outside the image of {self.lines} lines"
            )
        start = extent.line * LINE_BYTES
        return self._data[start : start + extent.bytes]
