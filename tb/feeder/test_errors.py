"""Jobs that contradict themselves: each gives its cause, and only what the jobs say leaves the feeder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from golden.presets import Preset, find_preset
from tb.feeder.bench import FeedJob, Stalls, feeder_bench
from tb.feeder.fgmp_stream import Elements, block, random_elements
from tb.feeder.jobs import (
    BASE,
    CHANNEL_BITS,
    CHANNELS_AT,
    COST,
    FEED,
    FEED_ROWS,
    OP_SHIFT,
    RUN,
    SEGMENT,
    TAP_BITS,
    TAPS_AT,
    TILE,
    ZERO,
    JobWriter,
    UnitShape,
    command_bits,
    item,
    random_job,
)

STREAM_LENGTH, ITEM = 8, 9
SIZES = ("tiny", "core")
STALLS = (Stalls(), Stalls(memory=300, job=500, take=(300, 300, 300, 300), latency=40))


def writer(rng: np.random.Generator, preset: str, density: float = 1.0) -> JobWriter:
    """Return a writer of jobs with FP8 and FP16."""
    return JobWriter(find_preset(preset), rng, density, 0.3)


def expect(jobs: list[FeedJob], preset: str, seed: int, cause: int) -> None:
    """Require a cause from jobs, with and without stalls."""
    for number, stalls in enumerate(STALLS):
        feeder_bench(preset).check(jobs, seed + number, stalls, cause=cause)


# The byte that is too much says that more follow.
LENGTHS: dict[str, Callable[[bytes], bytes]] = {
    "a byte less": lambda data: data[:-1],
    "a byte more": lambda data: data + b"\xff",
}


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("stream", ["a", "b"])
@pytest.mark.parametrize("intra", [False, True], ids=["columns", "rows"])
@pytest.mark.parametrize("preset", SIZES)
def test_length(
    rng: np.random.Generator, seed: int, preset: str, intra: bool, stream: str, length: str
) -> None:
    """A stream that ends early or late, with another job behind it."""
    jobs = [random_job(writer(rng, preset), intra, 3) for _ in range(3)]
    change, job = LENGTHS[length], jobs[1]
    jobs[1] = replace(job, a=change(job.a)) if stream == "a" else replace(job, b=change(job.b))
    expect(jobs, preset, seed, STREAM_LENGTH)


@pytest.mark.parametrize("intra", [False, True], ids=["columns", "rows"])
@pytest.mark.parametrize("preset", SIZES)
def test_whole_lines_of_a(rng: np.random.Generator, seed: int, preset: str, intra: bool) -> None:
    """A that lacks lines, has some too many, or is not there at all."""
    good = [random_job(writer(rng, preset), intra, 3) for _ in range(2)]
    for a in (good[0].a[: (len(good[0].a) - 1) // 64 * 64], good[0].a + bytes(128), b""):
        expect([replace(good[0], a=a), good[1]], preset, seed, STREAM_LENGTH)


ROWS_OF_B = {"a row less": -1, "a row more": 1, "half of them": -6, "twice as many": 12}


@pytest.mark.parametrize("place", [0, 1], ids=["first job", "last job"])
@pytest.mark.parametrize("change", ROWS_OF_B)
@pytest.mark.parametrize("preset", SIZES)
def test_whole_rows_of_b(rng: np.random.Generator, seed: int, preset: str, change: str, place: int) -> None:
    """B with other rows than the K tiles load, behind or before a job without a fault."""
    job, other = writer(rng, preset), writer(rng, preset)
    for part in (job, other):
        part.tile(3, 2)
        part.tile(2, 3)
        part.command()
    good = job.job()
    job.b.clear()
    job.outputs[2].clear()
    job.rows(12 + ROWS_OF_B[change])
    jobs = [other.job(), other.job()]
    jobs[place] = replace(job.job(), c=good.c)
    # Rows that are right in themselves may leave before the fault shows.
    for number, stalls in enumerate(STALLS):
        assert feeder_bench(preset).run(jobs, seed + number, stalls).cause == STREAM_LENGTH


@pytest.mark.parametrize("preset", SIZES)
def test_a_tile_of_very_many_rows(rng: np.random.Generator, seed: int, preset: str) -> None:
    """Every bit of a K tile's number of rows counts."""
    many = writer(rng, preset, 0.1)
    many.rows(1023 * 33 - (1 << 15))
    keep = ((1 << CHANNEL_BITS) - 1) << CHANNELS_AT | ((1 << TAP_BITS) - 1) << TAPS_AT
    many.command(TILE, keep, 1023 << CHANNELS_AT | 33 << TAPS_AT)
    many.command()
    assert feeder_bench(preset).run([many.job()], seed).cause == STREAM_LENGTH


@pytest.mark.parametrize("preset", SIZES)
def test_b_or_tiles_alone(rng: np.random.Generator, seed: int, preset: str) -> None:
    """K tiles of a job without B, with and without another job's B to take, and a B without tiles."""
    job = writer(rng, preset)
    job.tile(2, 2)
    job.command()
    good = job.job()
    nothing = writer(rng, preset)
    nothing.command()
    for jobs in (
        [replace(good, b=b"")],
        [replace(good, b=b""), good],
        [replace(nothing.job(), b=good.b)],
        [replace(nothing.job(), b=good.b), good],
    ):
        for number, stalls in enumerate(STALLS):
            assert feeder_bench(preset).run(jobs, seed + number, stalls).cause == STREAM_LENGTH


@pytest.mark.parametrize("preset", SIZES)
def test_a_without_a_tile(rng: np.random.Generator, seed: int, preset: str) -> None:
    """A stream that no item feeds; zeros would be blocks like any others."""
    job = writer(rng, preset)
    job.command()
    job.a += bytes(1)
    expect([job.job()], preset, seed, STREAM_LENGTH)


def with_fill_bit(elements: Elements, where: str) -> bytes:
    """Write a block with the topmost bit of the mask or of the group bits set, which fills a byte."""
    raw = bytearray(block(elements))
    mask_bytes = (len(elements) + 7) // 8
    nonzeros = int(elements.mask.sum())
    bits, at = (
        (len(elements), mask_bytes) if where == "mask" else (nonzeros, mask_bytes + (nonzeros + 7) // 8)
    )
    assert bits % 8, "there is nothing to fill"
    raw[at - 1] |= 0x80
    return bytes(raw)


def odd_elements(rng: np.random.Generator, count: int) -> Elements:
    """Draw FP8 elements of which one is zero, so that group bits are filled up."""
    elements = random_elements(rng, count, 1.0, 0.0)
    elements.mask[-1] = False
    elements.values[-1] = 0
    return elements


@pytest.mark.parametrize("where", ["mask", "group"])
@pytest.mark.parametrize("stream", ["a", "b"])
@pytest.mark.parametrize("preset", SIZES)
def test_fill_bit(rng: np.random.Generator, seed: int, preset: str, stream: str, where: str) -> None:
    """A bit that fills a byte is set; a mask of 8 or 16 columns has none, there it is a group bit."""
    sizes = find_preset(preset)
    job = writer(rng, preset)
    if stream == "a":
        # One word: its mask fills half a byte.
        job.items.append(item(FEED, (1, 16), (1, 6), (1, 16)))
        job.a += with_fill_bit(odd_elements(rng, 4), where)
    else:
        elements = odd_elements(rng, sizes.columns)
        if where == "mask" and sizes.columns % 8 == 0:
            where = "group"
        job.b += with_fill_bit(elements, where)
    job.command()
    expect([job.job()], preset, seed, STREAM_LENGTH)


def bad_items(preset: Preset) -> dict[str, bytes]:
    """Name items that the chip cannot carry out."""
    lines, rows = preset.lines, preset.rows
    commands = (("tile", TILE), ("segment", SEGMENT), ("run", RUN))
    unnamed = {
        f"{place} unnamed bit of a {name}": item(op, (1 << bit, OP_SHIFT))
        for name, op in commands
        for place, bit in (("first", command_bits(op, preset)), ("last", OP_SHIFT - 1))
    }

    def rest_of(fields: tuple[tuple[int, int], ...], rest: int) -> tuple[int, int]:
        """Write the bits that no field has: none, the first, or the last of them."""
        width = OP_SHIFT - sum(bits for _, bits in fields)
        return (0, 1, 1 << width - 1)[rest], width

    def cost(channel0: int = 0, channel1: int = 0, depth: int = 1, two: int = 1, rest: int = 0) -> bytes:
        fields = ((channel0, 16), (1, 32), (channel1, 16), (1, 32), (depth, 6), (two, 1), (1, 1))
        return item(COST, *fields, rest_of(fields, rest))

    def feed(columns: int = 1, words: int = 1, mask: int = 1, rest: int = 0) -> bytes:
        fields = ((columns, 16), (words, 6), (mask, 16))
        return item(FEED, *fields, rest_of(fields, rest))

    def feed_rows(
        count: int = 1, units: int = 2, kx: int = 1, ky: int = 1, last_ky: int = 1, pitch: int = 1,
        elements: int = 8, last_elements: int = 8, pixels: int = 1, rest: int = 0,
    ) -> bytes:  # fmt: skip
        fields = (
            *((count, 10), (elements, 9), (pitch, 9), (kx, 3), (ky, 3), (last_ky, 3), (units, 3)),
            *((pixels, 6), (last_elements, 9)),
        )
        return item(FEED_ROWS, *fields, rest_of(fields, rest))

    def base(index: int = 0, rest: int = 0) -> bytes:
        fields = ((index, 4), (0, 96))
        return item(BASE, *fields, rest_of(fields, rest))

    return unnamed | {
        "rows of zeros": item(ZERO),
        "channel 0 too high": cost(channel0=lines * rows),
        "channel 1 too high": cost(channel1=lines * rows),
        "depth of none": cost(depth=0),
        "depth beyond B's rows": cost(depth=rows + 1),
        "first unnamed bit of a cost": cost(rest=1),
        "last unnamed bit of a cost": cost(rest=2),
        "no columns": feed(columns=0),
        "no words": feed(words=0),
        "no PE lines": feed(mask=0),
        "a PE line that there is not": feed(mask=1 << lines),
        "first unnamed bit of a feed": feed(rest=1),
        "last unnamed bit of a feed": feed(rest=2),
        "no units": feed_rows(count=0),
        "channels without units": feed_rows(units=0),
        "no kernel columns": feed_rows(kx=0),
        "no kernel rows": feed_rows(ky=0),
        "no kernel rows in the last unit": feed_rows(last_ky=0),
        "pitch beyond a unit": feed_rows(pitch=257),
        "unit of nothing": feed_rows(elements=0),
        "unit too large": feed_rows(elements=257),
        "last unit of nothing": feed_rows(last_elements=0),
        "last unit too large": feed_rows(last_elements=257),
        "no pixels": feed_rows(pixels=0),
        "too many pixels": feed_rows(pixels=rows + 1),
        "first unnamed bit of rows": feed_rows(rest=1),
        "last unnamed bit of rows": feed_rows(rest=2),
        "base table too long": base(-(-rows // 12)),
        "first unnamed bit of a base table": base(rest=1),
        "last unnamed bit of a base table": base(rest=2),
    }


@pytest.mark.parametrize("name", bad_items(find_preset("tiny")))
@pytest.mark.parametrize("preset", SIZES)
def test_item(rng: np.random.Generator, seed: int, preset: str, name: str) -> None:
    job = writer(rng, preset)
    job.command()
    job.items.append(bad_items(find_preset(preset))[name])
    complete = job.job()
    job.command()
    expect([replace(job.job(), outputs=complete.outputs)], preset, seed, ITEM)


@pytest.mark.parametrize("preset", SIZES)
def test_fields_that_do_not_matter(rng: np.random.Generator, seed: int, preset: str) -> None:
    """The second channel of an item with one, and what other units than a channel's only one would be."""
    sizes = find_preset(preset)
    job = writer(rng, preset)
    job.items.append(item(COST, (1, 16), (7, 32), (0xFFFF, 16), (9, 32), (1, 6), (0, 1), (1, 1)))
    job.outputs[3].append(np.array([1, 7, 1, 1], np.uint32))
    job.base([0, 1])
    job.feed_rows([0, 1], UnitShape(1, 0, 1, 0, 1, 0, 2), 1)
    job.command()
    feeder_bench(preset).check([job.job()], seed)
    assert sizes.rows >= 2


@pytest.mark.parametrize("place", ["base", "pitch", "kernel column", "longest pitch"])
@pytest.mark.parametrize("preset", SIZES)
def test_row_beyond_its_unit(rng: np.random.Generator, seed: int, preset: str, place: str) -> None:
    """Each of the three parts of an element's place leads just beyond the unit, or as far as it can."""
    table = {"base": [0, 8], "pitch": [0, 4], "kernel column": [0, 7], "longest pitch": [0]}[place]
    ky, kx = {"base": (1, 1), "kernel column": (1, 2)}.get(place, (2, 1))
    pitch = 256 if place == "longest pitch" else 4
    job = writer(rng, preset)
    job.base(table)
    job.items.append(UnitShape(kx, ky, ky, pitch, 1, 8, 8).item(1, len(table)))
    job.a += block(random_elements(rng, 8, 1.0, 0.0))
    job.command()
    outcome = feeder_bench(preset).run([job.job()], seed)
    assert outcome.cause == ITEM
    assert len(outcome.outputs[1]) <= 2 + 1


@pytest.mark.parametrize("size", [0, 15, 17, 63])
@pytest.mark.parametrize("preset", SIZES)
def test_length_of_c(rng: np.random.Generator, seed: int, preset: str, size: int) -> None:
    """Items that are not whole, or none at all."""
    job = writer(rng, preset)
    for _ in range(4):
        job.command()
    complete = job.job()
    expect([replace(complete, c=complete.c[:size])], preset, seed, ITEM)


@pytest.mark.parametrize("preset", SIZES)
def test_the_first_error_stays(rng: np.random.Generator, seed: int, preset: str) -> None:
    """A wrong item comes before the end of its job's A, which is cut off."""
    job = writer(rng, preset)
    job.feed(1, 1, 1)
    job.items.append(bad_items(find_preset(preset))["no columns"])
    complete = job.job()
    for number in range(20):
        outcome = feeder_bench(preset).run([replace(complete, a=complete.a[:-1])], seed + number)
        assert outcome.cause == ITEM
