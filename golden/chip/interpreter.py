"""The golden chip model: executes descriptors from a memory image as docs/chip.md says.

It knows nothing but the image and the contract; what wrote the image (`golden.chip.compile`) has no part in
it. The RTL is held against it byte by byte. The work is C++ (``native/chip_interpreter.cpp``), one job after
another.

Errors
------
A run ends at its first error, with the cause that the chip reports; descriptors and jobs are looked at in
their order. Of a job with an error nothing is written, of the jobs before it everything. The RTL works on
several jobs at once: when it stops, its output windows and job records may hold more or less than here, and
of two wrong jobs it may report the other. So after an error only memory outside those windows compares.

What only time can tell has no place here: neither the watchdog nor an abort. Items that contradict one
another (a run that needs words that nothing fed, say) are `Cause.ITEM` or `Cause.STREAM_LENGTH` here. The
chip may report the other of the two, also in a later job, or `Cause.WATCHDOG` after waiting in vain; and
where its counts agree it ends without an error, with wrong results of the jobs with those items. Lines beyond
the image answer with an error, as memory does.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from golden import native
from golden.chip.encoding import LINE_BYTES, Cause
from golden.fgmp import BINS, Histogram
from golden.presets import Preset

U8 = npt.NDArray[np.uint8]

MAX_DESCRIPTORS = 1 << 16
"""Descriptors of a chain at most: a chain that is longer runs in a circle."""

MAX_LINES = 16
MAX_COLUMNS = 16
MAX_ROWS = 36
"""B rows of a PE line: a part of a segment table, R / 4 words of 13 bits, fits an item."""

_REPORT_FIELDS = 8
_DESCRIPTOR_FIELDS = 12 + BINS
_JOB_FIELDS = 2 + MAX_COLUMNS


class InterpreterError(ValueError):
    """The memory image, the preset or the chain is nothing that can be run."""


@dataclass(frozen=True)
class JobRun:
    """What one job made.

    Attributes
    ----------
    bytes, rows : int
        Bytes of output, rows of results.
    costs : tuple of int, [16]
        Channel costs of its columns (FGMP output; else 0).
    """

    bytes: int
    rows: int
    costs: tuple[int, ...]


@dataclass(frozen=True)
class DescriptorRun:
    """What one descriptor did, up to the error if there was one.

    Attributes
    ----------
    line : int
        Where it lies.
    jobs : tuple of JobRun
        Jobs done.
    bias : int
        Output bias used.
    threshold, threshold_bias : int
        Threshold exponent that the histogram gives, and its FP8 bias in the output format (0, 0 if the
        descriptor did not end).
    zeros, nonfinite : int
        FP16 results: zeros of either sign; infinities and NaN.
    histogram : int64 [40]
        Finite non-zeros by ``floor(log2|x|)`` from -24.
    macs_fp8, macs_fp16 : int
        Non-zero elements of A that met B, times real columns.
    result_bytes, record_bytes, completion_bytes : int
        Bytes written: results, job records, completion record.
    """

    line: int
    jobs: tuple[JobRun, ...]
    bias: int
    threshold: int
    threshold_bias: int
    zeros: int
    nonfinite: int
    histogram: Histogram
    macs_fp8: int
    macs_fp16: int
    result_bytes: int
    record_bytes: int
    completion_bytes: int


@dataclass(frozen=True)
class ChipRun:
    """A chain of descriptors, done or stopped by an error.

    Attributes
    ----------
    cause : Cause
        `Cause.NONE`, or why the chip stopped.
    error_job : int or None
        Job that the error belongs to; None without an error, or if the descriptor itself is wrong.
    message : str
        What is wrong, more precisely than the cause says; empty without an error.
    descriptors : tuple of DescriptorRun
        In the order of the chain; the last one is that of the error.
    """

    cause: Cause
    error_job: int | None
    message: str
    descriptors: tuple[DescriptorRun, ...]


def interpret(memory: U8, first_descriptor_line: int, preset: Preset) -> ChipRun:
    """Run the chain of descriptors that begins at a line.

    Parameters
    ----------
    memory : uint8 [64 * lines]
        External memory from address 0; results and records are written into it.
    first_descriptor_line : int
        What software writes to the register DESCRIPTOR.
    preset : Preset
        Lines, columns, B rows and partial sums of a core. The number of cores changes nothing.

    Returns
    -------
    ChipRun

    Raises
    ------
    InterpreterError
        If `memory` is no writable array of whole lines, the preset is none that items can describe, or the
        chain does not end.
    golden.native.NativeError
        If the model cannot be compiled.
    """
    _check(memory, first_descriptor_line, preset)
    library = _library()
    sizes = np.array([preset.lines, preset.columns, preset.rows, preset.psum_rows], np.int64)
    report = library.chip_run(
        memory.ctypes.data,
        memory.size // LINE_BYTES,
        first_descriptor_line,
        sizes.ctypes.data,
        MAX_DESCRIPTORS,
    )
    if not report:
        raise MemoryError("the chip's golden model needs more memory than there is")
    try:
        run, complete = _read(library, report)
    finally:
        library.chip_report_free(report)
    if run.cause is Cause.NONE and not complete:
        raise InterpreterError(
            f"the chain from line {first_descriptor_line} goes on after {MAX_DESCRIPTORS} descriptors: "
            "set 'last of the chain' in its last one"
        )
    return run


def _check(memory: U8, line: int, preset: Preset) -> None:
    good = isinstance(memory, np.ndarray) and memory.dtype == np.uint8 and memory.ndim == 1
    if not good or not memory.flags.c_contiguous or not memory.flags.writeable or memory.size % LINE_BYTES:
        raise InterpreterError(
            f"memory: expected a writable, contiguous uint8 array of whole lines ({LINE_BYTES} bytes each)"
        )
    if not 0 <= line < 1 << 32:
        raise InterpreterError(f"first descriptor: line {line} does not fit 32 bits")
    lines, rows = preset.lines, preset.rows
    if (
        lines > MAX_LINES
        or lines & (lines - 1)
        or preset.columns > MAX_COLUMNS
        or rows > MAX_ROWS
        or rows % 4
    ):
        raise InterpreterError(
            f"preset {preset.name}: lines must be a power of two up to {MAX_LINES}, columns at most "
            f"{MAX_COLUMNS}, rows a multiple of 4 up to {MAX_ROWS}; it has {lines}, {preset.columns}, {rows}"
        )


def _read(library: ctypes.CDLL, report: int) -> tuple[ChipRun, bool]:
    """Copy a report: the run, and whether its last descriptor was the chain's."""
    head = np.zeros(_REPORT_FIELDS, np.int64)
    library.chip_report_sizes(report, head.ctypes.data)
    cause, job, complete, count, width, jobs, job_width, length = (int(value) for value in head)
    if (width, job_width) != (_DESCRIPTOR_FIELDS, _JOB_FIELDS):
        raise AssertionError("golden/native/chip_interpreter.cpp reports other fields than this module reads")
    table = np.zeros((count, width), np.int64)
    job_table = np.zeros((jobs, job_width), np.int64)
    message = ctypes.create_string_buffer(length + 1)
    library.chip_report_read(report, table.ctypes.data, job_table.ctypes.data, message)
    job_rows = job_table.tolist()
    descriptors, first = [], 0
    for values in table.tolist():
        end = first + values[1]
        jobs_done = tuple(JobRun(one[0], one[1], tuple(one[2:])) for one in job_rows[first:end])
        first = end
        descriptors.append(_descriptor(values, jobs_done))
    run = ChipRun(Cause(cause), job if job >= 0 else None, message.value.decode(), tuple(descriptors))
    return run, bool(complete)


def _descriptor(values: list[int], jobs: tuple[JobRun, ...]) -> DescriptorRun:
    """Name the fields of a descriptor's report."""
    line, _, bias, threshold, threshold_bias, zeros, nonfinite, fp8, fp16, *written = values[:12]
    return DescriptorRun(
        line=line,
        jobs=jobs,
        bias=bias,
        threshold=threshold,
        threshold_bias=threshold_bias,
        zeros=zeros,
        nonfinite=nonfinite,
        histogram=np.array(values[12:], np.int64),
        macs_fp8=fp8,
        macs_fp16=fp16,
        result_bytes=written[0],
        record_bytes=written[1],
        completion_bytes=written[2],
    )


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    library = native.library("chip_interpreter")
    pointer, count = ctypes.c_void_p, ctypes.c_int64
    library.chip_run.argtypes = [pointer, count, count, pointer, count]
    library.chip_run.restype = pointer
    library.chip_report_sizes.argtypes = [pointer, pointer]
    library.chip_report_sizes.restype = None
    library.chip_report_read.argtypes = [pointer, pointer, pointer, pointer]
    library.chip_report_read.restype = None
    library.chip_report_free.argtypes = [pointer]
    library.chip_report_free.restype = None
    return library
