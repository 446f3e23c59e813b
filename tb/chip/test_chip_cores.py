"""Cores that finish at irregular times: the same bits, and nobody waits for a slow one for long."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from golden.chip.encoding import Cause, OutputMode
from golden.chip.output import Output
from golden.geometry import ConvGeometry, Step
from golden.tests.reference import SHAPES, random_geometry
from tb.chip.chips import CORES, tiny_chip, tiny_preset
from tb.chip.device import ChipOutcome, RunOptions
from tb.chip.memory import MemoryOptions
from tb.chip.random_chains import Chain, ChainBuilder, draw_memory, require_run

QUIET = 200_000
"""Longer than a core stands still here."""
SEVERAL = tuple(cores for cores in CORES if cores > 1)
SLOWED = 8
"""A slow core gets one clock edge of so many."""
SHARE = 0.10
"""Of its cycles a layer may take more than the lost clock edges cost."""
PATIENCE = 384
"""Below the time of a tiny chip's job on a slow core; cores that are alike are never half as late."""
LITTLE_PATIENCE = 128
"""Just above the longest wait for a core that runs, below the sum of such waits."""
MANY_JOBS = {
    Step.FP: ConvGeometry("many jobs", 2, 16, 12, 12, 16, 3, 1, 1),
    Step.BP: ConvGeometry("many jobs", 2, 16, 12, 12, 16, 3, 1, 1),
    Step.WG: ConvGeometry("many jobs", 3, 24, 8, 8, 24, 3, 1, 1),
}


def many_jobs(rng: np.random.Generator, cores: int, step: Step) -> Chain:
    """Make a step whose jobs are many times as many as cores."""
    builder = ChainBuilder(rng, tiny_preset(cores))
    builder.add(MANY_JOBS[step], step, output=Output(OutputMode.FP16))
    chain = builder.finish()
    assert chain.jobs >= 18 * cores
    return chain


def run(
    cores: int, chain: Chain, *, detached: bool = True, patience: int = PATIENCE, **options: Any
) -> ChipOutcome:
    """Run a chain and require all that must be true, whatever the cores' clocks do."""
    memory = chain.before.copy()
    chip = tiny_chip(cores)
    chip.load(memory)
    outcome = chip.run(chain.line, RunOptions(quiet=QUIET, patience=patience, **options))
    require_run(chain, memory, outcome, detached=detached)
    return outcome


def macs(outcome: ChipOutcome) -> list[int]:
    """Return the work of each core, MACs done."""
    return [core["macs_fp8"] + core["macs_fp16"] for core in outcome.cores]


@pytest.mark.parametrize("missed", [50, 500, 900])
@pytest.mark.parametrize("cores", CORES)
def test_cores_that_miss_clock_edges(cores: int, missed: int, rng: np.random.Generator) -> None:
    """Each core for itself, at random, through layers of any kind."""
    for step in Step:
        builder = ChainBuilder(rng, tiny_preset(cores))
        for _ in range(2):
            shape = SHAPES[int(rng.integers(len(SHAPES)))]
            builder.draw(random_geometry(rng, shape, 9, 5), step)
        run(cores, builder.finish(), memory=draw_memory(rng), missed_permille=missed)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("cores", SEVERAL)
def test_one_slow_core(cores: int, step: Step, rng: np.random.Generator) -> None:
    """The others take its jobs: what is lost is its clock edges, a share, and the time of its last job."""
    chain = many_jobs(rng, cores, step)
    memory = MemoryOptions(bytes_per_cycle=64, seed=int(rng.integers(1, 1000)))
    alike = run(cores, chain, detached=False, memory=memory)
    work = macs(alike)
    assert min(work) > (1 - SHARE) * max(work)
    slow = int(rng.integers(cores))
    slowed = run(cores, chain, memory=memory, slow=(slow, SLOWED))
    job = alike.cycles * cores / chain.jobs
    edges = cores / (cores - 1 + 1 / SLOWED)
    assert slowed.cycles <= (edges + SHARE) * alike.cycles + SLOWED * job
    work = macs(slowed)
    assert 0 < work[slow] < max(work) / (SLOWED - 2)
    others = work[:slow] + work[slow + 1 :]
    assert min(others) > (1 - SHARE) * max(others)
    assert slowed.chip["detached"] == 1


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("cores", SEVERAL)
def test_a_core_that_is_late_each_time(cores: int, step: Step, rng: np.random.Generator) -> None:
    """No wait for it is as long as the patience, but waits for it are most of the time."""
    chain = many_jobs(rng, cores, step)
    patience = 3_000
    alike = run(cores, chain, detached=False, patience=patience)
    slowed = run(cores, chain, slow=(int(rng.integers(cores)), SLOWED), patience=patience)
    assert slowed.chip["detached"] == 1
    job = alike.cycles * cores / chain.jobs
    edges = cores / (cores - 1 + 1 / SLOWED)
    assert slowed.cycles <= (edges + SHARE) * alike.cycles + SLOWED * job + patience
    missed = run(cores, chain, detached=False, missed_permille=300, patience=patience)
    assert missed.chip["detached"] == 0


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("cores", SEVERAL)
def test_a_core_that_stands_still_for_long(cores: int, step: Step, rng: np.random.Generator) -> None:
    """The others do all jobs but the one it holds; then it ends that, and the run is done."""
    chain = many_jobs(rng, cores, step)
    alike = run(cores, chain, detached=False)
    stopped = cores - 1 - list(Step).index(step)  # the last core too
    first = alike.cycles // 4
    last = 3 * alike.cycles
    outcome = run(cores, chain, stopped=(stopped, first, last), watchdog=4 * alike.cycles)
    assert last < outcome.cycles < last + alike.cycles // 4
    work = macs(outcome)
    others = work[:stopped] + work[stopped + 1 :]
    assert work[stopped] < 0.5 * min(others)
    assert min(others) > (1 - SHARE) * max(others)


@pytest.mark.parametrize("cores", SEVERAL)
def test_a_core_that_sleeps_at_the_start(cores: int, rng: np.random.Generator) -> None:
    """Its counters begin at zero once it wakes, and lose nothing when it sleeps again."""
    chain = many_jobs(rng, cores, Step.FP)
    alike = run(cores, chain, detached=False)
    late = (int(rng.integers(cores)), 0, alike.cycles // 4)
    for irregular in ({"stopped": late}, {"missed_permille": 500}):
        run(cores, chain, resets=False, **irregular)


def test_a_core_that_never_goes_on(rng: np.random.Generator) -> None:
    """The chip's watchdog ends the run; software learns the cause, and the log the state of the design."""
    cores, watchdog = SEVERAL[0], 5_000
    chain = many_jobs(rng, cores, Step.FP)
    memory = chain.before.copy()
    chip = tiny_chip(cores)
    chip.load(memory)
    options = RunOptions(quiet=QUIET, patience=PATIENCE, watchdog=watchdog, stopped=(1, 2_000, 150_000))
    outcome = chip.run(chain.line, options)
    assert (outcome.status.error, outcome.status.done) == (True, False)
    assert outcome.status.cause is Cause.WATCHDOG
    stuck = [line for line in outcome.report.splitlines() if "gen_cores[1].i_core." in line]
    assert stuck, outcome.report
    assert "i_dispatcher.state" in outcome.report
    assert ((memory == chain.before) | (memory == chain.after)).all()
    run(cores, chain, detached=False)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("cores", SEVERAL)
def test_a_core_that_runs_may_keep_others_waiting(cores: int, step: Step, rng: np.random.Generator) -> None:
    """Many short waits for one that does its job do not add up to leaving it behind."""
    run(cores, many_jobs(rng, cores, step), detached=False, patience=LITTLE_PATIENCE)


@pytest.mark.parametrize("step", Step)
def test_without_patience(step: Step, rng: np.random.Generator) -> None:
    """Irregular cores that are left behind at every turn read more, and compute the same."""
    cores = SEVERAL[-1]
    chain = many_jobs(rng, cores, step)
    memory = chain.before.copy()
    chip = tiny_chip(cores)
    chip.load(memory)
    outcome = chip.run(chain.line, RunOptions(quiet=QUIET, patience=1, missed_permille=300))
    require_run(chain, memory, outcome, detached=True)
    assert outcome.chip["detached"] > 0
