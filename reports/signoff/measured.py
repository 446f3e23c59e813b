"""What a coverage run measured: its collections, merged, and what they were measured on."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from reports.gate.documents import DIRTY
from tb.coverage.design import code_digest, design_digest
from tb.coverage.run import PLAN, Collected, CoverageRunError, TestOutcome, load
from tb.coverage.worker import Plan
from tb.toolchain import BUILD_ROOT

T = TypeVar("T")

PASSED = "passed"
RECORD = "run.json"
AGAIN = "measure again (./run coverage, without --reuse)"


@dataclass(frozen=True)
class Record:
    """What one collection was measured on; kept beside it, so that it can be shown again.

    Attributes
    ----------
    git : str
        Commit, and ``dirty`` if there were changes beside it.
    started : str
        ISO 8601 with its zone.
    design : str
        `design_digest` of the sources.
    code : str
        `code_digest` of the tests and what they depend on.
    """

    seed: int
    git: str
    tools: dict[str, str]
    started: str
    wall_s: float
    design: str
    code: str


@dataclass(frozen=True)
class Measured:
    """A run of one or both suites.

    Attributes
    ----------
    suite : str
        ``quick`` or ``nightly``, as the document has it.
    record : Record
    collected : Collected
        Of all suites that ran, merged.
    tests : frozenset of str
        Node ids without parameters that ran.
    whole : bool
        Whether these are all tests that count.
    named : sequence of str
        What the user named them by, if they are not all.
    """

    suite: str
    record: Record
    collected: Collected
    tests: frozenset[str]
    whole: bool
    named: Sequence[str] = ()

    @property
    def rerun(self) -> str:
        """The command that measures it again."""
        nightly = " --nightly" if self.suite == "nightly" else ""
        some = "" if self.whole else f" --tests {shlex.join(self.named or sorted(self.tests))}"
        return f"./run coverage{nightly} --seed {self.record.seed}{some}"


def folder_of(suite: str, *, whole: bool = True) -> Path:
    """Return where the last collection of a suite lies; one of some tests does not replace one of all."""
    return BUILD_ROOT / "coverage" / (suite if whole else f"{suite}-part")


def keep(record: Record, folder: Path) -> None:
    """Write down what a collection was measured on."""
    (folder / RECORD).write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")


def forget(folder: Path) -> None:
    """Remove the record of a collection that is about to be replaced."""
    (folder / RECORD).unlink(missing_ok=True)


def reread(folder: Path) -> tuple[Record, Collected, frozenset[str]]:
    """Read the last collection of a suite, with its record and the tests that it was of.

    Raises
    ------
    CoverageRunError
        If there is none, or the design has changed since (its lines would not be those that were counted), or
        the tests or what they depend on (what they cover now would be shown as that of an older commit). The
        test plan and the exclusions may have changed.
    """
    try:
        record = Record(**json.loads((folder / RECORD).read_text(encoding="utf-8")))
        plan = Plan.load(folder / PLAN)
    except (OSError, ValueError, TypeError):
        raise CoverageRunError(f"{folder}: holds no finished coverage run; {AGAIN}") from None
    if record.design != design_digest():
        raise CoverageRunError(f"{folder}: the design has changed since this coverage run; {AGAIN}")
    if record.code != code_digest():
        raise CoverageRunError(
            f"{folder}: the tests or what they depend on (golden model, replays, conftest.py, tools) have "
            f"changed since this coverage run; {AGAIN}"
        )
    return record, load(folder), frozenset(plan.tests)


def merge_records(records: Sequence[Record]) -> Record:
    """Return the record of suites that ran one after the other on the same design with the same seed.

    If commits came between them, there is none that holds all that ran, so the first one's is called dirty.

    Raises
    ------
    CoverageRunError
        If they were measured on something different.
    """
    first = records[0]
    for name in ("seed", "tools", "design", "code"):
        if any(getattr(one, name) != getattr(first, name) for one in records):
            raise CoverageRunError(
                f"{name}: the suites of this coverage run differ in it, so they cannot be merged; {AGAIN}"
            )
    started = min(datetime.fromisoformat(one.started) for one in records)
    wall_s = sum(one.wall_s for one in records)
    alike = all(one.git == first.git for one in records)
    git = first.git if alike else f"{first.git.removesuffix(DIRTY)}{DIRTY}"
    return Record(first.seed, git, first.tools, started.isoformat(), wall_s, first.design, first.code)


def merge(parts: Sequence[Collected]) -> Collected:
    """Merge collections of the same tests on models that count different kinds.

    A test that failed in one of them failed; its seconds add up. What it covered where it passed counts.
    """
    merged = Collected()
    outcomes: dict[str, TestOutcome] = {}
    for part in parts:
        merged.hit |= part.hit
        for test, points in part.by_test.items():
            merged.by_test[test] = _united(merged.by_test.get(test, []), points)
        for test, names in part.bins.items():
            merged.bins[test] = _united(merged.bins.get(test, []), names)
        for one in part.tests:
            before = outcomes.get(one.test)
            outcomes[one.test] = one if before is None else _worse(before, one)
    merged.points = sorted({point for part in parts for point in part.points})
    merged.tests = [outcomes[test] for test in sorted(outcomes)]
    return merged


def _united(first: list[T], second: list[T]) -> list[T]:
    """Return what is in either list; one of two is mostly empty, and they are long."""
    return list(dict.fromkeys([*first, *second])) if first and second else first or second


def _worse(first: TestOutcome, second: TestOutcome) -> TestOutcome:
    told = first if first.outcome != PASSED else second
    return TestOutcome(told.test, told.outcome, told.text, first.seconds + second.seconds)
