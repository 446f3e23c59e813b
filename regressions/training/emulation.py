"""Products by PyTorch's own convolutions: fast, and the golden model's but for the order of additions.

Operands are bit-equal to what the hardware decodes and products are exact in float32, so the results differ
from the hardware's only where float32 sums in another order round differently, and mostly not even there
after the rounding to FP16. One more difference shows in overflows alone: the hardware skips a zero of A also
where it meets an infinity or a NaN.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from golden.geometry import ConvGeometry
from regressions.training.arithmetic import Arithmetic, Layer, Share
from regressions.training.quantiser import quantise


def round_to_half(values: Tensor) -> Tensor:
    """Round float32 once, to nearest even, to FP16, and widen it again."""
    return values.to(torch.float16).to(torch.float32)


class Emulation(Arithmetic):
    """Computes all three steps with PyTorch; tensors are encoded to their decoded values."""

    def encode(self, layer: Layer, tensor: str, values: Tensor) -> Tensor:
        """Round a tensor to FP16 and encode it: its decoded values, float32."""
        if self.codings is None:
            return round_to_half(values.detach())
        coding = self.codings[tensor]
        training = layer.training
        quantised = quantise(values, coding, layer.previous.get(tensor) if training else None)
        if training:
            layer.previous[tensor] = quantised.histogram
            if self.keep_shares:
                layer.shares[tensor] = Share(
                    quantised.elements, quantised.nonzero_count, quantised.fp16_count, quantised.e_thr
                )
        return quantised.values

    def forward(self, geometry: ConvGeometry, x: Tensor, w: Tensor, bias: Tensor | None) -> Tensor:
        """Return FP's result, rounded to FP16."""
        y = conv2d(x, w, None, geometry.stride, geometry.padding)
        return round_to_half(y if bias is None else y + bias[:, None, None])

    def backward(
        self, geometry: ConvGeometry, x: Tensor, w: Tensor, delta: Tensor, need: tuple[bool, bool]
    ) -> tuple[Tensor | None, Tensor | None]:
        """Return BP's and WG's results."""
        stride, padding = [geometry.stride] * 2, [geometry.padding] * 2
        # Both in one call, as in PyTorch's own backward pass.
        x_gradient, w_gradient, _ = torch.ops.aten.convolution_backward(
            delta, x, w, None, stride, padding, [1, 1], False, [0, 0], 1, [*need, False]
        )
        return (
            round_to_half(x_gradient) if need[0] else None,
            round_to_half(w_gradient) if need[1] and not self.fp32_gradients else w_gradient,
        )

    def decoded(self, encoded: Tensor) -> Tensor:
        """Return the values as they are."""
        return encoded
