"""Waves and shared fetches as docs/chip.md promises them, whatever the pace of cores and memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from golden.formats import U32
from tb.central.bench import CentralFailure
from tb.central.dispatch import (
    FROZEN,
    LONG_PATIENCE,
    NEAR_LINES,
    DispatchBench,
    Pace,
    draw_jobs,
    even_pace,
    planned_lines,
    random_pace,
)

Rng = np.random.Generator
CORES = (1, 4, 12)


def shared_jobs(count: int) -> U32:
    """Return jobs that all read the same A, B and C."""
    jobs = np.zeros((count, 4, 2), np.uint32)
    jobs[:, 0], jobs[:, 1], jobs[:, 2] = (64, 30), (128, 30), (192, 2)
    return jobs


def own_jobs(count: int) -> U32:
    """Return jobs with an A and a C of their own."""
    jobs = shared_jobs(count)
    jobs[..., 0] += 256 * np.arange(count, dtype=np.uint32)[:, None]
    jobs[:, [1, 3]] = 0
    return jobs


each_size = pytest.mark.parametrize("cores", CORES)


@each_size
def test_each_stream_of_a_wave_is_read_once(cores: int, rng: Rng) -> None:
    """Descriptors one after the other on the same chip, each with another pace."""
    bench = DispatchBench(cores)
    for _ in range(40):
        jobs = draw_jobs(rng, int(rng.integers(1, 6 * cores + 2)), cores)
        bench.check(jobs, random_pace(rng, cores), int(rng.integers(1 << 30)))


@pytest.mark.parametrize("cores", CORES[1:])
def test_a_stream_that_another_core_reads_in_the_next_wave(cores: int, rng: Rng) -> None:
    """Two waves come to the same chunk at the same time, and each reads it for itself."""
    bench = DispatchBench(cores)
    for _ in range(40):
        waves = int(rng.integers(3, 9))
        jobs = np.zeros((waves * cores, 4, 2), np.uint32)
        jobs[:, 2] = (1, 1)
        lengths = rng.choice([2, 8, 9, 24], cores)
        for job in range(len(jobs)):
            stream = (job % cores + job // cores) % cores
            jobs[job, 0] = (64 * (stream + 1), lengths[stream])
        pace = Pace(tuple(int(stall) for stall in rng.choice([0, 300, 800], cores)))
        bench.check(jobs, pace, int(rng.integers(1 << 30)))


@each_size
def test_one_slow_core_changes_no_traffic(cores: int, rng: Rng) -> None:
    bench = DispatchBench(cores)
    for slow in range(min(cores, 4)):
        pace = Pace(tuple(950 if core == slow else 0 for core in range(cores)), latency=5)
        bench.check(draw_jobs(rng, 4 * cores, cores), pace, int(rng.integers(1 << 30)))


def test_jobs_are_dealt_in_order() -> None:
    """Wave by wave, each core has one job of each wave."""
    bench = DispatchBench(4)
    jobs = draw_jobs(np.random.default_rng(1), 18, 4)
    outcome = bench.check(jobs, even_pace(4, 500, able=800), 5)
    for start in range(0, 16, 4):
        assert sorted(outcome.core_of_job[start : start + 4]) == [0, 1, 2, 3]


@each_size
@pytest.mark.parametrize("patience", [0, 1, 20, 300])
def test_laggards_are_left_behind(cores: int, patience: int, rng: Rng) -> None:
    """With little patience every job is done all the same, and nobody waits longer than that."""
    bench, behind = DispatchBench(cores), 0
    for _ in range(12):
        jobs = draw_jobs(rng, int(rng.integers(cores, 6 * cores + 2)), cores)
        take = tuple(int(stall) for stall in rng.choice([0, 500, 990], cores))
        pace = Pace(take, able=int(rng.choice([0, 900, 990])), latency=int(rng.choice([0, 10])))
        outcome = bench.run(jobs, pace, int(rng.integers(1 << 30)), patience)
        behind += cores - len(outcome.attached)
        wanted = planned_lines(jobs, cores)
        if len(outcome.attached) == cores:
            assert outcome.lines == wanted
        assert (np.array(outcome.bursts) <= np.array(outcome.lines)).all()
    assert (behind > 0) == (cores > 1)


@pytest.mark.parametrize("patience", [500, 5000, (1 << 16) - 2, (1 << 16) - 1])
def test_a_core_that_stands_still_stops_nobody(patience: int, rng: Rng) -> None:
    """The others do its part, one patience later; the next descriptor begins with all cores again."""
    cores = 4
    bench = DispatchBench(cores)
    jobs = draw_jobs(rng, 40, cores)
    jobs[:, 1] = jobs[:, 1].max(axis=0)  # one B for all, longer than a ring
    jobs[:, 1, 1] = 30
    for still in range(2):
        pace = Pace(tuple(FROZEN if core == still else 200 for core in range(cores)), latency=3)
        outcome = bench.run(jobs, pace, int(rng.integers(1 << 30)), patience)
        assert outcome.attached == frozenset(range(cores)) - {still}
        assert list(outcome.core_of_job).count(still) <= 2
        bench.check(jobs, even_pace(cores), 1)


def test_little_patience(rng: Rng) -> None:
    """Cores are left behind at every turn, also while a wave is dealt; each job is done all the same."""
    cores = 4
    bench = DispatchBench(cores)
    for _ in range(300):
        take = tuple(int(stall) for stall in rng.choice([0, 500, 900], cores))
        jobs = draw_jobs(rng, 3 * cores, cores)
        pace = Pace(take, job=int(rng.choice([0, 800])))
        assert (bench.run(jobs, pace, int(rng.integers(1 << 30)), 0).core_of_job >= 0).all()
    for still in range(cores):  # the others have plenty left when they have waited long enough
        pace = Pace(tuple(FROZEN if core == still else 990 for core in range(cores)))
        outcome = bench.run(shared_jobs(40), pace, int(rng.integers(1 << 30)), 100)
        assert list(outcome.core_of_job).count(still) <= 2


@pytest.mark.parametrize("patience", [1000, 3000, 60_000])
def test_a_core_that_is_late_each_time(patience: int, rng: Rng) -> None:
    """Eight times slower it is left behind soon, though no single wait is long; a little slower it is not."""
    cores = 4
    bench = DispatchBench(cores)
    jobs = shared_jobs(400 if patience < 10_000 else 1500)
    for late in range(cores):
        slow = Pace(tuple(875 if core == late else 0 for core in range(cores)))
        outcome = bench.run(jobs, slow, int(rng.integers(1 << 30)), patience)
        assert outcome.attached == frozenset(range(cores)) - {late}
        assert patience // 4 <= outcome.first_detached <= patience
        little = Pace(tuple(300 if core == late else 0 for core in range(cores)))
        assert len(bench.run(jobs, little, int(rng.integers(1 << 30)), patience).attached) == cores


def test_a_core_that_is_late_at_each_wave(rng: Rng) -> None:
    """Jobs that share nothing wait for one another only when the next wave is dealt; that is enough."""
    cores, patience = 4, 1000
    bench = DispatchBench(cores)
    for late in range(cores):
        slow = Pace(tuple(875 if core == late else 0 for core in range(cores)))
        outcome = bench.run(own_jobs(400), slow, int(rng.integers(1 << 30)), patience)
        assert outcome.attached == frozenset(range(cores)) - {late}
        assert patience // 4 <= outcome.first_detached <= 4 * patience


@pytest.mark.parametrize("cores", CORES[1:])
def test_waves_of_which_cores_are_left_behind(cores: int, rng: Rng) -> None:
    """Waves come to the same chunk at the same time, some of whose cores nobody waits for any more."""
    bench = DispatchBench(cores)
    for _ in range(100):
        jobs = np.zeros((6 * cores, 4, 2), np.uint32)
        jobs[:, 2] = (1, 1)
        for job in range(len(jobs)):
            stream = (job % cores + job // cores) % 3
            jobs[job, 0] = (64 * (stream + 1), 9)
        pace = Pace(tuple(int(stall) for stall in rng.choice([0, 500, 950], cores)))
        outcome = bench.run(jobs, pace, int(rng.integers(1 << 30)), int(rng.choice([5, 40, 200])))
        assert (outcome.core_of_job >= 0).all()


@each_size
def test_a_reset_forgets_all(cores: int, rng: Rng) -> None:
    """Whatever was under way, the same jobs make the same of each cycle afterwards."""
    bench = DispatchBench(cores)
    jobs, pace = draw_jobs(rng, 4 * cores, cores), random_pace(rng, cores)
    traces = set()
    for _ in range(30):
        bench.reset()
        traces.add(bench.run(jobs, pace, 1, patience=30).trace)
        others = draw_jobs(rng, 6 * cores, cores)
        patience, stop = int(rng.choice([0, 30])), int(rng.integers(10, 200))
        if rng.random() < 0.5:  # many wait for one core
            others, patience = shared_jobs(6 * cores), LONG_PATIENCE
        busy = replace(random_pace(rng, cores), job=int(rng.choice([0, 950])))
        bench.run(others, busy, int(rng.integers(1 << 30)), patience, stop=stop)
    assert len(traces) == 1


@pytest.mark.parametrize("patience", [300, 33_000, LONG_PATIENCE])
def test_a_wave_waits_as_long_as_the_patience(patience: int, rng: Rng) -> None:
    """Also for a core that has run all the time."""
    bench = DispatchBench(4)
    for busy in range(4):
        jobs = own_jobs(16)
        jobs[busy, 0] = (NEAR_LINES, 4 * patience)
        outcome = bench.run(jobs, even_pace(4), int(rng.integers(1 << 30)), patience)
        assert outcome.attached == frozenset(range(4)) - {busy}
        assert patience <= outcome.first_detached <= patience + 500


def test_each_descriptor_waits_anew(rng: Rng) -> None:
    """Cores that wait for the last one of a descriptor have not waited for the next descriptor."""
    bench = DispatchBench(4)
    for length in range(30, 90):
        jobs = own_jobs(4)
        jobs[0, 0, 1] = length
        bench.run(jobs, even_pace(4), 1, patience=20)
        bench.run(jobs, even_pace(4, able=900), int(rng.integers(1 << 30)), patience=20)


def test_a_core_with_more_work_is_not_late(rng: Rng) -> None:
    """The others wait for it most of the time, but it runs."""
    bench = DispatchBench(4)
    jobs = shared_jobs(400)
    jobs[:, 0, 1] = 2
    jobs[::4, 0] = (300, 90)
    outcome = bench.run(jobs, even_pace(4, 100), int(rng.integers(1 << 30)), patience=400)
    assert len(outcome.attached) == 4
    assert outcome.cycles > 400 // 4 * 90


# --------------------------------------------------------------------------------------------------
# The bench itself
# --------------------------------------------------------------------------------------------------


def test_other_traffic_is_seen() -> None:
    """What two waves share is read twice; a job less, and the plan is another one."""
    bench = DispatchBench(4)
    jobs = np.zeros((8, 4, 2), np.uint32)
    jobs[:, 0], jobs[:, 2] = (64, 9), (128, 3)
    assert bench.check(jobs, even_pace(4), 1).lines == (18, 0, 6, 0)
    outcome = bench.run(jobs[:4], even_pace(4), 1)
    assert outcome.lines != planned_lines(jobs, 4)


def test_a_chip_that_hangs_is_seen(rng: Rng) -> None:
    bench = DispatchBench(1)
    with pytest.raises(CentralFailure, match=r"it hung: .* 1 of 3 jobs given"):
        bench.run(np.full((3, 4, 2), 40, np.uint32), Pace((FROZEN,)), 1, patience=10)
    bench.run(draw_jobs(rng, 3, 1), even_pace(1), 1)
