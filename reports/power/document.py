"""The study's folder, ``reports/out/power``: page, `power.json`, and a CSV of tiles by component."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from golden.power.components import Component, Precision
from regressions.json_codec import encode
from regressions.power.records import SCHEMA, PowerStudy
from reports.power import page
from reports.signoff.folder import replace_folder
from reports.studies import csv_text, document_text, read_study

FOLDER = "power"
PAGE = "index.html"
DOCUMENT = "power.json"
CSV = "tiles.csv"
COLUMNS = (
    *("layer", "step", "variant", "role", "cycles", "macs"),
    *("component", "gates_pj", "events_pj", "events_fp8_pj", "events_fp16_pj"),
)
"""The last two are the multiplier's energy from events, by precision; they are empty for other components."""


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
        DOCUMENT: document_text(encode(study)),
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
    return read_study(PowerStudy, document, name, SCHEMA, "./run power")


def table(study: PowerStudy) -> str:
    """Return the tiles as RFC 4180 text: a row for each component."""
    return csv_text(COLUMNS, _rows(study))


def _rows(study: PowerStudy) -> Iterator[tuple[object, ...]]:
    for one in study.tiles:
        head = (one.layer, one.step.value, one.variant.value, one.role.value, one.cycles, one.macs)
        for component, energy in one.gates.items():
            split = [one.model_multiplier[precision] for precision in Precision]
            parts = [f"{part:.6g}" if component == Component.MULTIPLIER else "" for part in split]
            yield (*head, component, f"{energy:.6g}", f"{one.model[component]:.6g}", *parts)
