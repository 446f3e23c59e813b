"""What a user chooses for replays on the chip, and what follows from it for each step."""

from __future__ import annotations

from dataclasses import dataclass

from golden.chip.encoding import OutputMode
from golden.geometry import Step

OUTPUTS = {"fgmp": OutputMode.FGMP, "fp16": OutputMode.FP16, "fp32": OutputMode.FP32}
"""How results may leave, by the name that the command line gives it."""
MEMORY_BYTES = (16, 64)
DEFAULT_MEMORY_BYTES = 64
DEFAULT_LATENCY = 20


@dataclass(frozen=True)
class ChipSettings:
    """Memory and manners of the chip in all replays of a run.

    Attributes
    ----------
    memory_bytes : int
        Bytes that the memory moves in a cycle, reads and writes together.
    memory_latency : int
        Cycles from a request to its first beat.
    slow_core : int or None
        A core whose clock gets one of `slow_factor` edges.
    slow_factor : int
    output : str or None
        A key of `OUTPUTS`; None: FGMP for FP and BP, FP16 for WG.
    """

    memory_bytes: int = DEFAULT_MEMORY_BYTES
    memory_latency: int = DEFAULT_LATENCY
    slow_core: int | None = None
    slow_factor: int = 1
    output: str | None = None

    def output_mode(self, step: Step) -> OutputMode:
        """How the results of a step leave; WG has no FGMP output and takes FP16 instead."""
        mode = OUTPUTS[self.output or "fgmp"]
        return OutputMode.FP16 if step is Step.WG and mode is OutputMode.FGMP else mode

    @property
    def slow(self) -> tuple[int, int] | None:
        """Slowed core and factor, if there is one."""
        return None if self.slow_core is None else (self.slow_core, self.slow_factor)
