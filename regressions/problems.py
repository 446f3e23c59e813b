"""What can go wrong in a regression, and how it is told: one message with file, field and remedy."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from golden.chip.interpreter import InterpreterError
from golden.chip.memory_image import MemoryImageError
from golden.chip.output import CompileError
from golden.chip.wg_units import WgUnitError
from golden.memories import SramError
from golden.native import NativeError
from golden.presets import PresetError
from golden.program import ProgramError
from golden.schedule import ScheduleError
from regressions.operands import PolicyError
from regressions.option_error import OptionError
from regressions.traces import TraceError
from tb.chip.device import ChipHang
from tb.cocotb_simulation import SimulationError
from tb.core.replay import ReplayInputError
from tb.toolchain import ToolchainError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class WriteError(RuntimeError):
    """A file of a run cannot be written."""


KNOWN = (
    ChipHang,
    CompileError,
    InterpreterError,
    MemoryImageError,
    NativeError,
    OptionError,
    OSError,
    PolicyError,
    PresetError,
    ProgramError,
    ReplayInputError,
    ScheduleError,
    SimulationError,
    SramError,
    ToolchainError,
    TraceError,
    WgUnitError,
    WriteError,
)
"""Errors whose message says all that the user needs; any other is a defect of this project."""


def explain(error: BaseException) -> str:
    """Return the message of a problem, its cause in the first line; a defect comes with its traceback."""
    if isinstance(error, MemoryError):
        return "out of memory: run fewer replays at a time (--jobs)"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, KNOWN):
        return str(error) or type(error).__name__
    lines = "".join(traceback.format_exception(error))
    return f"defect of the regression itself: {type(error).__name__}: {error}\n{lines}"


@contextmanager
def writing(path: Path, option: str) -> Iterator[None]:
    """Turn an `OSError` into a `WriteError` that names `path` and the `option` that chooses another place."""
    try:
        yield
    except OSError as error:
        cause = error.strerror or str(error)
        act = "free space there" if error.errno in DISK_FULL else "check its permissions"
        raise WriteError(
            f"{path}: cannot be written: {cause}; {act}, or name another folder with {option}"
        ) from error
