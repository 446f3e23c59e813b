"""What a replay on the chip found beside what every replay finds: traffic, roofline, occupancy.

Part of `results.json` (`regressions.results`): `chip` of a replay, `hardware` of a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Bound(StrEnum):
    """What the roofline says limits a replay."""

    COMPUTE = "compute"
    MEMORY = "memory"


@dataclass(frozen=True)
class TensorTraffic:
    """Bytes of one tensor (or kind of data) at the memory's pins, and what plain FP16 would move.

    `plain_read` and `plain_written` follow from the same jobs, in the order best then, with operands and
    results at two bytes an element and no masks.
    """

    read: int
    written: int
    plain_read: int
    plain_written: int

    @property
    def total(self) -> int:
        """Bytes moved."""
        return self.read + self.written

    @property
    def plain(self) -> int:
        """Bytes in plain FP16."""
        return self.plain_read + self.plain_written


@dataclass(frozen=True)
class Roofline:
    """The roofline of a replay (Williams, Waterman and Patterson, 2009).

    The roof of compute is a chip whose every PE works in every cycle on non-zeros (`ideal_cycles` of the
    replay); that of memory is the bytes at the pins over the bytes that the memory moves in a cycle. The
    compulsory bound is memory's if each operand and result moved once, as stored.

    Attributes
    ----------
    memory_bytes_per_cycle : int
    bytes, compulsory_bytes : int
    compute_cycles, memory_cycles, compulsory_cycles : float
        Least cycles by each bound.
    intensity, compulsory_intensity : float
        PE cycles of work for each byte.
    bound : Bound
        The lower roof.
    attainable : float
        Utilization at the roof: ``min(1, compute_cycles / memory_cycles)``.
    compulsory_attainable : float
        The same with the compulsory bytes.
    reached : float
        Utilization over `attainable`.
    """

    memory_bytes_per_cycle: int
    bytes: int
    compulsory_bytes: int
    compute_cycles: float
    memory_cycles: float
    compulsory_cycles: float
    intensity: float
    compulsory_intensity: float
    bound: Bound
    attainable: float
    compulsory_attainable: float
    reached: float


@dataclass(frozen=True)
class CoreOccupancy:
    """Share of a core's line cycles that issue an element, over time: `busy` by core, then by bin.

    A bin is `bin_cycles` long, the last one perhaps shorter.
    """

    bin_cycles: int
    busy: list[list[float]]


@dataclass(frozen=True)
class ChipFigures:
    """What is measured of a replay on the chip alone.

    Attributes
    ----------
    output : str
        ``fgmp``, ``fp16`` or ``fp32``.
    image_bytes, image_mismatches : int
        Bytes of memory compared with the golden chip model's after the run, and those that differ.
    jobs, waves : int
    job_cycles : float
        Predicted cycles of the longest job.
    detached : int
        Cores that the others no longer waited for; 0 means that the traffic is the plan's.
    traffic : dict
        By tensor: the operands and results of the step, post-processing operands, control.
    roofline : Roofline
    occupancy : CoreOccupancy
    held_cycles : int
        Cycles in which a shared request waited for another core's.
    simulated_s : float
        Wall time of the simulator.
    """

    output: str
    image_bytes: int
    image_mismatches: int
    jobs: int
    waves: int
    job_cycles: float
    detached: int
    traffic: dict[str, TensorTraffic]
    roofline: Roofline
    occupancy: CoreOccupancy
    held_cycles: int
    simulated_s: float


@dataclass(frozen=True)
class ChipHardware:
    """The chip and memory of a run.

    Attributes
    ----------
    cores, pes : int
        Cores; PEs of all of them.
    memory_bytes_per_cycle, memory_latency : int
    slow_core, slow_factor : int or None
        A core whose clock gets one edge of so many.
    sram_bytes : dict
        SRAM of the whole chip by kind of memory.
    sram_limit_bytes : int
        What the published chip has.
    register_bytes : dict
        The larger queues that are registers.
    """

    cores: int
    pes: int
    memory_bytes_per_cycle: int
    memory_latency: int
    slow_core: int | None
    slow_factor: int | None
    sram_bytes: dict[str, int]
    sram_limit_bytes: int
    register_bytes: dict[str, int]
