"""What the chip moves over its memory bus: planned bytes by kind, and what they would be in plain FP16.

Jobs are dealt in waves of as many as there are cores; a wave fetches each of its distinct streams once, in
whole lines (docs/chip.md, "Waves and sharing"). So the traffic follows from the job table alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

from golden.chip.encoding import (
    COMPLETION_LINES,
    DESCRIPTOR_LINES,
    JOB_LINES,
    JOB_RECORD_LINES,
    LINE_BYTES,
    lines_of,
)
from golden.fgmp import FgmpTensor
from golden.geometry import Step
from golden.storage import stored_bytes

FP16_BYTES = 2
THRESHOLD_LINES = 1
"""Lines read of the completion record that gives the output bias."""

A_TENSOR = {Step.FP: "X", Step.BP: "delta", Step.WG: "X"}
B_TENSOR = {Step.FP: "W", Step.BP: "W", Step.WG: "delta"}
RESULT_TENSOR = {Step.FP: "Y", Step.BP: "dX", Step.WG: "dW"}


@dataclass(frozen=True)
class Stream:
    """A stream as the plan needs it: identity (equal: the same bytes), bytes, and bytes in plain FP16."""

    identity: int
    bytes: int
    plain_bytes: int


NO_STREAM = Stream(0, 0, 0)


@dataclass(frozen=True)
class JobStreams:
    """The streams of one job."""

    a: Stream
    b: Stream
    c: Stream
    d: Stream


@dataclass(frozen=True)
class Traffic:
    """Bytes over the bus: reads of the four streams and of control structures, and writes by kind."""

    a: int = 0
    b: int = 0
    c: int = 0
    d: int = 0
    control: int = 0
    results: int = 0
    job_records: int = 0
    completion: int = 0

    @property
    def reads(self) -> int:
        """Bytes read."""
        return self.a + self.b + self.c + self.d + self.control

    @property
    def writes(self) -> int:
        """Bytes written (those with a write strobe)."""
        return self.results + self.job_records + self.completion

    @property
    def total(self) -> int:
        """Bytes read and written."""
        return self.reads + self.writes

    def __add__(self, other: Self) -> Self:
        """Add kind by kind."""
        return type(self)(
            **{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)}
        )


def stream_reads(jobs: Sequence[JobStreams], cores: int, plain: bool = False) -> Traffic:
    """Plan the reads of streams A, B, C and D.

    Parameters
    ----------
    jobs : sequence of JobStreams
        In the order of the job table.
    cores : int
        Jobs of a wave.
    plain : bool
        Count the streams' bytes in plain FP16.
    """
    total = dict.fromkeys("abcd", 0)
    for start in range(0, len(jobs), cores):
        wave = jobs[start : start + cores]
        for kind in total:
            distinct: set[Stream] = {getattr(job, kind) for job in wave}
            total[kind] += sum(lines_of(stream.plain_bytes if plain else stream.bytes) for stream in distinct)
    return Traffic(**{kind: lines * LINE_BYTES for kind, lines in total.items()})


def control_reads(jobs: int, threshold_from_record: bool) -> Traffic:
    """Plan the reads of one descriptor, its job table and the record that a threshold comes from."""
    lines = DESCRIPTOR_LINES + JOB_LINES * jobs + (THRESHOLD_LINES if threshold_from_record else 0)
    return Traffic(control=lines * LINE_BYTES)


def writes(result_bytes: int, jobs: int, job_records: bool) -> Traffic:
    """Plan the writes of one descriptor whose jobs give `result_bytes` in all."""
    return Traffic(
        results=result_bytes,
        job_records=jobs * JOB_RECORD_LINES * LINE_BYTES if job_records else 0,
        completion=COMPLETION_LINES * LINE_BYTES,
    )


def block_order(a: Sequence[Stream], per_wave: int, plain: bool = False) -> list[int]:
    """Order blocks of rows so that a wave, which holds `per_wave` of them, has jobs of like duration.

    The bytes of A (`plain`: in plain FP16) say how long a block takes; blocks without A only write zeros.
    Those fill whole waves of their own, spread between the others, so that no core stands idle while another
    computes and the zeros leave under way.
    """

    def size(block: int) -> int:
        return a[block].plain_bytes if plain else a[block].bytes

    real = sorted((block for block in range(len(a)) if a[block].bytes), key=lambda block: -size(block))
    zero = [block for block in range(len(a)) if not a[block].bytes]
    gap = -len(real) % per_wave
    filling, zero = zero[:gap], zero[gap:]
    waves = [real[start : start + per_wave] for start in range(0, len(real), per_wave)]
    zero_waves = [zero[start : start + per_wave] for start in range(0, len(zero), per_wave)]
    order: list[int] = []
    for index, wave in enumerate(waves):
        order += wave if len(wave) == per_wave else wave + filling
        first, end = (len(zero_waves) * i // len(waves) for i in (index, index + 1))
        for zeros in zero_waves[first:end]:
            order += zeros
    return order if real else zero


def superblock_order(blocks: Sequence[int], groups: int, size: int) -> list[tuple[int, int]]:
    """Order jobs (block, group of columns): `size` groups at a time, in them block by block."""
    return [
        (block, group)
        for first in range(0, groups, size)
        for block in blocks
        for group in range(first, min(first + size, groups))
    ]


def choose_order(
    a: Sequence[Stream], b: Sequence[Stream], c: Sequence[Stream], cores: int, plain: bool = False
) -> list[tuple[int, int]]:
    """Choose the order of jobs with the least planned traffic.

    Parameters
    ----------
    a, c : sequence of Stream
        By block.
    b : sequence of Stream
        By group of columns.
    plain : bool
        The order that is best in plain FP16.

    Returns
    -------
    list of (block, group)
    """
    groups = len(b)
    # Divisors of the cores fill waves evenly; all groups at once may be none, but leave no rest.
    sizes = {size for size in range(1, min(groups, cores) + 1) if cores % size == 0 or size == groups}

    def reads(order: list[tuple[int, int]]) -> int:
        jobs = [
            JobStreams(a[block], b[group] if a[block].bytes else NO_STREAM, c[block], NO_STREAM)
            for block, group in order
        ]
        return stream_reads(jobs, cores, plain).reads

    orders = [superblock_order(block_order(a, cores // size, plain), groups, size) for size in sorted(sizes)]
    return min(orders, key=reads)


def compulsory(step: Step, a: FgmpTensor, b: FgmpTensor, result_bytes: int) -> dict[str, int]:
    """Bytes by tensor if each moved once, as stored, masks and pointers included."""
    return {
        A_TENSOR[step]: stored_bytes(a),
        B_TENSOR[step]: stored_bytes(b),
        RESULT_TENSOR[step]: result_bytes,
    }
