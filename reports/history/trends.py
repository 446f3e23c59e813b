"""Charts of figures over runs, as SVG: a column a run, oldest at the left, a step where a figure changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from reports.history import values
from reports.history.changes import Change, History, Track
from reports.history.database import Stored
from reports.page.charts import Figure

SHOWN_RUNS = 100
"""The runs that a chart shows: the latest."""
WIDTH, HEIGHT = 575, 200
LEFT, RIGHT, TOP, BOTTOM = 66, 108, 14, 38
SPARK_WIDTH, SPARK_HEIGHT = 116, 20
MOST_TICKS = 6
"""Dates under a chart."""
GRID_LINES = 5
LABEL = 11
"""Height of a label."""
MARGIN = 0.08
"""Share of the range kept free above and below."""
COLOURS = {"all": "tone-0", "FP": "tone-1", "BP": "tone-2", "WG": "tone-3"}
"""Class of a line by its scope; others in the order in which they come."""
TONES = 7
WHOLE = {"all": "total"}
"""How the scope of sums is called in a chart."""


class Scale(NamedTuple):
    """A vertical scale: its ends, its ticks, and how a tick reads."""

    low: float
    high: float
    ticks: list[float]
    label: Callable[[float], str]

    def y(self, value: float) -> float:
        """Return the height of a value in the chart, SVG units."""
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - value) / (self.high - self.low)


class Line(NamedTuple):
    """A figure as it is drawn: its name, its class, and height and text at each run that has it."""

    name: str
    css: str
    points: dict[int, float]
    texts: dict[int, str]
    track: Track


class View:
    """The charts of some runs of a history.

    Attributes
    ----------
    places : list of int
        The runs that are drawn, as places in the history's order: the latest of those given.
    """

    def __init__(self, history: History, runs: Sequence[Stored]) -> None:
        self.history = history
        numbers = {stored.number for stored in runs}
        self.places = [place for place, one in enumerate(history.runs) if one.number in numbers][-SHOWN_RUNS:]
        self.column = {place: index for index, place in enumerate(self.places)}

    # --- Charts ---

    def shares(self, title: str, tracks: Sequence[Track]) -> Figure | None:
        """Return the chart of shares, in percent."""
        lines = self._lines(tracks, lambda track, value: value)
        return self._figure(title, "", lines, lambda tick, digits: f"{100 * tick:.{digits}f}\u202f%", 2, 1.0)

    def absolute(self, title: str, tracks: Sequence[Track]) -> Figure | None:
        """Return the chart of one figure in its unit; the scale does not start at 0."""
        lines = self._lines(tracks, lambda track, value: value)
        unit = tracks[0].measure.unit if tracks else ""
        return self._figure(title, "", lines, lambda tick, _: values.value_text(tick, unit, 4), 0, None)

    def relative(self, title: str, tracks: Sequence[Track], is_estimate: bool = False) -> Figure | None:
        """Return the chart of figures against the oldest run shown, each line from 0 %."""
        first = {id(track): next(iter(self._values(track).values()), 0.0) for track in tracks}
        lines = self._lines(
            [track for track in tracks if first[id(track)]],
            lambda track, value: value / first[id(track)] - 1,
        )
        caption = "Against the oldest run shown."
        return self._figure(title, caption, lines, _signed_share, 2, None, is_estimate)

    def noise(self, title: str, tracks: Sequence[Track]) -> Figure | None:
        """Return the chart of a figure that is noise: dots from 0 up, nothing in it is a change."""
        lines = self._lines(tracks, lambda track, value: value)
        if not any(line.points for line in lines):
            return None
        largest = max(value for line in lines for value in line.points.values())
        scale = _scale([0.0, largest], lambda tick, _: values.value_text(tick, "s"), 0, None, margin=0)
        parts = [
            f'<circle class="{line.css}" cx="{self.x(place):.1f}" cy="{scale.y(value):.1f}" r="2.5"/>'
            for line in lines
            for place, value in line.points.items()
        ]
        caption = "Depends on the machine, its load and the cache of builds; never compared."
        return Figure(title, caption, [], self._svg(title, scale, parts, lines))

    def spark(self, track: Track) -> Markup:
        """Return a figure's line over the runs in the size of a word, with a dot at each change."""
        points = self._values(track)
        if not points:
            return Markup("")
        low, high = min(points.values()), max(points.values())
        span = (high - low) or 1.0

        def x(place: int) -> float:
            return 4 + (SPARK_WIDTH - 8) * self.column[place] / max(len(self.places) - 1, 1)

        def y(value: float) -> float:
            half = SPARK_HEIGHT / 2
            return half if high == low else 3 + (SPARK_HEIGHT - 6) * (high - value) / span

        path = _steps([(x(place), y(value)) for place, value in points.items()])
        changes = [one for one in self._changes(track) if one[0] in points]
        dots = "".join(
            f'<circle class="{values.direction(change) or "turn"}" cx="{x(place):.1f}" '
            f'cy="{y(points[place]):.1f}" r="2.6"/>'
            for place, change in changes
        )
        tip = "\n".join(_change_tip(change) for _, change in changes[-8:]) or "never changed"
        return Markup(
            f'<svg class="spark" viewBox="0 0 {SPARK_WIDTH} {SPARK_HEIGHT}" role="img" '
            f'aria-label="{escape(tip)}" data-tip="{escape(tip)}"><path d="{path}"/>{dots}</svg>'
        )

    # --- Parts ---

    def x(self, place: int) -> float:
        """Return where a run stands, SVG units."""
        return LEFT + (WIDTH - LEFT - RIGHT) * self.column[place] / max(len(self.places) - 1, 1)

    def _values(self, track: Track) -> dict[int, float]:
        found = {place: track.at(place) for place in self.places}
        return {place: value for place, value in found.items() if value is not None}

    def _changes(self, track: Track) -> list[tuple[int, Change]]:
        changes = [(self.history.places[one.after.number], one) for one in self.history.changes(track)]
        return [(place, change) for place, change in changes if place in self.column]

    def _lines(self, tracks: Sequence[Track], height: Callable[[Track, float], float]) -> list[Line]:
        lines = []
        for index, track in enumerate(tracks):
            found = self._values(track)
            name = track.measure.scope if len({one.measure.name for one in tracks}) == 1 else ""
            lines.append(
                Line(
                    WHOLE.get(name, name) or track.measure.name.removeprefix("coverage."),
                    COLOURS.get(name, f"tone-{index % TONES}"),
                    {place: height(track, value) for place, value in found.items()},
                    {
                        place: values.value_text(value, track.measure.unit, 4)
                        for place, value in found.items()
                    },
                    track,
                )
            )
        return [line for line in lines if line.points]

    def _figure(
        self,
        title: str,
        caption: str,
        lines: list[Line],
        label: Callable[[float, int], str],
        digits: int,
        cap: float | None,
        is_estimate: bool = False,
    ) -> Figure | None:
        if not lines:
            return None
        scale = _scale([value for line in lines for value in line.points.values()], label, digits, cap)
        parts = []
        for line in reversed(lines):  # the first, the sum, on top
            path = _steps([(self.x(place), scale.y(value)) for place, value in line.points.items()])
            parts.append(f'<path class="trend {line.css}" d="{path}"/>')
        for line in lines:
            parts += [
                f'<circle class="{values.direction(change) or "turn"}" cx="{self.x(place):.1f}" '
                f'cy="{scale.y(line.points[place]):.1f}" r="3.2"/>'
                for place, change in self._changes(line.track)
                if place in line.points
            ]
        parts += _last_values(lines, scale)
        legend = [(f"bar {line.css}", line.name) for line in lines] if len(lines) > 1 else []
        return Figure(title, caption, legend, self._svg(title, scale, parts, lines), is_estimate)

    def _svg(self, title: str, scale: Scale, parts: Iterable[str], lines: Sequence[Line]) -> Markup:
        right = WIDTH - RIGHT
        frame = [
            f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{scale.y(tick):.1f}" y2="{scale.y(tick):.1f}"/>'
            f'<text class="tick" x="{LEFT - 6}" y="{scale.y(tick) + 4:.1f}" text-anchor="end">'
            f"{escape(scale.label(tick))}</text>"
            for tick in scale.ticks
        ]
        return Markup(
            f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
            + "".join([*frame, *self._dates(), *parts, *self._hovers(lines)])
            + "</svg>"
        )

    def _dates(self) -> list[str]:
        every = max(1, -(-len(self.places) // MOST_TICKS))
        marked = self.places[::-1][::every]
        return [
            f'<text class="tick" x="{self.x(place):.1f}" y="{y}" text-anchor="middle">{label}</text>'
            for place in marked
            for stored in [self.history.runs[place]]
            for y, label in (
                (HEIGHT - BOTTOM + 15, f"run {stored.number}"),
                (HEIGHT - BOTTOM + 28, stored.run.started[:10]),
            )
        ]

    def _hovers(self, lines: Sequence[Line]) -> list[str]:
        width = (WIDTH - LEFT - RIGHT) / max(len(self.places) - 1, 1)
        hovers = []
        for place in self.places:
            stored = self.history.runs[place]
            tip = [f"run {stored.number} · {values.time_text(stored.run)} · {values.commit_text(stored.run)}"]
            tip += [f"{line.name} {line.texts[place]}" for line in lines if place in line.texts]
            for line in lines:
                tip += [
                    f"{line.name} changed {values.growth_text(change)}"
                    for at, change in self._changes(line.track)
                    if at == place and line.track.measure.unit
                ]
            hovers.append(
                f'<rect class="hover" x="{self.x(place) - width / 2:.1f}" y="{TOP - 8}" width="{width:.1f}" '
                f'height="{HEIGHT - TOP - BOTTOM + 16}" data-tip="{escape(chr(10).join(tip))}"/>'
            )
        return hovers


def _signed_share(tick: float, digits: int) -> str:
    return f"{100 * tick:+.{digits}f}\u202f%".replace("-", "−") if round(100 * tick, 9) else "0\u202f%"


def _change_tip(change: Change) -> str:
    old, new = values.pair_text(change.old, change.new, change.measure.unit)
    growth, commit = values.growth_text(change), values.commit_text(change.after.run)
    return f"run {change.after.number}: {old} → {new} ({growth}) at {commit}"


def _steps(points: Sequence[tuple[float, float]]) -> str:
    """Return the path of a line that keeps its height up to the next run that differs."""
    (x, y), *rest = points
    path = [f"M{x:.1f} {y:.1f}"]
    for x, new in rest:
        if new != y:
            path.append(f"H{x:.1f}V{new:.1f}")
            y = new
    path.append(f"H{x:.1f}")
    return "".join(path)


def _last_values(lines: Sequence[Line], scale: Scale) -> list[str]:
    """Return the latest values beside the lines' ends, those that would overlap pushed apart."""
    ends = sorted((scale.y(list(line.points.values())[-1]), index) for index, line in enumerate(lines))
    heights, floor = [], float(HEIGHT - BOTTOM)
    for y, index in reversed(ends):
        floor = min(y, floor)
        heights.append((floor, lines[index]))
        floor -= LABEL
    return [
        f'<rect class="{line.css}" x="{WIDTH - RIGHT + 5}" y="{y - 3.5:.1f}" width="7" height="7"/>'
        f'<text class="direct" x="{WIDTH - RIGHT + 16}" y="{y + 4:.1f}">{escape(_label(line, lines))}</text>'
        for y, line in heights
    ]


def _label(line: Line, lines: Sequence[Line]) -> str:
    """Return the latest value of a line, with its name if there are others."""
    value = list(line.texts.values())[-1]
    return f"{line.name} {value}" if len(lines) > 1 else value


def _scale(
    heights: Sequence[float],
    label: Callable[[float, int], str],
    digits: int,
    cap: float | None,
    margin: float = MARGIN,
) -> Scale:
    """Return a scale around what is drawn, not from 0: a change of a percent must be seen."""
    low, high = min(heights), max(heights)
    if low == high:
        spread = abs(low) * 0.02 or 0.01
        low, high = low - spread, high + spread
    span = high - low
    low, high = low - margin * span, high + margin * span
    if cap is not None and max(heights) <= cap:
        high = min(high, cap + 0.02 * span)
    step = _round_step((high - low) / GRID_LINES)
    first = -(-low // step)
    ticks = []
    tick = first * step
    while tick <= high + 1e-9 * span:
        ticks.append(tick)
        tick += step
    needed = next((number for number in range(6) if abs(round(100 * step, number) - 100 * step) < 1e-9), 6)
    return Scale(low, high, ticks, lambda tick: label(tick, needed if digits else 0))


def _round_step(raw: float) -> float:
    power = 1.0
    while power > raw:
        power /= 10
    while power * 10 <= raw:
        power *= 10
    return next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= raw * (1 - 1e-9))
