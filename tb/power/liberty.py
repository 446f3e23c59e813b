"""Reader of Liberty files: cells, their functions, capacitances, leakage, timing and energy tables.

Only what an estimate of power needs is kept: NLDM tables of output transition (slews) and of internal energy.
Statements of the format that are not used are read over; text that is not Liberty is refused with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_TOKEN = re.compile(
    r"""(?P<skip>[\s\\]+|/\*.*?\*/|//[^\n]*)
    |(?P<string>"[^"]*")
    |(?P<punctuation>[(){}:;,])
    |(?P<word>(?!/\*)[^\s(){}:;,"\\]+)""",
    re.DOTALL | re.VERBOSE,
)

PREFIXES = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0}


class LibertyError(ValueError):
    """The file is no Liberty library, or lacks what an estimate needs; the message names file and place."""


@dataclass
class Group:
    """A group of the file: ``kind (names) { attributes, groups }``."""

    kind: str
    names: list[str]
    line: int
    attributes: dict[str, list[str]] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    def all(self, kind: str) -> list[Group]:
        """Groups of a kind within this one."""
        return [group for group in self.groups if group.kind == kind]

    def text(self, name: str, default: str = "") -> str:
        """First value of an attribute."""
        values = self.attributes.get(name)
        return values[0] if values else default


def parse(text: str, name: str) -> Group:
    """Read the one ``library`` group of a text; raise `LibertyError` with the line of what is wrong."""
    tokens = list(_tokens(text, name))
    if not tokens:
        raise LibertyError(f"{name}: is empty: give a Liberty file (.lib)")
    group, rest = _statement(tokens, 0, name)
    if not isinstance(group, Group) or group.kind != "library":
        raise LibertyError(f"{name}: does not begin with a library group: give a Liberty file (.lib)")
    if rest != len(tokens):
        raise LibertyError(f"{name}, line {tokens[rest][1]}: text after the library's end")
    return group


def _tokens(text: str, name: str) -> Iterator[tuple[str, int]]:
    at, line = 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise LibertyError(f"{name}, line {line}: a string or comment has no end: is the file cut off?")
        if match.lastgroup != "skip":
            yield match.group(), line
        line += match.group().count("\n")
        at = match.end()


def _statement(
    tokens: list[tuple[str, int]], at: int, name: str
) -> tuple[Group | tuple[str, list[str]], int]:
    """Read one statement: a group, or an attribute with its values; and return where the next one begins."""

    def token(place: int) -> str:
        if place >= len(tokens):
            last = tokens[-1][1] if tokens else 1
            raise LibertyError(f"{name}, line {last}: the file ends within a group: is it cut off?")
        return tokens[place][0]

    word, line = token(at), tokens[at][1]
    values: list[str] = []
    if token(at + 1) == ":":
        at += 2
        while token(at) not in (";", "}") and (not values or tokens[at][1] == tokens[at - 1][1]):
            values.append(token(at))
            at += 1
        return (word, [" ".join(value.strip('"') for value in values)]), at + (token(at) == ";")
    if token(at + 1) != "(":
        raise LibertyError(f"{name}, line {line}: '{word}' is neither an attribute nor a group of Liberty")
    at += 2
    while token(at) != ")":
        if token(at) != ",":
            values.append(token(at).strip('"'))
        at += 1
    at += 1
    if at >= len(tokens) or token(at) != "{":
        return (word, values), at + (at < len(tokens) and token(at) == ";")
    group = Group(word, values, line)
    at += 1
    while token(at) != "}":
        if token(at) == ";":
            at += 1
            continue
        inner, at = _statement(tokens, at, name)
        if isinstance(inner, Group):
            group.groups.append(inner)
        else:
            group.attributes.setdefault(inner[0], inner[1])
    return group, at + 1


@dataclass(frozen=True)
class Table:
    """A table over load (F) and input transition (s), or over one of them; values in the library's units, SI.

    Attributes
    ----------
    variables : tuple of str
        ``load`` or ``slew``, for each axis.
    axes : tuple of tuple of float
        Ascending.
    values : tuple of float
        Row by row.
    """

    variables: tuple[str, ...]
    axes: tuple[tuple[float, ...], ...]
    values: tuple[float, ...]

    def at(self, load: float, slew: float) -> float:
        """Interpolate between the points; outside them the nearest segment goes on."""
        point = {"load": load, "slew": slew}
        return self._at([point[name] for name in self.variables], 0, 0)

    def _at(self, point: list[float], axis: int, offset: int) -> float:
        if axis == len(point):
            return self.values[offset]
        places = self.axes[axis]
        stride = 1
        for later in self.axes[axis + 1 :]:
            stride *= len(later)
        if len(places) == 1:
            return self._at(point, axis + 1, offset)
        low = 0
        while low < len(places) - 2 and point[axis] >= places[low + 1]:
            low += 1
        share = (point[axis] - places[low]) / (places[low + 1] - places[low])
        first = self._at(point, axis + 1, offset + low * stride)
        second = self._at(point, axis + 1, offset + (low + 1) * stride)
        return first + share * (second - first)


@dataclass(frozen=True)
class EdgeTables:
    """Tables of a rising and of a falling edge, by the input that causes it ('' where none is named)."""

    related: str
    rise: Table | None
    fall: Table | None


@dataclass(frozen=True)
class Pin:
    """A pin of a cell: capacitance in F, internal energy of its edges in J, transition of an output in s."""

    name: str
    output: bool
    clock: bool
    capacitance: float
    function: str
    energy: tuple[EdgeTables, ...]
    transition: tuple[EdgeTables, ...]


@dataclass(frozen=True)
class Cell:
    """A cell: pins by name, leakage in W, area, and what it holds (`Group` of ``ff`` or ``latch``)."""

    name: str
    pins: dict[str, Pin]
    leakage: float
    area: float
    state: Group | None


@dataclass(frozen=True)
class Library:
    """A Liberty library: cells by name, nominal voltage in V, temperature in °C."""

    name: str
    path: Path
    voltage: float
    temperature: float
    cells: dict[str, Cell]

    def cell(self, name: str) -> Cell:
        """Return a cell; raise `LibertyError` if the library has none of that name."""
        if name not in self.cells:
            raise LibertyError(f"{self.path}: library {self.name} has no cell {name}")
        return self.cells[name]


def read_library(path: Path) -> Library:
    """Read a Liberty file.

    Raises
    ------
    LibertyError
        If it cannot be read, is no Liberty file, or lacks units, voltage or cells.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise LibertyError(
            f"{path}: cannot be read ({error.strerror}): give a Liberty file with --liberty"
        ) from error
    group = parse(text, str(path))
    return _Reader(group, path).library()


class _Reader:
    def __init__(self, group: Group, path: Path) -> None:
        self._group = group
        self._path = path
        self._time = self._unit("time_unit", "s")
        volt = self._unit("voltage_unit", "V")
        self._leakage = self._unit("leakage_power_unit", "W")
        size, unit = (group.attributes.get("capacitive_load_unit") or ["", ""])[:2]
        try:
            self._capacitance = float(size) * PREFIXES[unit.lower().removesuffix("f")]
        except (ValueError, KeyError):
            raise LibertyError(f"{path}: capacitive_load_unit is missing or unknown") from None
        self._energy = self._capacitance * volt * volt
        self._templates = {
            one.names[0]: one for one in group.groups if one.kind.endswith("_template") and one.names
        }

    def library(self) -> Library:
        cells = {one.names[0]: self._cell(one) for one in self._group.all("cell")}
        if not cells:
            raise LibertyError(f"{self._path}: the library has no cells")
        return Library(
            self._group.names[0] if self._group.names else self._path.stem,
            self._path,
            self._number(self._group, "nom_voltage"),
            self._number(self._group, "nom_temperature"),
            cells,
        )

    def _unit(self, attribute: str, suffix: str) -> float:
        match = re.fullmatch(rf"([0-9.]+)([fpnum]?){suffix}", self._group.text(attribute))
        if match is None:
            raise LibertyError(f"{self._path}: {attribute} is missing or unknown")
        return float(match[1]) * PREFIXES[match[2]]

    def _number(self, group: Group, attribute: str, default: float | None = None) -> float:
        text = group.text(attribute)
        try:
            return float(text)
        except ValueError:
            if default is not None and not text:
                return default
            where = f"{group.kind} {' '.join(group.names)}, line {group.line}"
            raise LibertyError(f"{self._path}: {where}: {attribute} is missing or no number") from None

    def _cell(self, group: Group) -> Cell:
        pins = {name: self._pin(pin, name) for pin in group.all("pin") for name in pin.names}
        states = [one for one in group.groups if one.kind in ("ff", "latch")]
        leakage = self._number(group, "cell_leakage_power", 0.0) * self._leakage
        return Cell(
            group.names[0], pins, leakage, self._number(group, "area", 0.0), states[0] if states else None
        )

    def _pin(self, group: Group, name: str) -> Pin:
        energy = tuple(
            self._edges(one, "rise_power", "fall_power", self._energy) for one in group.all("internal_power")
        )
        transition = tuple(
            self._edges(one, "rise_transition", "fall_transition", self._time) for one in group.all("timing")
        )
        return Pin(
            name,
            group.text("direction") == "output",
            group.text("clock") == "true",
            self._number(group, "capacitance", 0.0) * self._capacitance,
            group.text("function"),
            energy,
            tuple(one for one in transition if one.rise or one.fall),
        )

    def _edges(self, group: Group, rise: str, fall: str, unit: float) -> EdgeTables:
        both = group.all("power") if rise.endswith("power") else []
        tables = [next(iter(group.all(kind) or both), None) for kind in (rise, fall)]
        found = [None if one is None else self._table(one, unit) for one in tables]
        return EdgeTables(group.text("related_pin"), found[0], found[1])

    def _table(self, group: Group, unit: float) -> Table:
        template = self._templates.get(group.names[0] if group.names else "")
        values = [float(one) * unit for one in _numbers(group.attributes.get("values", []))]
        variables, axes = [], []
        for number in (1, 2, 3):
            name = template.text(f"variable_{number}") if template else ""
            places = group.attributes.get(f"index_{number}") or (
                template.attributes.get(f"index_{number}") if template else None
            )
            if not name or not places:
                continue
            load = "capacitance" in name
            variables.append("load" if load else "slew")
            axes.append(
                tuple(float(one) * (self._capacitance if load else self._time) for one in _numbers(places))
            )
        size = 1
        for axis in axes:
            size *= len(axis)
        if size != len(values) or len(axes) > 2:
            raise LibertyError(
                f"{self._path}, line {group.line}: a table of {len(values)} values, its axes call for {size}"
            )
        return Table(tuple(variables), tuple(axes), tuple(values))


def _numbers(texts: list[str]) -> list[str]:
    return [word for text in texts for word in text.replace(",", " ").split()]
