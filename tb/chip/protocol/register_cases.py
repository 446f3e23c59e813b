"""The registers as software meets them, through cocotbext-axi's AXI4-Lite master. Run in the simulator."""

from __future__ import annotations

import os
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, Combine, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from tb.chip.protocol.clocking import pause_all, start_clock
from tb.register_map import ADDRESS_BITS, load_names

NAMES = load_names()
OFFSETS = NAMES.offsets
INPUTS = ("busy", "done", "error", "cause", "error_job", "error_descriptor", "descriptors", "counter")
LOCKED = {"DESCRIPTOR": "descriptor", "PATIENCE": "patience", "WATCHDOG": "watchdog"}
"""Registers that a running job locks, and the pin that each drives."""
READ_ONLY = (
    "ID",
    "CONFIG",
    "STATUS",
    "DESCRIPTORS_DONE",
    "ERROR_JOB",
    "ERROR_DESCRIPTOR",
    "COUNTER_LOW",
    "COUNTER_HIGH",
)


class Software:
    """Reads and writes registers by name; every access must succeed."""

    def __init__(self, dut: Any, master: AxiLiteMaster) -> None:
        self.dut = dut
        self.master = master

    async def read(self, name: str) -> int:
        """Return a register's value."""
        answer = await self.master.read(OFFSETS[name], 4)
        assert answer.resp == AxiResp.OKAY, name
        return int.from_bytes(answer.data, "little")

    async def write(self, name: str, value: int) -> None:
        """Write a register."""
        assert (await self.master.write(OFFSETS[name], value.to_bytes(4, "little"))).resp == AxiResp.OKAY, (
            name
        )

    async def fields(self, name: str) -> dict[str, int]:
        """Return the fields of a register."""
        return NAMES.unpack(name, await self.read(name))

    async def pulse(self, name: str, **levels: int) -> None:
        """Raise an input for one cycle, with others set beside it."""
        await RisingEdge(self.dut.clk)
        for other, level in levels.items():
            getattr(self.dut, other).value = level
        getattr(self.dut, name).value = 1
        await RisingEdge(self.dut.clk)
        getattr(self.dut, name).value = 0

    async def start(self) -> None:
        """Start the chip; it stays busy until `idle`."""
        self.dut.busy.value = 1
        await self.write("CONTROL", NAMES.pack("CONTROL", start=1))
        await ClockCycles(self.dut.clk, 2)

    async def idle(self) -> None:
        """Let the chip come to its end."""
        self.dut.busy.value = 0
        await ClockCycles(self.dut.clk, 2)


async def begin(dut: Any, pause_permille: int = 0) -> Software:
    """Reset the bench with every input low."""
    for name in INPUTS:
        getattr(dut, name).value = 0
    bus = AxiLiteBus.from_prefix(dut, "s_axil")
    master = AxiLiteMaster(bus, dut.clk, dut.rst_n, reset_active_level=False)
    if pause_permille:
        pause_all(master, np.random.default_rng(int(os.environ["COCOTB_RANDOM_SEED"])), pause_permille)
    await start_clock(dut)
    return Software(dut, master)


@cocotb.test()
async def after_reset(dut: Any) -> None:
    """Each register reads as the register file says; CONFIG has the parameters; no interrupt."""
    software = await begin(dut)
    for name, value in NAMES.resets.items():
        if name not in ("CONFIG", "CONTROL"):
            assert await software.read(name) == value, name
    assert await software.read("ID") == int.from_bytes(b"LNPU", "big")
    assert await software.fields("CONFIG") == {"cores": 12, "lines": 8, "pes": 4, "rows": 36}
    assert not dut.irq.value
    for name, pin in LOCKED.items():
        assert getattr(dut, pin).value == NAMES.resets[name]


@cocotb.test()
async def stored_values_reach_the_chip(dut: Any) -> None:
    """What is written is driven, bytes that are not written stay."""
    software = await begin(dut)
    for name, pin in LOCKED.items():
        width = NAMES.fields[name]["line" if name == "DESCRIPTOR" else "cycles"][1]
        for value in (0, (1 << width) - 1, 0xA5A55A5A & (1 << width) - 1):
            await software.write(name, value)
            assert await software.read(name) == value
            assert getattr(dut, pin).value == value
        await software.master.write(OFFSETS[name], b"\x77")
        assert await software.read(name) == (value & ~0xFF) | 0x77
    await software.write("COUNTER_SELECT", NAMES.pack("COUNTER_SELECT", core=11, index=7))
    assert (int(dut.counter_core.value), int(dut.counter_index.value)) == (11, 7)


@cocotb.test()
async def unmapped_addresses(dut: Any) -> None:
    """Every other word of the page, reads of what is write-only and writes of what is read-only: SLVERR."""
    software = await begin(dut)
    master = software.master
    unmapped = set(range(0, 1 << ADDRESS_BITS, 4)) - set(OFFSETS.values())
    for address in [*sorted(unmapped)[:20], *sorted(unmapped)[20::37], (1 << ADDRESS_BITS) - 4]:
        assert (await master.read(address, 4)).resp == AxiResp.SLVERR, hex(address)
        assert (await master.write(address, b"\xff" * 4)).resp == AxiResp.SLVERR, hex(address)
    assert (await master.read(OFFSETS["CONTROL"], 4)).resp == AxiResp.SLVERR
    for name in READ_ONLY:
        assert (await master.write(OFFSETS[name], b"\xff" * 4)).resp == AxiResp.SLVERR, name
    for name, value in NAMES.resets.items():
        if name not in ("CONFIG", "CONTROL"):
            assert await software.read(name) == value, f"{name} has changed"
    assert (int(dut.starts.value), int(dut.aborts.value)) == (0, 0)


@cocotb.test()
async def start_and_done(dut: Any) -> None:
    """One start, one pulse; done stands until the next start; the interrupt until it is cleared."""
    software = await begin(dut)
    await software.write("IRQ_ENABLE", NAMES.pack("IRQ_ENABLE", done=1))
    await software.start()
    assert dut.starts.value == 1
    assert (await software.fields("STATUS"))["busy"] == 1
    await software.pulse("done", descriptors=3)
    await software.idle()
    assert dut.irq.value
    assert await software.fields("STATUS") == {
        "busy": 0,
        "done": 1,
        "error": 0,
        "busy_write": 0,
        "cause": 0,
    }
    assert await software.read("DESCRIPTORS_DONE") == 3
    await software.write("IRQ_STATUS", NAMES.pack("IRQ_STATUS", error=1, busy_write=1))
    assert dut.irq.value, "another bit was cleared"
    await software.write("IRQ_STATUS", NAMES.pack("IRQ_STATUS", done=1))
    await ClockCycles(dut.clk, 1)
    assert not dut.irq.value
    assert (await software.fields("STATUS"))["done"] == 1
    await software.start()
    assert (await software.fields("STATUS"))["done"] == 0
    assert dut.starts.value == 2
    await software.write("CONTROL", NAMES.pack("CONTROL", abort=0))
    assert dut.starts.value == 2


@cocotb.test()
@cocotb.parametrize(cause=list(NAMES.enums["cause"].values())[1:])
async def error(dut: Any, cause: int) -> None:
    """The cause and its place stand; the interrupt comes only if it is enabled."""
    software = await begin(dut)
    await software.start()
    await software.pulse("error", cause=cause, error_job=0xFEDCBA98, error_descriptor=0x12345678)
    for pin in ("cause", "error_job", "error_descriptor"):
        getattr(dut, pin).value = 0
    await software.idle()
    status = await software.fields("STATUS")
    assert status == {"busy": 0, "done": 0, "error": 1, "busy_write": 0, "cause": cause}
    assert await software.read("ERROR_JOB") == 0xFEDCBA98
    assert await software.read("ERROR_DESCRIPTOR") == 0x12345678
    assert not dut.irq.value
    await software.write("IRQ_ENABLE", NAMES.pack("IRQ_ENABLE", error=1))
    await ClockCycles(dut.clk, 1)
    assert dut.irq.value
    await software.start()
    status = await software.fields("STATUS")
    assert (status["error"], status["cause"]) == (0, NAMES.enums["cause"]["NONE"])
    assert dut.irq.value, "an interrupt that nobody has cleared is lost"


@cocotb.test()
@cocotb.parametrize(name=[*LOCKED, "CONTROL"], enabled=[False, True])
async def write_while_busy(dut: Any, name: str, enabled: bool) -> None:
    """It changes nothing, is reported, and works again when the chip is idle."""
    software = await begin(dut)
    if enabled:
        await software.write("IRQ_ENABLE", NAMES.pack("IRQ_ENABLE", busy_write=1))
    await software.start()
    before = {pin: int(getattr(dut, pin).value) for pin in (*LOCKED.values(), "starts")}
    assert (await software.fields("STATUS"))["busy_write"] == 0
    await software.write(name, NAMES.pack("CONTROL", start=1) if name == "CONTROL" else 0x1234)
    await ClockCycles(dut.clk, 2)
    assert {pin: int(getattr(dut, pin).value) for pin in before} == before
    assert (await software.fields("STATUS"))["busy_write"] == 1
    assert await software.read("IRQ_STATUS") == NAMES.pack("IRQ_STATUS", busy_write=1)
    assert bool(dut.irq.value) == enabled
    await software.idle()
    assert (await software.fields("STATUS"))["busy_write"] == 1
    if name in LOCKED:
        await software.write(name, 0x1234)
        assert getattr(dut, LOCKED[name]).value == 0x1234
    await software.start()
    assert (await software.fields("STATUS"))["busy_write"] == 0


@cocotb.test()
async def other_writes_while_busy(dut: Any) -> None:
    """What does not touch the job at hand is never refused: enables, selection, abort."""
    software = await begin(dut)
    await software.start()
    await software.write("IRQ_ENABLE", 7)
    await software.write("COUNTER_SELECT", 0x0102)
    await software.write("CONTROL", NAMES.pack("CONTROL", abort=1))
    await software.write("IRQ_STATUS", 7)
    await ClockCycles(dut.clk, 2)
    assert dut.aborts.value == 1
    assert (await software.fields("STATUS"))["busy_write"] == 0
    await software.idle()
    await software.write("CONTROL", NAMES.pack("CONTROL", abort=1))
    await ClockCycles(dut.clk, 2)
    assert dut.aborts.value == 1, "an abort of nothing reaches the chip"


@cocotb.test()
async def a_start_with_an_abort(dut: Any) -> None:
    """Of both in one write the start acts while there is nothing to abort, else the abort."""
    software = await begin(dut)
    both = NAMES.pack("CONTROL", start=1, abort=1)
    dut.busy.value = 1  # from the start on
    for _ in range(2):
        await software.write("CONTROL", both)
        await ClockCycles(dut.clk, 2)
        assert dut.starts.value == 1
    assert dut.aborts.value == 1
    assert (await software.fields("STATUS"))["busy_write"] == 1


@cocotb.test()
async def writes_right_behind_a_start(dut: Any) -> None:
    """The start locks in the very cycle in which it acts: no later write slips through."""
    software = await begin(dut)
    await software.write("DESCRIPTOR", 0x40)
    dut.busy.value = 1
    start = NAMES.pack("CONTROL", start=1).to_bytes(4, "little")
    master = software.master
    writes = [cocotb.start_soon(master.write(OFFSETS["CONTROL"], start))]
    for name in LOCKED:
        writes.append(cocotb.start_soon(master.write(OFFSETS[name], b"\x99\x99\x99\x99")))
    writes.append(cocotb.start_soon(master.write(OFFSETS["CONTROL"], start)))
    await Combine(*writes)
    await ClockCycles(dut.clk, 3)
    assert dut.starts.value == 1
    assert dut.descriptor.value == 0x40
    assert dut.patience.value == NAMES.resets["PATIENCE"]
    assert dut.watchdog.value == NAMES.resets["WATCHDOG"]
    assert (await software.fields("STATUS"))["busy_write"] == 1


@cocotb.test()
async def event_while_another_is_cleared(dut: Any) -> None:
    """Whatever the cycle of a clearing write, an event of that time is not lost."""
    software = await begin(dut)
    for delay in range(8):
        await software.write("IRQ_STATUS", 7)
        write = cocotb.start_soon(software.write("IRQ_STATUS", NAMES.pack("IRQ_STATUS", busy_write=1)))
        await ClockCycles(dut.clk, delay + 1)
        await software.pulse("done")
        await write
        assert await software.read("IRQ_STATUS") == NAMES.pack("IRQ_STATUS", done=1), f"delay {delay}"


@cocotb.test()
async def counter_halves_belong_together(dut: Any) -> None:
    """The high half is of the moment at which the low half was read."""
    software = await begin(dut)
    for value in (0x0000_0001_FFFF_FFFF, 0xFEDC_BA98_7654_3210):
        dut.counter.value = value
        await ClockCycles(dut.clk, 1)
        assert await software.read("COUNTER_LOW") == value & 0xFFFF_FFFF
        dut.counter.value = 0x0000_0002_0000_0000
        await ClockCycles(dut.clk, 1)
        assert await software.read("COUNTER_HIGH") == value >> 32


@cocotb.test()
@cocotb.parametrize(pause_permille=[0, 500])
async def many_at_once(dut: Any, pause_permille: int) -> None:
    """Reads and writes in any mix are answered in order, each with its own."""
    software = await begin(dut, pause_permille)
    rng = np.random.default_rng(int(os.environ["COCOTB_RANDOM_SEED"]))
    for _ in range(40):
        values = rng.integers(0, 1 << 32, 4)
        writes = [cocotb.start_soon(software.write("DESCRIPTOR", int(value))) for value in values]
        reads = [cocotb.start_soon(software.read("ID")) for _ in range(4)]
        await Combine(*writes, *reads)
        assert {read.result() for read in reads} == {NAMES.resets["ID"]}
        assert await software.read("DESCRIPTOR") == values[-1]


@cocotb.test()
async def reset_clears_everything(dut: Any) -> None:
    """After a reset all registers read as at the start."""
    software = await begin(dut)
    await software.write("IRQ_ENABLE", 7)
    await software.write("WATCHDOG", 5)
    await software.start()
    await software.pulse("error", cause=3, error_job=9, error_descriptor=8)
    await software.idle()
    dut.rst_n.value = 0
    dut.cause.value = dut.error_job.value = dut.error_descriptor.value = 0
    await ClockCycles(dut.clk, 2)
    dut.rst_n.value = 1
    await ClockCycles(dut.clk, 2)
    for name, value in NAMES.resets.items():
        if name not in ("CONFIG", "CONTROL"):
            assert await software.read(name) == value, name
    assert not dut.irq.value
