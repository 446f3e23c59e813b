"""The golden chip model on small images made by hand: every item, output mode and record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from golden.balancer import assign_lines, dispatch_order
from golden.chip.encoding import Cause, CompletionRecord, JobRecord, OutputMode
from golden.chip.items import BaseItem, CostItem, FeedItem, FeedRowsItem
from golden.formats import BIAS_MAX, Fp8Format, canonical_fp32, decode_fp8, fp16_to_float32
from golden.presets import PRESETS, Preset
from golden.tests.chip_image import (
    GUARD,
    ChipImage,
    Element,
    JobImage,
    block,
    blocks,
    costs,
    half,
    halves,
    matrix_job,
    one_job,
    run,
    segment,
    tile,
)
from golden.tests.reference import random_fp16

U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float32]

TINY, CORE = PRESETS["tiny"], PRESETS["core"]


def _elements(bits: U16) -> list[list[Element]]:
    return [halves(row) for row in bits]


def _tree(sums: Sequence[Floats]) -> Floats:
    """Add neighbours until one is left: ``((0+1)+(2+3))+((4+5)+(6+7))``."""
    held = list(sums)
    while len(held) > 1:
        held = [left + right for left, right in zip(held[::2], held[1::2], strict=True)]
    return held[0]


def _product(a: U16, b: U16, line_of: Sequence[int], lines: int) -> Floats:
    """One K tile with one tap, an addition at a time: float32 [rows, columns]."""
    values, rows_of_b = fp16_to_float32(a), fp16_to_float32(b)
    result = np.zeros((len(a), b.shape[1]), np.float32)
    with np.errstate(invalid="ignore"):
        for row in range(len(a)):
            sums = [np.zeros(b.shape[1], np.float32) for _ in range(lines)]
            for channel, line in enumerate(line_of):
                if values[row, channel] != 0:
                    sums[line] = sums[line] + values[row, channel] * rows_of_b[channel]
            result[row] = _tree(sums)
    return result


# --------------------------------------------------------------------------------------------------
# By hand
# --------------------------------------------------------------------------------------------------


def test_two_rows_in_one_pe_line_byte_by_byte() -> None:
    """Bytes of the streams and of the results read off docs/chip.md by hand."""
    job = JobImage(
        rows=2,
        items=[
            # Channels that cost nothing leave line 0 the least loaded: it gets both.
            CostItem(0, 0, 1, 0, 2, 1, 1).encode(),
            FeedItem(2, 1, 0b01).encode(),
            tile(0b01, 2, 2, 1, 2),
            segment(TINY, 0, 0, [(0, 0)]),
            run(2, step=1, window=1, parts=1),
        ],
        # Row 0: FP16 2.0, FP8 1.5 (E4M3, bias 7: 0x3C). Row 1: nothing, FP8 -1.0 (0xB8).
        a=bytes([0b0011, 0b01, 0x3C, 0x00, 0x40]) + bytes([0b0010, 0b0, 0xB8]),
        # Channel 0: 1, 0.5, 0, 0. Channel 1: 4, 0, 0, -2.
        b=bytes([0b0011, 0b11, 0x00, 0x3C, 0x00, 0x38]) + bytes([0b1001, 0b10, 0x48, 0x00, 0xC0]),
        room=40,
    )
    image = one_job("tiny", job, balancer=True, columns=3)
    before = image.memory.copy()
    done = image.run()
    assert (done.cause, done.message, done.error_job) == (Cause.NONE, "", None)
    expected = np.array([[2 + 6, 1, 0, -3], [-4, 0, 0, 2]], np.float32)
    assert image.output()[:32].tobytes() == expected.astype("<f4").tobytes()
    assert (image.output()[32:] == GUARD).all(), "bytes beyond the results are written"
    only = done.descriptors[0]
    assert [(one.bytes, one.rows, one.costs) for one in only.jobs] == [(32, 2, (0,) * 16)]
    assert (only.macs_fp8, only.macs_fp16) == (2 * 3, 1 * 3)
    assert (only.result_bytes, only.record_bytes, only.completion_bytes) == (32, 64, 256)
    assert image.record() == JobRecord(0, 32, 2)
    assert image.completion() == CompletionRecord(1, threshold=16)
    kept = np.ones(len(before), np.bool_)
    for line, size in (
        (image.jobs[0][0].output.line, 32),
        (image.descriptors[0].job_records, 64),
        (image.descriptors[0].completion, 256),
    ):
        kept[64 * line : 64 * line + size] = False
    assert (before[kept] == image.memory[kept]).all(), "something else is written"


def test_rows_that_meet_no_tap_are_zero() -> None:
    """A job without items; its zeros are post-processed as any other results."""
    shift = np.array([0.0, 1.0, -2.0, 0.5], np.float32)
    pairs = np.stack([np.ones(4, np.float32), shift], axis=1).tobytes()
    image = ChipImage(TINY)
    image.add([JobImage(5, [])])
    image.add([JobImage(2, [], d=pairs)], mode=OutputMode.FP16, scale_bias=True)
    done = image.run()
    assert (done.cause, done.message) == (Cause.NONE, "")
    assert not image.fp32(0, 0).any()
    assert (image.fp16(0, 1).view(np.float16) == shift).all()
    assert (done.descriptors[0].macs_fp8, done.descriptors[0].macs_fp16) == (0, 0)
    assert image.record() == JobRecord(0, 80, 5)
    assert image.completion() == CompletionRecord(1, threshold=16)


# --------------------------------------------------------------------------------------------------
# Sums
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", [TINY, CORE], ids=lambda preset: preset.name)
@pytest.mark.parametrize("channels", [1, 5, 16])
def test_sums_have_the_order_of_the_contract(rng: np.random.Generator, preset: Preset, channels: int) -> None:
    rows = preset.psum_rows
    a = random_fp16(rng, (rows, channels), 0.7)
    b = random_fp16(rng, (channels, preset.columns))
    image = one_job(preset.name, matrix_job(preset, _elements(a), _elements(b)))
    assert image.run().message == ""
    line_of = [channel % preset.lines for channel in range(channels)]
    assert (image.fp32() == _product(a, b, line_of, preset.lines).view(np.uint32)).all()


def test_order_of_additions_shows() -> None:
    """Sums that another order would round to something else: within a line, and over lines."""
    big, one = 2.0**15, 2.0**-10  # big + one is big in binary32
    rows = [
        # Line 0 holds channels 0 and 8, line 1 channels 1 and 9 ...
        ([(0, big), (8, one), (1, -big)], 0.0),  # (big + one) + (-big)
        ([(0, one), (8, big), (1, -big)], 0.0),
        ([(0, big), (1, -big), (2, one)], one),  # (big - big) + (one + 0)
        ([(1, big), (2, one), (3, -big)], 0.0),  # (0 + big) + (one - big)
        ([(0, big), (3, -big), (4, one), (7, one)], 2 * one),
        ([(0, big), (4, one), (7, -big)], 0.0),
    ]
    values = np.zeros((len(rows), 16), np.float16)
    for row, (entries, _) in enumerate(rows):
        for channel, value in entries:
            values[row, channel] = value
    ones = np.full((16, 16), 0x3C00, np.uint16)
    image = one_job("core", matrix_job(CORE, _elements(values.view(np.uint16)), _elements(ones)))
    assert image.run().message == ""
    assert image.fp32().view(np.float32)[:, 0].tolist() == [expected for _, expected in rows]


@pytest.mark.parametrize("enabled", [True, False])
def test_the_balancer_places_rows_of_b(rng: np.random.Generator, enabled: bool) -> None:
    """A's words follow the lines that the rule of the contract names; B comes by channel."""
    channels, rows = 43, 9
    spent = rng.integers(0, 9, channels).astype(np.int64) ** 3
    group = np.arange(channels, dtype=np.int64)
    line_of = assign_lines(spent, group, CORE.lines, enabled)
    order = dispatch_order(spent, group) if enabled else group
    a = random_fp16(rng, (rows, channels), 0.8)
    b = random_fp16(rng, (channels, CORE.columns))
    job = matrix_job(CORE, _elements(a), _elements(b), lines=line_of.tolist())
    named = costs([(int(c), int(spent[c])) for c in order], -(-channels // CORE.lines))
    job.items = [*named, *job.items[len(named) :]]
    image = one_job("core", job, balancer=enabled)
    assert image.run().message == ""
    assert (image.fp32() == _product(a, b, line_of.tolist(), CORE.lines).view(np.uint32)).all()


def test_two_groups_of_two_chunks_add_up(rng: np.random.Generator) -> None:
    """Costs of the second group come before the runs of the first one's last tile; a chunk is a tap here."""
    a = random_fp16(rng, (2, 2, 2, 3), 0.9)  # group, tap, channel, row
    b = random_fp16(rng, (2, 2, 2, 4))  # group, channel, tap, column
    given = costs([(0, 1), (1, 1)], 1)
    items, stream_a, stream_b = [*given], b"", b""
    for group in range(2):
        for tap in range(2):
            stream_a += b"".join(
                block([*halves(a[group, tap, channel, row : row + 1]), None, None, None])
                for row in range(3)
                for channel in range(2)
            )
            stream_b += b"".join(block(halves(b[group, channel, tap])) for channel in range(2))
            items.append(FeedItem(3, 1, 0b11).encode())
            ends = tap == 1
            place = {"group_end": ends, "first": group + tap == 0, "last": group + tap == 2}
            items.append(tile(0b11, 3, 1, 1, 2, **place))
            items.append(segment(TINY, 0, 0, [(0, 0)]))
            items += given if ends and group == 0 else []
            items.append(run(3, step=1, window=1, parts=1))
    image = one_job("tiny", JobImage(3, items, stream_a, stream_b))
    assert image.run().message == ""
    expected = np.zeros((3, 4), np.float32)
    values, rows_of_b = fp16_to_float32(a), fp16_to_float32(b)
    for group in range(2):
        for tap in range(2):
            products = [values[group, tap, c][:, None] * rows_of_b[group, c, tap][None, :] for c in range(2)]
            expected = expected + (products[0] + products[1])
    assert (image.fp32() == expected.view(np.uint32)).all()


def test_rows_share_words_as_step_window_and_advance_say(rng: np.random.Generator) -> None:
    """Two runs with windows that overlap, a list in two parts, another phase, and a run without parts."""
    words, rows = 9, 6
    a = random_fp16(rng, (words, 1), 1.0)[:, 0]
    b = random_fp16(rng, (3, 4))
    # A row takes three words of its window of four: 3, 0 and 2 (in that order, the last in another part).
    places = [[(3, 0), (0, 1)], [(2, 2)]]
    items = [
        *costs([(0, 1)], 1),
        FeedItem(words, 1, 0b01).encode(),
        tile(0b01, rows, 1, 3, 1, last=False, group_end=False),
        *(segment(TINY, 2, part, of) for part, of in enumerate(places)),
        run(3, step=1, window=4, parts=2, phase=2, advance=1, end=False),
        run(3, step=1, window=4, parts=2, phase=2, advance=4),
        # A chunk that the rows never meet.
        tile(0b01, rows, 1, 1, 1, first=False),
        run(rows, step=0, window=0, parts=0),
    ]
    stream_a = b"".join(block([*halves(a[i : i + 1]), None, None, None]) for i in range(words))
    stream_b = b"".join(block(halves(row)) for row in [*b, b[0]])
    image = one_job("tiny", JobImage(rows, items, stream_a, stream_b))
    assert image.run().message == ""
    values, rows_of_b = fp16_to_float32(a), fp16_to_float32(b)
    expected = np.zeros((rows, 4), np.float32)
    for row in range(rows):
        for k, offset in enumerate((3, 0, 2)):
            expected[row] = expected[row] + values[row + offset] * rows_of_b[k]
    assert (image.fp32() == expected.view(np.uint32)).all()


@pytest.mark.parametrize("fmt", list(Fp8Format))
@pytest.mark.parametrize("bias", [0, 7, 15, 16, 40, BIAS_MAX])
def test_fp8_is_decoded_by_format_and_bias(fmt: Fp8Format, bias: int) -> None:
    """All codes, as A against 1.0 and as B against 1.0, a descriptor each."""
    codes = np.arange(256, dtype=np.uint8)
    one = half(1.0)
    image = ChipImage(CORE)
    as_a: list[list[Element]] = [[(8, int(code))] for code in codes]
    for part in (as_a[:128], as_a[128:]):
        image.add([matrix_job(CORE, part, [[one] * 16])], a_format=int(fmt), a_bias=bias)
    as_b: list[list[Element]] = [[(8, int(code)) for code in row] for row in codes.reshape(16, 16)]
    unit: list[list[Element]] = [[one if c == r else None for c in range(16)] for r in range(16)]
    image.add([matrix_job(CORE, unit, as_b)], b_format=int(fmt), b_bias=bias)
    assert image.run().message == ""
    decoded = decode_fp8(codes, fmt, bias)
    # A sum never is -0; a zero of A, decoded, leaves +0.
    expected = canonical_fp32((fp16_to_float32(decoded) + np.float32(0)).view(np.uint32))
    by_a = np.concatenate([image.fp32(0, 0)[:, 3], image.fp32(0, 1)[:, 3]])
    assert (by_a == expected).all()
    assert (image.fp32(0, 2).reshape(-1) == expected).all()


def test_zeros_of_a_are_skipped_and_other_specials_are_not() -> None:
    infinity, nan = (16, 0x7C00), (16, 0xFE01)
    rows: list[list[Element]] = [
        [None, half(1.0)],  # a zero against infinity and NaN
        [(16, 0x8000), half(1.0)],  # an FP16 element that is -0
        [(8, 0x01), half(1.0)],  # an FP8 code that is 0 in FP16
        [half(1.0), half(1.0)],
        [half(-1.0), half(1.0)],
        [infinity, None],
        [nan, None],
    ]
    b = [[infinity, nan, half(2.0), None], [half(4.0), half(4.0), half(4.0), half(4.0)]]
    image = one_job("tiny", matrix_job(TINY, rows, b), a_bias=63)
    done = image.run()
    assert done.message == ""
    inf, bad = 0x7F800000, 0x7FC00000
    four, six, two = 0x40800000, 0x40C00000, 0x40000000
    assert image.fp32().tolist() == [
        [four, four, four, four],
        [four, four, four, four],
        [four, four, four, four],
        [inf, bad, six, four],
        [inf | 1 << 31, bad, two, four],
        [inf, bad, inf, bad],  # infinity times the zero in B
        [bad, bad, bad, bad],
    ]
    assert (done.descriptors[0].macs_fp8, done.descriptors[0].macs_fp16) == (4, 4 * (5 + 1 + 2 + 2))


# --------------------------------------------------------------------------------------------------
# WG
# --------------------------------------------------------------------------------------------------


def _unit_rows(
    units: Sequence[Sequence[Element]], base: Sequence[int], pitch: int, kx: int, kys: Sequence[int]
) -> list[list[Element]]:
    """Rows of A that a tile's units give: elements [pixels] each."""
    return [
        [unit[at + ky * pitch + x] for at in base]
        for unit, count in zip(units, kys, strict=True)
        for ky in range(count)
        for x in range(kx)
    ]


def test_wg_gathers_rows_from_units_by_the_base_table(rng: np.random.Generator) -> None:
    """Two channels of two units (two kernel rows, then one), two K tiles, bases that stay."""
    pitch, kx, kys = 7, 2, [2, 1, 2, 1]
    sizes = [20, 13, 20, 13]
    first, second = [0, 1, 2, 4, 3, 2, 5, 1], [2, 0, 4, 1, 2]
    bases = [first, [*second, *first[5:]]]  # the second table changes the first five entries
    pixels = [len(first), 6]
    rows = kx * sum(kys)
    items: list[int] = []
    tiles: list[list[int]] = []
    stream_a, stream_b = b"", b""
    expected = np.zeros((rows, 4), np.float32)
    for t in range(2):
        units = [halves(random_fp16(rng, (size,), 0.6)) for size in sizes]
        b = random_fp16(rng, (pixels[t], 4))
        stream_a += b"".join(blocks(unit, TINY.rows) for unit in units)
        stream_b += b"".join(block(halves(row)) for row in b)
        feed = FeedRowsItem(4, sizes[0], pitch, kx, 2, 1, 2, pixels[t], sizes[1])
        items.append(BaseItem(0, (*bases[t], 0, 0, 0, 0)).encode())
        items.append(feed.encode())
        words = -(-pixels[t] // 4)
        tiles.append(
            [
                tile(0b11, rows, 1, pixels[t], 1, first=t == 0, last=t == 1, intra=True),
                segment(TINY, 0, 0, [(word, 4 * word) for word in range(words)]),
                run(rows, step=words, window=words, parts=1),
            ]
        )
        gathered = _unit_rows(units, bases[t][: pixels[t]], pitch, kx, kys)
        for row, elements in enumerate(gathered):
            total = np.zeros(4, np.float32)
            for element, values in zip(elements, fp16_to_float32(b), strict=True):
                if element is not None:
                    total = total + fp16_to_float32(np.array([element[1]], np.uint16)) * values
            expected[row] = expected[row] + total
    image = one_job("tiny", JobImage(rows, [*items, *tiles[0], *tiles[1]], stream_a, stream_b), wg=True)
    # Both feeds stand before the first tile: the second table must not reach back.
    assert image.run().message == ""
    assert (image.fp32() == expected.view(np.uint32)).all()


def test_a_base_table_belongs_to_its_job() -> None:
    """The chip gives jobs to any core, so a table that another job wrote may not be relied on."""
    given = [BaseItem(0, (0,) * 12).encode(), FeedRowsItem(1, 0, 0, 1, 0, 1, 1, 1, 1).encode()]
    commands = [
        tile(0b11, 1, 1, 1, 1, intra=True),
        segment(TINY, 0, 0, [(0, 0)]),
        run(1, step=1, window=1, parts=1),
    ]
    a, b = block([half(3.0)]), block([half(2.0)] * 4)
    image = ChipImage(TINY)
    image.add([JobImage(1, [*given, *commands], a, b), JobImage(1, [given[1], *commands], a, b)], wg=True)
    done = image.run()
    assert (done.cause, done.error_job) == (Cause.ITEM, 1)
    assert "base table" in done.message
    assert image.fp32().view(np.float32).tolist() == [[6.0] * 4]


def test_jobs_of_a_table_are_independent(rng: np.random.Generator) -> None:
    """Three jobs, with and without job records; real columns alone count."""
    parts = [(random_fp16(rng, (n, 3)), random_fp16(rng, (3, 4))) for n in (1, 16, 7)]
    for records in (True, False):
        image = ChipImage(TINY)
        made = [matrix_job(TINY, _elements(a), _elements(b)) for a, b in parts]
        image.add(made, records=records, columns=3)
        done = image.run()
        assert done.message == ""
        assert [one.rows for one in done.descriptors[0].jobs] == [1, 16, 7]
        for index, (a, b) in enumerate(parts):
            assert (image.fp32(index) == _product(a, b, [0, 1, 0], 2).view(np.uint32)).all()
            if records:
                assert image.record(index) == JobRecord(index, 16 * len(a), len(a))
        elements = sum(np.count_nonzero(a & 0x7FFF) for a, _ in parts)
        assert done.descriptors[0].macs_fp16 == 3 * elements
        assert done.descriptors[0].record_bytes == (192 if records else 0)
        assert image.completion() == CompletionRecord(3, threshold=16)
