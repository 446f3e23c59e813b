"""What coverage and the fault campaign must reach for sign-off.

Sign-off asks for all of the test plan, and for nearly all of the code: a line or branch that no test reaches
is untested, and what cannot be reached is excused one by one, in `tb/coverage/exclusions.toml`, with reason,
owner and date. Upper bits of addresses and counts take hours of simulation to move and show little: of a
bit's changes, 90 %. Of any kind at most 3 % may be excused, or these targets would mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.gate.documents import CoverageDocument
from reports.signoff.plan import State
from reports.text import count, percent
from tb.coverage.exclusions import MOST as MOST_EXCUSED

FUNCTIONAL = 1.0
"""Share of the test plan's coverpoints, those that are excused apart."""
CODE = {"line": 0.98, "branch": 0.98, "toggle": 0.90}
"""Least share of a kind's points, those that are excluded apart."""

FAULTS = 0.97
"""Share of the mutants not reasoned equivalent that the tests catch."""
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


def checks(document: CoverageDocument, states: list[State]) -> list[Check]:
    """Judge a whole run; `states` are those of the plan's features.

    A kind that the suite does not count is not judged.
    """
    return [
        failed_tests(document),
        *_plan_was_run(states),
        *_plan(document),
        *_code(document),
        *_problems(document),
    ]


def unmet(document: CoverageDocument, states: list[State]) -> list[str]:
    """Return the targets that a whole run does not reach, for the gate.

    Tests that failed and problems of exclusions are no targets: the document names them by themselves.
    """
    judged = [*_plan_was_run(states), *_plan(document), *_code(document)]
    return [f"{check.name}: {check.detail}" for check in judged if not check.passed]


def failed_tests(document: CoverageDocument) -> Check:
    """Judge only whether a test failed: all that can be said of a part of the tests."""
    tests = document.tests
    ran = tests.passed + tests.failed
    return Check("tests pass", ran > 0 and not tests.failed, f"{tests.passed} of {ran} cases passed")


def _plan_was_run(states: list[State]) -> Iterator[Check]:
    missing = states.count(State.NOT_RUN)
    detail = f"{len(states) - missing} of {len(states)} features with all of their tests run"
    yield Check("the plan was run", bool(states) and not missing, detail)


def _plan(document: CoverageDocument) -> Iterator[Check]:
    plan = document.plan
    counted = plan.points - plan.excused
    detail = f"{count(plan.hit)} of {count(counted)} coverpoints ({_share(plan.hit, counted)})"
    reached = counted > 0 and plan.hit >= FUNCTIONAL * counted
    yield Check("functional coverage", reached, f"{detail}; must be {percent(FUNCTIONAL, 0)}")
    share = _share(plan.excused, plan.points)
    detail = f"{count(plan.excused)} of {count(plan.points)} coverpoints ({share})"
    few = plan.excused <= MOST_EXCUSED * plan.points
    yield Check("excused coverpoints", few, f"{detail}; may be {percent(MOST_EXCUSED, 0)} at most")


def _code(document: CoverageDocument) -> Iterator[Check]:
    for kind, least in CODE.items():
        if kind in document.kinds:
            part = document.kinds[kind]
            counted = part.total - part.excluded
            detail = f"{count(part.hit)} of {count(counted)} points ({_share(part.hit, counted)})"
            reached = counted > 0 and part.hit >= least * counted
            yield Check(f"{kind} coverage", reached, f"{detail}; must be {percent(least, 0)}")
        elif kind in ("line", "branch") or document.suite == "nightly":
            yield Check(f"{kind} coverage", False, "no point of this kind was counted")


def _problems(document: CoverageDocument) -> Iterator[Check]:
    problems = document.problems
    yield Check("exclusions and problems", not problems, "\n".join(problems) or "none is stale or expired")


def _share(part: int, whole: int) -> str:
    return percent(part / whole if whole else None, 2)
