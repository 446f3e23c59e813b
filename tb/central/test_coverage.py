"""What the benches' tests are worth: every assertion of their modules is triggered and every cover is met.

The bench of the counters binds no checkers: the chip's tests meet theirs (tb/chip/test_chip_coverage.py).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from golden.chip.validate import ALL_LINES
from tb.central import test_chains, test_dispatch, test_links, test_tables
from tb.central.bench import CENTRAL_TB, GROUPS, UNBOUND, checkers_of
from tb.central.chains import Action, ChainsBench
from tb.central.dispatch import DispatchBench, Pace, draw_jobs
from tb.central.links import LinksBench, Manners
from tb.central.tables import TablesBench
from tb.core.test_coverage import user_points
from tb.cover_labels import cover_labels

Rng = np.random.Generator
CORES = 4


def run_chains(rng: Rng) -> ChainsBench:
    """Chains that are right, wrong, disturbed, and left alone."""
    for descriptors in (1, 2, 7):
        test_chains.test_chains(descriptors, rng)
    test_chains.test_descriptors_that_are_wrong(rng)
    for exponent in (-25, 16):
        test_chains.test_thresholds_of_records(exponent, rng)
    for action in (Action.ABORT, Action.FAULT, Action.BOTH):
        test_chains.test_work_that_is_disturbed(action, rng)
    test_chains.test_silence(rng)
    return ChainsBench()


def run_dispatch(rng: Rng) -> DispatchBench:
    """Waves and shared fetches at any pace; cores that are slow, late each time, or stand still."""
    test_dispatch.test_each_stream_of_a_wave_is_read_once(CORES, rng)
    for patience in (1, 20, 300):
        test_dispatch.test_laggards_are_left_behind(CORES, patience, rng)
    test_dispatch.test_a_core_that_stands_still_stops_nobody(500, rng)
    test_dispatch.test_a_core_that_is_late_each_time(1000, rng)
    bench = DispatchBench(CORES)
    for _ in range(10):  # table and cores take turns in being slow
        pace = Pace((0,) * CORES, job=900, able=950)
        bench.run(draw_jobs(rng, 5 * CORES - 2, CORES), pace, int(rng.integers(1 << 30)), 40)
    test_dispatch.test_little_patience(rng)
    return bench


def run_links(rng: Rng) -> LinksBench:
    """Reads and writes at any pace, with errors, and as many as may be under way."""
    for order in test_links.ORDERS:
        test_links.test_reads(order, rng)
        test_links.test_read_errors(order, rng)
    test_links.test_reads_fill_the_link()
    test_links.test_writes(rng)
    test_links.test_write_errors(rng)
    test_links.test_writes_fill_the_link()
    bench = LinksBench()
    bench.write(
        np.arange(300, dtype=np.uint32), np.full(300, 1, np.uint64), Manners(address=700, data=700), 1
    )
    return bench


def run_tables(rng: Rng) -> TablesBench:
    """Tables and descriptors that are right, and some that are not."""
    test_tables.test_good_tables(rng)
    test_tables.test_tables_with_a_wrong_job(rng)
    test_tables.test_numbers_of_jobs(rng)
    test_tables.test_jobs_are_read_ahead()
    for end in (3000, ALL_LINES):
        test_tables.test_good_descriptors(end, rng)
    for flips in (1, 2):
        test_tables.test_descriptors_with_flipped_bits(flips, rng)
    test_tables.test_windows_that_are_moved(rng)
    test_tables.test_a_descriptor_at_the_end_of_memory(rng)
    for field in test_tables.AT_THE_END:
        test_tables.test_what_ends_behind_memory(field, rng)
    test_tables.test_a_share_of_nothing(rng)
    return TablesBench()


ELSEWHERE = {
    # Cores go on asking after an error, and result paths have no room: tb/chip/test_chip_coverage.py.
    "dispatch": {"stream_share_checks.cov_not_enabled", "dispatcher_checks.cov_waits_for_results"},
}
"""Points that no run of a bench comes to, as it has no such thing, by the test that meets them."""

OF_OTHERS = {"chains": [CENTRAL_TB / "descriptor_check_checks.sv"]}
"""Checkers of modules within that another bench looks at."""

RUNS: dict[str, Callable[[Rng], ChainsBench | DispatchBench | LinksBench | TablesBench]] = {
    "chains": run_chains,
    "dispatch": run_dispatch,
    "links": run_links,
    "tables": run_tables,
}


@pytest.mark.parametrize("group", sorted(GROUPS.keys() - UNBOUND))
def test_every_point_is_met(group: str, rng: Rng, tmp_path: Path) -> None:
    bench = RUNS[group](rng)
    path = tmp_path / "coverage.dat"
    bench.write_coverage(path)
    counts = user_points(path)
    assert set(counts) == cover_labels(checkers_of(group))
    missed = {point for point, count in counts.items() if not count}
    assert missed - cover_labels(OF_OTHERS.get(group, [])) == ELSEWHERE.get(group, set())
