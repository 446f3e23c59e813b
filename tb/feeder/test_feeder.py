"""Feeders of both sizes: whatever the memory and the core do, each port gets its job's outputs."""

from __future__ import annotations

import numpy as np
import pytest

from golden.formats import Fp8Format
from golden.presets import find_preset
from tb.feeder.bench import PORTS, FeedJob, Stalls, feeder_bench
from tb.feeder.fgmp_stream import LINE_BYTES
from tb.feeder.jobs import UNIT_ELEMENTS, JobWriter, UnitShape, random_job

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


def take_stalls(port: str, permille: int) -> Stalls:
    """Let one port of the core stall."""
    commands, beats, rows, costs = (permille if port == name else 0 for name in PORTS)
    return Stalls(take=(commands, beats, rows, costs))


@pytest.mark.parametrize("permille", [300, 600, 950])
@pytest.mark.parametrize("stream", ["memory", "jobs", *PORTS])
def test_one_stream_stalls(rng: np.random.Generator, seed: int, stream: str, permille: int) -> None:
    """Whatever one of the feeder's neighbours does, the other streams wait for it and nothing is lost."""
    stalls = {
        "memory": Stalls(memory=permille),
        "jobs": Stalls(job=permille),
    } | {port: take_stalls(port, permille) for port in PORTS}
    for intra in (False, True):
        feeder_bench("tiny").check(random_jobs(rng, "tiny", intra, 4), seed, stalls[stream])


@pytest.mark.parametrize("fmt", list(Fp8Format))
@pytest.mark.parametrize("bias", [0, 7, 15, 40, 63])
def test_b_is_widened(rng: np.random.Generator, seed: int, fmt: Fp8Format, bias: int) -> None:
    writer = JobWriter(find_preset("core"), rng, 0.9, 0.2, fmt, bias)
    writer.command()
    writer.tile(200, 1)
    feeder_bench("core").check([writer.job()], seed, fmt=int(fmt), bias=bias)


@pytest.mark.parametrize("preset", SIZES)
def test_base_stays_until_it_is_overwritten(rng: np.random.Generator, seed: int, preset: str) -> None:
    """K tiles that share a base table, and one that changes a part of it."""
    rows = find_preset(preset).rows
    writer = JobWriter(find_preset(preset), rng, 0.7, 0.2)
    table = rng.integers(0, 100, rows).tolist()
    shape = UnitShape(3, 2, 1, 40, 2, 150, 110)
    writer.base(table)
    writer.feed_rows(table, shape, 3)
    writer.feed_rows(table, shape, 2)
    changed = [*table[: rows // 2 // 12 * 12], *rng.integers(0, 100, rows - rows // 2 // 12 * 12).tolist()]
    writer.base(changed, rows // 2 // 12 * 12)
    writer.feed_rows(changed, shape, 2)
    writer.command()
    for stalls in STALLS.values():
        feeder_bench(preset).check([writer.job()], seed, stalls)


@pytest.mark.parametrize("preset", SIZES)
def test_the_largest_unit(rng: np.random.Generator, seed: int, preset: str) -> None:
    """Units of `UNIT_ELEMENTS`, of the largest kernel, and before a shorter one that ends a channel."""
    writer = JobWriter(find_preset(preset), rng, 0.6, 0.3)
    table = list(range(writer.preset.rows))
    for shape in (
        UnitShape(7, 7, 7, 35, 1, UNIT_ELEMENTS, UNIT_ELEMENTS),
        UnitShape(5, 5, 3, 40, 2, UNIT_ELEMENTS, 150),
    ):
        writer.base(table)
        writer.feed_rows(table, shape, 4)
    writer.command()
    for stalls in STALLS.values():
        feeder_bench(preset).check([writer.job()], seed, stalls)


@pytest.mark.parametrize("preset", SIZES)
def test_base_waits_for_all_tiles_before_it(rng: np.random.Generator, seed: int, preset: str) -> None:
    """As many K tiles as there may be on their way share a base table, and the next one waits for them."""
    rows = find_preset(preset).rows
    writer = JobWriter(find_preset(preset), rng, 0.7, 0.2)
    for _ in range(3):
        table = rng.integers(0, 100, rows).tolist()
        writer.base(table)
        for _ in range(6):
            writer.feed_rows(table, UnitShape(3, 3, 3, 40, 1, 190, 190), 1)
    writer.command()
    for stalls in (*STALLS.values(), take_stalls("beats", 900)):
        feeder_bench(preset).check([writer.job()], seed, stalls)


@pytest.mark.parametrize("intra", [False, True], ids=["columns", "rows"])
@pytest.mark.parametrize("preset", SIZES)
def test_reset_in_the_middle_of_work(rng: np.random.Generator, seed: int, preset: str, intra: bool) -> None:
    """Whatever jobs are left at any time, those after a reset are done as if they were the first ones."""
    bench = feeder_bench(preset)
    for number in range(60):
        if number % 10 == 0:
            left, jobs = random_jobs(rng, preset, intra, 4), random_jobs(rng, preset, not intra, 1)
            total = max(bench.check(left, seed, stalls).cycles for stalls in STALLS.values())
        stalls = list(STALLS.values())[number % len(STALLS)]
        bench.run(left, seed + number, stalls, cycles=int(rng.integers(1, total)))
        bench.check(jobs, seed + number)


@pytest.mark.parametrize("preset", SIZES)
def test_rows_of_b_are_counted_to_the_last_bit(rng: np.random.Generator, seed: int, preset: str) -> None:
    """Of any number of rows before: carries run through all bits of the ledger's counts."""
    for bit in (*range(4, 33, 4), 31):
        jobs = random_jobs(rng, preset, False, 6)
        counted = (1 << bit) - 1 - int(rng.integers(0, 12))
        for number, stalls in enumerate(STALLS.values()):
            feeder_bench(preset).check(jobs, seed + number, stalls, counted=counted)


@pytest.mark.parametrize("shape", ["3x3", "1x1"])
@pytest.mark.parametrize("density", [0.1, 0.4])
def test_a_row_a_cycle(rng: np.random.Generator, seed: int, shape: str, density: float) -> None:
    """The rows of WG leave one beat a cycle, whatever a unit's rows are."""
    writer = JobWriter(find_preset("core"), rng, density, 0.2)
    table = list(range(36))
    writer.base(table)
    if shape == "3x3":
        writer.feed_rows(table, UnitShape(3, 3, 3, 50, 1, 138, 138), 100)
    else:
        writer.feed_rows(table, UnitShape(1, 1, 1, 0, 1, 36, 36), 500)
    writer.command()
    outcome = feeder_bench("core").check([writer.job()], seed)
    assert outcome.last_cycles[1] < 1.1 * len(outcome.outputs[1]) + 50


@pytest.mark.parametrize("density", [0.1, 0.4, 1.0])
def test_columns_and_rows_of_b_a_cycle(rng: np.random.Generator, seed: int, density: float) -> None:
    """The words of FP and BP leave one beat a cycle, and B one row a cycle."""
    for stream in ("a", "b"):
        writer = JobWriter(find_preset("core"), rng, density, 0.2)
        if stream == "a":
            writer.feed(60, 9, 0xFF)
        else:
            writer.tile(1000, 1)
        writer.command()
        outcome = feeder_bench("core").check([writer.job()], seed)
        port = 1 if stream == "a" else 2
        assert outcome.last_cycles[port] < 1.1 * len(outcome.outputs[port]) + 50


@pytest.mark.parametrize("preset", SIZES)
def test_streams_are_read_once(rng: np.random.Generator, seed: int, preset: str) -> None:
    """Of each stream its lines and no others."""
    jobs = random_jobs(rng, preset, False, 6)
    outcome = feeder_bench(preset).check(jobs, seed, STALLS["all at random"])
    streams = [stream for job in jobs for stream in (job.a, job.b, job.c)]
    assert outcome.lines_read == sum(-(-len(stream) // LINE_BYTES) for stream in streams)
