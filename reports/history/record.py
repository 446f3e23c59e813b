"""Append a run: the results of a regression, a `coverage.json` or a `faults.json`."""

from __future__ import annotations

from pathlib import Path

from regressions.options import HISTORY, REPORTS
from regressions.results import Results
from reports.gate.documents import read_coverage, read_faults, read_results
from reports.gate.strict_json import DocumentError, load
from reports.history import figures
from reports.history.database import HistoryError, append_run
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


def append(document: Path, history: Path | None = None) -> int:
    """Append what a file holds; return the run's number. The same document is appended once.

    Parameters
    ----------
    document
        A `results.json`, `coverage.json` or `faults.json`, whatever its name.
    history
        None: the project's, in `reports/out`.

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
            return append_run(history, *figures.of_faults(read_faults(document)))
        if "kinds" in fields:
            return append_run(history, *figures.of_coverage(read_coverage(document)))
    except DocumentError as error:
        raise HistoryError(str(error)) from error
    raise HistoryError(f"{document}: is neither results, coverage nor faults; {REMEDY}")
