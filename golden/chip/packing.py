"""Operands to streams: FGMP blocks of A, B and D in the order in which the chip's feeders need them.

The order is docs/chip.md's; `golden/native/chip_packing.cpp` does the work. Streams that belong together are
packed one after another, each from the start of a line, so that one region of memory holds them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from golden import native
from golden.chip.encoding import LINE_BYTES, Extent, lines_of
from golden.chip.wg_units import UnitBlock, UnitLayout
from golden.fgmp import FgmpTensor
from golden.formats import U8, U16, U32, Bool
from golden.geometry import Step
from golden.lowering import Ints, Lowering, b_matrix
from golden.streams import element_classes


class PackingError(ValueError):
    """Operands do not fit their step, or bytes are no FGMP blocks."""


@dataclass(frozen=True)
class Streams:
    """Streams one after another, each from the start of a line.

    Attributes
    ----------
    data : uint8 [n]
    start, size : int64 [streams]
        First byte of each stream (a multiple of 64), and its bytes.
    elements : int64 [streams]
        Elements that a plain tensor has too: margins, missing channels and columns are left out.
    """

    data: U8
    start: Ints
    size: Ints
    elements: Ints

    def extents(self, line: int) -> list[Extent]:
        """Where the streams lie when the first line of `data` is `line`; an empty one is `Extent()`."""
        return [
            Extent(line + int(start) // LINE_BYTES, int(size)) if size else Extent()
            for start, size in zip(self.start, self.size, strict=True)
        ]


@dataclass(frozen=True)
class Part:
    """One K tile's columns of A in a block of rows.

    Attributes
    ----------
    tile : int
        The K tile.
    tops : int64 [columns]
        Address in padded A (channel 0) of each column's top.
    height : int
        Pixels of a column.
    """

    tile: int
    tops: Ints
    height: int


@lru_cache
def _library() -> ctypes.CDLL:
    library = native.library("chip_packing")
    pointer, count = ctypes.c_void_p, ctypes.c_int64
    library.chip_pack_columns.argtypes = [*[pointer] * 2, *[count] * 5, *[pointer] * 7]
    library.chip_pack_units.argtypes = [*[pointer] * 2, *[count] * 2, *[pointer] * 2, count, *[pointer] * 4]
    library.chip_pack_rows.argtypes = [*[pointer] * 2, *[count] * 3, pointer, count, *[pointer] * 2]
    library.chip_unpack.argtypes = [pointer, count, count, *[pointer] * 3]
    for name in ("chip_pack_columns", "chip_pack_units", "chip_pack_rows", "chip_unpack"):
        library[name].restype = count
    library.chip_take.argtypes = [pointer]
    library.chip_take.restype = None
    return library


def _int64(values: object) -> Ints:
    return np.ascontiguousarray(np.asarray(values, np.int64))


def _taken(total: int, out: Ints) -> Streams:
    data = np.empty(total, np.uint8)
    _library().chip_take(data.ctypes.data)
    return Streams(data, out[:, 0].copy(), out[:, 1].copy(), out[:, 2].copy())


def element_values(tensor: FgmpTensor) -> U16:
    """Return what is stored of each element: FP8 code or FP16 bits, shape of `tensor`."""
    return np.where(tensor.is_fp16, tensor.fp16, tensor.codes).astype(np.uint16)


def pack_columns(lowering: Lowering, a: FgmpTensor, blocks: Sequence[Sequence[Part]]) -> Streams:
    """Pack A of FP or BP: a stream for each block of rows, which is given as its parts in order of tiles."""
    _, channels, _, width = lowering.padded_shape
    plane = lowering.channel_pitch
    classes = np.ascontiguousarray(lowering.pad(element_classes(a)).transpose(0, 2, 3, 1))
    values = np.ascontiguousarray(lowering.pad(element_values(a)).transpose(0, 2, 3, 1))
    lines = lowering.preset.lines
    held = [channel for tile in lowering.k_tiles for channel in tile.line_channels]
    starts = _int64(np.cumsum([0] + [len(one) for one in held]))
    listed = _int64(np.concatenate(held))
    words = [-(-tile.depth // 4) for tile in lowering.k_tiles]
    parts: list[tuple[int, int, int, int]] = []
    heights: list[int] = []
    tops: list[Ints] = []
    streams, filled = [0], 0
    for block in blocks:
        for part in block:
            parts.append((part.tile * lines, words[part.tile], filled, len(part.tops)))
            heights.append(part.height)
            tops.append(part.tops)
            filled += len(part.tops)
        streams.append(len(parts))
    # Addresses count in NCHW; the packed tensor has a pixel's channels side by side.
    address = _int64(np.concatenate(tops) if tops else [])
    image, inside = np.divmod(address, channels * plane)
    pixels = _int64(image * plane + inside)
    out = np.empty((len(blocks), 3), np.int64)
    stream_array, part_array = _int64(streams), _int64(parts).reshape(-1, 4)
    height_array = _int64(heights)
    total = _library().chip_pack_columns(
        classes.ctypes.data,
        values.ctypes.data,
        channels,
        width,
        lines,
        lowering.preset.rows,
        len(blocks),
        stream_array.ctypes.data,
        part_array.ctypes.data,
        height_array.ctypes.data,
        starts.ctypes.data,
        listed.ctypes.data,
        pixels.ctypes.data,
        out.ctypes.data,
    )
    return _taken(total, out)


def pack_units(
    lowering: Lowering,
    a: FgmpTensor,
    blocks: Sequence[UnitBlock],
    layouts: Mapping[int, Sequence[UnitLayout]],
) -> Streams:
    """Pack A of WG: a stream for each block.

    Parameters
    ----------
    layouts : mapping
        For each number of kernel rows that a block may have, the layout of its units in each K tile.
    """
    classes = np.ascontiguousarray(lowering.pad(element_classes(a)))
    values = np.ascontiguousarray(lowering.pad(element_values(a)))
    tiles, row_pitch = len(lowering.wg_tiles), lowering.padded_shape[3]
    rows: list[tuple[int, int, int, int, int, int]] = []
    offsets: list[Ints] = []
    places: dict[int, tuple[int, int, int, int]] = {}
    first_layout: dict[int, int] = {}
    filled = 0
    for kys, of_tiles in layouts.items():
        first_layout[kys] = len(rows)
        for layout in of_tiles:
            # Tiles of one pattern share their layout, so its offsets are listed once.
            if id(layout) not in places:
                places[id(layout)] = (
                    filled,
                    layout.elements,
                    filled + layout.elements,
                    layout.last_elements,
                )
                offsets += [layout.offsets, layout.last_offsets]
                filled += layout.elements + layout.last_elements
            rows.append((*places[id(layout)], layout.channel_units, layout.ky * row_pitch))
    streams: list[tuple[int, int, int, int]] = []
    channels: list[Ints] = []
    held = 0
    for block in blocks:
        streams.append((held, len(block.channels), first_layout[block.ky_count], block.first_ky * row_pitch))
        channels.append(block.channels * lowering.channel_pitch)
        held += len(block.channels)
    pixel = lowering.wg_pixel_addresses()
    origin = _int64([pixel[tile[0]] for tile in lowering.wg_tiles])
    stream_array, channel_array = _int64(streams).reshape(-1, 4), _int64(np.concatenate(channels))
    row_array, offset_array = _int64(rows).reshape(-1, 6), _int64(np.concatenate(offsets))
    out = np.empty((len(blocks), 3), np.int64)
    total = _library().chip_pack_units(
        classes.ctypes.data,
        values.ctypes.data,
        lowering.preset.rows,
        len(blocks),
        stream_array.ctypes.data,
        channel_array.ctypes.data,
        tiles,
        row_array.ctypes.data,
        origin.ctypes.data,
        offset_array.ctypes.data,
        out.ctypes.data,
    )
    return _taken(total, out)


def b_order(lowering: Lowering) -> Ints:
    """K index of each block of stream B: int64 [K]."""
    if lowering.step is Step.WG:
        return np.arange(lowering.depth, dtype=np.int64)
    taps = lowering.geometry.taps
    return _int64(
        np.concatenate(
            [
                (tile.channels[:, None] * taps + np.arange(tile.first_tap, tile.tap_end)).reshape(-1)
                for tile in lowering.k_tiles
            ]
        )
    )


def pack_b(lowering: Lowering, b: FgmpTensor, columns: Ints, first: Sequence[int]) -> Streams:
    """Pack B: a stream for each group of columns.

    Parameters
    ----------
    b : FgmpTensor
        FP, BP: W (OIHW); WG: δ (NCHW).
    columns : int64 [N]
        The product's columns, as indices into `b`'s N axis.
    first : sequence of int
        First column of each group; a group that N does not fill ends with zeros.
    """
    classes = element_classes(b).astype(np.uint16)
    classes = b_matrix(lowering.step, classes, columns).astype(np.uint8)
    values = b_matrix(lowering.step, element_values(b), columns)
    if classes.shape[0] != lowering.depth:
        raise PackingError(
            f"layer {lowering.geometry.name} {lowering.step}: B of shape {b.shape} gives {classes.shape[0]} "
            f"rows, the product has K = {lowering.depth}; pass W (FP, BP) or δ (WG) of this layer"
        )
    order, first_array = b_order(lowering), _int64(first)
    out = np.empty((len(first), 3), np.int64)
    total = _library().chip_pack_rows(
        classes.ctypes.data,
        values.ctypes.data,
        len(columns),
        lowering.preset.columns,
        len(order),
        order.ctypes.data,
        len(first),
        first_array.ctypes.data,
        out.ctypes.data,
    )
    return _taken(total, out)


def pack_d(
    width: int,
    scale_bias: tuple[U32, U32] | None,
    residual: U16 | None,
    mask: Bool | None,
) -> U8:
    """Pack D of one job.

    Parameters
    ----------
    width : int
        Columns of the core.
    scale_bias : two uint32 [real], or None
        FP32 bits of the real columns; the others get 0.
    residual : uint16 [rows, real], or None
        FP16 bits.
    mask : bool [rows, real], or None
        Elements to keep.
    """
    head = np.zeros(0, np.uint8)
    if scale_bias is not None:
        pairs = np.zeros((width, 2), "<u4")
        pairs[: len(scale_bias[0])] = np.stack(scale_bias, axis=1)
        head = pairs.view(np.uint8).reshape(-1)
    records: list[U8] = []
    if residual is not None:
        words = np.zeros((len(residual), width), "<u2")
        words[:, : residual.shape[1]] = residual
        records.append(words.view(np.uint8))
    if mask is not None:
        bits = np.zeros((len(mask), width), np.bool_)
        bits[:, : mask.shape[1]] = mask
        records.append(np.packbits(bits, axis=1, bitorder="little"))
    rows = np.concatenate(records, axis=1).reshape(-1) if records else np.zeros(0, np.uint8)
    return np.concatenate([head, rows])


def join(parts: Sequence[bytes | U8]) -> Streams:
    """Put streams one after another, each from the start of a line."""
    size = _int64([len(part) for part in parts])
    lines = np.array([lines_of(int(one)) for one in size], np.int64)
    start = _int64(np.cumsum(lines) - lines) * LINE_BYTES
    data = np.zeros(int(lines.sum()) * LINE_BYTES, np.uint8)
    for part, at in zip(parts, start, strict=True):
        content = np.frombuffer(part, np.uint8) if isinstance(part, bytes) else part
        data[at : at + len(content)] = content
    return Streams(data, start, size, np.zeros(len(parts), np.int64))


def unpack_blocks(data: U8, sizes: Ints, what: str = "stream") -> tuple[U8, U16, int]:
    """Read FGMP blocks.

    Parameters
    ----------
    data : uint8 [n]
    sizes : int64 [blocks]
        Elements of each block.

    Returns
    -------
    classes : uint8 [elements]
        `golden.streams.CLASS_ZERO`, `CLASS_FP8` or `CLASS_FP16`.
    values : uint16 [elements]
        FP8 codes or FP16 bits.
    used : int
        Bytes that the blocks take.

    Raises
    ------
    PackingError
        If a block goes on beyond the data, or a fill bit is set.
    """
    data, sizes = np.ascontiguousarray(data), _int64(sizes)
    elements = int(sizes.sum())
    classes, values = np.empty(elements, np.uint8), np.empty(elements, np.uint16)
    used = _library().chip_unpack(
        data.ctypes.data,
        len(data),
        len(sizes),
        sizes.ctypes.data,
        classes.ctypes.data,
        values.ctypes.data,
    )
    if used < 0:
        raise PackingError(
            f"{what}: block {-1 - used} of {len(sizes)} goes on beyond its {len(data)} bytes, or a fill bit "
            "is set; the data are damaged, or of another shape"
        )
    return classes, values, int(used)
