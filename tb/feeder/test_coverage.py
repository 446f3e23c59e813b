"""What the feeder's tests are worth: on `tiny` every assertion is triggered and every cover is met."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from golden.presets import find_preset
from tb.core.test_coverage import user_points
from tb.cover_labels import cover_labels
from tb.feeder.bench import CHECKS, Stalls, feeder_bench
from tb.feeder.jobs import JobWriter, UnitShape
from tb.feeder.test_errors import ITEM, STREAM_LENGTH, bad_items, odd_elements, with_fill_bit
from tb.feeder.test_feeder import STALLS, random_jobs

BEYOND_TINY = {"beat_cutter_checks.c_greedy", "byte_window_checks.cov_two_lines_dropped"}
"""On `tiny` the values of a block fit one beat, and a block is far shorter than two lines."""


BY_OTHER_BENCHES = {"stream_buffer_checks.cov_start_refused", "stream_fifo_checks.cov_pop_of_nothing"}
"""A feeder's parts look at one another before they offer or take: tb/feeder/test_parts.py, tb/mem."""


def test_every_point_is_met(rng: np.random.Generator, seed: int, tmp_path: Path) -> None:
    bench = feeder_bench("tiny", coverage=True)
    preset = find_preset("tiny")
    for number in range(12):
        for stalls in STALLS.values():
            bench.check(random_jobs(rng, "tiny", number % 2 == 1, 8), seed + number, stalls)
    # The largest kernel and the largest unit, and tiles that share a base table.
    for stalls in (Stalls(), Stalls(take=(0, 950, 0, 0))):
        writer = JobWriter(preset, rng, 0.6, 0.3)
        table = list(range(8))
        writer.base(table)
        writer.feed_rows(table, UnitShape(7, 7, 7, 40, 1, 256, 256), 3)
        for _ in range(6):
            writer.feed_rows(table, UnitShape(1, 1, 1, 0, 1, 8, 8), 4)
            writer.base(table)
        writer.command()
        bench.check([writer.job()], seed, stalls)
    # A stream of whole lines, one whose last line has a byte, and items that fill lines.
    for length in (64, 65, 128):
        writer = JobWriter(preset, rng, 0.0, 0.0)
        for _ in range(4):
            writer.command()
        writer.tile(length, 1)
        bench.check([writer.job()] * 3, seed)
    # Errors.
    writer = JobWriter(preset, rng, 1.0, 0.0)
    writer.items.append(bad_items(preset)["no columns"])
    assert bench.run([writer.job()], seed).cause
    for wrong in bad_items(preset).values():
        writer = JobWriter(preset, rng, 1.0, 0.0)
        writer.items.append(wrong)
        assert bench.run([writer.job()], seed).cause == ITEM
    writer = JobWriter(preset, rng, 1.0, 0.3)
    writer.tile(3, 2)
    writer.command()
    good = writer.job()
    odd = with_fill_bit(odd_elements(rng, preset.columns), "group") + good.b
    for b in (b"", good.b + good.b, odd):
        assert bench.run([replace(good, b=b)], seed).cause == STREAM_LENGTH
    writer = JobWriter(preset, rng, 1.0, 0.0)
    writer.command()
    assert bench.run([replace(writer.job(), b=good.b)], seed).cause == STREAM_LENGTH
    for stream in ("a", "b"):
        writer = JobWriter(preset, rng, 1.0, 0.0)
        writer.feed(3, 2, 3)
        writer.tile(9, 1)
        getattr(writer, stream).pop()
        writer.command()
        assert bench.run([writer.job()], seed).cause == STREAM_LENGTH
    path = tmp_path / "coverage.dat"
    bench.write_coverage(path)
    counts = user_points(path)
    assert set(counts) == cover_labels(CHECKS)
    assert {point for point, count in counts.items() if not count} == BEYOND_TINY | BY_OTHER_BENCHES


def test_long_blocks_are_met_on_core(rng: np.random.Generator, seed: int, tmp_path: Path) -> None:
    """What `tiny` is too small for."""
    bench = feeder_bench("core", coverage=True)
    writer = JobWriter(find_preset("core"), rng, 1.0, 0.9)
    writer.feed(20, 9, 0xFF)
    writer.command()
    bench.check([writer.job()], seed)
    path = tmp_path / "coverage.dat"
    bench.write_coverage(path)
    counts = user_points(path)
    assert all(counts[point] for point in BEYOND_TINY)
