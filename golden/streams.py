"""What a sparse core is fed: commands, beats of A, rows of B and channel costs of one replay.

A beat of A is 16 bytes of packed non-zero values (one byte FP8, two bytes FP16, little endian) of up to R
entries of one line, with their masks, group bits and counts of real zeros beside them. As the testbench
reads it, a beat is 11 words of 32 bits:

====== ==================================================
word   content
====== ==================================================
0      first beat of a WG row (bit 0), line (8..15), ring words in the beat (16..)
1, 2   mask, a bit an entry
3, 4   group bit an entry (1: FP16)
5, 6   real (not padded) zeros of each ring word, 3 bits each
7..10  values
====== ==================================================

Beats are sent in the order in which rows need them: of all lines the one that is behind goes first.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from golden import native
from golden.fgmp import FgmpTensor
from golden.formats import U16, U32
from golden.lowering import Ints, KTile, Lowering
from golden.program import WORD_LEN, Program

BEAT_WORDS = 11
CLASS_PADDING, CLASS_ZERO, CLASS_FP8, CLASS_FP16 = range(4)

COST_WORDS = 4
"""32-bit words of a channel for the balancer: its number in the group, cost, whether it is the group's last,
channels that a line may hold."""


@lru_cache
def _library() -> ctypes.CDLL:
    library = native.library("streams")
    pointer, count = ctypes.c_void_p, ctypes.c_int64
    library.pack_inter.argtypes = [*[pointer] * 2, *[count] * 5, *[pointer] * 4]
    library.pack_inter.restype = count
    library.pack_intra.argtypes = [*[pointer] * 2, *[count] * 2, pointer, count, *[pointer] * 3]
    library.pack_intra.restype = count
    library.take_beats.argtypes = [pointer]
    library.take_beats.restype = None
    return library


def element_classes(a: FgmpTensor) -> npt.NDArray[np.uint8]:
    """Class of each element (zero, FP8, FP16; padding has its own): uint8, shape of `a`."""
    classes = np.full(a.shape, CLASS_ZERO, np.uint8)
    classes[a.nonzero] = CLASS_FP8
    classes[a.is_fp16] = CLASS_FP16
    return classes


def _int64(values: object) -> Ints:
    return np.ascontiguousarray(np.asarray(values, np.int64))


@dataclass(frozen=True)
class CoreStreams:
    """Streams of one replay.

    Parameters
    ----------
    lowering : Lowering
    a : FgmpTensor, shape ``lowering.a_shape``
    """

    lowering: Lowering
    a: FgmpTensor

    @cached_property
    def program(self) -> Program:
        """The commands' source."""
        return Program(self.lowering)

    @cached_property
    def commands(self) -> U32:
        """Commands: uint32 [n, COMMAND_WORDS]."""
        return self.program.commands()

    @cached_property
    def a_beats(self) -> U32:
        """Beats of A: uint32 [n, BEAT_WORDS]."""
        lowering = self.lowering
        classes = np.ascontiguousarray(lowering.pad(element_classes(self.a)))
        values = np.where(self.a.is_fp16, self.a.fp16, self.a.codes).astype(np.uint16)
        values = np.ascontiguousarray(lowering.pad(values))
        limit = lowering.preset.rows // WORD_LEN
        if lowering.phases:
            count = self._pack_inter(classes, values, limit)
        else:
            count = self._pack_intra(classes, values, limit)
        beats = np.empty((count, BEAT_WORDS), np.uint32)
        _library().take_beats(beats.ctypes.data)
        return beats

    def _pack_inter(self, classes: npt.NDArray[np.uint8], values: U16, limit: int) -> int:
        lowering, program = self.lowering, self.program
        jobs: list[tuple[int, int, int, int]] = []
        columns: list[Ints] = []
        filled = 0
        lines = lowering.preset.lines
        for block in program.blocks:
            if block.zero:
                continue
            # The columns of a block and chunk are the same in every channel group.
            spans: dict[int, tuple[int, int, int]] = {}
            for t, tile in enumerate(lowering.k_tiles):
                if tile.first_tap not in spans:
                    address, height = program.block_columns(block, t)
                    spans[tile.first_tap] = (filled, len(address), height)
                    columns.append(address)
                    filled += len(address)
                jobs.append((t * lines, *spans[tile.first_tap]))
        starts, channels = _channel_lists(lowering.k_tiles)
        job_array = _int64(jobs).reshape(-1, 4)
        column_array = _int64(np.concatenate(columns) if columns else [])
        return int(
            _library().pack_inter(
                classes.ctypes.data,
                values.ctypes.data,
                lowering.channel_pitch,
                lowering.padded_shape[3],
                lines,
                limit,
                len(job_array),
                job_array.ctypes.data,
                starts.ctypes.data,
                channels.ctypes.data,
                column_array.ctypes.data,
            )
        )

    def _pack_intra(self, classes: npt.NDArray[np.uint8], values: U16, limit: int) -> int:
        lowering = self.lowering
        blocks = _int64([(int(block.rows[0]), len(block.rows)) for block in self.program.blocks])
        tiles = _int64([(int(pixels[0]), len(pixels)) for pixels in lowering.wg_tiles])
        rows, pixels = _int64(lowering.wg_row_addresses()), _int64(lowering.wg_pixel_addresses())
        return int(
            _library().pack_intra(
                classes.ctypes.data,
                values.ctypes.data,
                limit,
                len(blocks),
                blocks.ctypes.data,
                len(tiles),
                tiles.ctypes.data,
                rows.ctypes.data,
                pixels.ctypes.data,
            )
        )

    def b_rows(self, b: U16) -> U32:
        """Rows of B in the order in which the core loads them.

        Parameters
        ----------
        b : uint16 [K, N]
            Decoded FP16 bits, N at most the core's columns; missing columns are +0.

        Returns
        -------
        uint32 [n, columns / 2]
            Two columns a word, the lower one in the low half.
        """
        lowering = self.lowering
        depth, columns = b.shape
        filled = np.zeros((depth, lowering.preset.columns), np.uint16)
        filled[:, :columns] = b
        return np.ascontiguousarray(filled[self._b_order]).view(np.uint32)

    @cached_property
    def _b_order(self) -> Ints:
        """K index of each row of B to load: channel by channel, for each the chunk's taps."""
        lowering = self.lowering
        if lowering.phases:
            taps = lowering.geometry.taps
            rows = [
                (tile.channels[:, None] * taps + np.arange(tile.first_tap, tile.tap_end)).reshape(-1)
                for tile in lowering.k_tiles
            ]
        else:
            rows = list(lowering.wg_tiles)
        return np.tile(_int64(np.concatenate(rows)), self._balanced_blocks)

    @property
    def _balanced_blocks(self) -> int:
        """Blocks that the lines work on: each has its own B rows and channel costs."""
        return sum(not block.zero for block in self.program.blocks)

    @cached_property
    def costs(self) -> U32:
        """Channels for the balancer, in the order in which it takes them: uint32 [n, COST_WORDS].

        Each block tells the costs of each channel group anew.
        """
        entries = [
            (
                int(channel - tile.channels[0]),
                int(self.lowering.costs[channel]),
                int(i == len(tile.order) - 1),
                tile.depth,
            )
            for tile in self.lowering.k_tiles
            if tile.first_tap == 0
            for i, channel in enumerate(tile.order)
        ]
        return np.tile(np.array(entries, np.uint32).reshape(-1, COST_WORDS), (self._balanced_blocks, 1))

    @cached_property
    def lines(self) -> U32:
        """Line of each entry of `costs`, as the balancer must answer: uint32 [n]."""
        answers: list[int] = []
        for tile in self.lowering.k_tiles:
            if tile.first_tap == 0:
                line_of = {int(c): line for line, held in enumerate(tile.line_channels) for c in held}
                answers.extend(line_of[int(channel)] for channel in tile.order)
        return np.tile(np.array(answers, np.uint32), self._balanced_blocks)

    def result_rows(self) -> tuple[Ints, Ints]:
        """First place of each block's rows, and the row index (M) at each place: int64 [blocks], [M]."""
        rows = [block.rows for block in self.program.blocks]
        starts = np.cumsum([0] + [len(block) for block in rows[:-1]])
        return _int64(starts), _int64(np.concatenate(rows))


def _channel_lists(tiles: tuple[KTile, ...]) -> tuple[Ints, Ints]:
    """Flatten the lines' channels of all tiles: bounds [tiles * lines + 1] and channels."""
    lists = [held for tile in tiles for held in tile.line_channels]
    starts = np.cumsum([0] + [len(held) for held in lists])
    return _int64(starts), _int64(np.concatenate(lists))
