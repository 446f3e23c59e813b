"""Recording of X, W and δ at every convolution and fully connected layer of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from golden.geometry import ConvGeometry, GeometryError, Step
from regressions.capture.errors import CaptureError
from regressions.capture.training import classification_loss
from regressions.traces.schema import LAYER_NAME

Bits = NDArray[np.uint16]

_SKIP = "choose a network within the contract, or leave such layers out with --skip-unsupported"


class UnsupportedLayer(Exception):
    """A layer lies outside the hardware contract; the message names the field."""


@dataclass
class Recording:
    """What one iteration showed at one layer; tensors as FP16 bits (uint16), FC as 1x1 convolution."""

    geometry: ConvGeometry
    steps: tuple[Step, ...]
    x: Bits
    w: Bits
    delta: Bits | None = None
    overflows: dict[str, int] = field(default_factory=dict)


def to_half_bits(tensor: Tensor) -> tuple[Bits, int]:
    """Round a tensor to FP16 (nearest even); return its bits and how many finite values became infinite."""
    values = tensor.detach().numpy()
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    overflows = int(np.count_nonzero(np.isinf(half) & np.isfinite(values)))
    return half.view(np.uint16), overflows


def is_layer(module: nn.Module) -> bool:
    """Tell whether a module multiplies by weights, and so belongs into a trace."""
    return isinstance(module, nn.modules.conv._ConvNd | nn.Linear | nn.Bilinear)


def _square(name: str, value: int | tuple[int, ...]) -> int:
    pair = (value, value) if isinstance(value, int) else value
    if pair[0] != pair[1]:
        raise UnsupportedLayer(f"{name} is {pair[0]}x{pair[1]}, the hardware takes square ones")
    return pair[0]


def _conv_window(module: nn.Conv2d) -> tuple[int, int, int]:
    """Return kernel, stride and padding of a convolution within the contract."""
    if module.groups != 1:
        raise UnsupportedLayer(f"groups is {module.groups}, the hardware takes 1")
    if (dilation := _square("dilation", module.dilation)) != 1:
        raise UnsupportedLayer(f"dilation is {dilation}, the hardware takes 1")
    kernel = _square("kernel", module.kernel_size)
    stride = _square("stride", module.stride)
    if not isinstance(module.padding, str):
        padding = _square("padding", module.padding)
    elif module.padding == "same" and kernel % 2 == 0:
        raise UnsupportedLayer("padding is 'same' with an even kernel, so opposite edges would differ")
    else:
        padding = kernel // 2 if module.padding == "same" else 0
    if padding and module.padding_mode != "zeros":
        raise UnsupportedLayer(f"padding_mode is {module.padding_mode}, the hardware pads with zeros")
    return kernel, stride, padding


def layer_geometry(name: str, module: nn.Module, x_shape: tuple[int, ...]) -> ConvGeometry:
    """Return the geometry of a layer that was given an input of `x_shape`.

    Raises
    ------
    UnsupportedLayer
        If the layer lies outside the hardware contract.
    """
    if not LAYER_NAME.fullmatch(name):
        raise UnsupportedLayer("name holds other characters than letters, digits, '_', '.' and '-'")
    if not isinstance(module, nn.Conv2d | nn.Linear):
        raise UnsupportedLayer(f"kind is {type(module).__name__}, the hardware takes Conv2d and Linear")
    rank = 2 if isinstance(module, nn.Linear) else 4
    if len(x_shape) != rank:
        raise UnsupportedLayer(f"input has {len(x_shape)} dimensions, must have {rank}")
    try:
        if isinstance(module, nn.Linear):
            return ConvGeometry(name, x_shape[0], x_shape[1], 1, 1, module.out_features, 1, 1, 0)
        batch, channels, height, width = x_shape
        return ConvGeometry(name, batch, channels, height, width, module.out_channels, *_conv_window(module))
    except GeometryError as error:
        raise UnsupportedLayer(str(error).removeprefix(f"layer {name}: ")) from error


class Recorder:
    """Context manager that records every layer of a network while one iteration runs.

    Parameters
    ----------
    model
        The network; it is not changed.
    skip_unsupported
        Leave layers outside the contract out, and list them in `skipped`, instead of failing.

    Attributes
    ----------
    recordings : dict
        `Recording` by layer name, in the order in which the layers were computed.
    """

    def __init__(self, model: nn.Module, skip_unsupported: bool = False) -> None:
        self.recordings: dict[str, Recording] = {}
        self._skip_unsupported = skip_unsupported
        self._layers = {name or "model": module for name, module in model.named_modules() if is_layer(module)}
        self._rejected: dict[str, str] = {}
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> Recorder:
        for name, module in self._layers.items():
            self._handles.append(module.register_forward_hook(self._forward_hook(name)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    @property
    def skipped(self) -> list[str]:
        """Why each layer that was left out was left out."""
        return [f"layer {name}: {problem}" for name, problem in self._rejected.items()]

    def finish(self) -> dict[str, Recording]:
        """Check that every layer was recorded whole, and return the recordings.

        Raises
        ------
        CaptureError
            If a layer took no part in the iteration, or no layer is left.
        """
        for name in self._layers:
            if name in self._rejected:
                continue
            if name not in self.recordings:
                self._reject(name, "calls is 0, a captured layer runs once in a forward pass")
            elif self.recordings[name].delta is None:
                self._reject(name, "delta is missing, no gradient reached the layer's output")
        if not self.recordings:
            raise CaptureError(
                "--model", "no layer can be captured", "name a network with Conv2d or Linear layers"
            )
        return self.recordings

    def _reject(self, name: str, problem: str) -> None:
        if not self._skip_unsupported:
            raise CaptureError(f"layer {name}", problem, _SKIP)
        self._rejected[name] = problem
        self.recordings.pop(name, None)

    def _forward_hook(self, name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if name in self._rejected:
                return
            if name in self.recordings:
                self._reject(name, "calls is more than 1, a captured layer runs once in a forward pass")
                return
            x = inputs[0]
            try:
                geometry = layer_geometry(name, module, tuple(x.shape))
            except UnsupportedLayer as error:
                self._reject(name, str(error))
                return
            weight = module.weight
            assert isinstance(weight, Tensor)
            x_bits, x_overflows = to_half_bits(x)
            w_bits, w_overflows = to_half_bits(weight)
            recording = Recording(
                geometry=geometry,
                steps=(Step.FP, Step.BP, Step.WG) if x.requires_grad else (Step.FP, Step.WG),
                x=x_bits.reshape(geometry.x_shape),
                w=w_bits.reshape(geometry.w_shape),
                overflows={"x": x_overflows, "w": w_overflows},
            )
            self.recordings[name] = recording
            if output.requires_grad:
                output.register_hook(lambda gradient: self._take_delta(recording, gradient))

        return hook

    @staticmethod
    def _take_delta(recording: Recording, gradient: Tensor) -> None:
        bits, recording.overflows["delta"] = to_half_bits(gradient)
        recording.delta = bits.reshape(recording.geometry.delta_shape)


def record_iteration(
    model: nn.Module, images: Tensor, labels: Tensor, loss_scale: float, skip_unsupported: bool = False
) -> tuple[dict[str, Recording], list[str], float]:
    """Run one training iteration without an update, and record it.

    Parameters
    ----------
    model
        The network; its gradients are cleared, its batch-norm statistics move as in training.
    images, labels
        float32 [N, C, S, S] and int64 [N].
    loss_scale
        Factor on the loss before the backward pass.
    skip_unsupported
        See `Recorder`.

    Returns
    -------
    recordings, skipped, loss
        See `Recorder`; the loss before scaling.
    """
    model.train()
    model.zero_grad(set_to_none=True)
    with Recorder(model, skip_unsupported) as recorder:
        scores = model(images)
        if not isinstance(scores, Tensor) or scores.ndim != 2:
            raise CaptureError(
                "--model",
                "the network does not return one tensor [batch, classes]",
                "name a classifier without auxiliary outputs",
            )
        loss = classification_loss(scores, labels)
        (loss * loss_scale).backward()
    model.zero_grad(set_to_none=True)
    return recorder.finish(), recorder.skipped, float(loss.detach())
