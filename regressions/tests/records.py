"""A record of a replay that passed, for tests that change it."""

from __future__ import annotations

from golden.geometry import Step
from regressions.execute import COUNTED
from regressions.results import Counter, Energy, LayerShape, Replay, Status

PASSED = Replay(
    layer="fc",
    step=Step.FP,
    status=Status.PASS,
    geometry=LayerShape(4, 20, 1, 1, 10, 1, 1, 0),
    seed=1,
    rerun="./run regress --layers fc --steps FP --seed 1",
    wall_s=0.5,
    elements=40,
    mismatches=0,
    cycles=1000,
    model_cycles=1010,
    ideal_cycles=800.0,
    utilization=0.8,
    a_zero_fraction=0.4,
    a_fp16_fraction=0.2,
    macs_total=8000,
    macs_fp8=4000,
    macs_fp16=1200,
    macs_skipped=2800,
    dense_fp16_cycles=2000.0,
    speedup_over_dense_fp16=2.0,
    ema_bytes=500,
    ema_bytes_fp16=900,
    energy_pj=Energy(1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    macs_per_second=1e6,
    stalls={"wait_a": 3},
    counters={name: Counter(7, 7) for name in COUNTED},
)
