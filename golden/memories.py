"""The memories of a sparse core: sizes (behind the one `sram` module), and how often a replay uses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from golden.energy import SramAccesses
from golden.presets import Preset
from golden.program import WORD_LEN

HALFWORD_BYTES = 2
SUM_BYTES = 4
B_HALVES = 2
"""B rows are double-buffered."""


@dataclass(frozen=True)
class Memory:
    """One kind of memory: `copies` macros of `words` words of `word_bytes` bytes in a core."""

    name: str
    words: int
    word_bytes: int
    copies: int

    @property
    def macro_bytes(self) -> int:
        """Size of one macro, bytes."""
        return self.words * self.word_bytes

    @property
    def total_bytes(self) -> int:
        """Size of all macros of a core, bytes."""
        return self.macro_bytes * self.copies


def core_memories(preset: Preset) -> dict[str, Memory]:
    """List the memories of one core by name: the lines' A rings and B rows, and the partial sums."""
    memories = (
        # Even and odd words of a ring lie in macros of their own.
        Memory("a_ring", preset.a_words // 2, WORD_LEN * HALFWORD_BYTES, 2 * preset.lines),
        Memory("b_rows", B_HALVES * preset.rows, preset.columns * HALFWORD_BYTES, preset.lines),
        Memory("partial_sums", preset.psum_rows, preset.columns * SUM_BYTES, 1),
    )
    return {memory.name: memory for memory in memories}


def sram_accesses(counters: Mapping[str, int], preset: Preset, intra: bool) -> list[SramAccesses]:
    """Count a replay's memory accesses from the core's counters.

    Each element of A is one read of its word in the line's ring and of its B memory; a beat of A is charged
    as a full one (all its words written); in WG (`intra`) a row of B is written to every line.
    """
    memories = core_memories(preset)
    ring, rows, sums = memories["a_ring"], memories["b_rows"], memories["partial_sums"]
    words_per_beat = preset.rows // WORD_LEN
    b_writes = counters["b_rows"] * (preset.lines if intra else 1)
    return [
        SramAccesses(ring.word_bytes, ring.macro_bytes, counters["elements"]),
        SramAccesses(ring.word_bytes, ring.macro_bytes, counters["a_beats"] * words_per_beat),
        SramAccesses(rows.word_bytes, rows.macro_bytes, counters["elements"] + b_writes),
        SramAccesses(sums.word_bytes, sums.macro_bytes, counters["psum_reads"] + counters["psum_writes"]),
    ]
