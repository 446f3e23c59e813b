"""The report page: one HTML file with its style, script and charts inside; it asks for nothing from outside.

Templates hold all markup but the charts', and escape whatever they print; the modules here work out what.
"""

from __future__ import annotations

import jinja2
from markupsafe import Markup

from golden.energy import COMPONENTS, ESTIMATE_NOTE
from regressions.results import Results, Status
from reports import text
from reports.page import charts, chip, chip_charts, failures, heat, overview, published, rows, totals
from reports.schema import COVERAGE_KINDS

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


def render(results: Results) -> str:
    """Return the page for `results`, which must have passed `reports.schema.validate`."""
    environment = _environment()
    replays = results.replays
    return environment.get_template("page.html").render(
        results=results,
        run=results.run,
        summary=results.summary,
        headline=overview.headline(results),
        verdict=overview.verdict_sentence(results),
        gates=sorted(results.summary.gates, key=lambda gate: gate.passed),
        broken=[replay for replay in replays if replay.status is not Status.PASS],
        tiles=overview.key_figures(results),
        buckets=failures.buckets(results),
        columns=rows.columns(results.run.level),
        rows=[rows.row(index, replay) for index, replay in enumerate(replays)],
        totals=rows.total_rows(results),
        chip=chip.chip_page(results),
        statuses={status: sum(replay.status is status for replay in replays) for status in Status},
        steps=list(totals.by_step(replays)),
        figures=_figures(results),
        stalls=overview.stalls(results),
        published=published.compare(results),
        dense_errors=published.DENSE_ERRORS,
        coverage=results.coverage,
        coverage_kinds=COVERAGE_KINDS,
        coverage_modules=overview.modules_worst_first(results.coverage),
        components=COMPONENTS,
        estimate_note=ESTIMATE_NOTE,
    )


def _figures(results: Results) -> list[charts.Figure]:
    """Return the charts: utilization and traffic of one core; rooflines and tensors' traffic of a chip."""
    replays, hardware = results.replays, results.run.hardware
    alike = [charts.speedup(replays), charts.operand_mix(replays)]
    energy = charts.on_chip_energy(replays)
    if hardware is None:
        return [charts.utilization(replays), *alike, charts.traffic(replays), energy]
    plane = chip_charts.roofline_plane(replays, hardware.pes, hardware.memory_bytes_per_cycle)
    return [plane, chip_charts.roofline_rows(replays), *alike, chip_charts.tensor_traffic(replays), energy]


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__name__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_without_escapes,
    )
    environment.filters.update(FILTERS)
    environment.globals["status_marks"] = STATUS_MARKS
    environment.globals["anchor"] = failures.anchor
    environment.globals["verbatim"] = lambda name: Markup(environment.get_template(name).render())
    return environment


def _without_escapes(value: object) -> object:
    """Take the terminal colours out of every text that a template prints."""
    return text.plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
