"""The chip's structures in memory: fields where docs/chip.md puts them, round trips, bad values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from golden.chip.encoding import (
    CompletionRecord,
    Descriptor,
    EncodingError,
    Extent,
    Job,
    JobRecord,
    OutputMode,
    Window,
)
from golden.chip.items import (
    BaseItem,
    CostItem,
    FeedItem,
    FeedRowsItem,
    Op,
    decode_item,
    items_to_bytes,
)
from golden.tests.chip_reference import items_from_bytes


def _random_extent(rng: np.random.Generator) -> Extent:
    return Extent(int(rng.integers(0, 1 << 32)), int(rng.integers(0, 1 << 32)))


def _random_window(rng: np.random.Generator) -> Window:
    return Window(int(rng.integers(0, 1 << 32)), int(rng.integers(0, 1 << 32)))


def _random_descriptor(rng: np.random.Generator) -> Descriptor:
    bits: Any = lambda width: int(rng.integers(0, 1 << width))  # noqa: E731
    flag: Any = lambda: bool(rng.integers(0, 2))  # noqa: E731
    return Descriptor(
        wg=flag(),
        balancer=flag(),
        a_format=bits(1),
        b_format=bits(1),
        a_bias=bits(6),
        b_bias=bits(6),
        columns=bits(5),
        job_table=bits(32),
        jobs=bits(32),
        completion=bits(32),
        a=_random_window(rng),
        b=_random_window(rng),
        c=_random_window(rng),
        d=_random_window(rng),
        output=_random_window(rng),
        job_records=bits(32),
        mode=OutputMode(int(rng.integers(0, 3))),
        output_format=bits(1),
        output_bias=bits(6),
        threshold_from_record=flag(),
        threshold_record=bits(32),
        share=(bits(8), bits(8)),
        scale_bias=flag(),
        residual=flag(),
        relu=flag(),
        mask=flag(),
        last=flag(),
        next=bits(32),
    )


def test_structures_round_trip(rng: np.random.Generator) -> None:
    for _ in range(50):
        descriptor = _random_descriptor(rng)
        assert Descriptor.from_words(descriptor.words()) == descriptor
        a, b, c, d, output = (_random_extent(rng) for _ in range(5))
        job = Job(a, b, c, d, output, int(rng.integers(0, 256)))
        assert Job.from_words(job.words()) == job
        record = JobRecord(
            7, int(rng.integers(0, 1 << 32)), 128, tuple(rng.integers(0, 1 << 16, 16).tolist())
        )
        assert JobRecord.from_words(record.words()) == record
        done = CompletionRecord(
            3, 15, int(rng.integers(-24, 17)), 31, 5, 6, tuple(rng.integers(0, 1 << 32, 40).tolist())
        )
        assert CompletionRecord.from_words(done.words()) == done


def test_items_round_trip(rng: np.random.Generator) -> None:
    words = []
    for kind in (CostItem, FeedItem, FeedRowsItem):
        for _ in range(20):
            item = kind(*(int(rng.integers(0, 1 << width)) for _, _, width in kind.FIELDS))
            assert decode_item(item.encode()) == (kind.OP, item)
            words.append(item.encode())
    base = BaseItem(11, tuple(rng.integers(0, 256, 12).tolist()))
    assert decode_item(base.encode()) == (Op.BASE, base)
    assert decode_item(2 << 125 | 77) == (Op.RUN, 2 << 125 | 77)
    words.append(base.encode())
    assert items_from_bytes(items_to_bytes(words)) == words


def test_fields_lie_where_the_contract_puts_them() -> None:
    """Values read off docs/chip.md by hand."""
    zero = Window()
    words = Descriptor(
        True, False, 1, 0, 7, 15, 10, 0x40, 3, 0x50, Window(1, 2), Window(3, 4), Window(5, 6), Window(9, 11),
        zero, 0x60, OutputMode.FGMP, 1, 21, True, 0x70, relu=True, mask=True, next=0x80,
    ).words()  # fmt: skip
    assert words[0] == 0x4C4E5031
    assert words[1] == 1 | 1 << 2 | 1 << 4 | 2 << 5 | 1 << 7 | 1 << 10 | 1 << 11 | 10 << 12 | 1 << 31
    assert words[2] == 7 | 15 << 8 | 21 << 16
    assert words[3] == 1 | 5 << 8
    assert words[4:8].tolist() == [0x40, 3, 0x60, 0x50]
    assert words[8:18].tolist() == [1, 2, 3, 4, 5, 6, 0, 0, 9, 11]
    assert words[18:20].tolist() == [0x80, 0x70]
    assert not words[20:].any()
    assert FeedItem(3, 2, 5).encode() == 5 << 125 | 3 | 2 << 16 | 5 << 22
    rows = FeedRowsItem(1, 2, 3, 1, 2, 3, 4, 5, 6).encode()
    assert (
        rows == 6 << 125 | 1 | 2 << 10 | 3 << 19 | 1 << 28 | 2 << 31 | 3 << 34 | 4 << 37 | 5 << 40 | 6 << 46
    )
    costs = CostItem(1, 2, 3, 4, 5, 1, 1).encode()
    assert costs == 4 << 125 | 1 | 2 << 16 | 3 << 48 | 4 << 64 | 5 << 96 | 1 << 102 | 1 << 103
    assert BaseItem(2, tuple(range(12))).encode() & 0xFFFFFF == 2 | 0 << 4 | 1 << 12 | 2 << 20
    record = CompletionRecord(2, threshold=-3, histogram=(1,) * 40).words()
    assert record[4] == 0xFFFFFFFD
    assert record[[8, 16, 55, 56]].tolist() == [40, 1, 1, 0]


def test_what_does_not_fit_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(EncodingError, match="rows is 256, its field has 8 bits"):
        Job(Extent(), Extent(), Extent(), Extent(), Extent(), 256).words()
    with pytest.raises(EncodingError, match="item FEED: words is 64"):
        FeedItem(1, 64, 1).encode()
    with pytest.raises(EncodingError, match="entry 0 is 256"):
        BaseItem(0, (256,) + (0,) * 11).encode()
    with pytest.raises(EncodingError, match="11 entries, must be 12"):
        BaseItem(0, (0,) * 11).encode()


def test_unnamed_bits_are_refused(rng: np.random.Generator) -> None:
    descriptor = _random_descriptor(rng).words()
    for word, bit in ((1, 17), (1, 30), (2, 6), (3, 16), (20, 0), (31, 31)):
        broken = descriptor.copy()
        broken[word] |= np.uint32(1 << bit)
        with pytest.raises(EncodingError, match="without a name"):
            Descriptor.from_words(broken)
    descriptor[0] ^= 1
    with pytest.raises(EncodingError, match="must be 4C4E5031"):
        Descriptor.from_words(descriptor)
    bad_mode = _random_descriptor(rng).words()
    bad_mode[1] |= np.uint32(3 << 5)
    with pytest.raises(EncodingError, match="output is 3"):
        Descriptor.from_words(bad_mode)
    with pytest.raises(EncodingError, match="unnamed bits"):
        decode_item(FeedItem(1, 1, 1).encode() | 1 << 60)
    with pytest.raises(EncodingError, match="unnamed bits"):
        decode_item(BaseItem(0, (0,) * 12).encode() | 1 << 100)
    with pytest.raises(EncodingError, match="has not completed"):
        CompletionRecord.from_words(np.zeros(64, np.uint32))
    wrong = CompletionRecord(1, histogram=(1,) * 40).words()
    wrong[8] = 41
    with pytest.raises(EncodingError, match="not the sum"):
        CompletionRecord.from_words(wrong)
