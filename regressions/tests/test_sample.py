"""The sample of ResNet-18 in the repository: complete, true to its geometry, and really from training."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.geometry import Step
from regressions.traces import SAMPLE_PATH, LayerTrace, TensorStatistics, Trace

LIMIT_BYTES = 8_000_000
COLUMNS = 16
BATCH = 16
WIDTHS = {"stem": 64, "layer1": 64, "layer2": 128, "layer3": 256, "layer4": 512}
EDGES = {"stem": 32, "layer1": 32, "layer2": 16, "layer3": 8, "layer4": 4}
IMAGES = {"stem": 1, "layer1": 1, "layer2": 1, "layer3": 4, "layer4": 16, "fc": 16}
LAYERS = (
    "stem",
    *(f"layer1.{block}.conv{conv}" for block in (0, 1) for conv in (1, 2)),
    *(
        f"layer{stage}.{name}"
        for stage in (2, 3, 4)
        for name in ("0.conv1", "0.conv2", "0.downsample", "1.conv1", "1.conv2")
    ),
    "fc",
)
CONVOLUTIONS = LAYERS[:-1]
WHOLE_BATCH = tuple(name for name in LAYERS if IMAGES[name.split(".")[0]] == BATCH)


@cache
def trace() -> Trace:
    return Trace.open(SAMPLE_PATH)


@cache
def load(name: str) -> LayerTrace:
    return trace().load(name)


def values(bits: NDArray[np.uint16]) -> NDArray[np.float64]:
    return bits.view(np.float16).astype(np.float64)


def test_size() -> None:
    assert SAMPLE_PATH.stat().st_size <= LIMIT_BYTES


def test_where_it_comes_from() -> None:
    run = trace().run
    assert (run.model, run.dataset, run.image_size, run.classes) == ("resnet18", "digits", 32, 10)
    assert (run.batch, run.loss_scale) == (BATCH, 1024)
    assert 0.95 <= run.accuracy <= 1
    assert 0 < run.loss < np.log(10)  # below that of guessing


def test_all_layers_in_network_order() -> None:
    assert trace().layers == LAYERS
    assert len(LAYERS) == 21


def test_62_replays() -> None:
    steps = {name: trace().steps(name) for name in LAYERS}
    assert sum(map(len, steps.values())) == 62
    assert steps.pop("stem") == (Step.FP, Step.WG)
    assert set(steps.values()) == {(Step.FP, Step.BP, Step.WG)}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_geometry_chain(name: str) -> None:
    """Each layer takes what the layers before it give."""
    g = trace().geometry(name)
    stage = name.split(".")[0]
    entry = name.endswith(("0.conv1", "downsample")) and stage != "layer1"
    before = {"layer2": "layer1", "layer3": "layer2", "layer4": "layer3"}.get(stage, stage)
    source = before if entry else stage
    assert g.in_channels == (3 if name == "stem" else WIDTHS[source])
    assert g.in_height == g.in_width == EDGES[source]
    assert g.out_channels == WIDTHS[stage]
    assert g.out_height == g.out_width == EDGES[stage]
    assert (g.kernel, g.padding) == ((1, 0) if "downsample" in name else (3, 1))
    assert g.stride == (2 if entry else 1)
    assert g.batch == IMAGES[stage]


def test_last_layer_is_a_convolution_of_one_pixel() -> None:
    g = trace().geometry("fc")
    assert (g.x_shape, g.w_shape, g.delta_shape) == ((16, 512, 1, 1), (10, 512, 1, 1), (16, 10, 1, 1))


@pytest.mark.parametrize("name", LAYERS)
def test_operands_have_full_depth_and_16_columns(name: str) -> None:
    layer = load(name)
    g = layer.geometry
    for step in layer.steps:
        a, b, columns = layer.operands(step)
        channels = g.in_channels if step is Step.BP else g.out_channels
        assert len(columns) == min(COLUMNS, channels)
        reduced = g.out_channels if step is Step.BP else g.in_channels
        assert a.shape[:2] == (g.batch, reduced)
        if step is Step.WG:
            assert b.shape == g.delta_shape
        else:
            assert b.shape[1 - int(step is Step.BP)] == reduced
            assert b.shape[int(step is Step.BP)] == len(columns)


@pytest.mark.parametrize("name", LAYERS)
def test_inputs_have_the_zeros_of_relu(name: str) -> None:
    """All but the images went through a ReLU; the last layer sees means over pixels, seldom all zero."""
    layer = load(name)
    if name == "stem":
        assert np.any(values(layer.x) < 0)
        return
    assert np.all(values(layer.x) >= 0)
    if name != "fc":
        assert 0.2 < np.mean(layer.x == 0) < 0.8
        assert 0.2 < layer.statistics["x"].zero_fraction < 0.8


def test_share_of_zeros_is_that_of_training() -> None:
    """About 43 % of the products of ResNet-18's training have a zero input, says the LNPU literature."""
    zeros = sum(load(name).statistics["x"].zeros for name in CONVOLUTIONS)
    assert 0.38 < zeros / sum(load(name).statistics["x"].elements for name in CONVOLUTIONS) < 0.55


@pytest.mark.parametrize("name", LAYERS)
def test_everything_is_finite(name: str) -> None:
    layer = load(name)
    assert all(statistics.non_finite == 0 for statistics in layer.statistics.values())
    assert all(np.isfinite(values(bits)).all() for bits in layer.tensors.values())


@pytest.mark.parametrize("name", WHOLE_BATCH)
def test_statistics_are_those_of_the_whole_tensor(name: str) -> None:
    layer = load(name)
    for operand, bits in (("x", layer.x), ("delta", layer.delta)):
        counted = TensorStatistics.of(bits)
        np.testing.assert_array_equal(layer.statistics[operand].histogram, counted.histogram)
        assert layer.statistics[operand].zeros == counted.zeros


def test_statistics_of_whole_weights() -> None:
    fc = load("fc")
    assert fc.w_fp is not None
    np.testing.assert_array_equal(fc.statistics["w"].histogram, TensorStatistics.of(fc.w_fp).histogram)


@pytest.mark.parametrize("name", LAYERS)
def test_slices_are_parts_of_the_whole(name: str) -> None:
    """No bin of a slice may hold more than the whole tensor's; where two slices overlap, they agree."""
    layer = load(name)
    for tensor, bits in layer.tensors.items():
        whole = layer.statistics["w" if tensor.startswith("w_") else tensor]
        part = TensorStatistics.of(bits)
        assert np.all(part.histogram <= whole.histogram)
        assert part.zeros <= whole.zeros
    assert layer.w_fp is not None
    assert layer.w_bp is not None
    np.testing.assert_array_equal(layer.w_fp[:, :COLUMNS], layer.w_bp[:COLUMNS])


@pytest.mark.parametrize("stage", ["layer2", "layer3", "layer4"])
def test_downsampling_reads_what_the_block_reads(stage: str) -> None:
    np.testing.assert_array_equal(load(f"{stage}.0.downsample").x, load(f"{stage}.0.conv1").x)


@pytest.mark.parametrize("name", [name for name in WHOLE_BATCH if name != "fc"])
def test_errors_went_through_batch_norm(name: str) -> None:
    """Batch norm makes each channel's δ sum to zero over all images and pixels (but for rounding)."""
    delta = values(load(name).delta)
    assert np.all(np.abs(delta.sum(axis=(0, 2, 3))) < 2e-3 * np.abs(delta).sum(axis=(0, 2, 3)))
    assert load(name).statistics["delta"].zero_fraction < 0.05


def test_errors_of_the_last_layer_are_those_of_cross_entropy() -> None:
    """Probabilities minus targets: they sum to zero, one class an image is pulled up, and the rest down."""
    run = trace().run
    delta = values(load("fc").delta)[:, :, 0, 0] / (run.loss_scale / run.batch)
    np.testing.assert_allclose(delta.sum(axis=1), 0, atol=2e-3)
    target = np.full(delta.shape, run.label_smoothing / run.classes)
    target[np.arange(BATCH), delta.argmin(axis=1)] += 1 - run.label_smoothing
    probabilities = delta + target
    assert probabilities.min() > -1e-3
    loss = -(target * np.log(np.maximum(probabilities, 1e-9))).sum(axis=1).mean()
    assert loss == pytest.approx(run.loss, rel=0.02)
