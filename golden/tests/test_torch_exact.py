"""Exact products against PyTorch: autograd's three training steps of whole layers, within the error bound."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from golden.exact import exact_product
from golden.geometry import ConvGeometry, Step
from golden.lowering import b_matrix, result_tensor
from golden.presets import find_preset
from golden.tests.reference import additions, make_case, random_fp16

LAYERS = [
    ConvGeometry("stem", 1, 3, 32, 32, 64, 7, 2, 3),
    ConvGeometry("layer1", 1, 64, 16, 16, 64, 3, 1, 1),
    ConvGeometry("layer2 down", 2, 64, 8, 8, 128, 3, 2, 1),
    ConvGeometry("layer2 short cut", 2, 64, 8, 8, 128, 1, 2, 0),
    ConvGeometry("layer4", 4, 512, 4, 4, 512, 3, 1, 1),
    ConvGeometry("fc", 16, 512, 1, 1, 10, 1, 1, 0),
]


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("geometry", LAYERS, ids=lambda geometry: geometry.name)
def test_autograd_of_whole_layers(rng: np.random.Generator, geometry: ConvGeometry, step: Step) -> None:
    a_shape = geometry.delta_shape if step is Step.BP else geometry.x_shape
    b_shape = geometry.delta_shape if step is Step.WG else geometry.w_shape
    a_bits, b_bits = random_fp16(rng, a_shape, 0.56), random_fp16(rng, b_shape)
    columns = np.arange(b_shape[0] if step is Step.FP else b_shape[1])
    case = make_case(geometry, step, find_preset("core"), a_bits, b_matrix(step, b_bits, columns))
    product = exact_product(case.lowering, case.a, case.b)
    found = torch.from_numpy(result_tensor(case.lowering, product).view(np.float32).astype(np.float64))
    a = torch.from_numpy(case.a.decoded.view(np.float16).astype(np.float64))
    b = torch.from_numpy(b_bits.view(np.float16).astype(np.float64))
    wanted, magnitude = (_autograd(geometry, step, *pair) for pair in ((a, b), (a.abs(), b.abs())))
    bound = (1 + 2.0**-24) ** (additions(case.lowering) + 1) - 1
    assert found.shape == wanted.shape
    assert bool(((found - wanted).abs() <= bound * magnitude).all())


def _autograd(geometry: ConvGeometry, step: Step, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Let PyTorch compute the step in float64 from a forward convolution and its backward pass."""
    x = torch.zeros(geometry.x_shape, dtype=torch.float64) if step is Step.BP else a.clone()
    w = torch.zeros(geometry.w_shape, dtype=torch.float64) if step is Step.WG else b.clone()
    x.requires_grad_()
    w.requires_grad_()
    y = torch.nn.functional.conv2d(x, w, stride=geometry.stride, padding=geometry.padding)
    if step is Step.FP:
        return y.detach()
    y.backward(a if step is Step.BP else b)  # type: ignore[no-untyped-call, unused-ignore]
    gradient = x.grad if step is Step.BP else w.grad
    assert gradient is not None
    return gradient
