"""Streams of A (WG), B and D: read back block by block, they are the operands that the lowering asks for."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from golden.chip.encoding import LINE_BYTES, Extent
from golden.chip.packing import (
    PackingError,
    Streams,
    b_order,
    join,
    pack_b,
    pack_d,
    pack_units,
    unpack_blocks,
)
from golden.chip.wg_units import UnitLayouts, WgUnitError, choose_blocks, deal_channels
from golden.fgmp import FgmpTensor, channel_costs, encode
from golden.formats import Fp8Format, decode_fp8
from golden.geometry import ConvGeometry, Step
from golden.lowering import Lowering, b_matrix
from golden.presets import Preset, find_preset
from golden.streams import CLASS_FP8, CLASS_FP16
from golden.tests.chip_reference import reader_of
from golden.tests.reference import SHAPES, random_fp16, random_geometry, with_specials

TINY, CORE, LNPU = find_preset("tiny"), find_preset("core"), find_preset("lnpu")

WIDE = [
    ConvGeometry("stem", 1, 3, 29, 75, 5, 7, 2, 3),
    ConvGeometry("wide", 2, 3, 5, 70, 4, 3, 1, 1),
    ConvGeometry("wide, stride 2", 1, 2, 9, 90, 4, 3, 2, 1),
    ConvGeometry("narrow", 3, 20, 4, 4, 18, 3, 1, 1),
    ConvGeometry("down", 2, 5, 9, 9, 4, 1, 2, 0),
    ConvGeometry("fc", 5, 40, 1, 1, 10, 1, 1, 0),
]


def _encoded(
    rng: np.random.Generator, shape: tuple[int, ...], step: Step, density: float = 0.6
) -> FgmpTensor:
    fmt = Fp8Format.E5M2 if step is Step.BP else Fp8Format.E4M3
    bits = with_specials(rng, random_fp16(rng, shape, density), 0.02)
    return encode(bits, fmt, int(rng.integers(-3, 6)))


def _stream(streams: Streams, index: int) -> bytes:
    start = int(streams.start[index])
    assert start % LINE_BYTES == 0
    return streams.data[start : start + int(streams.size[index])].tobytes()


def _check_units(rng: np.random.Generator, geometry: ConvGeometry, preset: Preset) -> None:
    """Gather the rows of every block from its stream, and compare with the lowering's addresses."""
    x = _encoded(rng, geometry.x_shape, Step.WG)
    lowering = Lowering(geometry, Step.WG, preset, channel_costs(x), bool(rng.integers(0, 2)))
    groups = -(-geometry.out_channels // preset.columns)
    blocks = choose_blocks(lowering, groups, lowering.costs, lowering.balancer)
    layouts = {count: UnitLayouts(lowering).of_tiles(count) for count in {one.ky_count for one in blocks}}
    streams = pack_units(lowering, x, blocks, layouts)
    padded = lowering.pad(x.decoded).reshape(-1)
    row_address, pixel_address = lowering.wg_row_addresses(), lowering.wg_pixel_addresses()
    kernel = geometry.kernel
    seen = np.sort(np.concatenate([block.rows(lowering) for block in blocks]))
    assert seen.tolist() == list(range(lowering.rows))
    for index, block in enumerate(blocks):
        reader = reader_of(_stream(streams, index), x)
        rows = block.rows(lowering)
        assert len(rows) <= preset.psum_rows
        for tile, layout in zip(lowering.wg_tiles, layouts[block.ky_count], strict=True):
            assert layout.elements <= 256
            assert layout.base.max() <= 255
            found = []
            for _ in block.channels:
                for unit in range(layout.channel_units):
                    last = unit == layout.channel_units - 1
                    count = layout.last_elements if last else layout.elements
                    held = np.array(reader.blocks(count, preset.rows), np.uint16)
                    for ky in range(layout.last_ky if last else layout.ky):
                        for kx in range(kernel):
                            found.append(held[layout.base + ky * layout.pitch + kx])
            wanted = padded[row_address[rows][:, None] + pixel_address[tile][None, :]]
            assert np.array_equal(np.array(found), wanted)
        assert reader.ended


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_units_hold_what_rows_need(shape: tuple[int, int, int], rng: np.random.Generator) -> None:
    for preset in (TINY, CORE):
        _check_units(rng, random_geometry(rng, shape, 5), preset)


@pytest.mark.parametrize("geometry", WIDE, ids=lambda one: one.name)
def test_units_of_wide_and_narrow_images(geometry: ConvGeometry, rng: np.random.Generator) -> None:
    for preset in (TINY, LNPU):
        _check_units(rng, geometry, preset)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("shape", [(3, 1, 1), (7, 2, 3), (1, 2, 0)], ids=str)
def test_b_is_rows_by_channel_and_tap(
    step: Step, shape: tuple[int, int, int], rng: np.random.Generator
) -> None:
    for preset in (TINY, CORE):
        geometry = random_geometry(rng, shape, 21)
        b = _encoded(rng, geometry.delta_shape if step is Step.WG else geometry.w_shape, Step.BP)
        channels = geometry.out_channels if step is Step.BP else geometry.in_channels
        lowering = Lowering(geometry, step, preset, rng.integers(0, 9, channels), True)
        count = geometry.in_channels if step is Step.BP else geometry.out_channels
        columns = rng.permutation(count)[: int(rng.integers(1, count + 1))].astype(np.int64)
        first = list(range(0, len(columns), preset.columns))
        streams = pack_b(lowering, b, columns, first)
        matrix = b_matrix(step, b.decoded, columns)
        for index, start in enumerate(first):
            reader = reader_of(_stream(streams, index), b)
            for k in _natural_order(lowering):
                wanted = [*matrix[k, start : start + preset.columns].tolist()]
                assert reader.block(preset.columns) == wanted + [0] * (preset.columns - len(wanted))
            assert reader.ended
            assert streams.elements[index] == lowering.depth * min(preset.columns, len(columns) - start)


def _natural_order(lowering: Lowering) -> list[int]:
    """K by (group, chunk, channel, tap), spelled out."""
    if lowering.step is Step.WG:
        return list(range(lowering.depth))
    taps = lowering.geometry.taps
    return [
        int(channel) * taps + tap
        for tile in lowering.k_tiles
        for channel in tile.channels
        for tap in range(tile.first_tap, tile.first_tap + tile.tap_count)
    ]


@pytest.mark.parametrize(
    ("geometry", "units", "elements"),
    [
        # Three rows of 4, a whole image, two rows: each two wider and with two rows more.
        (ConvGeometry("4x4", 5, 1, 4, 4, 1, 3, 1, 1), 1, (5 + 6 + 4) * 6),
        # Half a row of 8 and three whole ones, a row of the next image; without the start of the first.
        (ConvGeometry("8x8", 2, 1, 8, 8, 1, 3, 1, 1), 1, (6 + 3) * 10 - 4),
        # Pieces of 28 and 8 pixels, each two wider, for three kernel rows.
        (ConvGeometry("64x64", 1, 1, 64, 64, 1, 3, 1, 1), 1, 3 * (30 + 10)),
        # Only the pixels that a 1x1 kernel meets.
        (ConvGeometry("1x1, stride 2", 1, 1, 32, 32, 1, 1, 2, 0), 1, 36),
        # Columns 72 to 148, 77 elements a kernel row: units of three, three and one.
        (ConvGeometry("7x7, stride 2", 1, 1, 224, 224, 1, 7, 2, 3), 3, 7 * 77),
    ],
    ids=lambda one: one.name if isinstance(one, ConvGeometry) else str(one),
)
def test_units_bring_no_more_than_needed(geometry: ConvGeometry, units: int, elements: int) -> None:
    lowering = Lowering(geometry, Step.WG, CORE, np.ones(1, np.int64), True)
    layout = UnitLayouts(lowering).of_tiles(geometry.kernel)[1]
    assert (layout.channel_units, layout.channel_elements) == (units, elements)


def test_b_of_another_layer_is_refused(rng: np.random.Generator) -> None:
    geometry = ConvGeometry("conv2", 1, 3, 4, 4, 4, 3, 1, 1)
    lowering = Lowering(geometry, Step.FP, CORE, np.zeros(3, np.int64), True)
    wrong = _encoded(rng, (4, 3, 1, 1), Step.FP)
    with pytest.raises(PackingError, match=re.escape("conv2 FP: B of shape (4, 3, 1, 1) gives 3 rows")):
        pack_b(lowering, wrong, np.arange(4), [0])
    assert len(b_order(lowering)) == 27


def test_d_lies_record_by_record() -> None:
    scale = np.array([1, 2, 3], np.uint32)
    residual = np.array([[0x11, 0x12, 0x13], [0x21, 0x22, 0x23]], np.uint16)
    mask = np.array([[True, False, True], [False, True, True]])
    d = pack_d(16, (scale, 0x100 + scale), residual, mask).tobytes()
    head = b"".join(int(v).to_bytes(4, "little") for v in (1, 0x101, 2, 0x102, 3, 0x103)) + bytes(8 * 13)
    first = bytes([0x11, 0, 0x12, 0, 0x13, 0]) + bytes(26) + bytes([0b101, 0])
    second = bytes([0x21, 0, 0x22, 0, 0x23, 0]) + bytes(26) + bytes([0b110, 0])
    assert d == head + first + second
    assert pack_d(4, None, None, mask).tobytes() == bytes([0b101, 0b110])
    assert pack_d(4, None, residual, None).tobytes()[:8] == bytes([0x11, 0, 0x12, 0, 0x13, 0, 0, 0])


def test_streams_are_joined_by_lines() -> None:
    streams = join([b"a" * 65, b"", b"b"])
    assert streams.start.tolist() == [0, 128, 128]
    assert len(streams.data) == 192
    assert streams.extents(10) == [Extent(10, 65), Extent(), Extent(12, 1)]


def test_unpack_reads_what_the_slow_reader_reads(rng: np.random.Generator) -> None:
    geometry = ConvGeometry("conv", 1, 20, 6, 6, 16, 3, 1, 1)
    w = _encoded(rng, geometry.w_shape, Step.FP)
    lowering = Lowering(geometry, Step.FP, CORE, np.zeros(20, np.int64), True)
    data = _stream(pack_b(lowering, w, np.arange(16), [0]), 0)
    sizes = np.full(lowering.depth, 16)
    classes, values, used = unpack_blocks(np.frombuffer(data, np.uint8), sizes)
    reader = reader_of(data, w)
    wanted = [value for _ in range(lowering.depth) for value in reader.block(16)]
    widened = decode_fp8(values.astype(np.uint8), w.fmt, w.bias)
    assert np.select([classes == CLASS_FP8, classes == CLASS_FP16], [widened, values]).tolist() == wanted
    assert used == len(data)
    with pytest.raises(PackingError, match=f"block {lowering.depth - 1} of {lowering.depth} goes on beyond"):
        unpack_blocks(np.frombuffer(data[:-1], np.uint8), sizes)
    with pytest.raises(PackingError, match=r"block 0 of 1 .*fill bit is set"):
        unpack_blocks(np.array([0xFF, 0, 1, 2, 3, 4], np.uint8), np.array([4]))
    with pytest.raises(PackingError, match=r"block 0 of 1 .*fill bit is set"):
        unpack_blocks(np.array([0x0F, 0x10, 1, 2, 3, 4], np.uint8), np.array([4]))


def test_channels_are_dealt_to_and_fro(rng: np.random.Generator) -> None:
    dealt = deal_channels(np.array([5, 9, 1, 7, 3, 8, 2]), 3, True)
    assert [part.tolist() for part in dealt] == [[1, 6, 2], [5, 4], [3, 0]]
    costs = rng.integers(800, 1000, 64)
    loads = [int(costs[part].sum()) for part in deal_channels(costs, 8, True)]
    assert max(loads) - min(loads) < 100
    plain = deal_channels(costs, 6, False)
    assert np.concatenate(plain).tolist() == list(range(64))
    assert {len(part) for part in plain} == {10, 11}


def test_blocks_fill_waves() -> None:
    """576 rows on 12 cores in 4 groups: six blocks of about 96 rows are two whole waves."""
    geometry = ConvGeometry("layer1", 1, 64, 8, 8, 64, 3, 1, 1)
    lowering = Lowering(geometry, Step.WG, LNPU, np.ones(64, np.int64), True)
    blocks = choose_blocks(lowering, 4, lowering.costs, True)
    assert sorted(len(block.channels) for block in blocks) == [10, 10, 11, 11, 11, 11]
    stem = Lowering(ConvGeometry("stem", 1, 3, 9, 9, 64, 7, 2, 3), Step.WG, LNPU, np.ones(3, np.int64), True)
    assert [len(block.channels) for block in choose_blocks(stem, 4, stem.costs, True)] == [1, 1, 1]
    tiny = Lowering(ConvGeometry("stem", 1, 2, 9, 9, 4, 7, 2, 3), Step.WG, TINY, np.ones(2, np.int64), True)
    kys = [(block.first_ky, block.ky_count) for block in choose_blocks(tiny, 1, tiny.costs, True)]
    assert kys == 2 * [(0, 2), (2, 2), (4, 2), (6, 1)]


def test_partial_sums_that_hold_no_kernel_row_are_refused() -> None:
    preset = replace(TINY, name="small", psum_rows=4)
    geometry = ConvGeometry("conv", 1, 2, 9, 9, 4, 7, 1, 3)
    lowering = Lowering(geometry, Step.WG, preset, np.ones(2, np.int64), True)
    with pytest.raises(WgUnitError, match=r"conv WG: .*\(preset small, field psum_rows\)"):
        choose_blocks(lowering, 1, lowering.costs, True)
