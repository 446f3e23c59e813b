"""The study's folder, ``reports/out/accuracy``: page, `accuracy.json`, a CSV of runs, one of traces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from regressions.accuracy.records import SCHEMA, AccuracyStudy
from regressions.json_codec import encode
from reports.accuracy import page
from reports.signoff.folder import replace_folder
from reports.studies import csv_text, document_text, read_study

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
        DOCUMENT: document_text(encode(study)),
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
    return read_study(AccuracyStudy, document, name, SCHEMA, "./run accuracy")


def run_table(study: AccuracyStudy) -> str:
    """Return the runs as RFC 4180 text."""
    return csv_text(
        RUN_COLUMNS,
        ([getattr(one, column) for column in RUN_COLUMNS] for one in study.results),
    )


def trace_table(study: AccuracyStudy) -> str:
    """Return the tensors of all traces as RFC 4180 text."""
    return csv_text(
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
