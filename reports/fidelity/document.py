"""The study's folder, ``reports/out/fidelity``: page, `fidelity.json`, and a CSV of the sweep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from regressions.fidelity.records import SCHEMA, FidelityStudy
from regressions.json_codec import encode
from reports.fidelity import page
from reports.fidelity.row import Row
from reports.signoff.folder import replace_folder
from reports.studies import csv_text, document_text, read_study

FOLDER = "fidelity"
PAGE = "index.html"
DOCUMENT = "fidelity.json"
CSV = "sweep.csv"
ROWS = "rows"
"""The comparison as it is printed, in the document beside the study's own fields."""
COLUMNS = (
    "mix",
    "sparsity",
    "zeros",
    "fp16",
    "voltage",
    "megahertz",
    "cycles",
    "macs_total",
    "macs_fp8",
    "macs_fp16",
    "macs_skipped",
    "energy_pj",
    "tflops_per_watt",
)


def write(study: FidelityStudy, listed: Sequence[Row], out: Path) -> Path:
    """Write the study below the folder of reports, whole or not at all; return its folder.

    `listed` are its rows.

    Raises
    ------
    reports.ReportError
        If the file system refuses.
    """
    folder = out / FOLDER
    document = {**encode(study), ROWS: encode(listed)}
    files = {
        PAGE: page.render(study, listed, DOCUMENT, CSV),
        DOCUMENT: document_text(document),
        CSV: table(study),
    }
    replace_folder(folder, files)
    return folder


def read(document: Any, name: str) -> FidelityStudy:
    """Return the study that a JSON document holds; `name` is its file's.

    Raises
    ------
    ResultsError
        If it is of another schema, or a field is missing, unknown or of another type.
    """
    own = document
    if isinstance(document, dict):
        own = {key: value for key, value in document.items() if key != ROWS}
    return read_study(FidelityStudy, own, name, SCHEMA, "./run fidelity")


def table(study: FidelityStudy) -> str:
    """Return the sweep as RFC 4180 text: a row for each replay and operating point."""
    return csv_text(COLUMNS, _rows(study))


def _rows(study: FidelityStudy) -> Iterator[tuple[object, ...]]:
    for one in study.sweep:
        run = one.run
        for place, energy in enumerate(run.energy):
            yield (
                one.mix.value,
                f"{one.asked:g}",
                f"{run.zeros:.6g}",
                f"{run.fp16:.6g}",
                f"{energy.voltage:g}",
                f"{energy.megahertz:g}",
                run.cycles,
                run.macs_total,
                run.macs_fp8,
                run.macs_fp16,
                run.macs_skipped,
                f"{energy.total:.6g}",
                f"{run.efficiency(place):.6g}",
            )
