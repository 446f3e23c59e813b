"""The counters that software reads, from any value on: of two cores, and of the chip."""

from __future__ import annotations

import ctypes

import numpy as np
import numpy.typing as npt

from golden.hardware_counters import CHIP_COUNTERS, CORE_COUNTERS
from tb.central.bench import CentralFailure, central_bench

CORES, LINES, ROWS, COLUMNS, DONE_BITS = 2, 4, 8, 16, 2
SKIP_BITS = ROWS.bit_length()

CORE_EVENTS = np.dtype(
    [
        *((name, np.uint8) for name in ("clear", "busy", "issue", "wide", "phase")),
        *((name, np.uint8) for name in ("wait_a", "wait_b", "wait_queue", "events")),
        ("skipped", np.uint16),
    ],
    align=True,
)
"""A core's cycle: words of a bit a line, but for `skipped` (`SKIP_BITS` a line) and `events` (`EVENTS`)."""
EVENTS = ("a_beats", "b_rows", "tree_rows", "psum_rows", "psum_reads", "psum_writes")
CHIP_EVENTS = np.dtype(
    [
        *((name, np.uint8) for name in ("clear", "busy", "fill_valid", "fill_stream", "fill_other")),
        *((name, np.uint8) for name in ("read_burst", "write", "jobs_done", "held", "attached", "begin")),
        ("write_strobe", np.uint64),
    ],
    align=True,
)
"""A cycle of the chip; `attached` has a bit a core."""

U64 = npt.NDArray[np.uint64]


class CountersBench:
    """The library of ``counters_loop.cpp``."""

    def __init__(self) -> None:
        sizes = (f"Cores={CORES}", f"Lines={LINES}", f"Rows={ROWS}", f"Columns={COLUMNS}")
        self._library = central_bench("counters", (*sizes, f"DoneBits={DONE_BITS}"))

    def run(
        self,
        cores: npt.NDArray[np.void],
        chip: npt.NDArray[np.void],
        columns: int,
        selects: npt.NDArray[np.uint8],
        first: tuple[U64, U64] | None,
    ) -> U64:
        """Count events after a reset.

        Parameters
        ----------
        cores : CORE_EVENTS [cycles, CORES]
        chip : CHIP_EVENTS [cycles]
        columns : int
            Real ones of the cores.
        selects : uint8 [n, 2]
            Core and counter, each as software selects it.
        first : (uint64 [CORES, 16], uint64 [12]) or None
            Counts at the beginning, below 2^48; None: those that the reset leaves.

        Returns
        -------
        uint64 [n]
            The counters that were selected.

        Raises
        ------
        CentralFailure
            If an assertion of the RTL fails.
        """
        values = np.zeros(len(selects), np.uint64)
        of_cores, of_chip = (array.ctypes.data for array in first) if first else (None, None)
        held = self._library.counters_run(
            ctypes.c_int64(len(chip)),
            ctypes.c_int64(columns),
            ctypes.c_void_p(np.ascontiguousarray(cores).ctypes.data),
            ctypes.c_void_p(np.ascontiguousarray(chip).ctypes.data),
            ctypes.c_void_p(of_cores),
            ctypes.c_int64(len(CORE_COUNTERS)),
            ctypes.c_void_p(of_chip),
            ctypes.c_int64(len(CHIP_COUNTERS)),
            ctypes.c_int64(len(selects)),
            ctypes.c_void_p(np.ascontiguousarray(selects).ctypes.data),
            ctypes.c_void_p(values.ctypes.data),
        )
        if not held:
            raise CentralFailure("an assertion of the RTL failed (see the standard output)")
        return values
