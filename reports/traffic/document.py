"""The study's folder, ``reports/out/traffic``: page, `traffic.json`, and a CSV of transfers by codec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from regressions.json_codec import encode
from regressions.traffic.records import SCHEMA, TrafficStudy
from reports.signoff.folder import replace_folder
from reports.studies import csv_text, document_text, read_study
from reports.traffic import page

FOLDER = "traffic"
PAGE = "index.html"
DOCUMENT = "traffic.json"
CSV = "transfers.csv"
COLUMNS = ("layer", "step", "tensor", "direction", "elements", "codec", "bytes")


def write(study: TrafficStudy, out: Path) -> Path:
    """Write the study below the folder of reports, whole or not at all; return its folder.

    Raises
    ------
    reports.ReportError
        If the file system refuses.
    """
    folder = out / FOLDER
    files = {
        PAGE: page.render(study, DOCUMENT, CSV),
        DOCUMENT: document_text(encode(study)),
        CSV: table(study),
    }
    replace_folder(folder, files)
    return folder


def read(document: Any, name: str) -> TrafficStudy:
    """Return the study that a JSON document holds; `name` is its file's.

    Raises
    ------
    ResultsError
        If it is of another schema, or a field is missing, unknown or of another type.
    """
    return read_study(TrafficStudy, document, name, SCHEMA, "./run traffic")


def table(study: TrafficStudy) -> str:
    """Return the transfers as RFC 4180 text: a row for each codec."""
    return csv_text(
        COLUMNS,
        (
            (
                one.layer,
                one.step.value,
                one.tensor,
                one.direction.value,
                one.elements,
                codec,
                one.bytes[codec],
            )
            for one in study.transfers
            for codec in study.names
        ),
    )
