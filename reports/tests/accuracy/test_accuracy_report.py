"""The study's report: figures, page, terminal, documents."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regressions.accuracy.compare import compare
from regressions.accuracy.formats import CHIP, DEFAULTS
from regressions.accuracy.records import TENSORS, Metric, Outcome, Verdict
from regressions.json_codec import ResultsError, encode
from reports import ReportError
from reports.accuracy import page
from reports.accuracy.charts import logarithmic_ticks, span
from reports.accuracy.document import DOCUMENT, PAGE, RUNS, TRACES, read, run_table, trace_table, write
from reports.accuracy.figures import (
    chip_row,
    error_curve,
    error_floor,
    last_share,
    loss_curve,
    mean_curve,
    other_trainings,
    rows,
    seeds_note,
    share_curve,
    trace_rows,
    trace_totals,
)
from reports.accuracy.terminal import lines, number, probability
from reports.tests.accuracy.studies import LAYERS, SEEDS, moment, study

TRACES_OF_ONE = [moment(0), moment(180), moment(360)]


def render(made: object = None) -> str:
    return page.render(made if made is not None else study(), DOCUMENT, RUNS, TRACES)  # type: ignore[arg-type]


def test_rows_have_the_reference_first() -> None:
    made = study()
    for metric in Metric:
        found = rows(made, metric)
        assert [row.info.name for row in found] == list(DEFAULTS)
        assert [row.comparison is None for row in found] == [True] + [False] * (len(DEFAULTS) - 1)
        assert {row.summary.metric for row in found} == {metric}
    chip = chip_row(made)
    assert chip is not None
    assert chip.info.name == CHIP
    assert chip_row(study(["fp16"])) is None


def test_curves() -> None:
    made = study()
    one = made.of(CHIP)[0]
    points = loss_curve(one)
    assert len(points) == 60
    assert points[0][0] == 3.5
    assert points[0][1] == pytest.approx(sum(one.losses[:6]) / 6)
    assert loss_curve(replace(one, losses=one.losses[:7]))[-1] == (7.0, one.losses[6])
    assert mean_curve([[(1, 2.0), (2, 4.0)], [(2, 6.0), (3, 1.0)]]) == [(2, 5.0)]
    assert mean_curve([]) == []
    assert share_curve(one, "X")[-1][0] == 360
    assert share_curve(one, "X")[-1][1] == pytest.approx(0.14)
    assert last_share(made, CHIP, "delta") == pytest.approx(0.18)
    assert last_share(made, "fp16", "X") is None
    assert error_floor(made) == 0.5 / 359
    assert min(value for _, value in error_curve(one, 0.5)) == 0.5


@pytest.mark.parametrize(("low", "high"), [(0.97, 0.99), (0.5, 0.5), (0.0, 0.0), (-1.0, 3.0)])
def test_axes_hold_what_they_show(low: float, high: float) -> None:
    start, end, ticks = span(low, high)
    assert start < low
    assert end > high
    assert all(start <= tick <= end for tick in ticks)
    assert 2 <= len(ticks) <= 9


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0014, 0.9, [0.01, 0.1]),
        (0.00005, 1.0, [0.0001, 0.001, 0.01, 0.1, 1.0]),
        (0.004, 0.03, [0.005, 0.01, 0.02]),
    ],
)
def test_logarithmic_ticks(low: float, high: float, ticks: list[float]) -> None:
    found = logarithmic_ticks(low, high)
    if len(ticks) > 2:
        assert found == pytest.approx(ticks)
    else:
        assert set(np.round(ticks, 6)) < set(np.round(found, 6))
        assert low <= min(found) < max(found) <= high


def test_page_holds_everything_and_needs_nothing() -> None:
    text = render(study(traces=TRACES_OF_ONE))
    assert not re.search(r'(?:src|href)="https?:', text)
    for name in DEFAULTS:
        assert text.count(f'<th scope="row">{name}</th>') == 2 + len(SEEDS) + (name not in ("fp32", "fp16"))
    assert text.count("<svg") == 2 + 2 * len(DEFAULTS) + 6 + 3
    assert "3 seeds tell little: " in text
    assert "One of the 359 test images is 0.28\u202f%." in text
    assert "diverged: " not in text
    for layer in LAYERS:
        assert text.count(f'<th scope="row">{layer}</th>') == len(TENSORS) * 3


def test_a_diverged_run_stands_on_top() -> None:
    made = study(diverged=(CHIP, 2))
    text = render(made)
    assert f"{CHIP}, seed 2, diverged: the loss is nan in iteration 181. It counts in no mean" in text
    assert '<p class="value">' in text
    assert "a run diverged" in text
    assert "1 diverged" in text
    said = lines(made)
    assert f"{CHIP}, seed 2: DIVERGED, the loss is nan in iteration 181" in said
    row = next(line for line in said if line.startswith(CHIP))
    assert "2, 1 diverged" in row
    assert "within" not in row


def test_all_runs_of_a_format_may_diverge() -> None:
    made = study(["fgmp"], seeds=[4], diverged=(CHIP, 4))
    row = chip_row(made)
    assert row is not None
    assert row.summary.mean is None
    assert row.comparison is not None
    assert (row.comparison.seeds, row.comparison.difference) == ([], None)
    assert "One seed has no spread" in render(made)
    assert lines(made)


@pytest.mark.parametrize(("outcome", "word"), [(Outcome.PASS, "PASS"), (Outcome.FAIL, "FAIL")])
def test_the_verdict_stands_first(outcome: Outcome, word: str) -> None:
    made = replace(study(), verdict=Verdict(outcome, "so it is"))
    text = render(made)
    assert f"<title>{word} · Accuracy by format" in text
    assert f'<div class="verdict {outcome}">' in text
    assert f'<div class="word">{word}</div>' in text
    assert '<p class="sentence">so it is</p>' in text
    assert lines(made)[-1] == f"{word}: so it is"


def test_every_pair_has_a_p_value_by_signs() -> None:
    """Also where all pairs differ by one image, and the t-test has none."""
    made = study(["fp16"])
    theirs = {one.seed: one.accuracy for one in made.of("fp32")}
    results = made.of("fp32") + [
        replace(one, accuracy=(theirs[one.seed] or 0) - 1 / 359) for one in made.of("fp16")
    ]
    made = replace(made, results=results, comparisons=compare(["fp32", "fp16"], results))
    row = next(line for line in lines(made) if line.startswith("fp16"))
    assert row.split()[-5:-1] == ["–", "–", "–", "0.2500"]
    assert render(made).count(">0.2500<") >= 1
    assert "never below 0.25." in seeds_note(3)
    assert "never below 0.0625." in seeds_note(5)


def test_one_seed_has_no_verdict() -> None:
    made = study(["fgmp"], seeds=[4])
    assert "needs two pairs of runs with FP32 at least" in lines(made)[-1]
    assert "too few seeds for FP32&#39;s runs to have a spread" in render(made)
    assert lines(made)[2].endswith("too few")


def test_missing_runs_are_said() -> None:
    made = study(["fp16"])
    made = replace(made, results=made.results[:-1], missing=["fp16, seed 3"])
    assert "1 runs are missing, and with them the comparisons of their seeds: fp16, seed 3." in render(made)
    assert "1 runs are missing: fp16, seed 3" in lines(made)


def test_traces_alone() -> None:
    made = study(traces=TRACES_OF_ONE, trained=False)
    text = render(made)
    assert "Traces of a training" in text
    assert 'id="formats"' not in text
    assert 'id="traces"' in text
    said = lines(made)
    assert said[0].split() == ["traces", "when", "non-zeros", "FP16", "FP8", "flushed", "threshold"]
    assert len(said) == 1 + 3 * len(TENSORS)


def test_trace_rows() -> None:
    made = study(traces=TRACES_OF_ONE)
    found = trace_rows(made)
    assert [(row.layer, row.tensor, row.moment.updates) for row in found[:4]] == [
        ("stem", "X", 0),
        ("stem", "X", 180),
        ("stem", "X", 360),
        ("stem", "W", 0),
    ]
    totals = {(row.tensor, row.moment.updates): row for row in trace_totals(made)}
    assert totals["W", 0].thresholds == (-6, -3)
    assert totals["delta", 360].thresholds == (-4, -4)
    assert totals["X", 0].density == pytest.approx(0.55)
    assert totals["X", 0].flushed == pytest.approx(1.5 / 2000)
    assert totals["X", 0].fp16 + totals["X", 0].fp8 == pytest.approx(1)
    assert trace_rows(study()) == []


def test_traces_of_several_trainings_are_told_apart() -> None:
    made = study(traces=[moment(0), moment(60, seed=2)])
    assert other_trainings(made) == ["seed"]
    assert "The traces are not of one training: seed differ." in render(made)
    assert lines(made)[-2] == "the traces are not of one training: seed differ"
    assert other_trainings(study(traces=TRACES_OF_ONE)) == []


def test_numbers_as_text() -> None:
    assert number(0.98765, Metric.ACCURACY) == "98.77\u202f%"
    assert number(-0.012, Metric.ACCURACY, signed=True) == "−1.20\u202f%"
    assert number(0.5, Metric.LOSS, signed=True) == "+0.5000"
    assert number(None, Metric.LOSS) == "–"
    assert (probability(0.03), probability(1e-5), probability(None)) == ("0.0300", "0.0001 or less", "–")
    assert "only from 2.48 standard deviations" in seeds_note(3)
    assert seeds_note(12).startswith("12 seeds are not many: ")


def test_terminal_names_every_format() -> None:
    said = lines(study())
    for metric in ("test accuracy", "training loss"):
        start = next(place for place, line in enumerate(said) if line.startswith(metric))
        assert [line.split("  ")[0] for line in said[start + 1 : start + 1 + len(DEFAULTS)]] == list(DEFAULTS)


def test_documents(tmp_path: Path) -> None:
    made = study(diverged=("fp8-e4m3", 1), traces=TRACES_OF_ONE)
    folder = write(made, tmp_path)
    assert folder == tmp_path / "accuracy"
    assert sorted(path.name for path in folder.iterdir()) == sorted([PAGE, DOCUMENT, RUNS, TRACES])
    assert read(json.loads((folder / DOCUMENT).read_text(encoding="utf-8")), DOCUMENT) == made
    found = list(csv.DictReader(io.StringIO(run_table(made))))
    assert len(found) == len(DEFAULTS) * len(SEEDS)
    assert [row["accuracy"] for row in found if row["ending"] == "diverged"] == [""]
    tensors = list(csv.DictReader(io.StringIO(trace_table(made))))
    assert len(tensors) == 3 * 3 * len(LAYERS)
    assert {row["updates"] for row in tensors} == {"0", "180", "360"}
    write(study(["fp16"]), tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == sorted([PAGE, DOCUMENT, RUNS])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 99}, "a.json: schema: is 99, must be 2; make it anew with ./run accuracy"),
        ({"results": None}, "a.json: results: is 'None', must be a list; make it anew"),
        ({"more": 1}, "a.json: more: unknown field"),
    ],
)
def test_damaged_documents_are_refused(change: dict[str, object], message: str) -> None:
    document = encode(study(["fp16"])) | change
    with pytest.raises(ResultsError) as caught:
        read(document, "a.json")
    assert str(caught.value).startswith(message)
    with pytest.raises(ResultsError, match="schema: is None"):
        read([], "a.json")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(ReportError, match="file/accuracy: was not written"):
        write(study(["fp16"]), blocked)
