"""Results that break the contract are refused by the field's name; sound ones pass through JSON unchanged."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from regressions.results import Gate, Operand, Replay, Results, Status, Verdict, summarise
from reports.schema import MEASURED, ResultsError, validate
from reports.tests import synthetic

Document = dict[str, Any]


def document(results: Results) -> Document:
    loaded: Document = json.loads(json.dumps(results.to_json(), allow_nan=False))
    return loaded


def test_sound_results_pass(passing: Results, broken: Results) -> None:
    for results in (passing, broken):
        validate(results)
        validate(document(results))


def test_round_trip_through_json(passing: Results, broken: Results) -> None:
    for results in (passing, broken):
        assert Results.from_json(document(results)) == results


def test_values_that_json_lacks_survive(broken: Results) -> None:
    index, replay = next((at, one) for at, one in enumerate(broken.replays) if one.failure)
    assert replay.failure is not None
    operands = [Operand(0, "7E00", math.nan, "7C00", math.inf), Operand(1, "3C00", -0.0, "FC00", -math.inf)]
    failure = replace(replay.failure, operands=operands, actual=math.nan, actual_hex="7FC00000")
    broken.replays[index] = replace(replay, failure=failure)
    validate(broken)
    read = Results.from_json(document(broken)).replays[index].failure
    assert read is not None
    assert repr(read) == repr(failure)


def test_contract_fields_lie_where_the_contract_says(broken: Results) -> None:
    got = document(broken)
    for name in ("schema", "suite", "preset", "seed", "git", "tools", "wall_s", "summary", "replays"):
        assert name in got
    assert set(got["coverage"]) == {"line", "user", "assertion"}
    assert all(set(count) == {"hit", "total"} for count in got["coverage"].values())
    summary = got["summary"]
    assert (summary["pass"], summary["fail"], summary["error"]) == (55, 5, 2)
    assert (summary["planned"], summary["verdict"], summary["exit_status"]) == (62, "fail", 1)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Replay)])
def test_a_missing_replay_field_is_named(passing: Results, field: str) -> None:
    got = document(passing)
    del got["replays"][3][field]
    with pytest.raises(ResultsError, match=rf"^replays\[3\]\.{field}: missing$"):
        validate(got)


@pytest.mark.parametrize("field", MEASURED)
def test_only_an_error_may_lack_what_was_measured(passing: Results, field: str) -> None:
    got = document(passing)
    got["replays"][0][field] = None
    with pytest.raises(ResultsError, match=rf"^replays\[0\] \(conv1-FP\)\.{field}: is null"):
        validate(got)


def _set(path: str, value: object) -> Callable[[Document], None]:
    """Return what sets one field, its path given as in the messages."""
    keys: list[str | int] = [int(key) if key.isdecimal() else key for key in path.split("/")]

    def change(got: Any) -> None:
        for key in keys[:-1]:
            got = got[key]
        got[keys[-1]] = value

    return change


CHANGES = {
    "unknown status": (
        _set("replays/0/status", "skipped"),
        r"replays\[0\]\.status: is 'skipped', must be one",
    ),
    "unknown step": (_set("replays/0/step", "XY"), r"replays\[0\]\.step: is 'XY'"),
    "unknown field": (_set("replays/0/colour", 1), r"replays\[0\]\.colour: unknown field"),
    "text for a number": (_set("replays/0/cycles", "12"), r"replays\[0\]\.cycles: is '12', must be a whole"),
    "fraction for a count": (
        _set("replays/0/cycles", 1.5),
        r"replays\[0\]\.cycles: is 1\.5, must be a whole",
    ),
    "true for a number": (_set("replays/0/cycles", True), r"replays\[0\]\.cycles: is True"),
    "energy part missing": (_set("replays/0/energy_pj", {}), r"replays\[0\]\.energy_pj\.multiplier: missing"),
    "replays no list": (_set("replays", {}), r"replays: is .*, must be a list"),
    "old schema": (_set("schema", 0), r"schema: is 0, this version reads 3"),
    "unknown preset": (_set("preset", "huge"), r"preset: unknown preset 'huge'"),
    "tool missing": (_set("tools/verilator", ""), r"tools\.verilator: missing"),
    "infinite wall time": (_set("wall_s", "inf"), r"wall_s: is inf"),
    "impossible accuracy": (_set("trace/accuracy", 97.0), r"trace\.accuracy: is 97\.0"),
    "count wrong": (_set("summary/pass", 61), r"summary\.pass: is 61, the replays and gates give 62"),
    "verdict wrong": (_set("summary/verdict", "fail"), r"summary\.verdict: is fail"),
    "exit status wrong": (_set("summary/exit_status", 1), r"summary\.exit_status: is 1"),
    "replay left out": (_set("summary/planned", 63), r"summary\.planned: is 63, but there are 62 replays"),
    "nothing compared": (_set("replays/0/elements", 0), r"conv1-FP\)\.elements: is 0"),
    "mismatch in a pass": (_set("replays/0/mismatches", 1), r"\.mismatches: is 1 in a replay that passed"),
    "counter in a pass": (
        _set("replays/0/counters/macs_fp8/rtl", 1),
        r"\.counters: differ in a replay that passed: macs_fp8",
    ),
    "too many mismatches": (_set("replays/0/mismatches", 10**9), r"\.mismatches: is 1000000000, more than"),
    "fail without reason": (
        _set("replays/0/status", "fail"),
        r"\.status: is fail, but no element or counter",
    ),
    "error without message": (_set("replays/0/status", "error"), r"\.message: missing; an error must say"),
    "no rerun command": (_set("replays/0/rerun", ""), r"\.rerun: is empty"),
    "negative energy": (_set("replays/0/energy_pj/sram", -1.0), r"\.energy_pj\.sram: is -1\.0"),
    "not a number": (_set("replays/0/utilization", "nan"), r"\.utilization: is nan"),
    "share above one": (_set("replays/0/a_zero_fraction", 1.2), r"\.a_zero_fraction: is 1\.2, must lie"),
    "MACs do not add up": (_set("replays/0/macs_skipped", 1), r"\.macs_total: is \d+, but macs_fp8"),
    "ideal cycles wrong": (_set("replays/0/ideal_cycles", 1.0), r"\.ideal_cycles: is 1\.0, but \(macs_fp8/2"),
    "utilization wrong": (
        _set("replays/0/utilization", 0.5),
        r"\.utilization: is 0\.5, but ideal_cycles / cyc",
    ),
    "dense cycles wrong": (
        _set("replays/0/dense_fp16_cycles", 9.0),
        r"\.dense_fp16_cycles: is 9\.0, but macs",
    ),
    "speed-up wrong": (_set("replays/0/speedup_over_dense_fp16", 9.0), r"\.speedup_over_dense_fp16: is 9\.0"),
    "no cycles": (_set("replays/0/cycles", 0), r"\.cycles: is 0"),
    "negative stall": (_set("replays/0/stalls/operand load", -1), r"\.stalls\.operand load: is -1"),
    "coverage missing": (_set("coverage", None), r"coverage: is 'None', must be an object"),
    "coverage kind missing": (_set("coverage", {}), r"coverage\.line: missing"),
    "coverage total wrong": (
        _set("coverage/line/total", 1),
        r"coverage\.line: is 200 of 1, its modules give",
    ),
    "missed point lost": (
        _set("coverage_missed", []),
        r"coverage_missed: lists 0 points of kind line, but 4",
    ),
    "unknown kind": (_set("coverage/toggle", {"hit": 0, "total": 0}), r"coverage\.toggle: unknown kind"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_broken_contract_is_named(passing: Results, name: str) -> None:
    change, message = CHANGES[name]
    got = document(passing)
    change(got)
    with pytest.raises(ResultsError, match=message):
        validate(got)


@pytest.mark.parametrize("name", ["suite", "git", "tools", "summary", "replays", "coverage", "balancer"])
def test_a_missing_field_of_the_run_is_named(passing: Results, name: str) -> None:
    got = document(passing)
    del got[name]
    with pytest.raises(ResultsError, match=rf"^{name}: missing$"):
        validate(got)


def test_a_replay_that_occurs_twice_is_refused(passing: Results) -> None:
    passing.replays[1] = passing.replays[0]
    with pytest.raises(ResultsError, match=r"replays\[1\] \(conv1-FP\): layer and step occur twice"):
        validate(passing)


def test_a_mismatch_must_come_with_the_first_one(broken: Results) -> None:
    index = next(at for at, one in enumerate(broken.replays) if one.failure)
    broken.replays[index] = replace(broken.replays[index], failure=None)
    with pytest.raises(ResultsError, match=r"\.failure: is null, but elements differ"):
        validate(broken)


@pytest.mark.parametrize(
    ("field", "value"), [("expected_hex", "12G4"), ("index", [1, 2]), ("rerun_waves", "")]
)
def test_a_first_mismatch_must_be_whole(broken: Results, field: str, value: Any) -> None:
    got = document(broken)
    replay = next(one for one in got["replays"] if one["failure"])
    replay["failure"][field] = value
    with pytest.raises(ResultsError, match=rf"\.failure\.{field}: "):
        validate(got)


def test_a_run_without_coverage_cannot_pass(passing: Results) -> None:
    with pytest.raises(ResultsError, match=r"^coverage: missing"):
        validate(replace(passing, coverage=None))
    gate = Gate("coverage files", False, "none was written")
    failed = replace(passing, coverage=None, summary=summarise(passing.replays, [gate], 62))
    validate(failed)
    assert Results.from_json(document(failed)) == failed


@pytest.mark.parametrize(
    ("lost", "gate", "verdict"),
    [(0, True, Verdict.PASS), (1, True, Verdict.FAIL), (0, False, Verdict.FAIL)],
    ids=["sound", "replay lost", "gate broken"],
)
def test_verdict(rng: np.random.Generator, lost: int, gate: bool, verdict: Verdict) -> None:
    replays = synthetic.all_replays(rng)
    summary = summarise(replays[lost:], [Gate("some", gate, "")], len(replays))
    assert summary.verdict is verdict
    assert (summary.exit_status == 0) == (verdict is Verdict.PASS)


def test_no_replays_are_no_pass() -> None:
    assert summarise([], [], 0).verdict is Verdict.FAIL


@pytest.mark.parametrize("status", [Status.FAIL, Status.ERROR])
def test_one_broken_replay_fails_the_run(rng: np.random.Generator, status: Status) -> None:
    replays = synthetic.all_replays(rng)
    replays[5] = replace(replays[5], status=status)
    assert summarise(replays, [], len(replays)).exit_status == 1
