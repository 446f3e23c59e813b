"""Feeders of both sizes: whatever the memory and the core do, each port gets its job's outputs."""

from __future__ import annotations

import numpy as np
import pytest

from golden.presets import find_preset
from tb.feeder.bench import FeedJob, Stalls, feeder_bench
from tb.feeder.jobs import JobWriter, random_job

SIZES = ("tiny", "core")
STALLS = {
    "no stalls": Stalls(),
    "slow memory": Stalls(memory=800, latency=100),
    "slow core": Stalls(take=(800, 800, 800, 800)),
    "all at random": Stalls(memory=300, job=900, take=(300, 500, 500, 300), latency=40),
}
DENSITIES = (0.0, 0.1, 0.5, 1.0)


def random_jobs(rng: np.random.Generator, preset: str, intra: bool, count: int) -> list[FeedJob]:
    """Draw jobs of one kind; some have no K tile."""
    jobs = []
    for _ in range(count):
        writer = JobWriter(
            find_preset(preset), rng, float(rng.choice(DENSITIES)), float(rng.choice(DENSITIES))
        )
        jobs.append(random_job(writer, intra, int(rng.integers(0, 5))))
    return jobs


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("intra", [False, True], ids=["columns", "rows"])
@pytest.mark.parametrize("preset", SIZES)
def test_jobs(rng: np.random.Generator, seed: int, preset: str, intra: bool, stalls: str) -> None:
    bench = feeder_bench(preset)
    for round_number in range(4):
        jobs = random_jobs(rng, preset, intra, 8)
        bench.check(jobs, seed + round_number, STALLS[stalls])
