"""Each gate holds for a sound run, and fails for what it is there to catch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from golden.geometry import Step
from regressions.gates import cycle_limit, gates
from regressions.results import Counter, Replay, Status, Verdict, summarise
from regressions.tests.records import PASSED

FINISHED = "every replay finished"
BITS = "results equal the golden model bit for bit"
COUNTERS = "counters of work equal"
CYCLES = "cycles within 2% or 32 of the model"

OTHER = replace(PASSED, step=Step.WG)
ERROR = Replay(
    layer="fc",
    step=Step.BP,
    status=Status.ERROR,
    geometry=PASSED.geometry,
    seed=1,
    rerun=PASSED.rerun,
    wall_s=0.0,
    message="its worker died",
)


def broken(*replays: Replay, stalls: int = 0) -> dict[str, str]:
    """Return the gates that do not hold, with their detail."""
    return {gate.name: gate.detail for gate in gates(replays, stalls) if not gate.passed}


def test_a_sound_run_holds_all() -> None:
    found = gates([PASSED, OTHER], 0)
    assert [gate.name for gate in found] == [FINISHED, BITS, COUNTERS, CYCLES]
    assert all(gate.passed for gate in found)
    assert [gate.detail for gate in found[:2]] == ["2 replays", "80 elements"]
    assert found[3].detail == "at most 0.99% off"
    assert summarise([PASSED, OTHER], found, planned=2).exit_status == 0


@pytest.mark.parametrize(
    ("model", "cycles", "holds"),
    [
        (1000, 1032, True),
        (1000, 1033, False),
        (1000, 968, True),
        (1000, 967, False),
        (100_000, 102_000, True),
        (100_000, 102_001, False),
        (100_000, 98_000, True),
        (100_000, 97_999, False),
    ],
)
def test_cycles_have_a_tolerance(model: int, cycles: int, holds: bool) -> None:
    found = broken(PASSED, replace(OTHER, cycles=cycles, model_cycles=model))
    if holds:
        assert not found
    else:
        assert found == {CYCLES: f"fc-WG {cycles:,} instead of {model:,}"}
    assert (abs(cycles - model) <= cycle_limit(model)) == holds


def test_cycles_are_not_judged_under_random_stalls() -> None:
    late = replace(PASSED, cycles=2000)
    assert CYCLES in broken(late)
    assert not broken(late, stalls=10)


def test_a_replay_without_cycles_is_not_within_the_model() -> None:
    assert broken(replace(PASSED, cycles=None)) == {CYCLES: "fc-FP was not measured"}
    assert broken(replace(PASSED, model_cycles=None)) == {CYCLES: "fc-FP was not measured"}


def test_a_replay_in_error() -> None:
    assert broken(PASSED, ERROR) == {FINISHED: "fc-BP"}


def test_nothing_finished() -> None:
    found = broken(ERROR)
    assert found[FINISHED] == "fc-BP"
    assert found[CYCLES] == "no replay finished"
    assert set(broken()) == {FINISHED, BITS, CYCLES}


def test_differing_bits_count_whatever_the_status_says() -> None:
    assert broken(replace(PASSED, mismatches=3)) == {BITS: "fc-FP 3 of 40"}
    assert broken(replace(PASSED, status=Status.FAIL, mismatches=3)) == {BITS: "fc-FP 3 of 40"}


@pytest.mark.parametrize("change", [{"elements": 0}, {"elements": None}, {"mismatches": None}])
def test_a_missing_result(change: dict[str, int | None]) -> None:
    assert broken(OTHER, replace(PASSED, **change)) == {BITS: "fc-FP compared nothing"}  # type: ignore[arg-type]


def test_an_unequal_counter() -> None:
    wrong = replace(PASSED, counters={**PASSED.counters, "macs_fp8": Counter(6, 7)})
    assert broken(OTHER, wrong) == {COUNTERS: "fc-FP (macs_fp8)"}


def test_a_missing_counter() -> None:
    counters = {name: counter for name, counter in PASSED.counters.items() if name != "b_rows"}
    assert broken(replace(PASSED, counters=counters)) == {COUNTERS: "fc-FP (b_rows missing)"}
    assert COUNTERS in broken(replace(PASSED, counters={}))


def test_long_lists_are_cut() -> None:
    errors = [replace(ERROR, layer=f"layer{index}") for index in range(9)]
    assert broken(PASSED, *errors)[FINISHED].endswith("layer5-BP and 3 more")


def test_any_broken_gate_fails_the_run() -> None:
    late = replace(PASSED, cycles=2000)
    summary = summarise([late], gates([late], 0), planned=1)
    assert (summary.pass_, summary.verdict, summary.exit_status) == (1, Verdict.FAIL, 1)


def test_an_absent_replay_fails_the_run() -> None:
    summary = summarise([PASSED], gates([PASSED], 0), planned=2)
    assert (summary.verdict, summary.exit_status) == (Verdict.FAIL, 1)
