"""The report's charts: utilization, speed-up, energy, external memory traffic, zeros and precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from golden.geometry import Step
from regressions.results import Replay
from reports.page.panels import Axis, Reference, Row, axis, draw
from reports.page.totals import EACH_TARGET, MEAN_TARGET, ema_saved, layers
from reports.published import EMA_SAVED, ZERO_MACS
from reports.text import energy, energy_unit, percent, ratio, size

ON_CHIP = ("multiplier", "adder", "sram", "control", "leakage")
BAR = 5.5
"""Half the height of a bar, SVG units."""


@dataclass(frozen=True)
class Figure:
    """A chart with what is printed around it; the legend pairs a swatch's class with its label."""

    title: str
    caption: str
    legend: list[tuple[str, str]]
    chart: Markup
    is_estimate: bool = False


def utilization(replays: Sequence[Replay]) -> Figure:
    """Return the chart of PE utilization with the balancer on and off, against the targets."""
    targets = [
        Reference(MEAN_TARGET, "mean", f"{MEAN_TARGET:.2f}", frozenset({Step.FP, Step.WG})),
        Reference(EACH_TARGET, "each", f"{EACH_TARGET:.2f}", frozenset({Step.FP, Step.WG})),
    ]

    def mark(replay: Replay, row: Row) -> str:
        on = row.x(replay.utilization or 0)
        parts = []
        if replay.utilization_balancer_off is not None:
            off = row.x(replay.utilization_balancer_off)
            parts = [
                f'<line class="link" x1="{off:.1f}" x2="{on:.1f}" y1="{row.middle}" y2="{row.middle}"/>',
                f'<circle class="off" cx="{off:.1f}" cy="{row.middle}" r="4"/>',
            ]
        return "".join([*parts, f'<circle class="on" cx="{on:.1f}" cy="{row.middle}" r="4.5"/>'])

    def tip(replay: Replay) -> str:
        return (
            f"{replay.name}\nutilization {ratio(replay.utilization, 3)}"
            f"\nbalancer off {ratio(replay.utilization_balancer_off, 3)}"
        )

    scale = Axis(1.0, (0, 0.25, 0.5, 0.75, 1.0), lambda tick: f"{tick:g}")
    title = "PE utilization"
    return Figure(
        title,
        "Ideal cycles / cycles. The gap between the dots is what the input load balancer gains.",
        [
            ("dot on", "balancer on"),
            ("dot off", "balancer off (golden model)"),
            ("rule mean", f"target {MEAN_TARGET:.2f} on average"),
            ("rule each", f"target {EACH_TARGET:.2f} in each (both: FP and WG, stem and FC apart)"),
        ],
        draw(title, replays, layers(replays), scale, mark, tip, targets),
    )


def speedup(replays: Sequence[Replay]) -> Figure:
    """Return the chart of speed-up over dense FP16, against what full utilization would give."""

    def ideal(replay: Replay) -> float:
        return (replay.dense_fp16_cycles or 0) / replay.ideal_cycles if replay.ideal_cycles else 0.0

    largest = max([1.0, *(max(ideal(one), one.speedup_over_dense_fp16 or 0) for one in replays)])

    def mark(replay: Replay, row: Row) -> str:
        got, best = row.x(replay.speedup_over_dense_fp16 or 0), row.x(ideal(replay))
        return _bar(row, row.x(0), got, "speed") + (
            f'<line class="ideal" x1="{best:.1f}" x2="{best:.1f}" '
            f'y1="{row.middle - 7}" y2="{row.middle + 7}"/>'
        )

    def tip(replay: Replay) -> str:
        return (
            f"{replay.name}\n{ratio(replay.speedup_over_dense_fp16)} × dense FP16"
            f"\n{ratio(ideal(replay))} × with every PE busy"
        )

    scale = axis(largest, lambda tick: f"{tick:g}×", 5)
    title = "Speed-up over dense FP16"
    dense = Reference(1.0, "plain", "dense FP16")
    return Figure(
        title,
        "Cycles of the same MACs with no skipping and no FP8, on the same PEs, over the cycles measured.",
        [("bar speed", "measured"), ("tick-mark ideal", "with every PE busy (utilization 1)")],
        draw(title, replays, layers(replays), scale, mark, tip, [dense]),
    )


def on_chip_energy(replays: Sequence[Replay]) -> Figure:
    """Return the chart of on-chip energy by component, with external memory's as a number beside each bar."""
    largest = max((one.energy_pj.on_chip for one in replays if one.energy_pj is not None), default=0.0)

    def mark(replay: Replay, row: Row) -> str:
        if replay.energy_pj is None:
            return ""
        start, parts = 0.0, []
        for name in ON_CHIP:
            value = getattr(replay.energy_pj, name)
            parts.append(_bar(row, row.x(start), row.x(start + value), name))
            start += value
        parts.append(
            f'<text class="direct" x="{row.right:.1f}" y="{row.middle + 4}" text-anchor="end">'
            f"+ {energy(replay.energy_pj.external)}</text>"
        )
        return "".join(parts)

    def tip(replay: Replay) -> str:
        if replay.energy_pj is None:
            return replay.name
        lines = [f"{name} {energy(value)}" for name, value in vars(replay.energy_pj).items()]
        return "\n".join([replay.name, *lines, f"total {energy(replay.energy_pj.total)} (first estimate)"])

    title = "On-chip energy by component"
    unit, name = energy_unit(largest)
    scale = axis(largest, lambda tick: f"{tick / unit:g} {name}", 4)
    return Figure(
        title,
        "From the RTL's counters and published figures per operation; beside each bar, external memory's.",
        [*((f"bar {name}", name) for name in ON_CHIP), ("text", "+ external memory, not drawn")],
        draw(title, replays, layers(replays), scale, mark, tip, margin=76),
        is_estimate=True,
    )


def traffic(replays: Sequence[Replay]) -> Figure:
    """Return the chart of external memory traffic as a share of plain FP16's."""

    def mark(replay: Replay, row: Row) -> str:
        saved = ema_saved(replay)
        if saved is None:
            return ""
        return (
            _bar(row, row.x(0), row.x(1), "plain")
            + _bar(row, row.x(0), row.x(1 - saved), "stored")
            + f'<text class="direct" x="{row.right:.1f}" y="{row.middle + 4}" text-anchor="end">'
            f"{size(replay.ema_bytes_fp16)}</text>"
        )

    def tip(replay: Replay) -> str:
        return (
            f"{replay.name}\nas stored {size(replay.ema_bytes)}\nplain FP16 {size(replay.ema_bytes_fp16)}"
            f"\nsaved {percent(ema_saved(replay))}"
        )

    scale = Axis(
        max([1.0, *(1 - (ema_saved(one) or 0) for one in replays)]), (0, 0.25, 0.5, 0.75, 1.0), _share
    )
    published = Reference(1 - EMA_SAVED, "published", f"published {_share(1 - EMA_SAVED)}")
    title = "External memory traffic"
    return Figure(
        title,
        "Each operand once, as FGMP stores it, and each result once as FP16, against all in plain FP16.",
        [
            ("bar stored", "as stored (masks, group bits and pointers included)"),
            ("bar plain", "plain FP16, bytes at the right"),
            (
                "rule published",
                f"published for LNPU: {percent(EMA_SAVED)} saved, all of ResNet-18 training",
            ),
        ],
        draw(title, replays, layers(replays), scale, mark, tip, [published], margin=60),
    )


def operand_mix(replays: Sequence[Replay]) -> Figure:
    """Return the chart of the streamed operand A: zeros, FP8 and FP16 elements."""

    def mark(replay: Replay, row: Row) -> str:
        zero, fp8, _ = shares(replay)
        return (
            _bar(row, row.x(0), row.x(zero), "zero")
            + _bar(row, row.x(zero), row.x(zero + fp8), "fp8")
            + _bar(row, row.x(zero + fp8), row.x(1), "fp16")
        )

    def tip(replay: Replay) -> str:
        zero, fp8, fp16 = shares(replay)
        return f"{replay.name}\nzero {percent(zero)}\nFP8 {percent(fp8)}\nFP16 {percent(fp16)}"

    scale = Axis(1.0, (0, 0.25, 0.5, 0.75, 1.0), _share)
    published = Reference(ZERO_MACS, "published", f"published {_share(ZERO_MACS)}")
    title = "Zeros and precision of the streamed operand A"
    return Figure(
        title,
        "X in FP and WG, δ in BP. δ at convolution outputs is dense because of batch-norm.",
        [
            ("bar zero", "zero (after FGMP), skipped"),
            ("bar fp8", "FP8"),
            ("bar fp16", "FP16"),
            ("rule published", f"published for LNPU: {_share(ZERO_MACS)} of all MACs have a zero input"),
        ],
        draw(title, replays, layers(replays), scale, mark, tip, [published]),
    )


def shares(replay: Replay) -> tuple[float, float, float]:
    """Return the shares of zeros, FP8 and FP16 elements in A."""
    zero = replay.a_zero_fraction or 0.0
    fp16 = (1 - zero) * (replay.a_fp16_fraction or 0.0)
    return zero, 1 - zero - fp16, fp16


def _bar(row: Row, start: float, end: float, css: str) -> str:
    width = max(end - start, 0)
    return (
        f'<rect class="fill {css}" x="{start:.1f}" y="{row.middle - BAR}" '
        f'width="{width:.1f}" height="{2 * BAR}"/>'
    )


def _share(tick: float) -> str:
    return percent(tick, 1).replace(".0", "")
