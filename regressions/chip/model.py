"""A simple bound of a replay's cycles on the chip, from the schedule model of one core.

A job takes its share (by rows) of what the schedule model says one core needs for all rows of one group of
columns. Cores take their jobs in waves, so compute takes the sum of each wave's longest job; memory takes the
planned bytes over its bytes a cycle. The bound is the larger of the two, and one latency. It knows nothing of
how the two interleave, nor that waves overlap: it is a figure to compare with, and no gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from golden.chip.layer import CompiledDescriptor, CompiledLayer
from golden.schedule import ScheduleRules, model_cycles
from golden.streams import CoreStreams

RESULT_CYCLES = ScheduleRules().result_cycles


@dataclass(frozen=True)
class Bound:
    """Predicted cycles.

    Attributes
    ----------
    compute, memory : float
        By the cores alone, by memory alone.
    longest_job : float
    waves : int
    latency : int
    """

    compute: float
    memory: float
    longest_job: float
    waves: int
    latency: int

    @property
    def cycles(self) -> int:
        """The bound."""
        return round(max(self.compute, self.memory)) + self.latency


def bound(
    layer: CompiledLayer, streams: CoreStreams, bytes_: int, bytes_per_cycle: int, latency: int
) -> Bound:
    """Bound the cycles of a layer whose planned traffic is `bytes_`.

    Parameters
    ----------
    streams : CoreStreams
        What one core would be fed for all rows.
    bytes_per_cycle, latency : int
        Of the memory.
    """
    row_cycles = model_cycles(streams).cycles / layer.lowering.rows
    cores = layer.lowering.preset.cores
    waves = [wave for one in layer.descriptors for wave in _waves(one, cores)]
    longest = [max(_job_cycles(job, row_cycles) for job in wave) for wave in waves]
    return Bound(sum(longest), bytes_ / bytes_per_cycle, max(longest), len(waves), latency)


def _waves(descriptor: CompiledDescriptor, cores: int) -> list[Sequence[tuple[int, bool]]]:
    """Rows of each job of each wave, and whether it has work."""
    jobs = [(job.job.rows, job.job.a.bytes != 0) for job in descriptor.jobs]
    return [jobs[start : start + cores] for start in range(0, len(jobs), cores)]


def _job_cycles(job: tuple[int, bool], row_cycles: float) -> float:
    rows, works = job
    return rows * (row_cycles if works else RESULT_CYCLES)
