"""The cocotb side of a run of the chip: loads it, waits for its end, stores what came.

Run inside the simulator with CHIP_RUN (a folder that `run_files.save_run` filled) in the environment.
"""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from golden.presets import find_preset
from tb.chip.device import ChipDevice, ChipHang
from tb.chip.run_files import load_run, save_hang, save_outcome


@cocotb.test()
async def run(dut: Any) -> None:
    """Run a chain of descriptors and keep memory, status and counters."""
    folder = Path(os.environ["CHIP_RUN"])
    preset, memory, line, gated, options = load_run(folder)
    device = ChipDevice(ctypes.CDLL(None), find_preset(preset), gated)
    device.memory.load(memory)
    device.set_up(device.run_steps(line, options), options)
    begin = time.perf_counter()
    dut.start.value = 1
    await RisingEdge(dut.done)
    dut.start.value = 0
    await FallingEdge(dut.done)
    simulated_s = time.perf_counter() - begin
    assert isinstance(memory, np.memmap)
    memory.flush()
    try:
        save_outcome(folder, device.run_outcome(device.take(), options), simulated_s)
    except ChipHang as hang:
        save_hang(folder, hang)
