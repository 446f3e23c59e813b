"""Products of a training step: the golden model's bit for bit, the emulation's but for the order of sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from golden.exact import finish_fp16
from golden.fgmp import DEFAULT_FORMATS, exponent_histogram, make_policy
from golden.formats import fp16_to_float32, fp32_to_fp16
from golden.geometry import ConvGeometry, Step
from golden.lowering import result_tensor
from regressions.capture.hooks import is_layer, record_iteration
from regressions.capture.resnet import ResNet18
from regressions.capture.training import make_deterministic
from regressions.tests.foreign_models import images_and_labels
from regressions.training.arithmetic import Arithmetic, install
from regressions.training.emulation import Emulation, round_to_half
from regressions.training.errors import TrainingError
from regressions.training.exact import GoldenCore
from regressions.training.precision import codings
from tb.core.replay import Replay, ReplayInput

Bits = NDArray[np.uint16]

GEOMETRIES = (
    ConvGeometry("3x3", 2, 20, 6, 5, 35, kernel=3, stride=1, padding=1),
    ConvGeometry("stride", 3, 9, 7, 7, 18, kernel=3, stride=2, padding=1),
    ConvGeometry("projection", 2, 40, 5, 6, 33, kernel=1, stride=2, padding=0),
    ConvGeometry("stem", 1, 3, 12, 12, 8, kernel=7, stride=2, padding=3),
)
FC = ConvGeometry("fc", 4, 70, 1, 1, 10, kernel=1, stride=1, padding=0)
MODES = ("fp16", "fp8-e4m3", "fp8-e5m2", "fp8-hybrid", "fgmp")


@pytest.fixture(autouse=True)
def torch_seed(seed: int) -> None:
    make_deterministic(seed, threads=1)


def module_of(geometry: ConvGeometry) -> nn.Module:
    """Return a convolution without bias, or the fully connected layer with one."""
    if geometry is FC:
        return nn.Linear(geometry.in_channels, geometry.out_channels)
    window = geometry.kernel, geometry.stride, geometry.padding
    return nn.Conv2d(geometry.in_channels, geometry.out_channels, *window, bias=False)


def step_of(
    geometry: ConvGeometry, arithmetic: Arithmetic, x: Tensor, weight: Tensor, delta: Tensor
) -> dict[Step, Tensor]:
    """Run all three steps of a layer; return their results in the tensors' own shapes."""
    model = nn.Sequential(module_of(geometry))
    module = model[0]
    with torch.no_grad():
        module.weight.copy_(weight.reshape(module.weight.shape))
        if module.bias is not None:
            module.bias.zero_()
    install(model, arithmetic)
    source = x.clone().requires_grad_()
    y = model(source.flatten(1) if geometry is FC else source)
    y.backward(delta.reshape(y.shape))
    assert source.grad is not None
    return {
        Step.FP: y.detach().reshape(geometry.delta_shape),
        Step.BP: source.grad,
        Step.WG: module.weight.grad.reshape(geometry.w_shape),
    }


def random_operands(geometry: ConvGeometry) -> tuple[Tensor, Tensor, Tensor]:
    """X with zeros, W and δ over many binades."""
    x = torch.relu(torch.randn(geometry.x_shape)) * 3
    weight = torch.randn(geometry.w_shape) * torch.exp2(torch.randint(-12, 2, geometry.w_shape))
    delta = torch.randn(geometry.delta_shape) * torch.exp2(torch.randint(-20, 4, geometry.delta_shape))
    return x, weight, delta


def half(values: Tensor) -> Bits:
    """The FP16 bits of float32 values."""
    return fp32_to_fp16(values.numpy().view(np.uint32))


def replayed(
    geometry: ConvGeometry, step: Step, a: Bits, a_name: str, b: Bits, b_name: str
) -> NDArray[np.uint32]:
    """Return the result with which a replay on the core is compared: FP32 bits, all columns."""
    policy = make_policy()
    columns = geometry.in_channels if step is Step.BP else geometry.out_channels
    replay = Replay(
        ReplayInput(
            geometry,
            step,
            a,
            b,
            np.arange(columns),
            DEFAULT_FORMATS[a_name],
            DEFAULT_FORMATS[b_name],
            policy.choose(exponent_histogram(a), None),
            policy.choose(exponent_histogram(b), None),
            "core",
        )
    )
    return result_tensor(replay.lowering, replay.expected)


@pytest.mark.parametrize("geometry", [*GEOMETRIES, FC], ids=lambda geometry: geometry.name)
@pytest.mark.parametrize("threads", [1, 3])
def test_exact_products_are_those_of_a_replay_on_the_core(geometry: ConvGeometry, threads: int) -> None:
    """What the RTL of the core is compared with, bit for bit, in each step."""
    x, weight, delta = random_operands(geometry)
    found = step_of(geometry, GoldenCore(codings("fgmp", None), threads=threads), x, weight, delta)
    bits = {"X": half(x), "W": half(weight), "delta": half(delta)}
    for step, a, b in ((Step.FP, "X", "W"), (Step.BP, "delta", "W"), (Step.WG, "X", "delta")):
        expected = finish_fp16(replayed(geometry, step, bits[a], a, bits[b], b))
        np.testing.assert_array_equal(half(found[step]), expected)
        np.testing.assert_array_equal(found[step].numpy(), fp16_to_float32(expected))


def test_a_whole_iteration_is_its_own_replays() -> None:
    """What is captured of an exact iteration of ResNet-18 gives, replayed, what the iteration computed."""
    model = ResNet18(10, 8, 4)
    install(model, GoldenCore(codings("fgmp", None)))
    outputs: dict[str, Tensor] = {}
    gradients: dict[str, Tensor] = {}
    for name, module in model.named_modules():
        if is_layer(module):
            module.register_forward_hook(lambda _, __, y, name=name: outputs.update({name: y.detach()}))
            module.weight.register_hook(lambda gradient, name=name: gradients.update({name: gradient}))
    recordings, _, _ = record_iteration(model, *images_and_labels(3, 8), loss_scale=1024)
    assert len(recordings) == 21
    for name, recording in recordings.items():
        geometry = recording.geometry
        assert recording.delta is not None
        wg = finish_fp16(replayed(geometry, Step.WG, recording.x, "X", recording.delta, "delta"))
        np.testing.assert_array_equal(half(gradients[name]), wg.reshape(gradients[name].shape))
        if name != "fc":  # whose bias joins the sum before it is rounded
            fp = finish_fp16(replayed(geometry, Step.FP, recording.x, "X", recording.w, "W"))
            np.testing.assert_array_equal(half(outputs[name]), fp)


@pytest.mark.parametrize("geometry", [*GEOMETRIES, FC], ids=lambda geometry: geometry.name)
@pytest.mark.parametrize("mode", MODES)
def test_emulation_where_the_order_of_additions_does_not_matter(geometry: ConvGeometry, mode: str) -> None:
    """Small whole numbers: every sum is exact, so that emulation and golden model must agree in each bit."""
    x, weight, delta = (
        torch.randint(-9, 10, shape).float()
        for shape in (geometry.x_shape, geometry.w_shape, geometry.delta_shape)
    )
    coded = codings(mode, None)
    exact = step_of(geometry, GoldenCore(coded), x, weight, delta)
    emulated = step_of(geometry, Emulation(coded), x, weight, delta)
    for step in Step:
        # Of a row that meets no element the golden model says +0; PyTorch may say -0 of a sum of zeros.
        torch.testing.assert_close(emulated[step], exact[step], rtol=0, atol=0)
    assert exact[Step.WG].abs().max() > 0


@pytest.mark.parametrize("geometry", [*GEOMETRIES, FC], ids=lambda geometry: geometry.name)
def test_emulation_of_real_numbers(geometry: ConvGeometry) -> None:
    """The order of additions moves a result by units in the last place of FP16 at most; most not at all."""
    x, weight, delta = random_operands(geometry)
    coded = codings("fgmp", None)
    exact = step_of(geometry, GoldenCore(coded), x, weight, delta)
    emulated = step_of(geometry, Emulation(coded), x, weight, delta)
    for step in Step:
        same = (exact[step] == emulated[step]).float().mean().item()
        assert same > 0.97
        scale = exact[step].abs().max().item()
        torch.testing.assert_close(emulated[step], exact[step], rtol=2**-10, atol=scale * 2**-18)


@pytest.mark.parametrize("arithmetic", [Emulation, GoldenCore])
def test_fp16_gradients_are_those_of_autograd(arithmetic: type[Arithmetic]) -> None:
    """Plain FP16: PyTorch's own gradients of rounded operands, but for the rounding of the results."""
    for geometry in (*GEOMETRIES, FC):
        x, weight, delta = (
            round_to_half(torch.randn(shape))
            for shape in (geometry.x_shape, geometry.w_shape, geometry.delta_shape)
        )
        found = step_of(geometry, arithmetic(None), x, weight, delta)
        source, kernel = x.clone().requires_grad_(), weight.clone().requires_grad_()
        y = nn.functional.conv2d(source, kernel, None, geometry.stride, geometry.padding)
        y.backward(delta)
        for step, expected in ((Step.FP, y.detach()), (Step.BP, source.grad), (Step.WG, kernel.grad)):
            torch.testing.assert_close(found[step], expected, rtol=2**-10, atol=2**-12)


@pytest.mark.parametrize("arithmetic", [Emulation, GoldenCore])
def test_weight_gradients_in_fp32(arithmetic: type[Arithmetic]) -> None:
    geometry = GEOMETRIES[0]
    operands = random_operands(geometry)
    coded = codings("fgmp", None)
    fp16 = step_of(geometry, arithmetic(coded), *operands)
    fp32 = step_of(geometry, arithmetic(coded, fp32_gradients=True), *operands)
    assert not torch.equal(fp16[Step.WG], fp32[Step.WG])
    torch.testing.assert_close(round_to_half(fp32[Step.WG]), fp16[Step.WG], rtol=0, atol=0)
    for step in (Step.FP, Step.BP):
        torch.testing.assert_close(fp32[step], fp16[step], rtol=0, atol=0)


def test_a_zero_of_a_is_skipped_by_the_golden_model() -> None:
    """An infinite weight meets a zero of X: the hardware adds nothing."""
    geometry = replace(GEOMETRIES[2], stride=1)
    x = torch.zeros(geometry.x_shape)
    x[:, 1] = 1
    weight = torch.ones(geometry.w_shape)
    weight[:, 0] = torch.inf
    found = step_of(geometry, GoldenCore(codings("fgmp", None)), x, weight, torch.ones(geometry.delta_shape))
    assert (found[Step.FP] == 1).all()


@pytest.mark.parametrize("arithmetic", [Emulation, GoldenCore])
def test_bias_of_the_fully_connected_layer(arithmetic: type[Arithmetic]) -> None:
    """The bias joins the FP32 sum before the one rounding; its gradient is the sum of δ."""
    model = nn.Sequential(nn.Linear(5, 3))
    with torch.no_grad():
        model[0].weight.fill_(1)
        model[0].bias.copy_(torch.tensor([2.0**-11, 3 * 2.0**-12, -1.0]))
    install(model, arithmetic(None))
    y = model(torch.tensor([[1.0, 0, 0, 0, 0], [1, 1, 1, 1, 1]]))
    assert y.tolist() == [[1.0, 1 + 2.0**-10, 0.0], [5.0, 5.0, 4.0]]
    y.backward(torch.tensor([[1.0, 2, 3], [4, 5, 6]]))
    assert model[0].bias.grad.tolist() == [5.0, 7.0, 9.0]


@pytest.mark.parametrize("arithmetic", [Emulation, GoldenCore])
def test_the_previous_iteration_gives_the_threshold(arithmetic: type[Arithmetic]) -> None:
    """Training keeps each tensor's histogram for the next iteration; an evaluation leaves it alone."""
    model = nn.Sequential(nn.Linear(64, 16))
    worker = arithmetic(codings("fgmp", "previous=0.2"))
    worker.keep_shares = True
    layer = install(model, worker)["0"]
    small, large = torch.randn(8, 64) / 64, torch.randn(8, 64) * 64
    model.train()
    model(small).sum().backward()
    first = dict(layer.shares)
    assert sorted(first) == ["W", "X", "delta"]
    histogram = layer.previous["X"]
    np.testing.assert_array_equal(histogram, exponent_histogram(half(small)))
    model.eval()
    model(large)
    assert layer.previous["X"] is histogram
    model.train()
    model(large)
    assert layer.shares["X"].e_thr == first["X"].e_thr
    assert layer.shares["X"].fp16 > 0.9 * layer.shares["X"].nonzeros
    model(large)
    assert layer.shares["X"].e_thr > first["X"].e_thr
    assert layer.shares["X"].fp16 <= 0.3 * layer.shares["X"].nonzeros


def test_layers_outside_the_contract_are_named() -> None:
    model = nn.Sequential(nn.Conv2d(4, 4, 3, groups=2))
    install(model, Emulation(None))
    with pytest.raises(
        TrainingError, match=r"layer 0: groups is 2, the hardware takes 1. Remedy: train with"
    ):
        model(torch.zeros(1, 4, 5, 5))
