"""What the compiler lays in memory: streams A and C, job tables, descriptors; bad requests."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from golden.chip.compile import compile_layer, link
from golden.chip.encoding import Descriptor, Extent, Job, OutputMode, Window
from golden.chip.items import (
    BaseItem,
    CostItem,
    FeedItem,
    FeedRowsItem,
    Item,
    Op,
    decode_item,
)
from golden.chip.job_items import base_items
from golden.chip.layer import CompiledLayer
from golden.chip.memory_image import MemoryImage
from golden.chip.output import CompileError, Output
from golden.chip.validate import check_chain
from golden.fgmp import FgmpTensor, encode
from golden.formats import Fp8Format
from golden.geometry import ConvGeometry, Step
from golden.presets import Preset, find_preset
from golden.program import Program
from golden.tests.chip_reference import items_from_bytes, read_words, reader_of
from golden.tests.reference import SHAPES, random_fp16, random_geometry

TINY, CORE, LNPU = find_preset("tiny"), find_preset("core"), find_preset("lnpu")
LAYER = ConvGeometry("conv1", 2, 5, 6, 7, 20, 3, 1, 1)


def _operands(
    rng: np.random.Generator, geometry: ConvGeometry, step: Step, density: float = 0.6
) -> tuple[FgmpTensor, FgmpTensor]:
    x = encode(random_fp16(rng, geometry.x_shape, density), Fp8Format.E4M3, 2)
    w = encode(random_fp16(rng, geometry.w_shape), Fp8Format.E4M3, 1)
    delta = encode(random_fp16(rng, geometry.delta_shape, density), Fp8Format.E5M2, -2)
    return {Step.FP: (x, w), Step.BP: (delta, w), Step.WG: (x, delta)}[step]


def _compiled(
    rng: np.random.Generator, geometry: ConvGeometry, step: Step, preset: Preset, **options: Any
) -> tuple[MemoryImage, CompiledLayer, FgmpTensor]:
    a, b = _operands(rng, geometry, step)
    image = MemoryImage()
    return image, compile_layer(image, geometry, step, preset, a, b, **options), a


def _jobs(image: MemoryImage, layer: CompiledLayer) -> list[Job]:
    descriptor = Descriptor.from_words(read_words(image, layer.descriptors[0].line, 32))
    return [Job.from_words(read_words(image, descriptor.job_table + i, 16)) for i in range(descriptor.jobs)]


def _items(image: MemoryImage, job: Job) -> list[tuple[Op, Item | int]]:
    return [decode_item(word) for word in items_from_bytes(image.read(job.c).tobytes())]


@pytest.mark.parametrize("step", [Step.FP, Step.BP])
@pytest.mark.parametrize("shape", SHAPES[::3], ids=str)
def test_a_brings_every_element_that_rows_need(
    step: Step, shape: tuple[int, int, int], rng: np.random.Generator
) -> None:
    """Read A and its feeds back: columns as the program lists them, with all that the rows' taps meet."""
    for preset in (TINY, CORE):
        geometry = random_geometry(rng, shape, 18)
        image, layer, a = _compiled(rng, geometry, step, preset, balancer=bool(rng.integers(0, 2)))
        lowering, program = layer.lowering, Program(layer.lowering)
        padded = lowering.pad(a.decoded).reshape(-1)
        jobs = _jobs(image, layer)
        by_rows = {job.rows.tobytes(): i for i, job in enumerate(layer.descriptors[0].jobs)}
        for block in program.blocks:
            job = jobs[by_rows[block.rows.tobytes()]]
            items = _items(image, job)
            if block.zero:
                assert not items
                assert (job.a, job.b) == (Extent(), Extent())
                continue
            feeds = [item for _, item in items if isinstance(item, FeedItem)]
            reader = reader_of(image.read(job.a).tobytes(), a)
            for t, tile in enumerate(lowering.k_tiles):
                tops, height = program.block_columns(block, t)
                if not len(tops):
                    continue
                feed = feeds.pop(0)
                held = [channels for channels in tile.line_channels if len(channels)]
                assert feed.columns == len(tops)
                assert feed.words == height * -(-tile.depth // 4)
                assert feed.line_mask == sum(
                    1 << line for line, channels in enumerate(tile.line_channels) if len(channels)
                )
                entries = 4 * -(-tile.depth // 4)
                brought: dict[int, int] = {}
                for top in tops:
                    for channels in held:
                        values = reader.blocks(4 * feed.words, preset.rows)
                        for y in range(height):
                            address = (
                                int(top) + y * lowering.padded_shape[3] + channels * lowering.channel_pitch
                            )
                            pixel = values[y * entries : (y + 1) * entries]
                            assert not any(pixel[len(channels) :])
                            brought |= dict(zip(address.tolist(), pixel, strict=False))
                origins = np.concatenate([patch.origins.reshape(-1) for patch in block.patches])
                taps = [
                    tap
                    for tap in lowering.phases[block.phase].taps
                    if tile.first_tap <= tap.number < tile.tap_end
                ]
                needed = (
                    origins[:, None, None]
                    + np.array([lowering.tap_address(tap) for tap in taps])[None, :, None]
                    + (tile.channels * lowering.channel_pitch)[None, None, :]
                ).reshape(-1)
                assert [brought[int(address)] for address in needed] == padded[needed].tolist()
            assert reader.ended
            assert not feeds


@pytest.mark.parametrize("step", Step)
def test_items_run_a_tile_ahead(step: Step, rng: np.random.Generator) -> None:
    """What feeds tile t+1 stands before the runs of tile t; costs of a group before its tile."""
    geometry = ConvGeometry("conv", 2, 40, 5, 5, 40, 3, 1, 1)
    image, layer, _ = _compiled(rng, geometry, step, TINY)
    items = _items(image, _jobs(image, layer)[0])
    lowering = layer.lowering
    tiles = len(lowering.wg_tiles if step is Step.WG else lowering.k_tiles)
    fed = opened = run = 0
    groups: list[list[tuple[int, int]]] = [[]]
    table = [-1] * 12
    for op, item in items:
        if op in (Op.FEED, Op.FEED_ROWS):
            fed += 1
        elif op is Op.TILE:
            opened += 1
            assert fed >= opened
        elif op is Op.RUN and run < opened:
            run = opened
            assert fed == min(run + 1, tiles)
        if isinstance(item, CostItem):
            groups[-1].append((item.channel0, item.cost0))
            groups[-1] += [(item.channel1, item.cost1)] if item.two else []
            groups += [[]] if item.last else []
        elif isinstance(item, BaseItem):
            table[12 * item.index : 12 * item.index + 12] = item.base
        elif isinstance(item, FeedRowsItem):
            assert table[: item.pixels] != [-1] * item.pixels
    assert (fed, opened, run) == (tiles, tiles, tiles)
    wanted: list[list[tuple[int, int]]] = [
        [(int(c - tile.channels[0]), int(lowering.costs[c])) for c in tile.order]
        for tile in lowering.k_tiles
        if tile.first_tap == 0
    ]
    assert groups == [*wanted, []]


def test_bases_are_sent_when_they_change() -> None:
    table = [-1] * 36
    first = [BaseItem.decode(word) for word in base_items(np.arange(30), table)]
    assert [(item.index, item.base[:2]) for item in first] == [(0, (0, 1)), (1, (12, 13)), (2, (24, 25))]
    assert table[:30] == list(range(30))
    assert base_items(np.arange(30), table) == []
    changed = np.arange(30)
    changed[13] = 99
    assert [BaseItem.decode(word).index for word in base_items(changed, table)] == [1]
    # A shorter tile leaves what it does not use.
    assert base_items(changed[:4], table) == []


def test_columns_of_the_tail_get_a_descriptor(rng: np.random.Generator) -> None:
    image, layer, _ = _compiled(rng, LAYER, Step.FP, CORE)
    full, tail = layer.descriptors
    assert (full.descriptor.columns, tail.descriptor.columns) == (16, 4)
    assert (full.descriptor.last, full.descriptor.next) == (False, tail.line)
    assert (tail.descriptor.last, tail.descriptor.next) == (True, 0)
    assert full.descriptor.a == tail.descriptor.a
    assert [job.job.a for job in full.jobs] == [job.job.a for job in tail.jobs]
    assert {job.first_column for job in tail.jobs} == {16}
    assert check_chain(image.data, full.line, 16, 128) == [full.line, tail.line]


@pytest.mark.parametrize("mode", OutputMode)
def test_every_result_has_its_place(mode: OutputMode, rng: np.random.Generator) -> None:
    image, layer, _ = _compiled(rng, LAYER, Step.FP, LNPU, output=Output(mode))
    seen = np.zeros((layer.lowering.rows, 20), np.int64)
    taken: set[int] = set()
    for one in layer.descriptors:
        for job in one.jobs:
            seen[job.rows, job.first_column : job.first_column + one.descriptor.columns] += 1
            extent = job.job.output
            assert extent.bytes == len(job.rows) * {0: 64, 1: 32, 2: 36}[int(mode)]
            assert one.descriptor.output.holds(extent)
            assert not taken & set(range(extent.line, extent.end))
            taken |= set(range(extent.line, extent.end))
        assert Descriptor.from_words(read_words(image, one.line, 32)) == one.descriptor
    assert (seen == 1).all()


def test_streams_are_stored_once(rng: np.random.Generator) -> None:
    geometry = ConvGeometry("conv", 4, 16, 16, 16, 48, 3, 1, 1)
    _, layer, _ = _compiled(rng, geometry, Step.FP, LNPU)
    jobs = layer.descriptors[0].jobs
    blocks = len(Program(layer.lowering).blocks)
    assert len(jobs) == 3 * blocks
    assert len({job.job.a for job in jobs}) == blocks
    assert len({job.job.b for job in jobs}) == 3
    assert len({job.job.c for job in jobs}) < blocks
    assert jobs[0].job.d == Extent()
    assert layer.descriptors[0].descriptor.d == Window()


def test_d_is_shared_where_rows_do_not_matter(rng: np.random.Generator) -> None:
    scale = rng.integers(0, 1 << 30, 20).astype(np.uint32)
    _, layer, _ = _compiled(
        rng, LAYER, Step.FP, CORE, output=Output(OutputMode.FP16, scale=scale, shift=scale)
    )
    for one in layer.descriptors:
        assert {job.job.d.bytes for job in one.jobs} == {128}
        assert len({job.job.d for job in one.jobs}) == 1
    residual = random_fp16(rng, LAYER.delta_shape)
    _, layer, _ = _compiled(rng, LAYER, Step.FP, TINY, output=Output(OutputMode.FP16, residual=residual))
    for one in layer.descriptors:
        assert len({job.job.d for job in one.jobs}) == len(one.jobs)
        assert all(one.descriptor.d.holds(job.job.d) for job in one.jobs)


@pytest.mark.parametrize("step", Step)
def test_patience_outlasts_the_longest_job(step: Step, rng: np.random.Generator) -> None:
    """With every element FP16, a product takes a line two cycles; the patience is twice the whole."""
    geometry = ConvGeometry("conv1", 1, 64, 32, 32, 16, 3, 1, 1)
    a, b = _operands(rng, geometry, step)
    wide = encode(random_fp16(rng, a.shape), a.fmt, -24)
    assert wide.fp16_fraction == 1
    layer = compile_layer(MemoryImage(), geometry, step, CORE, wide, b)
    rows = max(len(job.rows) for one in layer.descriptors for job in one.jobs)
    taps = 9 * 32 * 32 - 4 * 3 * 32 + 4  # those beyond an edge are left out, at a corner not twice
    cycles = 2 * taps * wide.shape[1] * rows / layer.lowering.rows / CORE.lines
    assert cycles <= layer.job_cycles < 1.1 * cycles
    assert layer.patience == max(4096, min(2 * layer.job_cycles, 65535))


def test_patience_fits_its_register(rng: np.random.Generator) -> None:
    layer = _compiled(rng, LAYER, Step.FP, LNPU)[1]
    patience = {one: replace(layer, job_cycles=one).patience for one in (10, 2_048, 3_000, 32_767, 40_000)}
    assert patience == {10: 4096, 2_048: 4096, 3_000: 6000, 32_767: 65_534, 40_000: 65_535}


def test_layers_become_a_chain(rng: np.random.Generator) -> None:
    image = MemoryImage()
    layers = []
    for step in Step:
        a, b = _operands(rng, LAYER, step)
        layers.append(compile_layer(image, LAYER, step, CORE, a, b))
    layers = link(image, layers)
    lines = [one.line for layer in layers for one in layer.descriptors]
    assert check_chain(image.data, lines[0], 16, 128) == lines
    assert [one.descriptor.last for layer in layers for one in layer.descriptors] == [False] * 4 + [True]


def test_planned_traffic_counts_what_memory_holds(rng: np.random.Generator) -> None:
    """One core shares nothing: every job reads its streams, in whole lines."""
    image, layer, a = _compiled(rng, LAYER, Step.WG, TINY)
    jobs = [job.job for one in layer.descriptors for job in one.jobs]
    traffic = layer.traffic()
    for kind in "abc":
        assert getattr(traffic, kind) == 64 * sum(getattr(job, kind).lines for job in jobs)
    assert traffic.control == 64 * (2 * len(layer.descriptors) + len(jobs))
    assert traffic.results == sum(job.output.bytes for job in jobs)
    assert (traffic.job_records, traffic.completion) == (64 * len(jobs), 256 * len(layer.descriptors))
    plain = layer.traffic(plain=True)
    assert plain.results == 2 * 5 * 9 * 20
    pixels = LAYER.batch * LAYER.out_height * LAYER.out_width
    blocks = len({job.a for job in jobs})
    assert plain.b == blocks * 20 // 4 * 64 * -(-2 * 4 * pixels // 64)
    assert plain.a > traffic.a
    fgmp = compile_layer(
        image, LAYER, Step.FP, TINY, *_operands(rng, LAYER, Step.FP), Output(OutputMode.FGMP)
    )
    with pytest.raises(CompileError, match="FGMP output: pass the bytes"):
        fgmp.traffic()
    assert fgmp.traffic([123]).results == 123
    assert a.elements


def _bad(message: str) -> Any:
    return pytest.raises(CompileError, match=re.escape(message))


def test_bad_requests_name_layer_and_field(rng: np.random.Generator) -> None:
    image = MemoryImage()
    x, w = _operands(rng, LAYER, Step.FP)
    x_wg, delta = _operands(rng, LAYER, Step.WG)

    def fp(**options: Any) -> None:
        compile_layer(image, LAYER, Step.FP, CORE, x, w, Output(**options))

    def wg(**options: Any) -> None:
        compile_layer(image, LAYER, Step.WG, CORE, x_wg, delta, Output(**options))

    half = OutputMode.FP16
    with _bad("layer conv1 FP: A has shape (20, 5, 3, 3), must be (2, 5, 6, 7)"):
        compile_layer(image, LAYER, Step.FP, CORE, w, w)
    with _bad("layer conv1 FP: costs of 3 channels, A has 5"):
        compile_layer(image, LAYER, Step.FP, CORE, x, w, costs=np.zeros(3, np.int64))
    with _bad("columns is empty"):
        compile_layer(image, LAYER, Step.FP, CORE, x, w, columns=np.zeros(0, np.int64))
    with _bad("FP32 output takes no post-processing (relu)"):
        fp(relu=True)
    with _bad("layer conv1 WG: rows of WG come in any order"):
        wg(mode=OutputMode.FGMP)
    with _bad("FGMP output needs job_records"):
        compile_layer(image, LAYER, Step.FP, CORE, x, w, Output(OutputMode.FGMP), job_records=False)
    with _bad("scale and shift come together"):
        fp(mode=half, scale=np.zeros(20, np.uint32))
    with _bad("scale is uint32 (3,), must be FP32 bits (uint32) of 20 columns"):
        fp(mode=half, scale=np.zeros(3, np.uint32), shift=np.zeros(3, np.uint32))
    with _bad("residual is uint16 (2, 20, 1, 1), must be uint16 (2, 20, 6, 7)"):
        fp(mode=half, residual=np.zeros((2, 20, 1, 1), np.uint16))
    with _bad("mask is uint8 (2, 20, 6, 7), must be bool"):
        fp(mode=half, mask=np.zeros((2, 20, 6, 7), np.uint8))
    with _bad("output bias is 64, must lie in 0..63"):
        fp(mode=OutputMode.FGMP, bias=64)
    with _bad("share is (1, 0)"):
        fp(mode=half, share=(1, 0))
    assert image.regions == []
