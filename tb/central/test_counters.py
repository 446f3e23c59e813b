"""Counters that software reads: each event adds what docs/chip.md says, at any count."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from golden.hardware_counters import CHIP_COUNTER_CORE, CHIP_COUNTERS, CORE_COUNTERS
from tb.central.counters import (
    CHIP_EVENTS,
    COLUMNS,
    CORE_EVENTS,
    CORES,
    EVENTS,
    LINES,
    ROWS,
    SKIP_BITS,
    U64,
    CountersBench,
)

Rng = np.random.Generator
Events = npt.NDArray[Any]
COUNTER = 1 << 48
"""A counter begins anew here."""
EVERY_SELECT = np.array([(core, index) for core in range(256) for index in range(256)], np.uint8)


def draw_core(rng: Rng, cycles: int, clears: float) -> Events:
    """Draw a core's events, of all kinds at a time."""
    events = np.zeros((cycles, CORES), CORE_EVENTS)
    events["clear"] = rng.random((cycles, CORES)) < clears
    events["busy"] = rng.random((cycles, CORES)) < 0.9
    for name in ("issue", "wide", "phase", "wait_a", "wait_b", "wait_queue"):
        events[name] = rng.integers(0, 1 << LINES, (cycles, CORES))
    events["events"] = rng.integers(0, 1 << len(EVENTS), (cycles, CORES))
    for line in range(LINES):
        skipped = rng.integers(0, ROWS + 1, (cycles, CORES), np.uint16)
        events["skipped"] |= skipped << np.uint16(line * SKIP_BITS)
    return events


def draw_chip(rng: Rng, cycles: int, clears: float) -> Events:
    """Draw the chip's events."""
    events = np.zeros(cycles, CHIP_EVENTS)
    events["clear"] = rng.random(cycles) < clears
    events["busy"] = rng.random(cycles) < 0.9
    for name in ("fill_valid", "fill_other", "read_burst", "write", "held", "begin"):
        events[name] = rng.integers(0, 2, cycles)
    for name in ("fill_stream", "jobs_done", "attached"):
        events[name] = rng.integers(0, 4, cycles)
    strobes = rng.integers(0, 1 << 64, cycles, np.uint64)
    events["write_strobe"] = np.where(rng.random(cycles) < 0.3, np.uint64(2**64 - 1), strobes)
    return events


def counted(of_cycle: npt.NDArray[Any], clear: npt.NDArray[Any], busy: npt.NDArray[Any], first: U64) -> U64:
    """Add up what counts in each cycle (shape cycles, counters) since the last clear."""
    cleared = np.flatnonzero(clear)
    begin = int(cleared[-1]) + 1 if len(cleared) else 0
    added = of_cycle[begin:][busy[begin:] != 0].sum(0).astype(np.uint64)
    start = first if not len(cleared) else np.zeros_like(first)
    return np.asarray((start + added) % np.uint64(COUNTER), np.uint64)


def lines_of(words: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Split words into the bits of the lines, the last axis."""
    return np.asarray((words[:, None] >> np.arange(LINES) & 1) == 1)


def core_counts(events: Events, columns: int, first: U64) -> U64:
    """What one core's counters are after its events."""
    issue, wide, phase, queue, wait_a, wait_b = (
        lines_of(events[name]) for name in ("issue", "wide", "phase", "wait_queue", "wait_a", "wait_b")
    )
    narrow_elements = (issue & ~wide).sum(1)
    wide_elements = (issue & wide & phase).sum(1)  # an FP16 element takes two cycles
    skipped = sum(
        (events["skipped"].astype(np.int64) >> line * SKIP_BITS) % (1 << SKIP_BITS) for line in range(LINES)
    )
    stands = ~issue
    of_cycle = {
        "cycles": np.ones(len(events), np.int64),
        "macs_fp8": narrow_elements * columns,
        "macs_fp16": wide_elements * columns,
        "macs_skipped": skipped * columns,
        "elements": narrow_elements + wide_elements,
        "line_busy": issue.sum(1),
        "wait_queue": (stands & queue).sum(1),
        "wait_a": (stands & ~queue & wait_a).sum(1),
        "wait_b": (stands & ~queue & ~wait_a & wait_b).sum(1),
        "idle": (stands & ~queue & ~wait_a & ~wait_b).sum(1),
        **{name: events["events"] >> bit & 1 for bit, name in enumerate(EVENTS)},
    }
    table = np.stack([of_cycle[name] for name in CORE_COUNTERS], 1)
    return counted(table, events["clear"], events["busy"], first)


def chip_counts(events: Events, first: U64) -> U64:
    """What the chip's counters are after its events."""
    line = (events["fill_valid"] == 1) & (events["fill_other"] == 0)
    bytes_written = np.unpackbits(events["write_strobe"].copy().view(np.uint8).reshape(-1, 8), axis=1).sum(1)
    before = np.concatenate([[(1 << CORES) - 1], events["attached"][:-1]])
    lost = np.where(events["begin"] == 1, 0, before & ~events["attached"])
    of_cycle = {
        "cycles": np.ones(len(events), np.int64),
        **{
            f"{name}_lines": line & (events["fill_stream"] == number)
            for number, name in enumerate(("a", "b", "c", "d"))
        },
        "control_lines": (events["fill_valid"] == 1) & (events["fill_other"] == 1),
        "read_bursts": events["read_burst"],
        "write_beats": events["write"],
        "write_bytes": np.where(events["write"] == 1, bytes_written, 0),
        "jobs": events["jobs_done"],
        "held": events["held"],
        "detached": sum(lost >> core & 1 for core in range(CORES)),
    }
    table = np.stack([np.asarray(of_cycle[name], np.int64) for name in CHIP_COUNTERS], 1)
    return counted(table, events["clear"], events["busy"], first)


def require_counts(rng: Rng, cycles: int, first: tuple[U64, U64] | None, clears: float = 0.0) -> None:
    """Count drawn events from `first` on (None: the reset's zeros); compare whatever may be selected."""
    columns = int(rng.integers(1, COLUMNS + 1))
    cores, chip = draw_core(rng, cycles, clears), draw_chip(rng, cycles, clears)
    values = CountersBench().run(cores, chip, columns, EVERY_SELECT, first)
    of_cores, of_chip = first or (
        np.zeros((CORES, len(CORE_COUNTERS)), np.uint64),
        np.zeros(len(CHIP_COUNTERS), np.uint64),
    )
    wanted = np.zeros((256, 256), np.uint64)  # what there is not reads as zero
    for core in range(CORES):
        wanted[core, : len(CORE_COUNTERS)] = core_counts(cores[:, core], columns, of_cores[core])
    wanted[CHIP_COUNTER_CORE, : len(CHIP_COUNTERS)] = chip_counts(chip, of_chip)
    np.testing.assert_array_equal(values.reshape(256, 256), wanted)


def draw_first(rng: Rng, near_the_end: bool) -> tuple[U64, U64]:
    """Draw counts to begin with, of which many end within the events if so wanted."""
    first = np.asarray(rng.integers(0, COUNTER, CORES * len(CORE_COUNTERS) + len(CHIP_COUNTERS)), np.uint64)
    if near_the_end:
        # Below a power of two, so that a carry runs up to that bit.
        first = np.asarray(1 << rng.integers(10, 49, len(first)), np.uint64) - np.uint64(
            1 + int(rng.integers(20))
        )
    of_cores = first[: -len(CHIP_COUNTERS)].reshape(CORES, len(CORE_COUNTERS))
    return np.ascontiguousarray(of_cores), np.ascontiguousarray(first[-len(CHIP_COUNTERS) :])


def test_counts_after_a_reset(rng: Rng) -> None:
    """A reset leaves zeros, whatever was there."""
    for cycles in (0, 1, 2, 300):
        require_counts(rng, cycles, None)


@pytest.mark.parametrize("near_the_end", [False, True])
def test_counts_of_any_size(near_the_end: bool, rng: Rng) -> None:
    """Carries run through all 48 bits, and the counter begins anew."""
    for _ in range(20):
        require_counts(rng, 40, draw_first(rng, near_the_end))


def test_clears_begin_anew(rng: Rng) -> None:
    """What was counted before is gone, an event in the cycle of the clear with it."""
    for _ in range(10):
        require_counts(rng, 60, draw_first(rng, False), clears=0.05)
