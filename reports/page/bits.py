"""Bits of binary16 and binary32 values: fields, distance, and sums as the hardware forms them."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

from regressions.results import Operand

FIELDS = {8: (1, 8, 23), 4: (1, 5, 10)}
"""Sign, exponent and significand bits by number of hex digits."""


def digits(code: str) -> str:
    """Return the bare hex digits of a code."""
    return code.lower().removeprefix("0x").upper()


def bit_fields(code: str, other: str) -> list[list[tuple[str, bool]]]:
    """Return the bits of `code` as sign, exponent and significand, each bit with whether `other` has another.

    Nothing if the codes are not both binary32 or both binary16.
    """
    mine, theirs = digits(code), digits(other)
    if len(mine) != len(theirs) or len(mine) not in FIELDS:
        return []
    width = 4 * len(mine)
    bits = [
        (one, one != two)
        for one, two in zip(f"{int(mine, 16):0{width}b}", f"{int(theirs, 16):0{width}b}", strict=True)
    ]
    result, start = [], 0
    for size in FIELDS[len(mine)]:
        result.append(bits[start : start + size])
        start += size
    return result


def distance(expected: str, actual: str) -> int | None:
    """Return the representable values from `expected` to `actual`; `None` for NaNs or other widths."""
    one, two = digits(expected), digits(actual)
    if len(one) != len(two) or len(one) not in FIELDS:
        return None
    places = [_ordinal(int(code, 16), 4 * len(code), FIELDS[len(code)][2]) for code in (one, two)]
    if places[0] is None or places[1] is None:
        return None
    return places[1] - places[0]


def _ordinal(code: int, width: int, significand: int) -> int | None:
    magnitude = code & ((1 << (width - 1)) - 1)
    infinity = ((1 << (width - 1 - significand)) - 1) << significand
    if magnitude > infinity:
        return None
    return -magnitude if code >> (width - 1) else magnitude


def running_sums(operands: Sequence[Operand]) -> list[float | None]:
    """Return a line's sum after each operand, from +0, each product exact and each sum rounded to binary32.

    `None` marks a skipped operand: a zero A adds nothing, whatever B is. A binary64 sum of two binary32
    values, rounded to binary32, is their correctly rounded binary32 sum (53 >= 2 * 24 + 2 bits).
    """
    total, sums = 0.0, list[float | None]()
    for one in operands:
        if one.a == 0:
            sums.append(None)
            continue
        total = _to_binary32(total + one.a * one.b)
        sums.append(total)
    return sums


def _to_binary32(value: float) -> float:
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded
