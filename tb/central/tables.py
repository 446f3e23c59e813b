"""Descriptors and job tables as the central core takes them: verdicts, fields and reads."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden.chip.encoding import LINE_WORDS, Cause, Descriptor, Job, Window
from golden.formats import U32
from tb.central.bench import CentralFailure, central_bench

COLUMNS, PSUM_ROWS = 4, 16
EXTENTS = ("a", "b", "c", "d", "output")
MESSAGES = {
    1: "it hung",
    2: "an assertion of the RTL failed (see the standard output)",
    3: "a line is read that is not the table's next, or a job is made up",
    4: "a line goes where another job still lies",
    5: "a job has another wave than the one that is being dealt",
    6: "a job is given out after the last one, or after one that is wrong",
    7: "a reset left something",
}
_FLAGS = (
    *("wg", "balancer", "a_format", "b_format", "a_bias", "b_bias"),
    *("mode", "output_format", "output_bias", "scale_bias", "residual", "relu", "mask", "columns"),
    "threshold_from_record",
)
_PLACES = ("job_table", "jobs", "job_records", "completion", "threshold_record", "next", "last")
_SEEN = 13


class _Run(ctypes.Structure):
    _fields_ = (
        ("table", ctypes.c_void_p),
        ("windows", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("count", "first_line", "read_stall", "job_stall", "latency")),
        *((name, ctypes.c_int64) for name in ("left_over", "first_index")),
        ("seed", ctypes.c_uint64),
        ("limit", ctypes.c_int64),
        ("seen", ctypes.c_void_p),
        *(
            (name, ctypes.c_int64)
            for name in ("status", "cycles", "given", "cause", "error_job", "most_ahead")
        ),
    )


@dataclass(frozen=True)
class TableOutcome:
    """What came of a job table.

    Attributes
    ----------
    seen : uint32 [given, 13]
        Of each job that was given out: first lines and bytes of A, B, C, D and output, number, zero, rows.
    cause, error_job
        Of the job that is wrong, after which nothing is given out; NONE, 0 if all are right.
    most_ahead : int
        Jobs that were read and not given out yet, at most.
    """

    seen: U32
    cause: Cause
    error_job: int
    most_ahead: int
    cycles: int


def layer_fields(descriptor: Descriptor) -> list[int]:
    """List a descriptor's fields as ``tables_bench`` has them."""
    fields = [int(getattr(descriptor, name)) for name in _FLAGS]
    fields += descriptor.share
    fields += [int(getattr(descriptor, name)) for name in _PLACES]
    for name in EXTENTS:
        window: Window = getattr(descriptor, name)
        fields += [window.first, window.end]
    return fields


def job_fields(job: Job, index: int) -> list[int]:
    """List what is given out of a job as ``tables_bench`` has it."""
    extents = [getattr(job, name) for name in EXTENTS]
    return [
        *(extent.line for extent in extents),
        *(extent.bytes for extent in extents),
        *(index, job.c.bytes == 0, job.rows),
    ]


class TablesBench:
    """The library of ``tables_loop.cpp``."""

    def __init__(self) -> None:
        self._library = central_bench("tables", (f"Columns={COLUMNS}", f"PsumRows={PSUM_ROWS}"))

    def check_descriptors(self, words: U32, lines: U32) -> tuple[list[Cause], U32]:
        """Show descriptors to the RTL, each as if it lay at its line.

        Parameters
        ----------
        words : uint32 [n, 32]
        lines : uint32 [n]

        Returns
        -------
        list of Cause, uint32 [n, 34]
            Verdicts, and fields in the order of `layer_fields`.

        Raises
        ------
        CentralFailure
            If an assertion fails.
        """
        words, lines = np.ascontiguousarray(words, np.uint32), np.ascontiguousarray(lines, np.uint32)
        causes, fields = np.zeros(len(words), np.uint32), np.zeros((len(words), 34), np.uint32)
        held = self._library.tables_check(
            ctypes.c_int64(len(words)),
            *(ctypes.c_void_p(array.ctypes.data) for array in (lines, words, causes, fields)),
        )
        if not held:
            raise CentralFailure(MESSAGES[2])
        return [Cause(int(cause)) for cause in causes], fields

    def run(
        self,
        table: U32,
        windows: Sequence[Window],
        first_line: int,
        seed: int,
        *,
        read_stall: int = 0,
        job_stall: int = 0,
        latency: int = 0,
        left_over: int = 0,
        first_index: int = 0,
    ) -> TableOutcome:
        """Let a job table be read and its jobs be taken.

        Parameters
        ----------
        table : uint32 [jobs, 16]
        windows : five Window
            Of A, B, C, D and output.
        first_line : int
            Where the table lies.
        read_stall, job_stall : int
            In 1000 cycles.
        latency : int
            Most cycles that an answer takes beyond one.
        left_over : int
            Jobs that the table has beyond `table`: nobody takes them, and what lies there does not matter.
        first_index : int
            Number of the first job, as if others had been given out before.

        Raises
        ------
        CentralFailure
            If it hangs, an assertion fails, or it reads or gives out what it must not.
        """
        table = np.ascontiguousarray(table, np.uint32).reshape(-1, LINE_WORDS)
        bounds = np.array([(window.first, window.end) for window in windows], np.uint32)
        seen = np.zeros((len(table), _SEEN), np.uint32)
        run = _Run(table.ctypes.data, bounds.ctypes.data, len(table), first_line, read_stall, job_stall)
        run.latency, run.seed, run.seen = latency, seed, seen.ctypes.data
        run.left_over, run.first_index = left_over, first_index
        run.limit = (500 + len(table) * (10 + latency)) * 1000 // (1000 - max(read_stall, job_stall))
        self._library.tables_jobs(ctypes.byref(run))
        if run.status:
            raise CentralFailure(
                f"{MESSAGES[run.status]}: {run.given} of {len(table)} jobs, cycle {run.cycles}"
            )
        return TableOutcome(seen[: run.given], Cause(run.cause), run.error_job, run.most_ahead, run.cycles)

    def write_coverage(self, path: Path) -> None:
        """Write the coverage of all runs so far."""
        self._library.write_coverage(str(path).encode())
