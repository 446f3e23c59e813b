"""The link to memory: bursts, tags, strobes and errors as docs/chip.md and AXI4 want them, at any pace."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from golden.formats import U32
from tb.central.bench import CentralFailure
from tb.central.links import ANY_ORDER, IN_ORDER, INTERLEAVED, TAGS, LinksBench, Manners

Rng = np.random.Generator
PAGE_LINES = 64
ORDERS = {"in order": IN_ORDER, "any order": ANY_ORDER, "interleaved": INTERLEAVED}
STALLS = (0, 0, 300, 600, 900)

each_order = pytest.mark.parametrize("order", ORDERS)


def draw_bursts(rng: Rng, count: int) -> tuple[U32, U32]:
    """Draw chunks as streams ask for them: one line anywhere, or two that are aligned; many end a page."""
    beats = rng.integers(1, 3, count)
    lines = rng.integers(0, 1 << 32, count)
    ends = rng.random(count) < 0.3
    lines[ends] |= PAGE_LINES - 1
    lines[beats == 2] &= ~np.int64(1)
    lines[:2], beats[:2] = (0, (1 << 32) - 2), 2
    return lines.astype(np.uint32), beats.astype(np.uint32)


def draw_strobes(rng: Rng, count: int) -> npt.NDArray[np.uint64]:
    """Draw strobes: all bytes, a range at either end or between, a single byte, any that are not none."""
    strobes = rng.integers(1, 1 << 64, count, dtype=np.uint64)
    every = np.full(count, (1 << 64) - 1, np.uint64)
    above, below = rng.integers(0, 64, (2, count)).astype(np.uint64)
    ranges = (every, np.uint64(1) << above, every >> above, every << below, every >> above << below)
    kind = rng.integers(0, 1 + len(ranges), count)
    drawn: npt.NDArray[np.uint64] = np.select([kind == at for at in range(len(ranges))], ranges, strobes)
    return np.where(drawn == 0, np.uint64(1), drawn)


def draw_manners(rng: Rng, order: int, errors: int = 0) -> Manners:
    ask, address, data = (int(stall) for stall in rng.choice(STALLS, 3))
    return Manners(ask, address, data, int(rng.choice([0, 5, 100])), order, errors)


@each_order
def test_reads(order: str, rng: Rng) -> None:
    """Each beat to who asked for it, under the burst's tag, whatever the order in which they come."""
    for _ in range(100):
        lines, beats = draw_bursts(rng, 300)
        outcome = LinksBench().read(
            lines, beats, draw_manners(rng, ORDERS[order]), int(rng.integers(1 << 30))
        )
        assert outcome.most <= TAGS


@each_order
def test_read_errors(order: str, rng: Rng) -> None:
    """Each beat with an error is told in its cycle; the burst goes on."""
    for errors in (20, 200, 1000):
        lines, beats = draw_bursts(rng, 600)
        manners = draw_manners(rng, ORDERS[order], errors)
        outcome = LinksBench().read(lines, beats, manners, int(rng.integers(1 << 30)))
        assert outcome.errors > 0
        assert errors < 1000 or outcome.errors == beats.sum()


def test_reads_fill_the_link() -> None:
    """A beat a cycle, with as many bursts under way as the latency needs and there are tags for."""
    beats = np.full(500, 2, np.uint32)
    lines = 2 * np.arange(500, dtype=np.uint32)
    fast = LinksBench().read(lines, beats, Manners(latency=20, order=ANY_ORDER), 1)
    assert fast.cycles < 1.1 * 1000 + 60
    far = LinksBench().read(lines, beats, Manners(latency=900, order=ANY_ORDER), 1)
    assert far.most == TAGS


def test_writes(rng: Rng) -> None:
    """Addresses and data in order, however the two channels stall, and no byte without its strobe."""
    for number in range(200):
        lines = rng.integers(0, 1 << 32, 300).astype(np.uint32)
        if number % 2:
            lines = (lines % 4).astype(np.uint32)  # the same lines again and again
        manners = draw_manners(rng, IN_ORDER)
        outcome = LinksBench().write(lines, draw_strobes(rng, 300), manners, int(rng.integers(1 << 30)))
        assert outcome.most <= TAGS


def test_write_errors(rng: Rng) -> None:
    """Each answer with an error is told."""
    for errors, most in ((20, 1 << 32), (200, 4), (1000, 1 << 32), (1000, 4)):
        lines = rng.integers(0, most, 800).astype(np.uint32)
        manners = draw_manners(rng, IN_ORDER, errors)
        outcome = LinksBench().write(lines, draw_strobes(rng, 800), manners, int(rng.integers(1 << 30)))
        assert outcome.errors > 0
        assert errors < 1000 or outcome.errors == 800


def test_writes_fill_the_link() -> None:
    """A line a cycle; with slow answers as many under way as may be."""
    lines, strobes = np.arange(800, dtype=np.uint32), np.full(800, 1, np.uint64)
    assert LinksBench().write(lines, strobes, Manners(latency=10), 1).cycles < 1.1 * 800 + 60
    far = LinksBench().write(lines, strobes, Manners(latency=900), 1)
    assert far.most == TAGS


def test_a_burst_over_a_page_is_seen() -> None:
    """The masters cut nothing: who asks must keep to aligned chunks."""
    with pytest.raises(CentralFailure, match="crosses 4 KB"):
        LinksBench().read(np.array([PAGE_LINES - 1], np.uint32), np.array([2], np.uint32), Manners(), 1)
