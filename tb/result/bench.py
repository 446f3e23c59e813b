"""The result path in a bare C++ loop, with random stalls on every stream."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.chip.encoding import LINE_BYTES, Cause, OutputMode
from golden.formats import U8, U32
from tb.core.build import COVERAGE, checkers
from tb.coverage.bins import collecting
from tb.coverage.crosses import results
from tb.coverage.crosses.streams import sample_result_stalls
from tb.result.work import Work, bias_field
from tb.toolchain import rtl_sources, verilate

RESULT_TB = Path(__file__).resolve().parent
MODULES = (
    *(
        "result_paths",
        "result_path",
        "result_arbiter",
        "post_operands",
        "post_process",
        "row_format",
        "fgmp_encode",
    ),
    *("line_packer", "histogram", "threshold_policy", "stream_buffer", "stream_fifo", "sram"),
)
"""The design's modules that are built in."""
CHECKS = checkers("mem", "result")
"""Checkers of all that is built in."""
KINDS = 42
BINS = 40
COUNT_BITS = 32

_JOB_FIELDS = (
    *("core", "index", "zero", "rows", "wave", "d_line", "d_bytes", "out_line", "out_bytes"),
    *("first_row", "rows_given"),
)
_SIZES = ("job_count", "lines", "cores", "pes", "first_line", "first_index")
_FORM = ("mode", "fmt", "bias", "scale_bias", "residual", "relu", "mask", "columns", "records")
STREAMS = ("job", "result", "grant", "fill", "write")
"""What may stall."""
_SEEN = ("status", "cycles", "done", "cause", "error_job", "reads", "writes")
_SEEN_HALVES = ("half_rows", "first_half", "last_half", "order")

FAILED_ASSERTION = "an assertion of the RTL failed (see the standard output)"


class ResultFailure(AssertionError):
    """The result path did not do what it must."""


class _RunStruct(ctypes.Structure):
    _fields_ = (
        *(
            (name, ctypes.c_void_p)
            for name in ("jobs", "row_index", "results", "memory", "touched", "counted")
        ),
        *((name, ctypes.c_int64) for name in (*_SIZES, *_FORM, *(f"{name}_stall" for name in STREAMS))),
        ("seed", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        *((name, ctypes.c_int64) for name in (*_SEEN, *_SEEN_HALVES)),
        ("histogram", ctypes.c_int64 * KINDS),
    )


class _ThresholdStruct(ctypes.Structure):
    _fields_ = (
        ("bins", ctypes.c_int64 * BINS),
        *((name, ctypes.c_int64) for name in ("numerator", "denominator", "fmt", "held")),
        *((name, ctypes.c_int64) for name in ("exponent", "bias", "cycles", "failed")),
    )


@dataclass(frozen=True)
class Seen:
    """What a run left behind.

    Attributes
    ----------
    memory, touched : uint8 [lines * 64]
        Memory, and how often each of its bytes was written.
    histogram : int64 [42]
    cause : Cause
        NONE if all went well.
    error_job, cycles, reads, writes, half_rows : int
    order : int
        A digest of the cores whose rows were taken and the lines that were written, in order.
    busy_cycles : int
        From the first half row that was taken to the last.
    """

    memory: U8
    touched: U8
    histogram: NDArray[np.int64]
    cause: Cause
    error_job: int
    cycles: int
    reads: int
    writes: int
    half_rows: int
    busy_cycles: int
    order: int


class ResultBench:
    """The library of ``result_loop.cpp`` at one size."""

    def __init__(self, library: Path, cores: int, pes: int) -> None:
        self.cores, self.pes = cores, pes
        self._library = ctypes.CDLL(str(library))
        self._library.result_run.restype = ctypes.POINTER(_RunStruct)
        self._library.result_threshold.restype = ctypes.POINTER(_ThresholdStruct)
        self._run = self._library.result_run().contents
        self._threshold = self._library.result_threshold().contents

    @property
    def width(self) -> int:
        """Columns of a core."""
        return 2 * self.pes

    def reset(self, again: bool = False) -> None:
        """Reset a new result path, or (`again`) this one, whatever it is at.

        Raises
        ------
        ResultFailure
            If there is something in the histogram after it.
        """
        if self._library.result_reset(int(again)):
            raise ResultFailure("the histogram is not empty after a reset")

    def run(
        self,
        work: Work,
        stalls: Mapping[str, int],
        seed: int,
        *,
        d_bytes: Mapping[int, int] | None = None,
        out_bytes: Mapping[int, int] | None = None,
        rows_given: Mapping[int, int] | None = None,
        first_line: int = 0,
        first_index: int = 0,
        first_row: int = 0,
        counted: U32 | None = None,
        cycles: int | None = None,
    ) -> Seen:
        """Run a descriptor's jobs on the path as it is.

        Parameters
        ----------
        work : Work
        stalls : mapping of str to int
            Stalls in 1000 cycles, by stream; a stream that is not named never stalls.
        seed : int
        d_bytes, out_bytes, rows_given : mapping of int to int, optional
            By number of the job: another length of D or of the output, or of rows that its core gives, than
            the right one.
        first_line : int
            Where the work's memory begins in that of the chip; all of it lies below line 2^32.
        counted : uint32 [42] or None
            What the histogram begins with; None: as the clear leaves it.
        first_index, first_row : int
            What is added to the jobs' indices and to the rows that the cores name.
        cycles : int or None
            Leave the jobs as they are after so many cycles.

        Raises
        ------
        ResultFailure
            If the path hangs, an assertion fails, or it reads or writes outside the memory.
        """
        jobs = np.zeros((len(work.jobs), len(_JOB_FIELDS)), np.int64)
        at = 0
        for number, job in enumerate(work.jobs):
            given = (rows_given or {}).get(number, job.rows)
            jobs[number] = (
                *(job.core, job.index, job.zero, job.rows, number % 4),
                *(job.d_line, (d_bytes or {}).get(number, job.d_bytes)),
                *(job.out_line, (out_bytes or {}).get(number, job.out_bytes)),
                *(at, given),
            )
            at += job.rows
        memory, touched = work.memory.copy(), np.zeros(len(work.memory), np.uint8)
        arrays: dict[str, NDArray[Any]] = {
            "jobs": jobs,
            "row_index": np.concatenate([job.order + first_row for job in work.jobs]).astype(np.uint8),
            "results": np.concatenate([job.acc[job.order] for job in work.jobs]).astype(np.uint32),
            "memory": memory,
            "touched": touched,
        }
        for name, array in arrays.items():
            setattr(self._run, name, array.ctypes.data)
        self._run.counted = None if counted is None else counted.ctypes.data
        form = work.form
        values: dict[str, int] = {
            "job_count": len(jobs),
            "lines": len(memory) // LINE_BYTES,
            "cores": self.cores,
            "pes": self.pes,
            "first_line": first_line,
            "first_index": first_index,
            "mode": form.mode,
            "fmt": form.fmt,
            "bias": bias_field(form),
            "scale_bias": form.scale_bias,
            "residual": form.residual,
            "relu": form.relu,
            "mask": form.mask,
            "columns": work.columns,
            "records": work.records,
            **{f"{name}_stall": stalls.get(name, 0) for name in STREAMS},
            "seed": seed,
            "limit": cycles or (20_000 + 40 * at) * 1000 // (1000 - max([0, *stalls.values()])),
        }
        for name, value in values.items():
            setattr(self._run, name, int(value))
        self._library.result_go()
        run = self._run
        if run.status == 1 and cycles is None:
            raise ResultFailure(
                f"the result path hung after {run.done} of {len(jobs)} jobs and {run.half_rows // 2} of {at} "
                f"rows ({run.cycles} cycles)"
            )
        if run.status == 2:
            raise ResultFailure(FAILED_ASSERTION)
        if run.status == 3:
            raise ResultFailure("the result path reads or writes outside the memory")
        return Seen(
            memory,
            touched,
            np.array(run.histogram[:], np.int64),
            Cause(run.cause),
            run.error_job,
            run.cycles,
            run.reads,
            run.writes,
            run.half_rows,
            run.last_half - run.first_half + 1,
            run.order,
        )

    def check(
        self,
        work: Work,
        stalls: Mapping[str, int],
        seed: int,
        *,
        first_line: int = 0,
        first_index: int = 0,
        counted: U32 | None = None,
    ) -> Seen:
        """Run a descriptor's jobs and require what the golden model says, byte for byte.

        `first_line`, `first_index` and `counted` are those of `run`.

        Raises
        ------
        ResultFailure
            With the first byte or count that differs.
        """
        seen = self.run(work, stalls, seed, first_line=first_line, first_index=first_index, counted=counted)
        if seen.cause is not Cause.NONE:
            raise ResultFailure(f"error {seen.cause.name} in job {seen.error_job}, none expected")
        memory, touched = work.expected(first_index)
        for what, got, want in (("writes to", seen.touched, touched), ("value of", seen.memory, memory)):
            wrong = np.flatnonzero(got != want)
            if len(wrong):
                at = int(wrong[0])
                raise ResultFailure(
                    f"{len(wrong)} bytes differ; {what} byte {at % LINE_BYTES} of line {at // LINE_BYTES} "
                    f"({_owner(work, at // LINE_BYTES)}): RTL 0x{got[at]:02X}, golden 0x{want[at]:02X}"
                )
        counts = work.histogram() if counted is None else (work.histogram() + counted) % (1 << COUNT_BITS)
        wrong = np.flatnonzero(seen.histogram != counts)
        if len(wrong):
            kind = int(wrong[0])
            raise ResultFailure(f"histogram, entry {kind}: RTL {seen.histogram[kind]}, golden {counts[kind]}")
        sample(work)
        sample_result_stalls(work.form.mode.name, stalls)
        return seen

    def write_coverage(self, path: Path) -> None:
        """Write the coverage of all runs so far (of a build for it)."""
        self._library.write_coverage(str(path).encode())

    def choose(
        self, histogram: NDArray[np.int64], numerator: int, denominator: int, fmt: int, *, held: int = 1
    ) -> tuple[int, int]:
        """Let the threshold policy choose: threshold exponent and FP8 bias.

        Parameters
        ----------
        held : int
            Cycles that the start is held for; the chip's is a pulse of one.

        Raises
        ------
        ResultFailure
            If it comes to no end, or an assertion fails.
        """
        one = self._threshold
        one.bins[:] = [int(count) for count in histogram]
        one.numerator, one.denominator, one.fmt, one.held = numerator, denominator, fmt, held
        self._library.result_choose()
        if one.failed:
            raise ResultFailure(FAILED_ASSERTION)
        if one.cycles >= 1000:
            raise ResultFailure(
                "the threshold policy did not come to an end, or said so for more than a cycle"
            )
        return one.exponent, one.bias


def sample(work: Work) -> None:
    """Count the bins that a descriptor's work met."""
    if not collecting():
        return
    form = work.form
    for job in work.jobs:
        results.sample_sums(form.mode.name, job.acc)
        if form.mode is OutputMode.FP32:
            continue
        if form.scale_bias:
            results.sample_scale_and_bias(job.operands.scale, job.operands.bias)
        if form.residual:
            results.sample_residual(
                job.operands.residual, form.relu, job.operands.keep if form.mask else None
            )
        if form.mode is OutputMode.FGMP:
            results.sample_encoded(form.fp16(job.acc, job.operands), form.fmt, form.e_thr)


def _owner(work: Work, line: int) -> str:
    """Say what lies in a line."""
    for number, job in enumerate(work.jobs):
        if job.out_line <= line <= job.out_line + job.out_bytes // LINE_BYTES:
            return f"output of job {number}, core {job.core}"
        if work.records and line == work.records + job.index:
            return f"record of job {number}, core {job.core}"
    return "nothing that is written"


@lru_cache
def _bench(cores: int, pes: int, coverage: bool) -> ResultBench:
    build = verilate(
        f"result_bench_{cores}x{pes}" + "_coverage" * coverage,
        [*rtl_sources(*MODULES), *CHECKS, RESULT_TB / "histogram.vlt", RESULT_TB / "result_bench.sv"],
        "result_bench",
        args=["--assert", f"-GCores={cores}", f"-GPes={pes}", *(COVERAGE if coverage else ())],
        cxx_sources=[RESULT_TB / "result_loop.cpp"],
        kind="lib",
    )
    return ResultBench(build.artifact, cores, pes)


def result_bench(cores: int, pes: int, coverage: bool = False) -> ResultBench:
    """Load the bench at one size, built once a process, and reset it."""
    bench = _bench(cores, pes, coverage)
    bench.reset()
    return bench
