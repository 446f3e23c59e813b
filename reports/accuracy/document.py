"""The study's folder, ``reports/out/accuracy``: page, `accuracy.json`, a CSV of runs, one of traces."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from regressions.accuracy.records import SCHEMA, AccuracyStudy
from regressions.json_codec import ResultsError, decode, encode
from reports.accuracy import page
from reports.signoff.folder import replace_folder

FOLDER = "accuracy"
PAGE = "index.html"
DOCUMENT = "accuracy.json"
RUNS = "runs.csv"
TRACES = "traces.csv"
RUN_COLUMNS = ("format", "seed", "ending", "accuracy", "loss", "skipped", "seconds")
TRACE_COLUMNS = (
    "epoch",
    "iteration",
    "updates",
    "layer",
    "tensor",
    "density",
    "fp16_share",
    "fp8_share",
    "flushed_share",
    "e_thr",
)


def write(study: AccuracyStudy, out: Path) -> Path:
    """Write the study below the folder of reports, whole or not at all; return its folder.

    Raises
    ------
    reports.ReportError
        If the file system refuses.
    """
    folder = out / FOLDER
    files = {
        PAGE: page.render(study, DOCUMENT, RUNS, TRACES),
        DOCUMENT: json.dumps(encode(study), indent=1) + "\n",
    }
    if study.results:
        files[RUNS] = run_table(study)
    if study.traces:
        files[TRACES] = trace_table(study)
    replace_folder(folder, files)
    return folder


def read(document: Any, name: str) -> AccuracyStudy:
    """Return the study that a JSON document holds; `name` is its file's.

    Raises
    ------
    ResultsError
        If it is of another schema, or a field is missing, unknown or of another type.
    """
    found = document.get("schema") if isinstance(document, dict) else None
    if found != SCHEMA:
        raise ResultsError(
            f"{name}: schema: is {found!r}, must be {SCHEMA}; make it anew with ./run accuracy"
        )
    try:
        return decode(AccuracyStudy, document)
    except ResultsError as error:
        raise ResultsError(f"{name}: {error}; make it anew with ./run accuracy") from error


def run_table(study: AccuracyStudy) -> str:
    """Return the runs as RFC 4180 text."""
    return _table(
        RUN_COLUMNS,
        ([getattr(one, column) for column in RUN_COLUMNS] for one in study.results),
    )


def trace_table(study: AccuracyStudy) -> str:
    """Return the tensors of all traces as RFC 4180 text."""
    return _table(
        TRACE_COLUMNS,
        (
            [
                *(getattr(moment, column) for column in TRACE_COLUMNS[:3]),
                *(getattr(one, column) for column in TRACE_COLUMNS[3:]),
            ]
            for moment in study.traces
            for one in moment.tensors
        ),
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
