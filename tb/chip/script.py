"""What software does with the chip: a script of register accesses, and what its answers say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import repeat

from golden.chip.driver import ChipDriver, Conversation, Outcome, RegisterNames, Result, Status, Talk
from golden.presets import Preset
from tb.register_map import load_names

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
class _Script:
    """A register bus that notes what is asked of it as steps, and takes its answers from a list."""

    answers: Iterator[Answer]
    steps: list[Action] = field(default_factory=list)

    def read32(self, address: int) -> int:
        """Note a read."""
        return self._answer(Action(ActionKind.READ, address))

    def write32(self, address: int, value: int) -> None:
        """Note a write."""
        self._answer(Action(ActionKind.WRITE, address, value))

    def wait_interrupt(self, cycles: int) -> bool:
        """Note a wait."""
        return bool(self._answer(wait_interrupt(cycles)))

    def _answer(self, step: Action) -> int:
        self.steps.append(step)
        return next(self.answers).value


@dataclass(frozen=True)
class Registers:
    """Steps and answers by register and field names.

    Whole sequences are golden's driver's: its conversation becomes steps, and is held once more over the
    answers to say what they mean.
    """

    says: Conversation

    @property
    def names(self) -> RegisterNames:
        """Where registers and their fields are."""
        return self.says.names

    def write(self, register: str, **values: int) -> Action:
        """Write a register, its other fields 0."""
        return Action(ActionKind.WRITE, self.names.offsets[register], self.names.pack(register, **values))

    def read(self, register: str) -> Action:
        """Read a register."""
        return Action(ActionKind.READ, self.names.offsets[register])

    def start(self, line: int, patience: int | None, watchdog: int | None) -> list[Action]:
        """Set what is not None, and start with the descriptor at `line`, which the last step does."""
        return [*self._steps(self.says.configure(patience, watchdog)), *self._steps(self.says.start(line))]

    def status(self) -> list[Action]:
        """Read all that `read_status` needs."""
        return self._steps(self.says.status())

    def read_status(self, answers: Sequence[Answer]) -> Status:
        """Return the state from the answers to `status`."""
        return self._meaning(self.says.status(), answers)

    def outcome(self) -> list[Action]:
        """Read all that `read_outcome` needs."""
        return self._steps(self.says.outcome())

    def read_outcome(self, answers: Sequence[Answer]) -> Outcome:
        """Return state and counters from the answers to `outcome`."""
        return self._meaning(self.says.outcome(), answers)

    def _steps(self, talk: Talk[object]) -> list[Action]:
        """What is said to a chip whose registers read 0: it is idle and tells of no error."""
        script = _Script(repeat(Answer(0, OKAY, 0)))
        ChipDriver(script, self.names, self.says.preset).talk(talk)
        return script.steps

    def _meaning(self, talk: Talk[Result], answers: Sequence[Answer]) -> Result:
        """What is concluded from a chip's answers."""
        return ChipDriver(_Script(iter(answers)), self.names, self.says.preset).talk(talk)


def chip_registers(preset: Preset) -> Registers:
    """Return the registers of a chip of a preset."""
    return Registers(Conversation(load_names(), preset))
