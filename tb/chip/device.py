"""A run of the chip's harness, seen from Python: a script and a memory in, answers and counts out.

The same code drives the model inside a cocotb simulation and in a bare C++ loop; it mirrors the structures of
``chip_dpi.cpp``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from golden.chip.driver import Status
from golden.presets import Preset
from tb.chip.memory import MemoryModel, MemoryOptions, MemoryTraffic
from tb.chip.script import OKAY, Action, ActionKind, Answer, Registers, chip_registers, wait_interrupt

SAMPLE_FIELDS = ("line_busy", "wait_a", "wait_b", "wait_queue", "idle")
"""What is known of a core in each sample: line cycles since the start."""
SAMPLE_PERIOD = 64
"""Cycles between the samples that the monitor can give."""
_HEAD_FIELDS = 3

DEFAULT_LIMIT = 1 << 40
DEFAULT_QUIET = 1 << 21
"""Cycles without a handshake on any link, beyond the chip's own watchdog by default."""

_OUTCOMES = ("", "no interrupt came within the limit of cycles", "no link moved for {quiet} cycles")


class ChipHang(RuntimeError):
    """A run came to no end; the message has the state of every state machine and queue of the design."""


@dataclass(frozen=True)
class RunOptions:
    """How a run is done, beside what it runs.

    Attributes
    ----------
    memory : MemoryOptions
    patience, watchdog : int or None
        Values of the registers of these names; None leaves them as they are.
    limit : int
        Cycles that the interrupt may take.
    quiet : int
        Cycles without a handshake on any link after which the run is given up; 0: never.
    slow : tuple of int, or None
        A core, and of how many clock edges it gets one; only of a build with gated cores, as the next two.
    stopped : tuple of int, or None
        A core, and the cycles of the script from and to which it gets no clock edge.
    missed_permille : int
        Chance that a core misses a clock edge, in thousandths, drawn with the memory's seed.
    sample : int
        Cycles between samples of the cores' occupancy, a multiple of `SAMPLE_PERIOD`; 0: none.
    resets : bool
        Whether the chip is reset first.
    """

    memory: MemoryOptions = field(default_factory=MemoryOptions)
    patience: int | None = None
    watchdog: int | None = None
    limit: int = DEFAULT_LIMIT
    quiet: int = DEFAULT_QUIET
    slow: tuple[int, int] | None = None
    stopped: tuple[int, int, int] | None = None
    missed_permille: int = 0
    sample: int = 0
    resets: bool = True


@dataclass(frozen=True)
class Occupancy:
    """Where the line cycles of the cores, and the bytes of the memory, went over time.

    Attributes
    ----------
    cycles : int64 [samples]
        Cycles since the start.
    read_beats, write_bytes : int64 [samples]
        Moved until then.
    cores : int64 [samples, cores, fields]
        Line cycles of each core until then, by `SAMPLE_FIELDS`.
    """

    cycles: npt.NDArray[np.int64]
    read_beats: npt.NDArray[np.int64]
    write_bytes: npt.NDArray[np.int64]
    cores: npt.NDArray[np.int64]


@dataclass(frozen=True)
class ScriptResult:
    """What a script came to.

    Attributes
    ----------
    answers : tuple of Answer
        One a step.
    cycles : int
        From the script's begin to its end.
    report : str
        If the chip's watchdog ended a run: what was not at rest in the design then.
    """

    answers: tuple[Answer, ...]
    cycles: int
    traffic: MemoryTraffic
    occupancy: Occupancy
    report: str


@dataclass(frozen=True)
class ChipOutcome:
    """What a run of the chip came to, well or not.

    Attributes
    ----------
    cycles : int
        From the start, as software writes it, to the interrupt.
    chip : dict
        Counters of the chip by name (`golden.chip.driver.CHIP_COUNTERS`).
    cores : tuple of dict
        Counters of each core by name.
    traffic : MemoryTraffic
        Counted at the pins, by the memory.
    report : str
        If the chip's watchdog ended the run: the state of every state machine and queue that was not at rest.
    """

    status: Status
    cycles: int
    chip: dict[str, int]
    cores: tuple[dict[str, int], ...]
    traffic: MemoryTraffic
    occupancy: Occupancy
    report: str = ""


class _AnswerStruct(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("value", "response", "cycle"))


class _ActionStruct(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("kind", "address", "value"))


class _RunStruct(ctypes.Structure):
    _fields_ = (
        ("steps", ctypes.POINTER(_ActionStruct)),
        ("answers", ctypes.POINTER(_AnswerStruct)),
        *(
            (name, ctypes.c_int64)
            for name in (
                "step_count",
                "resets",
                "quiet_limit",
                "slow_core",
                "slow_factor",
                "stopped_core",
                "stopped_from",
                "stopped_to",
                "missed_permille",
                "seed",
                "sample_every",
                "answered",
                "outcome",
                "cycles",
            )
        ),
    )


class ChipDevice:
    """The harness in `library`, which holds ``chip_dpi.cpp`` and ``axi_memory.cpp``."""

    def __init__(self, library: ctypes.CDLL, preset: Preset, gated: bool = False) -> None:
        library.chip_run.restype = ctypes.POINTER(_RunStruct)
        library.chip_report_text.restype = ctypes.c_char_p
        library.chip_samples.restype = ctypes.POINTER(ctypes.c_uint64)
        library.chip_sample_words.restype = ctypes.c_uint64
        self._library = library
        self._struct = library.chip_run().contents
        self._preset = preset
        self._gated = gated
        self._quiet = 0
        self._before = MemoryTraffic(0, 0, 0, 0, 0)
        self._kinds: list[ActionKind] = []
        self.memory = MemoryModel(library)
        self.registers: Registers = chip_registers(preset)

    def set_up(self, steps: Sequence[Action], options: RunOptions) -> None:
        """Hand a script to the harness.

        Raises
        ------
        ValueError
            If the options cannot be had: a slow core of a build without gated ones, a sample period that
            the monitor does not have.
        """
        irregular = options.slow is not None or options.stopped is not None or options.missed_permille
        if irregular and not self._gated:
            raise ValueError("a core can only be slowed in a build with gated cores")
        if options.sample % SAMPLE_PERIOD:
            raise ValueError(f"samples come every {SAMPLE_PERIOD} cycles: {options.sample} is no multiple")
        self.memory.set_up(options.memory)
        self._before = self.memory.traffic()
        self._quiet = options.quiet
        self._kinds = [step.kind for step in steps]
        self._steps = (_ActionStruct * len(steps))(
            *(_ActionStruct(int(step.kind), step.address, step.value) for step in steps)
        )
        self._answers = (_AnswerStruct * len(steps))()
        slow_core, slow_factor = options.slow if options.slow is not None else (-1, 1)
        struct = self._struct
        struct.steps = self._steps
        struct.answers = self._answers
        struct.step_count = len(steps)
        struct.resets = int(options.resets)
        struct.quiet_limit = options.quiet
        struct.slow_core = slow_core
        struct.slow_factor = slow_factor
        struct.stopped_core, struct.stopped_from, struct.stopped_to = options.stopped or (-1, 0, 0)
        struct.missed_permille = options.missed_permille
        struct.seed = 2 * options.memory.seed + 1
        struct.sample_every = options.sample // SAMPLE_PERIOD

    def take(self) -> ScriptResult:
        """Collect what the finished script left.

        Raises
        ------
        ChipHang
            If it was given up.
        """
        struct = self._struct
        answers = tuple(
            Answer(int(answer.value), int(answer.response), int(answer.cycle))
            for answer in self._answers[: struct.answered]
        )
        if struct.outcome:
            why = _OUTCOMES[struct.outcome].format(quiet=self._quiet)
            step = self._kinds[struct.answered].name.lower()
            traffic = self._traffic()
            raise ChipHang(
                f"the chip hung: {why} (cycle {struct.cycles}, step {struct.answered + 1} of "
                f"{len(self._kinds)}: {step}; {traffic.read_beats} beats read, "
                f"{traffic.write_beats} written). What is not at rest in the design:\n{self._report()}"
            )
        return ScriptResult(answers, int(struct.cycles), self._traffic(), self._occupancy(), self._report())

    def run_steps(self, line: int, options: RunOptions, during: Sequence[Action] = ()) -> list[Action]:
        """Steps of a whole run: start, what software does meanwhile, the interrupt, status and counters."""
        registers = self.registers
        return [
            *registers.start(line, options.patience, options.watchdog),
            *during,
            wait_interrupt(options.limit),
            *registers.outcome(),
        ]

    def run_outcome(
        self, result: ScriptResult, options: RunOptions, during: Sequence[Action] = ()
    ) -> ChipOutcome:
        """Read the outcome of a run from the answers to `run_steps`.

        Raises
        ------
        ChipHang
            If the registers refused an access.
        """
        registers, answers = self.registers, result.answers
        if any(answer.response != OKAY for answer in answers):
            at = next(index for index, answer in enumerate(answers) if answer.response != OKAY)
            raise ChipHang(f"the registers refused step {at + 1} of the run")
        started = len(registers.start(0, options.patience, options.watchdog))
        end = started + len(during)
        outcome = registers.read_outcome(answers[end + 1 :])
        return ChipOutcome(
            outcome.status,
            answers[end].cycle - answers[started - 1].cycle,
            outcome.chip,
            outcome.cores,
            result.traffic,
            result.occupancy,
            result.report,
        )

    def _report(self) -> str:
        """Return what the reporters of the design said, a line each, without what all lines begin with."""
        lines = self._library.chip_report_text().decode().splitlines()
        places = (line.split("i_chip.", 1)[-1].replace("report_", "") for line in lines)
        return "\n".join(f"  {line}" for line in sorted(places))

    def _traffic(self) -> MemoryTraffic:
        return self.memory.traffic() - self._before

    def _occupancy(self) -> Occupancy:
        cores = self._preset.cores
        row = _HEAD_FIELDS + cores * len(SAMPLE_FIELDS)
        words = int(self._library.chip_sample_words())
        rows = words // row
        data = np.zeros((rows, row), np.int64)
        if rows:
            source = np.ctypeslib.as_array(self._library.chip_samples(), (rows, row))
            data[:] = source.astype(np.int64)
        return Occupancy(
            data[:, 0],
            data[:, 1] - self._before.read_beats,
            data[:, 2] - self._before.write_bytes,
            data[:, _HEAD_FIELDS:].reshape(rows, cores, len(SAMPLE_FIELDS)),
        )
