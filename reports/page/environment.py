"""How pages are rendered: every page extends ``base.html`` and has its style and script inside.

A new page is a template that starts with ``{% extends "base.html" %}`` and sets what base.html lists.
"""

from __future__ import annotations

import jinja2
from markupsafe import Markup

from regressions.results import Status
from reports import text
from reports.page import heat

FILTERS = {
    "count": text.count,
    "duration": text.duration,
    "energy": text.energy,
    "heat": heat.heat_uri,
    "first_line": text.first_line,
    "macs": text.macs,
    "percent": text.percent,
    "plain": text.plain,
    "ratio": text.ratio,
    "signed_percent": text.signed_percent,
    "size": text.size,
    "value": text.value_text,
}
STATUS_MARKS = {Status.PASS: "✓", Status.FAIL: "✗", Status.ERROR: "!"}


def environment(*more: jinja2.BaseLoader) -> jinja2.Environment:
    """Return the environment of all pages; templates that are not here are looked for in `more`.

    Whatever a template prints is escaped, and loses the terminal's colours; a name that the caller did not
    hand over is an error.
    """
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("reports.page"), *more]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_without_escapes,
    )
    made.filters.update(FILTERS)
    made.globals["status_marks"] = STATUS_MARKS
    made.globals["verbatim"] = lambda name: Markup(made.get_template(name).render())
    return made


def _without_escapes(value: object) -> object:
    """Take the terminal colours out of every text that a template prints."""
    return text.plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
