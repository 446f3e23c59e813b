"""Coverage of the tests in figures: by kind and by module, what was excluded and what was missed."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from tb.coverage.exclusions import Exclusion, apply
from tb.coverage.points import Point
from tb.coverage.run import Collected


@dataclass
class Share:
    """Points that were hit, that there are, and that were not hit and need not be."""

    hit: int = 0
    total: int = 0
    excluded: int = 0

    @property
    def share(self) -> float:
        """Share of the points that count which were hit; 1 if none counts."""
        counted = self.total - self.excluded
        return self.hit / counted if counted else 1.0


@dataclass
class Summary:
    """Figures of a coverage run.

    Attributes
    ----------
    kinds : dict
        By kind.
    modules : dict
        By module, then kind.
    missed : list of Point
        Neither hit nor excused, sorted.
    excused : dict
        Points that need not be hit, with the exclusion that says so.
    problems : list of str
        What is wrong with the exclusions, and tests that failed.
    """

    kinds: dict[str, Share] = field(default_factory=dict)
    modules: dict[str, dict[str, Share]] = field(default_factory=dict)
    missed: list[Point] = field(default_factory=list)
    excused: dict[Point, Exclusion] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def summarise(collected: Collected, exclusions: Sequence[Exclusion], today: datetime.date) -> Summary:
    """Count what was hit, excused and missed."""
    summary = Summary()
    summary.excused, summary.problems = apply(exclusions, collected.points, collected.hit, today)
    for point in collected.points:
        hit, excused = point in collected.hit, point in summary.excused
        module = summary.modules.setdefault(point.module, {})
        for shares in (summary.kinds, module):
            share = shares.setdefault(str(point.kind), Share())
            share.total += 1
            share.hit += hit
            share.excluded += excused
        if not hit and not excused:
            summary.missed.append(point)
    summary.problems += [
        f"{one.test}: {one.outcome}; what it covered does not count"
        for one in collected.tests
        if one.outcome != "passed"
    ]
    return summary
