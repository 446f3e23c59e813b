"""Charts of replays on the chip: rooflines, and external memory traffic by tensor."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from golden.chip.plan import RESULT_TENSOR
from golden.geometry import Step
from regressions.chip.records import ChipFigures, TensorTraffic
from regressions.results import Replay
from reports.page.charts import BAR, Figure
from reports.page.panels import Axis, Row, axis, draw
from reports.page.totals import layers
from reports.text import percent, ratio, size

STEP_CLASS = {Step.FP: "step-fp", Step.BP: "step-bp", Step.WG: "step-wg"}
TENSOR_CLASS = {"X": "tensor-x", "W": "tensor-w", "delta": "tensor-delta"}
"""Class of an operand; results are `RESULT_CLASS`, all else `OTHER_CLASS`."""
RESULT_CLASS, OTHER_CLASS = "tensor-result", "tensor-other"
TENSOR_NAMES = {"delta": "δ", "dX": "δ of the layer before (dX)", "dW": "dW", "Y": "Y"}

Place = Callable[[float], float]
"""From a value to a coordinate."""
PLANE_WIDTH, PLANE_HEIGHT = 1160, 420
PLANE_LEFT, PLANE_RIGHT, PLANE_TOP, PLANE_BOTTOM = 64, 16, 16, 44


def tensor_name(tensor: str) -> str:
    """Return how a tensor is written on the page."""
    return TENSOR_NAMES.get(tensor, tensor)


def tensor_class(tensor: str) -> str:
    """Return the class of a tensor's colour."""
    if tensor in RESULT_TENSOR.values():
        return RESULT_CLASS
    return TENSOR_CLASS.get(tensor, OTHER_CLASS)


def on_chip(replays: Sequence[Replay]) -> list[tuple[Replay, ChipFigures]]:
    """Return the replays that have figures of the chip, with them."""
    return [(replay, replay.chip) for replay in replays if replay.chip is not None]


def roofline_plane(replays: Sequence[Replay], pes: int, bytes_per_cycle: int) -> Figure:
    """Return the roofline: utilization over operational intensity, both on logarithmic scales."""
    points = on_chip(replays)
    intensities = [
        value
        for _, chip in points
        for value in (chip.roofline.intensity, chip.roofline.compulsory_intensity)
        if value > 0
    ]
    heights = [replay.utilization for replay, _ in points if replay.utilization]
    ridge = pes / bytes_per_cycle
    x0, x1 = _decades(min([*intensities, ridge / 2]), max([*intensities, ridge * 2]))
    y0, y1 = _decades(min([*heights, 0.5]), 1.0)

    def x(value: float) -> float:
        span = PLANE_WIDTH - PLANE_LEFT - PLANE_RIGHT
        return PLANE_LEFT + span * (math.log10(value) - x0) / (x1 - x0)

    def y(value: float) -> float:
        span = PLANE_HEIGHT - PLANE_TOP - PLANE_BOTTOM
        return PLANE_TOP + span * (y1 - math.log10(value)) / (y1 - y0)

    parts = [_plane_grid(x, y, (x0, x1), (y0, y1))]
    left = max(10.0**x0, ridge * 10.0**y0)
    roof = [(left, left / ridge), (ridge, 1.0), (10.0**x1, 1.0)]
    path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in roof)
    parts.append(f'<polyline class="roof" points="{path}"/>')
    for replay, chip in points:
        roofline, value = chip.roofline, replay.utilization
        if value and roofline.intensity:
            css = STEP_CLASS[replay.step]
            at, height, top = x(roofline.intensity), y(value), y(roofline.attainable)
            least = x(roofline.compulsory_intensity) if roofline.compulsory_intensity else at
            parts.append(
                f'<line class="reach {css}" x1="{at:.1f}" x2="{at:.1f}" y1="{height:.1f}" y2="{top:.1f}"/>'
                f'<line class="least {css}" x1="{at:.1f}" x2="{least:.1f}" '
                f'y1="{height:.1f}" y2="{height:.1f}"/>'
                f'<circle class="point {css}" cx="{at:.1f}" cy="{height:.1f}" r="4" '
                f'data-tip="{escape(_roofline_tip(replay))}"/>'
            )
    title = "Roofline"
    chart = (
        f'<svg class="chart plane" viewBox="0 0 {PLANE_WIDTH} {PLANE_HEIGHT}" role="img" '
        f'aria-label="{title}">{"".join(parts)}</svg>'
    )
    return Figure(
        title,
        f"Utilization (1: each of the {pes} PEs busy in every cycle) over work for each byte at the pins; "
        f"the memory moves {bytes_per_cycle} bytes a cycle. A dot's upright line ends at its roof; its level "
        "line ends where the intensity would be if each operand and result moved once.",
        [*((f"dot solid {STEP_CLASS[step]}", str(step)) for step in Step), ("rule roof", "roof")],
        Markup(chart),
    )


def roofline_rows(replays: Sequence[Replay]) -> Figure:
    """Return the chart of what was reached in each layer, against what its roofline allows."""

    def mark(replay: Replay, row: Row) -> str:
        if replay.chip is None:
            return ""
        roofline = replay.chip.roofline
        got, roof = row.x(replay.utilization or 0), row.x(roofline.attainable)
        least = row.x(roofline.compulsory_attainable)
        return (
            f'<rect class="fill speed" x="{row.x(0):.1f}" y="{row.middle - BAR}" '
            f'width="{max(got - row.x(0), 0):.1f}" height="{2 * BAR}"/>'
            f'<line class="compulsory" x1="{least:.1f}" x2="{least:.1f}" '
            f'y1="{row.middle - 7}" y2="{row.middle + 7}"/>'
            f'<line class="ideal" x1="{roof:.1f}" x2="{roof:.1f}" '
            f'y1="{row.middle - 7}" y2="{row.middle + 7}"/>'
            f'<text class="direct" x="{row.right:.1f}" y="{row.middle + 4}" text-anchor="end">'
            f"{ratio(roofline.reached)}{' m' if roofline.bound == 'memory' else ''}</text>"
        )

    scale = Axis(1.0, (0, 0.25, 0.5, 0.75, 1.0), lambda tick: f"{tick:g}")
    title = "Utilization against each layer's roofline"
    return Figure(
        title,
        "Beside each bar: utilization over its roof; 'm' where memory is the lower roof.",
        [
            ("bar speed", "utilization reached"),
            ("tick-mark ideal", "roof: least of 1 and memory at the bytes moved"),
            ("tick-mark compulsory", "roof if each operand and result moved once"),
        ],
        draw(title, replays, layers(replays), scale, mark, _roofline_tip, margin=44),
    )


def tensor_traffic(replays: Sequence[Replay]) -> Figure:
    """Return the chart of the bytes at the pins by tensor, as a share of plain FP16's."""
    shares = [_total(chip) / _plain(chip) for _, chip in on_chip(replays) if _plain(chip)]

    def mark(replay: Replay, row: Row) -> str:
        if replay.chip is None or not (plain := _plain(replay.chip)):
            return ""
        parts, start = [_bar(row, 0, 1, "plain")], 0.0
        for name, moved in replay.chip.traffic.items():
            share = moved.total / plain
            parts.append(_bar(row, start, start + share, tensor_class(name)))
            start += share
        parts.append(
            f'<text class="direct" x="{row.right:.1f}" y="{row.middle + 4}" text-anchor="end">'
            f"{size(plain)}</text>"
        )
        return "".join(parts)

    def tip(replay: Replay) -> str:
        if replay.chip is None:
            return replay.name
        lines = [
            f"{tensor_name(name)} {size(moved.total)}, plain FP16 {size(moved.plain)}"
            for name, moved in replay.chip.traffic.items()
            if moved.plain
        ]
        return "\n".join([replay.name, *lines])

    title = "External memory traffic by tensor"
    return Figure(
        title,
        "Bytes counted at the pins, masks and control included, as a share of what the same jobs move "
        "in plain FP16 (its bytes at the right).",
        [
            *((f"bar {css}", tensor_name(name)) for name, css in TENSOR_CLASS.items()),
            (f"bar {RESULT_CLASS}", "results"),
            (f"bar {OTHER_CLASS}", "post-processing and control"),
            ("bar plain", "plain FP16"),
        ],
        draw(
            title,
            replays,
            layers(replays),
            axis(max([1.0, *shares]), lambda tick: percent(tick, 0), 4),
            mark,
            tip,
            margin=60,
        ),
    )


def _total(chip: ChipFigures) -> int:
    return sum(one.total for one in chip.traffic.values())


def _plain(chip: ChipFigures) -> int:
    return sum(one.plain for one in chip.traffic.values())


def _bar(row: Row, start: float, end: float, css: str) -> str:
    left, right = row.x(start), row.x(end)
    return (
        f'<rect class="fill {css}" x="{left:.1f}" y="{row.middle - BAR}" '
        f'width="{max(right - left, 0):.1f}" height="{2 * BAR}"/>'
    )


def _roofline_tip(replay: Replay) -> str:
    if replay.chip is None:
        return replay.name
    roofline = replay.chip.roofline
    return "\n".join(
        [
            replay.name,
            f"utilization {ratio(replay.utilization, 3)}",
            f"roof {ratio(roofline.attainable, 3)} ({roofline.bound}), {percent(roofline.reached)} of it",
            f"{ratio(roofline.intensity)} PE cycles a byte",
            f"{ratio(roofline.compulsory_intensity)} if each operand and result moved once",
        ]
    )


def _decades(low: float, high: float) -> tuple[float, float]:
    """Return the logarithms of an axis that holds both values with a little room, at least a decade."""
    first, last = math.log10(low) - 0.05, math.log10(high) + 0.05
    return first, max(last, first + 1)


def _ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 of each decade within logarithms."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    found = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
    return [tick for tick in found if low <= math.log10(tick) <= high]


def _plane_grid(x: Place, y: Place, x_range: tuple[float, float], y_range: tuple[float, float]) -> str:
    bottom, right = PLANE_HEIGHT - PLANE_BOTTOM, PLANE_WIDTH - PLANE_RIGHT
    parts = []
    for tick in _ticks(*x_range):
        at = f"{x(tick):.1f}"
        parts.append(
            f'<line class="grid" x1="{at}" x2="{at}" y1="{PLANE_TOP}" y2="{bottom}"/>'
            f'<text class="tick" x="{at}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>'
        )
    for tick in _ticks(*y_range):
        at = f"{y(tick):.1f}"
        parts.append(
            f'<line class="grid" x1="{PLANE_LEFT}" x2="{right}" y1="{at}" y2="{at}"/>'
            f'<text class="tick" x="{PLANE_LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">'
            f"{tick:g}</text>"
        )
    middle = (PLANE_LEFT + right) / 2
    parts.append(
        f'<text class="tick" x="{middle:.0f}" y="{PLANE_HEIGHT - 8}" text-anchor="middle">'
        "PE cycles of work for each byte at the pins</text>"
    )
    return "".join(parts)


def added(parts: Sequence[TensorTraffic]) -> TensorTraffic:
    """Return the sum."""
    return TensorTraffic(
        sum(one.read for one in parts),
        sum(one.written for one in parts),
        sum(one.plain_read for one in parts),
        sum(one.plain_written for one in parts),
    )
