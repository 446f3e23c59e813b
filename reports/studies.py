"""What the folders of all studies hold: a JSON document that is read again, and tables as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from regressions.json_codec import ResultsError, decode

Study = TypeVar("Study")


def document_text(fields: Any) -> str:
    """Return an encoded study as the text of its file."""
    return json.dumps(fields, indent=1) + "\n"


def read_study(kind: type[Study], document: Any, name: str, schema: int, task: str) -> Study:
    """Return the study that a JSON document holds.

    Parameters
    ----------
    name : str
        Of the document's file.
    task : str
        The command that makes such a document.

    Raises
    ------
    ResultsError
        If it is of another schema, or a field is missing, unknown or of another type.
    """
    anew = f"make it anew with {task}"
    found = document.get("schema") if isinstance(document, dict) else None
    if found != schema:
        raise ResultsError(f"{name}: schema: is {found!r}, must be {schema}; {anew}")
    try:
        return decode(kind, document)
    except ResultsError as error:
        raise ResultsError(f"{name}: {error}; {anew}") from error


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as RFC 4180 text."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
