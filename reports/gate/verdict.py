"""All comparisons of one gate: the verdict, and what was left unmeasured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from regressions.results import Results
from regressions.run import git_info, shown
from reports.gate.baseline import Baseline, CoverageEntry, FaultsEntry
from reports.gate.compare import (
    Comparison,
    Finding,
    Outcome,
    compare_coverage,
    compare_faults,
    compare_run,
    judge_coverage,
    judge_exclusions,
    judge_faults,
    other_settings,
    unknown_settings,
)
from reports.gate.documents import DIRTY, SUITES
from reports.gate.figures import coverage_entry, faults_entry
from reports.gate.inputs import Documents
from reports.gate.strict_json import DocumentError
from reports.gate.tolerances import DEFAULTS
from tb.toolchain import RTL_ROOT

REQUIRABLE = ("runs", "coverage", "faults")
COVERAGE, CAMPAIGN = "coverage", "fault campaign"
"""Names of the documents that are no run."""
UNKNOWN = "unknown"
"""What a document calls its commit if it was measured outside of git."""


@dataclass(frozen=True)
class Verdict:
    """What the gate says.

    `not_measured` names what the baseline holds and no document measured; `notes` are for the reader.
    """

    comparisons: list[Comparison]
    not_measured: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def of(self, outcome: Outcome) -> list[tuple[Comparison, Finding]]:
        """Return all findings of one outcome."""
        return [(one, finding) for one in self.comparisons for finding in one.of(outcome)]

    @property
    def passed(self) -> bool:
        """Whether nothing got worse."""
        return not self.of(Outcome.WORSE)


def judge_all(
    baseline: Baseline, documents: Documents, required: Sequence[str], expired: Sequence[str] = ()
) -> Verdict:
    """Compare every document with its entry.

    Parameters
    ----------
    baseline, documents
    required
        Of `REQUIRABLE`: what must have been measured, and be in the baseline.
    expired
        What is to be said of each exclusion of coverage whose date has passed.

    Raises
    ------
    DocumentError
        If a run has no entry in the baseline, coverage or campaign have one of another seed or budget,
        something required is missing on either side, or documents of which some are required are of
        different commits, of another one than the checkout, or of none that is known.
    """
    comparisons, missing, notes = _runs(baseline, documents)
    if expired:
        comparisons.append(judge_exclusions(expired))
    missing_all = {"runs": missing, "coverage": [], "faults": []}
    coverage, faults = documents.coverage, documents.faults
    suites = list(baseline.coverage)
    suite = None if coverage is None else _suite_to_compare(baseline, coverage.suite)
    if coverage is not None and suite is not None:
        entry = baseline.coverage[suite]
        _refuse_other_settings("coverage.json", entry, coverage_entry(coverage))
        notes += _unknown_settings(f"coverage of suite {suite}", entry)
        if suite == coverage.suite:
            suites.remove(suite)
        else:
            entry = entry.only(coverage.kinds)
            notes.append(
                f"coverage of suite {coverage.suite} is compared with that part of the baseline's suite "
                f"{suite} which it counts too"
            )
        comparisons.append(compare_coverage(entry, coverage, baseline.tolerances))
    elif coverage is not None:
        notes.append(_unknown(f"coverage of suite {coverage.suite}", "coverage", required))
        comparisons.append(judge_coverage(coverage))
    elif "coverage" in required:
        raise DocumentError("--require coverage: there is no coverage.json; run ./run coverage first")
    if coverage is not None and "coverage" in required:
        _refuse_smaller_suite(coverage.suite, suites)
    missing_all["coverage"] = [f"coverage of the tests, {suite}" for suite in suites]
    if faults is not None and baseline.faults is not None:
        _refuse_other_settings("faults.json", baseline.faults, faults_entry(faults))
        notes += _unknown_settings("the fault campaign", baseline.faults)
        comparisons.append(compare_faults(baseline.faults, faults, baseline.tolerances))
    elif faults is not None:
        notes.append(_unknown("a fault campaign", "faults", required))
        comparisons.append(judge_faults(faults))
    elif "faults" in required:
        raise DocumentError("--require faults: there is no faults.json; run ./run faults first")
    elif baseline.faults is not None:
        missing_all["faults"] = ["fault campaign"]
    if "runs" in required and not baseline.runs:
        raise DocumentError(
            "--require runs: the baseline holds no run, so none is compared; add one with ./run baseline"
        )
    if "runs" in required and missing:
        raise DocumentError(
            f"--require runs: not measured: {'; '.join(missing)}; run these, name their --results"
        )
    commits = commits_of(documents)
    differing = _differing(commits)
    if differing and required:
        raise DocumentError(f"--require: {differing}; measure all at one commit")
    unknown = [name for name, commit in commits.items() if not commit]
    if unknown and required:
        raise DocumentError(
            f"--require: measured outside of git: {', '.join(unknown)}; measure in a clone, so that the "
            "commit is known"
        )
    here = git_info().commit or ""
    if not here and required:
        raise DocumentError(
            "--require: this folder is of no commit, so nothing tells what was measured on it; use a clone"
        )
    old = _old(commits, here)
    if old and required:
        raise DocumentError(f"--require: {old}; measure again")
    notes += [
        *_looser(baseline),
        *_designs(documents),
        *_uncommitted(documents),
        *filter(None, (differing, old)),
    ]
    return Verdict(comparisons, [name for names in missing_all.values() for name in names], notes)


def _runs(baseline: Baseline, documents: Documents) -> tuple[list[Comparison], list[str], list[str]]:
    comparisons = []
    titles = _titles(list(documents.runs))
    for key, results in documents.runs.items():
        if key not in baseline.runs:
            held = "; ".join(baseline.runs) or "none"
            raise DocumentError(
                f"--baseline: runs: holds no entry of the run '{key}' (it holds: {held}); "
                "run one of these, or add this one with ./run baseline"
            )
        comparisons.append(compare_run(titles[key], baseline.runs[key], results, baseline.tolerances))
    left = [key for key in baseline.runs if key not in documents.runs]
    return comparisons, left, [_provenance(titles[key], key, one) for key, one in documents.runs.items()]


def _provenance(title: str, key: str, results: Results) -> str:
    """Return what a run is: its settings and the commit that it was measured at."""
    git = results.run.git
    commit = f"commit {git.commit[:12]}" if git.commit else "outside of git"
    settings = key.removeprefix(title).strip()
    return f"{title}: {settings} ({commit}{', uncommitted changes' if git.dirty else ''})"


def _titles(keys: list[str]) -> dict[str, str]:
    """Return a short name of each run: suite and preset, if that tells it from the others."""
    short = {key: " ".join(key.split()[:2]) for key in keys}
    names = list(short.values())
    return {key: name if names.count(name) == 1 else key for key, name in short.items()}


def _unknown(what: str, name: str, required: Sequence[str]) -> str:
    if name in required:
        raise DocumentError(
            f"--require {name}: the baseline holds no entry of {what}; add it with ./run baseline"
        )
    return f"the baseline holds no entry of {what}, so it was not compared; ./run baseline adds it"


def _suite_to_compare(baseline: Baseline, measured: str) -> str | None:
    """Return the baseline's suite that counts what was measured: the same one, else the next larger one."""
    larger = SUITES[SUITES.index(measured) :]
    return next((suite for suite in larger if suite in baseline.coverage), None)


def _refuse_other_settings(
    name: str, before: CoverageEntry | FaultsEntry, after: CoverageEntry | FaultsEntry
) -> None:
    for setting, old, new in other_settings(before, after):
        raise DocumentError(
            f"{name}: {setting}: is {new:g}, but the baseline's is {old:g}, which gives other figures; "
            f"measure with that, or take this one over with ./run baseline"
        )


def _refuse_smaller_suite(measured: str, left: Sequence[str]) -> None:
    """Refuse a suite that counts less than one of the baseline's that was not measured."""
    for suite in left:
        if SUITES.index(suite) > SUITES.index(measured):
            raise DocumentError(
                f"--require coverage: suite {measured} was measured, but the baseline holds suite {suite}, "
                f"which counts more; run ./run coverage --{suite} first"
            )


def _unknown_settings(what: str, entry: CoverageEntry | FaultsEntry) -> list[str]:
    names = unknown_settings(entry)
    if not names:
        return []
    return [f"the baseline's entry of {what} does not hold {' and '.join(names)}; ./run baseline adds that"]


def _looser(baseline: Baseline) -> list[str]:
    """Return a note on each tolerance of the baseline that allows more than a new baseline's would."""
    return [
        f"the baseline lets {name} get worse by {one.absolute:g} or {one.relative:g} of it, "
        f"a new one by {DEFAULTS[name].absolute:g} or {DEFAULTS[name].relative:g}"
        for name, one in sorted(baseline.tolerances.items())
        if one.absolute > DEFAULTS[name].absolute or one.relative > DEFAULTS[name].relative
    ]


def _designs(documents: Documents) -> list[str]:
    """Return a note on each run of a design that is not the project's."""
    folders = {results.run.rtl for results in documents.runs.values()} - {str(shown(RTL_ROOT))}
    return [f"measured on the design in {folder}" for folder in sorted(folders)]


def _uncommitted(documents: Documents) -> list[str]:
    """Return a note on each document of the tests that is of more than a commit; runs have theirs."""
    return [
        f"{name}: measured with uncommitted changes"
        for name, one in ((COVERAGE, documents.coverage), (CAMPAIGN, documents.faults))
        if one is not None and one.git.endswith(DIRTY)
    ]


def commits_of(documents: Documents) -> dict[str, str]:
    """Return the commit that each document was measured at, nothing where it is not known."""
    titles = _titles(list(documents.runs))
    found = {titles[key]: results.run.git.commit or "" for key, results in documents.runs.items()}
    if documents.coverage is not None:
        found[COVERAGE] = documents.coverage.git
    if documents.faults is not None:
        found[CAMPAIGN] = documents.faults.git
    return {name: text.partition(" ")[0].replace(UNKNOWN, "") for name, text in found.items()}


def _differing(commits: dict[str, str]) -> str:
    """Return how the documents' commits differ; nothing if they are of one."""
    commits = {name: commit for name, commit in commits.items() if commit}
    if len(set(commits.values())) < 2:
        return ""
    named = ", ".join(f"{name} {commit[:12]}" for name, commit in commits.items())
    return f"measured at different commits: {named}"


def _old(commits: dict[str, str], here: str) -> str:
    """Return which documents are not of the commit `here` that is checked out: they may be old."""
    old = of_others(commits, here)
    return f"of another commit than the one that is checked out, {here[:12]}: {', '.join(old)}" if old else ""


def of_others(commits: dict[str, str], here: str) -> list[str]:
    """Return which documents are of another commit than `here`, as far as both are known."""
    return [name for name, commit in commits.items() if here and commit not in (here, "")]
