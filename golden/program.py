"""Commands of a sparse core: blocks of rows, tiles, segment tables and runs, compiled from a lowering.

The core holds a *block* of partial sums at a time. For each block the K tiles follow one another; in each
tile the block's rows come as *runs*: rows of one image row, whose windows of A overlap in the lines' rings
with a constant step. A ring word is four consecutive entries of a line's list. `rtl/pkg/core_pkg.sv` gives
the encoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from golden.lowering import Ints, KTile, Lowering, Phase, Tap

WORD_LEN = 4
"""Entries of a ring word."""

COMMAND_WORDS = 5
"""32-bit words of a command as the testbench reads it: 128 bits, then the channels that must have lines."""

MAX_CHANNELS = 1 << 16
"""The load balancer numbers channels in 16 bits."""

OP_TILE, OP_SEGMENT, OP_RUN, OP_ZERO = range(4)
_OP_SHIFT = 125


class ProgramError(ValueError):
    """A replay does not fit the hardware's buffers."""


@dataclass(frozen=True)
class Window:
    """How a phase's rows read the ring in one tile.

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
    """

    taps: tuple[Tap, ...]
    dy: int
    dx: int
    height: int
    width: int
    words: int

    @property
    def size(self) -> int:
        """Ring words of a window."""
        return self.height * self.width * self.words

    def step(self, a_step: int) -> int:
        """Ring words from one row's window to the next."""
        return min(a_step, self.width) * self.height * self.words if self.taps else 0


@dataclass(frozen=True)
class Run:
    """Consecutive rows of one image row: their row indices (M) and their origins in padded A."""

    rows: Ints
    origins: Ints


@dataclass(frozen=True)
class Block:
    """Rows of one phase whose partial sums are held together. `zero`: they meet no tap and are +0."""

    phase: int
    runs: tuple[Run, ...]
    zero: bool = False

    @property
    def rows(self) -> Ints:
        """Row indices (M) in the order of the partial-sum rows."""
        return np.concatenate([run.rows for run in self.runs])


def window_of(lowering: Lowering, phase: Phase, tile: KTile) -> Window:
    """Return the window of `phase` in `tile` (size 0 if it meets none of the chunk's taps)."""
    taps = tuple(tap for tap in phase.taps if tile.first_tap <= tap.number < tile.tap_end)
    words = -(-tile.depth // WORD_LEN)
    if not taps:
        return Window((), 0, 0, 0, 0, words)
    dy, dx = min(tap.dy for tap in taps), min(tap.dx for tap in taps)
    height = max(tap.dy for tap in taps) - dy + 1
    width = max(tap.dx for tap in taps) - dx + 1
    window = Window(taps, dy, dx, height, width, words)
    # The unpacker writes words in pairs: the ring takes the last word of a window only with room for two.
    if window.size >= lowering.preset.a_words:
        raise ProgramError(
            f"layer {lowering.geometry.name} {lowering.step}: a window of {window.size} words does not fit "
            f"the A ring of {lowering.preset.a_words} (preset {lowering.preset.name}, field a_words)"
        )
    return window


def _pack_runs(lowering: Lowering, rows: Ints, origins: Ints, splittable: bool) -> list[list[Run]]:
    """Cut one phase into lists of runs of at most `psum_rows` rows each."""
    limit = lowering.preset.psum_rows
    flat_rows = rows.reshape(-1, rows.shape[-1]) if not splittable else rows.reshape(1, -1)
    flat_origins = origins.reshape(flat_rows.shape)
    blocks: list[list[Run]] = [[]]
    used = 0
    for line_rows, line_origins in zip(flat_rows, flat_origins, strict=True):
        start = 0
        while start < len(line_rows):
            rest = len(line_rows) - start
            room = limit - used
            take = min(rest, room)
            if used and rest > room and not splittable:
                take = 0
            if take == 0:
                blocks.append([])
                used = 0
                continue
            blocks[-1].append(Run(line_rows[start : start + take], line_origins[start : start + take]))
            used += take
            start += take
    return blocks


@dataclass(frozen=True)
class Program:
    """One core's commands for one replay (the same for every tile of columns)."""

    lowering: Lowering

    def __post_init__(self) -> None:
        channels = self.lowering.a_shape[1]
        if channels > MAX_CHANNELS:
            raise ProgramError(
                f"layer {self.lowering.geometry.name} {self.lowering.step}: {channels} channels to reduce "
                f"over, the load balancer numbers at most {MAX_CHANNELS}"
            )

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Blocks of rows in the order in which the core opens them."""
        lowering = self.lowering
        limit = lowering.preset.psum_rows
        if not lowering.phases:
            rows = np.arange(lowering.rows, dtype=np.int64)
            return tuple(
                Block(0, (Run(rows[start : start + limit], rows[start : start + limit]),))
                for start in range(0, len(rows), limit)
            )
        real: list[Block] = []
        empty: list[Block] = []
        for index, phase in enumerate(lowering.phases):
            rows, origins = lowering.phase_rows(phase), lowering.phase_origins(phase)
            # Rows of one-word windows share nothing, so a run may cross image rows and images.
            single = lowering.geometry.kernel == 1 or not phase.taps
            packed = _pack_runs(lowering, rows, origins, single)
            (real if phase.taps else empty).extend(
                Block(index, tuple(runs), not phase.taps) for runs in packed
            )
        return tuple(_interleave(real, empty))

    @cached_property
    def windows(self) -> dict[tuple[int, int], Window]:
        """Window by phase and tile."""
        return {
            (p, t): window_of(self.lowering, phase, tile)
            for p, phase in enumerate(self.lowering.phases)
            for t, tile in enumerate(self.lowering.k_tiles)
        }

    def commands(self) -> np.ndarray:
        """Encode the commands: uint32 [n, COMMAND_WORDS]."""
        words = self._intra_commands() if not self.lowering.phases else self._inter_commands()
        raw = b"".join(word.to_bytes(16, "little") + need.to_bytes(4, "little") for word, need in words)
        return np.frombuffer(raw, np.uint32).reshape(-1, COMMAND_WORDS)

    def _inter_commands(self) -> list[tuple[int, int]]:
        lowering = self.lowering
        tiles, part_words = lowering.k_tiles, lowering.preset.rows // WORD_LEN
        commands: list[tuple[int, int]] = []
        for block in self.blocks:
            if block.zero:
                commands.append((_run_command(OP_ZERO, len(block.rows), 0, 0, 0, 0, False), 0))
                continue
            a_step = lowering.phases[block.phase].a_step
            for t, tile in enumerate(tiles):
                mask = sum(1 << line for line, held in enumerate(tile.line_channels) if len(held))
                need = int(tile.channels[-1]) + 1
                first, last = t == 0, t == len(tiles) - 1
                b_rows = tile.tap_count * tile.depth
                commands.append((_tile_command(False, first, last, b_rows, len(block.rows), mask), need))
                window = self.windows[block.phase, t]
                parts = _segments(window, tile, part_words)
                for index, entries in enumerate(parts):
                    commands.append((_segment_command(block.phase, index, entries, part_words), 0))
                for i, run in enumerate(block.runs):
                    step, end = window.step(a_step), i == len(block.runs) - 1
                    command = _run_command(
                        OP_RUN, len(run.rows), step, window.size, block.phase, len(parts), end
                    )
                    commands.append((command, 0))
        return commands

    def _intra_commands(self) -> list[tuple[int, int]]:
        lowering, preset = self.lowering, self.lowering.preset
        tiles = lowering.wg_tiles
        mask = (1 << preset.lines) - 1
        commands: list[tuple[int, int]] = []
        for block in self.blocks:
            rows = len(block.rows)
            for t, pixels in enumerate(tiles):
                words = -(-len(pixels) // WORD_LEN)
                commands.append(
                    (_tile_command(True, t == 0, t == len(tiles) - 1, len(pixels), rows, mask), 0)
                )
                entries = [(w, w * WORD_LEN) for w in range(words)]
                commands.append((_segment_command(0, 0, entries, preset.rows // WORD_LEN), 0))
                commands.append((_run_command(OP_RUN, rows, words, words, 0, 1, True), 0))
        return commands


def _interleave(real: list[Block], empty: list[Block]) -> list[Block]:
    """Spread blocks of zeros between the others, so that their results leave while lines work."""
    merged: list[Block] = []
    for index, block in enumerate(real):
        merged.append(block)
        merged.extend(empty[len(empty) * index // len(real) : len(empty) * (index + 1) // len(real)])
    return merged if real else empty


def _segments(window: Window, tile: KTile, part_words: int) -> list[list[tuple[int, int]]]:
    """Return (offset, first B row) of each ring word of a row's list, in parts of `part_words`."""
    entries = [
        (
            ((tap.dx - window.dx) * window.height + tap.dy - window.dy) * window.words + word,
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


def _tile_command(intra: bool, first: bool, last: bool, b_rows: int, rows: int, mask: int) -> int:
    payload = _fields((int(intra), 1), (int(first), 1), (int(last), 1), (b_rows, 6), (rows, 8), (mask, 16))
    return OP_TILE << _OP_SHIFT | payload


def _segment_command(phase: int, index: int, entries: list[tuple[int, int]], part_words: int) -> int:
    """Encode one part of a segment table; entry 0 lowest, the table's index above the last entry."""
    word = _fields((phase, 2), (index, 2))
    for entry in range(part_words - 1, -1, -1):
        offset, k_base = entries[entry] if entry < len(entries) else (0, 0)
        word = word << 13 | _fields((int(entry < len(entries)), 1), (offset, 6), (k_base, 6))
    return OP_SEGMENT << _OP_SHIFT | word


def _run_command(op: int, rows: int, step: int, window: int, phase: int, parts: int, end: bool) -> int:
    payload = _fields((rows, 8), (step, 7), (window, 7), (phase, 2), (parts, 3), (int(end), 1))
    return op << _OP_SHIFT | payload
