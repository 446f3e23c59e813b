"""What the study says on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from regressions.accuracy.records import TENSORS, AccuracyStudy, Ending, Metric, Outcome, Verdict
from reports.accuracy.figures import (
    Row,
    image_note,
    last_share,
    other_trainings,
    rows,
    seeds_note,
    trace_totals,
    when,
)
from reports.text import MISSING, percent, ratio

_COLUMNS = (
    "runs",
    "mean",
    "std",
    "min",
    "max",
    "to fp32",
    "95 % interval",
    "p",
    "Holm",
    "p, signs",
    "fp32's",
)
HEADS = {
    Metric.ACCURACY: ("test accuracy", *_COLUMNS),
    Metric.LOSS: ("training loss", *_COLUMNS),
}
SHARE_HEADS = ("FP16 at the end", "X", "W", "delta")
TRACE_HEADS = ("traces", "when", "non-zeros", "FP16", "FP8", "flushed", "threshold")


def lines(study: AccuracyStudy) -> list[str]:
    """Return the tables of formats and of traces, with what must be known to read them."""
    said: list[str] = []
    if study.results:
        for metric in Metric:
            said += _aligned([HEADS[metric], *(_cells(row, metric) for row in rows(study, metric))])
        shares = [
            (info.name, *(percent(last_share(study, info.name, tensor)) for tensor in TENSORS))
            for info in study.formats
            if last_share(study, info.name, "X") is not None
        ]
        said += _aligned([SHARE_HEADS, *shares]) if shares else []
        said.append(seeds_note(len(study.run.seeds)))
        said += [note] if (note := image_note(study)) else []
    said += [
        f"{one.format}, seed {one.seed}: DIVERGED, {one.message}"
        for one in study.results
        if one.ending is Ending.DIVERGED
    ]
    if study.missing and study.results:
        said.append(f"{len(study.missing)} runs are missing: {'; '.join(study.missing)}")
    if study.traces:
        table = [
            (
                row.tensor,
                when(row.moment),
                *(percent(value) for value in (row.density, row.fp16, row.fp8)),
                percent(row.flushed, 3),
                f"{row.thresholds[0]} to {row.thresholds[1]}",
            )
            for row in trace_totals(study)
        ]
        said += _aligned([TRACE_HEADS, *table])
    if differing := other_trainings(study):
        said.append(f"the traces are not of one training: {', '.join(differing)} differ")
    if study.results:
        said.append(verdict_text(study.verdict))
    return said


def verdict_text(verdict: Verdict) -> str:
    """Return a verdict as a line: PASS or FAIL and why, or why there is none."""
    if verdict.outcome is Outcome.NONE:
        return verdict.reason
    return f"{verdict.outcome.upper()}: {verdict.reason}"


def number(value: float | None, metric: Metric, signed: bool = False) -> str:
    """Return an accuracy in per cent, or a loss."""
    if value is None:
        return MISSING
    sign = "+" if signed else ""
    text = f"{100 * value:{sign}.2f}\u202f%" if metric is Metric.ACCURACY else f"{value:{sign}.4f}"
    return text.replace("-", "−")


def probability(value: float | None) -> str:
    """Return a p-value."""
    return "0.0001 or less" if value is not None and value <= 1e-4 else ratio(value, 4)


def interval(low: float | None, high: float | None, metric: Metric) -> str:
    """Return an interval of differences."""
    if low is None or high is None:
        return MISSING
    return f"{number(low, metric, signed=True)} to {number(high, metric, signed=True)}"


def runs_text(row: Row) -> str:
    """Return how many runs ended, and how many diverged."""
    diverged = row.summary.diverged
    return f"{row.summary.finished}" + (f", {diverged} diverged" if diverged else "")


def place_text(row: Row) -> str:
    """Return where a mean lies beside the reference's runs."""
    if row.comparison is None:
        return ""
    if row.comparison.place is None:
        return "diverged" if row.summary.diverged else "too few"
    return row.comparison.place.value


def _cells(row: Row, metric: Metric) -> Sequence[str]:
    summary, comparison = row.summary, row.comparison
    cells = [
        row.info.name,
        runs_text(row),
        *(number(one, metric) for one in (summary.mean, summary.deviation, summary.least, summary.most)),
    ]
    if comparison is None:
        return [*cells, *[""] * (len(_COLUMNS) - 5)]
    return [
        *cells,
        number(comparison.difference, metric, signed=True),
        interval(comparison.low, comparison.high, metric),
        probability(comparison.p),
        probability(comparison.p_adjusted),
        probability(comparison.p_signs),
        place_text(row),
    ]


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            f"{cell:<{width}}" if place == 0 else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in table
    ]
