"""What a whole coverage run must hold: the targets of its document, and that all of the plan was run."""

from __future__ import annotations

from collections.abc import Iterator

from reports.gate.documents import CoverageDocument
from reports.gate.targets import Check, failed_tests, reached
from reports.signoff.plan import State


def checks(document: CoverageDocument, states: list[State]) -> list[Check]:
    """Judge a whole run; `states` are those of the plan's features."""
    return [
        failed_tests(document),
        *_plan_was_run(states),
        *reached(document),
        *_problems(document),
    ]


def unmet(document: CoverageDocument, states: list[State]) -> list[str]:
    """Return the targets that a whole run does not reach, for the gate.

    Tests that failed and problems of exclusions are no targets: the document names them by themselves.
    """
    judged = [*_plan_was_run(states), *reached(document)]
    return [f"{check.name}: {check.detail}" for check in judged if not check.passed]


def _plan_was_run(states: list[State]) -> Iterator[Check]:
    missing = states.count(State.NOT_RUN)
    detail = f"{len(states) - missing} of {len(states)} features with all of their tests run"
    yield Check("the plan was run", bool(states) and not missing, detail)


def _problems(document: CoverageDocument) -> Iterator[Check]:
    problems = document.problems
    yield Check("exclusions and problems", not problems, "\n".join(problems) or "none is stale or expired")
