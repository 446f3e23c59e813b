"""Stream buffers, windows and blocks alone: any streams, any steps, any bytes."""

from __future__ import annotations

import ctypes
from functools import lru_cache

import numpy as np
import pytest

from golden.formats import U8
from tb.feeder.bench import CHECKS, FEEDER_TB, MODULES
from tb.feeder.fgmp_stream import LINE_BYTES, block, random_elements
from tb.toolchain import rtl_sources, verilate

SIZES = {
    "memory, core": ("-GBeats=8", "-GChunkBeats=2", "-GSram=1", "-GBytes=82", "-GElements=36"),
    "memory, tiny": ("-GBeats=8", "-GChunkBeats=2", "-GSram=1", "-GBytes=10", "-GElements=4"),
    "registers, columns": ("-GBeats=2", "-GChunkBeats=1", "-GSram=0", "-GBytes=36", "-GElements=16"),
    "registers, long window": ("-GBeats=4", "-GChunkBeats=2", "-GSram=0", "-GBytes=200", "-GElements=8"),
}
LINE_ADDR_BITS = 32
LENGTH_BITS = 32
FAULTS = (
    "",
    "it hung",
    "an assertion failed (see the standard output)",
    "the window shows other bytes",
    "the window ends elsewhere",
    "the fetch state is wrong",
    "low or fetched is wrong",
)


class _StreamRun(ctypes.Structure):
    _fields_ = (
        ("memory", ctypes.c_void_p),
        ("streams", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("count", "first_line", "stall", "take_all")),
        ("seed", ctypes.c_uint64),
        *((name, ctypes.c_int64) for name in ("limit", "status", "stream", "cycles", "lines")),
    )


@lru_cache
def parts_bench(sizes: str) -> ctypes.CDLL:
    """Build and load the bench, once a process."""
    build = verilate(
        f"parts_bench_{list(SIZES).index(sizes)}",
        [*rtl_sources(*MODULES), *CHECKS, FEEDER_TB / "stream_buffer.vlt", FEEDER_TB / "parts_bench.sv"],
        "parts_bench",
        args=["--assert", *SIZES[sizes]],
        cxx_sources=[FEEDER_TB / "parts_loop.cpp"],
        kind="lib",
    )
    return ctypes.CDLL(str(build.artifact))


def run_streams(
    sizes: str, seed: int, lengths: list[int], stall: int, take_all: bool = False, bit: int = 0
) -> _StreamRun:
    """Send random bytes of such lengths through; each stream lies anywhere, also in another one.

    The memory lies around line 2^`bit`, or ends before it if there is none; `bit` 0: from the first line on.
    """
    rng = np.random.default_rng(seed)
    lines = max(64, 2 * (max(lengths) // LINE_BYTES + 1))
    first = 0 if bit == 0 else (1 << bit) - (lines if bit == LINE_ADDR_BITS else lines // 2)
    memory: U8 = rng.integers(0, 256, lines * LINE_BYTES).astype(np.uint8)
    streams = np.zeros((len(lengths), 2), np.uint32)
    streams[:, 1] = lengths
    for stream in streams:
        stream[0] = first + rng.integers(0, lines - -(-int(stream[1]) // LINE_BYTES) + 1)
    run = _StreamRun(memory.ctypes.data, streams.ctypes.data, len(lengths), first, stall, int(take_all), seed)
    run.limit = (2000 + 8 * sum(lengths) + 50 * len(lengths)) * 1000 // (1000 - stall)
    parts_bench(sizes).parts_streams(ctypes.byref(run))
    assert run.status == 0, f"stream {run.stream}, cycle {run.cycles}: {FAULTS[run.status]}"
    assert run.lines == sum(-(-length // LINE_BYTES) for length in lengths)
    return run


@pytest.mark.parametrize("stall", [0, 300, 800])
@pytest.mark.parametrize("sizes", SIZES)
def test_streams(rng: np.random.Generator, seed: int, sizes: str, stall: int) -> None:
    """Streams of all lengths: none, a byte, whole lines, many lines."""
    lengths = [0, 1, 63, 64, 65, 128, 0, 0, 129, 64 * 9, 1, 1, *rng.integers(0, 3000, 60).tolist()]
    run_streams(sizes, seed, lengths, stall)


@pytest.mark.parametrize("sizes", SIZES)
def test_streams_anywhere_in_memory(rng: np.random.Generator, seed: int, sizes: str) -> None:
    """Up to the last line that there is; every bit of a line's number counts."""
    for bit in range(8, LINE_ADDR_BITS + 1):
        run_streams(sizes, seed + bit, rng.integers(0, 2000, 12).tolist(), 200, bit=bit)


@pytest.mark.parametrize("sizes", SIZES)
def test_lengths_to_the_last_bit(rng: np.random.Generator, sizes: str) -> None:
    """Of a stream of any length any part is left: what the buffer says of it, and what a chunk leaves."""
    library = parts_bench(sizes)
    chunk = int(SIZES[sizes][1].partition("=")[2])
    said = np.zeros((3, 4), np.int64)
    for bits in range(1, LENGTH_BITS + 1):
        for length in ((1 << bits) - 1, int(rng.integers(1, 1 << bits))):
            lines = -(-length // LINE_BYTES)
            half = lines // 2
            drawn = [1, int(rng.integers(1, lines + 1)), 1 << int(rng.integers(0, lines.bit_length()))]
            for left in {lines, max(half, 1), half + 1, *drawn}:
                failed = library.parts_left(
                    ctypes.c_uint32(length), ctypes.c_uint32(left), ctypes.c_void_p(said.ctypes.data)
                )
                assert not failed, "an assertion failed (see the standard output)"
                rest = left - min(left, chunk)
                before = [left <= half, False, left, min(left, chunk)]
                after = [rest <= half, rest == 0, rest, min(rest, chunk)]
                assert said.tolist() == [before, before, after], f"{length} bytes, {left} lines left"


@pytest.mark.parametrize("sizes", [name for name in SIZES if "memory, core" in name])
def test_a_line_a_cycle(seed: int, sizes: str) -> None:
    """A buffer of two bursts' latency and a window keep up with a line a cycle."""
    run = run_streams(sizes, seed, [64 * 400], 0, take_all=True)
    assert run.cycles < 1.2 * run.lines + 50


@pytest.mark.parametrize("density", [0.0, 0.2, 0.7, 1.0])
@pytest.mark.parametrize("sizes", SIZES)
def test_blocks(rng: np.random.Generator, sizes: str, density: float) -> None:
    """Blocks of all lengths, with anything behind them; any fill bit is seen."""
    library = parts_bench(sizes)
    most = int(SIZES[sizes][-1].partition("=")[2])
    room = 2 * ((most + 7) // 8) + 2 * most
    for number in range(600):
        count = 1 + number % most
        elements = random_elements(rng, count, density, float(rng.choice([0.0, 0.3, 1.0])))
        raw = bytearray(block(elements))
        length = len(raw)
        nonzeros = int(elements.mask.sum())
        fills = [*range(count, -(-count // 8) * 8)]
        fills += [-(-count // 8) * 8 + bit for bit in range(nonzeros, -(-nonzeros // 8) * 8)]
        fill = bool(fills) and rng.random() < 0.3
        if fill:
            bit = int(rng.choice(fills))
            raw[bit // 8] |= 1 << bit % 8
        data = np.frombuffer(bytes(raw) + rng.bytes(room - length), np.uint8)
        masks, values = np.zeros(2, np.uint64), np.zeros(count, np.uint16)
        got_length, got_fill = ctypes.c_int64(), ctypes.c_int64()
        library.parts_block(
            ctypes.c_void_p(data.ctypes.data),
            ctypes.c_int64(room),
            ctypes.c_int64(count),
            ctypes.c_void_p(masks.ctypes.data),
            ctypes.c_void_p(values.ctypes.data),
            ctypes.byref(got_length),
            ctypes.byref(got_fill),
        )
        assert int(masks[0]) == sum(1 << int(at) for at in np.flatnonzero(elements.mask))
        assert int(masks[1]) == sum(1 << int(at) for at in np.flatnonzero(elements.group))
        assert got_length.value == length
        assert bool(got_fill.value) == fill
        np.testing.assert_array_equal(values, elements.values)
