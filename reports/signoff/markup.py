"""The templates of the sign-off pages, which extend the base that all pages share."""

from __future__ import annotations

from functools import cache

import jinja2

from reports.page.environment import environment

SOURCE_FOLDER = "source"
LINE_ANCHOR = "L"


@cache
def templates() -> jinja2.Environment:
    """Return the environment; templates are compiled once in a process."""
    made = environment(jinja2.PackageLoader("reports.signoff"))
    made.globals["address"] = address
    made.globals["line_anchor"] = LINE_ANCHOR
    return made


def address(file: str, line: int | None = None) -> str:
    """Return where the page of a source file is, seen from the first page; with a line, that line's place."""
    place = f"{SOURCE_FOLDER}/{file.replace('/', '-')}.html"
    return place if line is None else f"{place}#{LINE_ANCHOR}-{line}"
