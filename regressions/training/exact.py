"""Products by the golden model of the core: bit for bit what the chip computes.

Tensors are encoded by `golden.fgmp`, laid out by `golden.lowering` with the balancer's assignment of channels
to lines, and multiplied by `golden.exact` in the contract's order of additions. Only NumPy and the golden
model take part; PyTorch holds the results.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from golden.exact import exact_product, finish_fp16, postprocess
from golden.fgmp import FgmpTensor, channel_costs, encode, exponent_histogram
from golden.formats import U16, U32, Fp8Format, fp16_to_float32
from golden.geometry import ConvGeometry, Step
from golden.lowering import Lowering, b_matrix, result_tensor
from golden.presets import find_preset
from regressions.capture.hooks import to_half_bits
from regressions.training.arithmetic import Arithmetic, Layer, Share
from regressions.training.quantiser import Coding, saturated

PRESET = "core"
"""Lines and B rows, which decide the order of additions; `lnpu` gives the same bits."""
ALL_FP16_E_THR = -24
"""With this threshold every non-zero is in the FP16 group: plain FP16."""
_ONE = np.array(0x3F800000, np.uint32)
_COLUMNS = 16
"""Threads share a product's columns in multiples of a core's."""


class GoldenCore(Arithmetic):
    """Computes all three steps with the golden model; tensors are encoded to `golden.fgmp.FgmpTensor`.

    Parameters
    ----------
    codings, fp32_gradients
        See `Arithmetic`.
    threads : int
        Threads that share the columns of a product; they change no bit.
    """

    def __init__(
        self, codings: Mapping[str, Coding] | None, fp32_gradients: bool = False, threads: int = 1
    ) -> None:
        super().__init__(codings, fp32_gradients)
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads)
        self._preset = find_preset(PRESET)

    def encode(self, layer: Layer, tensor: str, values: Tensor) -> FgmpTensor:
        """Round a tensor to FP16 and encode it."""
        bits, _ = to_half_bits(values)
        if self.codings is None:
            return encode(bits, Fp8Format.E4M3, ALL_FP16_E_THR)
        coding, training = self.codings[tensor], layer.training
        histogram = exponent_histogram(bits)
        e_thr = coding.policy.choose(histogram, layer.previous.get(tensor) if training else None)
        if coding.saturate:
            bits = saturated(bits, coding.fmt, e_thr)
        encoded = encode(bits, coding.fmt, e_thr)
        if training:
            layer.previous[tensor] = histogram
            if self.keep_shares:
                layer.shares[tensor] = Share(
                    encoded.elements, encoded.nonzero_count, encoded.fp16_count, encoded.e_thr
                )
        return encoded

    def forward(self, geometry: ConvGeometry, x: FgmpTensor, w: FgmpTensor, bias: Tensor | None) -> Tensor:
        """Return FP's result with the bias added in FP32 by the post-processing, rounded to FP16."""
        product = self._product(geometry, Step.FP, x, w)
        if bias is None:
            return _tensor(finish_fp16(product))
        bias_bits = bias.detach().numpy().view(np.uint32)[:, None, None]
        return _tensor(postprocess(product, _ONE, bias_bits, None, relu=False))

    def backward(
        self,
        geometry: ConvGeometry,
        x: FgmpTensor,
        w: FgmpTensor,
        delta: FgmpTensor,
        need: tuple[bool, bool],
    ) -> tuple[Tensor | None, Tensor | None]:
        """Return BP's and WG's results."""
        x_gradient = w_gradient = None
        if need[0]:
            x_gradient = _tensor(finish_fp16(self._product(geometry, Step.BP, delta, w)))
        if need[1]:
            product = self._product(geometry, Step.WG, x, delta)
            fp32 = self.fp32_gradients
            w_gradient = torch.from_numpy(product.view(np.float32)) if fp32 else _tensor(finish_fp16(product))
        return x_gradient, w_gradient

    def decoded(self, encoded: FgmpTensor) -> Tensor:
        """Return an encoded tensor's values: float32."""
        return _tensor(encoded.decoded)

    def _product(self, geometry: ConvGeometry, step: Step, a: FgmpTensor, b: FgmpTensor) -> U32:
        """Return the step's result in its tensor's shape: FP32 bits."""
        costs = np.zeros(0, np.int64) if step is Step.WG else channel_costs(a)
        lowering = Lowering(geometry, step, self._preset, costs, balancer=True)
        columns = np.arange(geometry.in_channels if step is Step.BP else geometry.out_channels)
        parts = max(1, min(self._threads, len(columns) // _COLUMNS))

        def part(chosen: np.ndarray) -> U32:
            return exact_product(lowering, a, b_matrix(step, b.decoded, chosen))

        products = list(self._pool.map(part, np.array_split(columns, parts)))
        return result_tensor(lowering, np.concatenate(products, axis=1))


def _tensor(bits: U16) -> Tensor:
    return torch.from_numpy(fp16_to_float32(bits))
