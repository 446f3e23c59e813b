"""The study's verdict on the chip's own format, and where a mean lies beside FP32's runs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from regressions.accuracy.compare import compare
from regressions.accuracy.formats import CHIP
from regressions.accuracy.records import Comparison, Ending, Metric, Outcome, Place, RunResult
from regressions.accuracy.verdict import judge

REFERENCE = (0.97, 0.98, 0.99)


def results(name: str, accuracies: Sequence[float | None]) -> list[RunResult]:
    """Runs of seeds 1, 2, ...; None: it diverged."""
    return [
        RunResult(
            format=name,
            seed=seed,
            ending=Ending.DIVERGED if accuracy is None else Ending.FINISHED,
            message=None if accuracy is not None else "the loss is nan",
            accuracy=accuracy,
            loss=None if accuracy is None else 1 - accuracy,
            losses=[],
            tests=[],
            shares=[],
            skipped=0,
            seconds=1.0,
        )
        for seed, accuracy in enumerate(accuracies, start=1)
    ]


def accuracy_of(found: Sequence[Comparison], name: str = CHIP) -> Comparison:
    return next(one for one in found if one.format == name and one.metric is Metric.ACCURACY)


@pytest.mark.parametrize(
    ("ours", "outcome", "words"),
    [
        ((0.96, 0.98, 0.98), Outcome.PASS, f"{CHIP}: mean test accuracy lies within the least and the most"),
        ((0.99, 0.99, 1.0), Outcome.PASS, "lies above the most of FP32's runs, 3 seeds"),
        ((0.96, 0.97, 0.97), Outcome.FAIL, "lies below the least of FP32's runs, 3 seeds"),
        ((0.99, None, None), Outcome.FAIL, f"{CHIP}: 2 runs diverged"),
    ],
)
def test_the_chips_own_format_is_judged(ours: Sequence[float | None], outcome: Outcome, words: str) -> None:
    there = results("fp32", REFERENCE) + results(CHIP, ours)
    found = judge(["fp32", CHIP], there, [], compare(["fp32", CHIP], there))
    assert found.outcome is outcome
    assert words in found.reason


@pytest.mark.parametrize(
    ("missing", "outcome"),
    [(f"{CHIP}, seed 3", Outcome.FAIL), ("fp32, seed 3", Outcome.FAIL), ("fp16, seed 3", Outcome.PASS)],
)
def test_what_is_not_there_is_not_passed(missing: str, outcome: Outcome) -> None:
    there = results("fp32", REFERENCE[:2]) + results(CHIP, REFERENCE[:2])
    assert judge(["fp32", CHIP], there, [missing], compare(["fp32", CHIP], there)).outcome is outcome


def test_without_runs_to_judge_there_is_no_verdict() -> None:
    none = judge(["fp32", CHIP], [], [f"{CHIP}, seed 1"], [])
    assert (none.outcome, none.reason) == (Outcome.NONE, "no verdict: no run is there")
    there = results("fp32", REFERENCE) + results("fp16", REFERENCE)
    other = judge(["fp32", "fp16"], there, [], compare(["fp32", "fp16"], there))
    assert other.outcome is Outcome.NONE
    assert other.reason == f"no verdict: the chip's own format, {CHIP}, was not asked for"
    there = results("fp32", REFERENCE[:1]) + results(CHIP, REFERENCE[:1])
    alone = judge(["fp32", CHIP], there, [], compare(["fp32", CHIP], there))
    assert alone.outcome is Outcome.NONE
    assert alone.reason == f"no verdict: {CHIP} needs two pairs of runs with FP32 at least"


@pytest.mark.parametrize("images", [339, 349, 351, 352, 355])
def test_a_mean_of_equal_runs_is_not_moved_by_rounding(images: int) -> None:
    """The mean of equal numbers is not always that number in floating point."""
    for count in (3, 5, 6, 7):
        there = results("fp32", [images / 355] * count) + results(CHIP, [images / 355] * count)
        assert accuracy_of(compare(["fp32", CHIP], there)).place is Place.WITHIN


def test_pairs_that_all_differ_alike_have_a_p_value() -> None:
    """One image less with each seed: no t-test, but signs to flip."""
    accuracies = [0.98, 0.97, 0.99, 0.98, 0.96]
    there = results("fp32", accuracies) + results(CHIP, [one - 1 / 355 for one in accuracies])
    found = accuracy_of(compare(["fp32", CHIP], there))
    assert found.p is None
    assert found.p_signs == 2 / 2**5
