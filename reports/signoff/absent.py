"""Pages that say that there is no report yet, so that links between reports never lead nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reports.signoff.folder import replace_folder
from reports.signoff.markup import templates

INDEX = "index.html"


@dataclass(frozen=True)
class Missing:
    """A report that may not be there: its folder, what it is, and the command that writes it."""

    folder: str
    name: str
    command: str


COVERAGE = Missing("coverage", "Coverage of the tests", "./run coverage")
FAULTS = Missing("faults", "Fault campaign", "./run faults")


def fill(out: Path, one: Missing) -> None:
    """Put a page in the place of a report that is not there; one that is there stays.

    Raises
    ------
    reports.writer.ReportError
        If the file system refuses.
    """
    place = out / one.folder
    if not (place / INDEX).exists():
        replace_folder(place, {INDEX: templates().get_template("absent.html").render(one=one)})
