"""FGMP blocks as the chip streams them, written element by element from docs/chip.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from golden.formats import U16, Bool
from golden.lowering import Ints

LINE_BYTES = 64


@dataclass(frozen=True)
class Elements:
    """Elements of FGMP, in the order of a stream.

    Attributes
    ----------
    values : uint16 [n]
        FP16 bits, or an FP8 code in the low byte; 0 where `mask` is not set.
    mask, group : bool [n]
        Whether the element is not zero, and whether it is FP16.
    """

    values: U16
    mask: Bool
    group: Bool

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: slice | Ints) -> Elements:
        return Elements(self.values[index], self.mask[index], self.group[index])


def random_elements(rng: np.random.Generator, count: int, density: float, wide: float) -> Elements:
    """Draw elements: `density` of them non-zero, `wide` of those FP16; any code may occur."""
    mask = rng.random(count) < density
    group = mask & (rng.random(count) < wide)
    codes = rng.integers(1, 1 << 8, count)
    halves = rng.integers(1, 1 << 16, count)
    values = np.where(group, halves, codes) * mask
    return Elements(values.astype(np.uint16), mask, group)


def empty_elements() -> Elements:
    """No elements."""
    return Elements(np.zeros(0, np.uint16), np.zeros(0, np.bool_), np.zeros(0, np.bool_))


def join(parts: Iterable[Elements]) -> Elements:
    """Join elements in order."""
    parts = [empty_elements(), *parts]
    return Elements(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.mask for part in parts]),
        np.concatenate([part.group for part in parts]),
    )


def block(elements: Elements) -> bytes:
    """Write one block."""
    mask, group = 0, 0
    narrow, wide = bytearray(), bytearray()
    nonzeros = 0
    for at in range(len(elements)):
        if not elements.mask[at]:
            continue
        mask |= 1 << at
        if elements.group[at]:
            group |= 1 << nonzeros
            wide += int(elements.values[at]).to_bytes(2, "little")
        else:
            narrow.append(int(elements.values[at]))
        nonzeros += 1
    return (
        mask.to_bytes((len(elements) + 7) // 8, "little")
        + group.to_bytes((nonzeros + 7) // 8, "little")
        + bytes(narrow)
        + bytes(wide)
    )


def blocks(elements: Elements, length: int) -> bytes:
    """Write blocks of `length` elements, the last one shorter."""
    return b"".join(block(elements[at : at + length]) for at in range(0, len(elements), length))
