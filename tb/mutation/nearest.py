"""Which tests look at a mutant: those that, in the last coverage run, hit the line that it changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tb.coverage.build import SUITES
from tb.coverage.design import design_digest
from tb.coverage.points import OF_THE_DESIGN
from tb.coverage.run import PLAN, Collected, CoverageRunError, load
from tb.coverage.worker import Plan
from tb.mutation.mutant import Mutant
from tb.toolchain import BUILD_ROOT

SUITE = next(iter(SUITES))
FOLDER = BUILD_ROOT / "coverage" / SUITE


@dataclass
class Nearness:
    """Tests by the source lines of the design that they hit.

    Attributes
    ----------
    by_line : dict
        Tests that hit a point of a line (file below the repository's root, line).
    by_file : dict
        Tests that hit any point of a file.
    breadth : dict
        Points that a test hits in all: one that hits few looks closely.
    seconds : dict
        What a test took on a model that counts, its build included if it was the first to ask for it. No
        order depends on it.
    """

    by_line: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    by_file: dict[str, set[str]] = field(default_factory=dict)
    breadth: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Digest of all that tells which tests a mutant meets; of no time."""
        number = {test: at for at, test in enumerate(sorted(self.breadth))}
        known = hashlib.sha256(repr(sorted(self.breadth.items())).encode())
        places = [*self.by_line.items(), *self.by_file.items()]
        for place, tests in sorted(places, key=lambda one: repr(one[0])):
            known.update(repr((place, sorted(number[test] for test in tests))).encode())
        return known.hexdigest()

    def distance(self, mutant: Mutant) -> int:
        """Points that the closest test of a mutant hits in all; there must be one."""
        return min(self.breadth[test] for test in self.tests(mutant))

    def tests(self, mutant: Mutant) -> list[str]:
        """Tests that hit the mutant's line, or its file where the line has no point; the closest first."""
        file = f"rtl/{mutant.file}"
        last = mutant.line + mutant.right.count("\n")
        found: set[str] = set()
        counted = False
        for line in range(mutant.line, last + 1):
            if (file, line) in self.by_line:
                counted = True
                found |= self.by_line[file, line]
        if not counted:
            found = self.by_file.get(file, set())
        return sorted(found, key=lambda test: (self.breadth[test], test))


def nearness(collected: Collected) -> Nearness:
    """Turn the points that each test hit around."""
    by_line: dict[tuple[str, int], set[str]] = {}
    by_file: dict[str, set[str]] = {}
    for point in collected.points:
        if point.kind in OF_THE_DESIGN:
            for line in point.source_lines():
                by_line.setdefault((point.file, line), set())
    for test, points in collected.by_test.items():
        for point in points:
            if point.kind in OF_THE_DESIGN:
                by_file.setdefault(point.file, set()).add(test)
                for line in point.source_lines():
                    by_line[point.file, line].add(test)
    breadth = {test: len(points) for test, points in collected.by_test.items()}
    seconds = {one.test: one.seconds for one in collected.tests}
    return Nearness(by_line, by_file, breadth, seconds)


def last(folder: Path = FOLDER) -> Nearness | None:
    """Nearness by the last coverage run; None if there has been none on the design as it is."""
    try:
        if Plan.load(folder / PLAN).design != design_digest():
            return None
        return nearness(load(folder))
    except (CoverageRunError, OSError, ValueError, TypeError):
        return None
