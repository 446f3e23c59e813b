"""Fields of a few bits in bytes, for many blocks at once: each block's fields begin in a byte of their own.

Everything here works on all blocks of a tensor in one go. What belongs to blocks comes as one array of all
blocks' items, one after another, beside the number of items of each block (int64).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.formats import U8, U16

Ints = npt.NDArray[np.int64]


def starts_of(counts: Ints) -> Ints:
    """Return where each block's items begin: the sum of the counts before it."""
    return np.asarray(np.cumsum(counts) - counts, np.int64)


def ragged(starts: Ints, counts: Ints, stride: int = 1) -> Ints:
    """Return ``starts[i] + stride * j`` for j up to ``counts[i]``, block after block."""
    first = np.repeat(starts - stride * starts_of(counts), counts)
    return np.asarray(first + stride * np.arange(len(first), dtype=np.int64), np.int64)


def bytes_of(counts: Ints, width: int) -> Ints:
    """Bytes that each block's fields take."""
    return np.asarray((counts * width + 7) // 8, np.int64)


def pack_fields(values: npt.NDArray[Any], counts: Ints, width: int) -> U8:
    """Write fields of `width` bits, lowest bit first; the last byte of each block is filled up with 0.

    Parameters
    ----------
    values : ndarray of unsigned integers or bool, one dimension
        Each below ``2**width``.
    counts : int64 [blocks]
    width : int
        1 to 8.
    """
    plain = values.astype(np.uint8)
    if width == 8:
        return plain
    if not (counts[:-1] * width % 8).any():  # no fill between blocks: the bits follow one another
        bits = plain if width == 1 else (plain[:, None] >> np.arange(width, dtype=np.uint8)) & 1
        return np.packbits(bits.reshape(-1), bitorder="little")
    sizes = bytes_of(counts, width)
    place = ragged(8 * starts_of(sizes), counts, width)
    spread = np.zeros(8 * int(sizes.sum()), np.uint8)
    for bit in range(width):
        spread[place + bit] = (plain >> bit) & 1
    return np.packbits(spread, bitorder="little")


def unpack_fields(data: U8, counts: Ints, width: int) -> tuple[U8, int | None]:
    """Read what `pack_fields` wrote.

    Returns
    -------
    values : ndarray of uint8
    wrong : int or None
        The first block whose fill bits are not 0.
    """
    if width == 8:
        return data, None
    sizes = bytes_of(counts, width)
    spread = np.unpackbits(data, bitorder="little")
    first = 8 * starts_of(sizes)
    fill = 8 * sizes - counts * width
    filled = ragged(first + counts * width, fill)
    wrong: int | None = None
    if spread[filled].any():
        at = filled[np.flatnonzero(spread[filled])[0]]
        wrong = int(np.searchsorted(first, at, side="right")) - 1
    if not fill[:-1].any():
        bits = spread[: int(counts.sum()) * width]
        if width == 1:
            return bits, wrong
        values = bits[0::width].copy()
        for bit in range(1, width):
            values |= bits[bit::width] << np.uint8(bit)
        return values, wrong
    place = ragged(first, counts, width)
    values = spread[place]
    for bit in range(1, width):
        values |= spread[place + bit] << np.uint8(bit)
    return values, wrong


def halfwords(values: U16) -> U8:
    """Write 16-bit values, low byte first."""
    return values.astype("<u2").view(np.uint8)
