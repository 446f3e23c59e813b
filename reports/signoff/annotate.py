"""Source files with what is known of each line: its state, the tests that hit it, what was missed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from reports.signoff.signals import signals
from tb.coverage.exclusions import Exclusion, Sources
from tb.coverage.points import Kind, Point
from tb.coverage.run import Collected
from tb.coverage.summary import Summary
from tb.coverage.worker import BY_TEST
from tb.plan.testplan import node_of

HIT, PARTLY, MISSED, EXCLUDED = "hit", "partly", "missed", "excluded"
STATES = {
    HIT: "all was hit",
    PARTLY: "some was hit, some not",
    MISSED: "nothing was hit",
    EXCLUDED: "need not be hit",
}

Groups = list[tuple[str, list[str]]]
"""Tests, each with the parameters of its cases (empty: it has none)."""


@dataclass(frozen=True)
class Line:
    """A source line.

    Attributes
    ----------
    tests : int or None
        Number, among the file's `sets`, of the cases that hit it; None if nothing of which that is known
        stands there.
    missing : int
        Points that were missed.
    notes : list of str
        What was missed, and what is excluded, of the points that begin there.
    """

    number: int
    text: str
    state: str
    tests: int | None
    missing: int
    notes: list[str]


@dataclass
class Annotated:
    """A source file.

    Attributes
    ----------
    lines : list of Line
    cases : list of str
        Cases that hit anything in it, those of a test together.
    sets : list of list of int
        Each set of cases that hits some line, once, as sorted numbers into `cases`.
    """

    file: str
    lines: list[Line] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    sets: list[list[int]] = field(default_factory=list)

    def packed(self) -> dict[str, object]:
        """Return what the page's script needs: tests with their cases' parameters, and the sets as ranges."""
        return {"tests": groups(self.cases), "sets": [_ranges(one) for one in self.sets]}


def files_of(points: Iterable[Point]) -> list[str]:
    """Name the files that points stand in."""
    return sorted({point.file for point in points})


def annotate(collected: Collected, summary: Summary, sources: Sources) -> list[Annotated]:
    """Annotate every file in which something is counted."""
    by_file: dict[str, list[Point]] = {}
    for point in collected.points:
        by_file.setdefault(point.file, []).append(point)
    hit_by: dict[Point, set[str]] = {}
    for case, points in collected.by_test.items():
        for point in points:
            hit_by.setdefault(point, set()).add(case)
    return [
        _file(file, by_file[file], collected.hit, summary.excused, hit_by, sources.lines(file))
        for file in sorted(by_file)
    ]


def _file(
    file: str,
    points: list[Point],
    hit: set[Point],
    excused: Mapping[Point, Exclusion],
    hit_by: Mapping[Point, set[str]],
    text: list[str],
) -> Annotated:
    at: dict[int, list[Point]] = {}
    for point in points:
        for number in {point.line, *point.source_lines()}:
            at.setdefault(number, []).append(point)
    cases = sorted({case for point in points for case in hit_by.get(point, ())}, key=by_test)
    numbers = {case: number for number, case in enumerate(cases)}
    sets: dict[tuple[int, ...], int] = {}

    @cache
    def tests_of(known: tuple[Point, ...]) -> int:
        key = tuple(sorted({numbers[case] for point in known for case in hit_by.get(point, ())}))
        return sets.setdefault(key, len(sets))

    lines = []
    for number in range(1, max(len(text), *at) + 1):
        here = at.get(number, [])
        source = text[number - 1] if number <= len(text) else ""
        known = tuple(point for point in here if point.kind in BY_TEST)
        tests = tests_of(known) if known else None
        missed = [point for point in here if point not in hit and point not in excused]
        notes = _notes([point for point in here if point.line == number], missed, excused)
        lines.append(Line(number, source, _state(here, hit, missed), tests, len(missed), notes))
    return Annotated(file, lines, cases, [list(key) for key in sets])


def _state(points: list[Point], hit: set[Point], missed: list[Point]) -> str:
    """Name the state of a line on which these points stand."""
    if not points:
        return ""
    any_hit = any(point in hit for point in points)
    if missed:
        return PARTLY if len(missed) < len(points) else MISSED
    return HIT if any_hit else EXCLUDED


def _notes(here: list[Point], missed: list[Point], excused: Mapping[Point, Exclusion]) -> list[str]:
    """Say what was missed and what is excluded among the points that begin on a line."""
    gone = set(missed)
    notes = [f"missed: {name}" for name in _names([point for point in here if point in gone])]
    by_exclusion: dict[Exclusion, list[Point]] = {}
    for point in here:
        if point in excused:
            by_exclusion.setdefault(excused[point], []).append(point)
    for exclusion, points in by_exclusion.items():
        why = f"{exclusion.reason} ({exclusion.owner}, until {exclusion.expires})"
        notes.append(f"excluded: {', '.join(_names(points))}: {why}")
    return notes


def _names(points: list[Point]) -> list[str]:
    """Name points of one line, with their kinds; toggles by signal."""
    names = [f"{point.kind} {point.name}" for point in points if point.kind is not Kind.TOGGLE]
    toggles = signals(point for point in points if point.kind is Kind.TOGGLE)
    return [*names, *(f"toggle {one.name} {one.ways}".rstrip() for one in toggles)]


def by_test(case: str) -> tuple[str, str]:
    """Key of cases that sorts those of a test together, before those of another whose name begins so."""
    return node_of(case), case


def groups(cases: Iterable[str]) -> Groups:
    """Group cases by test; they keep their order if those of a test stand together."""
    found: dict[str, list[str]] = {}
    for case in cases:
        test = node_of(case)
        found.setdefault(test, []).append(case.removeprefix(test))
    return list(found.items())


def _ranges(numbers: list[int]) -> str:
    """Write sorted numbers as ``0-5,9``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
