"""The study's folder, ``reports/out/power``: page, `power.json`, and a CSV of tiles by component."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from regressions.json_codec import ResultsError, decode, encode
from regressions.power.records import SCHEMA, PowerStudy
from reports.power import page
from reports.signoff.folder import replace_folder

FOLDER = "power"
PAGE = "index.html"
DOCUMENT = "power.json"
CSV = "tiles.csv"
COLUMNS = ("layer", "step", "variant", "role", "cycles", "macs", "component", "gates_pj", "events_pj")


def write(study: PowerStudy, out: Path) -> Path:
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


def read(document: Any, name: str) -> PowerStudy:
    """Return the study that a JSON document holds; `name` is its file's.

    Raises
    ------
    ResultsError
        If it is of another schema, or a field is missing, unknown or of another type.
    """
    found = document.get("schema") if isinstance(document, dict) else None
    if found != SCHEMA:
        raise ResultsError(f"{name}: schema: is {found!r}, must be {SCHEMA}; make it anew with ./run power")
    try:
        return decode(PowerStudy, document)
    except ResultsError as error:
        raise ResultsError(f"{name}: {error}; make it anew with ./run power") from error


def table(study: PowerStudy) -> str:
    """Return the tiles as RFC 4180 text: a row for each component."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in study.tiles:
        head = (one.layer, one.step.value, one.variant.value, one.role.value, one.cycles, one.macs)
        for component, energy in one.gates.items():
            writer.writerow((*head, component, f"{energy:.6g}", f"{one.model[component]:.6g}"))
    return text.getvalue()
