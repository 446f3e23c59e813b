"""The schedule model against the RTL, in launches that nothing stalls: cycles, where they go, and traffic."""

from __future__ import annotations

import ctypes
from dataclasses import asdict
from functools import cache

import numpy as np
import pytest

from golden.formats import U16, Fp8Format
from golden.geometry import ConvGeometry, Step
from golden.presets import find_preset
from golden.schedule import Schedule, model_cycles, predicted_counters
from golden.streams import CoreStreams
from golden.tests.reference import SHAPES, Case, make_case, random_fp16, random_geometry
from tb.core.build import build_bare
from tb.core.device import CoreDevice, LaunchInputs, LaunchResult

CYCLES_SHARE = 0.02
CYCLES_LEAST = 32
"""The model lies within the larger of this share and this many cycles of the RTL (DESIGN 5)."""

STALLS = ("wait_a", "wait_b", "wait_queue", "idle")
STALLS_SHARE = 0.02
"""Line cycles of a cause lie within this share of all line cycles, or `CYCLES_LEAST` a line."""

LAYERS = {
    layer.name: layer
    for layer in (
        ConvGeometry("stem", 1, 3, 32, 32, 64, 3, 1, 1),
        ConvGeometry("layer1", 1, 64, 32, 32, 64, 3, 1, 1),
        ConvGeometry("layer2_first", 1, 64, 32, 32, 128, 3, 2, 1),
        ConvGeometry("layer2_shortcut", 1, 64, 32, 32, 128, 1, 2, 0),
        ConvGeometry("layer2", 1, 128, 16, 16, 128, 3, 1, 1),
        ConvGeometry("layer3_first", 4, 128, 16, 16, 256, 3, 2, 1),
        ConvGeometry("layer3_shortcut", 4, 128, 16, 16, 256, 1, 2, 0),
        ConvGeometry("layer3", 4, 256, 8, 8, 256, 3, 1, 1),
        ConvGeometry("layer4_first", 16, 256, 8, 8, 512, 3, 2, 1),
        ConvGeometry("layer4_shortcut", 16, 256, 8, 8, 512, 1, 2, 0),
        ConvGeometry("layer4", 16, 512, 4, 4, 512, 3, 1, 1),
        ConvGeometry("fc", 16, 512, 1, 1, 10, 1, 1, 0),
    )
}
"""ResNet-18's layer shapes as the sample holds them."""

DENSITIES = (0.05, 0.25, 0.5, 0.75, 1.0)


@cache
def device(preset: str) -> tuple[ctypes.CDLL, CoreDevice]:
    library = ctypes.CDLL(str(build_bare(find_preset(preset)).artifact))
    return library, CoreDevice(library, find_preset(preset))


def uneven_fp16(rng: np.random.Generator, shape: tuple[int, ...], density: float) -> U16:
    """FP16 bits of which a share `density` is not zero, very unevenly over the channels."""
    spread = 2.0
    channel = rng.beta(spread * density, spread * (1 - density), shape[1]) if 0 < density < 1 else density
    share = np.broadcast_to(channel, shape[1])[None, :, None, None]
    return np.where(rng.random(shape) < share, random_fp16(rng, shape), np.uint16(0))


def draw(
    rng: np.random.Generator, geometry: ConvGeometry, step: Step, preset: str, density: float, balancer: bool
) -> Case:
    """Operands of a launch. What B holds does not matter; about a fifth of A's non-zeros are FP16."""
    a_bits = uneven_fp16(rng, geometry.delta_shape if step is Step.BP else geometry.x_shape, density)
    empty_b = np.zeros((1, 1), np.uint16)
    case = make_case(geometry, step, find_preset(preset), a_bits, empty_b, balancer=balancer, e_thr=4)
    columns = case.lowering.preset.columns
    return Case(case.lowering, case.a, np.zeros((case.lowering.depth, columns), np.uint16))


def launch(case: Case, streams: CoreStreams, limit: int) -> LaunchResult:
    library, core = device(case.lowering.preset.name)
    starts, _ = streams.result_rows()
    core.set_up(
        LaunchInputs(
            streams.commands,
            streams.a_beats,
            streams.b_rows(case.b),
            streams.costs,
            streams.lines,
            starts,
            case.lowering.rows,
            case.b.shape[1],
            int(Fp8Format.E5M2 if case.lowering.step is Step.BP else Fp8Format.E4M3),
            case.a.bias,
            case.lowering.balancer,
            stall_permille=0,
            seed=1,
            limit=limit,
        )
    )
    assert not library.bare_launch(), "an assertion of the RTL failed: see the standard output"
    return core.take()


def differences(schedule: Schedule, traffic: dict[str, int], rtl: LaunchResult, lines: int) -> dict[str, str]:
    """What of the prediction does not hold, by name."""
    wrong = {}
    allowed = max(CYCLES_SHARE * rtl.cycles, CYCLES_LEAST)
    if abs(schedule.cycles - rtl.cycles) > allowed:
        wrong["cycles"] = f"predicted {schedule.cycles}, RTL {rtl.cycles}, allowed {allowed:.0f}"
    exact = traffic | {"line_busy": schedule.busy}
    wrong |= {
        name: f"predicted {count}, RTL {rtl.counters[name]}"
        for name, count in exact.items()
        if count != rtl.counters[name]
    }
    slack = lines * max(STALLS_SHARE * rtl.cycles, CYCLES_LEAST)
    wrong |= {
        name: f"predicted {getattr(schedule, name)}, RTL {rtl.counters[name]}, allowed {slack:.0f}"
        for name in STALLS
        if abs(getattr(schedule, name) - rtl.counters[name]) > slack
    }
    return wrong


def check(case: Case) -> None:
    streams = CoreStreams(case.lowering, case.a)
    schedule = model_cycles(streams)
    rtl = launch(case, streams, limit=4 * schedule.cycles + 1000)
    assert rtl.problem is None
    traffic = asdict(predicted_counters(streams))
    assert not differences(schedule, traffic, rtl, case.lowering.preset.lines), case.lowering.geometry


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_resnet18(rng: np.random.Generator, name: str, step: Step) -> None:
    """One density with the balancer and one without; all five come in turn over layers and steps."""
    turn = 2 * (list(LAYERS).index(name) * len(Step) + list(Step).index(step))
    for i, balancer in enumerate((True, False)):
        density = DENSITIES[(turn + i) % len(DENSITIES)]
        check(draw(rng, LAYERS[name], step, "core", density, balancer))


@pytest.mark.parametrize("preset", ["tiny", "core"])
@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "k{}s{}p{}".format(*shape))
def test_random_layers(
    rng: np.random.Generator, shape: tuple[int, int, int], step: Step, preset: str
) -> None:
    for _ in range(2):
        geometry = random_geometry(rng, shape, channels=40 if preset == "core" else 12, extra=6)
        density = float(rng.choice([0.0, *DENSITIES]))
        check(draw(rng, geometry, step, preset, density, bool(rng.random() < 0.7)))


def test_a_wrong_prediction_is_reported(rng: np.random.Generator) -> None:
    case = draw(rng, LAYERS["layer2_shortcut"], Step.FP, "core", 0.5, balancer=True)
    streams = CoreStreams(case.lowering, case.a)
    schedule = model_cycles(streams)
    # Without the last channels' work the launch is another one.
    other_a = case.a.decoded.copy()
    other_a[:, 32:] = 0
    other = make_case(
        case.lowering.geometry, Step.FP, find_preset("core"), other_a, np.zeros((1, 1), np.uint16), e_thr=4
    )
    rtl = launch(
        Case(other.lowering, other.a, case.b), CoreStreams(other.lowering, other.a), 4 * schedule.cycles
    )
    wrong = differences(schedule, asdict(predicted_counters(streams)), rtl, case.lowering.preset.lines)
    assert {"cycles", "elements", "line_busy", "a_beats"} <= wrong.keys()
    assert not {"b_rows", "tree_rows", "psum_rows", "psum_reads", "psum_writes"} & wrong.keys()
