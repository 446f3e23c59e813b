"""The products of a layer's three training steps, as PyTorch computes and differentiates them.

A layer's X and W are encoded once, in the forward pass, and serve FP and WG, and BP and FP; its δ is encoded
once, in the backward pass, and serves BP and WG. How the products are computed is an `Arithmetic`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from golden.fgmp import Histogram
from golden.geometry import ConvGeometry
from regressions.capture.hooks import UnsupportedLayer, is_layer, layer_geometry
from regressions.training.errors import TrainingError
from regressions.training.quantiser import Coding

TENSORS = ("X", "W", "delta")
"""What is encoded of each layer."""


@dataclass(frozen=True)
class Share:
    """What FGMP made of one tensor.

    Attributes
    ----------
    elements, nonzeros, fp16 : int
        Elements, non-zeros after FGMP, and those of them in the FP16 group.
    e_thr : int
        Threshold exponent.
    """

    elements: int
    nonzeros: int
    fp16: int
    e_thr: int


class Layer:
    """A convolution or fully connected layer whose products an `Arithmetic` computes.

    Attributes
    ----------
    name : str
    previous : dict
        Exponent histogram of each tensor in the previous iteration, for the policies that ask for it.
    shares : dict
        `Share` of each tensor in the last iteration, if the arithmetic was asked to keep them.
    """

    def __init__(self, name: str, module: nn.Module, arithmetic: Arithmetic) -> None:
        self.name = name
        self.previous: dict[str, Histogram] = {}
        self.shares: dict[str, Share] = {}
        self._module = module
        self._arithmetic = arithmetic
        self._geometries: dict[tuple[int, ...], ConvGeometry] = {}

    @property
    def training(self) -> bool:
        """Whether the layer is in an iteration of training, not in an evaluation."""
        return bool(self._module.training)

    def __call__(self, x: Tensor) -> Tensor:
        """Compute the layer's output from its input, both float32, of the module's own shapes."""
        module, geometry = self._module, self._geometry(tuple(x.shape))
        y = _Product.apply(
            x.reshape(geometry.x_shape),
            module.weight.view(geometry.w_shape),
            module.bias,
            self._arithmetic,
            self,
            geometry,
        )
        return y.reshape(x.shape[0], -1) if isinstance(module, nn.Linear) else y

    def _geometry(self, shape: tuple[int, ...]) -> ConvGeometry:
        if shape not in self._geometries:
            try:
                self._geometries[shape] = layer_geometry(self.name, self._module, shape)
            except UnsupportedLayer as error:
                raise TrainingError(
                    f"layer {self.name}", str(error), "train with --mode fp32, or another network"
                ) from error
        return self._geometries[shape]


class Arithmetic(ABC):
    """Computes the products of the three steps.

    Attributes
    ----------
    codings : mapping
        `Coding` of X, W and delta; None: plain FP16.
    fp32_gradients : bool
        Whether WG's results leave as FP32 instead of FP16; the hardware can do either.
    keep_shares : bool
        Whether layers keep `Share`s.
    """

    def __init__(self, codings: Mapping[str, Coding] | None, fp32_gradients: bool = False) -> None:
        self.codings = codings
        self.fp32_gradients = fp32_gradients
        self.keep_shares = False

    @abstractmethod
    def encode(self, layer: Layer, tensor: str, values: Tensor) -> Any:
        """Round a tensor ("X", "W" or "delta") to FP16 and encode it; the other methods take the result."""

    @abstractmethod
    def forward(self, geometry: ConvGeometry, x: Any, w: Any, bias: Tensor | None) -> Tensor:
        """Return FP's result, rounded to FP16: float32 [batch, out_channels, out_height, out_width]."""

    @abstractmethod
    def backward(
        self, geometry: ConvGeometry, x: Any, w: Any, delta: Any, need: tuple[bool, bool]
    ) -> tuple[Tensor | None, Tensor | None]:
        """Return BP's and WG's results, float32 in the shapes of X and W, each None if it is not needed.

        BP's are rounded to FP16; WG's are, too, unless `fp32_gradients`.
        """

    @abstractmethod
    def decoded(self, encoded: Any) -> Tensor:
        """Return an encoded tensor's values: float32."""


def install(model: nn.Module, arithmetic: Arithmetic) -> dict[str, Layer]:
    """Make an arithmetic compute every convolution and fully connected layer of a network.

    Returns
    -------
    dict of Layer
        By the module's name. The network's parameters, and their names, stay what they are.
    """
    layers = {}
    for name, module in model.named_modules():
        if is_layer(module):
            layers[name] = Layer(name or "model", module, arithmetic)
            module.forward = layers[name].__call__
    return layers


def product_weights(model: nn.Module) -> Iterator[Tensor]:
    """Yield the weights of the convolutions and fully connected layers: what the hardware multiplies by."""
    for module in model.modules():
        if is_layer(module):
            yield module.weight


class _Product(torch.autograd.Function):
    """A layer's product and its gradients."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        arithmetic: Arithmetic,
        layer: Layer,
        geometry: ConvGeometry,
    ) -> Tensor:
        """Compute FP."""
        ctx.product = arithmetic, layer, geometry
        encoded = arithmetic.encode(layer, "X", x), arithmetic.encode(layer, "W", weight)
        ctx.encoded = encoded if any(ctx.needs_input_grad) else None
        return arithmetic.forward(geometry, *encoded, bias)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Compute BP and WG, each where it is asked for."""
        arithmetic, layer, geometry = ctx.product
        x, w = ctx.encoded
        delta = arithmetic.encode(layer, "delta", gradient)
        need_x, need_w, need_bias = ctx.needs_input_grad[:3]
        return (
            *arithmetic.backward(geometry, x, w, delta, (need_x, need_w)),
            # No product: the host sums the δ that it finds in memory.
            arithmetic.decoded(delta).sum(dim=(0, 2, 3)) if need_bias else None,
            None,
            None,
            None,
        )
