"""The memories of a core and of a chip: sizes (behind the one `sram` module), and how often they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from golden.chip.items import UNIT_ELEMENTS
from golden.energy import SramAccesses
from golden.presets import Preset
from golden.program import WORD_LEN

HALFWORD_BYTES = 2
SUM_BYTES = 4
B_HALVES = 2
"""B rows are double-buffered."""
STREAM_RING_LINES = 8
"""Lines of memory that a feeder's buffer of A, and of B, holds for its core."""
STREAM_LINE_BYTES = 64
C_RING_LINES, D_RING_LINES = 2, 2
"""The same of C and D, which are registers."""
RESULT_ROWS = 4
"""Rows of results that wait behind a core's partial sums."""
ELEMENT_BITS = 18
"""An element of A between feeder and core: value, mask and group."""
MASK_WORD_BITS = 2 * WORD_LEN + WORD_LEN.bit_length()
"""`core_pkg::word_meta_t`: mask, group and count of zeros of a word of A."""
RUN_BITS = 46
"""`core_pkg::line_run_t`."""
SRAM_LIMIT_BYTES = 372 * 1024
"""All SRAM of the published chip."""


class SramError(ValueError):
    """A preset needs more SRAM than the chip may have."""


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


def chip_memories(preset: Preset) -> dict[str, Memory]:
    """List the memories of one core of a chip by name: the core's, and its feeder's buffers of A and B."""
    rings = (Memory(f"{name}_stream", STREAM_RING_LINES, STREAM_LINE_BYTES, 1) for name in ("a", "b"))
    return {**core_memories(preset), **{ring.name: ring for ring in rings}}


def sram_split(preset: Preset) -> dict[str, int]:
    """Bytes of SRAM of a whole chip by kind of memory."""
    return {name: preset.cores * memory.total_bytes for name, memory in chip_memories(preset).items()}


def require_sram(preset: Preset) -> int:
    """Return the bytes of SRAM of a whole chip.

    Raises
    ------
    SramError
        If they exceed `SRAM_LIMIT_BYTES`.
    """
    split = sram_split(preset)
    total = sum(split.values())
    if total > SRAM_LIMIT_BYTES:
        parts = ", ".join(f"{name} {size}" for name, size in split.items())
        raise SramError(
            f"preset {preset.name}: {total} bytes of SRAM ({parts}), the chip has {SRAM_LIMIT_BYTES}; "
            "lower one of cores, lines, pes, rows, a_words, psum_rows"
        )
    return total


def register_split(preset: Preset) -> dict[str, int]:
    """Bytes of the larger queues of a whole chip that are registers, not SRAM, by name."""
    row = preset.columns * SUM_BYTES
    of_a_core = {
        "finished_rows": preset.lines * preset.row_queue * row,  # a queue a line
        "ring_masks": preset.lines * preset.a_words * MASK_WORD_BITS // 8,  # beside the lines' A rings
        "waiting_runs": preset.lines * preset.run_queue * RUN_BITS // 8,  # the same
        "gathered_units": 2 * UNIT_ELEMENTS * ELEMENT_BITS // 8,  # WG: two banks
        "result_rows": RESULT_ROWS * row,
        "c_stream": C_RING_LINES * STREAM_LINE_BYTES,
        "d_stream": D_RING_LINES * STREAM_LINE_BYTES,
    }
    return {name: preset.cores * size for name, size in of_a_core.items()}


def chip_sram_accesses(
    counters: Mapping[str, int], preset: Preset, intra: bool, ring_lines: int
) -> list[SramAccesses]:
    """Count the memory accesses of a chip's replay from its cores' counters, summed.

    Each line that enters a feeder's buffer (`ring_lines`, of A and B, all cores) is written and read once.
    """
    ring = chip_memories(preset)["a_stream"]
    accesses = SramAccesses(ring.word_bytes, ring.macro_bytes, 2 * ring_lines)
    return [*sram_accesses(counters, preset, intra), accesses]
