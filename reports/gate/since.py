"""How the baseline itself changed since a commit: what a change took over, the gate compares with itself.

Only a person can tell whether that was meant, so nothing here fails the gate; but all of it is shown.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from regressions.run import shown
from reports.gate import baseline
from reports.gate.baseline import Baseline, CoverageEntry, FaultsEntry
from reports.gate.compare import (
    Comparison,
    Finding,
    Outcome,
    Words,
    coverage_entries,
    faults_entries,
    other_settings,
    run_entries,
    unknown_settings,
)
from reports.gate.strict_json import DocumentError, loads
from reports.gate.tolerances import Tolerance

T = TypeVar("T")

WORDS = Words("is new", Outcome.BETTER, "is gone", "is gone")


@dataclass(frozen=True)
class Changes:
    """What the baseline says now and did not say at `ref`.

    Attributes
    ----------
    ref : str
        As the user named it.
    missing : str
        Why there is no baseline to compare with, nothing if there is one.
    changed : bool
        Whether anything in it differs, within tolerances or not.
    """

    ref: str
    missing: str
    changed: bool
    comparisons: list[Comparison]
    notes: list[str]

    def of(self, outcome: Outcome) -> list[tuple[Comparison, Finding]]:
        """Return all findings of one outcome."""
        return [(one, finding) for one in self.comparisons for finding in one.of(outcome)]


def changes_since(ref: str, path: Path, now: Baseline) -> Changes:
    """Compare the baseline `now`, in the file `path`, with the one that was committed there at `ref`.

    The tolerances are those of `ref`: a change must not widen its own.

    Raises
    ------
    DocumentError
        If git has no such commit. A baseline there that cannot be read is told and does not fail the gate: it
        may be just what the change repairs, and who names the commit, mostly CI, cannot choose another.
    """
    text = _committed(ref, path)
    if text is None:
        return Changes(ref, f"there is none at {ref}", changed=False, comparisons=[], notes=[])
    name = f"--since {ref}: {shown(path)}"
    remedy = "read the whole of this tree's, or name a commit whose baseline this version reads"
    try:
        before = baseline.of_json(loads(text, name, remedy), name, remedy)
    except DocumentError as error:
        return Changes(ref, f"that of {ref} cannot be read", changed=True, comparisons=[], notes=[str(error)])
    comparisons = [one for one in _compare(before, now) if one.findings or one.within or one.notes]
    notes = [note for one in comparisons for note in one.notes]
    within = sum(one.within for one in comparisons)
    if within:
        notes.append(f"{within} figures of the baseline changed within their tolerance")
    return Changes(ref, "", changed=before != now, comparisons=comparisons, notes=notes)


def _compare(before: Baseline, now: Baseline) -> Iterator[Comparison]:
    def runs(key: str, old: baseline.RunEntry, new: baseline.RunEntry) -> Comparison:
        both = [name for name in old.replays if name in new.replays]
        made = run_entries(key, old, new, before.tolerances, WORDS, both)
        added = [
            Finding(Outcome.BETTER, name, "replay", note=WORDS.new)
            for name in new.replays
            if name not in old.replays
        ]
        return Comparison(made.title, made.compared, made.within, made.findings + added)

    def coverage(suite: str, old: CoverageEntry, new: CoverageEntry) -> Comparison:
        title = f"coverage of the tests, {suite}"
        return _other(title, old, new) or coverage_entries(title, old, new, before.tolerances, WORDS)

    def faults(title: str, old: FaultsEntry, new: FaultsEntry) -> Comparison:
        return _other(title, old, new) or faults_entries(title, old, new, before.tolerances, WORDS)

    yield from _entries("run", before.runs, now.runs, runs)
    yield from _entries("coverage of the tests", before.coverage, now.coverage, coverage)
    yield from _entries("entry", _named(before.faults), _named(now.faults), faults)
    yield _tolerances(before.tolerances, now.tolerances)


def _named(faults: FaultsEntry | None) -> dict[str, FaultsEntry]:
    return {} if faults is None else {"fault campaign": faults}


def _entries(
    kind: str, before: Mapping[str, T], now: Mapping[str, T], compare: Callable[[str, T, T], Comparison]
) -> Iterator[Comparison]:
    """Compare the entries that both hold; one that went is a loss: nothing is compared with it any more."""
    for key, old in before.items():
        if key in now:
            yield compare(key, old, now[key])
        else:
            yield _whole("entries", Finding(Outcome.WORSE, key, kind, note=WORDS.lost))
    for key in now:
        if key not in before:
            yield _whole("entries", Finding(Outcome.BETTER, key, kind, note=WORDS.new))


def _other(
    title: str, old: CoverageEntry | FaultsEntry, new: CoverageEntry | FaultsEntry
) -> Comparison | None:
    """Return in which seed or budget entries differ; then nothing can be said of their figures."""
    findings = [
        Finding(Outcome.WORSE, title, name, note=f"{was:g} became {is_now:g}: figures cannot be compared")
        for name, was, is_now in other_settings(old, new)
    ]
    findings += [
        Finding(Outcome.WORSE, title, name, note=WORDS.lost)
        for name in unknown_settings(new)
        if name not in unknown_settings(old)
    ]
    return _whole(title, *findings) if findings else None


def _tolerances(before: Mapping[str, Tolerance], now: Mapping[str, Tolerance]) -> Comparison:
    findings = []
    for name, old in before.items():
        new = now[name]
        for field in ("absolute", "relative"):
            was, is_now = getattr(old, field), getattr(new, field)
            if was != is_now:
                outcome = Outcome.WORSE if is_now > was else Outcome.BETTER
                findings.append(Finding(outcome, f"tolerance of {name}", field, was, is_now))
    return _whole("tolerances", *findings)


def _whole(title: str, *findings: Finding) -> Comparison:
    return Comparison(title, len(findings), 0, list(findings))


def _committed(ref: str, path: Path) -> str | None:
    """Return what the file held at a commit, None if it was not there."""
    asked = f"{ref}^{{commit}}"
    commit = (_git(path.parent, "rev-parse", "--verify", "--quiet", "--end-of-options", asked) or "").strip()
    if not commit:
        raise DocumentError(
            f"--since {ref}: git knows no such commit here; name one that there is, or fetch it first "
            "(a clone of CI may hold the newest commit alone)"
        )
    if not _git(path.parent, "ls-tree", "--name-only", commit, "--", path.name):
        return None
    text = _git(path.parent, "show", f"{commit}:./{path.name}")
    if text is None:
        raise DocumentError(f"--since {ref}: git cannot show {shown(path)} of that commit; repair the clone")
    return text


def _git(folder: Path, *words: str) -> str | None:
    """Return what git prints in a folder, None if it fails."""
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, check=False)
    except OSError as error:
        raise DocumentError(f"--since: git cannot be run: {error.strerror}; install it") from None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
