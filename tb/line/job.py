"""Random work for one PE line, and what it must make of it: windows of any shape, not of layers alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from golden.formats import (
    FP16_INFINITY,
    U16,
    U32,
    Bool,
    Fp8Format,
    canonical_fp32,
    decode_fp8,
    fp16_to_float32,
)
from golden.lowering import Ints
from golden.presets import Preset

WORD_LEN = 4
NEGATIVE = 0x8000
BEAT_WORDS = 11
BEAT_BYTES = 16
TABLE_WORDS = 5
MAX_WINDOWS = 4
TILES = 4
"""Tags of tiles count modulo this."""


@dataclass(frozen=True)
class Mix:
    """What a job is made of.

    Attributes
    ----------
    density : float
        Share of non-zeros of A.
    fp16 : float
        Share of FP16 among the non-zeros.
    specials : bool
        Whether A's FP16 elements and B hold infinities and NaNs.
    max_words : int
        Most ring words of a row.
    whole_beats : bool
        Whether beats are filled as far as they go (else they end anywhere).
    """

    density: float = 0.5
    fp16: float = 0.3
    specials: bool = False
    max_words: int = 12
    whole_beats: bool = True


@dataclass
class Words:
    """The words of the ring in the order in which they are sent."""

    value: U16  # [n, 4]: FP16 bits or FP8 code
    nonzero: Bool  # [n, 4]
    wide: Bool  # [n, 4]
    zeros: Ints  # [n]: real zeros

    def __len__(self) -> int:
        return len(self.zeros)


@dataclass
class Window:
    """A phase of a tile: what a row reads. `entries`: [windows, words] of (valid, offset, first B row)."""

    words: int
    entries: Ints


@dataclass
class Run:
    """Rows that step through the ring by a constant, then `advance`; `rows` 0 only ends the tile."""

    phase: int
    rows: int
    step: int
    advance: int
    row: int
    tile_end: bool


@dataclass
class Tile:
    """Windows by phase, runs and B rows (FP16 bits [rows, columns]) of one tile."""

    windows: list[Window]
    runs: list[Run]
    b: U16


@dataclass
class LineJob:
    """Tiles and the words that they read; FP8 elements have format and bias in common."""

    preset: Preset
    fmt: Fp8Format
    bias: int
    tiles: list[Tile]
    words: Words
    whole_beats: bool
    rng: np.random.Generator = field(repr=False)

    def beats(self) -> U32:
        """Pack the words: uint32 [beats, BEAT_WORDS], laid out as golden/streams.py says."""
        limit = self.preset.rows // WORD_LEN
        size = (self.words.nonzero * (1 + self.words.wide)).sum(axis=1)
        beats: list[U32] = []
        at = 0
        while at < len(self.words):
            count, total = 0, 0
            most = limit if self.whole_beats else int(self.rng.integers(1, limit + 1))
            while at + count < len(self.words) and count < most and total + size[at + count] <= BEAT_BYTES:
                total += int(size[at + count])
                count += 1
            beats.append(self._beat(at, count))
            at += count
        return np.array(beats, np.uint32).reshape(-1, BEAT_WORDS)

    def _beat(self, at: int, count: int) -> U32:
        words = self.words
        span = slice(at, at + count)
        mask, group, zeros, data = 0, 0, 0, b""
        nonzero, wide, values = (
            words.nonzero[span].ravel(),
            words.wide[span].ravel(),
            words.value[span].ravel(),
        )
        for index in np.flatnonzero(nonzero).tolist():
            mask |= 1 << index
            group |= int(wide[index]) << index
            data += int(values[index]).to_bytes(2 if wide[index] else 1, "little")
        for word, real in enumerate(words.zeros[span].tolist()):
            zeros |= real << (3 * word)
        raw = (count << 16).to_bytes(4, "little")
        raw += b"".join(number.to_bytes(8, "little") for number in (mask, group, zeros))
        return np.frombuffer(raw + data.ljust(BEAT_BYTES, b"\0"), np.uint32)

    def tables(self, tile: int) -> U32:
        """Entries of a tile's segment table: uint32 [n, TABLE_WORDS] of index and 128 bits."""
        rows = []
        for phase, window in enumerate(self.tiles[tile].windows):
            for index, entries in enumerate(window.entries):
                packed = 0
                for valid, offset, k_base in reversed(entries.tolist()):
                    packed = packed << 13 | valid << 12 | offset << 6 | k_base
                address = (tile & 1) << 4 | phase << 2 | index
                rows.append(
                    np.frombuffer(address.to_bytes(4, "little") + packed.to_bytes(16, "little"), np.uint32)
                )
        return np.array(rows, np.uint32).reshape(-1, TABLE_WORDS)

    def runs(self, tile: int) -> npt_u64:
        """Encode a tile's runs as `line_run_t`: uint64 [n]."""
        encoded = []
        for run in self.tiles[tile].runs:
            window = self.tiles[tile].windows[run.phase]
            fields = (
                (run.advance, 7),
                (run.rows, 8),
                (run.step, 7),
                (window.words, 7),
                (run.phase, 2),
                (len(window.entries), 3),
                (int(run.tile_end), 1),
                (tile & 1, 1),
                (tile % TILES, 2),
                (run.row, 8),
            )
            word = 0
            for value, width in fields:
                word = word << width | value
            encoded.append(word)
        return np.array(encoded, np.uint64)

    def expected(self) -> LineResult:
        """What the line must answer, in plain float32 arithmetic."""
        words = self.words
        half = np.where(
            words.wide, words.value, decode_fp8(words.value.astype(np.uint8), self.fmt, self.bias)
        )
        a = fp16_to_float32(half.astype(np.uint16))
        base = narrow = wide = skipped = 0
        sums, tags = [], []
        with np.errstate(invalid="ignore"):
            for number, tile in enumerate(self.tiles):
                b = fp16_to_float32(tile.b)
                for run in tile.runs:
                    window = tile.windows[run.phase]
                    for row in range(run.rows):
                        total = np.zeros(self.preset.columns, np.float32)
                        for valid, offset, k_base in window.entries.reshape(-1, 3).tolist():
                            if not valid:
                                continue
                            at = base + offset
                            skipped += int(words.zeros[at])
                            for slot in np.flatnonzero(words.nonzero[at]).tolist():
                                total = total + a[at, slot] * b[k_base + slot]
                                narrow += not words.wide[at, slot]
                                wide += bool(words.wide[at, slot])
                        sums.append(total)
                        tags.append((number % TILES, (run.row + row) % 256))
                        base += run.step if row + 1 < run.rows else run.advance
        product = np.array(sums, np.float32).reshape(-1, self.preset.columns)
        return LineResult(
            canonical_fp32(product.view(np.uint32)),
            np.array(tags, np.uint32).reshape(-1, 2),
            narrow,
            wide,
            skipped,
        )


npt_u64 = np.ndarray[tuple[int], np.dtype[np.uint64]]


@dataclass
class LineResult:
    """Sums uint32 [rows, columns], tags uint32 [rows, 2] of (tile, row), and counts of elements by class.

    `beats`: what the line was fed, if it was run.
    """

    sums: U32
    tags: U32
    narrow: int
    wide: int
    skipped: int
    beats: U32 | None = None


def random_job(rng: np.random.Generator, preset: Preset, mix: Mix, tiles: int) -> LineJob:
    """Draw a job of `tiles` tiles."""
    fmt, bias = Fp8Format(int(rng.integers(2))), int(rng.choice([0, 7, 15, 24]))
    drawn = [_tile(rng, preset, mix) for _ in range(tiles)]
    count = base = 0
    for tile in drawn:
        for run in tile.runs:
            if run.rows:
                base += (run.rows - 1) * run.step
                count = max(count, base + tile.windows[run.phase].words)
                base += run.advance
    return LineJob(preset, fmt, bias, drawn, _words(rng, mix, fmt, bias, count), mix.whole_beats, rng)


def _tile(rng: np.random.Generator, preset: Preset, mix: Mix) -> Tile:
    window_words = preset.rows // WORD_LEN
    b_rows = int(rng.integers(WORD_LEN, preset.rows + 1))
    windows = []
    for _ in range(int(rng.integers(1, 5))):
        words = int(rng.integers(1, mix.max_words + 1))
        count = int(rng.integers(0, MAX_WINDOWS + 1))
        if count == 0:
            words = 0  # a row without taps reads nothing
        entries = np.zeros((count, window_words, 3), np.int64)
        if count:
            entries[..., 0] = rng.random((count, window_words)) < 0.8
            entries[..., 1] = rng.integers(0, words, (count, window_words))
            entries[..., 2] = rng.integers(0, b_rows - WORD_LEN + 1, (count, window_words))
        windows.append(Window(words, entries))
    runs = []
    for _ in range(int(rng.integers(1, 6))):
        phase = int(rng.integers(len(windows)))
        step, advance = rng.integers(0, windows[phase].words + 1, 2).tolist()
        rows, row = int(rng.integers(1, 12)), int(rng.integers(0, 200))
        runs.append(Run(phase, rows, step, advance, row, False))
    if rng.random() < 0.4:
        runs.append(Run(0, 0, 0, 0, 0, True))  # the end of the tile on its own
    runs[-1].tile_end = True
    b = _halves(rng, (b_rows, preset.columns), mix.specials)
    return Tile(windows, runs, b)


def _words(rng: np.random.Generator, mix: Mix, fmt: Fp8Format, bias: int, count: int) -> Words:
    nonzero = rng.random((count, WORD_LEN)) < mix.density
    wide = nonzero & (rng.random((count, WORD_LEN)) < mix.fp16)
    codes = np.arange(256, dtype=np.uint8)
    codes = codes[(decode_fp8(codes, fmt, bias) & ~np.uint16(NEGATIVE)) != 0]
    halves = _halves(rng, (count, WORD_LEN), mix.specials)
    halves = np.where(halves & ~np.uint16(NEGATIVE) == 0, np.uint16(1), halves)
    value = np.where(wide, halves, rng.choice(codes, (count, WORD_LEN))).astype(np.uint16)
    zeros = rng.integers(0, WORD_LEN + 1 - nonzero.sum(axis=1)).astype(np.int64)
    return Words(value, nonzero, wide, zeros)


def _halves(rng: np.random.Generator, shape: tuple[int, ...], specials: bool) -> U16:
    top = 1 << 15 if specials else FP16_INFINITY
    # Half of them of a few binades, so that sums round; the others of any.
    near = rng.integers(0x3400, 0x4400, shape)
    magnitude = np.where(rng.random(shape) < 0.5, near, rng.integers(0, top, shape))
    return (magnitude | rng.integers(0, 2, shape) * NEGATIVE).astype(np.uint16)
