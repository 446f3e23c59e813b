"""The core against golden: bits, work counters and order, on layers drawn at random and on chosen ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from golden.geometry import ConvGeometry, Step
from golden.presets import PRESETS, find_preset
from tb.core.bare import BareCore, CoreFailure, bare_core, require_equal, streams
from tb.core.build import build_bare
from tb.core.device import STREAMS
from tb.core.layers import Operands, make_source, random_geometry

STEPS = list(Step)
DENSITIES = (0.0, 0.05, 0.3, 0.6, 0.9, 1.0)
STALLS = (0, 0, 100, 500, 900)
LAYERS = 60
"""Random layers of a test, each in all its steps."""


@pytest.mark.parametrize("part", range(6))
def test_random_layers(rng: np.random.Generator, part: int) -> None:
    """Any shape, density, stall and balancer setting."""
    core = bare_core("tiny")
    for _ in range(LAYERS):
        geometry = random_geometry(rng)
        for step in STEPS:
            core.check(
                make_source(
                    rng,
                    geometry,
                    step,
                    Operands(density=float(rng.choice(DENSITIES))),
                    balancer=bool(rng.random() < 0.7),
                    stall_permille=int(rng.choice(STALLS)),
                )
            )


OPERANDS = {
    "all zero": Operands(density=0.0),
    "dense": Operands(density=1.0),
    "all FP8": Operands(group="all FP8", density=0.8),
    "all FP16": Operands(group="all FP16", density=0.8),
    "all FP16, dense": Operands(group="all FP16", density=1.0),
    "NaN and infinity in A": Operands(specials="a"),
    "NaN and infinity in B": Operands(specials="b", density=0.3),
    "NaN and infinity in both": Operands(specials="ab"),
    "dead channels": Operands(dead_channels=0.5),
    "all channels dead but some": Operands(dead_channels=0.9, density=1.0),
    "subnormals": Operands(tiny=True, density=0.9),
    "subnormals, all FP16": Operands(tiny=True, group="all FP16"),
    "channels of equal cost": Operands(ties=True),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", OPERANDS)
def test_operands(rng: np.random.Generator, kind: str, step: Step) -> None:
    """Every kind of operand, in layers of any shape."""
    core = bare_core("tiny")
    for _ in range(4):
        core.check(make_source(rng, random_geometry(rng), step, OPERANDS[kind]))


@pytest.mark.parametrize("permille", [300, 700, 950])
@pytest.mark.parametrize("stream", STREAMS)
def test_one_stream_stalls(rng: np.random.Generator, stream: str, permille: int) -> None:
    """Whatever one stream does, the others wait for it and nothing is lost."""
    core = bare_core("tiny")
    for step in STEPS:
        geometry = random_geometry(rng, kernels=(1, 2, 3), size=5)
        source = make_source(rng, geometry, step, Operands(density=0.4), stall_permille=permille)
        core.check(source, streams(stream))


def layer(
    batch: int, channels: int, height: int, width: int, out: int, kernel: int, stride: int, padding: int
) -> ConvGeometry:
    """Shorten a layer's description."""
    return ConvGeometry("chosen", batch, channels, height, width, out, kernel, stride, padding)


CHOSEN = {
    "one element of everything": layer(1, 1, 1, 1, 1, 1, 1, 0),
    "one row": layer(1, 8, 1, 1, 4, 1, 1, 0),
    "one channel": layer(1, 1, 5, 5, 4, 3, 1, 1),
    "one column": layer(1, 6, 5, 5, 1, 3, 1, 1),
    "one row and a tail of columns": layer(1, 3, 3, 3, 5, 3, 1, 0),
    "one channel more than the lines hold": layer(1, 17, 4, 4, 17, 1, 1, 0),
    "one channel more than lines": layer(1, 3, 4, 4, 3, 3, 1, 1),
    "fully connected": layer(5, 37, 1, 1, 10, 1, 1, 0),
    "several blocks": layer(2, 4, 9, 9, 4, 3, 1, 1),
    "more blocks than their tag counts": layer(1, 2, 24, 24, 2, 1, 1, 0),
    "blocks that end inside an image row": layer(1, 3, 3, 21, 4, 1, 1, 0),
    "rows longer than a block": layer(1, 2, 3, 40, 2, 3, 1, 1),
    "phases without a tap": layer(2, 5, 8, 8, 6, 1, 2, 0),
    "nearly only phases without a tap": layer(1, 1, 2, 9, 1, 1, 2, 0),
    "phases of a row without a tap": layer(1, 40, 2, 2, 40, 1, 2, 0),
    "columns between strides": layer(1, 4, 9, 9, 4, 1, 2, 0),
    "strided taps": layer(1, 4, 9, 9, 4, 3, 2, 1),
    "more taps than rows of B": layer(1, 3, 9, 9, 3, 7, 1, 3),
    "more taps than rows of B, strided": layer(2, 3, 11, 11, 3, 7, 2, 3),
    "tiles whose rows meet no tap": layer(1, 5, 6, 6, 5, 3, 2, 1),
    "one K tile a block of weights": layer(1, 9, 2, 3, 4, 2, 1, 0),
    "many K tiles of weights": layer(3, 2, 12, 12, 4, 1, 1, 0),
    "a weight gradient of one pixel": layer(1, 6, 3, 3, 4, 3, 1, 0),
    "padding as wide as it may be": layer(1, 3, 2, 2, 3, 5, 1, 4),
    "an image smaller than the kernel": layer(1, 2, 1, 1, 3, 7, 1, 3),
}


def test_a_row_of_zeros_behind_itself(rng: np.random.Generator) -> None:
    """Of tiles of one row nothing but zeros: each comes while the one before is being read."""
    source = make_source(rng, CHOSEN["phases of a row without a tap"], Step.BP, OPERANDS["all zero"])
    bare_core("tiny").check(source)


@pytest.mark.parametrize("name", CHOSEN)
def test_chosen_shapes(rng: np.random.Generator, name: str) -> None:
    """Shapes that go to the edge of something, with and without stalls, balancer on and off."""
    core = bare_core("tiny")
    for step in STEPS:
        for density, stall, balancer in ((0.5, 0, True), (1.0, 0, False), (0.3, 500, True)):
            operands = Operands(density=density)
            core.check(
                make_source(rng, CHOSEN[name], step, operands, balancer=balancer, stall_permille=stall)
            )


def test_b_may_come_late_to_tiles_without_taps(rng: np.random.Generator) -> None:
    """A tile whose rows meet no tap must not end before its half of B is loaded."""
    core = bare_core("tiny")
    for kernel in (3, 4, 7):
        geometry = layer(1, 5, 6, 6, 5, kernel, 2, 1)
        source = make_source(rng, geometry, Step.BP, Operands(density=1.0), stall_permille=950)
        core.check(source, streams("b"))


def test_results_may_wait_long(rng: np.random.Generator) -> None:
    """With results held up, rows pile up back to the lines; zeros of empty phases wait among them."""
    core = bare_core("tiny")
    for geometry in (CHOSEN["phases without a tap"], CHOSEN["several blocks"]):
        for step in STEPS:
            source = make_source(rng, geometry, step, Operands(density=0.1), stall_permille=980)
            core.check(source, streams("results"))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kernel", [1, 3, 7])
def test_preset_core(rng: np.random.Generator, step: Step, kernel: int) -> None:
    """The larger core: groups of more channels, eight lines in the tree, beats of nine words."""
    core = bare_core("core")
    for stall, density, channels in ((0, 0.4, 64), (0, 1.0, 21), (300, 0.6, 40)):
        size = int(rng.integers(kernel, kernel + 8))
        geometry = layer(2, channels, size, size, 19, kernel, int(rng.integers(1, 3)), kernel // 2)
        operands = Operands(density=density, specials="ab" if density < 0.5 else "")
        core.check(
            make_source(
                rng, geometry, step, operands, preset="core", columns=16 + kernel, stall_permille=stall
            )
        )


def test_more_rows_of_partial_sums_than_any_preset_has(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are counted to 255."""
    tall = replace(find_preset("tiny"), name="tall", psum_rows=255)
    monkeypatch.setitem(PRESETS, tall.name, tall)
    core = BareCore.load(tall.name, build_bare(tall).artifact)
    image = ConvGeometry("tall image", 1, 9, 2, 130, 9, 1, 1, 0)
    kernels = ConvGeometry("many kernels", 1, 260, 3, 3, 9, 1, 1, 0)
    no_tap = ConvGeometry("rows of zeros", 1, 5, 300, 1, 7, 1, 2, 1)
    for geometry, step in ((image, Step.FP), (image, Step.BP), (kernels, Step.WG), (no_tap, Step.BP)):
        core.check(make_source(rng, geometry, step, Operands(density=0.3), preset=tall.name, columns=4))


def test_the_same_launch_twice_gives_the_same(rng: np.random.Generator) -> None:
    """Nothing of a launch is left for the next one, cycles included."""
    core = bare_core("tiny")
    source = make_source(rng, CHOSEN["strided taps"], Step.BP)
    first = core.check(source)
    core.check(make_source(rng, CHOSEN["fully connected"], Step.FP, OPERANDS["NaN and infinity in both"]))
    again = core.check(source)
    assert (first.cycles, first.counters) == (again.cycles, again.counters)


def test_the_balancer_keeps_bits_of_single_lines(rng: np.random.Generator) -> None:
    """Off, it changes the order of additions; with one channel a line there is only one order."""
    core = bare_core("tiny")
    geometry = layer(1, 1, 6, 6, 3, 3, 1, 1)
    on = make_source(rng, geometry, Step.FP)
    off = type(on)(**{**vars(on), "balancer": False})
    np.testing.assert_array_equal(core.check(on).product, core.check(off).product)


def test_first_mismatch_is_named(rng: np.random.Generator) -> None:
    core = bare_core("tiny")
    source = make_source(rng, CHOSEN["one channel"], Step.FP)
    product = core.check(source).product
    wrong = product.copy()
    wrong[7, 2] ^= 1
    wrong[9, 0] ^= 1
    text = rf"2 of {product.size} results differ, .*row 7, column 2: RTL 0x{wrong[7, 2]:08X} \("
    with pytest.raises(CoreFailure, match=rf"{text}.*golden 0x{product[7, 2]:08X} \("):
        require_equal(source, wrong, product)
