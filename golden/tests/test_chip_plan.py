"""Planned traffic, against figures counted by hand."""

from __future__ import annotations

import numpy as np

from golden.chip.plan import (
    NO_STREAM,
    JobStreams,
    Stream,
    Traffic,
    block_order,
    choose_order,
    compulsory,
    control_reads,
    stream_reads,
    superblock_order,
    writes,
)
from golden.fgmp import encode
from golden.formats import Fp8Format
from golden.geometry import Step
from golden.storage import pack
from golden.tests.reference import random_fp16


def _jobs(names: list[tuple[int, int]], sizes: dict[int, int]) -> list[JobStreams]:
    """Jobs with streams A and B by identity; a stream's bytes by identity, twice as many in plain FP16."""
    stream = {identity: Stream(identity, size, 2 * size) for identity, size in sizes.items()}
    return [JobStreams(stream[a], stream[b], NO_STREAM, NO_STREAM) for a, b in names]


def test_a_wave_reads_each_stream_once_in_whole_lines() -> None:
    sizes = {1: 65, 2: 64, 10: 1, 11: 200}
    jobs = _jobs([(1, 10), (1, 11), (2, 10), (2, 11), (1, 10)], sizes)
    # Waves of two: (1: 2 lines; 10 and 11: 1 + 4), (2: 1 line; 1 + 4), (2; 1).
    assert stream_reads(jobs, 2) == Traffic(a=64 * (2 + 1 + 2), b=64 * (5 + 5 + 1))
    assert stream_reads(jobs, 5) == Traffic(a=64 * 3, b=64 * 5)
    assert stream_reads(jobs, 1) == Traffic(a=64 * (2 + 2 + 1 + 1 + 2), b=64 * (1 + 4 + 1 + 4 + 1))
    assert stream_reads(jobs, 5, plain=True) == Traffic(a=64 * (3 + 2), b=64 * (1 + 7))


def test_control_and_writes() -> None:
    assert control_reads(5, False).control == 64 * 7
    assert control_reads(5, True).control == 64 * 8
    assert writes(1000, 5, True) == Traffic(results=1000, job_records=320, completion=256)
    assert writes(10, 5, False) == Traffic(results=10, completion=256)
    total = control_reads(5, True) + writes(10, 5, False)
    assert (total.reads, total.writes, total.total) == (512, 266, 778)


def test_superblocks_go_block_by_block() -> None:
    assert superblock_order([0, 1], 3, 2) == [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (1, 2)]


def test_waves_have_jobs_of_like_duration() -> None:
    sizes = [100, 0, 300, 0, 200, 0, 0, 90, 0]
    a = [Stream(i, size, 0) for i, size in enumerate(sizes)]
    # Blocks of zeros (1, 3, 5, 6, 8) fill the last wave of real ones, then waves of their own.
    assert block_order(a, 2) == [2, 4, 1, 3, 0, 7, 5, 6, 8]
    assert block_order(a, 3) == [2, 4, 0, 7, 1, 3, 5, 6, 8]
    assert block_order([NO_STREAM] * 3, 2) == [0, 1, 2]
    assert sorted(block_order(a, 1)) == list(range(9))


def test_the_order_with_least_traffic_is_chosen() -> None:
    c = [Stream(9, 64, 64)] * 6
    dear = [Stream(i, 640, 0) for i in range(6)]
    cheap = [Stream(20 + i, 64, 0) for i in range(4)]
    # Dear A: all four groups share a block in each wave of four, so every A is read once.
    assert choose_order(dear, cheap, c, 4) == superblock_order(range(6), 4, 4)
    # Dear B: one group at a time.
    cheap_a = [Stream(i, 64, 0) for i in range(6)]
    dear_b = [Stream(20 + i, 6400, 0) for i in range(4)]
    assert choose_order(cheap_a, dear_b, c, 4) == superblock_order(range(6), 4, 1)
    # One core shares nothing within a wave: any order costs the same.
    assert sorted(choose_order(dear, cheap, c, 1)) == sorted(superblock_order(range(6), 4, 1))


def test_compulsory_traffic_is_every_tensor_once(rng: np.random.Generator) -> None:
    a = encode(random_fp16(rng, (2, 3, 9, 9), 0.5), Fp8Format.E4M3, 1)
    b = encode(random_fp16(rng, (4, 3, 3, 3)), Fp8Format.E4M3, 1)
    assert compulsory(Step.FP, a, b, 77) == {"X": len(pack(a)), "W": len(pack(b)), "Y": 77}
    assert compulsory(Step.WG, a, b, 77) == {"X": len(pack(a)), "delta": len(pack(b)), "dW": 77}
