"""What software does with the chip: a script of register accesses, and what its answers say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from golden.chip.driver import Status
from golden.chip.encoding import Cause
from golden.hardware_counters import CHIP_COUNTER_CORE, CHIP_COUNTERS, CORE_COUNTERS
from tb.register_map import RegisterNames, load_names

OKAY = 0
"""Response of an access that was carried out."""


class ActionKind(IntEnum):
    """Kinds of steps, as chip_harness.sv numbers them."""

    WRITE = 0
    READ = 1
    INTERRUPT = 2
    PAUSE = 3
    RESET = 4


@dataclass(frozen=True)
class Action:
    """One step: an access, or a wait of `value` cycles (the most for an interrupt, or just so many)."""

    kind: ActionKind
    address: int = 0
    value: int = 0


@dataclass(frozen=True)
class Answer:
    """Answer to a step: the value read (1: the interrupt came), the bus's response, and the cycle."""

    value: int
    response: int
    cycle: int


def wait_interrupt(cycles: int) -> Action:
    """Wait for the interrupt; a run in which it does not come in so many cycles is given up."""
    return Action(ActionKind.INTERRUPT, value=cycles)


def pause(cycles: int) -> Action:
    """Do nothing for so many cycles."""
    return Action(ActionKind.PAUSE, value=cycles)


def reset(cycles: int = 4) -> Action:
    """Reset chip and memory link, whatever they do."""
    return Action(ActionKind.RESET, value=cycles)


@dataclass(frozen=True)
class Registers:
    """Steps and answers by register and field names."""

    names: RegisterNames

    def write(self, register: str, **values: int) -> Action:
        """Write a register, its other fields 0."""
        return Action(ActionKind.WRITE, self.names.offsets[register], self.names.pack(register, **values))

    def read(self, register: str) -> Action:
        """Read a register."""
        return Action(ActionKind.READ, self.names.offsets[register])

    def start(self, line: int, patience: int | None, watchdog: int | None) -> list[Action]:
        """Clear and enable interrupts, set what is not None, and start with the descriptor at `line`."""
        steps = [
            self.write("IRQ_STATUS", done=1, error=1, busy_write=1),
            self.write("IRQ_ENABLE", done=1, error=1),
            self.write("DESCRIPTOR", line=line),
        ]
        for register, value in (("PATIENCE", patience), ("WATCHDOG", watchdog)):
            if value is not None:
                steps.append(self.write(register, cycles=value))
        return [*steps, self.write("CONTROL", start=1)]

    def status(self) -> list[Action]:
        """Read all that `read_status` needs."""
        return [self.read(name) for name in ("STATUS", "DESCRIPTORS_DONE", "ERROR_JOB", "ERROR_DESCRIPTOR")]

    def read_status(self, answers: Sequence[Answer]) -> Status:
        """Return the state from the answers to `status`."""
        word, done, job, descriptor = (answer.value for answer in answers)
        flags = self.names.unpack("STATUS", word)
        return Status(
            bool(flags["busy"]),
            bool(flags["done"]),
            bool(flags["error"]),
            bool(flags["busy_write"]),
            Cause(flags["cause"]),
            done,
            job,
            descriptor,
        )

    def counters(self, core: int, count: int) -> list[Action]:
        """Read the first `count` counters of a core."""
        return [
            step
            for index in range(count)
            for step in (
                self.write("COUNTER_SELECT", core=core, index=index),
                self.read("COUNTER_LOW"),
                self.read("COUNTER_HIGH"),
            )
        ]

    def all_counters(self, cores: int) -> list[Action]:
        """Read the counters of the chip and of every core."""
        steps = self.counters(CHIP_COUNTER_CORE, len(CHIP_COUNTERS))
        for core in range(cores):
            steps += self.counters(core, len(CORE_COUNTERS))
        return steps

    def read_counters(
        self, answers: Sequence[Answer], cores: int
    ) -> tuple[dict[str, int], tuple[dict[str, int], ...]]:
        """Return the counters of the chip and of the cores from the answers to `all_counters`."""
        values = [
            low.value | high.value << 32 for low, high in zip(answers[1::3], answers[2::3], strict=True)
        ]
        chip = dict(zip(CHIP_COUNTERS, values, strict=False))
        of_cores = []
        for core in range(cores):
            first = len(CHIP_COUNTERS) + core * len(CORE_COUNTERS)
            of_cores.append(dict(zip(CORE_COUNTERS, values[first:], strict=False)))
        return chip, tuple(of_cores)


def chip_registers() -> Registers:
    """Return the registers of the chip."""
    return Registers(load_names())
