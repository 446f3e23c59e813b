"""The study's page: one file, with nothing from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jinja2

from golden.geometry import Step
from regressions.fidelity.options import HIGH_SPARSITY
from regressions.fidelity.records import FidelityStudy, Machine, Mix, Network
from reports.fidelity import charts
from reports.fidelity.figures import (
    DATA,
    curve,
    data_share,
    energy_gain,
    fp8_share,
    high,
    part_rows,
    points,
    saved,
    shares,
    speed_gain,
    zero_macs,
)
from reports.fidelity.row import OPERANDS, Row, Standing, covered
from reports.page.environment import environment
from reports.page.overview import Tile
from reports.published import EFFICIENCY, GAIN_OVER_SPARSE_FP16, ZERO_MACS
from reports.text import percent, ratio

STANDING_CLASS = {
    Standing.NEAR: "near",
    Standing.AGREES: "near",
    Standing.EXPLAINED: "explained",
    Standing.BOUNDED: "explained",
    Standing.OPEN: "open",
    Standing.PARTIAL: "",
    Standing.UNMEASURED: "open",
    Standing.UNPUBLISHED: "",
}
OTHERS = (Machine.DENSE_FP16, Machine.SPARSE_FP16, Machine.NO_BALANCER)


@dataclass(frozen=True)
class GainRow:
    """What the core gains over another way of use, in all or in a step: energy at each point, cycles."""

    over: Machine
    step: str
    energy: list[float | None]
    cycles: float | None


@dataclass(frozen=True)
class NetworkRow:
    """A captured network: zeros, MACs with a zero input by step and in all, precision, traffic."""

    network: Network
    x: float
    delta: float
    steps: list[float]
    skipped: float
    fp8: float
    data: float
    saved: float


def render(study: FidelityStudy, listed: Sequence[Row], document: str, table: str) -> str:
    """Return the page; `listed` are its rows, `document` and `table` the names of JSON and CSV beside it."""
    return (
        environment(jinja2.PackageLoader("reports.fidelity"))
        .get_template("fidelity.html")
        .render(
            study=study,
            run=study.run,
            document=document,
            table=table,
            tiles=_tiles(study),
            rows=listed,
            standing_class=STANDING_CLASS,
            standings=[
                (one.value, one.value) for one in Standing if any(row.standing is one for row in listed)
            ],
            efficiency=charts.efficiency(study),
            points=points(study),
            sweep=[one for mix in Mix for one in curve(study, mix)],
            mixes=[(mix.value, mix.value) for mix in Mix],
            gains=[row for over in OTHERS for row in _gains(study, over)] if study.layers else [],
            parts=part_rows(study, 0),
            part_shares=shares(high(study), 0),
            high=HIGH_SPARSITY,
            part=covered(study),
            plots=[one for one in (charts.input_sparsity(study), charts.batch_norm(study)) if one],
            experiments=[(one, [_network(network) for network in one.networks]) for one in study.experiments],
            steps=list(Step),
        )
    )


def _tiles(study: FidelityStudy) -> list[Tile]:
    tiles = [
        Tile(
            f"TFLOPS/W at {percent(HIGH_SPARSITY, 0)} zeros, {name}",
            ratio(high(study).efficiency(place), 1),
            f"published {EFFICIENCY} at high sparsity",
            any(fall.voltage == one.voltage for fall in study.falls),
        )
        for place, (name, one) in enumerate(zip(points(study), high(study).energy, strict=True))
    ]
    if study.layers:
        part = covered(study)
        tiles += [
            Tile(name, value, f"only {part}" if part else note)
            for name, value, note in (
                (
                    "MACs with a zero input",
                    percent(zero_macs(study)),
                    f"published about {percent(ZERO_MACS, 0)}",
                ),
                (
                    "Energy gain over sparse FP16",
                    f"{ratio(energy_gain(study, Machine.SPARSE_FP16, 0))} ×",
                    f"published {GAIN_OVER_SPARSE_FP16} ×",
                ),
            )
        ]
    runs = [*(one.run for one in study.sweep), *(one.run for one in study.layers)]
    note = f"{sum(run.results for run in runs):,} results equal to golden's, bit for bit"
    tiles.append(Tile("Replays on the RTL", f"{len(runs)}", note))
    return tiles


def _gains(study: FidelityStudy, over: Machine) -> list[GainRow]:
    groups = {"all steps": list(Step), **{step.value: [step] for step in Step}}
    return [
        GainRow(
            over,
            name,
            [energy_gain(study, over, place, steps) for place in range(len(points(study)))],
            speed_gain(study, over, steps),
        )
        for name, steps in groups.items()
    ]


def _network(network: Network) -> NetworkRow:
    return NetworkRow(
        network,
        network.zeros("X"),
        network.zeros("delta"),
        [network.skipped([step]) for step in Step],
        network.skipped(),
        fp8_share(network, OPERANDS),
        data_share(network, DATA),
        saved(network),
    )
