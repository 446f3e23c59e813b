"""The study's page: one file, with nothing from outside."""

from __future__ import annotations

import jinja2

from golden.power.components import Precision
from regressions.power.records import PowerStudy, Role, Variant
from reports.page.environment import environment
from reports.page.overview import Tile
from reports.power import charts
from reports.power.figures import component_rows, listed, per_mac, point_rows, ratio_rows, wire_rows
from reports.published import FP8_ENERGY
from reports.text import count, percent, ratio, signed_percent

LEVELS = ("PE", "line", "core")
PRECISIONS = [one.value for one in Precision]


def render(study: PowerStudy, document: str, table: str) -> str:
    """Return the page; `document` and `table` are the names of JSON and CSV beside it."""
    return (
        environment(jinja2.PackageLoader("reports.power"))
        .get_template("power.html")
        .render(
            run=study.run,
            gates=study.gates,
            study=study,
            document=document,
            table=table,
            tiles=_tiles(study),
            plots=[charts.against(study)],
            by_tile=charts.tiles(study),
            kinds=ratio_rows(study),
            ratios=listed(study.ratios),
            components=charts.COMPONENTS,
            levels=LEVELS,
            parts=[
                (part, per_mac(study, Variant.FP8, part), per_mac(study, Variant.FP16, part))
                for part in (*charts.COMPONENTS, *LEVELS)
            ],
            errors=component_rows(study),
            precisions=PRECISIONS,
            constants=study.constants,
            wires=wire_rows(study),
            points=point_rows(study),
            details=study.points,
            roles=[(role.value, role.value) for role in Role],
            published_ratio=FP8_ENERGY,
            milliwatts=lambda watts: "–" if watts is None else f"{1e3 * watts:.3g} mW",
        )
    )


def _tiles(study: PowerStudy) -> list[Tile]:
    tiles = [
        Tile(
            "Worst error of a ratio",
            signed_percent(max((one.worst for one in ratio_rows(study)), key=abs, default=None)),
            f"on tiles that no constant was found on; at most {percent(study.limit, 0)}",
            not study.passed,
        )
    ]
    tiles += [
        Tile(
            one.what, ratio(one.measured), f"on gates; {ratio(one.predicted)} from events; {one.tiles} tiles"
        )
        for one in ratio_rows(study)
    ]
    tiles.append(
        Tile(
            "Gates like the RTL",
            count(sum(one.bits_compared for one in study.tiles)),
            "output bits compared, cycle by cycle; one that differs ends the study",
        )
    )
    return tiles
