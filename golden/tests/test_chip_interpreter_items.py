"""Items of stream C that are wrong, or that contradict what came before them, on the golden chip model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from golden.chip.encoding import Cause
from golden.chip.items import BaseItem, CostItem, FeedItem, FeedRowsItem
from golden.presets import PRESETS
from golden.tests.chip_image import (
    JobImage,
    assert_stops,
    block,
    blocks,
    half,
    job_of_ones,
    one_job,
    run,
    segment,
    tile,
    zero,
)

TINY = PRESETS["tiny"]
ONE = half(1.0)


COSTS, FEED, TILE, SEGMENT, RUN = slice(0, 2), 2, 3, 4, 5
"""Where the items of `job_of_ones` stand."""

GOOD_TILE: dict[str, Any] = {"mask": 3, "rows": 3, "depth": 2, "taps": 1, "channels": 3}
GOOD_RUN: dict[str, Any] = {"rows": 3, "step": 1, "window": 1, "parts": 1}


def _cost(channels: tuple[int, int] = (0, 1), depth: int = 2, two: int = 1, last: int = 0) -> int:
    return CostItem(channels[0], 1, channels[1], 1, depth, two, last).encode()


def _tile(**changed: Any) -> int:
    return tile(**(GOOD_TILE | changed))


def _run(**changed: Any) -> int:
    return run(**(GOOD_RUN | changed))


def test_the_items_that_are_broken_below_are_good() -> None:
    items = [*job_of_ones().items]
    assert items[FEED:] == [
        FeedItem(3, 1, 3).encode(), _tile(), segment(TINY, 0, 0, [(0, 0)]), _run()
    ]  # fmt: skip
    assert items[COSTS] == [_cost(), _cost((2, 0), two=0, last=1) & ~(0xFFFFFFFF << 64)]


@pytest.mark.parametrize(
    ("where", "items", "text"),
    [
        # Cost
        (COSTS, [_cost() | 1 << 104, _cost((2, 0), two=0, last=1)], "no name"),
        (COSTS, [_cost(depth=0)], "no channel"),
        (COSTS, [_cost(depth=9)], "more than B rows"),
        (COSTS, [_cost(), _cost((2, 0), depth=1, two=0, last=1)], "another depth"),
        (COSTS, [_cost(), _cost((2, 2), last=1)], "twice"),
        (COSTS, [_cost(), _cost((3, 0), two=0, last=1)], "not all of its group"),
        (COSTS, [_cost(), _cost((2, 3)), _cost((4, 0), two=0, last=1)], "more channels"),
        (COSTS, [_cost(), _cost((2, 3), last=1)], "different channels"),
        (COSTS, [_cost(last=1)], "different channels"),
        (COSTS, [], "before the channels of its group"),
        (COSTS, [_cost()], "before the channels of its group"),
        # Feed
        (FEED, [FeedItem(3, 1, 3).encode() | 1 << 38], "no name"),
        (FEED, [FeedItem(0, 1, 3).encode()], "without columns"),
        (FEED, [FeedItem(3, 0, 3).encode()], "without columns"),
        (FEED, [FeedItem(3, 1, 0).encode()], "without columns"),
        (FEED, [FeedItem(3, 1, 7).encode()], "does not have"),
        (FEED, [], "Feed brought 0"),
        (FEED, [FeedItem(2, 1, 3).encode()], "Feed brought 2"),
        # Tile
        (TILE, [_tile() | 1 << 50], "no name"),
        (TILE, [_tile(rows=2)], "rows than its job"),
        (TILE, [_tile(mask=0)], "no PE line"),
        (TILE, [_tile(mask=7)], "does not have"),
        (TILE, [_tile(mask=1)], "other PE lines"),
        (TILE, [_tile(depth=0)], "without taps or channels"),
        (TILE, [_tile(taps=0)], "without taps or channels"),
        (TILE, [_tile(channels=0)], "without taps or channels"),
        (TILE, [_tile(taps=5)], "more B rows"),
        (TILE, [_tile(channels=4)], "different channels"),
        (TILE, [_tile(depth=1)], "different channels"),
        (TILE, [_tile(intra=True)], "other kind"),
        (TILE, [_tile(first=False)], "starts its sums"),
        (TILE, [_tile(), _tile()], "while another one is open"),
        (TILE, [], "without an open tile"),
        (TILE, [_tile(group_end=False)], "never came"),
        # Segment
        (SEGMENT, [segment(TINY, 0, 0, [(0, 0)]) | 1 << 30], "no name"),
        (SEGMENT, [segment(TINY, 0, 0, [(0, 0)]) | 1 << 13], "not valid"),
        (SEGMENT, [segment(TINY, 1, 0, [(0, 0)])], "did not write"),
        (SEGMENT, [segment(TINY, 0, 1, [(0, 0)])], "did not write"),
        (SEGMENT, [segment(TINY, 0, 0, [(1, 0)])], "outside its window"),
        (SEGMENT, [segment(TINY, 0, 0, [(0, 1)])], "does not load"),
        (SEGMENT, [segment(TINY, 0, 0, [(0, 63)])], "does not load"),
        # Run
        (RUN, [_run() | 1 << 35], "no name"),
        (RUN, [_run(rows=0)], "without rows"),
        (RUN, [_run(parts=5)], "more than four parts"),
        (RUN, [_run(parts=2)], "did not write"),
        (RUN, [_run(rows=2)], "do not make up"),
        (RUN, [_run(rows=4)], "do not make up"),
        (RUN, [_run(end=False)], "do not make up"),
        (RUN, [_run(window=2)], "Feed brought 3"),
        (RUN, [_run(step=2)], "Feed brought 3"),
        (RUN, [_run(advance=0)], "words of A remain"),
        (RUN, [_run(advance=2)], "words of A remain"),
        (RUN, [_run(), _run()], "items remain"),
        # Others
        (RUN, [zero(3)], "Zero is no item"),
        (FEED, [BaseItem(0, (0,) * 12).encode()], "Base outside WG"),
        (FEED, [FeedRowsItem(1, 1, 1, 1, 1, 1, 1, 1, 1).encode()], "FeedRows outside WG"),
    ],
)
def test_an_item_that_is_wrong(where: int | slice, items: list[int], text: str) -> None:
    job = job_of_ones()
    changed = list(job.items)
    changed[where if isinstance(where, slice) else slice(where, where + 1)] = items
    cause = Cause.STREAM_LENGTH if text == "items remain" else Cause.ITEM
    assert_stops(one_job("tiny", replace(job, items=changed)), cause, text, 0)


def test_a_command_that_is_no_item() -> None:
    """The core knows Zero; a job of zeros has no items at all."""
    assert_stops(one_job("tiny", JobImage(3, [zero(3)])), Cause.ITEM, "Zero is no item", 0)


GOOD_ROWS: dict[str, int] = {
    "units": 2, "elements": 9, "pitch": 3, "kx": 2, "ky": 2, "last_ky": 1, "channel_units": 2, "pixels": 3,
    "last_elements": 4,
}  # fmt: skip
WG_RUN: dict[str, Any] = {"rows": 6, "step": 1, "window": 1, "parts": 1}
WG_TILE: dict[str, Any] = {"mask": 3, "rows": 6, "depth": 1, "taps": 3, "channels": 1, "intra": True}


def _wg_job(items: dict[int, list[int]] | None = None) -> JobImage:
    made = [
        [BaseItem(0, (0, 1, 2, *(0,) * 9)).encode()],
        [FeedRowsItem(**GOOD_ROWS).encode()],
        [tile(**WG_TILE)],
        [segment(TINY, 0, 0, [(0, 0)])],
        [run(**WG_RUN)],
    ]
    for place, changed in (items or {}).items():
        made[place] = changed
    a = blocks([ONE] * 9, TINY.rows) + blocks([ONE] * 4, TINY.rows)
    return JobImage(6, [item for group in made for item in group], a, block([ONE] * 4) * 3)


def test_the_wg_job_that_is_broken_below_is_good() -> None:
    image = one_job("tiny", _wg_job(), wg=True)
    assert image.run().message == ""
    assert image.fp32().view(np.float32).tolist() == [[3.0] * 4] * 6


def _rows(**changed: int) -> list[int]:
    return [FeedRowsItem(**(GOOD_ROWS | changed)).encode()]


@pytest.mark.parametrize(
    ("place", "items", "text"),
    [
        (0, [], "has not written"),
        (0, [BaseItem(1, (0,) * 12).encode()], "beyond the pixels"),
        (0, [BaseItem(0, (0, 1, 3, *(0,) * 9)).encode()], "beyond its unit"),
        (0, [BaseItem(0, (0,) * 12).encode() | 1 << 100], "no name"),
        (1, [_rows()[0] | 1 << 55], "no name"),
        (1, _rows(units=0), "without rows"),
        (1, _rows(kx=0), "without rows"),
        (1, _rows(channel_units=0), "without rows"),
        (1, _rows(pixels=0), "no pixels"),
        (1, _rows(pixels=9), "no pixels"),
        (1, _rows(ky=0), "a unit without rows"),
        (1, _rows(last_ky=0), "a unit without rows"),
        (1, _rows(elements=0), "a unit without rows"),
        (1, _rows(elements=257), "a unit without rows"),
        (1, _rows(last_elements=0), "a unit without rows"),
        (1, _rows(last_elements=257), "a unit without rows"),
        (1, _rows(pitch=257), "a pitch of more"),
        (1, _rows(pitch=6), "beyond its unit"),
        (1, _rows(ky=3, pitch=4), "beyond its unit"),
        (1, _rows(kx=3), "beyond its unit"),
        (1, _rows(last_ky=2), "beyond its unit"),
        (1, [], "no FeedRows brought"),
        (1, _rows() * 2, "ends within a block"),
        (2, [tile(**(WG_TILE | {"depth": 2}))], "other channels than one"),
        (2, [tile(**(WG_TILE | {"channels": 2}))], "other channels than one"),
        (2, [tile(**(WG_TILE | {"intra": False}))], "other kind"),
        (2, [tile(**(WG_TILE | {"taps": 9}))], "more B rows"),
        (2, [tile(**(WG_TILE | {"taps": 2}))], "does not load"),
        (4, [run(**(WG_RUN | {"window": 2}))], "number of words"),
        (4, [run(**(WG_RUN | {"rows": 3, "end": False})), run(**(WG_RUN | {"rows": 3}))], "number of rows"),
        (0, [_cost()], "Cost in WG"),
        (0, [FeedItem(1, 1, 1).encode()], "Feed in WG"),
    ],
)
def test_an_item_of_wg_that_is_wrong(place: int, items: list[int], text: str) -> None:
    cause = Cause.STREAM_LENGTH if "block" in text else Cause.ITEM
    assert_stops(one_job("tiny", _wg_job({place: items}), wg=True), cause, text, 0)


def test_rows_that_no_run_takes() -> None:
    """Twice the units, with elements for both, but one tile."""
    job = _wg_job({1: _rows() * 2})
    assert_stops(one_job("tiny", replace(job, a=job.a * 2), wg=True), Cause.ITEM, "no run took", 0)


def test_what_a_unit_that_is_never_met_would_be_does_not_matter() -> None:
    """A channel of one unit: the fields of its other units are free."""
    items = _rows(units=1, channel_units=1, ky=0, elements=0, last_ky=1, last_elements=4)
    job = _wg_job({1: items, 2: [tile(**(WG_TILE | {"rows": 2}))], 4: [run(**(WG_RUN | {"rows": 2}))]})
    image = one_job("tiny", replace(job, rows=2, a=blocks([ONE] * 4, TINY.rows)), wg=True)
    assert image.run().message == ""
