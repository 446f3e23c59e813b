"""Memories of a core: sizes as the RTL has them, the chip's limit, accesses from counters."""

from __future__ import annotations

import pytest

from golden.energy import SramAccesses
from golden.memories import core_memories, sram_accesses
from golden.presets import find_preset

SRAM_LIMIT = 372 * 1024
"""Bytes of SRAM of the published chip."""

COUNTERS = {"elements": 1000, "a_beats": 70, "b_rows": 40, "psum_reads": 9, "psum_writes": 11}


def test_macros_of_preset_core() -> None:
    """As the `sram` instances of a_ring, pe_line and partial_sum: words, bytes of a word, how many."""
    found = {m.name: (m.words, m.word_bytes, m.copies) for m in core_memories(find_preset("core")).values()}
    assert found == {"a_ring": (32, 8, 16), "b_rows": (72, 32, 8), "partial_sums": (128, 64, 1)}


def test_memories_of_preset_lnpu_fit_the_chip() -> None:
    lnpu = find_preset("lnpu")
    memories = core_memories(lnpu)
    assert lnpu.cores * memories["b_rows"].total_bytes == 216 * 1024
    assert lnpu.cores * sum(memory.total_bytes for memory in memories.values()) <= SRAM_LIMIT


@pytest.mark.parametrize(("intra", "b_writes"), [(False, 40), (True, 8 * 40)])
def test_accesses_follow_from_counters(intra: bool, b_writes: int) -> None:
    assert sram_accesses(COUNTERS, find_preset("core"), intra) == [
        SramAccesses(8, 32 * 8, 1000),  # a word of the ring for each element
        SramAccesses(8, 32 * 8, 70 * 9),  # nine words a beat at most
        SramAccesses(32, 72 * 32, 1000 + b_writes),
        SramAccesses(64, 128 * 64, 20),
    ]
