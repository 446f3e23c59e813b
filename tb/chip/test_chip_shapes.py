"""The chip at each tail of a tile by each other one, and with each kind of memory."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from golden.geometry import ConvGeometry, Step
from tb.chip.chips import tiny_chip, tiny_preset
from tb.chip.device import RunOptions
from tb.chip.memory import MemoryOptions, Order
from tb.chip.random_chains import Chain, ChainBuilder, draw_memory, require_run
from tb.core.test_classes import around, pointwise
from tb.core.test_core import OPERANDS

CORES = 3
QUIET = 50_000
PRESET = tiny_preset(CORES)


def run(chain: Chain, memory: MemoryOptions) -> None:
    """Run a chain, and require all that must be true."""
    contents = chain.before.copy()
    chip = tiny_chip(CORES)
    chip.load(contents)
    require_run(chain, contents, chip.run(chain.line, RunOptions(memory=memory, quiet=QUIET)))


@pytest.mark.parametrize("step", Step)
def test_each_tail_by_each_other(rng: np.random.Generator, step: Step) -> None:
    """Rows, columns and depth of whole tiles, one more, one less and between, in every combination."""
    depth = PRESET.rows if step is Step.WG else PRESET.lines * PRESET.rows
    for m, n, k in product(around(PRESET.psum_rows), around(PRESET.columns), around(depth)):
        builder = ChainBuilder(rng, PRESET)
        builder.add(pointwise(step, m, n, k), step)
        run(builder.finish(), draw_memory(rng))


@pytest.mark.parametrize("permille", [0, 300, 600, 850])
@pytest.mark.parametrize("order", Order)
def test_each_kind_of_memory(rng: np.random.Generator, order: Order, permille: int) -> None:
    """Order of answers, stalls and bandwidth in every combination."""
    geometry = ConvGeometry("memory", 2, 5, 6, 6, 6, 3, 1, 1)
    for step, bandwidth in product(Step, (0, 16, 64)):
        builder = ChainBuilder(rng, PRESET)
        builder.add(geometry, step)
        manners = MemoryOptions(10, 30, bandwidth, order, permille, seed=int(rng.integers(1, 1 << 30)))
        run(builder.finish(), manners)


def test_as_many_reads_as_there_are_tags(rng: np.random.Generator) -> None:
    """The first lines of a long job table come late: then many jobs ask for their streams at once."""
    builder = ChainBuilder(rng, PRESET)
    builder.add(ConvGeometry("tags", 2, 64, 8, 8, 16, 1, 1, 0), Step.FP, OPERANDS["all FP16, dense"])
    # With this seed of the memory's, whatever the operands are.
    run(builder.finish(), MemoryOptions(100, 1000, bytes_per_cycle=0, seed=7))
