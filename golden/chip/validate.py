"""Checks of a chain of descriptors in memory before the chip is started: the mistakes it would refuse, named.

The chip checks for itself and reports a cause and a job; this says which field it is.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from golden.chip.encoding import (
    COMPLETION_LINES,
    DESCRIPTOR_LINES,
    LINE_BYTES,
    Descriptor,
    EncodingError,
    Extent,
    Job,
    OutputMode,
    Window,
)
from golden.formats import U8, U32


class ValidationError(ValueError):
    """A chain of descriptors that the chip would refuse."""


def check_chain(memory: U8, line: int, columns: int, psum_rows: int) -> list[int]:
    """Check the chain that begins at a line.

    Parameters
    ----------
    memory : uint8 [n]
        From address 0.
    line : int
        First descriptor.
    columns, psum_rows : int
        Of the preset.

    Returns
    -------
    list of int
        Lines of the chain's descriptors.

    Raises
    ------
    ValidationError
        Naming the descriptor, the field and what it should be.
    """
    chain: list[int] = []
    while True:
        what = f"descriptor at line {line}"
        if line in chain:
            raise ValidationError(f"{what}: the chain comes back to it; set `last` in one of its descriptors")
        chain.append(line)
        try:
            descriptor = Descriptor.from_words(_words(memory, line, DESCRIPTOR_LINES, what))
        except EncodingError as error:
            raise ValidationError(f"{what}: {error}") from None
        _check_descriptor(memory, line, descriptor, what, columns)
        for index in range(descriptor.jobs):
            _check_job(memory, descriptor, index, f"{what}, job {index}", psum_rows)
        if descriptor.last:
            return chain
        line = descriptor.next


def _words(memory: U8, line: int, lines: int, what: str) -> U32:
    start, end = line * LINE_BYTES, (line + lines) * LINE_BYTES
    if end > len(memory):
        raise ValidationError(
            f"{what}: lines {line} to {line + lines - 1} lie outside the memory of "
            f"{len(memory) // LINE_BYTES} lines"
        )
    return np.frombuffer(memory[start:end].tobytes(), "<u4").astype(np.uint32)


def _check_descriptor(memory: U8, line: int, descriptor: Descriptor, what: str, columns: int) -> None:
    if not 1 <= descriptor.columns <= columns:
        raise ValidationError(f"{what}: columns is {descriptor.columns}, must lie in 1..{columns}")
    if descriptor.jobs == 0:
        raise ValidationError(f"{what}: jobs is 0; leave the descriptor out of the chain")
    if descriptor.share[1] == 0:
        raise ValidationError(f"{what}: the share's denominator is 0; the default policy is 1, 5")
    post = descriptor.scale_bias or descriptor.residual or descriptor.relu or descriptor.mask
    if descriptor.mode is OutputMode.FP32 and post:
        raise ValidationError(f"{what}: FP32 output takes no post-processing; choose FP16 or FGMP output")
    if descriptor.wg and (descriptor.mode is OutputMode.FGMP or descriptor.residual or descriptor.mask):
        raise ValidationError(f"{what}: WG takes no FGMP output, residual or mask")
    read = {
        "window of A": descriptor.a,
        "window of B": descriptor.b,
        "window of C": descriptor.c,
        "window of D": descriptor.d,
        "job table": Window(descriptor.job_table, descriptor.job_table + descriptor.jobs),
        "descriptor": Window(line, line + DESCRIPTOR_LINES),
    }
    if descriptor.threshold_from_record:
        first = descriptor.threshold_record
        read["threshold's record"] = Window(first, first + COMPLETION_LINES)
    written = {
        "output window": descriptor.output,
        "completion record": Window(descriptor.completion, descriptor.completion + COMPLETION_LINES),
    }
    if descriptor.job_records:
        written["job records"] = Window(descriptor.job_records, descriptor.job_records + descriptor.jobs)
    lines = len(memory) // LINE_BYTES
    for name, window in {**read, **written}.items():
        if window.first > window.end:
            raise ValidationError(
                f"{what}: {name} ends at line {window.end}, before its first, {window.first}"
            )
        if window.end > lines:
            raise ValidationError(
                f"{what}: {name} ends at line {window.end}, outside the memory of {lines} lines"
            )
    pairs = [(one, other) for one in written.items() for other in read.items()]
    for (name, one), (other_name, other) in pairs + list(combinations(written.items(), 2)):
        if one.first < other.end and other.first < one.end:
            raise ValidationError(
                f"{what}: {name} (lines {one.first} to {one.end - 1}) overlaps {other_name} "
                f"(lines {other.first} to {other.end - 1})"
            )


def _check_job(memory: U8, descriptor: Descriptor, index: int, what: str, psum_rows: int) -> None:
    try:
        job = Job.from_words(_words(memory, descriptor.job_table + index, 1, what))
    except EncodingError as error:
        raise ValidationError(f"{what}: {error}") from None
    if not 1 <= job.rows <= psum_rows:
        raise ValidationError(f"{what}: rows is {job.rows}, must lie in 1..{psum_rows}")
    if job.c.bytes == 0 and (job.a.bytes or job.b.bytes):
        raise ValidationError(
            f"{what}: stream C is empty, but A or B is not; a job of zeros has none of them"
        )
    extents: dict[str, tuple[Extent, Window]] = {
        name: (getattr(job, name), getattr(descriptor, name)) for name in ("a", "b", "c", "d", "output")
    }
    for name, (extent, window) in extents.items():
        if extent.bytes and not window.holds(extent):
            raise ValidationError(
                f"{what}: {name} (lines {extent.line} to {extent.end - 1}) leaves its window, lines "
                f"{window.first} to {window.end - 1}"
            )
