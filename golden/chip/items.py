"""Items of stream C: 128-bit words, commands of the core and what feeds it.

An item is encoded with its `encode` and decoded with `decode_item`; docs/chip.md names the fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from golden.chip.encoding import EncodingError, place_field

ITEM_BYTES = 16
OP_SHIFT = 125
"""Bits 127..125 of an item are its operation."""

UNIT_ELEMENTS = 256
"""Elements of A that the rows of a WG unit share at most."""
BASE_ENTRIES = 12
"""Entries of one `Base` item."""


class Op(IntEnum):
    """Operation of an item of stream C; 0 to 3 are commands of the core."""

    TILE = 0
    SEGMENT = 1
    RUN = 2
    ZERO = 3
    COST = 4
    FEED = 5
    FEED_ROWS = 6
    BASE = 7


@dataclass(frozen=True)
class _Item:
    """An item whose fields are a table: name, lowest bit, width."""

    OP: ClassVar[Op]
    FIELDS: ClassVar[tuple[tuple[str, int, int], ...]]

    def encode(self) -> int:
        """Encode: a word of 128 bits."""
        word = int(self.OP) << OP_SHIFT
        for name, low, width in self.FIELDS:
            word |= place_field(f"item {self.OP.name}", name, int(getattr(self, name)), low, width)
        return word

    @classmethod
    def decode(cls, word: int) -> Self:
        """Decode; raise `EncodingError` for another operation or set bits without a name."""
        rest = word ^ int(cls.OP) << OP_SHIFT
        values = {}
        for name, low, width in cls.FIELDS:
            values[name] = word >> low & (1 << width) - 1
            rest &= ~(((1 << width) - 1) << low)
        if rest:
            raise EncodingError(f"item {cls.OP.name}: {word:032X} has another operation or unnamed bits")
        return cls(**values)


@dataclass(frozen=True)
class CostItem(_Item):
    """One or two channels for the balancer, in its order; channels count from the group's first."""

    channel0: int
    cost0: int
    channel1: int
    cost1: int
    depth: int
    two: int
    last: int

    OP: ClassVar[Op] = Op.COST
    FIELDS: ClassVar[tuple[tuple[str, int, int], ...]] = (
        ("channel0", 0, 16),
        ("cost0", 16, 32),
        ("channel1", 48, 16),
        ("cost1", 64, 32),
        ("depth", 96, 6),
        ("two", 102, 1),
        ("last", 103, 1),
    )


@dataclass(frozen=True)
class FeedItem(_Item):
    """Columns of A of one K tile (FP, BP)."""

    columns: int
    words: int
    line_mask: int

    OP: ClassVar[Op] = Op.FEED
    FIELDS: ClassVar[tuple[tuple[str, int, int], ...]] = (
        ("columns", 0, 16),
        ("words", 16, 6),
        ("line_mask", 22, 16),
    )


@dataclass(frozen=True)
class FeedRowsItem(_Item):
    """Units of one K tile (WG): see docs/chip.md, stream A."""

    units: int
    elements: int
    pitch: int
    kx: int
    ky: int
    last_ky: int
    channel_units: int
    pixels: int
    last_elements: int

    OP: ClassVar[Op] = Op.FEED_ROWS
    FIELDS: ClassVar[tuple[tuple[str, int, int], ...]] = (
        ("units", 0, 10),
        ("elements", 10, 9),
        ("pitch", 19, 9),
        ("kx", 28, 3),
        ("ky", 31, 3),
        ("last_ky", 34, 3),
        ("channel_units", 37, 3),
        ("pixels", 40, 6),
        ("last_elements", 46, 9),
    )


@dataclass(frozen=True)
class BaseItem:
    """Twelve entries of the base table, from entry ``12 * index``."""

    index: int
    base: tuple[int, ...]

    def encode(self) -> int:
        """Encode: a word of 128 bits."""
        if len(self.base) != BASE_ENTRIES:
            raise EncodingError(f"item BASE: {len(self.base)} entries, must be {BASE_ENTRIES}")
        word = int(Op.BASE) << OP_SHIFT | place_field("item BASE", "index", self.index, 0, 4)
        for entry, value in enumerate(self.base):
            word |= place_field("item BASE", f"entry {entry}", value, 4 + 8 * entry, 8)
        return word

    @classmethod
    def decode(cls, word: int) -> Self:
        """Decode; raise `EncodingError` for another operation or set bits without a name."""
        if word >> OP_SHIFT != Op.BASE or word >> 4 + 8 * BASE_ENTRIES & (1 << 25) - 1:
            raise EncodingError(f"item BASE: {word:032X} has another operation or unnamed bits")
        return cls(word & 0xF, tuple(word >> 4 + 8 * e & 0xFF for e in range(BASE_ENTRIES)))


Item = CostItem | FeedItem | FeedRowsItem | BaseItem
_ITEMS: dict[Op, type[CostItem] | type[FeedItem] | type[FeedRowsItem] | type[BaseItem]] = {
    Op.COST: CostItem,
    Op.FEED: FeedItem,
    Op.FEED_ROWS: FeedRowsItem,
    Op.BASE: BaseItem,
}


def decode_item(word: int) -> tuple[Op, Item | int]:
    """Decode an item of stream C: its operation and its fields; a core's command stays a word of 128 bits."""
    op = Op(word >> OP_SHIFT)
    return op, _ITEMS[op].decode(word) if op in _ITEMS else word


def items_to_bytes(items: Iterable[int]) -> bytes:
    """Join items (128-bit words) to a stream."""
    return b"".join(item.to_bytes(ITEM_BYTES, "little") for item in items)
