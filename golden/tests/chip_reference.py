"""Slow readers of what lies in the chip's memory, from docs/chip.md; they share no code with the packers."""

from __future__ import annotations

import numpy as np

from golden.chip.encoding import Extent
from golden.chip.memory_image import MemoryImage
from golden.fgmp import FgmpTensor
from golden.formats import U32, Fp8Format, decode_fp8


class SlowReader:
    """Takes FGMP blocks off a stream, element by element."""

    def __init__(self, data: bytes, fmt: Fp8Format, bias: int) -> None:
        self._data = data
        self._table = decode_fp8(np.arange(256, dtype=np.uint8), fmt, bias)
        self._at = 0

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self._at == len(self._data)

    def block(self, elements: int) -> list[int]:
        """Read one block: FP16 bits of its elements, 0 for zeros."""
        mask = self._bits(elements)
        group = self._bits(sum(mask))
        codes = iter(self._take(group.count(0)))
        wide = self._take(2 * sum(group))
        halves = iter(wide[2 * i] | wide[2 * i + 1] << 8 for i in range(sum(group)))
        groups = iter(group)
        values = []
        for kept in mask:
            if not kept:
                values.append(0)
            elif next(groups):
                values.append(next(halves))
            else:
                values.append(int(self._table[next(codes)]))
        return values

    def blocks(self, elements: int, limit: int) -> list[int]:
        """Read `elements` elements in blocks of `limit`, the last one shorter."""
        values: list[int] = []
        while len(values) < elements:
            values += self.block(min(limit, elements - len(values)))
        return values

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        assert len(taken) == count, "the stream ends within a block"
        self._at += count
        return taken

    def _bits(self, count: int) -> list[int]:
        taken = self._take((count + 7) // 8)
        bits = [taken[i // 8] >> (i % 8) & 1 for i in range(8 * len(taken))]
        assert not any(bits[count:]), "a fill bit is set"
        return bits[:count]


def reader_of(data: bytes, tensor: FgmpTensor) -> SlowReader:
    """Return a reader of a stream of `tensor`'s elements."""
    return SlowReader(data, tensor.fmt, tensor.bias)


def read_words(image: MemoryImage, line: int, count: int) -> U32:
    """Return 32-bit words from the start of a line: uint32 [count]."""
    return np.frombuffer(image.read(Extent(line, 4 * count)).tobytes(), "<u4").astype(np.uint32)


def items_from_bytes(data: bytes) -> list[int]:
    """Split a stream C into its items of 16 bytes."""
    assert len(data) % 16 == 0
    return [int.from_bytes(data[start : start + 16], "little") for start in range(0, len(data), 16)]
