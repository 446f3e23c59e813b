"""The study's folder, ``reports/out/traffic``: page, `traffic.json`, and a CSV of transfers by codec."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from regressions.json_codec import ResultsError, decode, encode
from regressions.traffic.records import SCHEMA, TrafficStudy
from reports.signoff.folder import replace_folder
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
        DOCUMENT: json.dumps(encode(study), indent=1) + "\n",
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
    found = document.get("schema") if isinstance(document, dict) else None
    if found != SCHEMA:
        raise ResultsError(f"{name}: schema: is {found!r}, must be {SCHEMA}; make it anew with ./run traffic")
    try:
        return decode(TrafficStudy, document)
    except ResultsError as error:
        raise ResultsError(f"{name}: {error}; make it anew with ./run traffic") from error


def table(study: TrafficStudy) -> str:
    """Return the transfers as RFC 4180 text: a row for each codec."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in study.transfers:
        head = (one.layer, one.step.value, one.tensor, one.direction.value, one.elements)
        writer.writerows((*head, codec, one.bytes[codec]) for codec in study.names)
    return text.getvalue()
