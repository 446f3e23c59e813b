"""Bits that did not change, by signal: ``addr_i[31:20]`` says it once, not forty times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tb.coverage.points import Point

NAME = re.compile(r"(?P<signal>.*?)(?P<indices>(?:\[-?\d+\])*):(?P<way>0->1|1->0)")
INDEX = re.compile(r"-?\d+")
ARROWS = {"0->1": "0→1", "1->0": "1→0"}
BOTH = "both ways"

Part = tuple[str, ...]


@dataclass(frozen=True)
class Signal:
    """Bits of one signal that are alike: their name, the ways that they did not change, the points."""

    name: str
    ways: str
    points: list[Point]


def signals(points: Iterable[Point]) -> list[Signal]:
    """Group toggle points by where they are declared, signal and way; a name of another form stays alone."""
    groups: dict[tuple[str, int, int, str, tuple[int, ...]], dict[str, Point]] = {}
    alone = []
    for point in points:
        match = NAME.fullmatch(point.name)
        if match is None:
            alone.append(Signal(point.name, "", [point]))
            continue
        indices = tuple(int(index) for index in INDEX.findall(match["indices"]))
        key = (point.file, point.line, point.column, match["signal"], indices)
        groups.setdefault(key, {})[ARROWS[match["way"]]] = point
    alike: dict[tuple[str, int, int, str, str, int], dict[tuple[int, ...], list[Point]]] = {}
    for (file, line, column, signal, indices), ways in groups.items():
        way = BOTH if len(ways) == len(ARROWS) else next(iter(ways))
        at = (file, line, column, signal, way, len(indices))
        alike.setdefault(at, {})[indices] = list(ways.values())
    found = []
    for (_, _, _, signal, way, _), bits in sorted(alike.items()):
        for text, members in ranges(list(bits)):
            found.append(Signal(signal + text, way, [point for bit in members for point in bits[bit]]))
    return found + alone


def ranges(bits: Sequence[tuple[int, ...]]) -> list[tuple[str, list[tuple[int, ...]]]]:
    """Write index tuples of one length as few index ranges, each with its members.

    >>> [text for text, _ in ranges([(0, 1), (0, 0), (1, 1), (1, 0), (3, 7)])]
    ['[3][7]', '[1:0][1:0]']
    """
    groups: dict[tuple[tuple[int, ...], str], list[tuple[int, ...]]] = {(bit, ""): [bit] for bit in bits}
    for _ in range(len(bits[0]) if bits else 0):
        rows: dict[tuple[tuple[int, ...], str], dict[int, list[tuple[int, ...]]]] = {}
        for (indices, text), members in groups.items():
            rows.setdefault((indices[:-1], text), {})[indices[-1]] = members
        groups = {
            (indices, f"[{_runs(list(row))}]{text}"): [bit for index in sorted(row) for bit in row[index]]
            for (indices, text), row in rows.items()
        }
    return sorted(((text, members) for (_, text), members in groups.items()), key=lambda one: _order(one[0]))


def _order(text: str) -> tuple[list[int], str]:
    return [-int(index) for index in INDEX.findall(text)], text


def _runs(numbers: list[int]) -> str:
    """Write numbers as SystemVerilog does ranges, the highest first: ``31:20,7``."""
    runs: list[list[int]] = []
    for number in sorted(numbers, reverse=True):
        if runs and runs[-1][-1] == number + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}:{run[-1]}" for run in runs)
