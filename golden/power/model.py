"""The event model: numbers of events x energies per event, by component, at an operating point.

Logic energies an event come from a calibration against gates (`golden.power.fit`), at that library's voltage
and process. `node_scale` carries them to the process of the published table (Horowitz, ISSCC 2014: 45 nm,
0.9 V): it is what makes an FP16 MAC's multiplier and adder cost the table's FP16 multiply and FP32 add. The
memories, leakage and external memory come from that table (`golden.energy`), as no gates tell of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from golden.energy import (
    DRAM_PJ_PER_BYTE,
    FP16_MULTIPLY_PJ,
    FP32_ADD_PJ,
    LEAKAGE_SHARE,
    SramAccesses,
    sram_access_pj,
)
from golden.power.components import Component, Precision
from golden.power.events import FOLLOWS, MACS
from golden.power.fit import Constants
from golden.power.operating import PUBLISHED, OperatingPoint
from golden.presets import Preset

TABLE_V = 0.9
"""Voltage of the published table."""
LEAKAGE_HZ = PUBLISHED[-1].frequency
"""The clock at which leakage is `golden.energy.LEAKAGE_SHARE` of a cycle of FP16 MACs. Assumed."""
PICO = 1e-12


@dataclass(frozen=True)
class Estimate:
    """Energy of a replay in J, by part; `seconds` is its time.

    Attributes
    ----------
    logic : dict of Component to float
    multiplier : dict of Precision to float
        The part of it that FP8 and FP16 MACs take in the multiplier.
    sram : dict of str to float
        By kind of memory.
    leakage, external : float
    """

    logic: dict[Component, float]
    multiplier: dict[Precision, float]
    sram: dict[str, float]
    leakage: float
    external: float
    seconds: float

    @property
    def chip(self) -> float:
        """All but external memory."""
        return sum(self.logic.values()) + sum(self.sram.values()) + self.leakage

    @property
    def watts(self) -> float:
        """Mean power of the chip without external memory."""
        return self.chip / self.seconds


@dataclass(frozen=True)
class EventModel:
    """Calibrated energies an event: J at `voltage`, of the process that they were calibrated on."""

    constants: Constants
    voltage: float

    def logic(self, events: Mapping[str, float]) -> dict[Component, float]:
        """Return J by component at the calibration's voltage and process."""
        return {
            component: sum(energy * events[name] for name, energy in self.constants[component].items())
            for component in FOLLOWS
        }

    def multiplier(self, events: Mapping[str, float]) -> dict[Precision, float]:
        """Return J of the multiplier by precision; `logic` has their sum."""
        energies = self.constants[Component.MULTIPLIER]
        return {one: energies[name] * events[name] for one, name in MACS.items()}

    @property
    def node_scale(self) -> float:
        """Factor from the calibration's process and voltage to those of the published table."""
        mac = sum(self.constants[one]["macs_fp16"] for one in (Component.MULTIPLIER, Component.ADDER))
        return (FP16_MULTIPLY_PJ + FP32_ADD_PJ) * PICO / mac

    def estimate(
        self,
        events: Mapping[str, float],
        sram: Mapping[str, Sequence[SramAccesses]],
        external_bytes: float,
        preset: Preset,
        point: OperatingPoint,
    ) -> Estimate:
        """Estimate a replay at an operating point.

        Parameters
        ----------
        events : mapping
            See `golden.power.events.count_events`.
        sram : mapping of str to sequence of SramAccesses
            Accesses by kind of memory.
        external_bytes : float
            Traffic of external memory, whose energy does not follow the chip's supply.
        preset : Preset
            The hardware that leaks.
        """
        dynamic = point.dynamic(TABLE_V)
        seconds = events["cycles"] / point.frequency
        pes = preset.cores * preset.lines * preset.pes
        leaking = LEAKAGE_SHARE * pes * (FP16_MULTIPLY_PJ + FP32_ADD_PJ) * PICO * LEAKAGE_HZ
        scale = self.node_scale * dynamic
        return Estimate(
            {one: energy * scale for one, energy in self.logic(events).items()},
            {one: energy * scale for one, energy in self.multiplier(events).items()},
            {
                name: dynamic * PICO * sum(n * sram_access_pj(width, size) for width, size, n in accesses)
                for name, accesses in sram.items()
            },
            leaking * point.leakage(TABLE_V) * seconds,
            external_bytes * DRAM_PJ_PER_BYTE * PICO,
            seconds,
        )
