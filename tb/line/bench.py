"""One PE line in a bare C++ loop, with random stalls on every stream."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from golden.lowering import Ints
from golden.presets import Preset, find_preset
from tb.core.build import checkers, parameters
from tb.coverage.crosses.streams import LINE_SEGMENTS, sample_line_stalls, sample_segments
from tb.line.job import MAX_WINDOWS, LineJob, LineResult
from tb.toolchain import rtl_sources, verilate

LINE_TB = Path(__file__).resolve().parent

_POINTERS = ("beats", "tables", "b_rows", "runs", "table_bounds", "b_bounds", "run_bounds", "sums", "tags")
_INPUTS = ("beat_count", "tile_count", "row_count", "b_words", "columns", "fmt", "bias", "stall_permille")
_OUTPUTS = ("rows_seen", "tiles_ended", "wrong_ends", "narrow", "wide", "skipped", "cycles")


class LineFailure(AssertionError):
    """The line did not do what it must."""


class _JobStruct(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in _POINTERS),
        *((name, ctypes.c_int64) for name in _INPUTS),
        ("seed", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        *((name, ctypes.c_int64) for name in _OUTPUTS),
    )


class LineBench:
    """The library of ``line_dpi.cpp``."""

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))
        self._library.line_job.restype = ctypes.POINTER(_JobStruct)
        self._struct = self._library.line_job().contents

    def run(self, job: LineJob, stall_permille: int, seed: int, rows: int) -> LineResult:
        """Run a job that ends with `rows` rows.

        Raises
        ------
        LineFailure
            If the line hangs, an assertion fails, or tiles do not end as they must.
        """
        tiles = range(len(job.tiles))
        columns = job.preset.columns
        tables = [job.tables(tile) for tile in tiles]
        b_rows = [job.tiles[tile].b for tile in tiles]
        runs = [job.runs(tile) for tile in tiles]
        beats = job.beats()
        sums, tags = np.zeros((rows, columns), np.uint32), np.zeros((rows, 2), np.uint32)
        arrays: dict[str, np.ndarray] = {
            "beats": beats,
            "tables": np.concatenate(tables),
            "b_rows": np.ascontiguousarray(np.concatenate(b_rows)),
            "runs": np.concatenate(runs),
            "table_bounds": _bounds(tables),
            "b_bounds": _bounds(b_rows),
            "run_bounds": _bounds(runs),
            "sums": sums,
            "tags": tags,
        }
        for name in _POINTERS:
            setattr(self._struct, name, arrays[name].ctypes.data)
        values = (
            len(beats),
            len(job.tiles),
            rows,
            columns // 2,
            columns,
            int(job.fmt),
            job.bias,
            stall_permille,
        )
        for name, value in zip(_INPUTS, values, strict=True):
            setattr(self._struct, name, value)
        # A row reads at most all entries of its windows, each two cycles; streams come one after the other.
        work = 2000 + sum(len(array) for array in arrays.values()) + 2 * MAX_WINDOWS * job.preset.rows * rows
        self._struct.seed = seed
        self._struct.limit = work * 1000 // (1000 - stall_permille)
        status = self._library.line_go()
        struct = self._struct
        if status == 1:
            raise LineFailure(
                f"the line hung after {struct.rows_seen} of {rows} rows and {struct.tiles_ended} of "
                f"{len(job.tiles)} tiles ({struct.cycles} cycles)"
            )
        if status == 2:
            raise LineFailure("an assertion of the RTL failed (see the standard output)")
        if (struct.rows_seen, struct.tiles_ended, struct.wrong_ends) != (rows, len(job.tiles), 0):
            raise LineFailure(
                f"{struct.rows_seen} rows came instead of {rows}, {struct.tiles_ended} tiles ended instead "
                f"of {len(job.tiles)}, {struct.wrong_ends} of them with the wrong half"
            )
        return LineResult(sums, tags, struct.narrow, struct.wide, struct.skipped, beats)

    def check(self, job: LineJob, stall_permille: int, seed: int) -> None:
        """Run a job and require what golden arithmetic says, bit for bit.

        Raises
        ------
        LineFailure
            With the first row that differs.
        """
        expected = job.expected()
        got = self.run(job, stall_permille, seed, len(expected.tags))
        wrong = np.argwhere(got.tags != expected.tags)
        if len(wrong):
            row = int(wrong[0, 0])
            raise LineFailure(
                f"row {row} has tile and number {got.tags[row].tolist()}, "
                f"expected {expected.tags[row].tolist()}"
            )
        wrong = np.argwhere(got.sums != expected.sums)
        if len(wrong):
            row, column = (int(index) for index in wrong[0])
            value, want = got.sums[row, column], expected.sums[row, column]
            raise LineFailure(
                f"{len(wrong)} of {got.sums.size} sums differ, the first one in row {row}, column {column}: "
                f"RTL 0x{int(value):08X} ({value.view(np.float32)!s}), golden 0x{int(want):08X} "
                f"({want.view(np.float32)!s})"
            )
        for name in ("narrow", "wide", "skipped"):
            if getattr(got, name) != getattr(expected, name):
                raise LineFailure(
                    f"the line counted {getattr(got, name)} {name} elements, golden {getattr(expected, name)}"
                )
        if got.beats is not None:
            sample_segments(LINE_SEGMENTS, got.beats)
        sample_line_stalls(got.narrow, got.wide, stall_permille)


def _bounds(parts: Sequence[np.ndarray]) -> Ints:
    """Where each part begins when they are joined, and the end."""
    return np.cumsum([0, *(len(part) for part in parts)], dtype=np.int64)


@lru_cache
def line_bench(preset: str) -> LineBench:
    """Build and load the bench at a preset's sizes, once a process."""
    sizes: Preset = find_preset(preset)
    wanted = ("-GPes", "-GRows", "-GRowQueue", "-GRunQueue")
    build = verilate(
        f"line_bench_{preset}",
        [*rtl_sources(), *checkers("mem", "pe", "line"), LINE_TB / "line_bench.sv"],
        "line_bench",
        args=["--assert", *(part for part in parameters(sizes) if part.startswith(wanted))],
        cxx_sources=[LINE_TB / "line_dpi.cpp"],
        kind="lib",
    )
    return LineBench(build.artifact)
