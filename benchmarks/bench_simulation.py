"""Simulated MACs a second on preset `core`, and a cocotb replay against the same model in a bare C++ loop."""

from __future__ import annotations

import ctypes
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import Figure
from golden.geometry import Step
from golden.presets import find_preset
from golden.schedule import model_cycles
from regressions.execute import TEST_MODULE, TOP
from regressions.operands import ReplaySettings, replay_input
from regressions.traces import SAMPLE_PATH, Trace
from tb.cocotb_simulation import run_simulation
from tb.core.build import build_bare, build_cocotb
from tb.core.device import CoreDevice
from tb.core.replay import Replay, ReplayOutcome
from tb.toolchain import BuildResult

TARGET_MMACS = 10.0
"""Million MACs (skipped ones not counted) a second and host core, coverage off."""
TARGET_RATIO = 0.8
"""Speed of a replay under cocotb over that of the bare loop."""

REPLAYS = (
    ("layer1.0.conv1", Step.FP),
    ("layer4.0.conv1", Step.BP),
    ("layer1.0.conv1", Step.WG),
    ("layer4.0.conv2", Step.WG),
)
ROUNDS = 3
TIMEOUT_S = 600.0


def figures() -> Iterator[Figure]:
    """Measure each replay in both ways, turn by turn; the best of `ROUNDS` counts."""
    preset = find_preset("core")
    bare = build_bare(preset)
    library = ctypes.CDLL(str(bare.artifact))
    device = CoreDevice(library, preset)
    cocotb = build_cocotb(preset)
    trace = Trace.open(SAMPLE_PATH)
    settings = ReplaySettings(preset.name, balancer=True, seed=1)
    total_macs, total_cocotb, total_bare = 0, 0.0, 0.0
    for layer, step in REPLAYS:
        replay = Replay(replay_input(trace.load(layer), step, settings))
        limit = 2 * model_cycles(replay.streams).cycles
        under_cocotb, in_bare, macs = float("inf"), float("inf"), 0
        for _ in range(ROUNDS):
            seconds, macs = _cocotb(cocotb, replay, limit)
            under_cocotb = min(under_cocotb, seconds)
            in_bare = min(in_bare, replay_seconds(library, device, replay, limit))
        name = f"{layer} {step}"
        yield Figure(f"{name}, under cocotb", macs / under_cocotb / 1e6, "M MAC/s", TARGET_MMACS)
        yield Figure(f"{name}, bare loop", macs / in_bare / 1e6, "M MAC/s")
        yield Figure("  ratio, cocotb to bare loop", in_bare / under_cocotb, "", TARGET_RATIO)
        total_macs += macs
        total_cocotb += under_cocotb
        total_bare += in_bare
    yield Figure("all of these, under cocotb", total_macs / total_cocotb / 1e6, "M MAC/s", TARGET_MMACS)
    yield Figure("  ratio, cocotb to bare loop", total_bare / total_cocotb, "", TARGET_RATIO)


def _cocotb(build: BuildResult, replay: Replay, limit: int) -> tuple[float, int]:
    """Return the seconds that a replay's launch takes under cocotb, and its MACs."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "input.npz", Path(folder) / "output.npz"
        replay.source.save(given)
        environment = {"REPLAY_INPUT": str(given), "REPLAY_OUTPUT": str(made), "REPLAY_LIMIT": str(limit)}
        run_simulation(
            build, TOP, TEST_MODULE, Path(folder), environment=environment, seed=1, timeout_s=TIMEOUT_S
        )
        outcome, seconds = ReplayOutcome.load(made)
    _require_equal(replay, outcome)
    return seconds, outcome.counters["macs_fp8"] + outcome.counters["macs_fp16"]


def replay_seconds(library: ctypes.CDLL, device: CoreDevice, replay: Replay, limit: int) -> float:
    """Return the seconds that a replay's launch takes in the bare loop."""
    results = []
    seconds = 0.0
    for inputs in replay.launches(limit):
        device.set_up(inputs)
        begin = time.perf_counter()
        library.bare_launch()
        seconds += time.perf_counter() - begin
        results.append(device.take())
    _require_equal(replay, replay.collect(results))
    return seconds


def _require_equal(replay: Replay, outcome: ReplayOutcome) -> None:
    """A speed counts only if the result is right."""
    if outcome.problem or outcome.mismatches(replay.expected).any():
        raise RuntimeError(f"the replay is wrong: {outcome.problem or 'bits differ'}")
