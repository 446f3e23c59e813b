"""The pattern of wrong results: what became of their bits, in which columns, and with which operands.

Each fact is told as far as the results settle it: a possibility is dropped if a wrong result contradicts it,
or if results that it would have hit are right in such numbers that chance does not explain it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.exact import exact_product
from golden.fgmp import FgmpTensor, encode
from golden.formats import U16
from golden.geometry import Step
from golden.lowering import Lowering
from golden.presets import PE_COLUMNS
from regressions.triage.symptom import BITS, Symptom
from tb.core.replay import Replay

Bits = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

ENOUGH = 8
"""Wrong results from which on it means something that others are right."""
FEW = 4
"""Up to so many wrong results may show a pattern by chance."""
SHARE = 0.9
"""Share of the wrong results that make a pattern."""
LAST_PLACES = 16
"""Units in the last place within which a result is wrong by rounding."""
UNLIKELY = 0.01
FP16_ONE = 0x3C00
WIDEST = 16
"""FP16 threshold exponent under which 1.0 is an FP8 element."""


def bits_symptom(replay: Replay, expected: Bits, actual: Bits) -> Symptom:
    """Return the symptom of a product that differs.

    Parameters
    ----------
    replay : Replay
    expected, actual : uint32 or uint16 [M, N]
        Bits due, and those of the RTL; at least one differs.
    """
    wrong = expected != actual
    narrow, wide = group_counts(replay)
    facts = {
        "pattern": pattern(expected, actual),
        "columns": columns(wrong, replay.lowering.preset.columns),
        "operands": operands(wrong.any(axis=1), narrow, wide),
        "sums": ["intra" if replay.source.step is Step.WG else "inter"],
    }
    return Symptom(BITS, "", "bits of results differ", facts)


def as_matrix(replay: Replay, tensor: Bits) -> Bits:
    """Return a result's tensor as the product [M, N] that it comes from."""
    columns_last = np.moveaxis(tensor, 0 if replay.source.step is Step.WG else 1, -1)
    return columns_last.reshape(-1, columns_last.shape[-1])


def group_counts(replay: Replay) -> tuple[Ints, Ints]:
    """Count the non-zero FP8 and FP16 elements of A that each row of the product meets: int64 [M] each."""
    lowering, a = replay.lowering, replay.a
    narrow = a.nonzero & ~a.is_fp16
    return _met(lowering, a, narrow), _met(lowering, a, a.nonzero & a.is_fp16)


def _met(lowering: Lowering, a: FgmpTensor, mask: Bools) -> Ints:
    """Sum a mask over each row's elements: the product of the mask and a column of ones."""
    ones: U16 = np.full((lowering.depth, 1), FP16_ONE, np.uint16)
    marked = encode(np.where(mask, FP16_ONE, 0).astype(np.uint16), a.fmt, WIDEST)
    product = exact_product(lowering, marked, ones)
    return product[:, 0].view(np.float32).astype(np.int64)


# --- What became of the bits ------------------------------------------------------------------------


def pattern(expected: Bits, actual: Bits) -> list[str]:
    """Return what may have happened to the values: one word that most wrong results share, or ``value``."""
    moved = _moved(expected, actual)
    if moved:
        return [f"moved:{moved}"]
    wrong = expected != actual
    kinds = _kinds(expected[wrong], actual[wrong])
    names, counts = np.unique(kinds, return_counts=True)
    most = str(names[counts.argmax()])
    if counts.max() < SHARE * kinds.size or most == "value":
        return ["value"]
    # Any small error is one of rounding where results are rounded to FP16, and in a sum that outweighs it.
    every = expected.dtype == np.uint32 and kinds.size >= 2 * ENOUGH and counts.max() == kinds.size
    settled = every if most == "rounding" else kinds.size >= FEW
    return [most] if settled else [most, "value"]


def _kinds(expected: Bits, actual: Bits) -> npt.NDArray[np.str_]:
    """Name what became of each wrong value."""
    single = expected.dtype == np.uint32
    floats, mantissa, sign = (np.float32, 23, 1 << 31) if single else (np.float16, 10, 1 << 15)
    want, got = expected.view(floats), actual.view(floats)
    magnitude_want, magnitude_got = expected & (sign - 1), actual & (sign - 1)
    ordered_want = np.where(expected & sign, -magnitude_want.astype(np.int64), magnitude_want)
    ordered_got = np.where(actual & sign, -magnitude_got.astype(np.int64), magnitude_got)
    low = (1 << mantissa) - 1
    special = ~np.isfinite(want) | ~np.isfinite(got)
    conditions = {
        "nan": np.isnan(want) != np.isnan(got),
        "zero": (magnitude_got == 0) & (magnitude_want != 0),
        "sign": (expected ^ actual) == sign,
        "rounding": ~special & (np.abs(ordered_want - ordered_got) <= LAST_PLACES),
        "exponent": ~special & (((expected ^ actual) & (sign | low)) == 0) & ((expected & low) != 0),
    }
    return np.select(list(conditions.values()), list(conditions), "value")


def _moved(expected: Bits, actual: Bits) -> str:
    """Name the place from which wrong results come that are right for another one; empty if none is."""
    wrong = expected != actual
    rows, width = expected.shape
    floats = np.float32 if expected.dtype == np.uint32 else np.float16
    total = int(wrong.sum())
    if total < FEW:
        return ""
    places = {
        "row before": np.roll(expected, 1, axis=0) if rows > 1 else None,
        "row after": np.roll(expected, -1, axis=0) if rows > 1 else None,
        "column before": np.roll(expected, 1, axis=1) if width > 1 else None,
        "column after": np.roll(expected, -1, axis=1) if width > 1 else None,
        "other column of the PE": expected[:, np.arange(width) ^ 1] if width % 2 == 0 else None,
        "other half of the row": np.roll(expected, width // 2, axis=1) if width % 4 == 0 else None,
    }
    for name, there in places.items():
        if there is None:
            continue
        telling = wrong & (there.view(floats) != 0)  # zeros are everywhere
        if telling.sum() >= FEW and ((there == actual) & telling).sum() >= SHARE * total:
            return name
    return ""


# --- Where ------------------------------------------------------------------------------------------


def columns(wrong: Bools, width: int) -> list[str]:
    """Return which columns of a core of `width` columns a fault may be in.

    The narrowest place that holds all wrong results is always possible; wider ones while there are few wrong
    results, or no right columns in them.
    """
    place = np.arange(wrong.shape[1]) % width
    hit = set(place[wrong.any(axis=0)].tolist())
    available = set(place.tolist())
    first = min(hit)
    choices = {
        f"column{first}": {first},
        f"pe{first // PE_COLUMNS}": {first - first % PE_COLUMNS, first - first % PE_COLUMNS + 1},
        ("first", "second")[first % PE_COLUMNS]: set(range(first % PE_COLUMNS, width, PE_COLUMNS)),
        "all": set(range(width)),
    }
    possible = {name: here for name, here in choices.items() if hit <= here}
    if wrong.sum() >= ENOUGH:
        least = min(len(here & available) for here in possible.values())
        possible = {name: here for name, here in possible.items() if len(here & available) == least}
    return list(possible)


def operands(wrong: Bools, narrow: Ints, wide: Ints) -> list[str]:
    """Return which elements of A a fault may need, from the wrong rows and the elements that rows meet."""
    possible = {"any": np.ones_like(wrong), "FP8": narrow > 0, "FP16": wide > 0}
    for name, needs in list(possible.items()):
        if (wrong & ~needs).any():
            possible.pop(name)
    for name in ("FP8", "FP16"):
        if name not in possible:
            continue
        needs = possible[name]
        rate = float(wrong[needs].mean())
        innocent = int((~needs & (narrow + wide > 0)).sum())
        if (1 - rate) ** innocent < UNLIKELY:
            return [name]
    return list(possible)
