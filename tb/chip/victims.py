"""The chip of three cores that tests of bad input share, and the descriptor that they make wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from golden.chip.encoding import JOB_LINES
from golden.seeds import DEFAULT_MASTER_SEED, derive_seed
from tb.chip.attempts import Victim, make_victim, set_words, word_at
from tb.chip.bare import BareChip
from tb.chip.chips import tiny_chip, tiny_preset
from tb.chip.device import RunOptions
from tb.chip.random_chains import U8, draw_memory, require_run

CORES = 3
QUIET = 50_000
WATCHDOG = 6_000
LAST_LINE = (1 << 32) - 1


@lru_cache
def chip() -> BareChip:
    """Return the chip, reset once; later only the tests that do so on purpose reset it."""
    made = tiny_chip(CORES)
    made.reset()
    return made


@lru_cache
def victim() -> Victim:
    """Make the descriptor that tests make wrong, once a process."""
    return make_victim(np.random.default_rng(derive_seed("victim", DEFAULT_MASTER_SEED)), tiny_preset(CORES))


def options(rng: np.random.Generator, **changes: Any) -> RunOptions:
    """Draw how a run is done; none of them begins with a reset."""
    return RunOptions(memory=draw_memory(rng), quiet=QUIET, watchdog=WATCHDOG, resets=False, **changes)


def require_good(rng: np.random.Generator) -> None:
    """Run the descriptor as it should be."""
    good = victim()
    memory = good.memory()
    chip().load(memory)
    outcome = chip().run(good.line, options(rng))
    require_run(good.chain, memory, outcome)


def descriptor_with(**fields: Any) -> Callable[[U8], None]:
    """Rewrite the descriptor with other fields."""
    words = replace(victim().descriptor, **fields).words()
    return lambda memory: set_words(memory, victim().line, words)


def job_with(index: int, **fields: Any) -> Callable[[U8], None]:
    """Rewrite a job with other fields."""
    words = replace(victim().jobs[index], **fields).words()
    return lambda memory: set_words(memory, victim().descriptor.job_table + index * JOB_LINES, words)


def flip(line: int, word: int, bit: int) -> Callable[[U8], None]:
    """Flip a bit of a 32-bit word of the structure that begins at a line."""

    def change(memory: U8) -> None:
        word_at(memory, line, word)[0] ^= np.uint32(1 << bit)

    return change


def some_jobs() -> list[int]:
    """Return a job of the first wave, one in the middle, and the last."""
    count = len(victim().jobs)
    return [1, count // 2, count - 1]
