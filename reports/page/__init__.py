"""The report page: one HTML file with its style, script and charts inside; it asks for nothing from outside.

Templates hold all markup but the charts', and escape whatever they print; the modules here work out what.
"""

from __future__ import annotations

from collections.abc import Sequence

from golden.energy import COMPONENTS, ESTIMATE_NOTE
from regressions.results import Replay, Results, Status
from reports.page import charts, chip, chip_charts, failures, overview, published, rows, totals
from reports.page.environment import environment
from reports.schema import COVERAGE_KINDS

LISTED = 40
"""Replays of a group of failures that the top of the page names."""


def render(results: Results, related: Sequence[tuple[str, str]] = ()) -> str:
    """Return the page for `results`, which must have passed `reports.schema.validate`.

    `related` are other pages that its bar links to: address and label.
    """
    replays = results.replays
    buckets = failures.buckets(results)
    return (
        environment()
        .get_template("page.html")
        .render(
            related=list(related),
            anchor=failures.anchor,
            results=results,
            run=results.run,
            summary=results.summary,
            headline=overview.headline(results),
            verdict=overview.verdict_sentence(results),
            gates=sorted(results.summary.gates, key=lambda gate: gate.passed),
            broken=[replay for replay in replays if replay.status is not Status.PASS],
            tiles=overview.key_figures(results),
            buckets=buckets,
            listed=LISTED,
            start=overview.where_to_start(buckets),
            columns=[(one.label, one.kind, one.explanation) for one in rows.columns(results.run.level)],
            choices=_choices(replays),
            rows=[rows.row(index, replay) for index, replay in enumerate(replays)],
            totals=rows.total_rows(results),
            chip=chip.chip_page(results),
            steps=list(totals.by_step(replays)),
            step_columns=[(str(step), "number") for step in totals.by_step(replays)],
            figures=_figures(results),
            stalls=overview.stalls(results),
            published=published.compare(results),
            dense_errors=published.DENSE_ERRORS,
            coverage=results.coverage,
            coverage_kinds=(counted := overview.counted_kinds(results.coverage)),
            uncounted_kinds=[kind for kind in COVERAGE_KINDS if kind not in counted],
            coverage_modules=overview.modules_worst_first(results.coverage),
            coverage_columns=[(kind.capitalize(), "number") for kind in counted],
            missed_kinds=[(kind, kind) for kind in counted],
            components=COMPONENTS,
            estimate_note=ESTIMATE_NOTE,
        )
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


def _choices(replays: list[Replay]) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    """Return what the table of replays can be narrowed to: a status, a step."""
    counts = {status: sum(one.status is status for one in replays) for status in Status}
    statuses = [(str(status), f"{status} {number}") for status, number in counts.items()]
    steps = [(str(step), str(step)) for step in totals.by_step(replays)]
    return [
        ("status", "Status", f"all {len(replays)}", statuses),
        ("step", "Step", "all steps", steps),
    ]
