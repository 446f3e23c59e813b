"""First power model: energy of a replay from its event counters and a table of energies per operation.

THIS IS A FIRST ESTIMATE. The table is of 45 nm at 0.9 V (M. Horowitz, "Computing's energy problem", ISSCC
2014), with nothing tuned to any chip, frequency or voltage. It is meant for comparing layers, steps and
design changes with each other; its absolute values are rough. Show `ESTIMATE_NOTE`
wherever they are shown.

What the table says directly: FP16 multiply 1.1 pJ, FP32 add 0.9 pJ, 64-bit reads of 8 KB, 32 KB and 1 MB of
SRAM 10, 20 and 100 pJ, DRAM 1.3 to 2.6 nJ per 64 bits.

What we assume, because no figure is public:

multiplier
    An FP16 MAC takes one FP16 multiply. Its rounding logic, which our exact product has not, is left in. An
    FP8 MAC takes a 4 x 11-bit multiply, and costs the FP16 one's energy times the ratio of partial-product
    bits, 44/121: 0.40 pJ. That is how the PE works, whose 11 x 11 multiplier splits into two of 4 x 11.
    Check: the table's INT8 multiply (64 bits, 0.2 pJ) gives 0.14 pJ for a bare 4 x 11 array, which leaves
    0.26 pJ for exponents and shifting. Skipped MACs take nothing.
adder
    Every accumulation of a product, every addition of the tree over lines and of the partial sums is one
    FP32 add.
sram
    Energy of an access is proportional to its width. Over capacity it follows the power law through the two
    neighbouring points of the table (exponents 0.50 and 0.46), and goes on with the nearest one's outside
    them. Reads and writes cost the same.
control
    Clock tree, queues, sequencing and address generation are `CONTROL_SHARE` of multiplier + adder + sram:
    they are clock-gated, so they follow the work.
leakage
    Each cycle, busy or not, leaks `LEAKAGE_SHARE` of what one cycle of the preset with every PE on an FP16
    MAC takes in multipliers and adders. So a stall costs energy, and a larger preset leaks more.
external
    DRAM at the middle of the table's range, 1.95 nJ per 64 bits; the range is a third up and down.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from golden.presets import Preset

ESTIMATE_NOTE = (
    "First estimate: event counts x energies per operation at 45 nm, 0.9 V (Horowitz, ISSCC 2014); "
    "SRAM interpolated by capacity and width, control and leakage assumed as shares, nothing tuned. "
    "For comparison only."
)
"""The sentence that belongs beside every figure of this model."""

FP16_MULTIPLY_PJ = 1.1
FP32_ADD_PJ = 0.9
FP8_MULTIPLY_PJ = FP16_MULTIPLY_PJ * (4 * 11) / (11 * 11)
"""Assumption: scaled by partial-product bits (see the module's text)."""
SRAM_ACCESS_BYTES = 8
SRAM_POINTS_PJ = ((8 * 1024, 10.0), (32 * 1024, 20.0), (1024 * 1024, 100.0))
"""Capacity in bytes and energy in pJ of an access of `SRAM_ACCESS_BYTES`."""
DRAM_PJ_PER_BYTE = (1300.0 + 2600.0) / 2 / 8
"""Assumption: middle of the published range."""
CONTROL_SHARE = 0.20
"""Assumption: control energy over multiplier + adder + sram."""
LEAKAGE_SHARE = 0.10
"""Assumption: leakage of a cycle over the arithmetic of a cycle at FP16 peak."""

COMPONENTS = ("multiplier", "adder", "sram", "control", "leakage", "external")
"""Components of `energy_pj`, in the order of the results' contract."""

_COUNTS = ("macs_fp8", "macs_fp16", "adder_tree_adds", "psum_adds", "cycles", "external_bytes")


class EnergyError(ValueError):
    """The counters lack an event or hold an impossible value."""


class SramAccesses(NamedTuple):
    """Accesses to one kind of memory; a plain 3-tuple in the same order serves as well.

    Attributes
    ----------
    bytes_per_access : float
        Width of one access in bytes.
    capacity_bytes : float
        Size in bytes of the *one* macro accessed, not of all its copies together.
    accesses : int
        Reads and writes.
    """

    bytes_per_access: float
    capacity_bytes: float
    accesses: int


def sram_access_pj(bytes_per_access: float, capacity_bytes: float) -> float:
    """Energy in pJ of one access to an SRAM: linear in its width, a power law in its capacity.

    Raises
    ------
    EnergyError
        If width or capacity is not positive.
    """
    if not (bytes_per_access > 0 and capacity_bytes > 0):
        raise EnergyError(
            f"SRAM of {capacity_bytes} bytes, {bytes_per_access} an access: both must be positive"
        )
    points = SRAM_POINTS_PJ
    segment = 0 if capacity_bytes <= points[1][0] else 1
    (low, low_pj), (high, high_pj) = points[segment], points[segment + 1]
    exponent = math.log(high_pj / low_pj) / math.log(high / low)
    return float(low_pj * (capacity_bytes / low) ** exponent * bytes_per_access / SRAM_ACCESS_BYTES)


def energy_pj(counters: Mapping[str, Any], preset: Preset) -> dict[str, float]:
    """Estimate the energy of a replay by component.

    Parameters
    ----------
    counters : mapping
        ``macs_fp8``, ``macs_fp16``: products computed (skipped ones left out); ``adder_tree_adds``:
        additions of line sums; ``psum_adds``: additions to partial sums; ``sram``: an iterable of
        `SramAccesses`, one for each kind of memory; ``cycles``; ``external_bytes``: traffic of external
        memory. Other keys are ignored.
    preset : Preset
        The hardware that leaks.

    Returns
    -------
    dict of str to float
        pJ of each of `COMPONENTS`. A first estimate: see the module's text.

    Raises
    ------
    EnergyError
        If a counter is missing, negative or not a number.
    """
    fp8, fp16, tree, psum, cycles, external = (_count(counters, name) for name in _COUNTS)
    multiplier = fp8 * FP8_MULTIPLY_PJ + fp16 * FP16_MULTIPLY_PJ
    adder = (fp8 + fp16 + tree + psum) * FP32_ADD_PJ
    if "sram" not in counters:
        raise EnergyError(
            "energy: counter 'sram' is missing; give a list of SramAccesses, empty if there are none"
        )
    sram = _sram_pj(counters["sram"])
    pes = preset.cores * preset.lines * preset.pes
    peak_cycle = pes * (FP16_MULTIPLY_PJ + FP32_ADD_PJ)
    return {
        "multiplier": multiplier,
        "adder": adder,
        "sram": sram,
        "control": CONTROL_SHARE * (multiplier + adder + sram),
        "leakage": LEAKAGE_SHARE * peak_cycle * cycles,
        "external": external * DRAM_PJ_PER_BYTE,
    }


def _sram_pj(accesses: Iterable[tuple[float, float, float]]) -> float:
    total = 0.0
    for width, capacity, count in accesses:
        if not count >= 0:
            raise EnergyError(f"energy: SRAM of {capacity} bytes has {count} accesses, must be 0 or more")
        total += count * sram_access_pj(width, capacity)
    return total


def _count(counters: Mapping[str, Any], name: str) -> float:
    if name not in counters:
        raise EnergyError(f"energy: counter '{name}' is missing; give it, 0 if the event cannot happen")
    try:
        value = float(counters[name])
    except (TypeError, ValueError):
        value = math.nan
    if not (value >= 0 and math.isfinite(value)):
        raise EnergyError(
            f"energy: counter '{name}' is {counters[name]!r}, must be a number of events, 0 or more"
        )
    return value
