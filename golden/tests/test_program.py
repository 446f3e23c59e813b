"""A core's program: the commands read back, and what does not fit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from golden.geometry import ConvGeometry, Step
from golden.lowering import Lowering
from golden.patches import LOOK_BACK, MAX_HEIGHT
from golden.presets import find_preset
from golden.program import OP_RUN, OP_SEGMENT, OP_TILE, WORD_LEN, Block, Program, ProgramError
from golden.tests.reference import SHAPES, random_geometry


def lowering(
    geometry: ConvGeometry, step: Step = Step.FP, preset: str = "core", costs: np.ndarray | None = None
) -> Lowering:
    channels = geometry.out_channels if step is Step.BP else geometry.in_channels
    costs = np.zeros(channels, np.int64) if costs is None else costs
    return Lowering(geometry, step, find_preset(preset), costs, bool(costs.any()))


def field(word: int, low: int, width: int) -> int:
    return word >> low & (1 << width) - 1


@dataclass(frozen=True)
class Row:
    """A row as the commands describe it: where it lies in the ring, and the words that it reads."""

    base: int
    window: int
    entries: list[tuple[int, int]]


def read_rows(commands: list[int], part_words: int) -> list[Row]:
    """Follow the runs of a tile as a line does; `base` counts ring words from the tile's first."""
    parts: dict[int, list[tuple[int, int]]] = {}
    rows: list[Row] = []
    base = 0
    for word in commands[1:]:
        if word >> 125 == OP_SEGMENT:
            entries = [field(word, 13 * w, 13) for w in range(part_words)]
            parts[field(word, 13 * part_words, 2)] = [(e >> 6 & 0x3F, e & 0x3F) for e in entries if e >> 12]
        else:
            assert word >> 125 == OP_RUN
            count, step, window, advance = (field(word, *at) for at in ((20, 8), (13, 7), (6, 7), (28, 7)))
            assert field(word, 1, 3) == len(parts)
            listed = [entry for index in sorted(parts) for entry in parts[index]]
            for row in range(count):
                rows.append(Row(base, window, listed))
                base += step if row + 1 < count else advance
    assert [field(word, 0, 1) for word in commands if word >> 125 == OP_RUN][-1] == 1
    rows.append(Row(base, 0, []))
    return rows


def check_tile(program: Program, block: Block, t: int) -> None:
    """Each row must read the pixel of each of its taps, and the tile release what it was sent."""
    own, tile = program.lowering, program.lowering.k_tiles[t]
    phase, part_words = own.phases[block.phase], own.preset.rows // WORD_LEN
    tops, height = program.block_columns(block, t)
    pixels = (tops[:, None] + own.padded_shape[3] * np.arange(height)[None, :]).reshape(-1)
    *rows, end = read_rows(program.tile_commands(block, t, True, True), part_words)
    assert len(rows) == len(block.rows)
    words = -(-tile.depth // WORD_LEN)
    assert end.base == len(pixels) * words
    taps = [tap for tap in phase.taps if tile.first_tap <= tap.number < tile.tap_end]
    origins = dict(
        zip(own.phase_rows(phase).reshape(-1).tolist(), own.phase_origins(phase).reshape(-1), strict=True)
    )
    for index, row in zip(block.rows.tolist(), rows, strict=True):
        expected = [
            (
                origins[index] + own.tap_address(tap),
                word,
                (tap.number - tile.first_tap) * tile.depth + word * WORD_LEN,
            )
            for tap in taps
            for word in range(words)
        ]
        got = [
            (pixels[(row.base + offset) // words], (row.base + offset) % words, k_base)
            for offset, k_base in row.entries
        ]
        assert got == expected
        assert all(offset < row.window for offset, _ in row.entries)


@pytest.mark.parametrize("preset", ["tiny", "core"])
@pytest.mark.parametrize("step", [Step.FP, Step.BP])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "k{}s{}p{}".format(*shape))
def test_rows_read_their_taps(
    rng: np.random.Generator, shape: tuple[int, int, int], step: Step, preset: str
) -> None:
    for _ in range(3):
        geometry = random_geometry(rng, shape, channels=80 if preset == "core" else 20, extra=9)
        program = Program(lowering(geometry, step, preset))
        rows = np.concatenate([block.rows for block in program.blocks])
        np.testing.assert_array_equal(np.sort(rows), np.arange(program.lowering.rows))
        for block in program.blocks:
            assert len(block.rows) <= program.lowering.preset.psum_rows
            for t in range(len(program.lowering.k_tiles)) if not block.zero else ():
                check_tile(program, block, t)
                if block.height > 1:
                    window = program.window(block, t)
                    assert window.size <= LOOK_BACK * program.lowering.preset.a_words
                    assert window.pitch == window.height + (block.height - 1) * program.lowering.phases[
                        block.phase
                    ].a_step * bool(window.taps)


@pytest.mark.parametrize(
    ("geometry", "step", "height", "widths", "columns"),
    [
        # Two columns more than pixels for each patch, each of two pixels more than the patch is high.
        (ConvGeometry("32x32", 1, 64, 32, 32, 64, 3, 1, 1), Step.FP, 4, [32], (34, 6)),
        (ConvGeometry("16x16", 1, 64, 16, 16, 64, 3, 1, 1), Step.BP, 4, [16, 16], (36, 6)),
        (ConvGeometry("8x8", 4, 64, 8, 8, 64, 3, 1, 1), Step.FP, 4, [8] * 4, (40, 6)),
        (ConvGeometry("4x4", 16, 64, 4, 4, 64, 3, 1, 1), Step.FP, 4, [4] * 8, (48, 6)),
        (ConvGeometry("strided", 1, 64, 32, 32, 64, 3, 2, 1), Step.FP, 4, [16, 16], (66, 9)),
        # Windows of a pixel share nothing; of 7 x 7 kernels two rows would fill the ring.
        (ConvGeometry("1x1", 1, 64, 16, 16, 64, 1, 1, 0), Step.FP, 1, [128], (128, 1)),
        (ConvGeometry("7x7", 1, 3, 32, 32, 64, 7, 2, 3), Step.FP, 1, [16] * 8, (8 * 37, 6)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_patches_of_known_layers(
    geometry: ConvGeometry, step: Step, height: int, widths: list[int], columns: tuple[int, int]
) -> None:
    program = Program(lowering(geometry, step))
    block = program.blocks[0]
    assert (block.height, [patch.width for patch in block.patches]) == (height, widths)
    tops, pixels = program.block_columns(block, 0)
    assert (len(tops), pixels) == columns


def test_a_tail_is_cut_evenly() -> None:
    """7 rows are 4 and 3: blocks take patches of one height, of all images."""
    program = Program(lowering(ConvGeometry("7x7", 4, 64, 7, 7, 64, 3, 1, 1)))
    assert [(block.height, len(block.patches)) for block in program.blocks] == [(4, 4), (3, 4)]
    assert all(block.height <= MAX_HEIGHT for block in program.blocks)


def test_tile_names_its_b_rows(rng: np.random.Generator) -> None:
    """40 channels of 49 taps on 8 lines: groups of 8, chunks of 36 and 13 taps."""
    program = Program(lowering(ConvGeometry("7x7", 1, 12, 8, 8, 4, 7, 1, 3), costs=rng.integers(1, 99, 12)))
    block = program.blocks[0]
    tiles = [program.tile_commands(block, t, t == 0, t == 3)[0] for t in range(4)]
    assert [word >> 125 for word in tiles] == [OP_TILE] * 4
    fields = {
        "line_mask": (0, 16),
        "rows": (16, 8),
        "depth": (24, 6),
        "taps": (30, 6),
        "channels": (36, 10),
        "group_end": (46, 1),
        "last": (47, 1),
        "first": (48, 1),
        "intra": (49, 1),
    }
    values = {name: [field(word, *at) for word in tiles] for name, at in fields.items()}
    assert values == {
        "line_mask": [0xFF, 0xFF, values["line_mask"][2], values["line_mask"][2]],
        "rows": [len(block.rows)] * 4,
        "depth": [1] * 4,
        "taps": [36, 13, 36, 13],
        "channels": [8, 8, 4, 4],
        "group_end": [0, 1, 0, 1],
        "last": [0, 0, 0, 1],
        "first": [1, 0, 0, 0],
        "intra": [0] * 4,
    }
    assert values["line_mask"][2].bit_count() == 4


def test_window_larger_than_the_ring() -> None:
    """The ring keeps room for a pair of words, so a window of just its size would wait for ever."""
    fits = lowering(ConvGeometry("wide", 1, 3, 7, 7, 1, 7, 1, 0))
    program = Program(fits)
    words = max(program.window(block, t).size for block in program.blocks for t in range(len(fits.k_tiles)))
    for room, good in ((words + 1, True), (words, False)):
        small = replace(fits, preset=replace(fits.preset, a_words=room))
        if good:
            assert Program(small).commands().size
        else:
            with pytest.raises(ProgramError, match=f"a window of {words} words does not fit"):
                Program(small).commands()
