"""Heat maps as PNG files inside the page: small, sharp at any size, readable on light and dark paper."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

LEVELS = 64
INK = (31, 95, 191)
"""Colour of the value 1; 0 is clear."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PALETTE = 3


def heat_png(rows: Sequence[Sequence[float]]) -> bytes:
    """Return a picture of one pixel a value (0 to 1), a row of pixels for each row of values.

    Raises
    ------
    ValueError
        If there is no value, or rows have different lengths.
    """
    width = len(rows[0]) if rows else 0
    if not width or any(len(row) != width for row in rows):
        raise ValueError("a heat map needs rows of the same length, with at least one value")
    lines = b"".join(b"\0" + bytes(_level(value) for value in row) for row in rows)
    palette = bytes(INK) * LEVELS
    alpha = bytes(round(255 * level / (LEVELS - 1)) for level in range(LEVELS))
    header = struct.pack(">IIBBBBB", width, len(rows), 8, _PALETTE, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"tRNS", alpha), (b"IDAT", zlib.compress(lines, 9)))
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in (*chunks, (b"IEND", b"")))


def heat_uri(rows: Sequence[Sequence[float]]) -> str:
    """Return the same as an address that holds the picture itself."""
    return "data:image/png;base64," + base64.b64encode(heat_png(rows)).decode("ascii")


def _level(value: float) -> int:
    return round(min(max(value, 0.0), 1.0) * (LEVELS - 1))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
