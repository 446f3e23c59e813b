"""Formats against the reference: summaries over the seeds, and paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from regressions.accuracy.formats import REFERENCE
from regressions.accuracy.records import Comparison, Ending, FormatSummary, Metric, Place, RunResult
from regressions.accuracy.statistics import ROUNDING, Spread, holm, paired, sign_flips, spread


def value(result: RunResult, metric: Metric) -> float | None:
    """Return a run's accuracy or loss; None if it diverged."""
    return result.accuracy if metric is Metric.ACCURACY else result.loss


def summarise(names: Sequence[str], results: Sequence[RunResult]) -> list[FormatSummary]:
    """Return the summary of each metric for each format."""
    return [_summary(name, metric, results) for metric in Metric for name in names]


def _summary(name: str, metric: Metric, results: Sequence[RunResult]) -> FormatSummary:
    own = [one for one in results if one.format == name]
    values = [found for one in own if (found := value(one, metric)) is not None]
    diverged = sum(one.ending is Ending.DIVERGED for one in own)
    if not values:
        return FormatSummary(name, metric, 0, diverged, None, None, None, None)
    over = spread(values)
    return FormatSummary(
        name, metric, len(values), diverged, over.mean, over.deviation, over.least, over.most
    )


def compare(names: Sequence[str], results: Sequence[RunResult]) -> list[Comparison]:
    """Compare each format with the reference by each metric, whose p-values are adjusted together."""
    comparisons = []
    for metric in Metric:
        made = [_comparison(name, metric, results) for name in names if name != REFERENCE]
        adjusted = holm([one.p for one in made])
        comparisons += [replace(one, p_adjusted=p) for one, p in zip(made, adjusted, strict=True)]
    return comparisons


def _comparison(name: str, metric: Metric, results: Sequence[RunResult]) -> Comparison:
    ours, theirs = _by_seed(name, metric, results), _by_seed(REFERENCE, metric, results)
    seeds = sorted(ours.keys() & theirs.keys())
    if not seeds:
        return Comparison(name, metric, [], None, None, None, None, None, None, None, None)
    differences = [ours[seed] - theirs[seed] for seed in seeds]
    found = paired(differences)
    diverged = any(one.format == name and one.ending is Ending.DIVERGED for one in results)
    reference = spread([theirs[seed] for seed in seeds])
    mean = spread([ours[seed] for seed in seeds]).mean
    judged = not diverged and len(seeds) > 1
    return Comparison(
        format=name,
        metric=metric,
        seeds=seeds,
        difference=found.mean,
        deviation=found.deviation,
        low=found.low,
        high=found.high,
        p=found.p,
        p_signs=sign_flips(differences),
        p_adjusted=None,
        place=_place(mean, reference) if judged else None,
    )


def _place(mean: float, reference: Spread) -> Place:
    """Tell where a mean lies; one that equals an end but for rounding lies within."""
    reach = ROUNDING * max(abs(reference.least), abs(reference.most))
    if mean < reference.least - reach:
        return Place.BELOW
    return Place.ABOVE if mean > reference.most + reach else Place.WITHIN


def _by_seed(name: str, metric: Metric, results: Sequence[RunResult]) -> dict[int, float]:
    return {
        one.seed: found for one in results if one.format == name and (found := value(one, metric)) is not None
    }
