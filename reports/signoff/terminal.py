"""What `./run coverage` prints of a run."""

from __future__ import annotations

from reports.gate.documents import KINDS
from reports.gate.targets import CODE, FUNCTIONAL
from reports.signoff.listing import missed_rows
from reports.signoff.report import DOCUMENT, Report
from reports.text import count, duration, first_line, percent

SHOWN = 20
"""Missed points, and problems, that the terminal shows."""


def lines(report: Report) -> list[str]:
    """Return what the terminal shows: a table of kinds, what was missed first, and what does not hold."""
    document, judged = report.document, report.measured.whole
    told = [f"{'coverage':12}{'hit':>9}{'of':>9}{'excluded':>10}{'share':>10}   target"]
    for kind in (kind for kind in KINDS if kind in document.kinds):
        part = document.kinds[kind]
        counts = (part.hit, part.total - part.excluded, part.excluded)
        told.append(_row(kind, *counts, percent(CODE[kind], 0) if judged and kind in CODE else ""))
    plan, least = document.plan, percent(FUNCTIONAL, 0) if judged else ""
    told.append(_row("test plan", plan.hit, plan.points - plan.excused, plan.excused, least))
    rows = missed_rows(report.summary.missed)
    if rows:
        told.append("missed")
        told += [f"  {row.place}: {row.kind} {row.module}.{row.name}" for row in rows[:SHOWN]]
    told += _more(len(rows))
    if plan.missed and judged:
        told += ["coverpoints missed", *(f"  {name}" for name in plan.missed[:SHOWN])]
        told += _more(len(plan.missed))
    for check in report.checks:
        if not check.passed:
            told.append(f"broken: {check.name}: {first_line(check.detail)}")
    told += [f"  {problem}" for problem in document.problems[:SHOWN]]
    told += _more(len(document.problems))
    tests = document.tests
    ran = f"{count(tests.passed)} of {count(tests.passed + tests.failed)} test cases passed"
    told.append(f"{'PASS' if report.passed else 'FAIL'}: {ran}, {duration(document.wall_s)}")
    if not judged:
        told.append(f"a part of the tests: no target is judged, and no {DOCUMENT} is written")
    return told


def _row(name: str, hit: int, counted: int, excluded: int, target: str) -> str:
    share = percent(hit / counted if counted else None, 2)
    return f"{name:12}{count(hit):>9}{count(counted):>9}{count(excluded):>10}{share:>10}   {target}".rstrip()


def _more(number: int) -> list[str]:
    return [f"  and {count(number - SHOWN)} more: see the report"] if number > SHOWN else []
