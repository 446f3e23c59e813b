"""What the core's tests are worth: on `tiny` every assertion is triggered and every cover is met."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np

from golden.geometry import Step
from tb.core.bare import bare_core, streams
from tb.core.build import CHECKS
from tb.core.device import STREAMS
from tb.core.layers import Operands, make_source, random_geometry
from tb.core.test_core import CHOSEN, DENSITIES, OPERANDS, STALLS
from tb.cover_labels import cover_labels

RECORD = re.compile(r"C '(.*)' (\d+)")


def user_points(path: Path) -> Counter[str]:
    """Counts of ``checker.label``, summed over instances, of the file's user points."""
    counts: Counter[str] = Counter()
    for keys, count in RECORD.findall(path.read_text(encoding="utf-8")):
        values = dict(pair.split("\x02", 1) for pair in keys.split("\x01")[1:])
        if values["t"] == "user":
            module = values["page"].rpartition("/")[2].partition("__")[0]
            counts[f"{module}.{values['o']}"] += int(count)
    return counts


BEYOND_TINY = {"a_dispatch_checks.cov_row_of_several_beats"}
"""On `tiny` the values of a row of WG always fit one beat."""


NEVER = {
    # tb/mem/test_mem.py: a core's blocks look whether a queue has room before they offer.
    "stream_fifo_checks.cov_push_refused",
    # tb/core/test_directed.py: cleared without a reset, between launches that go on from one another.
    "perf_counters_checks.cov_cleared_with_counts",
}
"""Points that other benches come to, and no run here."""

RARE = {
    # tb/pe/test_pe.py: few random elements are of these classes, or meet in a sum of these cases.
    *("pe_checks.cov_add_carry", "pe_checks.cov_add_shift_beyond", "pe_checks.cov_add_shift_sticky"),
    *("pe_checks.cov_add_opposite_infinities", "pe_checks.cov_infinite_fp8"),
    *("pe_checks.cov_nan_fp8", "pe_multiplier_checks.cov_largest"),
}
"""Points that other benches come to, and runs here by luck alone."""


def test_every_point_is_met(rng: np.random.Generator, tmp_path: Path) -> None:
    core = bare_core("tiny", coverage=True)
    for _ in range(60):
        geometry = random_geometry(rng)
        operands = Operands(density=float(rng.choice(DENSITIES)))
        stall, balancer = int(rng.choice(STALLS)), bool(rng.random() < 0.7)
        for step in Step:
            source = make_source(rng, geometry, step, operands, balancer=balancer, stall_permille=stall)
            core.check(source)
    for step in Step:
        for operands in OPERANDS.values():
            core.check(make_source(rng, random_geometry(rng), step, operands))
        for geometry in CHOSEN.values():
            core.check(make_source(rng, geometry, step, Operands(density=0.6)))
        for stream in STREAMS:
            for permille in (500, 950):
                source = make_source(rng, random_geometry(rng), step, stall_permille=permille)
                core.check(source, streams(stream))
    core.check(make_source(rng, CHOSEN["phases of a row without a tap"], Step.BP, OPERANDS["all zero"]))
    # Two words of FP16 elements fill a beat.
    core.check(make_source(rng, CHOSEN["fully connected"], Step.FP, OPERANDS["all FP16, dense"]))
    path = tmp_path / "coverage.dat"
    core.write_coverage(path)
    counts = user_points(path)
    assert set(counts) == cover_labels(CHECKS) - BEYOND_TINY
    assert set(counts) >= NEVER | RARE
    assert {point for point, count in counts.items() if not count} - RARE == NEVER


def test_rows_of_several_beats_are_met_on_core(rng: np.random.Generator) -> None:
    """What `tiny` is too small for: a row whose values fill more than one beat."""
    core = bare_core("core")
    source = make_source(
        rng, CHOSEN["many K tiles of weights"], Step.WG, OPERANDS["all FP16, dense"], preset="core"
    )
    outcome = core.check(source)
    assert outcome.counters["a_beats"] > outcome.counters["psum_rows"]
