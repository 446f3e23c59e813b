"""The layout of `golden.codecs`, written element by element in plain Python: slow, and plain to check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Element = tuple[int, bool]
"""Value, and whether it takes 16 bits."""


def bits_of(value: int, width: int) -> list[int]:
    """Return the bits of a value, lowest first."""
    return [value >> at & 1 for at in range(width)]


def filled_up(bits: Iterable[int]) -> bytes:
    """Return bits as bytes, lowest first, the last one filled up with 0."""
    listed = list(bits)
    listed += [0] * (-len(listed) % 8)
    return bytes(
        sum(bit << at for at, bit in enumerate(listed[start : start + 8]))
        for start in range(0, len(listed), 8)
    )


def pairs_of(block: Sequence[Element], width: int, zero: Element) -> list[tuple[int, Element]]:
    """Return runs and stored elements of a block."""
    longest, run = 2**width - 1, 0
    pairs = []
    for at, element in enumerate(block):
        if element[0]:
            pairs.append((run, element))
            run = 0
        elif run == longest or at == len(block) - 1:  # this zero is stored
            pairs.append((run, zero))
            run = 0
        else:
            run += 1
    return pairs


def block_bytes(block: Sequence[Element], zeros: str, groups: bool, wide_zero: bool) -> bytes:
    """Return a block's bytes; `zeros` is empty, ``mask`` or ``rlcN``."""
    head = b""
    stored = list(block)
    if zeros == "mask":
        head = filled_up(int(value != 0) for value, _ in block)
        stored = [element for element in block if element[0]]
    elif zeros:
        width = int(zeros.removeprefix("rlc"))
        pairs = pairs_of(block, width, (0, wide_zero))
        head = filled_up(bit for run, _ in pairs for bit in bits_of(run, width))
        stored = [element for _, element in pairs]
    if groups:
        head += filled_up(int(wide) for _, wide in stored)
    narrow = bytes(value for value, wide in stored if not wide)
    return head + narrow + b"".join(value.to_bytes(2, "little") for value, wide in stored if wide)


def encoded(elements: Sequence[Element], zeros: str, values: str, block: int) -> bytes:
    """Return what a codec with this treatment of zeros and this kind of values must write."""
    groups, wide_zero = values == "fgmp", values == "fp16"
    if not elements:
        return b""
    if not zeros and not groups:
        return block_bytes(elements, zeros, groups, wide_zero)
    size = block or len(elements)
    blocks = [
        block_bytes(elements[start : start + size], zeros, groups, wide_zero)
        for start in range(0, len(elements), size)
    ]
    pointers, at = [], 0
    for one in blocks:
        pointers.append(at.to_bytes(4, "little"))
        at += len(one)
    return b"".join([*(pointers if block else []), *blocks])
