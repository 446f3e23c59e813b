"""Charts of the study: bytes by codec and tensor, and ratio against density."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from regressions.traffic.records import PLAIN, Pattern, TensorSize, TrafficStudy, total
from reports.page.charts import Figure
from reports.page.chip_charts import tensor_name
from reports.page.panels import axis
from reports.published import EMA_SAVED
from reports.text import percent, size
from reports.traffic.figures import TENSORS, curve, of_tensors

WIDTH = 1160
NAME, RIGHT, TOP, ROW, BOTTOM = 100, 76, 24, 19, 24
BAR = 5.5
"""Half the height of a bar, SVG units."""

PLANE_WIDTH, PLANE_HEIGHT = 575, 380
PLANE_LEFT, PLANE_RIGHT, PLANE_TOP, PLANE_BOTTOM = 46, 84, 14, 40
LABEL = 12
"""Height of a label beside a line's end."""
TONES = 8
MARKS = {"X": "tensor-x", "W": "tensor-w", "delta": "tensor-delta", "Y": "tensor-y", "dX": "tensor-dx"}
"""Class of a tensor's dots."""


def by_codec(study: TrafficStudy) -> Figure:
    """Return the chart of all bytes by codec: a bar of tensors, as a share of plain FP16."""
    plain = total(study.transfers, PLAIN)
    scale = axis(
        max(total(study.transfers, name) / plain for name in study.names), lambda tick: percent(tick, 0), 6
    )
    foot = TOP + ROW * len(study.names)

    def x(value: float) -> float:
        return NAME + (WIDTH - NAME - RIGHT) * value / scale.end

    parts = [
        f'<line class="{"axis" if tick == 0 else "grid"}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP}" '
        f'y2="{foot}"/><text class="tick" x="{x(tick):.1f}" y="{foot + 14}" text-anchor="middle">'
        f"{escape(scale.label(tick))}</text>"
        for tick in scale.ticks
    ]
    hovers = []
    for index, name in enumerate(study.names):
        top = TOP + ROW * index
        if index % 2 == 0:
            parts.append(f'<rect class="stripe" x="0" y="{top}" width="{WIDTH}" height="{ROW}"/>')
        parts.append(f'<text class="layer" x="4" y="{top + ROW / 2 + 4}">{escape(name)}</text>')
        at, tip = 0.0, [name]
        for tensor in TENSORS:
            moved = total(of_tensors(study.transfers, [tensor]), name)
            share = moved / plain
            parts.append(
                f'<rect class="{_colour(tensor)}" x="{x(at):.1f}" y="{top + ROW / 2 - BAR}" '
                f'width="{x(at + share) - x(at):.1f}" height="{2 * BAR}"/>'
            )
            tip.append(f"{tensor_name(tensor)} {size(moved)}")
            at += share
        parts.append(
            f'<text class="direct" x="{WIDTH - 4}" y="{top + ROW / 2 + 4}" text-anchor="end">'
            f"{size(total(study.transfers, name))}</text>"
        )
        tip.append(f"all {size(total(study.transfers, name))}, {percent(at)} of plain FP16")
        hovers.append(
            f'<rect class="hover" x="0" y="{top}" width="{WIDTH}" height="{ROW}" '
            f'data-tip="{escape(chr(10).join(tip))}"/>'
        )
    mark = x(1 - EMA_SAVED)
    parts.append(
        f'<line class="reference published" x1="{mark:.1f}" x2="{mark:.1f}" y1="{TOP - 4}" y2="{foot}"/>'
        f'<text class="reference-label published" x="{mark:.1f}" y="{TOP - 8}" text-anchor="middle">'
        f"published {percent(1 - EMA_SAVED)}</text>"
    )
    title = "External memory traffic by codec"
    chart = (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {foot + BOTTOM}" role="img" aria-label="{title}">'
        f"{''.join([*parts, *hovers])}</svg>"
    )
    return Figure(
        title,
        "Each operand read once and each result written once, in all steps and layers, of plain FP16's "
        "bytes. dW leaves in FP16 whatever the codec.",
        [
            *((f"bar {_colour(tensor)}", tensor_name(tensor)) for tensor in TENSORS),
            ("rule published", f"published for LNPU: {percent(EMA_SAVED)} saved by FGMP"),
        ],
        Markup(chart),
    )


def against_density(study: TrafficStudy, values: str, dots: str | None) -> Figure:
    """Return the chart of ratio over density for the codecs with these values.

    Parameters
    ----------
    dots : str or None
        The codec for which the trace's own tensors are drawn.
    """
    names = [one.name for one in study.codecs if one.values == values]
    curves = {name: curve(study, name, Pattern.INDEPENDENT) for name in names}
    apart = {name: curve(study, name, Pattern.CLUSTERED) for name in names}
    tensors = [one for one in study.tensors if one.tensor in MARKS] if dots else []
    heights = [height for line in (*curves.values(), *apart.values()) for _, height in line]
    scale = axis(max([*heights, 1.0]), lambda tick: f"{tick:.2f}", 6)

    def x(value: float) -> float:
        return PLANE_LEFT + (PLANE_WIDTH - PLANE_LEFT - PLANE_RIGHT) * value

    def y(value: float) -> float:
        return PLANE_HEIGHT - PLANE_BOTTOM - (PLANE_HEIGHT - PLANE_TOP - PLANE_BOTTOM) * value / scale.end

    def path(line: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{x(density):.1f},{y(height):.1f}" for density, height in line)

    parts = [
        f'<line class="grid" x1="{x(0):.1f}" x2="{x(1):.1f}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        f'<text class="tick" x="{x(0) - 6:.1f}" y="{y(tick) + 4:.1f}" text-anchor="end">'
        f"{scale.label(tick)}</text>"
        for tick in scale.ticks
    ]
    parts += [
        f'<text class="tick" x="{x(tick / 4):.1f}" y="{PLANE_HEIGHT - PLANE_BOTTOM + 15}" '
        f'text-anchor="middle">{percent(tick / 4, 0)}</text>'
        for tick in range(5)
    ]
    parts.append(
        f'<text class="tick" x="{x(0.5):.1f}" y="{PLANE_HEIGHT - 8}" text-anchor="middle">'
        "non-zeros of a tensor in FP16</text>"
    )
    for place, name in enumerate(names):
        tone = f"tone-{place % TONES}"
        parts.append(f'<polyline class="trend clustered {tone}" points="{path(apart[name])}"/>')
        parts.append(f'<polyline class="trend {tone}" points="{path(curves[name])}"/>')
    if dots:
        parts += [_dot(one, dots, x(one.density), y(min(one.ratio(dots), scale.end))) for one in tensors]
    parts += _labels([(y(curves[name][-1][1]), name, place) for place, name in enumerate(names)], x(1))
    title = f"Ratio against density, {values.upper()} values"
    drawn = f" Dots: the trace's tensors under {dots}." if dots else ""
    legend = [
        ("line solid", "zeros independent of one another"),
        ("line dashed", "zeros in clusters"),
    ]
    if dots:
        shown = dict.fromkeys(one.tensor for one in tensors)
        legend += [(f"dot solid {MARKS[tensor]}", tensor_name(tensor)) for tensor in shown]
    return Figure(
        title,
        f"Bytes over those of plain FP16, made-up tensors of {study.synthetic_elements:,} elements.{drawn}",
        legend,
        Markup(
            f'<svg class="chart" viewBox="0 0 {PLANE_WIDTH} {PLANE_HEIGHT}" role="img" '
            f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
        ),
    )


def _dot(size_: TensorSize, codec: str, x: float, y: float) -> str:
    tip = (
        f"{size_.layer} {tensor_name(size_.tensor)}\nnon-zeros {percent(size_.density)}\n"
        f"{codec} {percent(size_.ratio(codec))} of plain FP16"
    )
    return (
        f'<circle class="point {MARKS[size_.tensor]}" cx="{x:.1f}" cy="{y:.1f}" r="3.6" '
        f'data-tip="{escape(tip)}"/>'
    )


def _labels(ends: Sequence[tuple[float, str, int]], right: float) -> list[str]:
    """Return the codecs' names beside the lines' ends, those that would overlap pushed apart."""
    placed, floor = [], float(PLANE_HEIGHT - PLANE_BOTTOM)
    for y, name, place in sorted(ends, reverse=True):
        floor = min(y, floor)
        placed.append(
            f'<rect class="tone-{place % TONES}" x="{right + 5:.1f}" y="{floor - 3.5:.1f}" '
            'width="7" height="7"/>'
            f'<text class="direct" x="{right + 16:.1f}" y="{floor + 4:.1f}">{escape(name)}</text>'
        )
        floor -= LABEL
    return placed


def _colour(tensor: str) -> str:
    return {"dX": "tensor-dx", "dW": "tensor-dw", "Y": "tensor-y"}.get(tensor, f"tensor-{tensor.lower()}")
