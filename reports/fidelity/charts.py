"""Charts of the study: efficiency against sparsity, zeros by layer and network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup, escape

from regressions.fidelity.options import HIGH_SPARSITY
from regressions.fidelity.records import Experiment, FidelityStudy, Mix, Network
from reports.fidelity.figures import curve, high, points
from reports.page.charts import Figure
from reports.page.panels import Axis, axis
from reports.published import EFFICIENCY, INPUT_SPARSITY
from reports.text import percent, ratio

WIDTH, HEIGHT = 560, 360
LEFT, RIGHT, TOP, BOTTOM = 46, 22, 30, 40
MIX_CLASS = {Mix.FGMP: "fgmp", Mix.FP8: "fp8", Mix.FP16: "fp16"}
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
TENSORS = {"X": "X", "delta": "δ"}

Place = Callable[[float], float]
"""From a value to its coordinate."""


def efficiency(study: FidelityStudy) -> Figure:
    """Return the panels of efficiency against sparsity, one an operating point."""
    most = max(one.run.efficiency(place) for one in study.sweep for place in range(len(points(study))))
    scale = axis(max(most, EFFICIENCY), lambda tick: f"{tick:g}", 6)
    panels = [_efficiency_panel(study, place, name, scale) for place, name in enumerate(points(study))]
    return Figure(
        "Energy efficiency against input sparsity",
        "TFLOPS/W, all MACs counted, skipped ones too, two operations each. Each point is a replay on the "
        f"RTL of {study.run.tile}: its measured cycles and counters. Published: {EFFICIENCY} TFLOPS/W 'at "
        "high input sparsity', operating point not stated.",
        [
            *((f"line solid {MIX_CLASS[mix]}", _mix_name(mix)) for mix in Mix),
            ("rule published", f"published for LNPU: {EFFICIENCY}"),
        ],
        _panels(panels),
    )


def _mix_name(mix: Mix) -> str:
    return "FGMP, the mix of the captured tensor" if mix is Mix.FGMP else f"{mix} alone"


def _efficiency_panel(study: FidelityStudy, place: int, name: str, scale: Axis) -> Markup:
    foot, right = HEIGHT - BOTTOM, WIDTH - RIGHT

    def x(value: float) -> float:
        return LEFT + (right - LEFT) * value

    def y(value: float) -> float:
        return foot - (foot - TOP) * value / scale.end

    parts = [f'<text class="panel-title" x="{LEFT}" y="14">{escape(name)}</text>']
    parts += _frame(scale, QUARTERS, x, y, right, foot)
    parts.append(
        f'<text class="tick" x="{right}" y="{HEIGHT - 4}" text-anchor="end">zeros in X</text>'
        f'<line class="reference published" x1="{LEFT}" x2="{right}" y1="{y(EFFICIENCY):.1f}" '
        f'y2="{y(EFFICIENCY):.1f}"/><text class="reference-label published" x="{LEFT + 6}" '
        f'y="{y(EFFICIENCY) - 5:.1f}">published {EFFICIENCY}</text>'
    )
    for mix in reversed(Mix):
        runs = [(one.asked, one.run) for one in curve(study, mix)]
        line = " ".join(f"{x(share):.1f},{y(run.efficiency(place)):.1f}" for share, run in runs)
        parts.append(f'<polyline class="course {MIX_CLASS[mix]}" points="{line}"/>')
        for share, run in runs:
            tip = (
                f"{_mix_name(mix)}\n{percent(run.zeros)} zeros\n{ratio(run.efficiency(place))} TFLOPS/W\n"
                f"{run.cycles:,} cycles"
            )
            parts.append(
                f'<circle class="point {MIX_CLASS[mix]}" cx="{x(share):.1f}" '
                f'cy="{y(run.efficiency(place)):.1f}" r="3" data-tip="{escape(tip)}"/>'
            )
    ours = high(study).efficiency(place)
    parts.append(
        f'<circle class="marked" cx="{x(HIGH_SPARSITY):.1f}" cy="{y(ours):.1f}" r="6"/>'
        f'<text class="direct" x="{x(HIGH_SPARSITY) - 9:.1f}" y="{y(ours) - 8:.1f}" text-anchor="end">'
        f"{ratio(ours, 1)} at {percent(HIGH_SPARSITY, 0)}</text>"
    )
    return _svg(f"Efficiency at {name}", parts)


def input_sparsity(study: FidelityStudy) -> Figure | None:
    """Return the panels of zeros in X and δ by layer, one a network; None if none was captured."""
    made = study.experiment(Experiment.NETWORKS)
    return _zeros("Zeros by layer and network", made.networks, published=True) if made else None


def batch_norm(study: FidelityStudy) -> Figure | None:
    """Return the same of the networks with and without batch-norm; None without that experiment."""
    made = study.experiment(Experiment.NO_BATCH_NORM)
    title = "Zeros by layer with and without batch-norm"
    return _zeros(title, made.networks, published=False) if made else None


def _zeros(title: str, networks: Sequence[Network], *, published: bool) -> Figure:
    legend = [("line solid tensor-x", "X, a layer's input"), ("line solid tensor-delta", "δ at its output")]
    if published:
        low, up = INPUT_SPARSITY
        legend.append(("band", f"published input sparsity, {percent(low, 0)} to {percent(up, 0)}"))
    return Figure(
        title,
        "Share of zeros in the captured tensors, FP16, from the first layer to the last.",
        legend,
        _panels([_zeros_panel(one, published) for one in networks]),
    )


def _zeros_panel(network: Network, published: bool) -> Markup:
    foot, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    count = len(network.layers)

    def x(index: float) -> float:
        return LEFT + (right - LEFT) * index / max(1, count - 1)

    def y(value: float) -> float:
        return foot - (foot - TOP) * value

    parts = [f'<text class="panel-title" x="{LEFT}" y="14">{escape(network.name)}</text>']
    if published:
        low, up = INPUT_SPARSITY
        parts.append(
            f'<rect class="band" x="{LEFT}" y="{y(up):.1f}" width="{right - LEFT}" '
            f'height="{y(low) - y(up):.1f}"/>'
        )
    scale = Axis(1.0, QUARTERS, lambda tick: percent(tick, 0))
    parts += _frame(scale, (), x, y, right, foot)
    first, last = network.layers[0].layer, network.layers[-1].layer
    parts.append(
        f'<text class="tick" x="{LEFT}" y="{foot + 15}">{escape(first)}</text>'
        f'<text class="tick" x="{right}" y="{foot + 15}" text-anchor="end">{escape(last)}</text>'
    )
    for tensor, sign in TENSORS.items():
        css = f"tensor-{tensor.lower()}"
        shares = [
            (one.layer, one.tensors[tensor].zeros / one.tensors[tensor].elements) for one in network.layers
        ]
        line = " ".join(f"{x(index):.1f},{y(share):.1f}" for index, (_, share) in enumerate(shares))
        parts.append(f'<polyline class="course {css}" points="{line}"/>')
        parts += [
            f'<circle class="point {css}" cx="{x(index):.1f}" cy="{y(share):.1f}" r="3" '
            f'data-tip="{escape(f"{layer}, {sign}: {percent(share)} zero")}"/>'
            for index, (layer, share) in enumerate(shares)
        ]
    return _svg(f"Zeros of {network.name} by layer", parts)


def _frame(scale: Axis, across: Iterable[float], x: Place, y: Place, right: float, foot: float) -> list[str]:
    parts = [
        f'<line class="{"axis" if tick == 0 else "grid"}" x1="{LEFT}" x2="{right}" y1="{y(tick):.1f}" '
        f'y2="{y(tick):.1f}"/><text class="tick" x="{LEFT - 5}" y="{y(tick) + 4:.1f}" text-anchor="end">'
        f"{escape(scale.label(tick))}</text>"
        for tick in scale.ticks
    ]
    return parts + [
        f'<text class="tick" x="{x(tick):.1f}" y="{foot + 15}" text-anchor="middle">{percent(tick, 0)}</text>'
        for tick in across
    ]


def _panels(panels: Iterable[Markup]) -> Markup:
    return Markup(f'<div class="multiples">{"".join(panels)}</div>')


def _svg(title: str, parts: Iterable[str]) -> Markup:
    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )
