"""Made-up but consistent results of a run on the chip, from those of a run on one core."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from golden.chip.plan import A_TENSOR, B_TENSOR, RESULT_TENSOR
from golden.geometry import Step
from golden.memories import SRAM_LIMIT_BYTES, register_split, sram_split
from golden.presets import find_preset
from regressions.chip.figures import CONTROL, POSTPROCESSING, roofline
from regressions.chip.records import ChipFigures, ChipHardware, CoreOccupancy, TensorTraffic
from regressions.chip.replay import CHIP_COUNTED
from regressions.gates import chip_gates
from regressions.results import Counter, Replay, Results, summarise
from reports.tests import synthetic

PRESET = find_preset("lnpu")
PES = PRESET.cores * PRESET.lines * PRESET.pes
BYTES_PER_CYCLE = 64
BINS = 40


def hardware() -> ChipHardware:
    """Return preset lnpu on a wide memory."""
    return ChipHardware(
        cores=PRESET.cores,
        pes=PES,
        memory_bytes_per_cycle=BYTES_PER_CYCLE,
        memory_latency=20,
        slow_core=None,
        slow_factor=None,
        sram_bytes=sram_split(PRESET),
        sram_limit_bytes=SRAM_LIMIT_BYTES,
        register_bytes=register_split(PRESET),
    )


def on_chip(replay: Replay, rng: np.random.Generator) -> Replay:
    """Return a replay that passed on a core as one that passed on the chip."""
    if replay.macs_fp8 is None or replay.macs_fp16 is None or replay.macs_total is None:
        return replay
    step, ideal = replay.step, (replay.macs_fp8 / 2 + replay.macs_fp16) / PES
    traffic = {
        A_TENSOR[step]: _tensor(rng, read=True),
        B_TENSOR[step]: _tensor(rng, read=True),
        RESULT_TENSOR[step]: _tensor(rng, read=False),
        POSTPROCESSING: TensorTraffic(0, 0, 0, 0),
        CONTROL: TensorTraffic(640, 320, 640, 320),
    }
    moved = sum(one.total for one in traffic.values())
    cycles = int(1.3 * max(ideal, moved / BYTES_PER_CYCLE)) + 1
    dense = replay.macs_total / PES
    return replace(
        replay,
        cycles=cycles,
        model_cycles=int(0.9 * cycles) + 1,
        ideal_cycles=ideal,
        utilization=ideal / cycles,
        model_cycles_balancer_off=None,
        utilization_balancer_off=None,
        dense_fp16_cycles=dense,
        speedup_over_dense_fp16=dense / cycles,
        ema_bytes=moved,
        ema_bytes_fp16=sum(one.plain for one in traffic.values()),
        stalls={"wait_a": 40, "wait_b": 30, "wait_queue": 10, "idle": 90},
        counters={name: Counter(7, 7) for name in CHIP_COUNTED},
        chip=ChipFigures(
            output="fp16" if step is Step.WG else "fgmp",
            image_bytes=64_000,
            image_mismatches=0,
            jobs=30,
            waves=3,
            job_cycles=cycles / 3,
            detached=0,
            traffic=traffic,
            roofline=roofline(ideal, cycles, moved, moved // 2, PRESET, BYTES_PER_CYCLE),
            occupancy=CoreOccupancy(64, np.round(rng.uniform(0, 1, (PRESET.cores, BINS)), 3).tolist()),
            held_cycles=5,
            simulated_s=replay.wall_s * 0.8,
        ),
    )


def _tensor(rng: np.random.Generator, *, read: bool) -> TensorTraffic:
    plain = int(rng.integers(10_000, 90_000))
    moved = int(plain * rng.uniform(0.5, 0.7))
    return TensorTraffic(moved, 0, plain, 0) if read else TensorTraffic(0, moved, 0, plain)


def results(rng: np.random.Generator, suite: str = "replay") -> Results:
    """Return the results of a run on the chip in which everything passed."""
    base = synthetic.results(rng)
    replays = [on_chip(one, rng) for one in base.replays]
    run = replace(base.run, preset=PRESET.name, suite=suite, level="chip", hardware=hardware())
    gates = chip_gates(replays, hardware())
    return Results(run, summarise(replays, gates, len(replays)), replays, base.coverage)
