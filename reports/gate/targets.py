"""What coverage and the fault campaign must reach for sign-off, as far as their documents tell by themselves.

Sign-off asks for all of the test plan, and for nearly all of the code: a line or branch that no test reaches
is untested, and what cannot be reached is excused one by one, in `tb/coverage/exclusions.toml`, with reason,
owner and date. Upper bits of addresses and counts take hours of simulation to move and show little: of a
bit's changes, 90 %. Of any kind at most 3 % may be excused, or these targets would mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.gate.documents import CoverageDocument
from reports.text import count, percent
from tb.coverage.exclusions import MOST as MOST_EXCUSED

FUNCTIONAL = 1.0
"""Share of the test plan's coverpoints, those that are excused apart."""
CODE = {"line": 0.98, "branch": 0.98, "toggle": 0.90}
"""Least share of a kind's points, those that are excluded apart."""
ALWAYS = ("line", "branch")
"""Kinds that every suite counts; the nightly one all of `CODE`."""

FAULTS = 0.97
"""Share of the mutants not reasoned equivalent that the tests catch."""
LEAST_FAULTS = 1000
"""Faults that a campaign for sign-off judges at least."""
MOST_EQUIVALENT = 0.05
"""Share of the mutants that may be called equivalent: each of them raises the score above without a test.
Some always are (a bit that nobody looks at, a state that cannot be, a default behind a full case); where more
than so few are called so, tests are missing, or operators are drawn that make no faults."""


@dataclass(frozen=True)
class Check:
    """One thing that must hold, whether it does, and the figures."""

    name: str
    passed: bool
    detail: str


def failed_tests(document: CoverageDocument) -> Check:
    """Judge only whether a test failed: all that can be said of a part of the tests."""
    tests = document.tests
    ran = tests.passed + tests.failed
    return Check("tests pass", ran > 0 and not tests.failed, f"{tests.passed} of {ran} cases passed")


def reached(document: CoverageDocument) -> Iterator[Check]:
    """Judge the shares of plan and code. A kind that the suite does not count is not judged."""
    plan = document.plan
    counted = plan.points - plan.excused
    detail = f"{count(plan.hit)} of {count(counted)} coverpoints ({_share(plan.hit, counted)})"
    enough = counted > 0 and plan.hit >= FUNCTIONAL * counted
    yield Check("functional coverage", enough, f"{detail}; must be {percent(FUNCTIONAL, 0)}")
    yield _excused("coverpoints", plan.excused, plan.points)
    for kind, least in CODE.items():
        if kind in document.kinds:
            part = document.kinds[kind]
            counted = part.total - part.excluded
            detail = f"{count(part.hit)} of {count(counted)} points ({_share(part.hit, counted)})"
            enough = counted > 0 and part.hit >= least * counted
            yield Check(f"{kind} coverage", enough, f"{detail}; must be {percent(least, 0)}")
        elif kind in ALWAYS or document.suite == "nightly":
            yield Check(f"{kind} coverage", False, "no point of this kind was counted")
    for kind, part in document.kinds.items():
        if part.excluded:
            yield _excused(f"points of {kind}", part.excluded, part.total)


def campaign_lacks(mutants: int, caught: int, equivalent: int) -> list[str]:
    """Say which targets a fault campaign does not reach."""
    found = []
    judged = mutants - equivalent
    score = caught / max(judged, 1)
    if score < FAULTS:
        found.append(f"{score:.1%} of the faults are caught, fewer than {FAULTS:.0%}")
    if judged < LEAST_FAULTS:
        found.append(f"{judged} faults were judged, fewer than {LEAST_FAULTS}")
    share = equivalent / max(mutants, 1)
    if share > MOST_EQUIVALENT:
        found.append(f"{share:.1%} of the mutants are called no faults, more than {MOST_EQUIVALENT:.0%}")
    return found


def _excused(what: str, excused: int, points: int) -> Check:
    detail = f"{count(excused)} of {count(points)} ({_share(excused, points)})"
    few = excused <= MOST_EXCUSED * points
    return Check(f"excused {what}", few, f"{detail}; may be {percent(MOST_EXCUSED, 0)} at most")


def _share(part: int, whole: int) -> str:
    return percent(part / whole if whole else None, 2)
