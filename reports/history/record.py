"""Append a run: the results of a regression, a `coverage.json` or a `faults.json`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from regressions.options import HISTORY, REPORTS
from regressions.results import Results
from reports.gate.documents import read_coverage, read_faults, read_results
from reports.gate.strict_json import DocumentError, load
from reports.history import figures
from reports.history.database import HistoryError, Reading, Run, append_run
from reports.schema import validate

REMEDY = "name a results.json, coverage.json or faults.json"


def default_history() -> Path:
    """Return where the history lies if nobody says otherwise."""
    return REPORTS / HISTORY


def record(results: Results, history: Path) -> int:
    """Append a regression's results; return the run's number.

    Raises
    ------
    ResultsError
        If they break the contract.
    HistoryError
        If they cannot be appended; the history is as it was.
    """
    validate(results)
    return append_run(history, *figures.of_results(results))


def append(
    document: Path,
    history: Path | None = None,
    started: datetime | None = None,
    passed: bool | None = None,
) -> int:
    """Append what a file holds; return the run's number. The same document is appended once.

    Parameters
    ----------
    document
        A `results.json`, `coverage.json` or `faults.json`, whatever its name.
    history
        None: the project's, in `reports/out`.
    started
        When coverage or campaign began; None: the file's time less the time they took.
    passed
        The verdict on coverage or campaign; None: whether their document names a failed test or a problem.

    Raises
    ------
    HistoryError
        If the document is none of these or breaks their contract, or the history cannot be appended to.
    """
    history = default_history() if history is None else history
    try:
        values = load(document, REMEDY)
        fields = values.keys() if isinstance(values, dict) else ()
        if "replays" in fields:
            return record(read_results(document), history)
        if "mutants" in fields:
            faults = read_faults(document)
            begun = started or _begun(document, faults.wall_s)
            return append_run(history, *_judged(figures.of_faults(faults, begun), passed))
        if "kinds" in fields:
            coverage = read_coverage(document)
            begun = started or _begun(document, coverage.wall_s)
            return append_run(history, *_judged(figures.of_coverage(coverage, begun), passed))
    except DocumentError as error:
        raise HistoryError(str(error)) from error
    raise HistoryError(f"{document}: is neither results, coverage nor faults; {REMEDY}")


def _judged(kept: tuple[Run, list[Reading]], passed: bool | None) -> tuple[Run, list[Reading]]:
    """Return what is kept of a run, with the verdict of those who judged it."""
    run, readings = kept
    return (run if passed is None else replace(run, verdict="pass" if passed else "fail")), readings


def _begun(document: Path, wall_s: float) -> datetime:
    return datetime.fromtimestamp(document.stat().st_mtime - wall_s, UTC)
