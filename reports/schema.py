"""What results must satisfy before they are reported: counts add up, ratios are what their names say."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from golden.presets import Preset, PresetError, find_preset
from regressions.json_codec import ResultsError
from regressions.results import (
    Coverage,
    HitTotal,
    Mismatch,
    Replay,
    Results,
    RunInfo,
    Status,
    summarise,
)
from regressions.triage.records import TriagedCase

__all__ = ["COVERAGE_KINDS", "REQUIRED_TOOLS", "ResultsError", "validate"]

COVERAGE_KINDS = ("line", "user", "assertion")
LEVELS = ("core", "chip")
WITHOUT_COVERAGE = ("iteration",)
"""Suites that run for the result alone, and collect no coverage."""
REQUIRED_TOOLS = ("verilator", "cocotb", "python", "numpy", "compiler")

MEASURED = (
    "elements",
    "mismatches",
    "cycles",
    "model_cycles",
    "ideal_cycles",
    "utilization",
    "a_zero_fraction",
    "a_fp16_fraction",
    "macs_total",
    "macs_fp8",
    "macs_fp16",
    "macs_skipped",
    "dense_fp16_cycles",
    "speedup_over_dense_fp16",
    "ema_bytes",
    "ema_bytes_fp16",
    "energy_pj",
    "macs_per_second",
)
"""Fields that only a replay in `error` may lack."""

RATIO_TOLERANCE = 1e-6
HEX = re.compile(r"(0[xX])?[0-9a-fA-F]+")


def validate(results: Results | Mapping[str, Any]) -> None:
    """Check results against the contract.

    Parameters
    ----------
    results
        `Results`, or the document of `results.json`.

    Raises
    ------
    ResultsError
        Naming the first field that is missing, has the wrong type, or contradicts another.
    """
    checked = results if isinstance(results, Results) else Results.from_json(results)
    preset = _check_run(checked.run)
    seen: set[str] = set()
    for index, replay in enumerate(checked.replays):
        where = f"replays[{index}] ({replay.name})"
        if replay.name in seen:
            raise ResultsError(f"{where}: layer and step occur twice")
        seen.add(replay.name)
        for field, problem in _replay_problems(replay, preset, checked.run.level):
            raise ResultsError(f"{where}.{field}: {problem}")
    _check_summary(checked)
    if checked.coverage is not None:
        _check_coverage(checked.coverage)
    if checked.triage is not None:
        _check_triage(checked)


def _check_run(run: RunInfo) -> Preset:
    for name in REQUIRED_TOOLS:
        if not run.tools.get(name):
            raise ResultsError(f"tools.{name}: missing; a report must say what it was built with")
    if not math.isfinite(run.wall_s) or run.wall_s < 0:
        raise ResultsError(f"wall_s: is {run.wall_s}, must be a finite, non-negative time")
    if run.trace is not None and not 0 <= run.trace.accuracy <= 1:
        raise ResultsError(f"trace.accuracy: is {run.trace.accuracy}, must lie in 0 to 1")
    if run.level not in LEVELS:
        raise ResultsError(f"level: is {run.level!r}, must be one of {', '.join(LEVELS)}")
    if (run.hardware is not None) != (run.level == "chip"):
        raise ResultsError(f"hardware: is {'set' if run.hardware else 'null'} in a run on the {run.level}")
    try:
        return find_preset(run.preset)
    except PresetError as error:
        raise ResultsError(f"preset: {error}") from None


def _check_summary(results: Results) -> None:
    summary = results.summary
    if summary.planned != len(results.replays):
        raise ResultsError(
            f"summary.planned: is {summary.planned}, but there are {len(results.replays)} replays; "
            "one that did not finish belongs in the list with status error"
        )
    names = [gate.name for gate in summary.gates]
    if len(set(names)) != len(names):
        raise ResultsError("summary.gates: two gates have the same name")
    expected = summarise(results.replays, summary.gates, summary.planned)
    for name, field in (("pass", "pass_"), ("fail", "fail"), ("error", "error"), ("verdict", "verdict")):
        if getattr(summary, field) != getattr(expected, field):
            raise ResultsError(
                f"summary.{name}: is {getattr(summary, field)}, "
                f"the replays and gates give {getattr(expected, field)}"
            )
    if (summary.exit_status == 0) != (expected.exit_status == 0):
        raise ResultsError(
            f"summary.exit_status: is {summary.exit_status}, but the verdict is {expected.verdict}"
        )
    if results.coverage is None and summary.exit_status == 0 and results.run.suite not in WITHOUT_COVERAGE:
        raise ResultsError("coverage: missing, so the run cannot have passed")


def _replay_problems(replay: Replay, preset: Preset, level: str) -> Iterator[tuple[str, str]]:
    if replay.status is Status.ERROR:
        if not replay.message:
            yield "message", "missing; an error must say what happened"
    else:
        for name in MEASURED:
            if getattr(replay, name) is None:
                yield name, f"is null; only a replay in error may lack it, and this one is '{replay.status}'"
    if not replay.rerun:
        yield "rerun", "is empty"
    yield from _outcome_problems(replay)
    if level == "core" and replay.status is Status.PASS and replay.unequal_counters:
        # On a chip, a core that was left behind makes fetches differ that are no fault.
        yield "counters", f"differ in a replay that passed: {', '.join(sorted(replay.unequal_counters))}"
    yield from _number_problems(replay)
    yield from _ratio_problems(replay, preset)
    if replay.failure is not None:
        yield from _mismatch_problems(replay.failure)
    yield from _chip_problems(replay, level)


def _chip_problems(replay: Replay, level: str) -> Iterator[tuple[str, str]]:
    chip = replay.chip
    if replay.status is Status.ERROR:
        return
    if (chip is not None) != (level == "chip"):
        yield "chip", f"is {'set' if chip else 'null'} in a run on the {level}"
    if chip is None:
        return
    if replay.status is Status.PASS and chip.image_mismatches:
        yield "chip.image_mismatches", f"is {chip.image_mismatches} in a replay that passed"
    if replay.status is Status.PASS and not chip.image_bytes:
        yield "chip.image_bytes", "is 0: a replay that compared no memory did not pass"
    moved = sum(one.total for one in chip.traffic.values())
    if moved != replay.ema_bytes:
        yield "chip.traffic", f"adds up to {moved}, ema_bytes is {replay.ema_bytes}"
    plain = sum(one.plain for one in chip.traffic.values())
    if plain != replay.ema_bytes_fp16:
        yield "chip.traffic", f"adds up to {plain} in plain FP16, ema_bytes_fp16 is {replay.ema_bytes_fp16}"
    if chip.roofline.bytes != replay.ema_bytes:
        yield "chip.roofline.bytes", f"is {chip.roofline.bytes}, ema_bytes is {replay.ema_bytes}"
    lengths = {len(core) for core in chip.occupancy.busy}
    if len(lengths) > 1:
        yield "chip.occupancy.busy", "has cores of different lengths"


def _outcome_problems(replay: Replay) -> Iterator[tuple[str, str]]:
    elements, mismatches = replay.elements, replay.mismatches
    if elements is not None and mismatches is not None and mismatches > elements:
        yield "mismatches", f"is {mismatches}, more than the {elements} elements compared"
    if replay.status is Status.PASS:
        if elements == 0:
            yield "elements", "is 0: a replay that compared nothing did not pass"
        if mismatches:
            yield "mismatches", f"is {mismatches} in a replay that passed"
        if replay.failure is not None:
            yield "failure", "is set in a replay that passed"
    if replay.status is Status.FAIL:
        if mismatches and replay.failure is None:
            yield "failure", "is null, but elements differ; give the first mismatch"
        if not mismatches and not replay.unequal_counters and not replay.message:
            yield "status", "is fail, but no element or counter differs and no message says why"


def _number_problems(replay: Replay) -> Iterator[tuple[str, str]]:
    whole = (*MEASURED, "wall_s", "model_cycles_balancer_off", "utilization_balancer_off")
    for name in whole:
        value = getattr(replay, name)
        if isinstance(value, int | float) and (not math.isfinite(value) or value < 0):
            yield name, f"is {value}, must be finite and not negative"
    for name in ("a_zero_fraction", "a_fp16_fraction", "utilization", "utilization_balancer_off"):
        value = getattr(replay, name)
        # A faulty core may end before its work is done; that must not keep the report from being written.
        broken = name == "utilization" and replay.status is Status.FAIL
        if value is not None and value > 1 + RATIO_TOLERANCE and not broken:
            yield name, f"is {value}, must lie in 0 to 1"
    for name in ("cycles", "model_cycles", "ema_bytes_fp16"):
        if getattr(replay, name) == 0:
            yield name, "is 0"
    if replay.energy_pj is not None:
        for name, value in vars(replay.energy_pj).items():
            if not math.isfinite(value) or value < 0:
                yield f"energy_pj.{name}", f"is {value}, must be finite and not negative"
    for cause, cycles in replay.stalls.items():
        if cycles < 0:
            yield f"stalls.{cause}", f"is {cycles}, must not be negative"


def _ratio_problems(replay: Replay, preset: Preset) -> Iterator[tuple[str, str]]:
    total, fp8, fp16, skipped = replay.macs_total, replay.macs_fp8, replay.macs_fp16, replay.macs_skipped
    width = preset.cores * preset.lines * preset.pes
    if total is not None and fp8 is not None and fp16 is not None and skipped is not None:
        if total != fp8 + fp16 + skipped:
            yield (
                "macs_total",
                f"is {total}, but macs_fp8 + macs_fp16 + macs_skipped = {fp8 + fp16 + skipped}",
            )
        yield from _expect_ratio(
            replay, "ideal_cycles", fp8 / 2 + fp16, width, "(macs_fp8/2 + macs_fp16) / PEs"
        )
        yield from _expect_ratio(replay, "dense_fp16_cycles", total, width, "macs_total / PEs")
    if replay.ideal_cycles is not None and replay.cycles:
        yield from _expect_ratio(
            replay, "utilization", replay.ideal_cycles, replay.cycles, "ideal_cycles / cycles"
        )
    if replay.dense_fp16_cycles is not None and replay.cycles:
        yield from _expect_ratio(
            replay,
            "speedup_over_dense_fp16",
            replay.dense_fp16_cycles,
            replay.cycles,
            "dense_fp16_cycles / cycles",
        )


def _expect_ratio(
    replay: Replay, name: str, numerator: float, denominator: float, formula: str
) -> Iterator[tuple[str, str]]:
    value = getattr(replay, name)
    expected = numerator / denominator
    if value is not None and not math.isclose(
        value, expected, rel_tol=RATIO_TOLERANCE, abs_tol=RATIO_TOLERANCE
    ):
        yield name, f"is {value}, but {formula} = {expected:.6g}"


def _mismatch_problems(failure: Mismatch) -> Iterator[tuple[str, str]]:
    codes = {"expected_hex": failure.expected_hex, "actual_hex": failure.actual_hex}
    for index, operand in enumerate(failure.operands):
        codes[f"operands[{index}].a_hex"] = operand.a_hex
        codes[f"operands[{index}].b_hex"] = operand.b_hex
    for name, code in codes.items():
        if not HEX.fullmatch(code):
            yield f"failure.{name}", f"is {code!r}, must be hexadecimal digits"
    if len(failure.index) != 4:
        yield "failure.index", f"has {len(failure.index)} coordinates, must have 4"
    if not failure.rerun_waves:
        yield "failure.rerun_waves", "is empty"


def _check_coverage(coverage: Coverage) -> None:
    for kind in COVERAGE_KINDS:
        if kind not in coverage.kinds:
            raise ResultsError(f"coverage.{kind}: missing")
    for kind, count in coverage.kinds.items():
        if kind not in COVERAGE_KINDS:
            raise ResultsError(f"coverage.{kind}: unknown kind (known: {', '.join(COVERAGE_KINDS)})")
        in_modules = [module[kind] for module in coverage.modules.values() if kind in module]
        by_module = HitTotal(sum(part.hit for part in in_modules), sum(part.total for part in in_modules))
        missed = sum(point.kind == kind for point in coverage.missed)
        if count != by_module:
            raise ResultsError(
                f"coverage.{kind}: is {count.hit} of {count.total}, "
                f"its modules give {by_module.hit} of {by_module.total}"
            )
        if count.hit + missed != count.total:
            raise ResultsError(
                f"coverage_missed: lists {missed} points of kind {kind}, "
                f"but {count.total - count.hit} were missed"
            )
    for module, kinds in coverage.modules.items():
        for kind, count in kinds.items():
            if kind not in COVERAGE_KINDS:
                raise ResultsError(
                    f"coverage_modules.{module}.{kind}: unknown kind (known: {', '.join(COVERAGE_KINDS)})"
                )
            if not 0 <= count.hit <= count.total:
                raise ResultsError(f"coverage_modules.{module}.{kind}: is {count.hit} of {count.total}")


def _check_triage(results: Results) -> None:
    """Require each bucket to be of replays that did not pass, and its files to lie beside the results."""
    broken = {replay.name for replay in results.replays if replay.status is not Status.PASS}
    buckets = results.triage.buckets if results.triage is not None else []
    seen: set[str] = set()
    for index, bucket in enumerate(buckets):
        where = f"triage.buckets[{index}] ({bucket.name})"
        if not bucket.replays:
            raise ResultsError(f"{where}.replays: is empty")
        for name in bucket.replays:
            if name not in broken:
                raise ResultsError(f"{where}.replays: names {name}, which is no replay that failed")
            if name in seen:
                raise ResultsError(f"{where}.replays: names {name}, which is in another bucket too")
            seen.add(name)
        if bucket.representative not in bucket.replays:
            raise ResultsError(f"{where}.representative: is {bucket.representative}, none of its replays")
        for part in ("original", "shrunk"):
            case: TriagedCase | None = getattr(bucket, part)
            for name, problem in _case_problems(case) if case is not None else ():
                raise ResultsError(f"{where}.{part}.{name}: {problem}")
    if len({bucket.name for bucket in buckets}) != len(buckets):
        raise ResultsError("triage.buckets: two buckets have the same name")


def _case_problems(case: TriagedCase) -> Iterator[tuple[str, str]]:
    if not case.command:
        yield "command", "is empty"
    files = {"file": case.file} | ({"waves.file": case.waves.file} if case.waves else {})
    for name, file in files.items():
        if file.startswith("/") or ".." in file.split("/"):
            yield name, f"is {file}, must lie below the folder of the results"
    if case.waves is not None and not case.waves.first <= case.waves.at <= case.waves.last:
        waves = case.waves
        yield "waves.at", f"is {waves.at}, outside of its window {waves.first} to {waves.last}"
