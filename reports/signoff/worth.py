"""What each test is worth: what it covered, what nothing else covers, and the time it takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from reports.signoff.measured import PASSED
from tb.coverage.points import Point
from tb.coverage.run import Collected, TestOutcome
from tb.plan.testplan import node_of

T = TypeVar("T")


@dataclass
class Worth:
    """A test with all of its cases.

    Attributes
    ----------
    cases : list of TestOutcome
        The slowest first.
    hits : int
        Points and bins that any of its cases hit.
    only : list of Point
        Points that no other test hit, sorted.
    only_bins : list of str
        Bins that no other test met, sorted.
    """

    test: str
    cases: list[TestOutcome] = field(default_factory=list)
    hits: int = 0
    only: list[Point] = field(default_factory=list)
    only_bins: list[str] = field(default_factory=list)

    @property
    def passed(self) -> int:
        """Cases that passed."""
        return sum(one.outcome == PASSED for one in self.cases)

    @property
    def failed(self) -> list[TestOutcome]:
        """Cases that did not, sorted by name: which of them are shown does not hang on their times."""
        return sorted((one for one in self.cases if one.outcome != PASSED), key=lambda one: one.test)

    @property
    def seconds(self) -> float:
        """Seconds of all cases."""
        return sum(one.seconds for one in self.cases)

    @property
    def alone(self) -> int:
        """Points and bins that only it covers."""
        return len(self.only) + len(self.only_bins)


def worths(collected: Collected) -> list[Worth]:
    """Return the worth of each test, the slowest first; points of kinds that are kept for each test count."""
    found: dict[str, Worth] = {}
    for one in collected.tests:
        test = node_of(one.test)
        found.setdefault(test, Worth(test)).cases.append(one)
    points = _by_test(collected.by_test.items())
    bins = _by_test(collected.bins.items())
    for test, worth in found.items():
        worth.hits = len(points.get(test, ())) + len(bins.get(test, ()))
        worth.cases.sort(key=lambda one: (-one.seconds, one.test))
    for point, test in _alone(points):
        found[test].only.append(point)
    for name, test in _alone(bins):
        found[test].only_bins.append(name)
    for worth in found.values():
        worth.only.sort()
        worth.only_bins.sort()
    return sorted(found.values(), key=lambda worth: (-worth.seconds, worth.test))


def _by_test(by_case: Iterable[tuple[str, list[T]]]) -> dict[str, set[T]]:
    found: dict[str, set[T]] = {}
    for case, items in by_case:
        found.setdefault(node_of(case), set()).update(items)
    return found


def _alone(by_test: dict[str, set[T]]) -> list[tuple[T, str]]:
    """List what just one test has, with the test."""
    owners: dict[T, str | None] = {}
    for test, items in by_test.items():
        for item in items:
            owners[item] = None if item in owners else test
    return [(item, test) for item, test in owners.items() if test is not None]
