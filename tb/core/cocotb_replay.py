"""The cocotb side of a core replay: loads a whole replay, waits for each launch's end, stores what came.

Run inside the simulator with REPLAY_INPUT (a file of `ReplayInput.save`), REPLAY_OUTPUT and REPLAY_LIMIT
(cycles a launch) in the environment.
"""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from golden.presets import find_preset
from tb.core.device import CoreDevice
from tb.core.replay import Replay, ReplayInput


@cocotb.test()
async def replay(dut: Any) -> None:
    """Replay every tile of columns and keep results, cycles and counters."""
    prepared = Replay(ReplayInput.load(Path(os.environ["REPLAY_INPUT"])))
    device = CoreDevice(ctypes.CDLL(None), find_preset(prepared.source.preset))
    results = []
    simulated_s = 0.0
    for inputs in prepared.launches(int(os.environ["REPLAY_LIMIT"])):
        device.set_up(inputs)
        begin = time.perf_counter()
        dut.start.value = 1
        await RisingEdge(dut.done)
        dut.start.value = 0
        await FallingEdge(dut.done)
        simulated_s += time.perf_counter() - begin
        results.append(device.take())
    prepared.collect(results).save(Path(os.environ["REPLAY_OUTPUT"]), simulated_s)
