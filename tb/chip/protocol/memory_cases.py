"""The memory model against cocotbext-axi's master: contents, speed, order, errors. Run in the simulator."""

from __future__ import annotations

import ctypes
import os
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, Combine
from cocotb.utils import get_sim_time
from cocotbext.axi import AxiBus, AxiMaster, AxiResp

from tb.chip.memory import BEAT_BYTES, MemoryErrors, MemoryModel, MemoryOptions, Order, Response
from tb.chip.protocol.clocking import PERIOD_NS, pause_all, start_clock

BYTES = 1 << 16


async def start(dut: Any, options: MemoryOptions) -> tuple[AxiMaster, MemoryModel, np.random.Generator]:
    """Reset the bench with a memory of random contents."""
    rng = np.random.default_rng(int(os.environ["COCOTB_RANDOM_SEED"]))
    model = MemoryModel(ctypes.CDLL(None))
    model.load(rng.integers(0, 256, BYTES, np.uint8))
    model.set_up(options)
    master = AxiMaster(AxiBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst_n, reset_active_level=False)
    await start_clock(dut)
    return master, model, rng


async def mix(dut: Any, master: AxiMaster, model: MemoryModel, rng: np.random.Generator) -> None:
    """Read and write disjoint regions at once, then compare all with a copy."""
    expected = model.contents.copy()
    before = model.traffic()
    tasks = []
    reads = []
    written = 0
    for region in range(24):
        base = region * 2048
        size = int(rng.integers(1, 400))
        at = base + int(rng.integers(0, 1024))
        data = rng.integers(0, 256, size, np.uint8)
        expected[at : at + size] = data
        written += size
        tasks.append(cocotb.start_soon(master.write(at, data.tobytes())))
        lines = int(rng.integers(1, 8))
        source = base + 1536
        reads.append((source, lines, cocotb.start_soon(master.read(source, lines * BEAT_BYTES))))
    await Combine(*tasks, *(task for _, _, task in reads))
    for task in tasks:
        assert task.result().resp == AxiResp.OKAY
    for source, lines, task in reads:
        assert task.result().resp == AxiResp.OKAY
        assert task.result().data == expected[source : source + lines * BEAT_BYTES].tobytes()
    np.testing.assert_array_equal(model.contents, expected)
    await ClockCycles(dut.clk, 1)
    traffic = model.traffic() - before
    assert traffic.read_beats == sum(lines for _, lines, _ in reads)
    assert traffic.read_bursts >= len(reads)
    assert traffic.write_bytes == written


@cocotb.test()
@cocotb.parametrize(order=list(Order), stall_permille=[0, 400], bytes_per_cycle=[0, 16, 64])
async def contents(dut: Any, order: Order, stall_permille: int, bytes_per_cycle: int) -> None:
    """Whatever its manners, what is read is what is there, and what is written gets there."""
    options = MemoryOptions(4, 30, bytes_per_cycle, order, stall_permille, seed=5)
    master, model, rng = await start(dut, options)
    if stall_permille:
        pause_all(master, rng, 300)
    await mix(dut, master, model, rng)


@cocotb.test()
@cocotb.parametrize(bytes_per_cycle=[8, 16, 32, 64])
async def speed(dut: Any, bytes_per_cycle: int) -> None:
    """A long read takes its bytes over the bus's bytes a cycle, and the latency once."""
    master, _, _ = await start(dut, MemoryOptions(latency=25, bytes_per_cycle=bytes_per_cycle))
    begin = get_sim_time("ns")
    await master.read(0, BYTES)
    cycles = (get_sim_time("ns") - begin) / PERIOD_NS
    least = BYTES / bytes_per_cycle
    assert least <= cycles <= least + 25 + 20, f"{cycles} cycles"


@cocotb.test()
async def reads_and_writes_share(dut: Any) -> None:
    """Together they move no more than the bus does, and neither waits for the other's end."""
    master, model, _ = await start(dut, MemoryOptions(latency=5, bytes_per_cycle=64))
    begin = get_sim_time("ns")
    before = model.traffic()
    half = BYTES // 2
    read = cocotb.start_soon(master.read(0, half))
    write = cocotb.start_soon(master.write(half, bytes(half)))
    await Combine(read, write)
    await ClockCycles(dut.clk, 1)
    cycles = (get_sim_time("ns") - begin) / PERIOD_NS
    assert BYTES / 64 <= cycles <= BYTES / 64 + 60, f"{cycles} cycles"
    traffic = model.traffic() - before
    assert traffic.write_bytes == half
    assert traffic.read_bytes == half


@cocotb.test()
async def latency(dut: Any) -> None:
    """The first beat comes so many cycles after the request; random latency is drawn in its range."""
    master, model, _ = await start(dut, MemoryOptions(latency=40))
    times = []
    for options in (MemoryOptions(latency=40), MemoryOptions(latency=100), MemoryOptions(40, 60)):
        model.set_up(options)
        for _ in range(6):
            begin = get_sim_time("ns")
            await master.read(0, BEAT_BYTES)
            times.append((get_sim_time("ns") - begin) / PERIOD_NS)
    assert len(set(times[:6])) == 1
    assert times[6] - times[0] == 60
    assert len(set(times[12:])) > 1
    assert all(0 <= time - times[0] <= 60 for time in times[12:])


@cocotb.test()
@cocotb.parametrize(response=list(Response), reads=[False, True])
async def errors(dut: Any, response: Response, reads: bool) -> None:
    """Marked bytes are answered with the error, for whom it is meant; nothing of them is read or written."""
    marked = MemoryErrors(4096, 4096 + BEAT_BYTES, response, reads=reads, writes=not reads)
    master, model, _ = await start(dut, MemoryOptions(errors=marked))
    before = model.contents.copy()
    wrong = AxiResp(int(response))
    read = await master.read(4096, BEAT_BYTES)
    assert read.resp == (wrong if reads else AxiResp.OKAY)
    assert (read.data == before[4096 : 4096 + BEAT_BYTES].tobytes()) != reads
    written = await master.write(4096, bytes(BEAT_BYTES))
    assert written.resp == (AxiResp.OKAY if reads else wrong)
    assert (model.contents[4096 : 4096 + BEAT_BYTES] == 0).all() == reads
    assert (await master.read(4096 + BEAT_BYTES, BEAT_BYTES)).resp == AxiResp.OKAY
    assert (await master.read(4096 - BEAT_BYTES, BEAT_BYTES)).resp == AxiResp.OKAY


@cocotb.test()
async def nothing_beyond(dut: Any) -> None:
    """What lies beyond the array is answered with DECERR, and touches nothing."""
    master, model, _ = await start(dut, MemoryOptions())
    before = model.contents.copy()
    for address in (BYTES, (1 << 38) - BEAT_BYTES):
        assert (await master.read(address, BEAT_BYTES)).resp == AxiResp.DECERR
        assert (await master.write(address, bytes(BEAT_BYTES))).resp == AxiResp.DECERR
    np.testing.assert_array_equal(model.contents, before)


@cocotb.test()
async def reset_in_between(dut: Any) -> None:
    """A reset forgets what is under way, and the memory serves again."""
    master, model, rng = await start(dut, MemoryOptions(latency=50))
    cocotb.start_soon(master.read(0, 1024))
    await ClockCycles(dut.clk, 20)
    dut.rst_n.value = 0
    await ClockCycles(dut.clk, 2)
    dut.rst_n.value = 1
    await ClockCycles(dut.clk, 2)
    model.set_up(MemoryOptions(latency=50))
    await mix(dut, master, model, rng)
