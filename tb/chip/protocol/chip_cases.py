"""The chip between cocotbext-axi's memory and master, under golden's driver. Run in the simulator."""

from __future__ import annotations

import os
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, First, RisingEdge
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiRam, AxiResp

from golden.chip.driver import AsyncChipDriver, Outcome
from golden.geometry import ConvGeometry, Step
from golden.presets import find_preset
from tb.chip.layers import ChipCase, make_case, require_equal
from tb.chip.protocol.clocking import pause_all, start_clock
from tb.register_map import load_names

PRESET = find_preset("tiny")
LAYERS = {
    Step.FP: ConvGeometry("fp", 1, 3, 5, 6, 5, 3, 1, 1),
    Step.BP: ConvGeometry("bp", 2, 4, 6, 5, 3, 3, 2, 1),
    Step.WG: ConvGeometry("wg", 1, 3, 4, 5, 4, 3, 1, 1),
}
TIMEOUT = 200_000


class Bus:
    """Registers and interrupt, as the driver wants them."""

    def __init__(self, dut: Any, master: AxiLiteMaster) -> None:
        self.dut = dut
        self.master = master

    async def read32(self, address: int) -> int:
        """Read a register."""
        answer = await self.master.read(address, 4)
        assert answer.resp == AxiResp.OKAY, hex(address)
        return int.from_bytes(answer.data, "little")

    async def write32(self, address: int, value: int) -> None:
        """Write a register."""
        assert (await self.master.write(address, value.to_bytes(4, "little"))).resp == AxiResp.OKAY

    async def wait_interrupt(self, cycles: int) -> bool:
        """Wait for the interrupt, at most so many cycles."""
        if not self.dut.irq.value:
            await First(RisingEdge(self.dut.irq), ClockCycles(self.dut.clk, cycles))
        return bool(self.dut.irq.value)


async def begin(
    dut: Any, case: ChipCase, pause_permille: int, rng: np.random.Generator
) -> tuple[AsyncChipDriver, Bus, AxiRam]:
    """Reset the chip with a case in its memory."""
    size = len(case.before)
    ram = AxiRam(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst_n, reset_active_level=False, size=size)
    ram.write(0, case.before.tobytes())
    master = AxiLiteMaster(
        AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst_n, reset_active_level=False
    )
    if pause_permille:
        pause_all(master, rng, pause_permille)
        pause_all(ram, rng, pause_permille)
    await start_clock(dut)
    bus = Bus(dut, master)
    driver = AsyncChipDriver(bus, load_names(), PRESET)
    await driver.talk(driver.says.identify())
    return driver, bus, ram


async def run(case: ChipCase, driver: AsyncChipDriver, ram: AxiRam) -> Outcome:
    """Run a case, and require golden's memory."""
    outcome = await driver.run(case.before, [case.layer], TIMEOUT)
    require_equal(case, np.frombuffer(ram.read(0, len(case.before)), np.uint8))
    return outcome


@cocotb.test()
@cocotb.parametrize(step=list(LAYERS), pause_permille=[0, 400])
async def layers(dut: Any, step: Step, pause_permille: int) -> None:
    """Every step through another's memory and master: all of memory is golden's."""
    rng = np.random.default_rng(int(os.environ["COCOTB_RANDOM_SEED"]))
    case = make_case(rng, LAYERS[step], step, PRESET)
    driver, _, ram = await begin(dut, case, pause_permille, rng)
    outcome = await run(case, driver, ram)
    assert outcome.status.descriptors_done == len(case.layer.descriptors)
    assert outcome.chip["jobs"] == sum(len(one.jobs) for one in case.layer.descriptors)
    assert outcome.chip["detached"] == 0


@cocotb.test()
async def aborts_right_behind_a_start(dut: Any) -> None:
    """The abort comes while the start still clears the chip, too; the next start is a good one."""
    case = make_case(
        np.random.default_rng(int(os.environ["COCOTB_RANDOM_SEED"])), LAYERS[Step.FP], Step.FP, PRESET
    )
    driver, bus, ram = await begin(dut, case, 0, np.random.default_rng(1))
    names = load_names()
    control = names.offsets["CONTROL"]
    await bus.write32(names.offsets["DESCRIPTOR"], names.pack("DESCRIPTOR", line=case.line))
    for delay in range(8):
        start = cocotb.start_soon(bus.write32(control, names.pack("CONTROL", start=1)))
        await ClockCycles(dut.clk, 1 + delay)
        await bus.write32(control, names.pack("CONTROL", abort=1))
        await start
        status = {"busy": 1}
        while status["busy"]:
            status = names.unpack("STATUS", await bus.read32(names.offsets["STATUS"]))
        assert (status["error"], status["cause"]) == (1, names.enums["cause"]["ABORTED"]), delay
        assert ram.read(0, len(case.before)) == case.before.tobytes()
    await run(case, driver, ram)
