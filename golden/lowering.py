"""Lowering of a layer's training step to tiles: the one description that golden model and RTL share.

Every step is a product ``C[M, N] += A[M, K] B[K, N]``. The lowering says, without touching a value, which
elements of A meet which rows of B, in which tile, in which line and in which order (DESIGN 2.6 and 3).

Coordinates
-----------
K index
    FP: ``c * taps + tap`` (W's own order); BP: ``o * taps + tap`` with the tap counted after rotation by
    180 degrees; WG: pixel ``(n * out_height + y) * out_width + x`` of δ.
Row index (M)
    FP: pixel ``(n, y, x)`` of the output; BP: pixel ``(n, y, x)`` of the input; WG: ``c * taps + tap``.
Padded A
    A with a margin of zeros on each side of every image, so that every tap of every row is an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from golden.balancer import assign_lines, dispatch_order
from golden.geometry import ConvGeometry, Step
from golden.presets import Preset

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Tap:
    """A kernel position as one phase meets it: its number (rotated in BP) and its shift in padded A."""

    number: int
    dy: int
    dx: int


@dataclass(frozen=True)
class Phase:
    """Output pixels that meet the same taps (one phase, or ``stride**2`` of them in BP).

    Attributes
    ----------
    height, width : int
        Grid of the phase's pixels in each image.
    out_step, out_y, out_x : int
        Grid pixel ``(ty, tx)`` is output pixel ``(out_step*ty + out_y, out_step*tx + out_x)``.
    a_step, a_y, a_x : int
        Its origin in padded A is ``(a_step*ty + a_y, a_step*tx + a_x)``; a tap adds ``(dy, dx)``.
    taps : tuple of Tap
        Taps that the phase meets, ascending; none: every result is +0.
    """

    height: int
    width: int
    out_step: int
    out_y: int
    out_x: int
    a_step: int
    a_y: int
    a_x: int
    taps: tuple[Tap, ...]


@dataclass(frozen=True)
class KTile:
    """A K tile of FP, BP or FC: a group of channels times a chunk of taps.

    Attributes
    ----------
    channels : int64 [n]
        The group, ascending.
    order : int64 [n]
        The group in the order in which the balancer takes it.
    first_tap, tap_count : int
        The chunk (taps counted after rotation in BP).
    line_channels : tuple of int64 arrays
        For each line its channels, ascending; may be empty.
    depth : int
        Channels that a line holds at most, ``ceil(n / lines)``; B row of a line's channel i and the chunk's
        tap t is ``t * depth + i``.
    """

    channels: Ints
    order: Ints
    first_tap: int
    tap_count: int
    line_channels: tuple[Ints, ...]
    depth: int

    @property
    def tap_end(self) -> int:
        """One past the chunk's last tap."""
        return self.first_tap + self.tap_count


@dataclass(frozen=True)
class LineList:
    """One line's list in one tile: `k` indices in the order of summation."""

    tile: int
    line: int
    k: Ints


@dataclass(frozen=True)
class Lowering:
    """A training step of one layer, laid out for one core.

    Parameters
    ----------
    geometry : ConvGeometry
        The layer.
    step : Step
        FP, BP or WG.
    preset : Preset
        Gives lines and B rows of a line.
    costs : int64 [C]
        Cost of every channel of A (`golden.fgmp.channel_costs`); ignored in WG.
    balancer : bool
        Whether channels go to lines by cost (else round robin).
    """

    geometry: ConvGeometry
    step: Step
    preset: Preset
    costs: Ints
    balancer: bool

    @property
    def a_shape(self) -> tuple[int, int, int, int]:
        """Shape of A, unpadded (NCHW)."""
        return self.geometry.delta_shape if self.step is Step.BP else self.geometry.x_shape

    @property
    def a_margin(self) -> int:
        """Zeros on each side of an image of padded A."""
        return self.geometry.kernel if self.step is Step.BP else self.geometry.padding

    @property
    def padded_shape(self) -> tuple[int, int, int, int]:
        """Shape of padded A (NCHW)."""
        batch, channels, height, width = self.a_shape
        return (batch, channels, height + 2 * self.a_margin, width + 2 * self.a_margin)

    def pad(self, a: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return `a` (shape `a_shape`) with its margin of zeros."""
        margin = self.a_margin
        return np.pad(a, ((0, 0), (0, 0), (margin, margin), (margin, margin)))

    @property
    def rows(self) -> int:
        """M: rows of the product."""
        geometry = self.geometry
        if self.step is Step.WG:
            return geometry.in_channels * geometry.taps
        batch, _, height, width = geometry.x_shape if self.step is Step.BP else geometry.delta_shape
        return batch * height * width

    @property
    def depth(self) -> int:
        """K: depth of the product, padding and dilation included."""
        geometry = self.geometry
        if self.step is Step.WG:
            return geometry.batch * geometry.out_height * geometry.out_width
        return self.a_shape[1] * geometry.taps

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """Phases of FP and BP; empty in WG."""
        geometry = self.geometry
        kernel, stride, padding = geometry.kernel, geometry.stride, geometry.padding
        if self.step is Step.WG:
            return ()
        if self.step is Step.FP:
            taps = tuple(Tap(ky * kernel + kx, ky, kx) for ky in range(kernel) for kx in range(kernel))
            return (Phase(geometry.out_height, geometry.out_width, 1, 0, 0, stride, 0, 0, taps),)
        # Input pixel y = stride*ty + ry meets δ row (y + padding - (kernel-1) + ky) / stride where whole.
        phases = []
        for ry in range(stride):
            for rx in range(stride):
                reach_y = ry + padding - (kernel - 1)
                reach_x = rx + padding - (kernel - 1)
                taps = tuple(
                    Tap(ky * kernel + kx, (reach_y + ky) // stride, (reach_x + kx) // stride)
                    for ky in range(kernel)
                    for kx in range(kernel)
                    if (reach_y + ky) % stride == 0 and (reach_x + kx) % stride == 0
                )
                height = -(-(geometry.in_height - ry) // stride)
                width = -(-(geometry.in_width - rx) // stride)
                if height > 0 and width > 0:
                    margin = self.a_margin
                    phases.append(Phase(height, width, stride, ry, rx, 1, margin, margin, taps))
        return tuple(phases)

    @cached_property
    def k_tiles(self) -> tuple[KTile, ...]:
        """K tiles of FP and BP in the order in which they are added; empty in WG."""
        if self.step is Step.WG:
            return ()
        lines, rows = self.preset.lines, self.preset.rows
        taps = self.geometry.taps
        chunk = min(taps, rows)
        count = self.a_shape[1]
        group = min(count, lines * (rows // chunk))
        tiles = []
        for start in range(0, count, group):
            channels = np.arange(start, min(start + group, count), dtype=np.int64)
            line_of = assign_lines(self.costs, channels, lines, self.balancer)
            line_channels = tuple(channels[line_of == line] for line in range(lines))
            order = dispatch_order(self.costs, channels) if self.balancer else channels
            for first in range(0, taps, chunk):
                tiles.append(
                    KTile(
                        channels,
                        order,
                        first,
                        min(chunk, taps - first),
                        line_channels,
                        -(-len(channels) // lines),
                    )
                )
        return tuple(tiles)

    @property
    def wg_tiles(self) -> tuple[Ints, ...]:
        """K tiles of WG: the pixels of δ, ascending, in tiles of R."""
        rows = self.preset.rows
        pixels = np.arange(self.depth, dtype=np.int64)
        return tuple(pixels[start : start + rows] for start in range(0, self.depth, rows))

    def line_lists(self) -> list[LineList]:
        """Export the order of additions: ``(tile, line, [k ...])`` for anyone who recomputes the bits.

        In BP a phase leaves out the taps that it never meets. In WG every line has rows of its own and the
        same list, given here once with line 0.
        """
        if self.step is Step.WG:
            return [LineList(tile, 0, pixels) for tile, pixels in enumerate(self.wg_tiles)]
        taps = self.geometry.taps
        return [
            LineList(
                index,
                line,
                (np.arange(tile.first_tap, tile.tap_end)[:, None] + channels[None, :] * taps).reshape(-1),
            )
            for index, tile in enumerate(self.k_tiles)
            for line, channels in enumerate(tile.line_channels)
            if len(channels)
        ]

    def phase_rows(self, phase: Phase) -> Ints:
        """Row index (M) of each grid pixel of `phase`, all images: int64 [batch, height, width]."""
        geometry = self.geometry
        batch, _, height, width = geometry.x_shape if self.step is Step.BP else geometry.delta_shape
        y = phase.out_step * np.arange(phase.height, dtype=np.int64) + phase.out_y
        x = phase.out_step * np.arange(phase.width, dtype=np.int64) + phase.out_x
        n = np.arange(batch, dtype=np.int64)
        return (n[:, None, None] * height + y[None, :, None]) * width + x[None, None, :]

    def phase_origins(self, phase: Phase) -> Ints:
        """Address in padded A (channel 0) of each grid pixel's origin: int64 [batch, height, width]."""
        batch, channels, height, width = self.padded_shape
        y = phase.a_step * np.arange(phase.height, dtype=np.int64) + phase.a_y
        x = phase.a_step * np.arange(phase.width, dtype=np.int64) + phase.a_x
        n = np.arange(batch, dtype=np.int64)
        return (n[:, None, None] * channels * height + y[None, :, None]) * width + x[None, None, :]

    def tap_address(self, tap: Tap) -> int:
        """What a tap adds to an address in padded A."""
        return tap.dy * self.padded_shape[3] + tap.dx

    @property
    def channel_pitch(self) -> int:
        """What one channel adds to an address in padded A."""
        return self.padded_shape[2] * self.padded_shape[3]

    def wg_row_addresses(self) -> Ints:
        """WG: address in padded A that each row ``(c, ky, kx)`` adds: int64 [M]."""
        kernel, width = self.geometry.kernel, self.padded_shape[3]
        taps = np.arange(kernel, dtype=np.int64)
        shift = (taps[:, None] * width + taps[None, :]).reshape(-1)
        channels = np.arange(self.geometry.in_channels, dtype=np.int64) * self.channel_pitch
        return (channels[:, None] + shift[None, :]).reshape(-1)

    def wg_pixel_addresses(self) -> Ints:
        """WG: address in padded A of each pixel of δ: int64 [K]."""
        geometry = self.geometry
        batch, channels, height, width = self.padded_shape
        n = np.arange(batch, dtype=np.int64)[:, None, None]
        y = geometry.stride * np.arange(geometry.out_height, dtype=np.int64)[None, :, None]
        x = geometry.stride * np.arange(geometry.out_width, dtype=np.int64)[None, None, :]
        return ((n * channels * height + y) * width + x).reshape(-1)


def b_matrix(step: Step, b: NDArray[np.uint16], columns: Ints) -> NDArray[np.uint16]:
    """Arrange B as rows by K index (see the module's head).

    Parameters
    ----------
    step : Step
    b : uint16
        FP: W ``[N, C, k, k]``; BP: W ``[O, N, k, k]``; WG: δ ``[batch, O, y, x]`` (decoded FP16 bits).
    columns : int64 [N]
        The columns replayed, as indices into `b`'s N axis.

    Returns
    -------
    uint16 [K, N]
    """
    if step is Step.FP:
        return np.ascontiguousarray(b[columns].reshape(len(columns), -1).T)
    if step is Step.BP:
        rotated = b[:, columns, ::-1, ::-1]
        return np.ascontiguousarray(rotated.transpose(0, 2, 3, 1).reshape(-1, len(columns)))
    return np.ascontiguousarray(b[:, columns].transpose(0, 2, 3, 1).reshape(-1, len(columns)))


def result_tensor(lowering: Lowering, product: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Reshape the product ``[M, N]`` into the result's tensor: FP and BP NCHW, WG OIHW (N columns each)."""
    geometry = lowering.geometry
    columns = product.shape[1]
    if lowering.step is Step.WG:
        shape = (geometry.in_channels, geometry.kernel, geometry.kernel, columns)
        return np.ascontiguousarray(product.reshape(shape).transpose(3, 0, 1, 2))
    batch, _, height, width = geometry.x_shape if lowering.step is Step.BP else geometry.delta_shape
    return np.ascontiguousarray(product.reshape(batch, height, width, columns).transpose(0, 3, 1, 2))
