r"""Verilator's coverage files: what a model counted, point by point.

A file is plain text, a header line and then one point a line::

    C '\x01key\x02value\x01key\x02value...' count

with the keys ``f`` (file), ``l`` (line), ``n`` (column), ``t`` (type), ``page`` (``v_<type>/<module>``),
``o`` (what the point is: ``block``, ``if``, ``else``, a cover's label, ``signal[3]:0->1``), ``S`` (lines that
it stands for, of lines and branches) and ``h`` (hierarchy). Counts of the same point are added: over files,
instances and differently parametrised copies (``core__W8``) of a module.

Verilator counts no assertions, so each assertion ``a_name`` has a companion ``c_name: cover property`` of
its antecedent, and that is what counts: an assertion whose antecedent never held checked nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

HEADER = "# SystemC::Coverage-3"
RECORD = re.compile(r"C '((?:\x01[^\x01\x02]+\x02[^\x01\x02]*)+)'")
KEYS = ("f", "l", "n", "t", "page", "o")
COMPANION_PREFIX = "c_"


class CoverageError(ValueError):
    """A coverage file is missing, empty or damaged, or does not belong to the same model."""


class Kind(StrEnum):
    """What a point counts."""

    LINE = "line"
    """Blocks of statements."""
    BRANCH = "branch"
    """Ways of ``if``, ``case`` and ``?:``."""
    EXPRESSION = "expression"
    """Combinations of a condition's terms that decide it."""
    TOGGLE = "toggle"
    """Changes of a bit, each way."""
    ASSERTION = "assertion"
    """Triggers of assertions."""
    USER = "user"
    """Covers of the checkers."""


TYPES = {"line": Kind.LINE, "branch": Kind.BRANCH, "expr": Kind.EXPRESSION, "toggle": Kind.TOGGLE}
"""Verilator's types of points, but ``user``."""
OF_THE_DESIGN = frozenset(TYPES.values())
"""Kinds that count in the design's own files alone; what checkers cover counts in any."""


@dataclass(frozen=True, order=True)
class Point:
    """One place in the source that is counted, whatever instance or parametrisation it was counted in.

    Attributes
    ----------
    file : str
        Relative to the repository's root.
    kind : Kind
    name : str
        What Verilator calls the point in its line.
    lines : str
        Lines that it stands for, such as ``"7-9,12"``; empty if it tells of none.
    """

    module: str
    file: str
    line: int
    column: int
    kind: Kind
    name: str
    lines: str = ""

    @property
    def counts(self) -> bool:
        """Whether the point enters totals: what is no cover must be of the design, not of a bench."""
        return self.kind not in OF_THE_DESIGN or "rtl" in PurePosixPath(self.file).parts[:-1]

    def source_lines(self) -> Iterator[int]:
        """Name the source lines that the point stands for, its own if Verilator tells of none."""
        if not self.lines:
            yield self.line
        for part in filter(None, self.lines.split(",")):
            first, _, last = part.partition("-")
            yield from range(int(first), int(last or first) + 1)


class Reader:
    """Reads coverage files below one root; what it has parsed of one it knows in the next.

    Parameters
    ----------
    root : Path
        Paths below it are made relative to it.
    kinds : collection of Kind
        Kinds of points that a file may hold.
    """

    def __init__(self, root: Path, kinds: Collection[Kind] = tuple(Kind)) -> None:
        self._kinds = kinds
        self._root = PurePosixPath(root.resolve().as_posix())
        self._known: dict[str, Point] = {}

    def read(self, path: Path) -> dict[Point, int]:
        """Return the counts of a file, with paths below the root made relative to it.

        Raises
        ------
        CoverageError
            If the file is missing, empty, cut short or otherwise damaged, or holds an unknown type.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise CoverageError(
                f"{path}: missing; the simulation ended before it wrote its coverage"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise CoverageError(f"{path}: cannot be read: {error}") from None
        if not text.strip():
            raise CoverageError(f"{path}: empty; the simulation was killed while it wrote its coverage")
        lines = text.split("\n")
        if lines[0] != HEADER:
            raise CoverageError(
                f"{path}:1: not a coverage file (begins with {lines[0][:40]!r}, not {HEADER!r})"
            )
        if lines.pop() != "":
            raise CoverageError(f"{path}:{len(lines) + 1}: cut short; run the replay again")
        if len(lines) == 1:
            raise CoverageError(f"{path}: holds no coverage point; was the model built with coverage?")
        counts: dict[Point, int] = {}
        for number, line in enumerate(lines[1:], start=2):
            record, _, count = line.rpartition(" ")
            point = self._known.get(record)
            if point is None:
                point = self._known[record] = self._parse(record, f"{path}:{number}")
            if not count.isdecimal():
                raise CoverageError(f"{path}:{number}: damaged record {line[:60]!r}; run the replay again")
            counts[point] = counts.get(point, 0) + int(count)
        return counts

    def _parse(self, record: str, where: str) -> Point:
        match = RECORD.fullmatch(record)
        if match is None:
            raise CoverageError(f"{where}: damaged record {record[:60]!r}; run the replay again")
        values = dict(pair.split("\x02", 1) for pair in match[1].split("\x01")[1:])
        for key in KEYS:
            if not values.get(key):
                raise CoverageError(f"{where}: record without key '{key}'")
        if not values["l"].isdecimal() or not values["n"].isdecimal():
            raise CoverageError(f"{where}: line or column is not a number")
        file = PurePosixPath(values["f"])
        return Point(
            module=values["page"].rpartition("/")[2].partition("__")[0],
            file=str(file.relative_to(self._root) if file.is_relative_to(self._root) else file),
            line=int(values["l"]),
            column=int(values["n"]),
            kind=self._kind(values["t"], values["o"], where),
            name=values["o"],
            lines=values.get("S", ""),
        )

    def _kind(self, point_type: str, name: str, where: str) -> Kind:
        if point_type == "user":
            return Kind.ASSERTION if name.startswith(COMPANION_PREFIX) else Kind.USER
        kind = TYPES.get(point_type)
        if kind is None or kind not in self._kinds:
            raise CoverageError(f"{where}: coverage of type '{point_type}' is not reported; build without it")
        return kind
