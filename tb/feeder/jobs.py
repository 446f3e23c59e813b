"""Random jobs for a feeder, and what the core must get of them, written down plainly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from golden.formats import U32, Fp8Format, decode_fp8
from golden.presets import Preset
from golden.program import WORD_LEN
from tb.feeder.bench import SINK_WORDS, FeedJob
from tb.feeder.fgmp_stream import Elements, block, blocks, join, random_elements

BEAT_BYTES = 16
UNIT_ELEMENTS = 256
BASE_ENTRIES = 12
OP_SHIFT = 125
TILE, SEGMENT, RUN, ZERO, COST, FEED, FEED_ROWS, BASE = 0, 1, 2, 3, 4, 5, 6, 7
CHANNELS_AT, CHANNEL_BITS, TAPS_AT, TAP_BITS = 36, 10, 30, 6
"""Where a Tile command says how many rows of B it loads: taps for each channel (core_pkg::tile_cmd_t)."""
TILE_BITS, RUN_BITS, ENTRY_BITS, TABLE_BITS = 50, 35, 13, 4
"""Bits of commands that have a name; a segment's are its entries, a word of a row each, and the table's."""


def command_bits(op: int, preset: Preset) -> int:
    """Count the bits of a command of the core that have a name."""
    if op == SEGMENT:
        return preset.rows // WORD_LEN * ENTRY_BITS + TABLE_BITS
    return TILE_BITS if op == TILE else RUN_BITS


def item(op: int, *fields: tuple[int, int]) -> bytes:
    """Write an item: its operation, and values of fields with their widths, from bit 0 on."""
    word, at = op << OP_SHIFT, 0
    for value, width in fields:
        if not 0 <= value < 1 << width:
            raise ValueError(f"{value} does not fit {width} bits")
        word |= value << at
        at += width
    return word.to_bytes(16, "little")


def beat(elements: Elements, line: int, first: bool) -> U32:
    """Write a beat as golden.streams has it, zeros left out."""
    mask = sum(1 << int(at) for at in np.flatnonzero(elements.mask))
    group = sum(1 << int(at) for at in np.flatnonzero(elements.group))
    data = b"".join(
        int(value).to_bytes(2 if wide else 1, "little")
        for value, wide in zip(elements.values[elements.mask], elements.group[elements.mask], strict=True)
    )
    words = len(elements) // WORD_LEN
    raw = (
        (int(first) | line << 8 | words << 16).to_bytes(4, "little")
        + mask.to_bytes(8, "little")
        + group.to_bytes(8, "little")
        + bytes(8)
        + data.ljust(BEAT_BYTES, b"\0")
    )
    return np.frombuffer(raw, np.uint32)


def beats(elements: Elements, line: int, first: bool) -> list[U32]:
    """Cut whole words into beats, greedily."""
    found: list[U32] = []
    start = end = size = 0
    for word in range(0, len(elements), WORD_LEN):
        part = elements[word : word + WORD_LEN]
        bytes_of_word = int(part.mask.sum() + part.group.sum())
        if size + bytes_of_word > BEAT_BYTES:
            found.append(beat(elements[start:end], line, first and not found))
            start, size = end, 0
        size += bytes_of_word
        end = word + WORD_LEN
    found.append(beat(elements[start:end], line, first and not found))
    return found


@dataclass
class JobWriter:
    """Writes one job stream by stream."""

    preset: Preset
    rng: np.random.Generator
    density: float
    wide: float
    fmt: Fp8Format = Fp8Format.E4M3
    bias: int = 7

    def __post_init__(self) -> None:
        self.a = bytearray()
        self.b = bytearray()
        self.items: list[bytes] = []
        self.outputs: tuple[list[U32], ...] = ([], [], [], [])

    def job(self) -> FeedJob:
        """Return the job."""
        outputs = tuple(
            np.array(found, np.uint32).reshape(-1, words)
            for found, words in zip(self.outputs, SINK_WORDS, strict=True)
        )
        return FeedJob(bytes(self.a), bytes(self.b), b"".join(self.items), outputs)

    def command(self, op: int | None = None, keep: int = 0, value: int = 0) -> None:
        """Add a command of the core: any bits, but `value` in those of `keep`; K tiles only if asked for."""
        word = int.from_bytes(self.rng.bytes(16), "little") & ~keep | value
        op = int(self.rng.integers(SEGMENT, ZERO)) if op is None else op
        raw = (word & (1 << command_bits(op, self.preset)) - 1 | op << OP_SHIFT).to_bytes(16, "little")
        self.items.append(raw)
        self.outputs[0].append(np.frombuffer(raw, np.uint32))

    def costs(self, count: int) -> None:
        """Add a group of channels for the balancer."""
        depth = int(self.rng.integers(1, self.preset.rows + 1))
        channels = self.rng.integers(0, self.preset.lines * self.preset.rows, count)
        costs = self.rng.integers(0, 1 << 32, count)
        entries = list(zip(channels.tolist(), costs.tolist(), strict=True))
        for at in range(0, count, 2):
            pair, last = entries[at : at + 2], at + 2 >= count
            fields = [field for entry in pair for field in zip(entry, (16, 32), strict=True)]
            if len(pair) == 1:
                fields.append((0, 48))
            self.items.append(item(COST, *fields, (depth, 6), (len(pair) - 1, 1), (int(last), 1)))
        for at, (channel, cost) in enumerate(entries):
            self.outputs[3].append(np.array([channel, cost, at == count - 1, depth], np.uint32))

    def tile(self, channels: int, taps: int) -> None:
        """Add a K tile that loads `channels` times `taps` rows of B."""
        keep = ((1 << CHANNEL_BITS) - 1) << CHANNELS_AT | ((1 << TAP_BITS) - 1) << TAPS_AT
        self.command(TILE, keep, channels << CHANNELS_AT | taps << TAPS_AT)
        self.rows(channels * taps)

    def rows(self, count: int) -> None:
        """Add rows of B."""
        for _ in range(count):
            row = random_elements(self.rng, self.preset.columns, self.density, self.wide)
            self.b += block(row)
            codes = (row.values & 0xFF).astype(np.uint8)
            narrow = decode_fp8(codes, self.fmt, self.bias).astype(np.uint16)
            wide = np.zeros(16, np.uint16)
            wide[: len(row)] = np.where(row.group, row.values, narrow * row.mask)
            self.outputs[2].append(wide.view(np.uint32))

    def feed(self, columns: int, words: int, line_mask: int) -> None:
        """Add the columns of A of a K tile."""
        self.items.append(item(FEED, (columns, 16), (words, 6), (line_mask, 16)))
        for _ in range(columns):
            for line in range(self.preset.lines):
                if line_mask >> line & 1:
                    column = random_elements(self.rng, words * WORD_LEN, self.density, self.wide)
                    self.a += blocks(column, self.preset.rows)
                    for at in range(0, len(column), self.preset.rows):
                        self.outputs[1].extend(beats(column[at : at + self.preset.rows], line, False))

    def base(self, table: Sequence[int], first: int = 0) -> None:
        """Add the part of a base table from entry `first` on."""
        for at in range(first, len(table), BASE_ENTRIES):
            part = [*table[at : at + BASE_ENTRIES], *[0] * BASE_ENTRIES][:BASE_ENTRIES]
            self.items.append(item(BASE, (at // BASE_ENTRIES, 4), *((entry, 8) for entry in part)))

    def feed_rows(self, table: Sequence[int], shape: UnitShape, units: int) -> None:
        """Add units of a K tile; `table` is the base table of its pixels."""
        self.items.append(shape.item(units, len(table)))
        for number in range(units):
            ky, elements = shape.unit(number)
            unit = random_elements(self.rng, elements, self.density, self.wide)
            self.a += blocks(unit, self.preset.rows)
            words = -(-len(table) // WORD_LEN)
            padding = random_elements(self.rng, words * WORD_LEN - len(table), 0.0, 0.0)
            for y in range(ky):
                for x in range(shape.kx):
                    places = np.array([entry + y * shape.pitch + x for entry in table], np.int64)
                    self.outputs[1].extend(beats(join([unit[places], padding]), 0, True))


@dataclass(frozen=True)
class UnitShape:
    """What all units of a K tile have in common (docs/chip.md, `FeedRows`)."""

    kx: int
    ky: int
    last_ky: int
    pitch: int
    channel_units: int
    elements: int
    last_elements: int

    def unit(self, number: int) -> tuple[int, int]:
        """Kernel rows and elements of a unit."""
        if (number + 1) % self.channel_units == 0:
            return self.last_ky, self.last_elements
        return self.ky, self.elements

    def item(self, units: int, pixels: int) -> bytes:
        """Write the item."""
        return item(
            FEED_ROWS,
            (units, 10),
            (self.elements, 9),
            (self.pitch, 9),
            (self.kx, 3),
            (self.ky, 3),
            (self.last_ky, 3),
            (self.channel_units, 3),
            (pixels, 6),
            (self.last_elements, 9),
        )


def random_unit(rng: np.random.Generator, pixels: int) -> tuple[list[int], UnitShape]:
    """Draw a base table and a shape whose rows stay within their units."""
    kx, ky = int(rng.integers(1, 8)), int(rng.integers(1, 8))
    last_ky = int(rng.integers(1, ky + 1))
    reach = UNIT_ELEMENTS - kx
    pitch = int(rng.integers(0, reach // ky + 1))
    top = UNIT_ELEMENTS - (ky - 1) * pitch - (kx - 1)
    table = rng.integers(0, min(top, int(rng.integers(1, top + 1))), pixels)
    span = int(table.max()) + kx
    return table.tolist(), UnitShape(
        kx,
        ky,
        last_ky,
        pitch,
        int(rng.integers(1, 5)),
        span + (ky - 1) * pitch,
        span + (last_ky - 1) * pitch,
    )


def random_job(writer: JobWriter, intra: bool, tiles: int) -> FeedJob:
    """Write a job of some K tiles of one kind; commands stand anywhere."""
    rng, preset = writer.rng, writer.preset
    table: list[int] = []
    for _ in range(tiles):
        if rng.random() < 0.5:
            writer.costs(int(rng.integers(1, 10)))
        if intra:
            pixels = int(rng.integers(1, preset.rows + 1))
            table, shape = random_unit(rng, pixels)
            writer.base(table)
            if rng.random() < 0.3:
                writer.command()
            writer.feed_rows(table, shape, int(rng.integers(1, 8)))
        else:
            line_mask = int(rng.integers(1, 1 << preset.lines))
            words = int(rng.integers(1, 3 * preset.rows // WORD_LEN))
            writer.feed(int(rng.integers(1, 8)), words, line_mask)
        for _ in range(int(rng.integers(0, 4))):
            writer.command()
        writer.tile(int(rng.integers(1, 8)), int(rng.integers(1, 6)))
    writer.command()
    return writer.job()
