"""Utilization of preset `core` on the sample, measured on the RTL with the balancer on and off."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import numpy as np

from benchmarks import Figure
from golden.counters import ideal_cycles, work_counters
from golden.geometry import Step
from golden.presets import find_preset
from golden.schedule import model_cycles
from regressions.operands import ReplaySettings, replay_input
from regressions.traces import SAMPLE_PATH, Trace
from tb.core.build import build_bare
from tb.core.device import CoreDevice
from tb.core.replay import Replay

TARGET_MEAN = 0.90
TARGET_WORST = 0.78
APART = ("stem", "fc")
"""The stem has 3 channels for 8 lines, the fully connected layer 16 rows: neither can fill the core."""


def figures() -> Iterator[Figure]:
    """Replay FP and WG of every layer in a bare loop, first with the balancer, then without."""
    on, off = _utilizations(balancer=True), _utilizations(balancer=False)
    for step in (Step.FP, Step.WG):
        names = [name for name, of in on if of is step and name not in APART]
        with_balancer = np.array([on[name, step] for name in names])
        yield Figure(f"{step}, mean of {len(names)} layers", float(with_balancer.mean()), "", TARGET_MEAN)
        yield Figure(f"{step}, worst", float(with_balancer.min()), "", TARGET_WORST)
        if step is Step.FP:  # WG gives rows to lines as they come; the balancer has no part in it
            without = np.array([off[name, step] for name in names])
            yield Figure("FP, mean, balancer off", float(without.mean()), "")
            yield Figure("FP, worst, balancer off", float(without.min()), "")
            yield Figure("  ratio, balancer on to off, mean", float((with_balancer / without).mean()), "")
    for name in APART:
        for step in (Step.FP, Step.WG):
            yield Figure(f"{name} {step} (apart)", on[name, step], "")


def _utilizations(balancer: bool) -> dict[tuple[str, Step], float]:
    """Return ideal cycles over the RTL's cycles of each layer and step."""
    preset = find_preset("core")
    library = ctypes.CDLL(str(build_bare(preset).artifact))
    device = CoreDevice(library, preset)
    trace = Trace.open(SAMPLE_PATH)
    settings = ReplaySettings(preset.name, balancer=balancer, seed=1)
    found = {}
    for name in trace.layers:
        layer = trace.load(name)
        for step in (Step.FP, Step.WG):
            replay = Replay(replay_input(layer, step, settings))
            results = []
            for inputs in replay.launches(4 * model_cycles(replay.streams).cycles):
                device.set_up(inputs)
                library.bare_launch()
                results.append(device.take())
            outcome = replay.collect(results)
            if outcome.problem or outcome.mismatches(replay.expected).any():
                raise RuntimeError(f"{name} {step}: the replay is wrong: {outcome.problem or 'bits differ'}")
            work = work_counters(replay.lowering, replay.a, len(replay.source.columns))
            found[name, step] = ideal_cycles(work, preset) / outcome.cycles
    return found
