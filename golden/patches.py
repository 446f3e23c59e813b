"""Patches: which rows of FP or BP a block takes, in which order, and what of A their windows span.

A *patch* is a rectangle of one phase's grid of pixels in one image. Its rows go column by column; the rows
of a column read the same columns of A, each a pixel (or a stride) further down, so that a column of A is
sent once for all of them. A block takes patches of one height, one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from golden.lowering import Ints, KTile, Lowering, Phase, Tap

WORD_LEN = 4
"""Entries of a ring word."""

MAX_HEIGHT = 4
"""Rows of a column of a patch, at most. Higher patches would send a tenth less of A, but stay longer in one
place of an image, where some channels hold more than others: lines would wait for one another."""

LOOK_BACK = 5 / 8
"""Share of the A ring that the window of a patch higher than one row may span: the rest is read ahead."""


class ProgramError(ValueError):
    """A replay does not fit the hardware's buffers."""


@dataclass(frozen=True)
class Window:
    """How a block's rows read the ring in one tile.

    Attributes
    ----------
    taps : tuple of Tap
        The chunk's taps that the phase meets, ascending.
    dy, dx : int
        Smallest shifts of those taps.
    height, width : int
        Rows and columns of A that a row's window spans.
    words : int
        Ring words of one pixel: ``ceil(depth / 4)``.
    pitch : int
        Pixels of a column in the ring: what the windows of a column of the patch span.
    """

    taps: tuple[Tap, ...]
    dy: int
    dx: int
    height: int
    width: int
    words: int
    pitch: int

    @property
    def size(self) -> int:
        """Ring words from a window's first to its last: whole columns, and the top of the last one."""
        return ((self.width - 1) * self.pitch + self.height) * self.words if self.taps else 0


@dataclass(frozen=True)
class Patch:
    """Rows of a rectangle: row indices (M) and their origins in padded A, int64 [width, height] each."""

    rows: Ints
    origins: Ints

    @property
    def width(self) -> int:
        """Columns of rows."""
        return len(self.rows)


@dataclass(frozen=True)
class Block:
    """Rows of one phase whose partial sums are held together.

    Attributes
    ----------
    phase : int
    rows : int64 [n]
        Row indices (M) in the order of the partial-sum rows.
    patches : tuple of Patch
        FP and BP: the same rows as patches of one height. None in WG.
    zero : bool
        The rows meet no tap and are +0.
    """

    phase: int
    rows: Ints
    patches: tuple[Patch, ...]
    zero: bool = False

    @property
    def height(self) -> int:
        """Rows of a column of each patch."""
        return self.patches[0].rows.shape[1] if self.patches else 1


def window_of(lowering: Lowering, phase: Phase, tile: KTile, height: int = 1) -> Window:
    """Return the window of `phase` in `tile` for patches of `height` rows.

    Its size is 0 if the phase meets none of the chunk's taps.

    Raises
    ------
    ProgramError
        If it does not fit the A ring.
    """
    taps = tuple(tap for tap in phase.taps if tile.first_tap <= tap.number < tile.tap_end)
    words = -(-tile.depth // WORD_LEN)
    if not taps:
        return Window((), 0, 0, 0, 0, words, 0)
    dy, dx = min(tap.dy for tap in taps), min(tap.dx for tap in taps)
    rows = max(tap.dy for tap in taps) - dy + 1
    columns = max(tap.dx for tap in taps) - dx + 1
    window = Window(taps, dy, dx, rows, columns, words, rows + (height - 1) * phase.a_step)
    # The unpacker writes words in pairs: the ring takes the last word of a window only with room for two.
    if window.size >= lowering.preset.a_words:
        raise ProgramError(
            f"layer {lowering.geometry.name} {lowering.step}: a window of {window.size} words does not fit "
            f"the A ring of {lowering.preset.a_words} (preset {lowering.preset.name}, field a_words)"
        )
    return window


def phase_blocks(lowering: Lowering, index: int) -> list[Block]:
    """Cut the rows of phase `index` into blocks of at most `psum_rows`."""
    phase = lowering.phases[index]
    rows, origins = lowering.phase_rows(phase), lowering.phase_origins(phase)
    limit = lowering.preset.psum_rows
    windows = [window_of(lowering, phase, tile) for tile in lowering.k_tiles]
    windows = [window for window in windows if window.taps]
    if all(window.height == window.width == 1 for window in windows):
        # Windows of a pixel share nothing: rows follow one another across image rows and images.
        flat_rows, flat_origins = rows.reshape(-1, 1), origins.reshape(-1, 1)
        return [
            Block(
                index,
                flat_rows[start : start + limit].reshape(-1),
                (Patch(flat_rows[start : start + limit], flat_origins[start : start + limit]),),
                zero=not phase.taps,
            )
            for start in range(0, len(flat_rows), limit)
        ]
    heights = _even(phase.height, _bands(lowering, phase, windows))
    widths = _widths(phase, max(heights), limit)
    blocks: list[Block] = []
    for height in sorted(set(heights), reverse=True):
        patches = [
            Patch(part_rows, part_origins)
            for image in range(len(rows))
            for top, band in zip(_starts(heights), heights, strict=True)
            if band == height
            for left, width in zip(_starts(widths), widths, strict=True)
            for part_rows, part_origins in [
                (
                    rows[image, top : top + band, left : left + width].T,
                    origins[image, top : top + band, left : left + width].T,
                )
            ]
        ]
        blocks += [_block(index, held) for held in _fill(patches, limit)]
    return blocks


def _block(phase: int, patches: list[Patch]) -> Block:
    return Block(phase, np.concatenate([patch.rows.reshape(-1) for patch in patches]), tuple(patches))


def _fill(patches: Sequence[Patch], limit: int) -> list[list[Patch]]:
    """Give patches to blocks in order, as many as fit."""
    blocks: list[list[Patch]] = []
    room = 0
    for patch in patches:
        if patch.rows.size > room:
            blocks.append([])
            room = limit
        blocks[-1].append(patch)
        room -= patch.rows.size
    return blocks


def _even(length: int, parts: int) -> list[int]:
    """Cut `length` into parts that differ by at most one, the longer ones first."""
    return [length // parts + (part < length % parts) for part in range(parts)]


def _starts(lengths: list[int]) -> list[int]:
    return [0, *np.cumsum(lengths).tolist()[:-1]]


def _widths(phase: Phase, height: int, limit: int) -> list[int]:
    """Widths of the patches beside one another, as few as blocks of `limit` rows allow."""
    return _even(phase.width, -(-phase.width // (limit // height)))


def _bands(lowering: Lowering, phase: Phase, windows: Sequence[Window]) -> int:
    """Choose how many patches lie above one another in an image.

    The fewest elements of A sent decide; then the fewest blocks, the smallest window (more of the ring is
    left to read ahead), the fewest runs.
    """
    preset = lowering.preset
    batch = lowering.padded_shape[0]
    costs: list[tuple[int, int, int, int, int]] = []
    for bands in range(-(-phase.height // preset.psum_rows), phase.height + 1):
        heights = _even(phase.height, bands)
        largest = max(window.size for window in _pitched(windows, heights[0], phase.a_step))
        if heights[0] > 1 and (
            heights[0] > MAX_HEIGHT
            or largest > LOOK_BACK * preset.a_words
            # A step down must not pass over pixels that no window spans.
            or min(window.height for window in windows) < phase.a_step
        ):
            continue
        widths = _widths(phase, heights[0], preset.psum_rows)
        sent = sum(
            window.words
            * sum(window.height + (height - 1) * phase.a_step for height in heights)
            * sum(window.width + (width - 1) * min(phase.a_step, window.width) for width in widths)
            for window in windows
        )
        rows = heights[0] * widths[0]
        blocks = -(-batch * bands * len(widths) // (preset.psum_rows // rows))
        runs = bands * (phase.width if heights[0] > 1 else len(widths))
        costs.append((sent, blocks, largest, runs, bands))
    return min(costs)[-1]


def _pitched(windows: Sequence[Window], height: int, a_step: int) -> list[Window]:
    """Return the windows for patches of another height."""
    return [
        Window(w.taps, w.dy, w.dx, w.height, w.width, w.words, w.height + (height - 1) * a_step)
        for w in windows
    ]
