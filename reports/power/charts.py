"""Charts of the study: ratios predicted against measured, and tiles under both estimates."""

from __future__ import annotations

from markupsafe import Markup, escape

from golden.power.components import Component
from regressions.power.records import PowerStudy, Ratio, Role, Variant
from reports.page.charts import Figure
from reports.page.panels import axis
from reports.text import energy, energy_unit, percent, ratio, signed_percent

WIDTH = 1160
NAME, RIGHT, TOP, BOTTOM = 210, 80, 10, 24
ROW, BAR = 26, 4.5
SIZE, LEFT, FOOT = 520, 46, 40
COMPONENTS = [component.value for component in Component]


def against(study: PowerStudy) -> Figure:
    """Return the chart of predicted over measured ratios, with the band that passes."""
    end = axis(max([1.0, *(max(one.measured, one.predicted) for one in study.ratios)]), lambda t: f"{t:g}", 5)

    def x(value: float) -> float:
        return LEFT + (SIZE - LEFT - 10) * value / end.end

    def y(value: float) -> float:
        return SIZE - FOOT - (SIZE - FOOT - 10) * min(value / end.end, 1)

    top, low, high = end.end, 1 - study.limit, 1 + study.limit
    foot = SIZE - FOOT + 15
    band = ((0, 0), (top / high, top), (top, top), (top, top * low))
    corners = " ".join(f"{x(across):.1f},{y(up):.1f}" for across, up in band)
    parts = [f'<polygon class="band" points="{corners}"/>']
    for tick in end.ticks:
        parts.append(
            f'<line class="grid" x1="{x(0):.1f}" x2="{x(top):.1f}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
            f'<text class="tick" x="{x(0) - 6:.1f}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>'
            f'<text class="tick" x="{x(tick):.1f}" y="{foot}" text-anchor="middle">{tick:g}</text>'
        )
    parts.append(
        f'<line class="axis" x1="{x(0):.1f}" x2="{x(top):.1f}" y1="{y(0):.1f}" y2="{y(top):.1f}"/>'
        f'<text class="tick" x="{x(top / 2):.1f}" y="{SIZE - 6}" text-anchor="middle">gates</text>'
        f'<text class="tick" x="{x(0) + 6:.1f}" y="{y(top) + 10:.1f}">events</text>'
    )
    parts += [_dot(one, x(one.measured), y(one.predicted)) for one in study.ratios]
    title = "Ratios predicted and measured"
    chart = (
        f'<svg class="chart square" viewBox="0 0 {SIZE} {SIZE}" role="img" aria-label="{title}">'
        f"{''.join(parts)}</svg>"
    )
    return Figure(
        title,
        f"The band is {percent(study.limit, 0)} to either side. Hollow: tiles that constants were found on.",
        [
            ("dot per-mac", "FP8 to FP16, energy a MAC"),
            ("dot sparsity", "sparse to dense, energy"),
        ],
        Markup(chart),
    )


def _dot(one: Ratio, x: float, y: float) -> str:
    kind = "per-mac" if one.over is Variant.FP8 else "sparsity"
    hollow = " calibration" if one.role is Role.CALIBRATION else ""
    tip = (
        f"{one.layer} {one.step}\n{one.over} to {one.under}\nmeasured {ratio(one.measured, 3)}, predicted "
        f"{ratio(one.predicted, 3)}\nerror {signed_percent(one.error)}"
    )
    return f'<circle class="{kind}{hollow}" cx="{x:.1f}" cy="{y:.1f}" r="4.5" data-tip="{escape(tip)}"/>'


def tiles(study: PowerStudy) -> Figure:
    """Return the chart of energy a MAC by component: gates above, events below."""
    shown = [
        one for one in study.tiles if one.variant in (Variant.FGMP, Variant.FP8, Variant.FP16) and one.macs
    ]
    scale_of, unit = energy_unit(max((one.measured / one.macs for one in shown), default=1.0))
    scale = axis(
        max((max(one.measured, one.predicted) / one.macs for one in shown), default=1.0),
        lambda tick: f"{tick / scale_of:g} {unit}",
        6,
    )
    foot = TOP + ROW * len(shown)

    def x(value: float) -> float:
        return NAME + (WIDTH - NAME - RIGHT) * value / scale.end

    parts = [
        f'<line class="{"axis" if tick == 0 else "grid"}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP}" '
        f'y2="{foot}"/><text class="tick" x="{x(tick):.1f}" y="{foot + 14}" text-anchor="middle">'
        f"{escape(scale.label(tick))}</text>"
        for tick in scale.ticks
    ]
    hovers = []
    for index, one in enumerate(shown):
        top = TOP + ROW * index
        if index % 2 == 0:
            parts.append(f'<rect class="stripe" x="0" y="{top}" width="{WIDTH}" height="{ROW}"/>')
        parts.append(f'<text class="layer" x="4" y="{top + ROW / 2 + 4}">{escape(one.name)}</text>')
        tip = [f"{one.name}, {one.role}", "gates, events (pJ a MAC)"]
        for middle, energies in ((top + 8, one.gates), (top + 18, one.model)):
            at = 0.0
            for name in COMPONENTS:
                share = energies[name] / one.macs
                parts.append(
                    f'<rect class="power-{name}" x="{x(at):.1f}" y="{middle - BAR}" '
                    f'width="{x(at + share) - x(at):.1f}" height="{2 * BAR}"/>'
                )
                at += share
        tip += [
            f"{name} {one.gates[name] / one.macs:.3g}, {one.model[name] / one.macs:.3g}"
            for name in COMPONENTS
        ]
        tip += [
            f"multiplier of {name} MACs –, {each / one.macs:.3g}"
            for name, each in one.model_multiplier.items()
        ]
        parts.append(
            f'<text class="direct" x="{WIDTH - 4}" y="{top + ROW / 2 + 4}" text-anchor="end">'
            f"{energy(one.measured / one.macs)}</text>"
        )
        hovers.append(
            f'<rect class="hover" x="0" y="{top}" width="{WIDTH}" height="{ROW}" '
            f'data-tip="{escape(chr(10).join(tip))}"/>'
        )
    title = "Energy a MAC of the core's logic"
    chart = (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {foot + BOTTOM}" role="img" aria-label="{title}">'
        f"{''.join([*parts, *hovers])}</svg>"
    )
    return Figure(
        title,
        "Above: toggles of gates. Below: events. At the library's voltage and process, memories left out; "
        "skipped MACs do not count.",
        [(f"bar power-{name}", name) for name in COMPONENTS],
        Markup(chart),
    )
