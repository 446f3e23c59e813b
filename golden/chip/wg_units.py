"""WG: which elements of A a unit brings, where its rows find theirs, and how channels become jobs.

A unit is a channel and a range of kernel rows. Row (ky, kx) takes for pixel j of the K tile the unit's
element ``base[j] + (ky - first ky) * pitch + kx``. Two layouts have that form: *box*, the image rows that the
tile spans, one after another (neighbouring output rows share theirs); and *pieces*, for each kernel row the
pieces of image rows that the tile's pixels meet, side by side. Each tile takes the one with fewer elements.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from golden.chip.items import UNIT_ELEMENTS
from golden.lowering import Ints, Lowering


class WgUnitError(ValueError):
    """No layout brings the pixels of a K tile within the elements of a unit."""


@dataclass(frozen=True)
class UnitLayout:
    """How the units of one K tile hold A; the same for all blocks with as many kernel rows.

    Attributes
    ----------
    base : int64 [pixels]
    pitch : int
        Elements from one kernel row to the next (0 where units have one kernel row).
    ky, last_ky : int
        Kernel rows of a unit, and of a channel's last unit.
    channel_units : int
    offsets, last_offsets : int64 [elements]
        Address in padded A of each element, from the tile's first pixel and the unit's channel and first
        kernel row; -1: no row takes it.
    """

    base: Ints
    pitch: int
    ky: int
    last_ky: int
    channel_units: int
    offsets: Ints
    last_offsets: Ints

    @property
    def elements(self) -> int:
        """Elements of a unit."""
        return len(self.offsets)

    @property
    def last_elements(self) -> int:
        """Elements of a channel's last unit."""
        return len(self.last_offsets)

    @property
    def channel_elements(self) -> int:
        """Elements of all units of a channel."""
        return (self.channel_units - 1) * self.elements + self.last_elements


@dataclass(frozen=True)
class UnitBlock:
    """Rows of one WG job: channels, and a range of kernel rows that they share.

    Attributes
    ----------
    channels : int64 [n]
        In the order of the job's rows.
    first_ky, ky_count : int
    """

    channels: Ints
    first_ky: int
    ky_count: int

    def rows(self, lowering: Lowering) -> Ints:
        """Row indices (M) in the order of the block's rows: int64 [n * ky_count * kernel]."""
        kernel, taps = lowering.geometry.kernel, lowering.geometry.taps
        end = self.first_ky + self.ky_count
        inside = np.arange(self.first_ky * kernel, end * kernel, dtype=np.int64)
        rows: Ints = (self.channels[:, None] * taps + inside[None, :]).reshape(-1)
        return rows


class UnitLayouts:
    """Layouts of the units of one layer's WG step."""

    def __init__(self, lowering: Lowering) -> None:
        self._lowering = lowering
        self._known: dict[tuple[int, bytes], UnitLayout] = {}

    @cached_property
    def _pixels(self) -> tuple[Ints, Ints, Ints]:
        """Image, top row and left column in padded A of each pixel of δ."""
        geometry = self._lowering.geometry
        image, inside = np.divmod(
            np.arange(self._lowering.depth, dtype=np.int64), geometry.out_height * geometry.out_width
        )
        y, x = np.divmod(inside, geometry.out_width)
        return image, y * geometry.stride, x * geometry.stride

    def of_tiles(self, ky_count: int) -> list[UnitLayout]:
        """Layout in each K tile for blocks with `ky_count` kernel rows.

        Raises
        ------
        WgUnitError
            If a tile's pixels do not fit a unit even one kernel row at a time.
        """
        return [self._of_tile(ky_count, tile) for tile in self._lowering.wg_tiles]

    def _of_tile(self, ky_count: int, pixels: Ints) -> UnitLayout:
        image, top, left = (values[pixels] for values in self._pixels)
        place = np.stack([image - image[0], top - top[0], left - left[0]])
        key = (ky_count, place.tobytes())
        if key not in self._known:
            self._known[key] = self._best(ky_count, image - image[0], top - top[0], left - left[0])
        return self._known[key]

    def _best(self, ky_count: int, image: Ints, top: Ints, left: Ints) -> UnitLayout:
        geometry, width = self._lowering.geometry, self._lowering.padded_shape[3]
        _, channels, height, _ = self._lowering.padded_shape
        address = (image * channels * height + top) * width + left
        step = min(geometry.stride, geometry.kernel)
        best: UnitLayout | None = None
        for ky in range(ky_count, 0, -1):
            for base, pitch in (
                _box(ky, geometry.kernel, image, top, left),
                _pieces(geometry.kernel, geometry.stride, step, image, top, left),
            ):
                layout = _place(ky_count, ky, geometry.kernel, width, base, pitch, address)
                if layout.elements <= UNIT_ELEMENTS and (
                    best is None or layout.channel_elements < best.channel_elements
                ):
                    best = layout
        if best is None:
            raise WgUnitError(
                f"layer {geometry.name} WG: {len(address)} pixels of a K tile need more than {UNIT_ELEMENTS} "
                "elements of one kernel row; no layer within the contract does"
            )
        return best


def _box(ky: int, kernel: int, image: Ints, top: Ints, left: Ints) -> tuple[Ints, int]:
    """Bases and pitch of the image rows that the tile spans, image after image, cut to its columns."""
    pitch = int(left.max() - left.min()) + kernel
    base = np.empty(len(image), np.int64)
    filled = 0
    for one in np.unique(image):
        inside = image == one
        first, last = int(top[inside].min()), int(top[inside].max())
        base[inside] = (filled + top[inside] - first) * pitch + left[inside] - left.min()
        filled += last - first + ky
    return base - base.min(), pitch


def _pieces(kernel: int, stride: int, step: int, image: Ints, top: Ints, left: Ints) -> tuple[Ints, int]:
    """Bases and pitch of the pieces of image rows, side by side; what no kernel column takes is left out."""
    base = np.empty(len(image), np.int64)
    starts = np.flatnonzero(np.diff(image, prepend=-1) | np.diff(top, prepend=-1))
    filled = 0
    for first, end in zip(starts, [*starts[1:], len(image)], strict=True):
        base[first:end] = filled + (left[first:end] - left[first]) // stride * step
        filled += (end - first - 1) * step + kernel
    return base, int(filled)


def _place(
    ky_count: int, ky: int, kernel: int, width: int, base: Ints, pitch: int, address: Ints
) -> UnitLayout:
    """Find the address of every element from what the rows take."""
    units = -(-ky_count // ky)
    last_ky = ky_count - (units - 1) * ky
    full = _offsets(ky, kernel, width, base, pitch, address)
    last = full if last_ky == ky else _offsets(last_ky, kernel, width, base, pitch, address)
    return UnitLayout(base, pitch if ky > 1 else 0, ky, last_ky, units, full, last)


def _offsets(ky: int, kernel: int, width: int, base: Ints, pitch: int, address: Ints) -> Ints:
    rows, columns = np.arange(ky)[:, None, None], np.arange(kernel)[None, :, None]
    element = base[None, None, :] + rows * pitch + columns
    where = address[None, None, :] + rows * width + columns
    offsets = np.full(int(element.max()) + 1, -1, np.int64)
    offsets[element] = where
    if (offsets[element] != where).any():
        raise AssertionError("two rows of a unit want different addresses in one element")
    return offsets


def choose_blocks(lowering: Lowering, groups: int, costs: Ints, balancer: bool) -> list[UnitBlock]:
    """Divide the rows of a WG step into blocks of equal work.

    Parameters
    ----------
    lowering : Lowering
    groups : int
        Groups of columns: each block becomes as many jobs.
    costs : int64 [C]
        Cost of each channel.
    balancer : bool
        Whether channels are dealt by cost (else they stay in order).

    Returns
    -------
    list of UnitBlock
    """
    geometry, preset = lowering.geometry, lowering.preset
    kernel, channels = geometry.kernel, geometry.in_channels
    candidates = [(n, kernel) for n in range(1, channels + 1) if n * geometry.taps <= preset.psum_rows]
    if not candidates or channels * groups < preset.cores:
        candidates += [(1, ky) for ky in range(1, kernel) if ky * kernel <= preset.psum_rows]
    if not candidates:
        raise WgUnitError(
            f"layer {geometry.name} WG: {kernel} rows of a kernel row do not fit {preset.psum_rows} partial "
            f"sums (preset {preset.name}, field psum_rows)"
        )

    def duration(candidate: tuple[int, int]) -> tuple[int, int]:
        """Waves times rows of a block, with what each block costs beside its rows; the larger block wins."""
        held, ky = candidate
        blocks = -(-channels // held) * -(-kernel // ky)
        return -(-blocks * groups // preset.cores) * (held * ky * kernel + _BLOCK_ROWS), -held * ky

    held, ky = min(candidates, key=duration)
    dealt = deal_channels(costs, -(-channels // held), balancer)
    return [
        UnitBlock(part, first, min(ky, kernel - first)) for part in dealt for first in range(0, kernel, ky)
    ]


_BLOCK_ROWS = 16
"""What a block costs beside its rows, in rows: B is loaded anew for each."""


def deal_channels(costs: Ints, parts: int, balancer: bool) -> list[Ints]:
    """Deal channels to parts whose sizes differ by one at most: by descending cost, to and fro.

    Returns
    -------
    list of int64 arrays
        Channels of each part, dearest first; without `balancer` runs of ascending channels.
    """
    count = len(costs)
    if not balancer:
        return [part.astype(np.int64) for part in np.array_split(np.arange(count), parts)]
    order = np.lexsort((np.arange(count), -costs))
    dealt: list[list[int]] = [[] for _ in range(parts)]
    for place, channel in enumerate(order):
        turn, part = divmod(place, parts)
        dealt[part if turn % 2 == 0 else parts - 1 - part].append(int(channel))
    return [np.array(part, np.int64) for part in dealt]
