"""Commands of a sparse core: blocks of rows, tiles, segment tables and runs, compiled from a lowering.

The core holds a *block* of partial sums at a time. For each block the K tiles follow one another; in each
tile the block's rows come as *runs*: rows whose windows of A overlap in the lines' rings with a constant
step. `golden/patches.py` says which rows a block takes and in which order. A ring word is four consecutive
entries of a line's list. `rtl/pkg/core_pkg.sv` gives the encoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from golden.lowering import Ints, KTile, Lowering, Phase
from golden.patches import WORD_LEN, Block, Patch, ProgramError, Window, phase_blocks, window_of

COMMAND_WORDS = 4
"""32-bit words of a command."""

OP_TILE, OP_SEGMENT, OP_RUN, OP_ZERO = range(4)
_OP_SHIFT = 125

__all__ = ["COMMAND_WORDS", "WORD_LEN", "Block", "Patch", "Program", "ProgramError", "Window"]


@dataclass(frozen=True)
class Program:
    """One core's commands for one replay (the same for every tile of columns)."""

    lowering: Lowering

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Blocks of rows in the order in which the core opens them."""
        lowering = self.lowering
        if not lowering.phases:
            limit = lowering.preset.psum_rows
            rows = np.arange(lowering.rows, dtype=np.int64)
            return tuple(Block(0, rows[start : start + limit], ()) for start in range(0, len(rows), limit))
        real: list[Block] = []
        empty: list[Block] = []
        for index, phase in enumerate(lowering.phases):
            (real if phase.taps else empty).extend(phase_blocks(lowering, index))
        return tuple(_interleave(real, empty))

    def window(self, block: Block, t: int) -> Window:
        """Return the window of a block's rows in K tile `t` (FP, BP); size 0 if they meet none of its taps.

        Raises
        ------
        ProgramError
            If the window does not fit the A ring.
        """
        key = (block.phase, block.height, t)
        if key not in self._windows:
            lowering = self.lowering
            self._windows[key] = window_of(
                lowering, lowering.phases[block.phase], lowering.k_tiles[t], block.height
            )
        return self._windows[key]

    @cached_property
    def _windows(self) -> dict[tuple[int, int, int], Window]:
        """Windows met so far, by phase, height of the patches and tile."""
        return {}

    def block_columns(self, block: Block, t: int) -> tuple[Ints, int]:
        """Columns of A that a block sends for K tile `t` (FP, BP).

        Returns
        -------
        tops : int64 [columns]
            Address in padded A (channel 0) of each column's top pixel, in the order in which they are sent.
        height : int
            Pixels of a column; they lie a row of padded A apart.
        """
        window = self.window(block, t)
        if block.zero or not window.taps:
            return np.zeros(0, np.int64), 0
        a_step = self._phase(block).a_step
        corner = window.dy * self.lowering.padded_shape[3] + window.dx
        tops = np.concatenate([_column_origins(patch, window.width, a_step) for patch in block.patches])
        return corner + tops, window.pitch

    def commands(self) -> np.ndarray:
        """Encode the commands: uint32 [n, COMMAND_WORDS]."""
        tiles, pixels = self.lowering.k_tiles, self.lowering.wg_tiles
        words: list[int] = []
        for block in self.blocks:
            if block.zero:
                words.append(self.zero_command(len(block.rows)))
            elif self.lowering.phases:
                for t in range(len(tiles)):
                    words += self.tile_commands(block, t, t == 0, t == len(tiles) - 1)
            else:
                for t, held in enumerate(pixels):
                    words += self.wg_tile_commands(len(block.rows), len(held), t == 0, t == len(pixels) - 1)
        raw = b"".join(word.to_bytes(4 * COMMAND_WORDS, "little") for word in words)
        return np.frombuffer(raw, np.uint32).reshape(-1, COMMAND_WORDS)

    def tile_commands(self, block: Block, t: int, first: bool, last: bool) -> list[int]:
        """Commands (128 bits each) of K tile `t` of a block of FP or BP: Tile, Segments, Runs.

        Parameters
        ----------
        first, last : bool
            Whether the block's partial sums start here, and leave as results.
        """
        tile, window = self.lowering.k_tiles[t], self.window(block, t)
        part_words = self.lowering.preset.rows // WORD_LEN
        mask = sum(1 << line for line, held in enumerate(tile.line_channels) if len(held))
        parts = _segments(window, tile, part_words)
        ends_group = tile.tap_end == self.lowering.geometry.taps
        b_rows = (len(tile.channels), tile.tap_count, tile.depth)
        return [
            _tile_command(False, first, last, ends_group, b_rows, len(block.rows), mask),
            *(
                _segment_command(block.phase, index, entries, part_words)
                for index, entries in enumerate(parts)
            ),
            *self._run_commands(block, window, len(parts)),
        ]

    def _run_commands(self, block: Block, window: Window, parts: int) -> list[int]:
        if not window.taps:
            return [_run_command(OP_RUN, len(block.rows), 0, 0, 0, block.phase, 0, True)]
        a_step = self._phase(block).a_step
        # Ring words from a row to the one below it, and from a column of rows to the next.
        down = a_step * window.words
        across = min(a_step, window.width) * window.pitch * window.words
        runs: list[tuple[int, int, int]] = []  # rows, step, advance
        for patch in block.patches:
            if block.height == 1:
                runs.append((patch.width, across, window.size))
            else:
                to_next = across - (block.height - 1) * down
                runs += [(block.height, down, to_next)] * (patch.width - 1)
                runs.append((block.height, down, window.size))
        return [
            _run_command(OP_RUN, rows, step, window.size, advance, block.phase, parts, i == len(runs) - 1)
            for i, (rows, step, advance) in enumerate(runs)
        ]

    def _phase(self, block: Block) -> Phase:
        return self.lowering.phases[block.phase]

    def wg_tile_commands(self, rows: int, pixels: int, first: bool, last: bool) -> list[int]:
        """Commands (128 bits each) of a K tile of WG: `pixels` of δ for a block of `rows` rows."""
        preset = self.lowering.preset
        words = -(-pixels // WORD_LEN)
        entries = [(w, w * WORD_LEN) for w in range(words)]
        return [
            _tile_command(True, first, last, False, (1, pixels, 1), rows, (1 << preset.lines) - 1),
            _segment_command(0, 0, entries, preset.rows // WORD_LEN),
            _run_command(OP_RUN, rows, words, words, words, 0, 1, True),
        ]

    def zero_command(self, rows: int) -> int:
        """Return the command (128 bits) of a block of `rows` rows that meet no tap: they are +0."""
        return _run_command(OP_ZERO, rows, 0, 0, 0, 0, 0, False)


def _interleave(real: list[Block], empty: list[Block]) -> list[Block]:
    """Spread blocks of zeros between the others, so that their results leave while lines work."""
    merged: list[Block] = []
    for index, block in enumerate(real):
        merged.append(block)
        merged.extend(empty[len(empty) * index // len(real) : len(empty) * (index + 1) // len(real)])
    return merged if real else empty


def _column_origins(patch: Patch, width: int, a_step: int) -> Ints:
    """Top origins of a patch's columns: overlapping windows share them, others follow one another."""
    tops = patch.origins[:, 0]
    if width == 1 or width < a_step:
        return (tops[:, None] + np.arange(width)[None, :]).reshape(-1)
    shared: Ints = tops[0] + np.arange((len(tops) - 1) * a_step + width)
    return shared


def _segments(window: Window, tile: KTile, part_words: int) -> list[list[tuple[int, int]]]:
    """Return (offset, first B row) of each ring word of a row's list, in parts of `part_words`."""
    entries = [
        (
            ((tap.dx - window.dx) * window.pitch + tap.dy - window.dy) * window.words + word,
            (tap.number - tile.first_tap) * tile.depth + word * WORD_LEN,
        )
        for tap in window.taps
        for word in range(window.words)
    ]
    return [entries[start : start + part_words] for start in range(0, len(entries), part_words)]


def _fields(*fields: tuple[int, int]) -> int:
    """Pack (value, width) fields, the first one highest, as a SystemVerilog packed struct does."""
    word = 0
    for value, width in fields:
        if not 0 <= value < 1 << width:
            raise ProgramError(f"a command field of {width} bits cannot hold {value}")
        word = word << width | value
    return word


def _tile_command(
    intra: bool,
    first: bool,
    last: bool,
    ends_group: bool,
    b_rows: tuple[int, int, int],
    rows: int,
    mask: int,
) -> int:
    """Encode the opening of a tile; `b_rows`: channels, taps of each, channels that a line may hold."""
    channels, taps, depth = b_rows
    payload = _fields(
        *((int(flag), 1) for flag in (intra, first, last, ends_group)),
        (channels, 10),
        (taps, 6),
        (depth, 6),
        (rows, 8),
        (mask, 16),
    )
    return OP_TILE << _OP_SHIFT | payload


def _segment_command(phase: int, index: int, entries: list[tuple[int, int]], part_words: int) -> int:
    """Encode one part of a segment table; entry 0 lowest, the table's index above the last entry."""
    word = _fields((phase, 2), (index, 2))
    for entry in range(part_words - 1, -1, -1):
        offset, k_base = entries[entry] if entry < len(entries) else (0, 0)
        word = word << 13 | _fields((int(entry < len(entries)), 1), (offset, 6), (k_base, 6))
    return OP_SEGMENT << _OP_SHIFT | word


def _run_command(
    op: int, rows: int, step: int, window: int, advance: int, phase: int, parts: int, end: bool
) -> int:
    payload = _fields((advance, 7), (rows, 8), (step, 7), (window, 7), (phase, 2), (parts, 3), (int(end), 1))
    return op << _OP_SHIFT | payload
