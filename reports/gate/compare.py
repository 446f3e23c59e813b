"""A run's documents against the baseline's entries: what got worse, what got better."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from regressions.results import Gate, Replay, Results, Status
from reports.gate.baseline import CoverageEntry, FaultsEntry, RunEntry
from reports.gate.documents import CoverageDocument, FaultsDocument
from reports.gate.figures import (
    Figure,
    coverage_entry,
    coverage_figures,
    faults_entry,
    faults_figures,
    replay_figures,
    run_entry,
    run_figures,
)
from reports.gate.targets import campaign_lacks, failed_tests, reached
from reports.gate.tolerances import Better, Tolerance
from reports.text import count, first_line

Tolerances = dict[str, Tolerance]


class Outcome(StrEnum):
    """What became of a figure."""

    WORSE = "worse"
    BETTER = "better"


@dataclass(frozen=True)
class Finding:
    """A figure, replay or coverpoint that changed by more than its tolerance.

    `before` and `after` are None where there is no number; `note` then says what happened.
    """

    outcome: Outcome
    place: str
    name: str
    before: float | None = None
    after: float | None = None
    allowed: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class Total:
    """A sum over the replays that both runs hold: how a whole run got better or worse."""

    name: str
    before: float
    after: float


@dataclass(frozen=True)
class Comparison:
    """One document against its entry.

    `compared` counts figures and named points; `within` those figures that changed by no more than allowed.
    """

    title: str
    compared: int
    within: int
    findings: list[Finding]
    totals: list[Total] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def of(self, outcome: Outcome) -> list[Finding]:
        """Return the findings of one outcome."""
        return [finding for finding in self.findings if finding.outcome is outcome]


@dataclass(frozen=True)
class Words:
    """What is said of that which only one side holds; `new_is` says whether what is new is good or bad."""

    new: str
    new_is: Outcome
    lost: str
    lost_replay: str


UNKNOWN_YET = Words(
    "the baseline does not hold it: ./run baseline adds it",
    Outcome.WORSE,
    "was not measured",
    "in the baseline, but the run did not plan it",
)
"""Of a run against the baseline."""
NO_GATES = (
    "the baseline does not name the gates of this run: lost ones are not told; ./run baseline adds them"
)
SETTINGS = ("seed", "budget_s")
TOTALS = {"cycles": "cycles", "ema_bytes": "external traffic, bytes", "energy": "energy, pJ"}


def compare_run(title: str, before: RunEntry, results: Results, tolerances: Tolerances) -> Comparison:
    """Compare a regression, replay by replay."""
    findings = [_worse(gate.name, "gate of the run", first_line(gate.detail)) for gate in _broken(results)]
    for replay in results.replays:
        if replay.status is not Status.PASS:
            findings.append(_worse(replay.name, replay.status.value, _failure(replay)))
        elif replay.name not in before.replays:
            findings.append(_worse(replay.name, "unknown replay", UNKNOWN_YET.new))
    passed = [replay.name for replay in results.replays if replay.status is Status.PASS]
    broken = {gate.name for gate in _broken(results)} - set(before.gates or [])
    entry = run_entry(results)
    after = replace(entry, gates=[name for name in entry.gates or [] if name not in broken])
    made = run_entries(title, before, after, tolerances, UNKNOWN_YET, passed)
    notes = [f"{title}: {NO_GATES}"] if before.gates is None else []
    return replace(made, findings=findings + made.findings, notes=notes)


def run_entries(
    title: str,
    before: RunEntry,
    after: RunEntry,
    tolerances: Tolerances,
    words: Words,
    finished: Sequence[str],
) -> Comparison:
    """Compare two entries of a regression; of `finished` replays the figures are compared."""
    findings = [*_gates(before.gates or [], after.gates or [])] if before.gates is not None else []
    for name in before.replays:
        if name not in after.replays:
            findings.append(_worse(name, "lost replay", words.lost_replay))
    ended = set(finished)
    both = [name for name in before.replays if name in ended]
    judged = _judge(
        [*run_figures(before), *(f for name in both for f in replay_figures(name, before.replays[name]))],
        [*run_figures(after), *(f for name in both for f in replay_figures(name, after.replays[name]))],
        tolerances,
        words,
    )
    old, new = before.coverage, after.coverage
    named = _missed(old.missed, new.missed) if old is not None and new is not None else []
    totals = [
        Total(shown, _sum(before, both, name), _sum(after, both, name))
        for name, shown in TOTALS.items()
        if both
    ]
    points = len(set(old.missed) | set(new.missed)) if old is not None and new is not None else 0
    return Comparison(
        title,
        judged.compared + len(before.replays) + points + len(before.gates or []),
        judged.within,
        findings + judged.findings + named,
        totals,
    )


def compare_coverage(before: CoverageEntry, document: CoverageDocument, tolerances: Tolerances) -> Comparison:
    """Compare the coverage of the tests."""
    alone = judge_coverage(document)
    made = coverage_entries(alone.title, before, coverage_entry(document), tolerances, UNKNOWN_YET)
    return replace(made, findings=alone.findings + made.findings)


def judge_coverage(document: CoverageDocument) -> Comparison:
    """Return what is wrong with the coverage of the tests, whatever the baseline holds.

    The targets are judged from the document's counts, too: it may be of an older version, or not ours.
    """
    findings = _problems("coverage", document.problems)
    findings += [_worse("coverage", "target", first_line(one)) for one in coverage_lacks(document)]
    tests = failed_tests(document)
    if not tests.passed:
        findings.append(_worse("tests", "failed", f"{tests.detail}; {document.rerun}"))
    return Comparison(f"coverage of the tests, {document.suite}", 0, 0, findings)


def coverage_lacks(document: CoverageDocument) -> list[str]:
    """Return the targets that coverage of the tests does not reach, by its own word or by its counts."""
    told = [f"{check.name}: {check.detail}" for check in reached(document) if not check.passed]
    return list(dict.fromkeys([*document.unmet, *told]))


def faults_lack(document: FaultsDocument) -> list[str]:
    """Return what is wrong with a fault campaign, by its own word or by its counts."""
    told = campaign_lacks(document.mutants, document.caught, document.equivalent)
    return list(dict.fromkeys([*document.problems, *told]))


def judge_exclusions(expired: Sequence[str]) -> Comparison:
    """Return the committed exclusions whose date has passed, whatever was measured."""
    return Comparison("exclusions of coverage", 0, 0, _problems("exclusions", expired))


def coverage_entries(
    title: str, before: CoverageEntry, after: CoverageEntry, tolerances: Tolerances, words: Words
) -> Comparison:
    """Compare two entries of the coverage of the tests."""
    if before.plan.by_feature is None:  # of an older version: the whole is compared alone
        after = replace(after, plan=replace(after.plan, by_feature=None))
    judged = _judge(list(coverage_figures(before)), list(coverage_figures(after)), tolerances, words)
    named = _missed(before.coverage.missed, after.coverage.missed)
    compared = judged.compared + len(set(before.coverage.missed) | set(after.coverage.missed))
    return Comparison(title, compared, judged.within, judged.findings + named)


def compare_faults(before: FaultsEntry, document: FaultsDocument, tolerances: Tolerances) -> Comparison:
    """Compare the fault campaign by its score; what survives now and did not before is told.

    A change of the RTL draws other mutants, so that a single one says little. That more of them are called
    equivalent raises the score without a test, and is told.
    """
    known = set(before.survivors)
    notes = [
        f"survivor that the baseline does not hold: {one.file}:{one.line} {one.operator}: "
        f"`{one.right}` became `{one.faulty}`"
        for one in document.survivors
        if one.key not in known
    ]
    alone = judge_faults(document)
    made = faults_entries(alone.title, before, faults_entry(document), tolerances, UNKNOWN_YET)
    return replace(made, findings=alone.findings + made.findings, notes=notes + made.notes)


def judge_faults(document: FaultsDocument) -> Comparison:
    """Return what is wrong with the fault campaign, whatever the baseline holds."""
    return Comparison("fault campaign", 0, 0, _problems("fault campaign", faults_lack(document)))


def faults_entries(
    title: str, before: FaultsEntry, after: FaultsEntry, tolerances: Tolerances, words: Words
) -> Comparison:
    """Compare two entries of the fault campaign."""
    judged = _judge(list(faults_figures(before)), list(faults_figures(after)), tolerances, words)
    notes = []
    if after.equivalent > before.equivalent:
        notes.append(
            f"{count(after.equivalent)} mutants are called equivalent, {count(before.equivalent)} in the "
            "baseline: they count neither as caught nor as survived"
        )
    return Comparison(title, judged.compared, judged.within, judged.findings, notes=notes)


def other_settings(
    before: CoverageEntry | FaultsEntry, after: CoverageEntry | FaultsEntry
) -> list[tuple[str, float, float]]:
    """Return the seed and budget in which two entries differ, with both values: they are not to be compared.

    What an older version of the baseline did not hold differs from nothing.
    """
    found = []
    for name in SETTINGS:
        old, new = getattr(before, name, None), getattr(after, name, None)
        if old is not None and new is not None and old != new:
            found.append((name, old, new))
    return found


def unknown_settings(entry: CoverageEntry | FaultsEntry) -> list[str]:
    """Return what an entry of an older version does not hold: seed, budget, counts by feature."""
    unknown = [name for name in SETTINGS if getattr(entry, name, 0) is None]
    if isinstance(entry, CoverageEntry) and entry.plan.by_feature is None:
        unknown.append("plan.by_feature")
    return unknown


def _gates(before: Sequence[str], after: Sequence[str]) -> Iterator[Finding]:
    """Return the run's own gates that are lost, which is worse, and those that are new."""
    for name in before:
        if name not in after:
            yield _worse(name, "lost gate", "in the baseline, but nothing judges it any more")
    for name in after:
        if name not in before:
            yield Finding(Outcome.BETTER, name, "gate of the run", note="is new")


def _broken(results: Results) -> list[Gate]:
    return [gate for gate in results.summary.gates if not gate.passed]


def _judge(
    before: Sequence[Figure], after: Sequence[Figure], tolerances: Tolerances, words: Words
) -> Comparison:
    old, new = ({figure.key: figure for figure in figures} for figures in (before, after))
    findings: list[Finding] = []
    within = 0
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        figure = was or now
        assert figure is not None
        lost = now is None and not figure.may_go
        if lost or ((was is None or now is None) and not figure.absent_is_zero):
            outcome, what = (words.new_is, words.new) if was is None else (Outcome.WORSE, words.lost)
            findings.append(Finding(outcome, figure.place, figure.name, note=what))
            continue
        one = judge(figure, was.value if was else 0.0, now.value if now else 0.0, tolerances)
        if one is not None:
            findings.append(one)
        elif was is not None and now is not None and was.value != now.value:
            within += 1
    return Comparison("", len(set(old) | set(new)), within, findings)


def judge(figure: Figure, before: float, after: float, tolerances: Tolerances) -> Finding | None:
    """Return the finding of one figure, None if it is as good as it was."""
    tolerance = tolerances[figure.tolerance]
    allowed = tolerance.allowed(before)
    gain = after - before if tolerance.better is Better.HIGHER else before - after
    if tolerance.better is Better.EQUAL:
        gain = -abs(gain)
    # Written so that a value which compares with nothing counts as worse.
    if gain > allowed:
        outcome = Outcome.BETTER
    elif gain >= -allowed:
        return None
    else:
        outcome = Outcome.WORSE
    return Finding(outcome, figure.place, figure.name, before, after, allowed)


def _missed(before: Iterable[str], after: Iterable[str]) -> list[Finding]:
    old, new = set(before), set(after)
    lost = [
        _worse(name, "coverpoint", "is no longer reached, or is new and not reached") for name in new - old
    ]
    won = [Finding(Outcome.BETTER, name, "coverpoint", note="is now reached, or gone") for name in old - new]
    return sorted(lost, key=lambda one: one.place) + sorted(won, key=lambda one: one.place)


def _problems(place: str, problems: Iterable[str]) -> list[Finding]:
    return [_worse(place, "problem", first_line(problem)) for problem in problems]


def _worse(place: str, name: str, note: str) -> Finding:
    return Finding(Outcome.WORSE, place, name, note=note)


def _failure(replay: Replay) -> str:
    """Return what became of a replay that did not pass, and the command that reruns it alone."""
    if replay.failure is not None:
        first = f"the first is {replay.failure.actual_hex} for {replay.failure.expected_hex}"
        what = f"{count(replay.mismatches)} of {count(replay.elements)} elements differ, {first}"
        return f"{what}; {replay.failure.rerun_waves}"
    unequal = ", ".join(sorted(replay.unequal_counters))
    what = first_line(replay.message or "") or f"counters differ: {unequal}"
    return f"{what}; {replay.rerun}"


def _sum(entry: RunEntry, names: Iterable[str], total: str) -> float:
    """Return the sum over replays, whatever the order of their figures in the file."""
    return math.fsum(
        value
        for name in names
        for figure, value in entry.replays[name].items()
        if figure.partition(".")[0] == total
    )
