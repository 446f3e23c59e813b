"""What the tests of the result path are worth: every assertion is triggered and every cover is met."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from golden.chip.encoding import Cause, OutputMode
from golden.fgmp import BINS
from golden.formats import Fp8Format
from tb.core.test_coverage import user_points
from tb.cover_labels import cover_labels
from tb.result.bench import CHECKS, result_bench
from tb.result.test_result import random_form, random_stalls, random_work
from tb.result.work import VALUES, Form, WorkMaker

CORES, PES = 3, 2
NOT_BUILT = "sram_checks."
"""The path has no memory behind that module."""


def test_every_point_is_met(rng: np.random.Generator, tmp_path: Path) -> None:
    bench = result_bench(CORES, PES, coverage=True)
    for _ in range(40):
        for kind in VALUES:
            form = random_form(rng, OutputMode(int(rng.integers(0, 3))))
            bench.check(random_work(rng, bench, form, kind), random_stalls(rng), int(rng.integers(1 << 30)))
    everything = Form(OutputMode.FP16, Fp8Format.E4M3, 0, True, True, True, True)
    for stalls in ({"grant": 900}, {"write": 900}, {"result": 0}):
        bench.check(random_work(rng, bench, everything, "specials", 30), stalls, 1)
    many = WorkMaker(rng, 1, bench.width).make(Form(OutputMode.FP32), "near one", 12)
    bench.check(many, {"result": 900}, 1)
    for top in range(BINS):
        bench.choose(np.eye(1, BINS, top, dtype=np.int64)[0] * 7, 0, 1, 0)
    bench.choose(np.zeros(BINS, np.int64), 1, 1, 1)
    bench.choose(np.ones(BINS, np.int64), 1, 1, 0)
    # Writes that wait, behind short rows of FGMP; jobs of a row each, as one ends the next begins.
    fgmp = Form(OutputMode.FGMP, Fp8Format.E5M2, 0)
    for stalls in ({"write": 700}, {"write": 950, "job": 200}):
        for _ in range(3):
            bench.check(random_work(rng, bench, fgmp, "binades", 12), stalls, int(rng.integers(1 << 30)))
    for job in (0, 500, 800, 900):
        maker = WorkMaker(rng, CORES, bench.width)
        for form in (Form(OutputMode.FP32), Form(OutputMode.FP16)):
            bench.check(maker.make(form, "near one", 60, max_rows=1, zeros=False), {"job": job}, 1)
    # More rows than the output of the first job has place for, while others wait to be written.
    work = WorkMaker(rng, CORES, bench.width).make(everything, "near one", 12, min_rows=64, zeros=False)
    assert bench.run(work, {"write": 900}, 1, out_bytes={0: 100}).cause is Cause.OVERRUN
    bench.reset()
    work = random_work(rng, bench, everything, "near one", 12)
    assert bench.run(work, {}, 1, d_bytes={3: 1}).cause is Cause.STREAM_LENGTH
    path = tmp_path / "coverage.dat"
    bench.write_coverage(path)
    counts = user_points(path)
    assert {point for point in counts if not point.startswith(NOT_BUILT)} == {
        label for label in cover_labels(CHECKS) if not label.startswith(NOT_BUILT)
    }
    assert not [point for point, count in sorted(counts.items()) if not count]
