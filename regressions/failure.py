"""The first differing element of a replay, with the operands that made it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.fgmp import FgmpTensor
from golden.formats import fp16_to_float32
from golden.geometry import Step
from golden.lowering import LineList, Lowering, result_tensor
from regressions.results import Mismatch, Operand
from tb.core.replay import Replay, ReplayOutcome

SHOWN_OPERANDS = 48


def first_mismatch(replay: Replay, outcome: ReplayOutcome, rerun_waves: str) -> Mismatch:
    """Describe the first differing element of a core's product, in the order of the result's tensor."""
    expected, actual = (
        result_tensor(replay.lowering, product) for product in (replay.expected, outcome.product)
    )
    return first_difference(replay, expected, actual, rerun_waves)


def first_difference(
    replay: Replay, expected: NDArray[Any], actual: NDArray[Any], rerun_waves: str
) -> Mismatch:
    """Describe the first differing element of two results (FP32 bits as uint32, or FP16 bits as uint16).

    `operands` are those of the first tile and line that have a non-zero element of A for it (at most
    `SHOWN_OPERANDS`), in the order of addition.
    """
    index = [int(i) for i in np.argwhere(expected != actual)[0]]
    row, column = _row_and_column(replay.lowering, index)
    tile, line, operands = _operands(replay, row, column)
    wanted, got = expected[tuple(index)], actual[tuple(index)]
    return Mismatch(
        index,
        row,
        column,
        tile,
        line,
        operands,
        _hex(wanted),
        _value(wanted),
        _hex(got),
        _value(got),
        rerun_waves,
    )


def _hex(bits: np.unsignedinteger[Any]) -> str:
    return f"{int(bits):0{2 * bits.itemsize}X}"


def _value(bits: np.unsignedinteger[Any]) -> float:
    return float(bits.view(np.float32 if bits.itemsize == 4 else np.float16))


def _row_and_column(lowering: Lowering, index: list[int]) -> tuple[int, int]:
    """Place in C[M, N] of an element of the result's tensor."""
    geometry = lowering.geometry
    if lowering.step is Step.WG:
        column, channel, ky, kx = index
        return (channel * geometry.kernel + ky) * geometry.kernel + kx, column
    _, _, height, width = geometry.x_shape if lowering.step is Step.BP else geometry.delta_shape
    image, column, y, x = index
    return (image * height + y) * width + x, column


def _a_addresses(lowering: Lowering, row: int, entry: LineList) -> list[tuple[int, int]]:
    """K index and address in padded A of each element of a list that `row` meets."""
    if lowering.step is Step.WG:
        base = int(lowering.wg_row_addresses()[row])
        pixels = lowering.wg_pixel_addresses()
        return [(int(k), base + int(pixels[k])) for k in entry.k]
    taps = lowering.geometry.taps
    for phase in lowering.phases:
        found = np.argwhere(lowering.phase_rows(phase) == row)
        if len(found):
            origin = int(lowering.phase_origins(phase)[tuple(found[0])])
            shift = {tap.number: lowering.tap_address(tap) for tap in phase.taps}
            return [
                (int(k), origin + int(k // taps) * lowering.channel_pitch + shift[int(k % taps)])
                for k in entry.k
                if int(k % taps) in shift
            ]
    return []


def _operands(replay: Replay, row: int, column: int) -> tuple[int, int, list[Operand]]:
    lowering = replay.lowering
    codes = lowering.pad(_stored_codes(replay.a)).reshape(-1)
    values = lowering.pad(fp16_to_float32(replay.a.decoded)).reshape(-1)
    wide = lowering.pad(replay.a.is_fp16).reshape(-1)
    nonzero = lowering.pad(replay.a.nonzero).reshape(-1)
    b_values = fp16_to_float32(replay.b[:, column])
    for entry in lowering.line_lists():
        met = [(k, at) for k, at in _a_addresses(lowering, row, entry) if nonzero[at]]
        if met:
            operands = [
                Operand(
                    k,
                    f"{int(codes[at]):0{4 if wide[at] else 2}X}",
                    float(values[at]),
                    f"{int(replay.b[k, column]):04X}",
                    float(b_values[k]),
                )
                for k, at in met[:SHOWN_OPERANDS]
            ]
            return entry.tile, entry.line, operands
    return 0, 0, []


def _stored_codes(a: FgmpTensor) -> np.ndarray:
    return np.where(a.is_fp16, a.fp16, a.codes).astype(np.uint16)
