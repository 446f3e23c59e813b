"""Exact results: IEEE float32 arithmetic in the contract's order of additions (2.6), and what follows it.

Per tile each line sums its list from +0 in order, each exact product added with one rounding; the line
sums are added as a balanced tree over the line number; that is added to the partial sum, which starts at
+0. WG has no tree. The loops are C++ (``native/exact.cpp``); this module lays the lists out as addresses.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from golden import native
from golden.fgmp import FgmpTensor
from golden.formats import U16, U32, canonical_fp32, fp16_to_float32, fp32_to_fp16, require_bits
from golden.geometry import Step
from golden.lowering import Ints, Lowering, Phase

Floats = npt.NDArray[np.float32]

COLUMN_BLOCK = 16
"""Columns of B and of the result are filled up to a multiple of this inside the kernel."""


class ExactError(ValueError):
    """Operands do not fit the lowering."""


@dataclass(frozen=True)
class _Program:
    """Rows that meet the same lists, as the kernel takes them; all arrays int64.

    Attributes
    ----------
    row_address, out_row : [rows]
        Address in padded A that the row adds to every element of a list, and its row index (M).
    lines : int
        Lists of a tile, a power of two.
    start : [tiles * lines + 1]
        Bounds of each list in `address` and `b_row`.
    address, b_row : [start[-1]]
        Address in padded A and K index of each element.
    """

    row_address: Ints
    out_row: Ints
    lines: int
    start: Ints
    address: Ints
    b_row: Ints


def exact_product(lowering: Lowering, a: FgmpTensor, b: U16) -> U32:
    """Compute a training step's product bit for bit as the hardware does.

    Parameters
    ----------
    lowering : Lowering
        The step; its balancer decides the order of additions.
    a : FgmpTensor, shape ``lowering.a_shape``
        The streamed operand. Its zeros are skipped, whatever B holds there.
    b : uint16 [K, N]
        Decoded FP16 bits of the stationary operand (`golden.lowering.b_matrix`).

    Returns
    -------
    uint32 [M, N]
        FP32 bits; every NaN is the canonical one.

    Raises
    ------
    ExactError
        If a shape does not fit the lowering.
    golden.formats.FormatError
        If `b` is not an array of uint16.
    golden.native.NativeError
        If the kernel cannot be compiled.
    """
    require_bits(b, np.uint16, "exact product, operand B")
    if tuple(a.shape) != lowering.a_shape:
        raise ExactError(
            f"operand A has shape {a.shape}, {lowering.step} of this layer takes {lowering.a_shape}"
        )
    if b.ndim != 2 or b.shape[0] != lowering.depth:
        raise ExactError(
            f"operand B has shape {b.shape}, {lowering.step} of this layer takes ({lowering.depth}, N)"
        )
    columns = b.shape[1]
    padded_columns = -(-columns // COLUMN_BLOCK) * COLUMN_BLOCK
    padded_a = np.ascontiguousarray(lowering.pad(fp16_to_float32(a.decoded)), np.float32)
    padded_b = np.zeros((lowering.depth, padded_columns), np.float32)
    padded_b[:, :columns] = fp16_to_float32(b)
    # Only an infinity or NaN in B makes a zero of A matter.
    skip_zeros = not bool(np.isfinite(padded_b).all())
    result = np.zeros((lowering.rows, padded_columns), np.float32)
    for program in _programs(lowering):
        _run(program, padded_a, padded_b, result, skip_zeros)
    return canonical_fp32(np.ascontiguousarray(result[:, :columns]).view(np.uint32))


def finish_fp16(product: U32) -> U16:
    """Round results once to FP16, to nearest even (contract 2.7).

    Parameters
    ----------
    product : uint32, any shape
        FP32 bits.

    Returns
    -------
    uint16, same shape
    """
    return fp32_to_fp16(product)


def postprocess(acc: U32, scale: U32, bias: U32, residual: U16 | None, relu: bool) -> U16:
    """Post-process results in full IEEE FP32 and round once to FP16 (contract 2.7).

    ``y = fl(fl(acc * scale) + bias)``, then ``+ residual``, then ReLU, then one rounding.

    Parameters
    ----------
    acc : uint32, any shape
        FP32 bits.
    scale, bias : uint32, broadcastable to `acc`
        FP32 bits; a channel's value for NCHW results is ``[N, 1, 1]``.
    residual : uint16, broadcastable to `acc`, or None
        FP16 bits, widened before they are added.
    relu : bool
        Whether -0 and negatives (-infinity too) become +0; NaN passes.

    Returns
    -------
    uint16, shape of `acc`

    Raises
    ------
    golden.formats.FormatError
        If an array is not of the bits stated.
    """
    for array, what in ((acc, "results"), (scale, "scale"), (bias, "bias")):
        require_bits(array, np.uint32, f"post-processing, {what}")
    # One ufunc an operation, so each rounds to float32; subnormals are kept.
    with np.errstate(all="ignore"):
        y = acc.view(np.float32) * scale.view(np.float32)
        y = y + bias.view(np.float32)
        if residual is not None:
            y = y + fp16_to_float32(residual)
        if relu:
            y = np.where(np.isnan(y) | (y > 0), y, np.float32(0))
    return fp32_to_fp16(np.broadcast_to(y, acc.shape).astype(np.float32).view(np.uint32))


def _programs(lowering: Lowering) -> Iterator[_Program]:
    """Yield programs that together cover every row that meets anything; the others stay +0."""
    if lowering.step is Step.WG:
        tiles = lowering.wg_tiles
        start = np.cumsum([0, *(len(pixels) for pixels in tiles)], dtype=np.int64)
        yield _Program(
            row_address=lowering.wg_row_addresses(),
            out_row=np.arange(lowering.rows, dtype=np.int64),
            lines=1,
            start=start,
            address=lowering.wg_pixel_addresses(),
            b_row=np.concatenate(tiles),
        )
        return
    for phase in lowering.phases:
        if phase.taps:
            yield _phase_program(lowering, phase)


def _phase_program(lowering: Lowering, phase: Phase) -> _Program:
    """Lay out the lists of one phase of FP or BP."""
    numbers = np.array([tap.number for tap in phase.taps], np.int64)
    shifts = np.array([lowering.tap_address(tap) for tap in phase.taps], np.int64)
    pitch, all_taps = lowering.channel_pitch, lowering.geometry.taps
    lengths, addresses, b_rows = [0], [], []
    for tile in lowering.k_tiles:
        first, end = np.searchsorted(numbers, (tile.first_tap, tile.tap_end))
        tile_shifts, tile_numbers = shifts[first:end, None], numbers[first:end, None]
        for channels in tile.line_channels:
            addresses.append((tile_shifts + channels * pitch).reshape(-1))
            b_rows.append((tile_numbers + channels * all_taps).reshape(-1))
            lengths.append(len(addresses[-1]))
    return _Program(
        row_address=lowering.phase_origins(phase).reshape(-1),
        out_row=lowering.phase_rows(phase).reshape(-1),
        lines=lowering.preset.lines,
        start=np.cumsum(lengths, dtype=np.int64),
        address=np.concatenate(addresses),
        b_row=np.concatenate(b_rows),
    )


@lru_cache(maxsize=1)
def _kernel() -> Any:
    """Return the compiled kernel with its argument types set."""
    function = native.library("exact").accumulate
    floats = np.ctypeslib.ndpointer(np.float32, flags="C_CONTIGUOUS")
    ints = np.ctypeslib.ndpointer(np.int64, ndim=1, flags="C_CONTIGUOUS")
    size = ctypes.c_int64
    function.argtypes = [
        *(floats, ints, ints, size, size, size, ints, ints, ints, floats, floats, size),
        ctypes.c_int32,
    ]
    function.restype = ctypes.c_int32
    return function


def _run(program: _Program, a: Floats, b: Floats, result: Floats, skip_zeros: bool) -> None:
    """Add one program's product to `result` [M, padded columns]."""
    failed = _kernel()(
        a,
        program.row_address,
        program.out_row,
        len(program.row_address),
        (len(program.start) - 1) // program.lines,
        program.lines,
        program.start,
        program.address,
        program.b_row,
        b,
        result,
        b.shape[1],
        int(skip_zeros),
    )
    if failed:
        raise MemoryError("the exact product's scratch memory does not fit")
