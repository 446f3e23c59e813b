"""The other networks: their layers, what is recorded of them, and what batch-norm alone changes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from golden.geometry import Step
from regressions.capture.cli import parse_options
from regressions.capture.hooks import record_iteration
from regressions.capture.models import build_model
from regressions.capture.options import NETWORKS
from regressions.capture.training import make_deterministic
from regressions.networks.vgg import STAGES
from regressions.tests.foreign_models import images_and_labels


@pytest.fixture(autouse=True)
def torch_seed(seed: int) -> None:
    make_deterministic(seed, threads=1)


def network(name: str) -> nn.Module:
    return build_model(NETWORKS[name], 10, 32)


def test_names_are_read_from_the_command_line() -> None:
    assert parse_options(["--model", "vgg16"]).model == NETWORKS["vgg16"]
    assert parse_options(["--model", "my_network:make"]).model == "my_network:make"
    assert parse_options([]).model == "resnet18"


@pytest.mark.parametrize("name", NETWORKS)
def test_each_layer_is_recorded(name: str) -> None:
    model = network(name)
    recordings, skipped, _ = record_iteration(model, *images_and_labels(2, 32), loss_scale=1024)
    assert not skipped
    assert len(recordings) == {"vgg16": 16, "alexnet": 8}.get(name, 21)
    first = next(iter(recordings.values()))
    assert first.steps == (Step.FP, Step.WG)


def test_vgg16_is_configuration_d() -> None:
    """13 convolutions with 14,714,688 weights and biases."""
    model = network("vgg16")
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    assert [one.out_channels for one in convolutions] == [width for stage in STAGES for width in stage]
    parameters = [size.numel() for one in convolutions for size in one.parameters()]
    assert sum(parameters) == 14_714_688
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 10)


def test_alexnet_takes_larger_images() -> None:
    assert network("alexnet")(torch.zeros(1, 3, 64, 64)).shape == (1, 10)


def test_errors_are_dense_with_batch_norm_alone() -> None:
    zeros = {}
    for name in ("resnet18-narrow", "resnet18-without-norm"):
        model = network(name)
        norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
        assert len(norms) == (20 if name == "resnet18-narrow" else 0)
        recordings, _, _ = record_iteration(model, *images_and_labels(2, 32), loss_scale=1024)
        delta = recordings["layer1.0.conv1"].delta
        assert delta is not None
        zeros[name] = float((delta & 0x7FFF == 0).mean())
    assert zeros["resnet18-narrow"] < 0.02
    assert zeros["resnet18-without-norm"] > 0.3


def test_pair_has_the_same_layers() -> None:
    shapes = [
        {key: value.shape for key, value in network(name).state_dict().items() if "norm" not in key}
        for name in ("resnet18-narrow", "resnet18-without-norm")
    ]
    assert shapes[0] == shapes[1]
