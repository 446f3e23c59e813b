"""One PE line alone, against plain float32 arithmetic on random windows."""

from __future__ import annotations

import numpy as np
import pytest

from golden.presets import find_preset
from tb.line.bench import LineFailure, line_bench
from tb.line.job import Mix, random_job

STALLS = (0, 0, 200, 600, 900)
MIXES = {
    "nothing": Mix(density=0.0),
    "almost nothing": Mix(density=0.02, max_words=40),
    "sparse": Mix(density=0.2),
    "half": Mix(density=0.5, whole_beats=False),
    "dense": Mix(density=1.0),
    "all FP8": Mix(density=0.7, fp16=0.0),
    "all FP16": Mix(density=0.7, fp16=1.0),
    "dense FP16": Mix(density=1.0, fp16=1.0, whole_beats=False),
    "nearly dense, mostly FP16": Mix(density=0.9, fp16=0.8),
    "specials": Mix(density=0.5, specials=True),
    "windows as large as the ring": Mix(density=0.3, max_words=63),
    "windows of a word": Mix(density=0.4, max_words=1),
}


@pytest.mark.parametrize("preset", ["tiny", "core"])
@pytest.mark.parametrize("kind", MIXES)
def test_line(rng: np.random.Generator, kind: str, preset: str) -> None:
    """Every mix of elements, with streams that stall at different rates."""
    for stall in STALLS:
        job = random_job(rng, find_preset(preset), MIXES[kind], tiles=12)
        line_bench(preset).check(job, stall, int(rng.integers(1 << 30)))


def test_stalls_change_no_bit(rng: np.random.Generator) -> None:
    """The same job under other stalls gives the same rows."""
    job = random_job(rng, find_preset("tiny"), Mix(), tiles=6)
    for stall in (0, 300, 700, 950):
        line_bench("tiny").check(job, stall, int(rng.integers(1 << 30)))


def test_a_wrong_sum_is_named(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    job = random_job(rng, find_preset("tiny"), Mix(), tiles=2)
    expected = job.expected()
    expected.sums[3, 1] ^= 1
    monkeypatch.setattr(job, "expected", lambda: expected)
    with pytest.raises(LineFailure, match=r"1 of \d+ sums differ, the first one in row 3, column 1: RTL 0x"):
        line_bench("tiny").check(job, 0, 1)
