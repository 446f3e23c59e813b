"""The driver: starts the chip through its registers, waits, and says what came of it.

What it does is written once, as a conversation: generators that yield requests to the register bus (`Read`,
`Write`, `Wait`) and receive the answers. `ChipDriver` holds the conversation over a bus of plain functions,
`AsyncChipDriver` over one of coroutines, such as a cocotb testbench's.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from golden.chip.encoding import Cause
from golden.chip.layer import CompiledLayer
from golden.chip.validate import check_chain
from golden.formats import U8
from golden.hardware_counters import CHIP_COUNTER_CORE, CHIP_COUNTERS, CORE_COUNTERS
from golden.presets import Preset

CHIP_ID = 0x4C4E5055

REMEDIES = {
    Cause.READ_RESPONSE: "the memory answered a read with an error: see that all windows lie in memory",
    Cause.WRITE_RESPONSE: "the memory answered a write with an error: see that the output lies in memory",
    Cause.MAGIC: "no descriptor lies there: check the DESCRIPTOR register and word 18 of the one before",
    Cause.FIELD: "a field is outside its range: golden.chip.validate.check_chain names it",
    Cause.WINDOW: "a window is malformed: golden.chip.validate.check_chain names it",
    Cause.OVERLAP: "what is written overlaps what is read: golden.chip.validate.check_chain names both",
    Cause.JOB_RANGE: "a stream or the output of the job leaves its window: check its line of the job table",
    Cause.STREAM_LENGTH: "masks, items and lengths disagree: pack the job's streams again",
    Cause.ITEM: "an item of the job's stream C is malformed: golden.chip.items.decode_item names it",
    Cause.OVERRUN: "the results need more room: give the job the most that its format can take",
    Cause.WATCHDOG: "nothing moved: raise WATCHDOG if the memory is that slow, else look for a lost answer",
    Cause.ABORTED: "software asked for it: start again",
}


class DriverError(RuntimeError):
    """The chip cannot be started, or gives no answer."""


class ChipError(DriverError):
    """The chip gave up.

    Attributes
    ----------
    cause : Cause
    job, descriptor : int
        The job's number in its table, and the line of its descriptor.
    """

    def __init__(self, cause: Cause, job: int, descriptor: int, layer: str) -> None:
        self.cause = cause
        self.job = job
        self.descriptor = descriptor
        super().__init__(
            f"the chip stopped with cause {int(cause)} ({cause.name}) at job {job} of the descriptor at line "
            f"{descriptor} ({layer}): {REMEDIES.get(cause, 'the cause is not one that docs/chip.md lists')}"
        )


class RegisterNames(Protocol):
    """Where registers and their fields are; made from rtl/chip/chip_regs.rdl."""

    @property
    def offsets(self) -> Mapping[str, int]:
        """Byte offset of each register."""
        ...

    def unpack(self, register: str, value: int) -> dict[str, int]:
        """Split a register's value into its fields."""
        ...

    def pack(self, register: str, **values: int) -> int:
        """Return the value of a register whose other fields are 0."""
        ...


class RegisterBus(Protocol):
    """Registers and interrupt of the chip as plain functions."""

    def read32(self, address: int) -> int:
        """Read a register."""
        ...

    def write32(self, address: int, value: int) -> None:
        """Write a register."""
        ...

    def wait_interrupt(self, cycles: int) -> bool:
        """Wait for the interrupt, at most so many cycles; return whether it came."""
        ...


class AsyncRegisterBus(Protocol):
    """The same as coroutines."""

    async def read32(self, address: int) -> int:
        """Read a register."""
        ...

    async def write32(self, address: int, value: int) -> None:
        """Write a register."""
        ...

    async def wait_interrupt(self, cycles: int) -> bool:
        """Wait for the interrupt, at most so many cycles; return whether it came."""
        ...


@dataclass(frozen=True)
class Read:
    """Request: read the register at `address`; the answer is its value."""

    address: int


@dataclass(frozen=True)
class Write:
    """Request: write `value` to the register at `address`."""

    address: int
    value: int


@dataclass(frozen=True)
class Wait:
    """Request: wait for the interrupt, at most `cycles`; the answer is whether it came."""

    cycles: int


Request = Read | Write | Wait
Result = TypeVar("Result")
Talk = Generator[Request, Any, Result]


@dataclass(frozen=True)
class Status:
    """The chip's state, from STATUS and what goes with it."""

    busy: bool
    done: bool
    error: bool
    busy_write: bool
    cause: Cause
    descriptors_done: int
    error_job: int
    error_descriptor: int


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes
    ----------
    status : Status
    chip : dict
        `CHIP_COUNTERS` by name.
    cores : tuple of dict
        `CORE_COUNTERS` by name, for each core.
    """

    status: Status
    chip: dict[str, int]
    cores: tuple[dict[str, int], ...]


@dataclass(frozen=True)
class Conversation:
    """What the driver says to the chip, whatever the bus.

    Parameters
    ----------
    names : RegisterNames
    preset : Preset
        What the chip must have been built with.
    """

    names: RegisterNames
    preset: Preset

    def identify(self) -> Talk[None]:
        """Check that this is the chip, and of the preset; raise `DriverError` if not."""
        value = yield from self._read("ID")
        if value != CHIP_ID:
            raise DriverError(f"register ID reads {value:08X}, must be {CHIP_ID:08X}: this is not the chip")
        sizes = self.names.unpack("CONFIG", (yield from self._read("CONFIG")))
        preset = self.preset
        wanted = {"cores": preset.cores, "lines": preset.lines, "pes": preset.pes, "rows": preset.rows}
        for name, size in wanted.items():
            if sizes[name] != size:
                raise DriverError(
                    f"register CONFIG.{name} is {sizes[name]}, preset {preset.name} has {size}; "
                    "build the chip with the preset that the layers are compiled for"
                )

    def configure(self, patience: int | None, watchdog: int | None) -> Talk[None]:
        """Set what is not None, in cycles."""
        for register, value in (("PATIENCE", patience), ("WATCHDOG", watchdog)):
            if value is not None:
                yield from self._write(register, self.names.pack(register, cycles=value))

    def start(self, line: int) -> Talk[None]:
        """Start with the descriptor at `line`; raise `DriverError` if the chip is busy."""
        if (yield from self.status()).busy:
            raise DriverError("the chip is busy: wait for its interrupt, or abort it")
        ones = {"done": 1, "error": 1, "busy_write": 1}
        yield from self._write("IRQ_STATUS", self.names.pack("IRQ_STATUS", **ones))
        yield from self._write("IRQ_ENABLE", self.names.pack("IRQ_ENABLE", done=1, error=1))
        yield from self._write("DESCRIPTOR", self.names.pack("DESCRIPTOR", line=line))
        yield from self._write("CONTROL", self.names.pack("CONTROL", start=1))

    def abort(self) -> Talk[None]:
        """Ask the chip to give up."""
        yield from self._write("CONTROL", self.names.pack("CONTROL", abort=1))

    def status(self) -> Talk[Status]:
        """Read the state."""
        flags = self.names.unpack("STATUS", (yield from self._read("STATUS")))
        return Status(
            bool(flags["busy"]),
            bool(flags["done"]),
            bool(flags["error"]),
            bool(flags["busy_write"]),
            Cause(flags["cause"]),
            (yield from self._read("DESCRIPTORS_DONE")),
            (yield from self._read("ERROR_JOB")),
            (yield from self._read("ERROR_DESCRIPTOR")),
        )

    def counters(self, core: int, names: Sequence[str]) -> Talk[dict[str, int]]:
        """Read the counters of a core, or with `CHIP_COUNTER_CORE` of the chip, by name."""
        values = {}
        for index, name in enumerate(names):
            select = self.names.pack("COUNTER_SELECT", core=core, index=index)
            yield from self._write("COUNTER_SELECT", select)
            low = yield from self._read("COUNTER_LOW")
            values[name] = low | (yield from self._read("COUNTER_HIGH")) << 32
        return values

    def outcome(self) -> Talk[Outcome]:
        """Read the state, and the counters of the chip and of every core."""
        status = yield from self.status()
        chip = yield from self.counters(CHIP_COUNTER_CORE, CHIP_COUNTERS)
        cores = []
        for core in range(self.preset.cores):
            cores.append((yield from self.counters(core, CORE_COUNTERS)))
        return Outcome(status, chip, tuple(cores))

    def finish(self, layers: Sequence[CompiledLayer], timeout: int) -> Talk[Outcome]:
        """Wait for the end, and read what came of it; raise as `run` does."""
        came = yield Wait(timeout)
        outcome = yield from self.outcome()
        status = outcome.status
        if status.error:
            name = layer_at(layers, status.error_descriptor)
            raise ChipError(status.cause, status.error_job, status.error_descriptor, name)
        if not came or not status.done:
            raise DriverError(
                f"the chip gave no answer within {timeout} cycles ({status.descriptors_done} descriptors "
                f"done, busy {int(status.busy)}): allow more cycles, or set WATCHDOG below them to learn more"
            )
        return outcome

    def run(self, memory: U8, layers: Sequence[CompiledLayer], timeout: int) -> Talk[Outcome]:
        """Run a chain of layers.

        Parameters
        ----------
        memory : uint8 [n]
            What the chip will find from address 0; it is checked first.
        layers : sequence of CompiledLayer
            Linked, in the order of the chain.
        timeout : int
            Cycles to wait.

        Raises
        ------
        golden.chip.validate.ValidationError
            If the chip would refuse a descriptor or job.
        ChipError
            If the chip gave up.
        DriverError
            If it is busy or gives no answer.
        """
        line = layers[0].descriptors[0].line
        check_chain(memory, line, self.preset.columns, self.preset.psum_rows)
        yield from self.start(line)
        return (yield from self.finish(layers, timeout))

    def _read(self, register: str) -> Talk[int]:
        value: int = yield Read(self.names.offsets[register])
        return value

    def _write(self, register: str, value: int) -> Talk[None]:
        yield Write(self.names.offsets[register], value)


def layer_at(layers: Sequence[CompiledLayer], line: int) -> str:
    """Name the layer whose descriptor lies at a line."""
    for layer in layers:
        if any(one.line == line for one in layer.descriptors):
            return layer.name
    return "of no compiled layer"


class ChipDriver:
    """The driver over a bus of plain functions."""

    def __init__(self, bus: RegisterBus, names: RegisterNames, preset: Preset) -> None:
        self._bus = bus
        self.says = Conversation(names, preset)

    def talk(self, talk: Talk[Result]) -> Result:
        """Hold a conversation to its end."""
        answer: object = None
        while True:
            try:
                request = talk.send(answer)
            except StopIteration as end:
                result: Result = end.value
                return result
            match request:
                case Read(address):
                    answer = self._bus.read32(address)
                case Write(address, value):
                    self._bus.write32(address, value)
                    answer = None
                case Wait(cycles):
                    answer = self._bus.wait_interrupt(cycles)

    def run(self, memory: U8, layers: Sequence[CompiledLayer], timeout: int) -> Outcome:
        """Run a chain of layers: see `Conversation.run`."""
        return self.talk(self.says.run(memory, layers, timeout))


class AsyncChipDriver:
    """The driver over a bus of coroutines."""

    def __init__(self, bus: AsyncRegisterBus, names: RegisterNames, preset: Preset) -> None:
        self._bus = bus
        self.says = Conversation(names, preset)

    async def talk(self, talk: Talk[Result]) -> Result:
        """Hold a conversation to its end."""
        answer: object = None
        while True:
            try:
                request = talk.send(answer)
            except StopIteration as end:
                result: Result = end.value
                return result
            match request:
                case Read(address):
                    answer = await self._bus.read32(address)
                case Write(address, value):
                    await self._bus.write32(address, value)
                    answer = None
                case Wait(cycles):
                    answer = await self._bus.wait_interrupt(cycles)

    async def run(self, memory: U8, layers: Sequence[CompiledLayer], timeout: int) -> Outcome:
        """Run a chain of layers: see `Conversation.run`."""
        return await self.talk(self.says.run(memory, layers, timeout))
