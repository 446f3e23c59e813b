"""Voltage and frequency: how dynamic energy and leakage follow them.

dynamic
    Proportional to V² (charge moved at a voltage); frequency changes power, not energy.
leakage
    A power, so its energy a cycle falls with frequency. Proportional to V and to the subthreshold current,
    which drain-induced barrier lowering raises by exp(dibl * ΔV / (n kT/q)). `DIBL` and `SLOPE` are of the
    size that textbooks give for a 65 nm process: assumed, not measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

DIBL = 0.1
"""V of threshold a V of supply. Assumed."""
SLOPE = 1.5
"""Subthreshold slope factor n. Assumed."""
THERMAL_V = 0.0259
"""kT/q at 300 K, V."""


class OperatingError(ValueError):
    """A voltage or frequency that no chip has."""


@dataclass(frozen=True)
class OperatingPoint:
    """A supply and a clock: `voltage` in V, `frequency` in Hz."""

    voltage: float
    frequency: float

    def __post_init__(self) -> None:
        if not 0.3 <= self.voltage <= 5 or not 1e3 <= self.frequency <= 1e10:
            raise OperatingError(f"operating point {self.text}: give 0.3 to 5 V and 1 kHz to 10 GHz")

    @property
    def text(self) -> str:
        """Both, for people."""
        return f"{self.voltage:g} V, {self.frequency / 1e6:g} MHz"

    def dynamic(self, reference: float) -> float:
        """Dynamic energy over that at `reference` V."""
        return (self.voltage / reference) ** 2

    def leakage(self, reference: float) -> float:
        """Leakage power over that at `reference` V."""
        step = self.voltage - reference
        return self.voltage / reference * math.exp(DIBL * step / (SLOPE * THERMAL_V))


def parse_point(text: str) -> OperatingPoint:
    """Read ``VOLTAGE,MHZ``; raise `OperatingError` if it is none."""
    parts = text.split(",")
    try:
        voltage, megahertz = (float(part) for part in parts)
    except ValueError:
        raise OperatingError(f"operating point '{text}': give VOLTS,MHZ, as in 0.7,50") from None
    return OperatingPoint(voltage, megahertz * 1e6)


PUBLISHED = (OperatingPoint(0.7, 50e6), OperatingPoint(1.1, 200e6))
"""The two points at which the chip's power is published (Hot Chips 31 poster)."""
PUBLISHED_W = {PUBLISHED[0]: 43e-3, PUBLISHED[1]: 367e-3}
"""W at each."""
