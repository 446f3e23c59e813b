"""Charts of the study: formats beside the reference, curves over training, thresholds by layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from regressions.accuracy.formats import REFERENCE
from regressions.accuracy.records import TENSORS, AccuracyStudy, Ending, FormatInfo, Metric
from reports.accuracy.figures import (
    Row,
    error_curve,
    error_floor,
    loss_curve,
    mean_curve,
    reference,
    rows,
    share_curve,
    when,
)
from reports.accuracy.terminal import number
from reports.page.charts import Figure
from reports.page.chip_charts import tensor_name
from reports.page.panels import axis
from reports.text import percent

WIDTH = 1160
NAME, RIGHT, TOP, ROW, BOTTOM = 190, 170, 22, 24, 28

DOT, APART = 3.4, 5
"""Radius of a run's dot, and how far those of equal runs lie apart."""

PANEL_WIDTH, PANEL_HEIGHT = 282, 178
PANEL_LEFT, PANEL_RIGHT, PANEL_TOP, PANEL_BOTTOM = 42, 8, 22, 24

TONES = 8
TENSOR_CLASS = {"X": "tensor-x", "W": "tensor-w", "delta": "tensor-delta"}

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Scale:
    """A vertical axis of a small panel: its ends and ticks, how these read, what is drawn of a value."""

    low: float
    high: float
    ticks: Sequence[float]
    label: Callable[[float], str]
    place: Callable[[float], float] = float


@dataclass(frozen=True)
class Line:
    """A curve: its points and its class."""

    points: Points
    css: str


def by_format(study: AccuracyStudy, metric: Metric) -> Figure:
    """Return the chart of a metric by format: a dot a run, mean and deviation, the reference's band."""
    shown = rows(study, metric)
    values = [found for one in study.results if (found := getattr(one, metric.value)) is not None]
    means = [(row.summary.mean, row.summary.deviation or 0.0) for row in shown]
    values += [mean + sign * spread for mean, spread in means if mean is not None for sign in (-1, 1)]
    low, high, ticks = span(min(values, default=0.0), max(values, default=1.0))
    foot = TOP + ROW * len(shown)

    def x(value: float) -> float:
        return NAME + (WIDTH - NAME - RIGHT) * (value - low) / (high - low)

    parts = [
        f'<rect class="stripe" x="0" y="{TOP + ROW * index}" width="{WIDTH}" height="{ROW}"/>'
        for index in range(0, len(shown), 2)
    ]
    band = reference(study, metric)
    if band is not None and band.least is not None and band.most is not None:
        parts.append(
            f'<rect class="band" x="{x(band.least) - 1:.1f}" y="{TOP - 4}" '
            f'width="{x(band.most) - x(band.least) + 2:.1f}" height="{foot - TOP + 4}"/>'
        )
    parts += [
        f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP}" y2="{foot}"/>'
        f'<text class="tick" x="{x(tick):.1f}" y="{foot + 15}" text-anchor="middle">'
        f"{number(tick, metric)}</text>"
        for tick in ticks
    ]
    for index, row in enumerate(shown):
        parts.append(_format_row(study, row, metric, TOP + ROW * (index + 0.5), x))
    name = "Test accuracy" if metric is Metric.ACCURACY else "Training loss"
    title = f"{name} by format"
    return Figure(
        title,
        "A dot is a run; the bar is the mean with one standard deviation on either side.",
        [
            ("dot on", "run of one seed"),
            ("tick-mark", "mean"),
            ("band", "least to most of FP32's runs"),
        ],
        _svg(title, WIDTH, foot + BOTTOM, parts),
    )


def _format_row(study: AccuracyStudy, row: Row, metric: Metric, y: float, x: Callable[[float], float]) -> str:
    summary = row.summary
    parts = [f'<text class="layer" x="4" y="{y + 4}">{escape(row.info.name)}</text>']
    drawn: list[float] = []
    for one in study.of(row.info.name):
        found = getattr(one, metric.value)
        if found is not None:
            tip = f"{row.info.name}, seed {one.seed}\n{number(found, metric)}"
            same = drawn.count(found)  # lies beside, not below, its equals
            at = y + APART * ((same + 1) // 2) * (1 if same % 2 else -1)
            drawn.append(found)
            parts.append(
                f'<circle class="on run" cx="{x(found):.1f}" cy="{at}" r="{DOT}" data-tip="{escape(tip)}"/>'
            )
    texts = []
    if summary.mean is not None:
        middle, spread = x(summary.mean), summary.deviation or 0.0
        left, right = x(summary.mean - spread), x(summary.mean + spread)
        parts.append(
            f'<line class="deviation" x1="{left:.1f}" x2="{right:.1f}" y1="{y}" y2="{y}"/>'
            f'<line class="ideal" x1="{middle:.1f}" x2="{middle:.1f}" y1="{y - 8}" y2="{y + 8}"/>'
        )
        texts.append(
            number(summary.mean, metric)
            + ("" if summary.deviation is None else f" ± {number(summary.deviation, metric)}")
        )
    if summary.diverged:
        texts.append(f"{summary.diverged} diverged")
    parts.append(
        f'<text class="direct" x="{WIDTH - 4}" y="{y + 4}" text-anchor="end">{", ".join(texts)}</text>'
    )
    return "".join(parts)


def errors(study: AccuracyStudy) -> Figure:
    """Return the panels of test error over the iterations, one a format."""
    floor = error_floor(study)
    curves = {info.name: [error_curve(one, floor) for one in study.of(info.name)] for info in study.formats}
    top = max((value for group in curves.values() for line in group for _, value in line), default=1.0)
    scale = Scale(
        math.log10(floor),
        math.log10(max(top, 10 * floor)),
        logarithmic_ticks(floor, top),
        lambda tick: percent(tick, max(0, -2 - math.floor(math.log10(tick) + 1e-9))),
        math.log10,
    )
    return _course(
        study,
        "Test error over training",
        "Share of the test images that are put into another class, at each epoch's end; logarithmic, with no "
        "error drawn as half an image.",
        curves,
        scale,
    )


def losses(study: AccuracyStudy) -> Figure:
    """Return the panels of the training loss over the iterations, one a format."""
    curves = {info.name: [loss_curve(one) for one in study.of(info.name)] for info in study.formats}
    high = max((value for group in curves.values() for line in group for _, value in line), default=1.0)
    vertical = axis(high, lambda tick: f"{tick:g}", 4)
    scale = Scale(0.0, vertical.end, vertical.ticks, vertical.label)
    return _course(
        study,
        "Training loss",
        "Cross entropy against smoothed labels, mean of equal stretches of iterations.",
        curves,
        scale,
    )


def _course(
    study: AccuracyStudy, title: str, caption: str, curves: Mapping[str, Sequence[Points]], scale: Scale
) -> Figure:
    mean = mean_curve(curves.get(REFERENCE, []))
    panels = []
    for info in study.formats:
        lines = [Line(points, "seed") for points in curves[info.name]]
        back = [] if info.name == REFERENCE else [Line(mean, "reference-mean")]
        panels.append(_panel(study, info, [*back, *lines], scale, _diverged(study, info)))
    legend = [("line solid seed", "a run"), ("line dashed reference-mean", "FP32, mean of its runs")]
    return Figure(title, caption, legend, _multiples(panels))


def shares(study: AccuracyStudy) -> Figure | None:
    """Return the panels of FP16's share over the iterations, one an FGMP format; None if there is none."""
    chosen = [info for info in study.formats if info.mode == "fgmp" and study.of(info.name)]
    if not chosen:
        return None
    curves = {
        info.name: {
            tensor: mean_curve([share_curve(one, tensor) for one in study.of(info.name)])
            for tensor in TENSORS
        }
        for info in chosen
    }
    high = max(
        (value for group in curves.values() for line in group.values() for _, value in line), default=1
    )
    high = max([high, *(info.target or 0.0 for info in chosen)])
    vertical = axis(high, lambda tick: percent(tick, 0), 4)
    scale = Scale(0.0, vertical.end, vertical.ticks, vertical.label)
    panels = []
    for info in chosen:
        target = [(1.0, info.target), (float(study.run.iterations), info.target)] if info.target else []
        lines = [Line(curves[info.name][tensor], TENSOR_CLASS[tensor]) for tensor in TENSORS]
        panels.append(_panel(study, info, [Line(target, "target"), *lines], scale, ""))
    return Figure(
        "FP16 in X, W and δ over training",
        "Share of the non-zeros after FGMP, all layers together, mean of the runs.",
        [
            *((f"line solid {TENSOR_CLASS[tensor]}", tensor_name(tensor)) for tensor in TENSORS),
            ("line dashed target", "target"),
        ],
        _multiples(panels),
    )


def thresholds(study: AccuracyStudy) -> Figure:
    """Return the panels of thresholds by layer, one a tensor, a line a trace."""
    layers = list(dict.fromkeys(one.layer for one in study.traces[0].tensors))
    every = [one.e_thr for moment in study.traces for one in moment.tensors]
    low, high = min(every) - 1, max(every) + 1
    step = max(1, (high - low) // 5)
    ticks = [tick for tick in range(low, high + 1) if tick % step == 0]
    width, height, left, bottom = 380, 240, 34, 26

    def x(index: int) -> float:
        return left + (width - left - 10) * index / max(1, len(layers) - 1)

    def y(value: float) -> float:
        return height - bottom - (height - bottom - PANEL_TOP) * (value - low) / (high - low)

    panels = []
    for tensor in TENSORS:
        parts = [
            f'<line class="grid" x1="{left}" x2="{width - 10}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
            f'<text class="tick" x="{left - 5}" y="{y(tick) + 4:.1f}" text-anchor="end">'
            f"{str(tick).replace('-', '−')}</text>"
            for tick in ticks
        ]
        parts.append(f'<text class="panel-title" x="{left}" y="14">{tensor_name(tensor)}</text>')
        parts.append(
            f'<text class="tick" x="{left}" y="{height - 8}">{escape(layers[0])}</text>'
            f'<text class="tick" x="{width - 10}" y="{height - 8}" text-anchor="end">'
            f"{escape(layers[-1])}</text>"
        )
        for place, moment in enumerate(study.traces):
            known = {one.layer: one.e_thr for one in moment.tensors if one.tensor == tensor}
            points = [(x(index), y(known[layer])) for index, layer in enumerate(layers)]
            tone = f"tone-{place % TONES}"
            parts.append(_polyline(points, tone))
            for (at, height_), layer in zip(points, layers, strict=True):
                tip = f"{layer}, {tensor_name(tensor)}\n{when(moment)}\nthreshold exponent {known[layer]}"
                parts.append(
                    f'<circle class="point {tone}" cx="{at:.1f}" cy="{height_:.1f}" r="3" '
                    f'data-tip="{escape(tip)}"/>'
                )
        panels.append(_svg(f"Threshold exponents of {tensor} by layer", width, height, parts))
    return Figure(
        "Thresholds by layer",
        "Threshold exponent of each tensor, from the first layer to the last.",
        [(f"dot solid tone-{place % TONES}", when(moment)) for place, moment in enumerate(study.traces)],
        _multiples(panels, "three"),
    )


def logarithmic_ticks(low: float, high: float) -> list[float]:
    """Return the powers of ten between two values, or if there are few also twice and five times these."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1,), (1, 2, 5)):
        ticks = [factor * 10.0**power for power in powers for factor in factors]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) > 2:
            break
    return inside


def span(low: float, high: float) -> tuple[float, float, list[float]]:
    """Return an axis that holds two values with room at its ends, and about six round ticks."""
    room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    low, high = low - room, high + room
    step = axis(high - low, str, 6).ticks[1]
    first = math.ceil(low / step)
    return low, high, [tick * step for tick in range(first, math.floor(high / step) + 1)]


def _diverged(study: AccuracyStudy, info: FormatInfo) -> str:
    count = sum(one.ending is Ending.DIVERGED for one in study.of(info.name))
    return f"{count} diverged" if count else ""


def _panel(study: AccuracyStudy, info: FormatInfo, lines: Iterable[Line], scale: Scale, note: str) -> Markup:
    right, foot = PANEL_WIDTH - PANEL_RIGHT, PANEL_HEIGHT - PANEL_BOTTOM
    length = max(1, study.run.iterations)

    def x(iteration: float) -> float:
        return PANEL_LEFT + (right - PANEL_LEFT) * iteration / length

    def y(value: float) -> float:
        return foot - (foot - PANEL_TOP) * (scale.place(value) - scale.low) / (scale.high - scale.low)

    parts = [
        f'<line class="grid" x1="{PANEL_LEFT}" x2="{right}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        f'<text class="tick" x="{PANEL_LEFT - 5}" y="{y(tick) + 4:.1f}" text-anchor="end">'
        f"{escape(scale.label(tick))}</text>"
        for tick in scale.ticks
    ]
    parts.append(f'<text class="panel-title" x="{PANEL_LEFT}" y="14">{escape(info.name)}</text>')
    if note:
        parts.append(f'<text class="absent fail" x="{right}" y="14" text-anchor="end">{escape(note)}</text>')
    parts.append(
        f'<text class="tick" x="{PANEL_LEFT}" y="{PANEL_HEIGHT - 8}">0</text>'
        f'<text class="tick" x="{right}" y="{PANEL_HEIGHT - 8}" text-anchor="end">'
        f"{study.run.iterations:,} iterations</text>"
    )
    parts += [_polyline([(x(at), y(value)) for at, value in one.points], one.css) for one in lines]
    return _svg(f"{info.label}: course of the training", PANEL_WIDTH, PANEL_HEIGHT, parts)


def _polyline(points: Points, css: str) -> str:
    if not points:
        return ""
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="course {css}" points="{text}"/>'


def _multiples(panels: Iterable[Markup], css: str = "") -> Markup:
    return Markup(f'<div class="multiples {css}">{"".join(panels)}</div>')


def _svg(title: str, width: float, height: float, parts: Iterable[str]) -> Markup:
    return Markup(
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )
