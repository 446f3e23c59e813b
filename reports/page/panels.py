"""Frame of the per-layer charts, as SVG: a row a layer, a panel a step side by side, one scale for all."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from golden.geometry import Step
from regressions.results import Replay, Status

WIDTH = 1160
RIGHT = 16
NAME_WIDTH = 152
NAME_LETTERS = 21
"""Most letters of a layer's name that fit there: as many as ResNet-18's longest has."""
GAP = 26
ROW = 19
TOP = 44
BOTTOM = 24
STEP_TITLE = {Step.FP: "FP · forward", Step.BP: "BP · error propagation", Step.WG: "WG · weight gradient"}


@dataclass(frozen=True)
class Axis:
    """A linear axis from 0: its end, its ticks, and how a tick reads."""

    end: float
    ticks: Sequence[float]
    label: Callable[[float], str]


@dataclass(frozen=True)
class Row:
    """One replay's place in a panel; `x` maps a value to a coordinate."""

    x: Callable[[float], float]
    left: float
    right: float
    middle: float


@dataclass(frozen=True)
class Reference:
    """A vertical line: where, its class and its label; `steps` limits it to some panels."""

    value: float
    css: str
    label: str
    steps: frozenset[Step] = frozenset(Step)


def axis(largest: float, label: Callable[[float], str], ticks: int) -> Axis:
    """Return an axis that holds 0 to `largest` with about `ticks` round ticks."""
    if largest <= 0:
        return Axis(1.0, (0.0, 1.0), label)
    raw = largest / ticks
    power: float = 10.0 ** math.floor(math.log10(raw))
    step = next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= raw * (1 - 1e-9))
    number = math.ceil(largest / step - 1e-9)
    return Axis(number * step, [index * step for index in range(number + 1)], label)


def draw(
    title: str,
    replays: Sequence[Replay],
    layers: Sequence[str],
    scale: Axis,
    mark: Callable[[Replay, Row], str],
    tip: Callable[[Replay], str],
    references: Sequence[Reference] = (),
    margin: float = 0,
) -> Markup:
    """Return the chart.

    Parameters
    ----------
    title
        What the chart shows, for readers that cannot see it.
    replays, layers
        What to draw; layers from top to bottom. A layer without a replay of a step leaves its row empty.
    scale
        The horizontal axis, the same in all panels.
    mark
        Returns the SVG of one measured replay.
    tip
        Returns the text shown over a row.
    references
        Vertical lines.
    margin
        Space kept free at the right of each panel for direct labels, in SVG units.
    """
    steps = [step for step in Step if any(replay.step is step for replay in replays)]
    by_place = {(replay.layer, replay.step): replay for replay in replays}
    panel = (WIDTH - NAME_WIDTH - RIGHT - GAP * max(len(steps) - 1, 0)) / max(len(steps), 1)
    foot = TOP + ROW * len(layers)
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {foot + BOTTOM}" role="img" aria-label="{escape(title)}">',
        *(_stripe(index, layer) for index, layer in enumerate(layers)),
    ]
    hovers: list[str] = []
    for place, step in enumerate(steps):
        left = NAME_WIDTH + place * (panel + GAP)
        width = panel - margin

        def x(value: float, left: float = left, width: float = width) -> float:
            return left + width * min(max(value / scale.end, 0), 1)

        parts.append(_panel_frame(step, scale, x, foot))
        for index, layer in enumerate(layers):
            top = TOP + ROW * index
            replay = by_place.get((layer, step))
            row = Row(x, left, left + panel, top + ROW / 2)
            parts.append(_cell(replay, row, mark))
            hovers.append(_hover(replay, row, tip))
        parts += [_reference(line, x(line.value), foot) for line in references if step in line.steps]
    parts += hovers
    parts.append("</svg>")
    return Markup("".join(parts))


def _stripe(index: int, layer: str) -> str:
    top = TOP + ROW * index
    band = f'<rect class="stripe" x="0" y="{top}" width="{WIDTH}" height="{ROW}"/>' if index % 2 == 0 else ""
    return f'{band}<text class="layer" x="4" y="{top + ROW / 2 + 4}">{escape(_short(layer))}</text>'


def _short(layer: str) -> str:
    """Return a name that fits beside the panels: of a long one, its start and its end."""
    if len(layer) <= NAME_LETTERS:
        return layer
    half = (NAME_LETTERS - 1) // 2
    return f"{layer[:half]}…{layer[-half:]}"


def _panel_frame(step: Step, scale: Axis, x: Callable[[float], float], foot: float) -> str:
    parts = [f'<text class="panel-title" x="{x(0):.1f}" y="14">{escape(STEP_TITLE[step])}</text>']
    for tick in scale.ticks:
        css = "axis" if tick == 0 else "grid"
        anchor = "start" if tick == 0 else "middle"
        parts.append(
            f'<line class="{css}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP}" y2="{foot}"/>'
            f'<text class="tick" x="{x(tick):.1f}" y="{foot + 14}" text-anchor="{anchor}">'
            f"{escape(scale.label(tick))}</text>"
        )
    return "".join(parts)


def _reference(line: Reference, x: float, foot: float) -> str:
    return (
        f'<line class="reference {line.css}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" y2="{foot}"/>'
        f'<text class="reference-label {line.css}" x="{x:.1f}" y="{TOP - 8}" text-anchor="middle">'
        f"{escape(line.label)}</text>"
    )


def _cell(replay: Replay | None, row: Row, mark: Callable[[Replay, Row], str]) -> str:
    if replay is None:
        return _note(row.left + 6, row, "", "not replayed")
    if replay.cycles is None:
        return _note(row.left + 6, row, str(Status.ERROR), "error")
    flag = _note(row.left - 12, row, str(Status.FAIL), "✗") if replay.status is Status.FAIL else ""
    return mark(replay, row) + flag


def _note(x: float, row: Row, css: str, text: str) -> str:
    return f'<text class="absent {css}" x="{x:.1f}" y="{row.middle + 4}">{text}</text>'


def _hover(replay: Replay | None, row: Row, tip: Callable[[Replay], str]) -> str:
    """Return what catches the pointer over a row; it lies on top of everything else."""
    if replay is None or replay.cycles is None:
        return ""
    return (
        f'<rect class="hover" x="{row.left:.1f}" y="{row.middle - ROW / 2}" '
        f'width="{row.right - row.left:.1f}" height="{ROW}" data-tip="{escape(tip(replay))}"/>'
    )
