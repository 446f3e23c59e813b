"""Edges of the core that layers drawn at random do not reach: limits of fields, of tags, of a launch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from golden.counters import work_counters
from golden.formats import E_THR_MAX, E_THR_MIN
from golden.geometry import ConvGeometry, Step
from golden.presets import find_preset
from tb.core.bare import WORK_COUNTERS, bare_core, cycle_limit, require_equal, streams
from tb.core.build import build_bare
from tb.core.device import LaunchInputs, LaunchResult
from tb.core.layers import Operands, make_source, random_geometry
from tb.core.replay import Replay
from tb.toolchain import ToolchainError

EDGES = {
    # A block holds 128 rows: an image row that fills it, and one that needs a second block.
    "image row as long as a block": ConvGeometry("edge", 1, 5, 3, 128, 6, 3, 1, 1),
    "image row longer than a block by one": ConvGeometry("edge", 1, 5, 3, 129, 6, 3, 1, 1),
    "stem of 224": ConvGeometry("edge", 1, 3, 9, 224, 17, 7, 2, 3),
    "images one pixel wide": ConvGeometry("edge", 2, 9, 41, 1, 5, 3, 1, 1),
    # 7 x 7 kernels have windows of 42 words and rows of four parts; 6 x 6 ones 36 words.
    "7x7, several groups": ConvGeometry("edge", 1, 17, 8, 9, 3, 7, 1, 3),
    "6x6": ConvGeometry("edge", 1, 17, 8, 9, 3, 6, 2, 2),
    # Lists of 9 channels a tap take three words, the last one nearly empty.
    "2x2, nine channels a line": ConvGeometry("edge", 1, 72, 5, 4, 20, 2, 1, 0),
    "4x4, two channels a line": ConvGeometry("edge", 1, 33, 6, 5, 7, 4, 1, 1),
    "36 channels a line and one channel more": ConvGeometry("edge", 1, 289, 4, 5, 17, 1, 1, 0),
    "groups of BP and one channel more": ConvGeometry("edge", 1, 17, 4, 5, 289, 1, 2, 0),
    # 22 blocks of 128 rows of weights: more than their tag counts.
    "more blocks of weights than their tag counts": ConvGeometry("edge", 1, 300, 3, 3, 4, 3, 1, 1),
    "a K tile of one pixel": ConvGeometry("edge", 1, 9, 1, 37, 9, 1, 1, 0),
    "more padding than kernel": ConvGeometry("edge", 2, 6, 3, 4, 5, 3, 2, 5),
    "padding of a 1x1 kernel, strided": ConvGeometry("edge", 1, 10, 4, 5, 9, 1, 2, 1),
}


@pytest.mark.parametrize("name", EDGES)
def test_edges_of_preset_core(rng: np.random.Generator, name: str) -> None:
    for step in Step:
        for density, stall, balancer in ((1.0, 0, True), (0.4, 300, True), (0.05, 0, False)):
            operands = Operands(density=density)
            bare_core("core").check(
                make_source(
                    rng,
                    EDGES[name],
                    step,
                    operands,
                    preset="core",
                    columns=int(rng.choice([1, 16, 17])),
                    balancer=balancer,
                    stall_permille=stall,
                )
            )


@pytest.mark.parametrize("a_e_thr", [E_THR_MIN, 0, E_THR_MAX])
@pytest.mark.parametrize("b_e_thr", [E_THR_MIN, 0, E_THR_MAX])
@pytest.mark.parametrize("step", list(Step))
def test_thresholds(rng: np.random.Generator, step: Step, a_e_thr: int, b_e_thr: int) -> None:
    """Both operands at the ends of the thresholds' range, where biases are 0 and 55."""
    geometry = ConvGeometry("thresholds", 2, 9, 5, 4, 7, 3, 2, 1)
    for operands in (Operands(specials="ab"), Operands(tiny=True)):
        source = make_source(rng, geometry, step, operands)
        bare_core("tiny").check(replace(source, a_e_thr=a_e_thr, b_e_thr=b_e_thr))


def test_a_launch_ends_at_its_limit(rng: np.random.Generator) -> None:
    """Whatever the core does in that cycle; a result that is taken then must not keep the launch alive."""
    core = bare_core("tiny")
    source = make_source(rng, ConvGeometry("short", 1, 2, 3, 3, 4, 1, 1, 0), Step.FP)
    (inputs,) = Replay(source).launches(0)
    core.device.set_up(replace(inputs, limit=cycle_limit(inputs)))
    assert not core.library.bare_launch()
    whole = core.device.take()
    assert whole.problem is None
    for limit in range(whole.cycles - 1):
        core.device.set_up(replace(inputs, limit=limit))
        assert not core.library.bare_launch()
        cut = core.device.take()
        assert cut.hung
        assert cut.cycles == limit + 1


@pytest.mark.parametrize("preset", ["tiny", "core"])
def test_launches_without_a_reset_between(rng: np.random.Generator, preset: str) -> None:
    """Steps in any order: pointers, tags and halves of B stand anywhere when a launch starts."""
    core = bare_core(preset)
    resets = True
    for _ in range(60):
        geometry = random_geometry(rng, channels=40)
        source = make_source(
            rng,
            geometry,
            Step(rng.choice(list(Step))),
            Operands(density=float(rng.choice([0.0, 0.2, 0.6, 1.0]))),
            preset=preset,
            balancer=bool(rng.random() < 0.7),
            stall_permille=int(rng.choice([0, 300])),
        )
        replay = Replay(source)
        launches = []
        for inputs in replay.launches(0):
            core.device.set_up(replace(inputs, limit=cycle_limit(inputs), resets=resets))
            assert not core.library.bare_launch()
            launches.append(core.device.take())
            resets = False
        outcome = replay.collect(launches)
        assert outcome.problem is None
        require_equal(source, outcome.product, replay.expected)
        work = work_counters(replay.lowering, replay.a, len(source.columns))
        assert {name: outcome.counters[name] for name in WORK_COUNTERS} == {
            name: getattr(work, name) for name in WORK_COUNTERS
        }


@pytest.mark.parametrize("preset", ["tiny", "core"])
def test_zeros_after_a_weight_gradient(rng: np.random.Generator, preset: str) -> None:
    """No phase of this BP has a tap: its rows of zeros must not pass for rows of WG."""
    core = bare_core(preset)
    geometry = ConvGeometry("no tap at all", 1, 5, 5, 1, 7, 1, 2, 1)
    for step, resets in ((Step.WG, True), (Step.BP, False)):
        source = make_source(rng, geometry, step, preset=preset)
        replay = Replay(source)
        launches = []
        for inputs in replay.launches(0):
            core.device.set_up(replace(inputs, limit=cycle_limit(inputs), resets=resets))
            assert not core.library.bare_launch()
            launches.append(core.device.take())
            resets = False
        require_equal(source, replay.collect(launches).product, replay.expected)


@pytest.mark.parametrize("step", list(Step))
def test_a_reset_in_the_middle_of_work_leaves_nothing(rng: np.random.Generator, step: Step) -> None:
    """After a launch that was cut off anywhere, another one is as if it were the first, cycles included."""
    core = bare_core("tiny")
    dense = Operands(density=0.9)
    geometry = ConvGeometry("short", 1, 19, 5, 4, 9, 2, 1, 0)
    source = make_source(rng, geometry, step, dense)
    (inputs, *_) = Replay(source).launches(0)

    def run(limit: int, chosen: LaunchInputs = inputs) -> LaunchResult:
        core.device.set_up(replace(chosen, limit=limit))
        assert not core.library.bare_launch()
        return core.device.take()

    def times(result: LaunchResult) -> npt.NDArray[np.uint64]:
        assert result.arrivals is not None
        since: npt.NDArray[np.uint64] = result.arrivals - result.arrivals.min()
        return since

    whole = run(cycle_limit(inputs))
    assert whole.problem is None
    for other in Step:
        (before, *_) = Replay(make_source(rng, geometry, other, dense, stall_permille=300)).launches(0)
        for limit in rng.integers(0, run(cycle_limit(before), before).cycles - 1, 40).tolist():
            assert run(limit, before).hung
            again = run(cycle_limit(inputs))
            assert again.problem is None
            assert (again.cycles, again.counters) == (whole.cycles, whole.counters)
            np.testing.assert_array_equal(again.results, whole.results)
            np.testing.assert_array_equal(times(again), times(whole))


def test_lines_with_all_the_work_that_they_can_hold(rng: np.random.Generator) -> None:
    """Rows of weights whose elements are all FP16, long before the rows of B: each line's ring fills up."""
    geometry = ConvGeometry("heavy", 2, 128, 8, 8, 16, 1, 1, 0)
    for stall in (0, 970):
        operands = Operands(density=1.0, group="all FP16")
        source = make_source(rng, geometry, Step.WG, operands, preset="core", stall_permille=stall)
        bare_core("core").check(source, streams("b"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lines": 1}, "Lines must be a power of two from 2 to 16"),
        ({"lines": 6}, "Lines must be a power of two from 2 to 16"),
        ({"pes": 3}, "Pes must be even"),
        ({"rows": 10}, "Rows must be a multiple of 4"),
        ({"rows": 40}, "Rows is too large"),
        ({"psum_rows": 256}, "PsumRows must be from 2 to 255"),
    ],
    ids=str,
)
def test_a_preset_that_the_core_cannot_be_is_named(change: dict[str, int], message: str) -> None:
    """Before the simulator is built, not by wrong results."""
    preset = replace(find_preset("tiny"), name="impossible", **change)
    with pytest.raises(ToolchainError, match=message):
        build_bare(preset)
