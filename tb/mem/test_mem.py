"""Queues of all depths against a reference, and the memory: what is read is what was written last."""

from __future__ import annotations

import ctypes
from functools import lru_cache

import pytest

from tb.core.build import checkers
from tb.toolchain import REPO_ROOT, rtl_sources, verilate

CYCLES = 200_000
PLACES = ("queue of 1", "queue of 2", "queue of 3", "queue of 8", "memory")
FAULTS = (
    "",
    "ready is wrong",
    "valid is wrong",
    "the data are wrong",
    "an assertion failed (see the standard output)",
)


class _Report(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_int64) for name in ("cycle", "place", "fault", "passed"))


@lru_cache
def bench() -> ctypes.CDLL:
    """Build and load the bench, once a process."""
    build = verilate(
        "mem_bench",
        [*rtl_sources("stream_fifo", "sram"), *checkers("mem"), REPO_ROOT / "tb/mem/mem_bench.sv"],
        "mem_bench",
        args=["--assert"],
        cxx_sources=[REPO_ROOT / "tb/mem/mem_loop.cpp"],
        kind="lib",
    )
    library = ctypes.CDLL(str(build.artifact))
    library.mem_misuse.argtypes = [ctypes.c_int, ctypes.c_bool, ctypes.c_bool, ctypes.c_bool]
    library.mem_misuse.restype = ctypes.c_bool
    return library


@pytest.mark.parametrize("at", [0, 1, 5])
@pytest.mark.parametrize(
    ("writes", "reads", "beyond"),
    [(True, False, True), (False, True, True), (True, True, False)],
    ids=["writes beyond the end", "reads beyond the end", "reads what it writes"],
)
def test_misuse_of_a_memory(
    capfd: pytest.CaptureFixture[str], at: int, writes: bool, reads: bool, beyond: bool
) -> None:
    """From the second cycle on: at the first edge, logic whose reset is a register's may ask for anything.

    Replays on a chip of twelve cores were stopped there.
    """
    failed = bench().mem_misuse(at, writes, reads, beyond)
    assert failed == (at > 0)
    assert ("sram_checks" in capfd.readouterr().out) == failed


@pytest.mark.parametrize("push", [50, 500, 1000])
@pytest.mark.parametrize("pop", [50, 500, 1000])
def test_queues_and_memory(seed: int, push: int, pop: int) -> None:
    """Streams that offer and take seldom, half of the time, and always."""
    report = _Report()
    bench().mem_run(ctypes.c_int64(CYCLES), push, pop, ctypes.c_uint64(seed), ctypes.byref(report))
    assert report.fault == 0, f"{PLACES[report.place]}: {FAULTS[report.fault]} in cycle {report.cycle}"
    assert report.passed > CYCLES * min(push, pop) / 1000 / 3, "too little went through to say anything"
