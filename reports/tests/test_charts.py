"""Charts draw what the figures say, to scale."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from golden.geometry import Step
from regressions.results import Replay, Results, Status
from reports.page import charts, totals
from reports.page.panels import axis


def attributes(chart: str, tag: str, css: str) -> list[dict[str, str]]:
    """Return the attributes of each element of a class, in the order of drawing."""
    found = re.findall(rf'<{tag} class="{css}"([^>]*)/>', chart)
    return [dict(re.findall(r'([\w-]+)="([^"]*)"', one)) for one in found]


def drawn_order(results: Results) -> list[Replay]:
    """Return the replays in the order in which panels draw them: step by step, layers from the top."""
    return [one for step in Step for one in results.replays if one.step is step and one.cycles is not None]


def test_grid_lines_lie_where_the_values_do(passing: Results) -> None:
    """The lines of the targets are placed by the same scale as the dots, and inside the panels' grid."""
    replays = [replace(one, utilization=totals.MEAN_TARGET) for one in passing.replays]
    chart = charts.utilization(replays).chart
    targets = [float(line["x1"]) for line in attributes(chart, "line", "reference mean")]
    dots = [float(dot["cx"]) for dot in attributes(chart, "circle", "on")]
    assert len(targets) == 2
    assert set(targets) <= set(dots)
    zeros = [float(line["x1"]) for line in attributes(chart, "line", "axis")]
    grid = [float(line["x1"]) for line in attributes(chart, "line", "grid")]
    for zero, target in zip((zeros[0], zeros[2]), targets, strict=True):
        one = min(x for x in grid if x > target)
        assert (target - zero) / (one - zero) == pytest.approx(totals.MEAN_TARGET, abs=0.001)


def test_every_measured_row_tells_its_values(passing: Results) -> None:
    chart = charts.speedup(passing.replays).chart
    tips = re.findall(r'data-tip="([^"]*)"', chart)
    assert [tip.partition("\n")[0] for tip in tips] == [replay.name for replay in drawn_order(passing)]
    assert f"{passing.replays[0].speedup_over_dense_fp16:.2f} × dense FP16" in tips[0]


def test_utilization_dots_lie_at_their_values(passing: Results) -> None:
    chart = charts.utilization(passing.replays).chart
    for css, field in (("on", "utilization"), ("off", "utilization_balancer_off")):
        dots = attributes(chart, "circle", css)
        replays = drawn_order(passing)
        assert len(dots) == len(replays) == 62
        for step in Step:
            places = [
                (float(dot["cx"]), getattr(one, field))
                for dot, one in zip(dots, replays, strict=True)
                if one.step is step
            ]
            (x0, v0), (x1, v1) = (
                min(places, key=lambda place: place[1]),
                max(places, key=lambda place: place[1]),
            )
            slope = (x1 - x0) / (v1 - v0)
            for x, value in places:
                assert x == pytest.approx(x0 + slope * (value - v0), abs=0.3)


def test_traffic_bars_show_the_share_stored(passing: Results) -> None:
    chart = charts.traffic(passing.replays).chart
    stored = attributes(chart, "rect", "fill stored")
    plain = attributes(chart, "rect", "fill plain")
    for full, part, replay in zip(plain, stored, drawn_order(passing), strict=True):
        saved = totals.ema_saved(replay)
        assert saved is not None
        assert float(part["width"]) / float(full["width"]) == pytest.approx(1 - saved, abs=0.002)


def test_energy_bars_stack_to_the_total(passing: Results) -> None:
    chart = charts.on_chip_energy(passing.replays).chart
    bars = {name: attributes(chart, "rect", f"fill {name}") for name in charts.ON_CHIP}
    replays = drawn_order(passing)
    widths = [sum(float(bars[name][at]["width"]) for name in charts.ON_CHIP) for at in range(len(replays))]
    energies = [one.energy_pj.on_chip for one in replays if one.energy_pj is not None]
    scale = max(widths) / max(energies)
    assert widths == pytest.approx([scale * energy for energy in energies], abs=0.6)
    for at in range(len(replays)):
        for left, right in zip(charts.ON_CHIP, charts.ON_CHIP[1:], strict=False):
            end = float(bars[left][at]["x"]) + float(bars[left][at]["width"])
            assert end == pytest.approx(float(bars[right][at]["x"]), abs=0.2)


def test_shares_of_an_operand_add_up(passing: Results) -> None:
    for replay in passing.replays:
        zero, fp8, fp16 = charts.shares(replay)
        assert zero + fp8 + fp16 == pytest.approx(1)
        assert fp16 == pytest.approx((1 - zero) * (replay.a_fp16_fraction or 0))


def test_rows_without_figures_are_marked(broken: Results) -> None:
    for figure in (charts.utilization(broken.replays), charts.speedup(broken.replays)):
        assert figure.chart.count(">error</text>") == 2
        assert figure.chart.count(">not replayed</text>") == 1
        assert figure.chart.count(">✗</text>") == sum(one.status is Status.FAIL for one in broken.replays)


@pytest.mark.parametrize("largest", [0.0, 1e-9, 0.7, 1.0, 3.3, 4.99, 5.0, 5.01, 99.0, 1e12])
def test_axis_holds_the_largest_value_with_round_ticks(largest: float) -> None:
    scale = axis(largest, str, 5)
    assert scale.end >= largest
    assert scale.ticks[0] == 0
    assert scale.ticks[-1] == pytest.approx(scale.end)
    assert 2 <= len(scale.ticks) <= 6
    assert largest == 0 or scale.end <= 2 * largest


def test_totals_are_ratios_of_sums(passing: Results) -> None:
    sums = totals.total(passing.replays)
    cycles = sum(one.cycles or 0 for one in passing.replays)
    assert sums.utilization == pytest.approx(sum(one.ideal_cycles or 0 for one in passing.replays) / cycles)
    assert sums.speedup == pytest.approx(sum(one.dense_fp16_cycles or 0 for one in passing.replays) / cycles)
    off = sums.utilization_balancer_off
    assert off is not None
    assert min(one.utilization_balancer_off or 0 for one in passing.replays) < off < (sums.utilization or 0)


def test_targets_leave_out_stem_fc_and_bp(passing: Results) -> None:
    chosen = totals.under_target(passing)
    assert len(chosen) == 38
    assert {one.step for one in chosen} == {Step.FP, Step.WG}
    assert not {"conv1", "fc"} & {one.layer for one in chosen}
