"""Figures of a study: a row for each format and metric, curves over the iterations, traces by tensor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from regressions.accuracy.formats import CHIP, REFERENCE
from regressions.accuracy.records import (
    TENSORS,
    AccuracyStudy,
    Comparison,
    FormatInfo,
    FormatSummary,
    Metric,
    RunResult,
    TraceMoment,
    TraceTensor,
)
from regressions.accuracy.statistics import least_effect
from reports.text import percent

POINTS = 60
"""Most points of a curve of the loss."""


@dataclass(frozen=True)
class Row:
    """A format: its summary by a metric, and its comparison; None for the reference."""

    info: FormatInfo
    summary: FormatSummary
    comparison: Comparison | None


@dataclass(frozen=True)
class TraceRow:
    """A tensor, or (layer None) that tensor of all layers, in one trace.

    Shares of all layers weigh each by its elements; `thresholds` are least and most.
    """

    moment: TraceMoment
    layer: str | None
    tensor: str
    density: float
    fp16: float
    fp8: float
    flushed: float
    thresholds: tuple[int, int]


def rows(study: AccuracyStudy, metric: Metric) -> list[Row]:
    """Return a row for each format, the reference first; none if nothing ran."""
    summaries = {one.format: one for one in study.summaries if one.metric is metric}
    comparisons = {one.format: one for one in study.comparisons if one.metric is metric}
    return [
        Row(info, summaries[info.name], comparisons.get(info.name))
        for info in study.formats
        if info.name in summaries
    ]


def reference(study: AccuracyStudy, metric: Metric) -> FormatSummary | None:
    """Return the summary of the reference; None if nothing ran."""
    return next((row.summary for row in rows(study, metric) if row.info.name == REFERENCE), None)


def chip_row(study: AccuracyStudy) -> Row | None:
    """Return FGMP at its default target by accuracy; None if it was not trained."""
    return next((row for row in rows(study, Metric.ACCURACY) if row.info.name == CHIP), None)


def last_share(study: AccuracyStudy, name: str, tensor: str) -> float | None:
    """Return the share of FP16 in a tensor's non-zeros at the end, mean over the runs; None without FP8."""
    found = [points[-1][1] for one in study.of(name) if (points := share_curve(one, tensor))]
    return fmean(found) if found else None


def share_curve(result: RunResult, tensor: str) -> list[tuple[int, float]]:
    """Return iteration and share of FP16 in a tensor's non-zeros (all layers) of a run."""
    return [
        (one.iteration, one.fp16 / one.nonzeros if one.nonzeros else 0.0)
        for one in result.shares
        if one.tensor == tensor
    ]


def loss_curve(result: RunResult) -> list[tuple[float, float]]:
    """Return iteration and training loss of a run, means of equal stretches."""
    losses = result.losses
    width = max(1, -(-len(losses) // POINTS))
    parts = [(start, losses[start : start + width]) for start in range(0, len(losses), width)]
    return [(start + (len(part) + 1) / 2, fmean(part)) for start, part in parts]


def mean_curve(curves: Sequence[Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    """Return the mean of several curves at the points that all of them have."""
    known = [dict(curve) for curve in curves]
    shared = [x for x, _ in (curves[0] if curves else ()) if all(x in one for one in known)]
    return [(x, fmean(one[x] for one in known)) for x in shared]


def error_curve(result: RunResult, floor: float) -> list[tuple[int, float]]:
    """Return iteration and test error of a run, at least `floor`."""
    return [(one.iteration, max(1 - one.accuracy, floor)) for one in result.tests]


def error_floor(study: AccuracyStudy) -> float:
    """Return the error of half a test image: what a logarithmic scale shows for none."""
    return 0.5 / study.run.test_images if study.run.test_images else 1e-4


def seconds_per_run(results: Iterable[RunResult]) -> float | None:
    """Return the mean time of runs; None of none."""
    found = [one.seconds for one in results]
    return fmean(found) if found else None


def seeds_note(seeds: int) -> str:
    """Return what so many seeds can tell."""
    if seeds < 2:
        return "One seed has no spread: no difference can be told from chance."
    text = (
        f"{seeds} seeds tell little: the paired t-test calls a mean difference significant (p < 0.05) only "
        f"from {least_effect(seeds):.2f} standard deviations of the seeds' differences, so a large p-value "
        "does not show that formats are equal; the interval says which differences fit the runs. The "
        f"sign-flip test, which is there for all pairs, is never below {2.0 ** (1 - seeds):.4g}."
    )
    return text if seeds < 10 else text.replace("tell little", "are not many")


def image_note(study: AccuracyStudy) -> str | None:
    """Return what one test image is worth; None if their number is not known."""
    images = study.run.test_images
    return f"One of the {images:,} test images is {percent(1 / images, 2)}." if images else None


def trace_totals(study: AccuracyStudy) -> list[TraceRow]:
    """Return a row for each tensor and trace, all layers together."""
    return [
        _trace_row(moment, None, tensor, [one for one in moment.tensors if one.tensor == tensor])
        for tensor in TENSORS
        for moment in study.traces
    ]


def trace_rows(study: AccuracyStudy) -> list[TraceRow]:
    """Return a row for each layer, tensor and trace, traces of a tensor one after the other."""
    if not study.traces:
        return []
    places = [(one.layer, one.tensor) for one in study.traces[0].tensors]
    known = [{(one.layer, one.tensor): one for one in moment.tensors} for moment in study.traces]
    return [
        _trace_row(moment, *place, [tensors[place]])
        for place in places
        for moment, tensors in zip(study.traces, known, strict=True)
    ]


def _trace_row(moment: TraceMoment, layer: str | None, tensor: str, parts: Sequence[TraceTensor]) -> TraceRow:
    elements = sum(one.elements for one in parts)

    def mean(values: Iterable[float]) -> float:
        pairs = zip(values, parts, strict=True)
        return sum(value * one.elements for value, one in pairs) / elements if elements else 0.0

    thresholds = [one.e_thr for one in parts]
    return TraceRow(
        moment,
        layer,
        tensor,
        density=mean(one.density for one in parts),
        fp16=mean(one.fp16_share for one in parts),
        fp8=mean(one.fp8_share for one in parts),
        flushed=mean(one.flushed_share for one in parts),
        thresholds=(min(thresholds), max(thresholds)),
    )


def when(moment: TraceMoment) -> str:
    """Return a trace's place in its training, short."""
    if moment.updates is None:
        return f"epoch {moment.epoch}, iteration {moment.iteration}"
    return f"after {moment.updates:,} updates"


def other_trainings(study: AccuracyStudy) -> list[str]:
    """Return in what the traces' trainings differ, if they are not of one."""
    names = {"network": "network", "data_set": "data set", "seed": "seed", "total_updates": "length"}
    return [words for name, words in names.items() if len({getattr(one, name) for one in study.traces}) > 1]
