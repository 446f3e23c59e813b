"""The schedule model: cycles worked out by hand, bounds, lost overlaps, counters, its speed."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from golden.counters import ideal_cycles, work_counters
from golden.geometry import ConvGeometry, Step
from golden.presets import Preset, find_preset
from golden.schedule import (
    RULES,
    Schedule,
    ScheduleError,
    ScheduleRules,
    launches,
    model_cycles,
    predicted_counters,
    replay_cycles,
)
from golden.streams import CoreStreams
from golden.tests.reference import (
    SHAPES,
    make_case,
    met_element,
    random_case,
    random_fp16,
    random_geometry,
)

TINY = find_preset("tiny")
CORE = find_preset("core")

ONE = 0x3C00  # 1.0: FP8 under the threshold used here
BIG = 0x5C00  # 256.0: FP16

LAYER = ConvGeometry("layer", 2, 64, 10, 10, 16, 3, 1, 1)
"""Two channel groups and two blocks on preset `core`."""


def streams_of(
    geometry: ConvGeometry, step: Step, preset: Preset, a_bits: np.ndarray, *, balancer: bool = True
) -> CoreStreams:
    """Lower a step with A given as FP16 bits; B has no say in the schedule."""
    case = make_case(
        geometry, step, preset, a_bits.astype(np.uint16), np.zeros((1, 1), np.uint16), balancer=balancer
    )
    return CoreStreams(case.lowering, case.a)


def random_streams(
    rng: np.random.Generator,
    geometry: ConvGeometry,
    step: Step,
    preset: Preset,
    density: float = 0.5,
    *,
    balancer: bool = True,
) -> CoreStreams:
    case = random_case(rng, geometry, step, preset, density=density, balancer=balancer)
    return CoreStreams(case.lowering, case.a)


def tolerance(cycles: int) -> float:
    """How far the model may lie from the RTL."""
    return max(0.02 * cycles, 32)


def fully_connected(batch: int, channels: int) -> ConvGeometry:
    return ConvGeometry("fc", batch, channels, 1, 1, 1, 1, 1, 0)


# -- by hand ------------------------------------------------------------------------------------------------


def test_one_element_by_hand() -> None:
    """One channel, one pixel, one FP8 element on `tiny`, cycle by cycle."""
    schedule = model_cycles(streams_of(fully_connected(1, 1), Step.FP, TINY, np.full((1, 1, 1, 1), ONE)))
    # 0: the channel gets its line. 1: Tile. 2: Segment; the B row is loaded; the beat goes to its line.
    # 3: Run; the beat enters the unpacker. 4: its word moves to the ring. 5: the row's part is fetched.
    # 6: the walker takes it. 7: the element is issued. 11 to 14: the row enters the tree; one level and one
    # cycle to join: 16, the partial sums choose it. 19 and 20: its halves leave.
    assert schedule.first_command == 1
    assert schedule.first_load == 3
    assert schedule.cycles == 21
    assert (schedule.busy, schedule.wait_a, schedule.wait_b, schedule.wait_queue) == (1, 1, 0, 0)


def test_an_fp16_element_takes_a_cycle_more_and_a_row_of_zeros_a_cycle() -> None:
    def cycles(bits: int) -> Schedule:
        return model_cycles(streams_of(fully_connected(1, 1), Step.FP, TINY, np.full((1, 1, 1, 1), bits)))

    assert (cycles(BIG).cycles, cycles(BIG).busy) == (22, 2)
    assert (cycles(0).cycles, cycles(0).busy) == (21, 0)


@pytest.mark.parametrize(
    ("channels", "bits", "row"),
    [(1, ONE, 4), (3, ONE, 4), (8, ONE, 4), (16, ONE, 8), (16, BIG, 16), (16, 0, 4)],
)
def test_each_row_costs_the_longest_of_its_line_and_the_tree(channels: int, bits: int, row: int) -> None:
    """Rows of one block: four cycles in the tree, or as many as a line's elements take."""
    preset = replace(TINY, row_queue=8)  # with two, the way to the tree and back would bound short rows

    def cycles(batch: int) -> int:
        a_bits = np.full((batch, channels, 1, 1), bits)
        return model_cycles(streams_of(fully_connected(batch, channels), Step.FP, preset, a_bits)).cycles

    assert cycles(16) - cycles(12) == 4 * row


def test_the_balancer_answers_before_the_first_command() -> None:
    for channels, cycles in ((5, 5), (16, 16), (40, 16)):  # a group holds 16 channels on `tiny`
        a_bits = np.full((1, channels, 1, 1), ONE)
        schedule = model_cycles(streams_of(fully_connected(1, channels), Step.FP, TINY, a_bits))
        assert schedule.first_command == cycles


def test_phases_without_a_tap_cost_only_their_results(rng: np.random.Generator) -> None:
    """BP of a strided 1x1 layer: three quarters of the pixels are +0 and leave in two cycles each."""
    geometry = ConvGeometry("strided", 1, 1, 8, 8, 1, 1, 2, 0)
    schedule = model_cycles(random_streams(rng, geometry, Step.BP, TINY, 1.0))
    assert 2 * 64 <= schedule.cycles <= 2 * 64 + 32


# -- what must hold anywhere --------------------------------------------------------------------------------


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "k{}s{}p{}".format(*shape))
def test_bounds_of_every_kernel_stride_and_padding(
    rng: np.random.Generator, shape: tuple[int, int, int], step: Step
) -> None:
    for preset in (TINY, CORE):
        geometry = random_geometry(rng, shape, channels=20)
        density = float(rng.choice([0.0, 0.1, 0.5, 1.0]))
        streams = random_streams(rng, geometry, step, preset, density, balancer=bool(rng.random() < 0.5))
        schedule, counters = model_cycles(streams), predicted_counters(streams)
        work = work_counters(streams.lowering, streams.a, preset.columns)
        assert schedule.cycles >= ideal_cycles(work, preset)
        assert schedule.busy == (work.macs_fp8 + 2 * work.macs_fp16) // preset.columns
        spent = (schedule.busy, schedule.wait_a, schedule.wait_b, schedule.wait_queue, schedule.idle)
        assert min(spent) >= 0
        assert sum(spent) == preset.lines * schedule.cycles
        moved = (counters.a_beats, counters.b_rows, counters.psum_rows, 4 * counters.tree_rows)
        assert schedule.cycles > max(moved)
        assert schedule.cycles > 2 * streams.lowering.rows


def test_work_is_spread_by_what_lines_have_in_hand(rng: np.random.Generator) -> None:
    """WG rows of very different length: in turn they would leave half the lines idle half the time."""
    geometry = ConvGeometry("uneven", 4, 64, 12, 12, 16, 1, 1, 0)
    a_bits = np.full(geometry.x_shape, ONE)
    a_bits[:, np.arange(64) % 8 != 0] *= rng.random((4, 56, 12, 12)) < 0.3
    schedule = model_cycles(streams_of(geometry, Step.WG, CORE, a_bits))
    assert schedule.busy > 0.85 * CORE.lines * schedule.cycles


def test_the_balancer_pays(rng: np.random.Generator) -> None:
    a_bits = random_fp16(rng, LAYER.x_shape) * (rng.random(LAYER.x_shape) < rng.beta(1, 1, (1, 64, 1, 1)))
    on, off = (
        model_cycles(streams_of(LAYER, Step.FP, CORE, a_bits, balancer=balancer))
        for balancer in (True, False)
    )
    assert on.busy == off.busy
    assert on.cycles < 0.95 * off.cycles


# -- what the model must and must not see ------------------------------------------------------------------


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("stage", ["row_latency", "sum_cycles"])
def test_a_pipeline_stage_more_stays_within_the_tolerance(
    rng: np.random.Generator, step: Step, stage: str
) -> None:
    streams = random_streams(rng, LAYER, step, CORE)
    plain = model_cycles(streams).cycles
    deeper = model_cycles(streams, replace(RULES, **{stage: getattr(RULES, stage) + 1})).cycles
    assert step is Step.WG or deeper > plain, (
        "only in WG, where rows go to other lines then, nothing may come of it"
    )
    assert abs(deeper - plain) < tolerance(plain) / 2


@pytest.mark.parametrize(
    ("lost", "step"),
    [
        ({"b_halves": 1}, Step.FP),
        ({"b_halves": 1}, Step.WG),
        ({"tiles_in_flight": 1}, Step.FP),
        ({"result_cycles": 16}, Step.WG),
        ({"tree_cycles": 16}, Step.FP),
    ],
    ids=str,
)
def test_a_lost_overlap_shows(rng: np.random.Generator, lost: dict[str, int], step: Step) -> None:
    streams = random_streams(rng, LAYER, step, CORE, 0.3)
    plain, slower = model_cycles(streams).cycles, model_cycles(streams, replace(RULES, **lost)).cycles
    assert slower > plain + tolerance(plain)


def test_a_short_queue_of_runs_shows(rng: np.random.Generator) -> None:
    ahead = random_streams(rng, LAYER, Step.WG, CORE, 0.3)
    stuck = CoreStreams(replace(ahead.lowering, preset=replace(CORE, run_queue=1)), ahead.a)
    plain, slower = model_cycles(ahead).cycles, model_cycles(stuck).cycles
    assert slower > plain + tolerance(plain)


def test_lines_that_may_not_run_ahead_wait_for_the_queue(rng: np.random.Generator) -> None:
    ahead = random_streams(rng, LAYER, Step.FP, CORE)
    lockstep = CoreStreams(
        replace(ahead.lowering, preset=replace(CORE, row_queue=1)),
        ahead.a,
    )
    assert model_cycles(lockstep).wait_queue > 2 * model_cycles(ahead).wait_queue
    assert model_cycles(lockstep).cycles > 1.02 * model_cycles(ahead).cycles


# -- counters ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", list(Step))
def test_counters_against_counting_one_by_one(rng: np.random.Generator, step: Step) -> None:
    for shape in ((1, 1, 0), (3, 1, 1), (3, 2, 1), (1, 2, 0), (5, 2, 2)):
        case = random_case(rng, random_geometry(rng, shape, channels=20), step, TINY)
        streams, lowering = CoreStreams(case.lowering, case.a), case.lowering
        rows, depth = range(lowering.rows), range(lowering.depth)
        met = [[met_element(lowering.geometry, step, row, k) for k in depth] for row in rows]
        elements = sum(bool(where is not None and case.a.nonzero[where]) for row in met for where in row)
        # The phases of strided BP decide by row and column alone whether a row meets a tap.
        tapped = sum(
            any(
                step is not Step.BP or tap_fits(lowering.geometry, row, tap)
                for tap in range(lowering.geometry.taps)
            )
            for row in rows
        )
        tiles = 1 + max(item.tile for item in lowering.line_lists())
        counters = predicted_counters(streams)
        assert counters.elements == elements
        assert counters.a_beats == len(streams.a_beats)
        assert counters.b_rows == len(streams.b_rows(case.b))
        assert counters.tree_rows == (0 if step is Step.WG else tapped * tiles)
        assert counters.psum_rows == tapped * tiles + (lowering.rows - tapped)
        assert counters.psum_reads == counters.psum_writes == tapped * (tiles - 1)


def tap_fits(geometry: ConvGeometry, row: int, tap: int) -> bool:
    """Whether stride lets a tap (rotated) reach input pixel `row` from some δ, inside the image or not."""
    y, x = divmod(row % (geometry.in_height * geometry.in_width), geometry.in_width)
    ky, kx = divmod(tap, geometry.kernel)
    reach = geometry.padding - (geometry.kernel - 1)
    return (y + reach + ky) % geometry.stride == 0 and (x + reach + kx) % geometry.stride == 0


# -- use -----------------------------------------------------------------------------------------------------


def test_a_replay_is_as_many_launches_as_tiles_of_columns(rng: np.random.Generator) -> None:
    streams = random_streams(rng, fully_connected(3, 9), Step.FP, TINY)
    one = model_cycles(streams).cycles
    for columns, count in ((1, 1), (4, 1), (5, 2), (13, 4)):
        assert launches(streams, columns) == count
        assert replay_cycles(streams, columns) == count * one


def test_the_model_gives_the_same_twice(rng: np.random.Generator) -> None:
    streams = random_streams(rng, LAYER, Step.WG, CORE)
    assert model_cycles(streams) == model_cycles(CoreStreams(streams.lowering, streams.a))


def test_a_launch_without_its_last_beat_never_ends(rng: np.random.Generator) -> None:
    streams = random_streams(rng, LAYER, Step.FP, CORE)
    streams.__dict__["a_beats"] = streams.a_beats[:-1]
    with pytest.raises(
        ScheduleError, match="layer FP: by the schedule model the launch never ends on preset core"
    ):
        model_cycles(streams)


def test_rules_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ScheduleError, match="schedule rule beat_queue is 0, must be at least 1"):
        ScheduleRules(beat_queue=0)


@pytest.mark.parametrize("step", list(Step))
def test_a_layer_of_resnet18_takes_less_than_a_tenth_of_a_second(
    rng: np.random.Generator, step: Step
) -> None:
    """Measured: 2 ms for FP and BP, 6 ms for WG (16,704 rows in tiles)."""
    streams = random_streams(rng, ConvGeometry("layer1", 1, 64, 32, 32, 64, 3, 1, 1), step, CORE)
    assert len(streams.commands) > 0
    assert len(streams.a_beats) > 0
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        model_cycles(streams)
        seconds.append(time.perf_counter() - begin)
    assert min(seconds) < 0.1
