"""Clock and reset of the benches, and pauses of their buses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

PERIOD_NS = 5


async def start_clock(dut: Any) -> None:
    """Start the clock and take the bench through reset."""
    Clock(dut.clk, PERIOD_NS, unit="ns").start()
    dut.rst_n.value = 0
    await ClockCycles(dut.clk, 3)
    dut.rst_n.value = 1
    await ClockCycles(dut.clk, 2)


def pauses(rng: np.random.Generator, permille: int) -> Iterator[bool]:
    """Draw, for each cycle, whether a channel pauses."""
    return itertools.cycle(bool(pause) for pause in rng.random(997) < permille / 1000)


def pause_all(bus: Any, rng: np.random.Generator, permille: int) -> None:
    """Let every channel of a bus model's reads and writes pause now and then."""
    interfaces = (bus.write_if, bus.read_if)
    for interface in interfaces:
        for name in ("aw_channel", "w_channel", "b_channel", "ar_channel", "r_channel"):
            if hasattr(interface, name):
                getattr(interface, name).set_pause_generator(pauses(rng, permille))
