"""A small mapped design for tests, as yosys would write it: a gated counter over a memory, in two levels.

The top counts enabled cycles in two bits (module ``bits``), whose clock is gated by the enable, and reads a
memory of four words at the count. Output ``data_o`` is the word read, ``count_o`` the count, ``odd_o`` the
inverse of its lowest bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tb.power.mapping import Mapped
from tb.power.simulator import Bytes

WORDS = 4
WIDTH = 2
CYCLES = 40
RESET_CYCLES = 2


def _cell(kind: str, **pins: Any) -> dict[str, Any]:
    return {
        "hide_name": 1,
        "type": kind,
        "parameters": {},
        "connections": {pin: bits if isinstance(bits, list) else [bits] for pin, bits in pins.items()},
    }


def _port(direction: str, *bits: Any) -> dict[str, Any]:
    return {"direction": direction, "bits": list(bits)}


def mapped() -> Mapped:
    """Return the design."""
    memory = "sram$counter.i_memory"
    bits = "bits$counter.i_bits"
    top = {
        "attributes": {},
        "ports": {
            "clk_i": _port("input", 2),
            "rst_ni": _port("input", 3),
            "enable_i": _port("input", 4),
            "write_i": _port("input", 5),
            "data_i": _port("input", 6, 7),
            "data_o": _port("output", 8, 9),
            "count_o": _port("output", 10, 11),
            "odd_o": _port("output", 12),
        },
        "cells": {
            "i_bits": _cell(bits, clk_i=13, rst_ni=3, count_o=[10, 11], again_o=[14]),
            "gate": _cell("CLOCK_GATE", CK=2, E=4, GCK=13),
            "inv": _cell("INV", A=14, Y=12),
            "i_memory": _cell(
                memory,
                clk_i=2,
                write_i=5,
                write_addr_i=[10, 11],
                write_data_i=[6, 7],
                read_i="1",
                read_addr_i=[10, 11],
                read_data_o=[8, 9],
            ),
        },
        "netnames": {"count_o": {"hide_name": 0, "bits": [10, 11]}},
    }
    counter = {
        "attributes": {},
        "ports": {
            "clk_i": _port("input", 2),
            "rst_ni": _port("input", 3),
            "count_o": _port("output", 4, 5),
            "again_o": _port("output", 4),  # the same net under two names
        },
        "cells": {
            "low": _cell("DFFR", CK=2, R=3, D=6, Q=4),
            "high": _cell("DFFR", CK=2, R=3, D=7, Q=5),
            "not": _cell("INV", A=4, Y=6),
            "xor": _cell("XOR2", A=4, B=5, Y=7),
        },
        "netnames": {"count": {"hide_name": 0, "bits": [4, 5]}},
    }
    box = {
        "attributes": {"blackbox": "1"},
        "ports": {
            "clk_i": _port("input", 2),
            "write_i": _port("input", 3),
            "write_addr_i": _port("input", 4, 5),
            "write_data_i": _port("input", 6, 7),
            "read_i": _port("input", 8),
            "read_addr_i": _port("input", 9, 10),
            "read_data_o": _port("output", 11, 12),
        },
        "cells": {},
        "netnames": {},
    }
    return Mapped("counter", {"counter": top, bits: counter, memory: box}, 0.0)


def run(rng: np.random.Generator) -> tuple[Bytes, Bytes]:
    """Return stimulus and expected outputs, as plain Python computes them."""
    stimulus, expected = [], []
    memory, count, read = [0] * WORDS, 0, 0
    for cycle in range(CYCLES):
        reset = cycle < RESET_CYCLES
        enable, write, data = (int(rng.integers(size)) for size in (2, 2, 1 << WIDTH))
        if reset:
            count = 0
        stimulus.append([0, int(not reset), enable, write, data & 1, data >> 1])
        expected.append([read & 1, read >> 1, count & 1, count >> 1, 1 - (count & 1)])
        read = memory[count]
        if write:
            memory[count] = data
        if enable and not reset:
            count = (count + 1) % WORDS
    return np.array(stimulus, np.uint8), np.array(expected, np.uint8)
