"""The memory model behind the chip: what it holds, and how it behaves."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

BEAT_BYTES = 64


class Order(IntEnum):
    """In which order bursts are read; those of one identifier always stay in order."""

    AS_ASKED = 0
    ANY = 1
    INTERLEAVED = 2
    """Any, and beats of different bursts mixed."""


class Response(IntEnum):
    """What the memory answers in `MemoryOptions.errors`."""

    SLVERR = 2
    DECERR = 3


@dataclass(frozen=True)
class MemoryErrors:
    """Bytes that are answered with an error: from `first` up to, not including, `end`."""

    first: int
    end: int
    response: Response = Response.SLVERR
    reads: bool = True
    writes: bool = True


@dataclass(frozen=True)
class MemoryOptions:
    """Speed and manners of the memory.

    Attributes
    ----------
    latency : int
        Cycles from a burst's request to its first beat, and from its last written beat to the answer.
    latency_random : int
        Up to so many more, drawn for each burst.
    bytes_per_cycle : int
        Bytes moved in a cycle, reads and writes together; a beat read counts 64, one written its strobes.
        0: a beat of each in every cycle.
    order : Order
        Order of read bursts.
    stall_permille : int
        Chance that a channel stalls in a cycle, in thousandths.
    errors : MemoryErrors or None
        Bytes answered with an error. What lies beyond the array is answered with DECERR anyway.
    """

    latency: int = 20
    latency_random: int = 0
    bytes_per_cycle: int = 64
    order: Order = Order.AS_ASKED
    stall_permille: int = 0
    errors: MemoryErrors | None = None
    seed: int = 1


@dataclass(frozen=True)
class MemoryTraffic:
    """What was counted at the memory's pins."""

    read_beats: int
    write_beats: int
    write_bytes: int
    read_bursts: int
    write_bursts: int

    def __sub__(self, earlier: MemoryTraffic) -> MemoryTraffic:
        """What was counted since `earlier`."""
        return MemoryTraffic(**{name: getattr(self, name) - getattr(earlier, name) for name in _COUNTS})

    @property
    def read_bytes(self) -> int:
        """Bytes read: whole beats."""
        return self.read_beats * BEAT_BYTES


_SETTINGS = (
    "latency",
    "latency_random",
    "bytes_per_cycle",
    "order",
    "stall_permille",
    "error_first",
    "error_end",
    "error_response",
    "error_reads",
    "error_writes",
    "seed",
)
_COUNTS = ("read_beats", "write_beats", "write_bytes", "read_bursts", "write_bursts")


class _MemoryStruct(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("first", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        *((name, ctypes.c_int64) for name in _SETTINGS + _COUNTS),
        ("written", ctypes.c_void_p),
        ("progress", ctypes.c_uint64),
    )


class MemoryModel:
    """The memory of the harness in `library`, which holds ``axi_memory.cpp``."""

    def __init__(self, library: ctypes.CDLL) -> None:
        library.axi_memory_state.restype = ctypes.POINTER(_MemoryStruct)
        self._struct = library.axi_memory_state().contents
        self.contents: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._written: npt.NDArray[np.uint64] | None = None

    def load(self, contents: npt.NDArray[np.uint8], first_line: int = 0) -> None:
        """Let the chip work on this very array, from a line on; it sees and makes every change in place.

        Raises
        ------
        ValueError
            If it is no contiguous array of bytes that may be written.
        """
        if contents.dtype != np.uint8 or not contents.flags.c_contiguous or not contents.flags.writeable:
            raise ValueError("the memory must be a contiguous, writeable array of uint8")
        self.contents = contents
        self._struct.data = contents.ctypes.data
        self._struct.first, self._struct.bytes = first_line * BEAT_BYTES, contents.size
        self._struct.written = None

    def note_writes(self) -> npt.NDArray[np.uint64]:
        """Return an array that will hold the tick at which each beat's place was last written, 0 if never.

        Only the bare loop counts ticks. It holds until the next `load`.
        """
        self._written = np.zeros(-(-self.contents.size // BEAT_BYTES), np.uint64)
        self._struct.written = self._written.ctypes.data
        return self._written

    @property
    def progress(self) -> int:
        """Tick of the last handshake on one of its channels."""
        return int(self._struct.progress)

    def set_up(self, options: MemoryOptions) -> None:
        """Set speed and manners."""
        errors = options.errors or MemoryErrors(0, 0)
        values = {
            "latency": options.latency,
            "latency_random": options.latency_random,
            "bytes_per_cycle": options.bytes_per_cycle,
            "order": int(options.order),
            "stall_permille": options.stall_permille,
            "error_first": errors.first,
            "error_end": errors.end,
            "error_response": int(errors.response),
            "error_reads": int(errors.reads),
            "error_writes": int(errors.writes),
            "seed": options.seed,
        }
        for name, value in values.items():
            setattr(self._struct, name, value)

    def traffic(self) -> MemoryTraffic:
        """Return what has been counted since the simulation began."""
        return MemoryTraffic(**{name: int(getattr(self._struct, name)) for name in _COUNTS})
