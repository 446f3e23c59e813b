"""Recording with PyTorch: what is recorded, and from which layers."""

# mypy: allow-subclassing-any

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from golden.geometry import ConvGeometry, Step
from regressions.capture.errors import CaptureError
from regressions.capture.hooks import record_iteration, to_half_bits
from regressions.capture.training import make_deterministic
from regressions.tests.foreign_models import Around, Plain, images_and_labels


@pytest.fixture(autouse=True)
def torch_seed(seed: int) -> None:
    make_deterministic(seed, threads=1)


def half(tensor: Tensor) -> NDArray[np.uint16]:
    """Convert by PyTorch's own rounding."""
    bits: NDArray[np.uint16] = tensor.detach().to(torch.float16).view(torch.int16).numpy().view(np.uint16)
    return bits


# --- What is recorded -------------------------------------------------------------------------------


def test_rounding_to_half() -> None:
    """Ties to even, subnormals, and overflow to infinity, which is counted; NaN and infinity are not."""
    values = [1 + 2**-11, 1 + 3 * 2**-11, 2**-25, 3 * 2**-25, 65519.0, 65520.0, -1e9, np.inf, np.nan, -0.0]
    bits, overflows = to_half_bits(torch.tensor(values, dtype=torch.float32))
    expected = [0x3C00, 0x3C02, 0x0000, 0x0002, 0x7BFF, 0x7C00, 0xFC00, 0x7C00, 0x7E00, 0x8000]
    assert bits.tolist() == expected
    assert overflows == 2


def test_random_values_round_as_in_torch() -> None:
    values = torch.randn(100_000) * torch.exp2(torch.randint(-26, 17, (100_000,)))
    np.testing.assert_array_equal(to_half_bits(values)[0], half(values))


def test_recorded_tensors_are_those_of_autograd() -> None:
    """Gradients taken by hand from retained outputs, with ReLUs that overwrite what the layers returned."""
    model = Plain(10)
    images, labels = images_and_labels()
    recordings, skipped, loss = record_iteration(model, images, labels, loss_scale=1024)
    assert not skipped
    assert list(recordings) == ["first", "second", "last"]

    x0 = images
    y0 = nn.functional.conv2d(x0, model.first.weight, model.first.bias, padding=1)
    x1 = torch.relu(y0)
    y1 = nn.functional.conv2d(x1, model.second.weight, model.second.bias, stride=2, padding=1)
    x2 = torch.relu(y1).flatten(1)
    y2 = nn.functional.linear(x2, model.last.weight, model.last.bias)
    for output in (y0, y1, y2):
        output.retain_grad()
    reference = nn.functional.cross_entropy(y2, labels, label_smoothing=0.1)
    (reference * 1024).backward()
    assert loss == pytest.approx(reference.item(), rel=1e-6)
    for name, x, y in (("first", x0, y0), ("second", x1, y1), ("last", x2, y2)):
        recording = recordings[name]
        assert recording.delta is not None
        assert y.grad is not None
        np.testing.assert_array_equal(recording.x.reshape(x.shape), half(x))
        np.testing.assert_array_equal(recording.delta.reshape(y.shape), half(y.grad))
        weight = dict(model.named_parameters())[f"{name}.weight"]
        np.testing.assert_array_equal(recording.w.reshape(weight.shape), half(weight))


def test_recorded_geometry_and_steps() -> None:
    recordings, _, _ = record_iteration(Plain(10), *images_and_labels(), loss_scale=1)
    assert [recording.geometry for recording in recordings.values()] == [
        ConvGeometry("first", 4, 3, 8, 8, 6, kernel=3, stride=1, padding=1),
        ConvGeometry("second", 4, 6, 8, 8, 8, kernel=3, stride=2, padding=1),
        ConvGeometry("last", 4, 128, 1, 1, 10, kernel=1, stride=1, padding=0),
    ]
    assert [recording.steps for recording in recordings.values()] == [
        (Step.FP, Step.WG),
        (Step.FP, Step.BP, Step.WG),
        (Step.FP, Step.BP, Step.WG),
    ]


def test_recording_leaves_no_hooks_and_no_gradients() -> None:
    model = Plain(10)
    record_iteration(model, *images_and_labels(), loss_scale=1)
    assert not any(module._forward_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_overflow_is_counted_and_becomes_infinite() -> None:
    recordings, _, _ = record_iteration(Plain(10), *images_and_labels(), loss_scale=1e7)
    recording = recordings["last"]
    assert recording.delta is not None
    infinite = int(np.count_nonzero(recording.delta & 0x7FFF == 0x7C00))
    assert recording.overflows["delta"] == infinite > 0
    assert recording.overflows["x"] == recording.overflows["w"] == 0


# --- Layers outside the contract --------------------------------------------------------------------


class Tokens(nn.Module):
    """A fully connected layer on every pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        mixed: Tensor = self.mix(x)
        return mixed


OUTSIDE: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "groups": (lambda: nn.Conv2d(3, 3, 3, padding=1, groups=3), "layer extra: groups is 3"),
    "dilation": (lambda: nn.Conv2d(3, 3, 3, padding=2, dilation=2), "layer extra: dilation is 2"),
    "kernel": (lambda: nn.Conv2d(3, 3, 9, padding=4), "layer extra: kernel is 9"),
    "not square": (lambda: nn.Conv2d(3, 3, (1, 3), padding=(0, 1)), "layer extra: kernel is 1x3"),
    "stride": (lambda: nn.Conv2d(3, 3, 1, stride=3), "layer extra: stride is 3"),
    "strides": (lambda: nn.Conv2d(3, 3, 1, stride=(1, 2)), "layer extra: stride is 1x2"),
    "paddings": (lambda: nn.Conv2d(3, 3, 3, padding=(0, 1)), "layer extra: padding is 0x1"),
    "mode": (lambda: nn.Conv2d(3, 3, 3, padding=1, padding_mode="circular"), "layer extra: padding_mode is"),
    "even": (
        lambda: nn.Conv2d(3, 3, 2, padding="same"),
        "layer extra: padding is 'same' with an even kernel",
    ),
    "kind": (lambda: nn.ConvTranspose2d(3, 3, 1), "layer extra: kind is ConvTranspose2d"),
    "rank": (Tokens, "layer extra.mix: input has 4 dimensions, must have 2"),
    "name": (
        lambda: nn.ModuleDict({"a/b": nn.Conv2d(3, 3, 1)}),
        "layer extra.a/b: name holds other characters",
    ),
}


class FirstOf(nn.Module):
    """Calls the only entry of a ModuleDict."""

    def __init__(self, entries: nn.ModuleDict) -> None:
        super().__init__()
        for name, module in entries.items():
            self.add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:
        (module,) = self.children()
        result: Tensor = module(x)
        return result


def network_with(make: Callable[[], nn.Module]) -> nn.Module:
    """Put a layer before a small network, at image sizes that suit both."""

    class Fit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            extra = make()
            self.extra = FirstOf(extra) if isinstance(extra, nn.ModuleDict) else extra
            self.plain = Plain(10)

        def forward(self, x: Tensor) -> Tensor:
            scores: Tensor = self.plain(nn.functional.interpolate(self.extra(x), size=(8, 8)))
            return scores

    return Fit()


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("case", OUTSIDE)
def test_layer_outside_the_contract(case: str) -> None:
    make, words = OUTSIDE[case]
    images, labels = images_and_labels()
    with pytest.raises(CaptureError) as caught:
        record_iteration(network_with(make), images, labels, loss_scale=1)
    assert str(caught.value).startswith(words)
    assert "--skip-unsupported" in str(caught.value)

    recordings, skipped, _ = record_iteration(
        network_with(make), images, labels, loss_scale=1, skip_unsupported=True
    )
    assert list(recordings) == ["plain.first", "plain.second", "plain.last"]
    assert len(skipped) == 1
    assert skipped[0].startswith(words)
    assert Step.BP in recordings["plain.first"].steps  # what was left out trains, and needs its error


def test_layer_that_runs_more_than_once() -> None:
    for uses in (2, 3, 4):
        model = Around(nn.Conv2d(3, 3, 1), 10, uses)
        with pytest.raises(CaptureError, match="layer extra: calls is more than 1"):
            record_iteration(model, *images_and_labels(), loss_scale=1)
        recordings, skipped, _ = record_iteration(
            model, *images_and_labels(), loss_scale=1, skip_unsupported=True
        )
        assert "extra" not in recordings
        assert len(skipped) == 1


def test_layer_that_takes_no_part() -> None:
    model = Around(nn.Conv2d(3, 3, 1), 10, uses=0)
    with pytest.raises(CaptureError, match="layer extra: calls is 0"):
        record_iteration(model, *images_and_labels(), loss_scale=1)


def test_layer_that_no_gradient_reaches() -> None:
    model = Around(nn.Conv2d(3, 3, 1), 10)
    for parameter in model.extra.parameters():
        parameter.requires_grad_(False)
    with pytest.raises(CaptureError, match="layer extra: delta is missing"):
        record_iteration(model, *images_and_labels(), loss_scale=1)


def test_network_without_layers() -> None:
    class Bias(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(10))

        def forward(self, x: Tensor) -> Tensor:
            return self.bias + x.mean(dim=(1, 2, 3))[:, None]

    with pytest.raises(CaptureError, match="no layer can be captured"):
        record_iteration(Bias(), *images_and_labels(), loss_scale=1)
