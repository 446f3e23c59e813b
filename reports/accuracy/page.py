"""The study's page: one file, with nothing from outside."""

from __future__ import annotations

from dataclasses import dataclass

import jinja2

from regressions.accuracy.formats import REFERENCE
from regressions.accuracy.records import TENSORS, AccuracyStudy, Ending, FormatInfo, Metric, Place
from reports.accuracy import charts
from reports.accuracy.figures import (
    Row,
    chip_row,
    image_note,
    last_share,
    other_trainings,
    reference,
    rows,
    seconds_per_run,
    seeds_note,
    trace_rows,
    trace_totals,
    when,
)
from reports.accuracy.terminal import interval, number, place_text, probability, runs_text
from reports.page.charts import Figure
from reports.page.chip_charts import tensor_name
from reports.page.environment import environment
from reports.page.overview import Tile
from reports.text import duration, percent

METRIC_NAMES = {Metric.ACCURACY: "Test accuracy", Metric.LOSS: "Training loss of the last epoch"}
PLACES = {
    Place.WITHIN: "within FP32's runs",
    Place.BELOW: "below all of FP32's runs",
    Place.ABOVE: "above all of FP32's runs",
}


@dataclass(frozen=True)
class Block:
    """A metric: its name, its chart, its rows."""

    metric: Metric
    name: str
    chart: Figure
    rows: list[Row]


def render(study: AccuracyStudy, document: str, runs: str, traces: str) -> str:
    """Return the page; the other arguments are the names of the files beside it."""
    trained = bool(study.results)
    made = environment(jinja2.PackageLoader("reports.accuracy"))
    made.globals.update(
        number_of=number,
        probability=probability,
        interval=interval,
        runs_text=runs_text,
        place_text=place_text,
        tensor_name=tensor_name,
        when=when,
    )
    return made.get_template("accuracy.html").render(
        study=study,
        run=study.run,
        document=document,
        runs_file=runs,
        traces_file=traces,
        tiles=_tiles(study) if trained else [],
        blocks=[
            Block(metric, METRIC_NAMES[metric], charts.by_format(study, metric), rows(study, metric))
            for metric in Metric
        ]
        if trained
        else [],
        notes=[note for note in (seeds_note(len(study.run.seeds)), image_note(study)) if note],
        curves=[charts.errors(study), charts.losses(study)] if trained else [],
        shares=charts.shares(study),
        last_shares=[
            (info, [last_share(study, info.name, tensor) for tensor in TENSORS])
            for info in study.formats
            if last_share(study, info.name, "X") is not None
        ],
        diverged=[one for one in study.results if one.ending is Ending.DIVERGED],
        tensors=[(tensor, tensor_name(tensor)) for tensor in TENSORS],
        share_columns=[
            (
                f"FP16 in {tensor_name(tensor)}",
                "number",
                "share of the non-zeros in the last iteration recorded",
            )
            for tensor in TENSORS
        ],
        thresholds=charts.thresholds(study) if study.traces else None,
        trace_totals=trace_totals(study),
        trace_rows=trace_rows(study),
        differing=other_trainings(study),
        kind_choices=[(kind, kind.upper()) for kind in dict.fromkeys(map(_kind, study.formats))],
        kinds={info.name: _kind(info) for info in study.formats},
        moment_choices=[(str(place), when(moment)) for place, moment in enumerate(study.traces)],
        moment_places={id(moment): place for place, moment in enumerate(study.traces)},
        identity=id,
    )


def _kind(info: FormatInfo) -> str:
    """Return the kind of a format: fp32, fp16, fp8 or fgmp."""
    return info.mode.partition("-")[0]


def _tiles(study: AccuracyStudy) -> list[Tile]:
    tiles = []
    base = reference(study, Metric.ACCURACY)
    if base is not None and base.mean is not None:
        tiles.append(
            Tile("FP32, test accuracy", _mean(base.mean, base.deviation), _range(base.least, base.most))
        )
    chip = chip_row(study)
    if chip is not None and chip.comparison is not None:
        place = chip.comparison.place
        compared = chip.comparison
        tiles.append(
            Tile(
                f"{chip.info.label} (default target)",
                _mean(chip.summary.mean, chip.summary.deviation),
                _verdict(chip),
                place is Place.BELOW or bool(chip.summary.diverged),
            )
        )
        tiles.append(
            Tile(
                "FGMP at the default target against FP32",
                number(compared.difference, Metric.ACCURACY, signed=True),
                f"95 % interval {interval(compared.low, compared.high, Metric.ACCURACY)}; "
                f"p = {probability(compared.p)} by t, {probability(compared.p_signs)} by signs, "
                f"{len(compared.seeds)} seeds",
            )
        )
    diverged = sum(one.ending is Ending.DIVERGED for one in study.results)
    tiles.append(
        Tile(
            "Runs",
            str(len(study.results)),
            f"{len(study.formats)} formats, {len(study.run.seeds)} seeds; {diverged} diverged, "
            f"{len(study.missing)} missing; {duration(seconds_per_run(study.results))} of training each",
            bool(diverged or study.missing),
        )
    )
    significant = [
        one.format
        for one in study.comparisons
        if one.metric is Metric.ACCURACY and one.p_adjusted is not None and one.p_adjusted < 0.05
    ]
    tiles.append(
        Tile(
            f"Formats whose accuracy differs from {REFERENCE.upper()}'s",
            str(len(significant)),
            ", ".join(significant)
            or "none at p < 0.05, adjusted (Holm); which does not show that they are equal",
        )
    )
    return tiles


def _verdict(row: Row) -> str:
    place = row.comparison.place if row.comparison is not None else None
    if place is not None:
        return f"mean {PLACES[place]}"
    return "a run diverged" if row.summary.diverged else "too few seeds for FP32's runs to have a spread"


def _mean(mean: float | None, deviation: float | None) -> str:
    text = number(mean, Metric.ACCURACY)
    return text if deviation is None else f"{text} ± {number(deviation, Metric.ACCURACY)}"


def _range(least: float | None, most: float | None) -> str:
    return f"runs from {percent(least, 2)} to {percent(most, 2)}"
