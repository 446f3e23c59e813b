"""A training step of one layer as it lies in the chip's memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from golden.chip.encoding import Descriptor, Job, OutputMode
from golden.chip.output import CompileError
from golden.chip.plan import FP16_BYTES, JobStreams, Traffic, control_reads, stream_reads, writes
from golden.lowering import Ints, Lowering

LEAST_PATIENCE = 4096
"""Value of the register PATIENCE after a reset: no shorter, since memory may be slow."""
MOST_PATIENCE = (1 << 16) - 1
PATIENT_JOBS = 2
"""Jobs of the longest kind that a patience is as long as: memory may slow them down."""


@dataclass(frozen=True)
class CompiledJob:
    """A job, which part of the product it gives, and its streams as the plan sees them."""

    job: Job
    rows: Ints
    first_column: int
    streams: JobStreams


@dataclass(frozen=True)
class CompiledDescriptor:
    """A descriptor in memory, with its jobs in the order of the job table.

    `plain_streams` are the streams of the jobs in the order that would be best in plain FP16.
    """

    line: int
    descriptor: Descriptor
    jobs: tuple[CompiledJob, ...]
    plain_streams: tuple[JobStreams, ...]

    def traffic(self, cores: int, result_bytes: int | None = None, plain: bool = False) -> Traffic:
        """Plan the bytes over the bus.

        Parameters
        ----------
        cores : int
        result_bytes : int, or None
            Bytes of results; needed with FGMP output, whose length only the results tell.
        plain : bool
            The same jobs in plain FP16, dealt in the order that is best then: streams A and B at two bytes
            an element without masks, results at two bytes.
        """
        descriptor = self.descriptor
        if plain:
            result_bytes = sum(FP16_BYTES * len(job.rows) * descriptor.columns for job in self.jobs)
        elif descriptor.mode is not OutputMode.FGMP:
            result_bytes = sum(job.job.output.bytes for job in self.jobs)
        elif result_bytes is None:
            raise CompileError("traffic of FGMP output: pass the bytes of its results (from the job records)")
        streams = self.plain_streams if plain else [job.streams for job in self.jobs]
        return (
            stream_reads(streams, cores, plain)
            + control_reads(len(self.jobs), descriptor.threshold_from_record)
            + writes(result_bytes, len(self.jobs), descriptor.job_records != 0)
        )


@dataclass(frozen=True)
class CompiledLayer:
    """A training step of one layer in memory.

    Attributes
    ----------
    lowering : Lowering
    columns : int64 [N]
        The product's columns, as indices into B's N axis.
    descriptors : tuple of CompiledDescriptor
        One, or two if N is no multiple of the core's columns.
    job_cycles : int
        What the longest job computes, cycles: its share (by bytes of A) of the MACs, evenly over lines.
    """

    lowering: Lowering
    columns: Ints
    descriptors: tuple[CompiledDescriptor, ...]
    job_cycles: int

    @property
    def patience(self) -> int:
        """What PATIENCE should be, cycles, so that cores whose jobs differ in length wait for one another."""
        return min(max(PATIENT_JOBS * self.job_cycles, LEAST_PATIENCE), MOST_PATIENCE)

    @property
    def name(self) -> str:
        """Layer and step, for messages."""
        return f"{self.lowering.geometry.name} {self.lowering.step}"

    def traffic(self, result_bytes: Sequence[int] | None = None, plain: bool = False) -> Traffic:
        """Plan the bytes of all descriptors; `result_bytes` by descriptor (`CompiledDescriptor.traffic`)."""
        given = result_bytes if result_bytes is not None else [None] * len(self.descriptors)
        total = Traffic()
        for one, size in zip(self.descriptors, given, strict=True):
            total = total + one.traffic(self.lowering.preset.cores, size, plain)
        return total
