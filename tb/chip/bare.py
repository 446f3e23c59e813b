"""The chip in a bare C++ loop as tests drive it: load a memory, run descriptors, talk to its registers."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from golden.presets import Preset, find_preset
from tb.chip.build import build_bare
from tb.chip.device import ChipDevice, ChipOutcome, RunOptions, ScriptResult
from tb.chip.script import Action, ActionKind, wait_interrupt
from tb.coverage.crosses.memory import sample_manners


class ChipFailure(AssertionError):
    """An assertion of the RTL failed: its text is on the standard output."""


class BareChip:
    """A chip's harness of one preset, loaded from its shared library.

    It is also a register bus as `golden.chip.driver` wants one: each access is a script of one step, and the
    chip goes on from the one before.
    """

    def __init__(self, preset: Preset, library: Path, gated: bool = False) -> None:
        self.preset = preset
        self.library = ctypes.CDLL(str(library))
        self.device = ChipDevice(self.library, preset, gated)
        self.options = RunOptions()

    def load(self, memory: npt.NDArray[np.uint8], first_line: int = 0) -> None:
        """Let the chip work on this very array, from a line on."""
        self.device.memory.load(memory, first_line)

    def run(self, line: int, options: RunOptions | None = None, during: Sequence[Action] = ()) -> ChipOutcome:
        """Run the chain of descriptors that begins at `line`.

        Parameters
        ----------
        during : sequence of Action
            What software does between the start and its waiting for the interrupt.

        Raises
        ------
        ChipFailure
            If an assertion fails.
        ChipHang
            If the run comes to no end.
        """
        options = options or RunOptions()
        result = self.script(self.device.run_steps(line, options, during), options)
        memory = options.memory
        sample_manners(int(memory.order), memory.stall_permille, memory.bytes_per_cycle)
        return self.device.run_outcome(result, options, during)

    def script(self, steps: Sequence[Action], options: RunOptions | None = None) -> ScriptResult:
        """Carry out any steps; raises as `run` does."""
        self.device.set_up(steps, options or RunOptions())
        if self.library.bare_launch():
            raise ChipFailure("an assertion of the RTL failed (see the standard output)")
        return self.device.take()

    def reset(self, options: RunOptions | None = None) -> None:
        """Reset the chip; the options hold for the register bus from then on."""
        self.options = replace(options or RunOptions(), resets=False)
        self.script([], replace(self.options, resets=True))

    def read32(self, address: int) -> int:
        """Read a register."""
        return self.script([Action(ActionKind.READ, address)], self.options).answers[0].value

    def write32(self, address: int, value: int) -> None:
        """Write a register."""
        self.script([Action(ActionKind.WRITE, address, value)], self.options)

    def wait_interrupt(self, cycles: int) -> bool:
        """Wait for the interrupt; a chip that does not give it in so many cycles hangs."""
        return bool(self.script([wait_interrupt(cycles)], self.options).answers[0].value)

    @contextmanager
    def without_assumptions(self) -> Iterator[None]:
        """Let the RTL's assumptions on operands that agree with one another be silent; assertions stay."""
        self.library.bare_assumptions(0)
        try:
            yield
        finally:
            self.library.bare_assumptions(1)

    def write_coverage(self, path: Path) -> None:
        """Write the counts of all runs so far; only of a build with coverage."""
        self.library.write_coverage(str(path).encode())


@lru_cache
def bare_chip(preset: str, gated: bool = False, coverage: bool = False) -> BareChip:
    """Build and load the harness of a preset, once a process."""
    chosen = find_preset(preset)
    return BareChip(chosen, build_bare(chosen, gated=gated, coverage=coverage).artifact, gated)
