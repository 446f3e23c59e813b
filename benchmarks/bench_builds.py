"""What a model of preset `core` costs to build and to run, by optimisation, without and with coverage."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import Figure
from benchmarks.bench_simulation import replay_seconds
from golden.geometry import Step
from golden.presets import find_preset
from golden.schedule import model_cycles
from regressions.operands import ReplaySettings, replay_input
from regressions.traces import SAMPLE_PATH, Trace
from tb.builders import Build, replace_verilate
from tb.core.build import build_bare
from tb.core.device import CoreDevice
from tb.core.replay import Replay
from tb.toolchain import OPT_FAST, OPT_LONG_RUNS, BuildResult, verilate

MODULE = "tb.core.build"
ROUNDS = 3


def figures() -> Iterator[Figure]:
    """Build each model anew, one after the other, then simulate one replay on all, turn by turn."""
    preset = find_preset("core")
    trace = Trace.open(SAMPLE_PATH)
    replay = Replay(
        replay_input(
            trace.load("layer4.0.conv1"), Step.BP, ReplaySettings(preset.name, balancer=True, seed=1)
        )
    )
    cycles = model_cycles(replay.streams).cycles
    limit = 2 * cycles
    kinds = [(opt_fast, coverage) for coverage in (False, True) for opt_fast in (OPT_LONG_RUNS, OPT_FAST)]
    for coverage in (False, True):  # compiles the run-time library, which is not measured
        build_bare(preset, coverage)
    builds, built_s = [], []
    try:
        for number, (opt_fast, coverage) in enumerate(kinds):
            replace_verilate(_anew(opt_fast, number), MODULE)
            before = _compiler_seconds()
            builds.append(build_bare(preset, coverage))
            built_s.append(_compiler_seconds() - before)
        libraries = [ctypes.CDLL(str(build.artifact)) for build in builds]
        devices = [CoreDevice(library, preset) for library in libraries]
        turns = [
            [replay_seconds(*model, replay, limit) for model in zip(libraries, devices, strict=True)]
            for _ in range(ROUNDS)
        ]
        run_s = [min(seconds) for seconds in zip(*turns, strict=True)]
    finally:
        replace_verilate(verilate, MODULE)
        for build in builds:
            shutil.rmtree(build.dir)
    for (opt_fast, coverage), build_s, seconds in zip(kinds, built_s, run_s, strict=True):
        name = f"{opt_fast}, {'with' if coverage else 'without'} coverage"
        yield Figure(f"{name}: core time of the build", build_s, "s")
        yield Figure(f"{name}: simulation", cycles / seconds / 1e3, "kcycle/s")
    for first, title in ((0, "without"), (2, "with")):
        name = f"{OPT_FAST} to {OPT_LONG_RUNS}, {title} coverage"
        yield Figure(f"{name}: core time of the build", _ratio(built_s, first), "")
        yield Figure(f"{name}: time of the simulation", _ratio(run_s, first), "")
    yield Figure(f"{OPT_FAST}, with to without coverage: time of the simulation", run_s[3] / run_s[1], "")


def _ratio(seconds: Sequence[float], first: int) -> float:
    return seconds[first + 1] / seconds[first]


def _anew(opt_fast: str, number: int) -> Build:
    """Return a `verilate` with this optimisation whose models nobody has built."""

    def build(
        name: str, sources: Sequence[Path], top: str, *, args: Sequence[str], **options: object
    ) -> BuildResult:
        args = [*args, f"+define+TIMED_{os.getpid()}_{number}"]
        return verilate(f"timed_{name}", sources, top, args=args, **{**options, "opt_fast": opt_fast})

    return build


def _compiler_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
