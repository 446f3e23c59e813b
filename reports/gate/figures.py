"""Entries of a baseline from the documents of a run, and the figures by which two entries are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from regressions.results import Coverage, Replay, Results, RunInfo, Status, TraceInfo
from reports.gate.baseline import CoverageEntry, FaultsEntry, PlanEntry, Reached, RunEntry
from reports.gate.documents import Count, CoverageDocument, FaultsDocument

NAMED_KINDS = ("assertion", "user")
"""Kinds whose points have names that outlive an edit of their file."""
PLAN_COUNTS = ("features", "points", "hit", "excused")
WORK = ("elements", "macs_total", "macs_skipped", "cycles", "ema_bytes")
DIGEST_DIGITS = 12
ENERGY_DIGITS = 3
"""Energy is kept to so many decimal places of a pJ."""


@dataclass(frozen=True)
class Figure:
    """A number that is compared.

    Attributes
    ----------
    place : str
        Replay, module, or part of the document that it belongs to.
    name : str
        What it is, as it is shown.
    tolerance : str
        Its entry in the baseline's table of tolerances.
    value : float
    absent_is_zero : bool
        Whether it is a count that is zero where it is not listed; else a figure that is missing is lost.
    may_go : bool
        Whether a count that the baseline lists may be listed no longer: a memory may go, but a module of
        which no line is counted any more has not become better.
    """

    place: str
    name: str
    tolerance: str
    value: float
    absent_is_zero: bool = False
    may_go: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """Place and name: the figure's identity."""
        return self.place, self.name


def run_key(run: RunInfo) -> str:
    """Return what was run: two runs with one key must give the same figures."""
    words = [
        f"{run.suite} {run.preset}",
        f"level={run.level}",
        f"trace={_trace(run.trace)}",
        f"policy={run.policy}",
        f"seed={run.seed}",
        f"balancer={'on' if run.balancer else 'off'}",
        f"stalls={run.stall_permille}",
    ]
    if run.hardware is not None:
        chip = run.hardware
        words += [f"memory_bytes={chip.memory_bytes_per_cycle}", f"memory_latency={chip.memory_latency}"]
        if chip.slow_core is not None:
            words += [f"slow_core={chip.slow_core}:{chip.slow_factor}"]
        if run.output is not None:
            words += [f"output={run.output}"]
    return " ".join(words)


def _trace(trace: TraceInfo | None) -> str:
    """Return a trace's name and digest: the same trace may lie in another folder elsewhere."""
    return f"{Path(trace.file).stem}:{trace.digest[:DIGEST_DIGITS]}" if trace else "none"


def run_entry(results: Results) -> RunEntry:
    """Return the baseline's entry of a regression; replays that did not finish have no figures."""
    hardware = results.run.hardware
    return RunEntry(
        gates=[gate.name for gate in results.summary.gates],
        sram_bytes=dict(hardware.sram_bytes) if hardware else {},
        register_bytes=dict(hardware.register_bytes) if hardware else {},
        replays={replay.name: _replay_figures(replay) for replay in results.replays},
        coverage=None if results.coverage is None else _reached(results.coverage),
    )


def coverage_entry(document: CoverageDocument) -> CoverageEntry:
    """Return the baseline's entry of the tests' coverage."""
    one = document.plan
    plan = PlanEntry(one.features, one.points, one.hit, one.excused, one.by_feature)
    reached = Reached(document.kinds, document.modules, sorted(document.plan.missed))
    return CoverageEntry(document.seed, document.tests.passed, plan, reached)


def faults_entry(document: FaultsDocument) -> FaultsEntry:
    """Return the baseline's entry of the fault campaign."""
    survivors = sorted(one.key for one in document.survivors)
    return FaultsEntry(
        document.seed,
        document.budget_s,
        document.mutants,
        document.caught,
        document.equivalent,
        survivors,
    )


def run_figures(entry: RunEntry) -> Iterator[Figure]:
    """List the figures of a regression but those of its replays."""
    for name in ("sram_bytes", "register_bytes"):
        for memory, size in getattr(entry, name).items():
            yield Figure("chip", f"{name}.{memory}", name, size, absent_is_zero=True)
    if entry.coverage is not None:
        yield from _coverage_figures(entry.coverage)


def replay_figures(name: str, figures: dict[str, float]) -> Iterator[Figure]:
    """List the figures of one replay."""
    for figure, value in figures.items():
        yield Figure(name, figure, figure.partition(".")[0], value)


def coverage_figures(entry: CoverageEntry) -> Iterator[Figure]:
    """List the figures of the tests' coverage."""
    yield Figure("tests", "passed", "tests_passed", entry.tests_passed)
    for name in PLAN_COUNTS:
        yield Figure("test plan", name, f"plan_{name}", getattr(entry.plan, name))
    for feature, count in (entry.plan.by_feature or {}).items():
        yield Figure(feature, "coverpoints", "plan_points", count.points, absent_is_zero=True, may_go=False)
        yield Figure(feature, "cases passed", "tests_passed", count.cases, absent_is_zero=True, may_go=False)
    yield from _coverage_figures(entry.coverage)


def faults_figures(entry: FaultsEntry) -> Iterator[Figure]:
    """List the figures of the fault campaign."""
    yield Figure("fault campaign", "score", "fault_score", entry.score)
    yield Figure("fault campaign", "mutants", "mutants", entry.mutants)


def _coverage_figures(reached: Reached) -> Iterator[Figure]:
    for kind, count in reached.kinds.items():
        yield Figure("coverage", kind, "coverage", count.share)
        yield Figure("coverage", f"{kind} excluded", "excluded", count.excluded, True)
    for module, counts in reached.modules.items():
        for kind, count in counts.items():
            named = kind in NAMED_KINDS
            name = f"{kind} {'reached' if named else 'missed'}"
            value = count.hit if named else count.missed
            tolerance = f"{'reached' if named else 'missed'}_{kind}"
            yield Figure(module, name, tolerance, value, absent_is_zero=True, may_go=named)


def _replay_figures(replay: Replay) -> dict[str, float]:
    if replay.status is Status.ERROR:
        return {}
    figures: dict[str, float] = {name: getattr(replay, name) for name in WORK}
    if replay.energy_pj is not None:
        for component, value in vars(replay.energy_pj).items():
            figures[f"energy.{component}"] = round(value, ENERGY_DIGITS)
    return figures


def _reached(coverage: Coverage) -> Reached:
    """Return a regression's coverage as the baseline keeps it."""
    return Reached(
        {kind: Count(one.hit, one.total, 0) for kind, one in coverage.kinds.items()},
        {
            module: {kind: Count(one.hit, one.total, 0) for kind, one in kinds.items()}
            for module, kinds in coverage.modules.items()
        },
        sorted({f"{one.module}.{one.name}" for one in coverage.missed if one.kind in NAMED_KINDS}),
    )
