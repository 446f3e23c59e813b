"""The whole chip on random layers: memory, results, traffic and work against golden's, on 1 to 4 cores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from golden.chip.encoding import LINE_ADDRESS_BITS, LINE_BYTES, OutputMode
from golden.chip.output import Output
from golden.chip.results import read_layer
from golden.formats import Fp8Format
from golden.geometry import ConvGeometry, Step
from golden.hardware_counters import CHIP_COUNTER_CORE, CHIP_COUNTERS, CORE_COUNTERS
from golden.tests.reference import SHAPES, random_geometry
from tb.chip.bare import BareChip
from tb.chip.chips import CORES, tiny_chip, tiny_preset
from tb.chip.device import ChipOutcome, RunOptions
from tb.chip.random_chains import (
    U8,
    Chain,
    ChainBuilder,
    draw_memory,
    planned,
    require_run,
    require_traffic,
    require_work,
)
from tb.chip.relocation import relocated

QUIET = 50_000

TAILS = {
    "a pixel": ConvGeometry("a pixel", 1, 1, 1, 1, 1, 1, 1, 0),
    "a row too many": ConvGeometry("a row too many", 1, 4, 17, 1, 4, 1, 1, 0),
    "a column too many": ConvGeometry("a column too many", 1, 8, 4, 4, 5, 1, 1, 0),
    "columns of four cores": ConvGeometry("columns of four cores", 1, 3, 4, 5, 16, 3, 1, 1),
    "depth of two tiles and one": ConvGeometry("depth of two tiles and one", 2, 33, 3, 3, 2, 1, 1, 0),
    "wide": ConvGeometry("wide", 1, 3, 3, 41, 3, 3, 1, 1),
    "high": ConvGeometry("high", 1, 2, 41, 2, 6, 3, 2, 1),
    "stem": ConvGeometry("stem", 1, 3, 12, 14, 6, 7, 2, 3),
    "down": ConvGeometry("down", 2, 9, 6, 6, 7, 1, 2, 0),
    "batch": ConvGeometry("batch", 7, 5, 3, 3, 5, 3, 1, 1),
    "fc": ConvGeometry("fc", 5, 40, 1, 1, 10, 1, 1, 0),
}
"""Layers at the ends of tiles: blocks are of 16 rows, cores of 4 columns, K tiles of 16 channels."""


def run(chip: BareChip, chain: Chain, options: RunOptions) -> tuple[U8, ChipOutcome]:
    """Run a chain on a fresh copy of its memory; return memory and outcome."""
    memory = chain.before.copy()
    chip.load(memory)
    return memory, chip.run(chain.line, options)


def run_and_require(cores: int, chain: Chain, rng: np.random.Generator, **options: Any) -> None:
    """Run a chain with a memory drawn at random, and require all that must be true."""
    given = RunOptions(memory=draw_memory(rng), quiet=QUIET, **options)
    memory, outcome = run(tiny_chip(cores), chain, given)
    require_run(chain, memory, outcome)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("cores", CORES)
def test_every_kernel(cores: int, step: Step, rng: np.random.Generator) -> None:
    """Each kernel, stride and padding, and random everything else."""
    for shape in SHAPES:
        builder = ChainBuilder(rng, tiny_preset(cores))
        builder.draw(random_geometry(rng, shape, 11, 5), step)
        run_and_require(cores, builder.finish(), rng)


@pytest.mark.parametrize("cores", CORES)
@pytest.mark.parametrize("name", TAILS)
def test_tails(name: str, cores: int, rng: np.random.Generator) -> None:
    for step in Step:
        builder = ChainBuilder(rng, tiny_preset(cores))
        builder.draw(TAILS[name], step)
        run_and_require(cores, builder.finish(), rng)


@pytest.mark.parametrize("cores", CORES)
def test_chains_of_steps(cores: int, rng: np.random.Generator) -> None:
    """Several layers with one start: formats, kinds of tiles and thresholds change between descriptors."""
    for _ in range(4):
        builder = ChainBuilder(rng, tiny_preset(cores))
        for _ in range(int(rng.integers(2, 6))):
            shape = SHAPES[int(rng.integers(len(SHAPES)))]
            builder.draw(random_geometry(rng, shape, 7), list(Step)[int(rng.integers(3))])
        run_and_require(cores, builder.finish(), rng)


@pytest.mark.parametrize("cores", CORES)
def test_threshold_from_the_iteration_before(cores: int, rng: np.random.Generator) -> None:
    """Three starts without a reset between them; each takes its output bias from the record before."""
    geometry = ConvGeometry("iteration", 2, 6, 6, 6, 7, 3, 1, 1)
    builder, memory, record = ChainBuilder(rng, tiny_preset(cores)), None, 0
    for iteration in range(3):
        fmt = Fp8Format(iteration % 2)
        output = Output(OutputMode.FGMP, fmt, bias=9, threshold_record=record)
        made = builder.add(geometry, Step.FP, output=output)
        record = made.layer.descriptors[0].descriptor.completion
        chain = builder.finish(memory)
        options = RunOptions(memory=draw_memory(rng), quiet=QUIET, resets=iteration == 0)
        memory, outcome = run(tiny_chip(cores), chain, options)
        require_run(chain, memory, outcome)
        assert chain.steps[0].layer.descriptors[0].descriptor.threshold_from_record == (iteration > 0)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("cores", [1, 3])
def test_layers_anywhere_in_memory(cores: int, step: Step, rng: np.random.Generator) -> None:
    """Up to the last line that there is; every bit of an address counts."""
    for bit in range(20, LINE_ADDRESS_BITS + 1, 2):
        builder = ChainBuilder(rng, tiny_preset(cores))
        for _ in range(2):
            builder.draw(random_geometry(rng, SHAPES[int(rng.integers(len(SHAPES)))], 9, 5), step)
        chain = builder.finish()
        lines = len(chain.before) // LINE_BYTES
        # Across the bit, or up to the end; chunks of two lines stay what they are.
        below = lines if bit == LINE_ADDRESS_BITS else lines // 2
        first = (1 << bit) - (below + below % 2)
        memory, chip = relocated(chain.before, chain.line, 0, first), tiny_chip(cores)
        chip.load(memory, first)
        outcome = chip.run(chain.line + first, RunOptions(memory=draw_memory(rng), quiet=QUIET))
        require_run(chain, relocated(memory, chain.line, first, 0), outcome)


def test_counters_that_are_none(rng: np.random.Generator) -> None:
    """Software that selects a core or a counter that there is not reads 0; every other one can be read."""
    made, registers = tiny_chip(3), tiny_chip(3).device.registers
    builder = ChainBuilder(rng, tiny_preset(3))
    builder.draw(TAILS["batch"], Step.FP)
    run_and_require(3, builder.finish(), rng)
    cores = [*range(3), CHIP_COUNTER_CORE]
    names = {core: CHIP_COUNTERS if core == CHIP_COUNTER_CORE else CORE_COUNTERS for core in cores}
    steps, wanted = [], []
    for core in (*cores, 3, 7, 100, CHIP_COUNTER_CORE - 1):
        for index in (0, len(names.get(core, ())) - 1, len(names.get(core, ())), 255):
            if index >= 0:
                steps.append(registers.write("COUNTER_SELECT", core=core, index=index))
                steps += [registers.read("COUNTER_LOW"), registers.read("COUNTER_HIGH")]
                wanted.append(index < len(names.get(core, ())))
    answers = [answer.value for answer in made.script(steps, RunOptions(resets=False)).answers]
    for number, may_count in enumerate(wanted):
        low, high = answers[3 * number + 1 : 3 * number + 3]
        assert high == 0
        assert may_count or low == 0
    assert answers[1] > 0


def test_many_starts_without_a_reset(rng: np.random.Generator) -> None:
    """What a run leaves in the chip does not reach the next one."""
    for number in range(12):
        builder = ChainBuilder(rng, tiny_preset(3))
        builder.draw(random_geometry(rng, SHAPES[int(rng.integers(len(SHAPES)))], 9), list(Step)[number % 3])
        run_and_require(3, builder.finish(), rng, resets=number == 0)


# --------------------------------------------------------------------------------------------------
# Each check sees what it is for
# --------------------------------------------------------------------------------------------------


def _good_run(rng: np.random.Generator, mode: OutputMode) -> tuple[Chain, U8, ChipOutcome]:
    builder = ChainBuilder(rng, tiny_preset(1))
    output = Output(mode, bias=10 if mode is OutputMode.FGMP else 0)
    builder.add(ConvGeometry("good", 1, 4, 5, 5, 4, 3, 1, 1), Step.FP, output=output)
    chain = builder.finish()
    memory, outcome = run(tiny_chip(1), chain, RunOptions(quiet=QUIET))
    require_run(chain, memory, outcome)
    return chain, memory, outcome


@pytest.mark.parametrize("mode", OutputMode)
def test_a_wrong_bit_is_seen(mode: OutputMode, rng: np.random.Generator) -> None:
    """In a result, in a record, in what nobody should have written; and in results alone."""
    chain, memory, outcome = _good_run(rng, mode)
    descriptor = chain.steps[0].layer.descriptors[0]
    result = descriptor.jobs[-1].job.output.line * LINE_BYTES
    places = [result, descriptor.descriptor.job_records * LINE_BYTES + 4]
    places += [descriptor.descriptor.completion * LINE_BYTES + 8, len(memory) - 1]
    for place in places:
        wrong = memory.copy()
        wrong[place] ^= 1
        with pytest.raises(AssertionError, match=f"1 bytes of memory differ, the first one at byte {place} "):
            require_run(chain, wrong, outcome)
    # A value that golden's chip model agrees with, and golden's numerics do not.
    values = memory[result : result + descriptor.jobs[-1].job.output.bytes]
    wrong = memory.copy()
    wrong[result + (int(np.flatnonzero(values[:2])[-1]) if mode is not OutputMode.FGMP else 2)] ^= 1
    forged = replace(chain, after=wrong)
    with pytest.raises(AssertionError, match=r"good FP, F\w+"):
        require_run(forged, wrong, outcome)


def test_a_lost_record_is_seen(rng: np.random.Generator) -> None:
    """A job's record, or the completion record, that never came."""
    chain, memory, _ = _good_run(rng, OutputMode.FGMP)
    layer = chain.steps[0].layer
    descriptor = layer.descriptors[0].descriptor
    for line in (descriptor.job_records + 1, descriptor.completion):
        lost = memory.copy()
        lost[line * LINE_BYTES : (line + 1) * LINE_BYTES] = chain.before[line * LINE_BYTES :][:LINE_BYTES]
        with pytest.raises(ValueError, match="record"):
            read_layer(lost, layer)


def test_other_traffic_or_work_is_seen(rng: np.random.Generator) -> None:
    chain, memory, outcome = _good_run(rng, OutputMode.FP32)
    plan = planned(chain, [read_layer(memory, step.layer) for step in chain.steps])
    traffic = outcome.traffic
    for wrong in (
        replace(outcome, traffic=replace(traffic, write_bytes=traffic.write_bytes + 1)),
        replace(outcome, traffic=replace(traffic, read_beats=traffic.read_beats + 1)),
        replace(outcome, chip=outcome.chip | {"a_lines": outcome.chip["a_lines"] - 1}),
        replace(outcome, chip=outcome.chip | {"write_beats": outcome.chip["write_beats"] - 1}),
    ):
        with pytest.raises(AssertionError):
            require_traffic(plan, wrong)
    moved = outcome.chip | {
        "a_lines": outcome.chip["a_lines"] - 1,
        "b_lines": outcome.chip["b_lines"] + 1,
    }
    with pytest.raises(AssertionError):
        require_traffic(plan, replace(outcome, chip=moved))
    for name in ("macs_fp8", "macs_fp16"):
        cores = (outcome.cores[0] | {name: outcome.cores[0][name] + 1},)
        with pytest.raises(AssertionError):
            require_work(chain, replace(outcome, cores=cores))
    with pytest.raises(AssertionError):
        require_work(chain, replace(outcome, chip=outcome.chip | {"jobs": outcome.chip["jobs"] - 1}))
    with pytest.raises(AssertionError, match="1 cores were left behind"):
        require_run(chain, memory, replace(outcome, chip=outcome.chip | {"detached": 1}))
