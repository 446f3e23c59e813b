"""The study's verdict: whether the chip's own format learns as FP32 does."""

from __future__ import annotations

from collections.abc import Sequence

from regressions.accuracy.formats import CHIP, REFERENCE
from regressions.accuracy.records import Comparison, Ending, Metric, Outcome, Place, RunResult, Verdict


def judge(
    names: Sequence[str],
    results: Sequence[RunResult],
    missing: Sequence[str],
    comparisons: Sequence[Comparison],
) -> Verdict:
    """Judge FGMP at its default target by its mean test accuracy beside FP32's runs of the same seeds.

    Parameters
    ----------
    names
        Formats that were asked for.
    results, missing
        Runs that are there, and the names of those that are not.
    comparisons
        Of all formats.
    """
    if not results:
        return Verdict(Outcome.NONE, "no verdict: no run is there")
    if CHIP not in names:
        return Verdict(Outcome.NONE, f"no verdict: the chip's own format, {CHIP}, was not asked for")
    diverged = sum(one.format == CHIP and one.ending is Ending.DIVERGED for one in results)
    if diverged:
        return Verdict(Outcome.FAIL, f"{CHIP}: {_runs(diverged)} diverged")
    lacking = sum(name.startswith((f"{CHIP}, ", f"{REFERENCE}, ")) for name in missing)
    if lacking:
        return Verdict(Outcome.FAIL, f"{CHIP}: {_runs(lacking)} of it or of FP32 not there")
    compared = next(one for one in comparisons if one.format == CHIP and one.metric is Metric.ACCURACY)
    if compared.place is None:
        return Verdict(Outcome.NONE, f"no verdict: {CHIP} needs two pairs of runs with FP32 at least")
    words = {
        Place.WITHIN: "lies within the least and the most of FP32's runs",
        Place.ABOVE: "lies above the most of FP32's runs",
        Place.BELOW: "lies below the least of FP32's runs",
    }
    below = compared.place is Place.BELOW
    return Verdict(
        Outcome.FAIL if below else Outcome.PASS,
        f"{CHIP}: mean test accuracy {words[compared.place]}, {len(compared.seeds)} seeds",
    )


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
