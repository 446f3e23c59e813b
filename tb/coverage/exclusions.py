"""Points that need not be hit: `exclusions.toml` as data, and what is wrong with it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tb.coverage.points import Kind, Point
from tb.toml_tables import read_tables, refuse_others, shown_name, texts_of
from tb.toolchain import REPO_ROOT

FILE = Path(__file__).with_name("exclusions.toml")
BINS = "bins"
"""The kind of a bin's name, beside those of `Kind`."""
KINDS = (*(str(kind) for kind in Kind), BINS)
TEXTS = ("kind", "file", "name", "reason", "owner")
OPTIONAL = ("text",)
NAMED_ALIKE = (Kind.LINE, Kind.BRANCH)
"""Kinds whose points all have one of a few names (block, case, if, else): without a text, any of a file."""
DATE = "expires"
MOST = 0.03
"""Share of a kind's points that exclusions may take."""


class ExclusionError(ValueError):
    """The file of exclusions is not what it must be."""


@dataclass(frozen=True)
class Exclusion:
    """Points that need not be hit; the head of the file says what the fields are."""

    kind: str
    file: str
    name: str
    text: str
    reason: str
    owner: str
    expires: datetime.date

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return f"{self.kind} of {self.file}, '{self.name}'"

    def covers(self, point: Point, line: str) -> bool:
        """Whether it excludes a point that stands in a source line."""
        return (
            point.kind == self.kind
            and _pattern(self.file).fullmatch(point.file) is not None
            and _pattern(self.name).fullmatch(point.name) is not None
            and self.text in line
        )


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")))


def load(path: Path = FILE) -> list[Exclusion]:
    """Read exclusions.

    Raises
    ------
    ExclusionError
        With the file, the entry, the field, and what to do about it.
    """
    return [
        _exclusion(f"{shown_name(path)}: exclusion {number}", table)
        for number, table in enumerate(read_tables(path, ["exclusion"], ExclusionError)["exclusion"], 1)
    ]


def _exclusion(where: str, table: Mapping[str, Any]) -> Exclusion:
    refuse_others(where, table, (*TEXTS, *OPTIONAL, DATE), ExclusionError)
    texts = texts_of(where, table, TEXTS, ExclusionError)
    if texts["kind"] not in KINDS:
        raise ExclusionError(f"{where}, kind: '{texts['kind']}' is none; use one of {', '.join(KINDS)}")
    if type(table.get(DATE)) is not datetime.date:  # a time of day is one too
        raise ExclusionError(f"{where}, {DATE}: is no date; write it as 2030-12-31, without quotes")
    text = table.get("text", "")
    if not isinstance(text, str):
        raise ExclusionError(f"{where}, text: is no text; put it in quotes")
    if not text.strip() and texts["kind"] in NAMED_ALIKE:
        raise ExclusionError(
            f"{where}, text: is missing, and a {texts['kind']} is known by its source line alone; "
            "copy what tells that line from others"
        )
    return Exclusion(text=text, expires=table[DATE], **texts)


class Sources:
    """Lines of source files below a root, read once."""

    def __init__(self, root: Path = REPO_ROOT) -> None:
        self._root = root
        self._lines: dict[str, list[str]] = {}

    def lines(self, file: str) -> list[str]:
        """Lines of a file; none if there is no such file (a generated one of another build)."""
        if file not in self._lines:
            path = self._root / file
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            self._lines[file] = text.splitlines()
        return self._lines[file]

    def line(self, point: Point) -> str:
        """The source line of a point, empty if there is none."""
        lines = self.lines(point.file)
        return lines[point.line - 1] if 0 < point.line <= len(lines) else ""


def apply(
    exclusions: Sequence[Exclusion],
    points: Iterable[Point],
    hit: set[Point],
    today: datetime.date,
    sources: Sources | None = None,
) -> tuple[dict[Point, Exclusion], list[str]]:
    """Find the points that exclusions excuse.

    Parameters
    ----------
    points : iterable of Point
        All points of the kinds that were counted; exclusions of other kinds are not looked at.
    hit : set of Point
        Those that tests hit: they need no excuse.

    Returns
    -------
    excused : dict
        Each point that was not hit and need not be, with the first exclusion that says so.
    problems : list of str
        A line for each exclusion that has expired or that no point needs, and for each kind of which too many
        points are excluded.
    """
    sources = sources or Sources()
    by_kind: dict[str, list[Point]] = {}
    for point in points:
        by_kind.setdefault(point.kind, []).append(point)
    excused: dict[Point, Exclusion] = {}
    problems: list[str] = []
    for one in exclusions:
        if one.kind not in by_kind:
            continue
        meant = [point for point in by_kind[one.kind] if one.covers(point, sources.line(point))]
        missed = [point for point in meant if point not in hit]
        for point in missed:
            excused.setdefault(point, one)
        problems += _problems(one, bool(meant), bool(missed), today)
    for kind, there in by_kind.items():
        taken = sum(point.kind == kind for point in excused)
        if taken > MOST * len(there):
            problems.append(
                f"exclusions take {taken} of {len(there)} points of kind {kind}, more than {MOST:.0%}; "
                f"hit some of them, or remove from the design what nothing can reach"
            )
    return excused, problems


def expired(exclusions: Iterable[Exclusion], today: datetime.date) -> list[str]:
    """Say of each exclusion whose date has passed what is to be done; needs no coverage run."""
    return [
        f"{_where(one)}, expires: was {one.expires}; {one.owner} must look at it again: {one.reason}"
        for one in exclusions
        if one.expires < today
    ]


def _where(one: Exclusion) -> str:
    return f"tb/coverage/exclusions.toml: {one.title}"


def _problems(one: Exclusion, meant: bool, missed: bool, today: datetime.date) -> Iterator[str]:
    where = _where(one)
    yield from expired([one], today)
    if not meant:
        yield f"{where}: there is no such point any more; remove the exclusion"
    elif not missed:
        yield f"{where}: tests hit all of it; remove the exclusion"
