"""How the results of a step leave the chip, and what the chip cannot be asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from golden.chip.encoding import OutputMode
from golden.fgmp import FgmpTensor
from golden.formats import BIAS_MAX, U16, U32, Bool, Fp8Format
from golden.geometry import Step
from golden.lowering import Ints, Lowering

RESULT_BYTES = {OutputMode.FP32: 4, OutputMode.FP16: 2}
"""Bytes of a result that is not FGMP."""


class CompileError(ValueError):
    """A step that the chip cannot be asked for: the message names layer, field and remedy."""


@dataclass(frozen=True)
class Output:
    """How results leave.

    Attributes
    ----------
    mode : OutputMode
    fmt : Fp8Format
        FP8 encoding of FGMP output, and of the record's threshold bias.
    bias : int
        FP8 bias of FGMP output, if `threshold_record` is 0.
    threshold_record : int
        Line of the completion record that gives the bias (of the iteration before); 0: none.
    share : (int, int)
        Share of FP16 that the threshold policy allows: numerator, denominator.
    scale, shift : uint32 [N], or None
        FP32 bits of the scale and bias of each column: both or neither.
    residual : uint16, or None
        FP16 bits to add, shape of the result (NCHW).
    relu : bool
    mask : bool, or None
        Elements to keep, shape of the result (NCHW).
    """

    mode: OutputMode = OutputMode.FP32
    fmt: Fp8Format = Fp8Format.E4M3
    bias: int = 0
    threshold_record: int = 0
    share: tuple[int, int] = (1, 5)
    scale: U32 | None = None
    shift: U32 | None = None
    residual: U16 | None = None
    relu: bool = False
    mask: Bool | None = None


def check_request(
    lowering: Lowering, a: FgmpTensor, b: FgmpTensor, output: Output, columns: Ints, job_records: bool
) -> None:
    """Raise `CompileError` for what the chip or this compiler cannot take."""
    name = f"layer {lowering.geometry.name} {lowering.step}"
    wg, mode = lowering.step is Step.WG, output.mode
    if a.shape != lowering.a_shape:
        raise CompileError(f"{name}: A has shape {a.shape}, must be {lowering.a_shape}")
    if len(lowering.costs) != lowering.a_shape[1]:
        raise CompileError(
            f"{name}: costs of {len(lowering.costs)} channels, A has {lowering.a_shape[1]}; "
            "pass golden.fgmp.channel_costs(a)"
        )
    if len(columns) == 0:
        raise CompileError(f"{name}: columns is empty; name at least one")
    extra = [
        field
        for field, given in (
            ("scale", output.scale is not None),
            ("residual", output.residual is not None),
            ("relu", output.relu),
            ("mask", output.mask is not None),
        )
        if given
    ]
    if mode is OutputMode.FP32 and extra:
        raise CompileError(f"{name}: FP32 output takes no post-processing ({extra[0]}); choose FP16 or FGMP")
    if wg and (mode is OutputMode.FGMP or output.residual is not None or output.mask is not None):
        raise CompileError(
            f"{name}: rows of WG come in any order, so it takes no FGMP output, residual or mask; "
            "choose FP16 or FP32 without them"
        )
    if mode is OutputMode.FGMP and not job_records:
        raise CompileError(f"{name}: FGMP output needs job_records, which hold the results' lengths")
    if (output.scale is None) != (output.shift is None):
        raise CompileError(f"{name}: scale and shift come together; pass both or neither")
    if output.scale is not None and output.shift is not None:
        for field, values in (("scale", output.scale), ("shift", output.shift)):
            if values.shape != (len(columns),) or values.dtype != np.uint32:
                raise CompileError(
                    f"{name}: {field} is {values.dtype} {values.shape}, "
                    f"must be FP32 bits (uint32) of {len(columns)} columns"
                )
    if not wg:
        batch, _, height, width = (
            lowering.geometry.x_shape if lowering.step is Step.BP else lowering.geometry.delta_shape
        )
        shape = (batch, len(columns), height, width)
        for field, tensor, dtype in (
            ("residual", output.residual, np.uint16),
            ("mask", output.mask, np.bool_),
        ):
            if tensor is not None and (tensor.shape != shape or tensor.dtype != dtype):
                raise CompileError(
                    f"{name}: {field} is {tensor.dtype} {tensor.shape}, must be {np.dtype(dtype)} {shape}"
                )
    if not 0 <= output.bias <= BIAS_MAX:
        raise CompileError(f"{name}: output bias is {output.bias}, must lie in 0..{BIAS_MAX}")
    if not (0 <= output.share[0] <= 255 and 1 <= output.share[1] <= 255):
        raise CompileError(
            f"{name}: share is {output.share}, must be two numbers up to 255, the second positive"
        )
