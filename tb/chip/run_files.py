"""A run of the chip in files: what a simulation under cocotb is given, and what it leaves."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.chip.driver import Status
from golden.chip.encoding import Cause
from tb.chip.device import ChipHang, ChipOutcome, Occupancy, RunOptions
from tb.chip.memory import MemoryErrors, MemoryOptions, MemoryTraffic, Order, Response

_MEMORY, _SETTINGS = "memory.npy", "run.json"
_OUTCOME, _OCCUPANCY, _HANG = "outcome.json", "occupancy.npz", "hang.txt"


def save_run(
    folder: Path, preset: str, memory: npt.NDArray[np.uint8], line: int, gated: bool, options: RunOptions
) -> None:
    """Write a run: the memory, the line of its first descriptor, and how it is done."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (_OUTCOME, _OCCUPANCY, _HANG):
        (folder / name).unlink(missing_ok=True)
    np.save(folder / _MEMORY, memory)
    settings = {"preset": preset, "line": line, "gated": gated, "options": asdict(options)}
    (folder / _SETTINGS).write_text(json.dumps(settings), encoding="utf-8")


def load_run(folder: Path) -> tuple[str, npt.NDArray[np.uint8], int, bool, RunOptions]:
    """Return preset, memory, line, whether cores are gated, and options.

    The memory is the file itself: what the chip writes is there when the array is flushed.
    """
    settings = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
    memory = np.load(folder / _MEMORY, mmap_mode="r+")
    return (
        settings["preset"],
        memory,
        settings["line"],
        settings["gated"],
        _options(settings["options"]),
    )


def save_outcome(folder: Path, outcome: ChipOutcome, simulated_s: float) -> None:
    """Write what a run came to, and how long the simulator took over it."""
    fields = {
        "status": asdict(outcome.status),
        "cycles": outcome.cycles,
        "chip": outcome.chip,
        "cores": outcome.cores,
        "traffic": asdict(outcome.traffic),
        "report": outcome.report,
        "simulated_s": simulated_s,
    }
    np.savez(folder / _OCCUPANCY, **asdict(outcome.occupancy))
    (folder / _OUTCOME).write_text(json.dumps(fields), encoding="utf-8")


def save_hang(folder: Path, hang: ChipHang) -> None:
    """Write why a run came to no end."""
    (folder / _HANG).write_text(str(hang), encoding="utf-8")


def load_outcome(folder: Path) -> tuple[ChipOutcome, npt.NDArray[np.uint8], float]:
    """Return the outcome, the memory after the run, and the simulator's seconds.

    Raises
    ------
    ChipHang
        If the run came to no end.
    """
    if (folder / _HANG).exists():
        raise ChipHang((folder / _HANG).read_text(encoding="utf-8"))
    fields = json.loads((folder / _OUTCOME).read_text(encoding="utf-8"))
    status = fields["status"]
    with np.load(folder / _OCCUPANCY) as arrays:
        occupancy = Occupancy(**{name: arrays[name] for name in arrays.files})
    outcome = ChipOutcome(
        Status(**{**status, "cause": Cause(status["cause"])}),
        fields["cycles"],
        fields["chip"],
        tuple(fields["cores"]),
        MemoryTraffic(**fields["traffic"]),
        occupancy,
        fields["report"],
    )
    return outcome, np.load(folder / _MEMORY), fields["simulated_s"]


def _options(fields: dict[str, Any]) -> RunOptions:
    memory = dict(fields["memory"])
    errors = memory["errors"]
    if errors is not None:
        errors = MemoryErrors(**{**errors, "response": Response(errors["response"])})
    memory |= {"order": Order(memory["order"]), "errors": errors}
    pairs = {name: tuple(fields[name]) for name in ("slow", "stopped") if fields[name] is not None}
    return RunOptions(**{**fields, "memory": MemoryOptions(**memory), **pairs})
