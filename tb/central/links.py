"""The masters of the memory's link between those who ask and a memory of any manners."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from golden.formats import U32
from tb.central.bench import CentralFailure, central_bench
from tb.coverage.crosses import memory

TAGS = 32
"""Bursts under way at a time, reads and writes each."""
IN_ORDER, ANY_ORDER, INTERLEAVED = 0, 1, 2
MESSAGES = {
    1: "it hung",
    2: "an assertion of the RTL failed (see the standard output)",
    3: "an address, length, size or kind of burst is wrong, or nobody has asked for it",
    4: "a burst crosses 4 KB",
    5: "a tag is used twice at a time, or is another one than told",
    6: "an offer is not held until it is taken",
    7: "a beat that came is not handed on, or to somebody else",
    8: "an error is not told with its beat, or there is none",
    9: "busy does not say whether something is under way",
    10: "data or strobes are wrong",
    12: "an answer is not taken at once",
}


class _Run(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("lines", "beats", "strobes")),
        *(
            (name, ctypes.c_int64)
            for name in (
                "count",
                "ask_stall",
                "address_stall",
                "data_stall",
                "latency",
                "any_order",
                "errors",
            )
        ),
        ("seed", ctypes.c_uint64),
        ("limit", ctypes.c_int64),
        *((name, ctypes.c_int64) for name in ("status", "cycles", "moved", "error_beats", "most")),
    )


@dataclass(frozen=True)
class Manners:
    """How the link behaves.

    Attributes
    ----------
    ask, address, data : int
        Stalls in 1000 cycles: of who asks, and of the memory's channels.
    latency : int
        Most cycles that an answer takes beyond one.
    order : int
        Of the beats that are read.
    errors : int
        Answers of 1000 that are errors.
    """

    ask: int = 0
    address: int = 0
    data: int = 0
    latency: int = 0
    order: int = IN_ORDER
    errors: int = 0


@dataclass(frozen=True)
class LinkOutcome:
    """Cycles, answers with an error, and the most bursts that were under way at a time."""

    cycles: int
    errors: int
    most: int


class LinksBench:
    """The library of ``links_loop.cpp``."""

    def __init__(self) -> None:
        self._library = central_bench("links")

    def read(self, lines: U32, beats: U32, manners: Manners, seed: int) -> LinkOutcome:
        """Read bursts.

        Parameters
        ----------
        lines, beats : uint32 [n]
            First line of each, and how many.

        Raises
        ------
        CentralFailure
            With the first thing that docs/chip.md or AXI4 does not allow.
        """
        return self._go("read", lines, beats, np.zeros(len(lines), np.uint64), manners, seed)

    def write(self, lines: U32, strobes: npt.NDArray[np.uint64], manners: Manners, seed: int) -> LinkOutcome:
        """Write lines, of each the bytes whose strobe is set; raises as `read` does."""
        return self._go("write", lines, np.ones(len(lines), np.uint32), strobes, manners, seed)

    def _go(
        self,
        way: str,
        lines: U32,
        beats: U32,
        strobes: npt.NDArray[np.uint64],
        manners: Manners,
        seed: int,
    ) -> LinkOutcome:
        lines, beats = np.ascontiguousarray(lines, np.uint32), np.ascontiguousarray(beats, np.uint32)
        strobes = np.ascontiguousarray(strobes, np.uint64)
        run = _Run(lines.ctypes.data, beats.ctypes.data, strobes.ctypes.data, len(lines))
        run.ask_stall, run.address_stall, run.data_stall = manners.ask, manners.address, manners.data
        run.latency, run.any_order, run.errors, run.seed = (
            manners.latency,
            manners.order,
            manners.errors,
            seed,
        )
        slowest = max(manners.ask, manners.address, manners.data)
        run.limit = (500 + len(lines) * (8 + manners.latency)) * 1000 // (1000 - slowest)
        getattr(self._library, f"links_{way}")(ctypes.byref(run))
        if run.status:
            raise CentralFailure(
                f"{MESSAGES[run.status]}: cycle {run.cycles}, {run.moved} of {len(lines)} {way}s done"
            )
        if way == "read":
            memory.sample_reads(lines, beats, manners.order, manners.errors)
        else:
            memory.sample_writes(lines, strobes, manners.errors)
        memory.sample_link_stalls(way, manners.ask, manners.address, manners.data)
        return LinkOutcome(run.cycles, run.error_beats, run.most)

    def write_coverage(self, path: Path) -> None:
        """Write the coverage of all runs so far."""
        self._library.write_coverage(str(path).encode())
