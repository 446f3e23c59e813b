"""Memories of a core: sizes as the RTL has them, the chip's limit, accesses from counters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from golden.energy import SramAccesses
from golden.memories import (
    SRAM_LIMIT_BYTES,
    SramError,
    chip_memories,
    chip_sram_accesses,
    core_memories,
    register_split,
    require_sram,
    sram_accesses,
    sram_split,
)
from golden.presets import PRESETS, find_preset

COUNTERS = {"elements": 1000, "a_beats": 70, "b_rows": 40, "psum_reads": 9, "psum_writes": 11}


def test_macros_of_preset_core() -> None:
    """As the `sram` instances of a_ring, pe_line and partial_sum: words, bytes of a word, how many."""
    found = {m.name: (m.words, m.word_bytes, m.copies) for m in core_memories(find_preset("core")).values()}
    assert found == {"a_ring": (32, 8, 16), "b_rows": (72, 32, 8), "partial_sums": (128, 64, 1)}


def test_memories_of_preset_lnpu_are_those_of_the_published_chip() -> None:
    """The B rows of 12 x 8 lines, partial sums, A rings, and eight lines of A and of B a feeder: 372 KB."""
    split = sram_split(find_preset("lnpu"))
    kilobytes = {name: size // 1024 for name, size in split.items()}
    assert kilobytes == {"a_ring": 48, "b_rows": 216, "partial_sums": 96, "a_stream": 6, "b_stream": 6}
    assert sum(split.values()) == require_sram(find_preset("lnpu")) == SRAM_LIMIT_BYTES == 380_928


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_fits_the_chip(name: str) -> None:
    assert require_sram(find_preset(name)) <= SRAM_LIMIT_BYTES
    of_a_core = sum(memory.total_bytes for memory in chip_memories(find_preset(name)).values())
    assert require_sram(find_preset(name)) == find_preset(name).cores * of_a_core


def test_a_chip_that_is_too_large_is_refused() -> None:
    with pytest.raises(
        SramError, match=r"preset lnpu: 412672 bytes of SRAM .*, the chip has 380928; lower one"
    ):
        require_sram(replace(find_preset("lnpu"), cores=13))
    with pytest.raises(SramError):
        require_sram(replace(find_preset("lnpu"), psum_rows=129))


def test_queues_that_are_registers() -> None:
    """Finished rows: a queue a line, a row of FP32 sums each."""
    lnpu = find_preset("lnpu")
    assert register_split(lnpu)["finished_rows"] == 12 * 8 * lnpu.row_queue * 64
    # Of each of 64 words of four: 4 bits of mask, 4 of group, a count of 0 to 4.
    assert register_split(lnpu)["ring_masks"] == 12 * 8 * 64 * 11 // 8
    assert not set(register_split(lnpu)) & set(sram_split(lnpu))


def test_a_line_of_a_stream_is_written_and_read_once() -> None:
    lnpu = find_preset("lnpu")
    *of_cores, streams = chip_sram_accesses(COUNTERS, lnpu, False, ring_lines=50)
    assert of_cores == sram_accesses(COUNTERS, lnpu, False)
    assert streams == SramAccesses(64, 8 * 64, 100)


@pytest.mark.parametrize(("intra", "b_writes"), [(False, 40), (True, 8 * 40)])
def test_accesses_follow_from_counters(intra: bool, b_writes: int) -> None:
    assert sram_accesses(COUNTERS, find_preset("core"), intra) == [
        SramAccesses(8, 32 * 8, 1000),  # a word of the ring for each element
        SramAccesses(8, 32 * 8, 70 * 9),  # nine words a beat at most
        SramAccesses(32, 72 * 32, 1000 + b_writes),
        SramAccesses(64, 128 * 64, 20),
    ]
