"""Switching activity in SAIF 2.0: what the gates' nets did, for this estimate and for other tools."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tb.power.clock_gate import GATE, GATE_OUTPUT
from tb.power.flat import Flat
from tb.power.simulator import Toggles

PERIOD = 10
"""Length of a cycle in the file's unit (1 ns). Energies depend on changes, not on time."""
_LINE = re.compile(r"\((?P<name>\S+) \(T0 \d+\) \(T1 (?P<high>\d+)\) \(TX 0\) \(TC (?P<count>\d+)\)\)")
_INSTANCE = re.compile(r"\(INSTANCE (\S+)")
_ESCAPED = re.compile(r"([\[\]/.$])")


class SaifError(ValueError):
    """The file is no SAIF of this netlist, or is cut off."""


def named_nets(flat: Flat) -> Iterator[tuple[int, str, int]]:
    """Yield (scope, name, net) of every net: by the input of the design, cell or memory that drives it."""
    for port, nets in flat.inputs.items():
        for place, net in enumerate(nets.tolist()):
            yield 0, f"{port}[{place}]", net
    for kind, cells in flat.cells.items():
        outputs = (
            [GATE_OUTPUT]
            if kind == GATE
            else [p for p in cells.pins if flat.library.cells[kind].pins[p].output]
        )
        for pin in outputs:
            columns = (cells.scope.tolist(), cells.number.tolist(), cells.pins[pin].tolist())
            for scope, number, net in zip(*columns, strict=True):
                yield scope, f"{kind}_{number}.{pin}", net
    for number, memory in enumerate(flat.memories):
        for place, net in enumerate(memory.ports["read_data_o"].tolist()):
            yield memory.scope, f"memory_{number}.read_data_o[{place}]", net


def write_saif(path: Path, flat: Flat, activity: Toggles) -> None:
    """Write the activity of a run."""
    lines: list[list[str]] = [[] for _ in flat.scopes]
    duration = activity.cycles * PERIOD
    toggles, high = activity.toggles.tolist(), activity.high.tolist()
    clocks = set(flat.inputs.get("clk_i", np.zeros(0, np.int64)).tolist())
    for scope, name, net in named_nets(flat):
        one = duration // 2 if net in clocks else high[net] * PERIOD
        text = f"({_escape(name)} (T0 {duration - one}) (T1 {one}) (TX 0) (TC {toggles[net]}))"
        lines[scope].append(text)
    with path.open("w", encoding="ascii") as file:
        file.write('(SAIFILE\n(SAIFVERSION "2.0")\n(DIRECTION "backward")\n(DIVIDER / )\n(TIMESCALE 1 ns)\n')
        file.write(f"(DURATION {duration})\n")
        open_paths: list[str] = []
        for instance, nets in zip(flat.scopes, lines, strict=True):
            path_of = ["top", *instance.path]
            common = 0
            while common < min(len(path_of), len(open_paths)) and path_of[common] == open_paths[common]:
                common += 1
            file.write(")\n" * (len(open_paths) - common))
            for name in path_of[common:]:
                file.write(f"(INSTANCE {_escape(name)}\n")
            open_paths = path_of
            if nets:
                file.write("(NET\n" + "\n".join(nets) + "\n)\n")
        file.write(")\n" * len(open_paths) + ")\n")


def read_saif(path: Path, flat: Flat) -> Toggles:
    """Read the activity of a netlist's nets back.

    Raises
    ------
    SaifError
        If the file cannot be read, is cut off, or lacks nets of the netlist.
    """
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SaifError(f"{path}: cannot be read: {error}") from error
    if not text.startswith("(SAIFILE"):
        raise SaifError(f"{path}: no SAIF file: it does not begin with (SAIFILE")
    if text.count("(") != text.count(")") or not text.endswith(")\n"):
        raise SaifError(f"{path}: cut off: a parenthesis is not closed; measure again")
    found = re.search(r"\(DURATION (\d+)\)", text)
    if found is None or int(found[1]) % PERIOD:
        raise SaifError(f"{path}: DURATION is missing or no whole number of cycles")
    counts = dict(_counts(text))
    toggles, high = (np.zeros(flat.nets, np.int64) for _ in range(2))
    missing = 0
    for scope, name, net in named_nets(flat):
        one = counts.get(("/".join(("top", *flat.scopes[scope].path)), _escape(name)))
        if one is None:
            missing += 1
        else:
            toggles[net], high[net] = one[0], one[1] // PERIOD
    if missing:
        raise SaifError(f"{path}: {missing} nets of the netlist are not in it: it is of another netlist")
    return Toggles(int(found[1]) // PERIOD, toggles, high)


def _counts(text: str) -> Iterator[tuple[tuple[str, str], tuple[int, int]]]:
    scope: list[str] = []
    joined, nets = "", False
    for line in text.splitlines():
        if match := _LINE.match(line):
            yield (joined, match["name"]), (int(match["count"]), int(match["high"]))
        elif match := _INSTANCE.match(line):
            scope.append(_ESCAPED.sub(r"\1", match[1]).replace("\\", ""))
            joined = "/".join(scope)
        elif line == "(NET":
            nets = True
        elif line == ")":
            if nets:
                nets = False
            elif scope:
                scope.pop()
                joined = "/".join(scope)


def _escape(name: str) -> str:
    return _ESCAPED.sub(r"\\\1", name)
