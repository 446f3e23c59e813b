"""Checks of a chain of descriptors in memory before the chip is started: the mistakes it would refuse, named.

The chip checks for itself and reports a cause and a job; this says which field it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from golden.chip.encoding import (
    COMPLETION_LINES,
    DESCRIPTOR_LINES,
    DESCRIPTOR_MAGIC,
    LINE_ADDRESS_BITS,
    LINE_BYTES,
    Cause,
    Descriptor,
    EncodingError,
    Extent,
    Job,
    OutputMode,
    Window,
)
from golden.formats import U8, U32

ALL_LINES = 1 << LINE_ADDRESS_BITS
"""Lines that an address reaches."""


class ValidationError(ValueError):
    """A chain of descriptors that the chip would refuse.

    Attributes
    ----------
    cause : Cause
        What the chip would report (`Cause.NONE`: it would never end; `Cause.OVERLAP` also where it does not
        look). A line beyond the memory counts as one beyond all addresses.
    """

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


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
    written: dict[str, Window] = {}
    while True:
        what = f"descriptor at line {line}"
        if line in chain:
            raise ValidationError(
                Cause.NONE,
                f"{what}: the chain comes back to it; set `last` in one of its descriptors",
            )
        chain.append(line)
        words = _words(memory, line, DESCRIPTOR_LINES, what)
        descriptor = check_descriptor(words, line, columns, lines=len(memory) // LINE_BYTES)
        table = Window(descriptor.job_table, descriptor.job_table + descriptor.jobs)
        control = {
            what: Window(line, line + DESCRIPTOR_LINES),
            f"the job table of the {what}": table,
        }
        _require_apart([(one, other) for one in written.items() for other in control.items()])
        jobs = []
        for index in range(descriptor.jobs):
            job = f"{what}, job {index}"
            words = _words(memory, descriptor.job_table + index, 1, job)
            jobs.append(check_job(words, descriptor, psum_rows, job))
        # Of places in the order of their lines, if any two overlap, then two neighbours.
        places = [
            (f"{what}: output of job {index}", Window(job.output.line, job.output.end))
            for index, job in enumerate(jobs)
            if job.output.bytes
        ]
        _require_apart(list(pairwise(sorted(places, key=lambda place: place[1].first))))
        if descriptor.last:
            return chain
        written |= {f"{what}: {name}": window for name, window in _windows(descriptor, line)[1].items()}
        line = descriptor.next


def check_descriptor(words: U32, line: int, columns: int, lines: int = ALL_LINES) -> Descriptor:
    """Check a descriptor for itself.

    Parameters
    ----------
    words : uint32 [32]
    line : int
        Where it lies.
    columns : int
        Of a core.
    lines : int
        Size of the memory.

    Raises
    ------
    ValidationError
        With the first cause that the chip finds.
    """
    what = f"descriptor at line {line}"
    try:
        descriptor = Descriptor.from_words(words)
    except EncodingError as error:
        cause = Cause.FIELD if words[0] == DESCRIPTOR_MAGIC else Cause.MAGIC
        raise ValidationError(cause, f"{what}: {error}") from None
    _check_fields(descriptor, what, columns)
    read, written = _windows(descriptor, line)
    for name, window in {**read, **written}.items():
        if window.first > window.end:
            raise ValidationError(
                Cause.WINDOW, f"{what}: {name} ends at line {window.end}, before its first, {window.first}"
            )
        if window.end > lines:
            raise ValidationError(
                Cause.WINDOW,
                f"{what}: {name} ends at line {window.end}, outside the memory of {lines} lines",
            )
    if descriptor.output.first == descriptor.output.end:
        raise ValidationError(Cause.WINDOW, f"{what}: output window is empty, results need room")
    pairs = [(one, other) for one in written.items() for other in read.items()]
    pairs += combinations(written.items(), 2)
    _require_apart([((f"{what}: {name}", one), other) for (name, one), other in pairs])
    return descriptor


def check_job(words: U32, descriptor: Descriptor, psum_rows: int, what: str = "job") -> Job:
    """Check a line of a job table.

    Parameters
    ----------
    words : uint32 [16]
    descriptor : Descriptor
        Whose windows hold.
    psum_rows : int
        Rows that the partial sums of a core hold.
    what : str
        Its name in messages.

    Raises
    ------
    ValidationError
        With the first cause that the chip finds.
    """
    try:
        job = Job.from_words(words)
    except EncodingError as error:
        raise ValidationError(Cause.FIELD, f"{what}: {error}") from None
    if not 1 <= job.rows <= psum_rows:
        raise ValidationError(Cause.FIELD, f"{what}: rows is {job.rows}, must lie in 1..{psum_rows}")
    if job.c.bytes == 0 and (job.a.bytes or job.b.bytes):
        raise ValidationError(
            Cause.FIELD,
            f"{what}: stream C is empty, but A or B is not; a job of zeros has none of them",
        )
    for name in ("a", "b", "c", "d", "output"):
        extent: Extent = getattr(job, name)
        window: Window = getattr(descriptor, name)
        needs_place = extent.bytes or name == "output"
        if needs_place and not window.holds(extent):
            raise ValidationError(
                Cause.JOB_RANGE,
                f"{what}: {name} (lines {extent.line} to {extent.end - 1}) leaves its window, lines "
                f"{window.first} to {window.end - 1}",
            )
    return job


def _words(memory: U8, line: int, lines: int, what: str) -> U32:
    start, end = line * LINE_BYTES, (line + lines) * LINE_BYTES
    if end > len(memory):
        raise ValidationError(
            Cause.READ_RESPONSE,
            f"{what}: lines {line} to {line + lines - 1} lie outside the memory of "
            f"{len(memory) // LINE_BYTES} lines",
        )
    return np.frombuffer(memory[start:end].tobytes(), "<u4").astype(np.uint32)


def _require_apart(pairs: Sequence[tuple[tuple[str, Window], tuple[str, Window]]]) -> None:
    for (name, one), (other_name, other) in pairs:
        if max(one.first, other.first) < min(one.end, other.end):
            raise ValidationError(
                Cause.OVERLAP,
                f"{name} (lines {one.first} to {one.end - 1}) overlaps {other_name} "
                f"(lines {other.first} to {other.end - 1})",
            )


def _check_fields(descriptor: Descriptor, what: str, columns: int) -> None:
    post = descriptor.scale_bias or descriptor.residual or descriptor.relu or descriptor.mask
    wrong = ""
    if not 1 <= descriptor.columns <= columns:
        wrong = f"columns is {descriptor.columns}, must lie in 1..{columns}"
    elif descriptor.jobs == 0:
        wrong = "jobs is 0; leave the descriptor out of the chain"
    elif descriptor.share[1] == 0:
        wrong = "the share's denominator is 0; the default policy is 1, 5"
    elif descriptor.mode is OutputMode.FP32 and post:
        wrong = "FP32 output takes no post-processing; choose FP16 or FGMP output"
    elif descriptor.wg and (descriptor.mode is OutputMode.FGMP or descriptor.residual or descriptor.mask):
        wrong = "WG takes no FGMP output, residual or mask"
    if wrong:
        raise ValidationError(Cause.FIELD, f"{what}: {wrong}")


def _windows(descriptor: Descriptor, line: int) -> tuple[dict[str, Window], dict[str, Window]]:
    """Name what a descriptor reads, and what it writes."""
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
    if not descriptor.last:
        read["next descriptor"] = Window(descriptor.next, descriptor.next + DESCRIPTOR_LINES)
    written = {
        "output window": descriptor.output,
        "completion record": Window(descriptor.completion, descriptor.completion + COMPLETION_LINES),
    }
    if descriptor.job_records:
        written["job records"] = Window(descriptor.job_records, descriptor.job_records + descriptor.jobs)
    return read, written
