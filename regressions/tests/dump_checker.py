"""Recomputes a dumped replay from its ``.npz`` alone, by NumPy and the contract, without this project's code.

Written from the contract's text: numerics (formats, products, order of additions, FGMP), the three steps as
products, and the description of the dump. It shares nothing with the golden model, not even a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Array = NDArray[np.generic]
Places = NDArray[np.int64]
Source = Callable[[Places, int], tuple[Places, NDArray[np.bool_]]]

CANONICAL_NAN = 0x7FC00000

E4M3, E5M2 = 0, 1
MANTISSA_BITS = {E4M3: 3, E5M2: 2}
BIAS_AND_THRESHOLD = {E4M3: 16, E5M2: 31}
"""The exponent bias is this number minus the threshold exponent."""


@dataclass(frozen=True)
class Decoded:
    """A tensor after FGMP: its values (float32, exact), and which of its non-zeros are in the FP16 group."""

    values: Floats
    is_fp16: NDArray[np.bool_]


def decode(bits: Array, fmt: int, e_thr: int) -> Decoded:
    """Encode FP16 bits by FGMP and decode them again."""
    values = bits.view(np.float16).astype(np.float64)
    size = np.abs(values)
    top = 2.0 ** (e_thr - 1)
    with np.errstate(invalid="ignore"):
        is_fp16 = ~np.isfinite(values) | (size > 1.8125 * top if fmt == E4M3 else size >= 1.875 * top)
    lowest_normal = 1 - (BIAS_AND_THRESHOLD[fmt] - e_thr)
    small = np.where(is_fp16, 0.0, size)
    binade = np.maximum(np.frexp(small)[1] - 1, lowest_normal)
    quantum = np.ldexp(1.0, binade - MANTISSA_BITS[fmt])
    rounded = np.rint(small / quantum) * quantum  # to nearest even, subnormals included
    fp8 = np.where(rounded == 0, 0.0, np.copysign(rounded, values))
    return Decoded(np.where(is_fp16, values, fp8).astype(np.float32), is_fp16)


def recompute(dump: Mapping[str, Array], step: str) -> NDArray[np.uint32]:
    """Return what ``result`` must hold."""
    a = decode(dump["a"], int(dump["a_fmt"]), int(dump["a_e_thr"]))
    b = decode(dump["b"], int(dump["b_fmt"]), int(dump["b_e_thr"]))
    layer = _Layer(
        int(dump["kernel"]),
        int(dump["stride"]),
        int(dump["padding"]),
        int(dump["lines"]),
        int(dump["rows"]),
        bool(dump["balancer"]),
    )
    columns = dump["columns"].astype(np.int64)
    with np.errstate(invalid="ignore", over="ignore"):
        if step == "WG":
            sums = layer.weight_gradients(a.values, b.values[:, columns])
        elif step == "FP":
            weights = b.values[columns]
            height, width = (
                (size + 2 * layer.padding - layer.kernel) // layer.stride + 1 for size in a.values.shape[2:]
            )
            sums = layer.inter_channel(a, weights.transpose(1, 2, 3, 0), height, width, layer.source_fp)
        else:
            rotated = b.values[:, columns, ::-1, ::-1]
            # With stride 2 two heights of X give the same height of δ; only the result tells which it was.
            height, width = dump["result"].shape[2:]
            sums = layer.inter_channel(a, rotated.transpose(0, 2, 3, 1), height, width, layer.source_bp)
    bits = np.ascontiguousarray(sums).view(np.uint32).copy()
    bits[np.isnan(sums)] = CANONICAL_NAN
    return bits


@dataclass(frozen=True)
class _Layer:
    kernel: int
    stride: int
    padding: int
    lines: int
    rows: int
    balancer: bool

    def source_fp(self, place: Places, tap: int) -> tuple[Places, NDArray[np.bool_]]:
        """Row (or column) of X that output row `place` meets with kernel row `tap`; all are whole."""
        at = place * self.stride + tap - self.padding
        return at, np.ones(at.shape, np.bool_)

    def source_bp(self, place: Places, tap: int) -> tuple[Places, NDArray[np.bool_]]:
        """Row of δ that input row `place` meets with row `tap` of the rotated kernel, where it is whole."""
        at = place + self.padding - (self.kernel - 1) + tap
        return at // self.stride, at % self.stride == 0

    def inter_channel(self, a: Decoded, b: Floats, height: int, width: int, source: Source) -> Floats:
        """FP and BP: `b` is ``[channel of A, ky, kx, column]``; returns ``[image, column, y, x]``."""
        batch, channels = a.values.shape[:2]
        taps = self.kernel**2
        chunk = min(taps, self.rows)
        group = min(channels, self.lines * (self.rows // chunk))
        total = np.zeros((batch, height, width, b.shape[3]), np.float32)
        for start in range(0, channels, group):
            members = list(range(start, min(start + group, channels)))
            lists = self._assign(a, members)
            for first in range(0, taps, chunk):
                line_sums = np.zeros((self.lines, *total.shape), np.float32)
                for line, held in enumerate(lists):
                    for tap in range(first, min(first + chunk, taps)):
                        ky, kx = divmod(tap, self.kernel)
                        y, y_whole = source(np.arange(height), ky)
                        x, x_whole = source(np.arange(width), kx)
                        y_met = y_whole & (y >= 0) & (y < a.values.shape[2])
                        x_met = x_whole & (x >= 0) & (x < a.values.shape[3])
                        for channel in sorted(held):
                            met = np.ix_(np.arange(batch), y_met.nonzero()[0], x_met.nonzero()[0])
                            of = a.values[:, channel][:, y[y_met]][:, :, x[x_met]]
                            old = line_sums[line][met]
                            new = old + of[..., None] * b[channel, ky, kx]
                            line_sums[line][met] = np.where((of != 0)[..., None], new, old)
                total = total + _tree(line_sums)
        return total.transpose(0, 3, 1, 2)

    def _assign(self, a: Decoded, members: list[int]) -> list[list[int]]:
        """Channels of each line."""
        lists: list[list[int]] = [[] for _ in range(self.lines)]
        if not self.balancer:
            for index, channel in enumerate(members):
                lists[index % self.lines].append(channel)
            return lists
        present = a.values != 0
        cost = {c: int(present[:, c].sum() + (present & a.is_fp16)[:, c].sum()) for c in members}
        load = [0] * self.lines
        most = -(-len(members) // self.lines)
        for channel in sorted(members, key=lambda c: (-cost[c], c)):
            open_lines = [line for line in range(self.lines) if len(lists[line]) < most]
            line = min(open_lines, key=lambda one: (load[one], one))
            lists[line].append(channel)
            load[line] += cost[channel]
        return lists

    def weight_gradients(self, x: Floats, delta: Floats) -> Floats:
        """WG: returns ``[column, in-channel, ky, kx]``."""
        batch, channels, in_height, in_width = x.shape
        columns, height, width = delta.shape[1:]
        total = np.zeros((channels, self.kernel, self.kernel, columns), np.float32)
        pixels = [(n, py, px) for n in range(batch) for py in range(height) for px in range(width)]
        for start in range(0, len(pixels), self.rows):
            tile = np.zeros_like(total)
            for n, py, px in pixels[start : start + self.rows]:
                for ky in range(self.kernel):
                    for kx in range(self.kernel):
                        sy = py * self.stride + ky - self.padding
                        sx = px * self.stride + kx - self.padding
                        if 0 <= sy < in_height and 0 <= sx < in_width:
                            of = x[n, :, sy, sx]
                            used = of != 0
                            tile[used, ky, kx] += of[used, None] * delta[n, :, py, px]
            total = total + tile
        return total.transpose(3, 0, 1, 2)


def _tree(sums: Floats) -> Floats:
    """Add the lines' sums in pairs of neighbours until one is left."""
    while len(sums) > 1:
        sums = sums[0::2] + sums[1::2]
    result: Floats = sums[0]
    return result
