"""Invariants of the lowering: what meets what, once, in the contract's tiles, lines and order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from golden.geometry import ConvGeometry, GeometryError, Step
from golden.lowering import Lowering, b_matrix, result_tensor
from golden.presets import PresetError, find_preset
from golden.tests.reference import SHAPES, met_element, random_geometry

TINY, CORE = find_preset("tiny"), find_preset("core")


def lower(rng: np.random.Generator, geometry: ConvGeometry, step: Step, balancer: bool = True) -> Lowering:
    """Lower with random costs, on `tiny` or `core`."""
    channels = (geometry.delta_shape if step is Step.BP else geometry.x_shape)[1]
    preset = (TINY, CORE)[rng.integers(2)]
    return Lowering(geometry, step, preset, rng.integers(0, 9, channels), balancer)


def sweep(step_choices: tuple[Step, ...]) -> pytest.MarkDecorator:
    """Every kernel, stride and padding, each in the steps given."""
    return pytest.mark.parametrize(
        ("shape", "step"),
        [
            pytest.param(shape, step, id=f"{step}-k{shape[0]}s{shape[1]}p{shape[2]}")
            for step in step_choices
            for shape in SHAPES
        ],
    )


@sweep(tuple(Step))
def test_each_k_is_summed_exactly_once(
    rng: np.random.Generator, shape: tuple[int, int, int], step: Step
) -> None:
    for balancer in (True, False):
        lowering = lower(rng, random_geometry(rng, shape, 40), step, balancer)
        k = np.concatenate([item.k for item in lowering.line_lists()])
        np.testing.assert_array_equal(np.sort(k), np.arange(lowering.depth))


@sweep((Step.FP, Step.BP))
def test_lists_ascend_in_tap_then_channel(
    rng: np.random.Generator, shape: tuple[int, int, int], step: Step
) -> None:
    lowering = lower(rng, random_geometry(rng, shape, 40), step)
    taps = lowering.geometry.taps
    places = [(item.tile, item.line) for item in lowering.line_lists()]
    assert places == sorted(set(places))
    for item in lowering.line_lists():
        pairs = [(k % taps, k // taps) for k in item.k.tolist()]
        assert pairs == sorted(pairs)
        tile = lowering.k_tiles[item.tile]
        assert {tap for tap, _ in pairs} == set(range(tile.first_tap, tile.tap_end))


@sweep((Step.FP, Step.BP))
def test_tiles_go_group_by_group_with_chunks_inside(
    rng: np.random.Generator, shape: tuple[int, int, int], step: Step
) -> None:
    lowering = lower(rng, random_geometry(rng, shape, 90), step)
    lines, rows, taps = lowering.preset.lines, lowering.preset.rows, lowering.geometry.taps
    channels = lowering.a_shape[1]
    chunk = min(taps, rows)
    group = min(channels, lines * (rows // chunk))
    wanted = [
        (list(range(c, min(c + group, channels))), t, min(chunk, taps - t))
        for c in range(0, channels, group)
        for t in range(0, taps, chunk)
    ]
    tiles = lowering.k_tiles
    assert [(tile.channels.tolist(), tile.first_tap, tile.tap_count) for tile in tiles] == wanted
    for tile in tiles:
        assert sorted(np.concatenate(tile.line_channels).tolist()) == tile.channels.tolist()
        assert sorted(tile.order.tolist()) == tile.channels.tolist()
        assert len(tile.line_channels) == lines
        assert max(len(held) for held in tile.line_channels) <= tile.depth
        assert tile.depth * tile.tap_count <= rows  # the tile's B rows fit a line
        assert all((np.diff(held) > 0).all() for held in tile.line_channels)


@sweep((Step.FP, Step.BP))
def test_addresses_of_every_phase(rng: np.random.Generator, shape: tuple[int, int, int], step: Step) -> None:
    """A row's address plus a tap's and a channel's hits the element that the definition names, or a zero."""
    lowering = lower(rng, random_geometry(rng, shape, 3), step)
    geometry = lowering.geometry
    numbered = np.arange(1, 1 + np.prod(lowering.a_shape)).reshape(lowering.a_shape)
    padded = lowering.pad(numbered).reshape(-1)
    assert padded.size == np.prod(lowering.padded_shape)
    covered = []
    for phase in lowering.phases:
        taps = {tap.number: lowering.tap_address(tap) for tap in phase.taps}
        assert list(taps) == sorted(taps)
        rows, origins = lowering.phase_rows(phase).reshape(-1), lowering.phase_origins(phase).reshape(-1)
        covered += rows.tolist()
        for row, origin in zip(rows.tolist(), origins.tolist(), strict=True):
            for k in range(lowering.depth):
                channel, tap = divmod(k, geometry.taps)
                where = met_element(geometry, step, row, k)
                if tap not in taps:
                    assert where is None
                    continue
                address = origin + taps[tap] + channel * lowering.channel_pitch
                assert 0 <= address < padded.size
                assert padded[address] == (0 if where is None else numbered[where])
    assert sorted(covered) == list(range(lowering.rows))


@sweep((Step.WG,))
def test_addresses_of_weight_gradients(
    rng: np.random.Generator, shape: tuple[int, int, int], step: Step
) -> None:
    lowering = lower(rng, random_geometry(rng, shape, 3), step)
    numbered = np.arange(1, 1 + np.prod(lowering.a_shape)).reshape(lowering.a_shape)
    padded = lowering.pad(numbered).reshape(-1)
    address = lowering.wg_row_addresses()[:, None] + lowering.wg_pixel_addresses()[None, :]
    assert address.shape == (lowering.rows, lowering.depth)
    for (row, k), found in np.ndenumerate(padded[address]):
        where = met_element(lowering.geometry, step, row, k)
        assert found == (0 if where is None else numbered[where])


def test_weight_gradient_tiles_are_r_ascending_pixels() -> None:
    geometry = ConvGeometry("wg", 2, 3, 9, 9, 4, 3, 1, 1)
    lowering = Lowering(geometry, Step.WG, CORE, np.zeros(3, np.int64), True)
    assert [len(tile) for tile in lowering.wg_tiles] == [36, 36, 36, 36, 18]
    assert [(item.tile, item.line) for item in lowering.line_lists()] == [(tile, 0) for tile in range(5)]
    np.testing.assert_array_equal(np.concatenate(lowering.wg_tiles), np.arange(162))


def test_strided_error_propagation_has_phases_with_few_taps_and_none() -> None:
    # 1x1, stride 2: only even pixels meet the one tap; the other three phases meet nothing.
    lowering = Lowering(
        ConvGeometry("down", 1, 4, 4, 4, 8, 1, 2, 0), Step.BP, CORE, np.zeros(8, np.int64), True
    )
    assert [len(phase.taps) for phase in lowering.phases] == [1, 0, 0, 0]
    # 3x3, stride 2, padding 1: 9 taps over the phases as 1 + 2 + 2 + 4.
    lowering = Lowering(
        ConvGeometry("s2", 1, 4, 4, 4, 8, 3, 2, 1), Step.BP, CORE, np.zeros(8, np.int64), True
    )
    assert [len(phase.taps) for phase in lowering.phases] == [1, 2, 2, 4]
    # A single pixel has one phase only.
    lowering = Lowering(
        ConvGeometry("one", 1, 4, 1, 1, 8, 3, 2, 1), Step.BP, CORE, np.zeros(8, np.int64), True
    )
    assert len(lowering.phases) == 1


def test_one_balance_serves_every_chunk_of_a_group(rng: np.random.Generator) -> None:
    lowering = Lowering(
        ConvGeometry("7x7", 1, 20, 7, 7, 1, 7, 1, 3), Step.FP, CORE, rng.integers(0, 99, 20), True
    )
    # 49 taps in chunks of 36 and 13; groups of 8 channels.
    assert [len(tile.channels) for tile in lowering.k_tiles] == [8, 8, 8, 8, 4, 4]
    for first, second in zip(lowering.k_tiles[::2], lowering.k_tiles[1::2], strict=True):
        assert [held.tolist() for held in first.line_channels] == [
            held.tolist() for held in second.line_channels
        ]


@sweep(tuple(Step))
def test_b_rows_and_results_lie_where_the_definition_says(
    rng: np.random.Generator, shape: tuple[int, int, int], step: Step
) -> None:
    geometry = random_geometry(rng, shape, 5)
    lowering = lower(rng, geometry, step)
    b_shape = geometry.delta_shape if step is Step.WG else geometry.w_shape
    result_shapes = {
        Step.FP: geometry.delta_shape,
        Step.BP: geometry.x_shape,
        Step.WG: geometry.w_shape,
    }
    last = geometry.kernel - 1
    b = np.arange(np.prod(b_shape), dtype=np.uint16).reshape(b_shape)
    n_axis = 0 if step is Step.FP else 1
    columns = rng.permutation(b_shape[n_axis])[: int(rng.integers(1, b_shape[n_axis] + 1))]
    matrix = b_matrix(step, b, columns)
    assert matrix.shape == (lowering.depth, len(columns))
    for (k, column), found in np.ndenumerate(matrix):
        n = columns[column]
        if step is Step.WG:
            image, pixel = divmod(k, geometry.out_height * geometry.out_width)
            wanted = b[image, n, pixel // geometry.out_width, pixel % geometry.out_width]
        else:
            channel, tap = divmod(k, geometry.taps)
            ky, kx = divmod(tap, geometry.kernel)
            wanted = b[n, channel, ky, kx] if step is Step.FP else b[channel, n, last - ky, last - kx]
        assert found == wanted
    product = np.arange(lowering.rows * len(columns), dtype=np.uint32).reshape(lowering.rows, -1)
    tensor = result_tensor(lowering, product)
    shape_ = list(result_shapes[step])
    shape_[0 if step is Step.WG else 1] = len(columns)
    assert tensor.shape == tuple(shape_)
    for (row, column), value in np.ndenumerate(product):
        if step is Step.WG:
            channel, tap = divmod(row, geometry.taps)
            assert tensor[column, channel, tap // geometry.kernel, tap % geometry.kernel] == value
        else:
            image, pixel = divmod(row, shape_[2] * shape_[3])
            assert tensor[image, column, pixel // shape_[3], pixel % shape_[3]] == value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch": 0}, "layer x: batch is 0"),
        ({"in_channels": 0}, "layer x: in_channels is 0"),
        ({"out_channels": -1}, "layer x: out_channels is -1"),
        ({"in_height": 0}, "layer x: in_height is 0"),
        ({"kernel": 8}, "layer x: kernel is 8, the hardware takes 1 to 7"),
        ({"kernel": 0}, "layer x: kernel is 0"),
        ({"stride": 3}, "layer x: stride is 3, the hardware takes 1 to 2"),
        ({"padding": -1}, "layer x: padding is -1, must be at least 0"),
        ({"padding": 0, "in_height": 2}, "layer x: a 3x3 kernel with padding 0 does not fit 2x4 images"),
    ],
)
def test_a_geometry_outside_the_contract_is_named(change: dict[str, int], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        replace(ConvGeometry("x", 1, 2, 4, 4, 2, 3, 1, 1), **change)  # type: ignore[arg-type]


def test_an_unknown_preset_is_named_with_the_choices() -> None:
    with pytest.raises(PresetError, match="unknown preset 'huge': choose one of tiny, core, lnpu"):
        find_preset("huge")
