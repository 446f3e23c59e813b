"""What is kept of a run: its row and its figures, from results, coverage or the fault campaign."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from regressions.json_codec import encode
from regressions.results import Coverage, Replay, Results, RunInfo, Status
from regressions.suite.launch import INTERRUPTED
from reports.gate.documents import Count, CoverageDocument, FaultsDocument
from reports.history.database import Measure, Reading, Run, as_json
from reports.page.totals import by_step, layers, measured, total
from tb.toolchain import RTL_ROOT

RESULTS, COVERAGE, FAULTS = "results", "coverage", "faults"
ALL = "all"
"""Scope of level ``total``."""

NOISE = frozenset({"wall_s", "build_s"})
"""Figures that depend on the machine: never compared, shown apart."""
HIGHER_IS_BETTER = frozenset({"passed", "pass_rate", "utilization", "caught", "score"})
LOWER_IS_BETTER = frozenset(
    {
        "cycles",
        "ema_bytes",
        "energy_pj",
        "on_chip_pj",
        "sram_bytes",
        "mismatches",
        "gates_broken",
        "survived",
        "problems",
        "failed",
        "held_cycles",
    }
)

_COUNTED = {
    "mismatches": "elements",
    "cycles": "cycles",
    "model_cycles": "cycles",
    "utilization": "share",
    "ema_bytes": "B",
    "ema_bytes_fp16": "B",
    "macs_fp8": "MACs",
    "macs_fp16": "MACs",
    "macs_skipped": "MACs",
}
"""Fields of a replay that are kept as they are, with their units."""


def better_if(name: str) -> int:
    """Return 1 if more of the figure is better, -1 if less is, 0 if it is neither."""
    if name in HIGHER_IS_BETTER or name.startswith(("coverage.", "hit.")):
        return 1
    return -1 if name in LOWER_IS_BETTER or name.startswith(("stall.", "ema.")) else 0


def of_results(results: Results) -> tuple[Run, list[Reading]]:
    """Return the row and the figures of a regression; triage, which comes later, makes it no other run."""
    run = results.run
    row = Run(
        started=_utc(datetime.fromisoformat(run.started)),
        source=RESULTS,
        suite=run.suite,
        preset=run.preset,
        trace=run.trace.digest if run.trace else "",
        trace_file=run.trace.file if run.trace else "",
        settings=as_json(_settings(run)),
        selection=_digest([replay.name for replay in results.replays]),
        seed=run.seed,
        git_commit=run.git.commit,
        git_dirty=run.git.dirty,
        tools=as_json(run.tools),
        verdict=str(results.summary.verdict),
        wall_s=run.wall_s,
        command=run.command,
        document=_digest(replace(results, triage=None).to_json()),
    )
    return row, _finite(_results_readings(results))


def of_coverage(coverage: CoverageDocument) -> tuple[Run, list[Reading]]:
    """Return the row and the figures of the tests' coverage."""
    failed = bool(coverage.problems or coverage.unmet or coverage.tests.failed)
    suite = f"coverage {coverage.suite}"
    return _tests_row(coverage, COVERAGE, suite, failed), _finite(_coverage_readings(coverage))


def of_faults(faults: FaultsDocument) -> tuple[Run, list[Reading]]:
    """Return the row and the figures of a fault campaign."""
    row = _tests_row(faults, FAULTS, "faults", bool(faults.problems))
    return row, _finite(_faults_readings(faults))


def _tests_row(
    document: CoverageDocument | FaultsDocument,
    source: str,
    suite: str,
    failed: bool,
) -> Run:
    commit, dirty = _git(document.git)
    return Run(
        started=_utc(datetime.fromisoformat(document.started)),
        source=source,
        suite=suite,
        preset="",
        trace="",
        trace_file="",
        settings=as_json({"command": document.rerun, "seed": document.seed}),
        selection=_digest([]),  # only whole ones come here; that the design gets a file cuts no figure
        seed=document.seed,
        git_commit=commit,
        git_dirty=dirty,
        tools=as_json(document.tools),
        verdict="fail" if failed else "pass",
        wall_s=document.wall_s,
        command=document.rerun,
        document=_digest(encode(document)),
    )


def _settings(run: RunInfo) -> dict[str, object]:
    """Return all that a user chooses and that can move a figure; the design is its commit's unless named."""
    settings: dict[str, object] = {
        name: getattr(run, name) for name in ("level", "balancer", "policy", "stall_permille", "seed")
    }
    if run.hardware is not None:
        for name in ("memory_bytes_per_cycle", "memory_latency", "slow_core", "slow_factor"):
            settings[name] = getattr(run.hardware, name)
        settings["output"] = run.output
    if run.rtl != RTL_ROOT.name:
        settings["rtl"] = run.rtl
    return settings


# --- Results ----------------------------------------------------------------------------------------


def _results_readings(results: Results) -> Iterator[Reading]:
    """Return the figures; what was interrupted has neither passed nor failed, so that no run is blamed."""
    summary = results.summary
    replays = [replay for replay in results.replays if replay.message != INTERRUPTED]
    if len(replays) == len(results.replays):
        rate = summary.pass_ / summary.planned if summary.planned else 0.0
        broken = sum(not gate.passed for gate in summary.gates)
        yield from _total(
            (
                ("pass_rate", rate, "share"),
                ("passed", summary.pass_, "replays"),
                ("gates_broken", broken, "gates"),
            )
        )
        yield from _sums("total", ALL, replays)
        for step, group in by_step(replays).items():
            yield from _sums("step", step.value, group)
        for layer in layers(replays):
            yield from _sums("layer", layer, [replay for replay in replays if replay.layer == layer])
    yield from _total(
        (
            ("planned", summary.planned, "replays"),
            ("wall_s", results.run.wall_s, "s"),
            ("build_s", results.run.build.seconds, "s"),
        )
    )
    if results.run.hardware is not None:
        sram = results.run.hardware.sram_bytes
        yield from _total([("sram_bytes", sum(sram.values()), "B")])
        for kind, size in sram.items():
            yield Reading(Measure("memory", kind, "sram_bytes", "B"), size)
    for replay in replays:
        yield from _replay_readings(replay)
    if results.coverage is not None and not summary.error:
        yield from _replays_coverage(results.coverage)


def _total(values: Iterable[tuple[str, float, str]]) -> Iterator[Reading]:
    for name, value, unit in values:
        yield Reading(Measure("total", ALL, name, unit), value)


def _sums(level: str, scope: str, replays: list[Replay]) -> Iterator[Reading]:
    """Sum up replays; sums without one that did not finish would be those of another set."""
    if len(measured(replays)) < len(replays):
        return
    sums = total(replays)
    for name, value, unit in (
        ("cycles", sums.cycles, "cycles"),
        ("utilization", sums.utilization, "share"),
        ("ema_bytes", sums.ema_bytes, "B"),
        ("ema_bytes_fp16", sums.ema_bytes_fp16, "B"),
        ("energy_pj", sums.energy_pj, "pJ"),
        ("on_chip_pj", sums.on_chip_pj, "pJ"),
    ):
        if value is not None:
            yield Reading(Measure(level, scope, name, unit), value)


def _replay_readings(replay: Replay) -> Iterator[Reading]:
    def reading(name: str, value: float, unit: str) -> Reading:
        return Reading(Measure("replay", f"{replay.layer} {replay.step}", name, unit), value)

    yield reading("passed", int(replay.status is Status.PASS), "replays")
    for name, unit in _COUNTED.items():
        value = getattr(replay, name)
        if value is not None:
            yield reading(name, value, unit)
    if replay.energy_pj is not None:
        yield reading("energy_pj", replay.energy_pj.total, "pJ")
        yield reading("on_chip_pj", replay.energy_pj.on_chip, "pJ")
    for cause, cycles in replay.stalls.items():
        yield reading(f"stall.{cause}", cycles, "cycles")
    if replay.chip is not None:
        yield reading("held_cycles", replay.chip.held_cycles, "cycles")
        yield reading("jobs", replay.chip.jobs, "jobs")
        for tensor, traffic in replay.chip.traffic.items():
            yield reading(f"ema.{tensor}", traffic.total, "B")


def _replays_coverage(coverage: Coverage) -> Iterator[Reading]:
    for kind, points in coverage.kinds.items():
        yield from _points("total", ALL, kind, points.hit, points.total)
    for module, kinds in coverage.modules.items():
        for kind, points in kinds.items():
            yield from _points("module", module, kind, points.hit, points.total)


def _points(level: str, scope: str, kind: str, hit: int, points: int) -> Iterator[Reading]:
    """Return hit, points and share of a kind of coverage; `points` are those that can be hit."""
    yield Reading(Measure(level, scope, f"hit.{kind}", "points"), hit)
    yield Reading(Measure(level, scope, f"points.{kind}", "points"), points)
    if points:
        yield Reading(Measure(level, scope, f"coverage.{kind}", "share"), hit / points)


# --- Coverage of the tests, fault campaign ----------------------------------------------------------


def _coverage_readings(coverage: CoverageDocument) -> Iterator[Reading]:
    tests, plan = coverage.tests, coverage.plan
    run = tests.passed + tests.failed
    yield from _total(
        (
            ("pass_rate", tests.passed / run if run else 0.0, "share"),
            ("passed", tests.passed, "tests"),
            ("failed", tests.failed, "tests"),
            ("features", plan.features, "features"),
            ("excused.plan", plan.excused, "points"),
            ("problems", len(coverage.problems), "problems"),
            ("wall_s", coverage.wall_s, "s"),
        )
    )
    for kind, points in coverage.kinds.items():
        yield from _kind("total", ALL, kind, points)
    for module, kinds in coverage.modules.items():
        for kind, points in kinds.items():
            yield from _kind("module", module, kind, points)
    yield from _points("total", ALL, "plan", plan.hit, plan.points - plan.excused)
    for level, part in plan.by_level.items():
        yield from _points("plan", level, "plan", part.hit, part.points - part.excused)


def _kind(level: str, scope: str, kind: str, points: Count) -> Iterator[Reading]:
    yield from _points(level, scope, kind, points.hit, points.total - points.excluded)
    yield Reading(Measure(level, scope, f"excluded.{kind}", "points"), points.excluded)


def _faults_readings(faults: FaultsDocument) -> Iterator[Reading]:
    yield from _total(
        (
            ("mutants", faults.mutants, "mutants"),
            ("caught", faults.caught, "mutants"),
            ("equivalent", faults.equivalent, "mutants"),
            ("survived", faults.survived, "mutants"),
            ("score", faults.score, "share"),
            ("problems", len(faults.problems), "problems"),
            ("wall_s", faults.wall_s, "s"),
        )
    )
    for level, parts in (("file", faults.files), ("operator", faults.operators)):
        for scope, part in parts.items():
            for name, value in vars(part).items():
                yield Reading(Measure(level, scope, name, "mutants"), value)
            judged = part.mutants - part.equivalent
            if judged:
                yield Reading(Measure(level, scope, "score", "share"), part.caught / judged)


# --- Plain values -----------------------------------------------------------------------------------


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _git(text: str) -> tuple[str | None, bool]:
    """Return commit and whether there were changes beside it, from text such as ``1a2b3c4 dirty``."""
    match = re.match(r"[0-9a-f]{7,64}", text)
    return (match[0], len(text.strip()) > len(match[0])) if match else (None, "dirty" in text)


def _finite(readings: Iterable[Reading]) -> list[Reading]:
    return [reading for reading in readings if math.isfinite(reading.value)]
