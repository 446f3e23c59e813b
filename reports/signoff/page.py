"""The coverage pages: one of the run, and beside it one of each source file; they need nothing from outside.

A page for each file keeps the first one small and lets a reader print the file that is discussed.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from reports.gate.documents import DIRTY, KINDS, Count, CoverageDocument
from reports.gate.targets import CODE, Check
from reports.signoff.annotate import STATES, Annotated, Line
from reports.signoff.listing import MissedRow, missed_rows
from reports.signoff.markup import address, templates
from reports.signoff.measured import Measured
from reports.signoff.plan import FeatureState, PlanState, State, Unseen, Written, hit_unseen, unseen
from reports.signoff.worth import Worth, worths
from reports.text import count, duration, percent
from tb.coverage.exclusions import Exclusion
from tb.coverage.points import Point
from tb.coverage.summary import Summary
from tb.plan.testplan import LEVELS

INDEX = "index.html"
MODULE_TABLES = (
    ("The design", "by-module", ("line", "branch", "expression", "toggle")),
    ("Its checkers", "by-checker", ("assertion", "user")),
)
"""Tables of modules: title, id, kinds."""
LISTED = 1500
"""Rows of missed points on the first page; the pages of the files have all."""
LISTED_NAMES = 40
LISTED_POINTS = 60
SLOWEST = 8
BADGES = {State.PASSED: "pass", State.FAILED: "fail", State.NOT_RUN: "error", State.MISSED: "error"}


@dataclass(frozen=True)
class Tile:
    """One figure on top."""

    name: str
    value: str
    note: str
    bad: bool


@dataclass(frozen=True)
class ModuleRow:
    """A module: its files, and its counts by kind."""

    module: str
    files: list[str]
    kinds: dict[str, Count]

    @property
    def worst(self) -> tuple[float, int]:
        """What modules are sorted by: the least share of a kind, then the number of points missed."""
        shares = [count.share for count in self.kinds.values()]
        return min(shares, default=1.0), -sum(count.missed for count in self.kinds.values())


@dataclass(frozen=True)
class ModuleTable:
    """The modules in which points of some kinds are counted."""

    title: str
    id: str
    kinds: list[str]
    rows: list[ModuleRow]


@dataclass(frozen=True)
class ExclusionRow:
    """An exclusion, with the points or bins that it excuses."""

    exclusion: Exclusion
    points: int


@dataclass(frozen=True)
class PlanRow:
    """A feature as the table prints it."""

    state: FeatureState
    badge: str
    passed: int
    failed: int
    not_run: int
    hit: int
    counted: int
    missed: int
    excused: int
    elsewhere: int


def render(
    measured: Measured,
    document: CoverageDocument,
    summary: Summary,
    plan: PlanState,
    checks: list[Check],
    files: list[Annotated],
) -> dict[str, str]:
    """Return the pages by their paths: the first one, and that of each file of `files`."""
    made = templates()
    kinds = [kind for kind in KINDS if kind in document.kinds]
    missed = missed_rows(summary.missed)
    shown = {"measured": measured, "document": document, "commit": _commit(document.git)}
    pages = {
        INDEX: made.get_template("signoff_coverage.html").render(
            **shown,
            passed=all(check.passed for check in checks),
            checks=sorted(checks, key=lambda check: check.passed),
            tiles=_tiles(document, plan, kinds, judged=measured.whole),
            plan_rows=[_plan_row(one) for one in plan.features],
            plan_choices=_plan_choices(plan),
            elsewhere=elsewhere,
            unseen=unseen,
            kinds=kinds,
            module_tables=_modules(document, measured),
            missed=missed[:LISTED],
            missed_points=sum(row.points for row in missed),
            left_out=len(missed) - LISTED,
            missed_kinds=_missed_kinds(missed),
            exclusions=_exclusions(summary, plan),
            worths=worths(measured.collected),
            slowest=SLOWEST,
            listed=LISTED_POINTS,
            listed_names=LISTED_NAMES,
            only=_only,
        )
    }
    for one in files:
        path = address(one.file)
        if path in pages:
            raise ValueError(f"{one.file}: another source file has the same page {path}; rename one of them")
        pages[path] = made.get_template("source.html").render(
            **shown,
            file=one.file,
            annotated=one,
            lines=one.lines,
            tests_cell=tests_cell,
            missing=[line for line in one.lines if line.state in ("missed", "partly")],
            counts=_file_counts(one.file, measured, summary),
            states=STATES,
            packed=one.packed(),
        )
    return pages


def tests_cell(line: Line, annotated: Annotated) -> Markup | str:
    """Return the number of cases that hit a line, as a button that lists them."""
    if line.tests is None:
        return ""
    number = len(annotated.sets[line.tests])
    if not number:
        return "0"
    label = f"{number} {'case hits' if number == 1 else 'cases hit'} line {line.number}"
    return Markup(
        '<button type="button" class="tests" data-set="{}" aria-expanded="false" aria-label="{}">{}</button>'
    ).format(line.tests, label, number)


def elsewhere(written: Written) -> list[str]:
    """Name the points that only tests of other features hit."""
    return [point.name for point in written.points if point.hit and not point.own]


def _commit(git: str) -> tuple[str, bool]:
    """Return a commit, short, and whether there were changes beside it."""
    return git.removesuffix(DIRTY)[:12], git.endswith(DIRTY)


def _tiles(document: CoverageDocument, plan: PlanState, kinds: list[str], *, judged: bool) -> list[Tile]:
    """Return the figures on top; red is what misses its target, if targets are judged."""
    tests, points = document.tests, document.plan
    states, inferred = plan.states, hit_unseen(plan)
    counted = points.points - points.excused
    tiles = [
        Tile(
            "Test cases passed",
            f"{count(tests.passed)} of {count(tests.passed + tests.failed)}",
            f"took {duration(document.wall_s)}",
            bool(tests.failed) or not tests.passed,
        ),
        Tile(
            "Features of the plan passed",
            f"{count(states.count(State.PASSED))} of {count(len(states))}",
            ", ".join(f"{states.count(one)} {one}" for one in State if one in states),
            judged and any(state is not State.PASSED for state in states),
        ),
        Tile(
            "Functional coverage of the plan",
            percent(points.hit / counted if counted else None, 2),
            f"{count(points.hit)} of {count(counted)} coverpoints, {count(points.excused)} excused; "
            f"{count(sum(inferred.values()))} of those hit were not seen but follow from tests that passed: "
            f"{count(inferred[Unseen.VALUES])} sets of a parameter's values, "
            f"{count(inferred[Unseen.WALK])} sets that a test walks through",
            judged and points.hit < counted,
        ),
    ]
    for kind in kinds:
        part = document.kinds[kind]
        least = f"; must be {percent(CODE[kind], 0)}" if kind in CODE else ""
        excluded = f", {count(part.excluded)} excluded" if part.excluded else ""
        tiles.append(
            Tile(
                f"{kind.capitalize()} coverage",
                percent(part.share if part.total - part.excluded else None, 2),
                f"{count(part.hit)} of {count(part.total - part.excluded)} points{excluded}{least}",
                judged and part.share < CODE.get(kind, 0.0),
            )
        )
    return tiles


def _plan_row(state: FeatureState) -> PlanRow:
    cases = {one.reported_as: one for one in state.tests}.values()
    points = state.points
    excused = sum(point.excuse is not None for point in points)
    return PlanRow(
        state=state,
        badge=BADGES[state.state],
        passed=sum(one.passed for one in cases),
        failed=sum(one.failed for one in cases),
        not_run=sum(one.not_run for one in cases),
        hit=sum(point.hit for point in points),
        counted=len(points) - excused,
        missed=sum(point.missed for point in points),
        excused=excused,
        elsewhere=sum(point.hit and not point.own for point in points),
    )


def _plan_choices(plan: PlanState) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    """Return what the table of the plan can be narrowed to: a state, a level."""
    states = plan.states
    there = [(str(state), f"{state} {states.count(state)}") for state in State if state in states]
    levels = [level for level in LEVELS if any(one.feature.level == level for one in plan.features)]
    return [
        ("state", "State", f"all {len(states)}", there),
        ("level", "Level", "all levels", [(level, level) for level in levels]),
    ]


def _modules(document: CoverageDocument, measured: Measured) -> list[ModuleTable]:
    """Return a table of the design's modules and one of the checkers', the worst module first."""
    files: dict[str, set[str]] = {}
    for point in measured.collected.points:
        files.setdefault(point.module, set()).add(point.file)
    tables = []
    for title, name, group in MODULE_TABLES:
        kinds = [kind for kind in group if kind in document.kinds]
        rows = [
            ModuleRow(module, sorted(files[module]), of_group)
            for module, counts in document.modules.items()
            if (of_group := {kind: counts[kind] for kind in kinds if kind in counts})
        ]
        if rows:
            rows.sort(key=lambda row: (*row.worst, row.module))
            tables.append(ModuleTable(title, name, kinds, rows))
    return tables


def _missed_kinds(rows: list[MissedRow]) -> list[tuple[str, str]]:
    totals: dict[str, int] = {}
    for row in rows:
        totals[row.kind] = totals.get(row.kind, 0) + row.points
    return [(kind, f"{kind} {count(number)}") for kind, number in totals.items()]


def _exclusions(summary: Summary, plan: PlanState) -> list[ExclusionRow]:
    """Return the exclusions that excuse something; a stale one is a problem and stands with these."""
    totals: dict[Exclusion, int] = {}
    for exclusion in summary.excused.values():
        totals[exclusion] = totals.get(exclusion, 0) + 1
    bins = {point.name: point.excuse for one in plan.features for point in one.points}
    for name, excuse in bins.items():
        if excuse is not None and name.startswith("bins:"):
            totals[excuse] = totals.get(excuse, 0) + 1
    rows = [ExclusionRow(exclusion, points) for exclusion, points in totals.items()]
    return sorted(rows, key=lambda row: (row.exclusion.kind, row.exclusion.file, row.exclusion.name))


def _only(worth: Worth) -> list[tuple[str, str]]:
    """Return what only a test covers, with its address if it stands in a file."""
    points = [(_point_text(point), address(point.file, point.line)) for point in worth.only]
    return [*points, *((name, "") for name in worth.only_bins)]


def _point_text(point: Point) -> str:
    return f"{point.kind} {point.module}.{point.name} ({point.file}:{point.line})"


def _file_counts(file: str, measured: Measured, summary: Summary) -> dict[str, Count]:
    """Count the points of a file by kind."""
    hit = measured.collected.hit
    parts: dict[str, list[int]] = {}
    for point in measured.collected.points:
        if point.file == file:
            part = parts.setdefault(str(point.kind), [0, 0, 0])
            part[0] += point in hit
            part[1] += 1
            part[2] += point in summary.excused
    return {kind: Count(*parts[kind]) for kind in KINDS if kind in parts}
