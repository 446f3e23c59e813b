"""The page of the history: what changed when, trends, layers, runs; one file, with nothing from outside."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from reports import text
from reports.history import trends, values
from reports.history.changes import Change, Event, History, Key, Track
from reports.history.database import HistoryError, Measure, Run, Stored
from reports.history.figures import COVERAGE, FAULTS, RESULTS
from reports.page.charts import Figure
from reports.page.environment import environment
from reports.writer import HISTORY_PAGE, LATEST
from reports.writer import PAGE as REPORT_PAGE

REPORT = f"{LATEST}/{REPORT_PAGE}"
SHOWN_EVENTS = 60
SHOWN_CHANGES = 100
"""Changes of one run in its table; the terminal lists any figure in full."""
SHOWN_RUNS = 200

PLACES = {"total": "total", "layer": "all of {scope}", "step": "all {scope}", "memory": "SRAM, {scope}"}
"""How a place is called by its level; any other by its scope alone."""

FIGURES = ("cycles", "energy_pj", "ema_bytes")
"""What the page draws of each layer and step."""


@dataclass(frozen=True)
class ChangeRow:
    """A change as its table's row prints it; `relative` is what it is sorted by."""

    scope: str
    name: str
    old: str
    new: str
    growth: str
    relative: float | None
    direction: str


@dataclass(frozen=True)
class EventCard:
    """What changed in a run: a line a principal figure, the figures one by one, and where to look."""

    event: Event
    gists: list[values.Gist]
    rows: list[ChangeRow]
    left_out: int
    cause: str
    commands: list[str]
    measure: str
    text: str


@dataclass(frozen=True)
class Cell:
    """A figure of a layer and step: its line over the runs, the last value, and its last change."""

    chart: Markup
    value: float | None
    last: str
    relative: float | None = None
    growth: str = ""
    direction: str = ""
    when: str = ""


@dataclass(frozen=True)
class LayerRow:
    """A layer and step; `figures` are the large charts of what changed in it."""

    layer: str
    step: str
    cells: list[Cell]
    figures: list[Figure]
    changed: bool


@dataclass(frozen=True)
class Section:
    """Comparable runs: `runs` of them did the same whole, which the charts show; `others` parts of it."""

    anchor: str
    title: str
    settings: str
    runs: list[Stored]
    others: int
    figures: list[Figure]
    noise: list[Figure]
    layers: list[LayerRow]

    @property
    def steady(self) -> bool:
        """Whether no layer's figure ever changed."""
        return not any(row.changed for row in self.layers)


@dataclass(frozen=True)
class RunRow:
    """A run as the table of runs prints it."""

    stored: Stored
    result: str
    cycles: float | None
    coverage: float | None
    changes: int


def update(history: Path, out: Path, number: int) -> list[str]:
    """Draw the page of `history` in the folder of reports; return in lines what run `number` changed.

    Raises
    ------
    HistoryError
        If the history cannot be read, or the page not written.
    """
    known = History(history)
    events = known.events()
    write(known, events, out)
    return [
        f"history: {gist.text} since run {event.before.number}, {values.commit_text(event.before.run)}"
        for event in events
        if event.after.number == number
        for gist in values.gists(event)
    ]


def write(history: History, events: Sequence[Event], out: Path) -> Path:
    """Write the page into the folder of reports, whole or not at all; return its place.

    Raises
    ------
    HistoryError
        If the file system refuses.
    """
    place = out / HISTORY_PAGE
    page = render(history, events, REPORT if (out / REPORT).is_file() else None)
    temporary: Path | None = None
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=out, prefix=".history-", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(place)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise HistoryError(
            f"{place}: cannot be written: {error.strerror}; free space or check its permissions, "
            "then ./run history"
        ) from error
    return place


def render(history: History, events: Sequence[Event], report: str | None) -> str:
    """Return the page; `report` is where the latest report lies beside it."""
    changed = {event.after.number: len(event.changes) for event in events}
    runs = list(reversed(history.runs))
    return (
        _environment()
        .get_template("history.html")
        .render(
            report=report,
            runs=[_run_row(history, stored, changed) for stored in runs[:SHOWN_RUNS]],
            count=len(runs),
            latest=_latest(history),
            cards=[_card(event) for event in events[:SHOWN_EVENTS]],
            older_events=max(len(events) - SHOWN_EVENTS, 0),
            sections=_sections(history),
            drawn=trends.SHOWN_RUNS,
        )
    )


def _environment() -> jinja2.Environment:
    made = environment(jinja2.PackageLoader("reports.history"))
    made.filters.update(commit=values.commit_text, run_title=values.run_title, time=values.time_text)
    return made


# --- Runs -------------------------------------------------------------------------------------------


def _run_row(history: History, stored: Stored, changed: dict[int, int]) -> RunRow:
    totals = history.totals(stored)
    return RunRow(
        stored,
        _result(totals),
        totals.get("cycles"),
        totals.get("coverage.line"),
        changed.get(stored.number, 0),
    )


def _result(totals: Mapping[str, float]) -> str:
    if "score" in totals:
        return f"fault score {text.percent(totals['score'], 2)}"
    if "planned" in totals and "passed" not in totals:
        return f"interrupted, {totals['planned']:.0f} replays planned"
    if "planned" in totals:
        return f"{totals['passed']:.0f}/{totals['planned']:.0f} replays"
    return f"{totals['passed']:.0f}/{totals['passed'] + totals['failed']:.0f} tests"


def _latest(history: History) -> list[tuple[Stored, str]]:
    """Return the last run of each suite and preset with its result, the latest first."""
    last = {values.run_title(stored.run): stored for stored in history.runs}
    runs = sorted(last.values(), key=lambda stored: stored.run.started, reverse=True)
    return [(stored, _result(history.totals(stored))) for stored in runs]


# --- What changed when ------------------------------------------------------------------------------


def _card(event: Event) -> EventCard:
    """Return an event with its largest changes; sums first, then by size."""
    order = {"total": 0, "step": 1, "layer": 2}
    ranked = sorted(
        event.changes,
        key=lambda one: (
            order.get(one.measure.level, len(order)),
            one.measure.name not in values.PRINCIPAL,
            -abs(one.relative or 0),
        ),
    )
    return EventCard(
        event,
        values.gists(event),
        [_change_row(one) for one in ranked[:SHOWN_CHANGES]],
        max(len(ranked) - SHOWN_CHANGES, 0),
        values.cause_text(event.before.run, event.after.run),
        values.git_commands(event.before.run, event.after.run),
        values.measuring_command(ranked[-1]),
        _search_text(event),
    )


def _search_text(event: Event) -> str:
    """Return the words by which a reader finds an event: run, suite, commits, figures and where."""
    words = {f"run {event.after.number}", values.run_title(event.after.run)}
    words |= {stored.run.git_commit or "" for stored in (event.before, event.after)}
    for change in event.changes:
        words |= {change.measure.scope, values.title(change.measure.name), change.measure.name}
    return " ".join(sorted(words))


def _change_row(change: Change) -> ChangeRow:
    measure = change.measure
    old, new = values.pair_text(change.old, change.new, measure.unit)
    return ChangeRow(
        PLACES.get(measure.level, "{scope}").format(level=measure.level, scope=measure.scope),
        values.title(measure.name),
        old,
        new,
        values.growth_text(change),
        values.growth(change),
        values.direction(change),
    )


# --- Trends -----------------------------------------------------------------------------------------


def _sections(history: History) -> list[Section]:
    """Return a section for each set of comparable runs of which there are several, the largest first."""
    by_key: dict[Key, list[Stored]] = {}
    for stored in history.runs:
        by_key.setdefault(stored.run.comparison, []).append(stored)
    chosen = sorted((runs for runs in by_key.values() if len(runs) > 1), key=lambda runs: -len(runs))
    return [_section(history, index, runs) for index, runs in enumerate(chosen)]


def _section(history: History, index: int, runs: list[Stored]) -> Section:
    selections = [stored.run.selection for stored in runs]
    main = max(reversed(selections), key=selections.count)
    shown = [stored for stored in runs if stored.run.selection == main]
    run = shown[-1].run
    tracks = history.tracks.get((*run.comparison, main), {})
    view = trends.View(history, shown)
    return Section(
        f"runs-{index}",
        values.run_title(run),
        values.settings_text(run),
        shown,
        len(runs) - len(shown),
        _figures(run, tracks, view) if len(shown) > 1 else [],
        _noise(tracks, view) if len(shown) > 1 else [],
        _layer_rows(history, runs) if run.source == RESULTS else [],
    )


def _figures(run: Run, tracks: dict[Measure, Track], view: trends.View) -> list[Figure]:
    def lines(name: str, *levels: str) -> list[Track]:
        return [one for measure, one in tracks.items() if measure.name == name and measure.level in levels]

    coverage = [
        track
        for measure, track in tracks.items()
        if measure.level == "total" and measure.name.startswith("coverage.")
    ]
    figures = [] if run.source == FAULTS else [view.shares("Pass rate", lines("pass_rate", "total"))]
    if run.source == FAULTS:
        figures.append(view.shares("Fault score", lines("score", "total")))
        figures.append(view.absolute("Mutants that survived", lines("survived", "total")))
    if run.source == COVERAGE or coverage:
        figures.append(view.shares("Coverage by kind", coverage))
    if run.source == RESULTS:
        figures.append(view.relative("Cycles", lines("cycles", "total", "step")))
        figures.append(view.relative("Energy", lines("energy_pj", "total", "step"), is_estimate=True))
        figures.append(view.relative("External memory traffic (EMA)", lines("ema_bytes", "total", "step")))
    return [figure for figure in figures if figure is not None]


def _noise(tracks: dict[Measure, Track], view: trends.View) -> list[Figure]:
    wall = [one for measure, one in tracks.items() if (measure.name, measure.level) == ("wall_s", "total")]
    figure = view.noise("Wall time", wall)
    return [figure] if figure is not None else []


def _layer_rows(history: History, runs: list[Stored]) -> list[LayerRow]:
    tracks = history.tracks.get(runs[-1].run.comparison, {})
    by_scope: dict[str, dict[str, Track]] = {}
    for measure, track in tracks.items():
        if measure.name in FIGURES:
            by_scope.setdefault(measure.scope, {})[measure.name] = track
    view = trends.View(history, runs)
    rows = []
    for scope, named in by_scope.items():
        layer, _, step = scope.rpartition(" ")
        cells = [_cell(history, view, named.get(name)) for name in FIGURES]
        turned = [named[name] for name in FIGURES if name in named and len(named[name].turns) > 1]
        figures = [
            view.absolute(f"{layer} {step}: {values.title(one.measure.name)}", [one]) for one in turned
        ]
        drawn = [figure for figure in figures if figure is not None]
        rows.append(LayerRow(layer, step, cells, drawn, bool(drawn)))
    return rows


def _cell(history: History, view: trends.View, track: Track | None) -> Cell:
    if track is None:
        return Cell(Markup(""), None, text.MISSING)
    value = track.values[-1]
    last = values.value_text(value, track.measure.unit)
    changes = list(history.changes(track))
    if not changes:
        return Cell(view.spark(track), value, last)
    change = changes[-1]
    return Cell(
        view.spark(track),
        value,
        last,
        values.growth(change),
        values.growth_text(change),
        values.direction(change),
        f"run {change.after.number}",
    )
