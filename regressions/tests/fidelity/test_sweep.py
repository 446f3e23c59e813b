"""The sweep and the layers: what is made sparse or dense, what is measured, and when a curve falls."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from golden.fgmp import encode
from golden.geometry import Step
from golden.power.calibration import load_calibration
from golden.power.events import count_events
from golden.power.operating import PUBLISHED
from golden.presets import PRESETS
from regressions.fidelity.layers import run_layers, uses
from regressions.fidelity.records import Machine, Mix, Run, SweepPoint
from regressions.fidelity.replays import measure
from regressions.fidelity.sweep import falls, sparsified, sweep
from regressions.operands import ReplaySettings
from regressions.power.records import Role
from regressions.power.tiles import TileChoice, cut
from regressions.tests.fidelity.fake_core import fake_core
from regressions.traces import SAMPLE_PATH, Trace
from tb.core.bare import CoreFailure
from tb.core.replay import ReplayInput

MODEL = load_calibration()
SETTINGS = ReplaySettings("core", True, 1)


def tile(step: Step = Step.FP, layer: str = "layer1.1.conv1") -> ReplayInput:
    choice = TileChoice(layer, step, Role.VALIDATION)
    return cut(Trace.open(SAMPLE_PATH, verify=False), choice, PRESETS["core"], SETTINGS, 3)


def measured(source: ReplayInput) -> Run:
    return measure(fake_core(), source, MODEL, PUBLISHED)


# --- A replay ---------------------------------------------------------------------------------------


def test_efficiency_counts_all_macs_and_comes_from_cycles() -> None:
    source = tile()
    core = fake_core()
    run = measure(core, source, MODEL, PUBLISHED)
    replay, outcome = core.run(source)
    assert run.cycles == outcome.cycles
    assert run.macs_total == run.macs_fp8 + run.macs_fp16 + run.macs_skipped
    assert run.macs_skipped > 0
    logic = MODEL.logic(count_events(outcome.counters, len(replay.streams.costs)))
    scale = MODEL.node_scale * PUBLISHED[0].dynamic(0.9) * 1e12
    assert sum(run.energy[0].logic.values()) == pytest.approx(sum(logic.values()) * scale)
    assert run.efficiency(0) == pytest.approx(2 * run.macs_total / run.energy[0].total)
    assert run.flops(1) == pytest.approx(2 * run.macs_total * 200e6 / run.cycles)
    assert run.flops(1) / run.watts(1) == pytest.approx(run.efficiency(1) * 1e12)
    slower = replace(run, cycles=2 * run.cycles)
    assert slower.flops(1) == pytest.approx(run.flops(1) / 2)


@pytest.mark.parametrize(
    ("core", "message"),
    [
        (fake_core(wrong_bit=True), "1 results are not golden"),
        (fake_core(miscount="macs_skipped"), "counters differ from the golden model: macs_skipped"),
        (fake_core(miscount="a_beats"), "counters differ from the golden model: a_beats"),
    ],
)
def test_a_replay_that_is_not_golden_has_no_figures(core: object, message: str) -> None:
    with pytest.raises(CoreFailure, match=message):
        measure(core, tile(), MODEL, PUBLISHED)  # type: ignore[arg-type]


# --- Sweep ------------------------------------------------------------------------------------------


def test_zeros_are_drawn_and_stay(rng: np.random.Generator) -> None:
    dense = rng.integers(1, 100, (2, 8, 5, 5), dtype=np.uint16)
    some, more = sparsified(dense, 0.3, 1), sparsified(dense, 0.6, 1)
    assert int((some == 0).sum()) == round(0.3 * dense.size)
    assert not more[some == 0].any()
    assert (some[some != 0] == dense[some != 0]).all()
    assert (sparsified(dense, 0.0, 1) == dense).all()
    assert (sparsified(dense, 0.3, 2) != some).any()


def test_sweep_of_a_tile() -> None:
    source = tile()
    shares = (0.0, 0.5, 0.9)
    points = sweep(source, shares, 1, measured, lambda line: None)
    assert [(one.mix, one.asked) for one in points] == [(mix, share) for mix in Mix for share in shares]
    by_place = {(one.mix, one.asked): one.run for one in points}
    for (mix, share), run in by_place.items():
        assert run.zeros == pytest.approx(share, abs=0.01)
        assert run.fp16 == {Mix.FP8: 0, Mix.FP16: 1}.get(mix, run.fp16)
        assert run.results == points[0].run.results
    assert 0 < by_place[Mix.FGMP, 0.0].fp16 < 0.5
    assert by_place[Mix.FGMP, 0.0].macs_skipped == 0
    assert not falls(points)


def test_a_curve_that_does_not_rise_is_found() -> None:
    points = sweep(tile(), (0.0, 0.5, 0.9), 1, measured, lambda line: None)
    equal = [SweepPoint(one.mix, one.asked, points[0].run) for one in points[:2]]
    found = falls(equal)
    assert [(fall.mix, fall.sparsity, fall.voltage) for fall in found] == [
        (Mix.FGMP, 0.5, 0.7),
        (Mix.FGMP, 0.5, 1.1),
    ]
    assert found[0].before == found[0].after
    first, second, third = points[:3]
    leaking = [replace(one, leakage=100 * one.total) for one in second.run.energy[1:]]
    wasteful = replace(second, run=replace(second.run, energy=[second.run.energy[0], *leaking]))
    (one,) = falls([third, first, wasteful])  # in any order
    assert (one.sparsity, one.megahertz) == (0.5, 200)
    assert one.after < one.before


# --- Layers -----------------------------------------------------------------------------------------


def test_ways_to_use_the_core() -> None:
    source = tile()
    ways = dict(uses(source, 1))
    assert list(ways) == list(Machine)
    assert ways[Machine.FGMP] is source
    assert not ways[Machine.NO_BALANCER].balancer
    zeros = {machine: encode(one.a, one.a_fmt, one.a_e_thr).zero_fraction for machine, one in ways.items()}
    assert zeros[Machine.DENSE_FP16] == 0 < zeros[Machine.SPARSE_FP16] <= zeros[Machine.FGMP]
    for machine in (Machine.SPARSE_FP16, Machine.DENSE_FP16):
        one = ways[machine]
        assert encode(one.a, one.a_fmt, one.a_e_thr).fp16_fraction == 1
        assert encode(one.b, one.b_fmt, one.b_e_thr).fp16_fraction == 1
    assert Machine.NO_BALANCER not in dict(uses(tile(Step.WG), 1))


def test_layers_are_weighed_to_one_image_and_all_columns() -> None:
    trace = Trace.open(SAMPLE_PATH, verify=False)
    found = run_layers(trace, [("fc", [Step.FP, Step.BP])], SETTINGS, partial(measured), lambda line: None)
    geometry = trace.geometry("fc")
    weights = {one.step: one.weight for one in found}
    assert weights[Step.FP] == pytest.approx(1 / geometry.batch)
    assert weights[Step.BP] == pytest.approx(512 / 16 / geometry.batch)
    by_way = {one.machine: one.run for one in found if one.step is Step.BP}
    assert by_way[Machine.DENSE_FP16].macs_skipped == 0
    assert by_way[Machine.DENSE_FP16].cycles > by_way[Machine.FGMP].cycles
