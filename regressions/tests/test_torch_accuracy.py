"""The accuracy study with the real training program, very small; captures early and late in a training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from regressions.accuracy.options import parse_accuracy
from regressions.accuracy.records import AccuracyStudy, Ending, RunResult
from regressions.accuracy.study import run
from regressions.capture import cli as capture
from regressions.capture.program import FULL_NAME, SAMPLE_NAME
from regressions.traces import Trace
from regressions.training import cli as training
from regressions.training import program
from regressions.training.checkpoint import NAME as CHECKPOINT
from regressions.training.iteration import iterate
from regressions.training.record import Record
from regressions.training.state import State

SMALL = ["--image-size", "8", "--width", "4", "--train-images", "40", "--batch", "8", "--threads", "1"]
TINY = ["--image-size", "8", "--train-images", "24", "--batch", "8", "--epochs", "2", "--threads", "1"]


def study_of(folder: Path, *words: str) -> AccuracyStudy:
    return run(parse_accuracy(["--runs", str(folder), *SMALL, *words]), lambda _: None)


def without_time(results: list[RunResult]) -> list[RunResult]:
    return [replace(one, seconds=0.0) for one in results]


# --- The study ------------------------------------------------------------------------------------


def test_results_depend_on_neither_workers_nor_order_nor_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers; then one, formats the other way round, the last run stopped after its first checkpoint."""
    monkeypatch.setattr("regressions.accuracy.options.CHECKPOINT_EVERY", 2)
    words = ["--iterations", "6", "--seeds", "1"]
    whole = study_of(tmp_path / "two", *words, "--workers", "2", "--formats", "fgmp:previous=0.2")
    assert [one.ending for one in whole.results] == [Ending.FINISHED] * 2
    assert all(len(one.losses) == 6 and one.tests[-1].iteration == 6 for one in whole.results)
    assert (whole.run.train_images, whole.run.test_images, whole.run.iterations) == (40, 355, 6)
    fgmp = whole.of("fgmp:previous=0.2")[0]
    assert {point.tensor for point in fgmp.shares} == {"X", "W", "delta"}

    one = tmp_path / "one" / whole.run.key[:12]
    place = one / "fgmp-previous-0.2-seed-1"
    recipe = ["--checkpoint-every", "2", "--iterations", "6", "--epochs", "6", "--policy", "previous=0.2"]
    assert training.main([*SMALL, *recipe, "--out", str(place), "--stop-after", "3"]) == 0
    assert Record.read(place).done == 3
    again = study_of(tmp_path / "one", *words, "--workers", "1", "--formats", "fgmp:previous=0.2")
    assert again.run.key == whole.run.key
    assert without_time(again.results) == without_time(whole.results)
    assert "going on after iteration 3 of 6" in (place / "training.log").read_text(encoding="utf-8")


def test_a_diverged_training_leaves_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Losses up to the end, the iteration, the reason; and the last checkpoint stays."""
    calls = iter(range(100))

    def spoilt(*arguments: object) -> float:
        if next(calls) == 3:
            state = arguments[0]
            assert isinstance(state, State)
            with torch.no_grad():
                next(state.model.parameters()).fill_(torch.nan)
        return iterate(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(program, "iterate", spoilt)
    words = [*SMALL, "--iterations", "6", "--checkpoint-every", "2", "--out", str(tmp_path)]
    assert training.main(words) == 1
    assert "error: training: the loss is nan in iteration 4. Remedy: train with" in capsys.readouterr().err
    record = Record.read(tmp_path)
    assert record.diverged == {"iteration": 4, "reason": "the loss is nan in iteration 4"}
    assert (record.done, record.finished) == (3, False)
    assert np.isfinite(record.losses).all()
    checkpoint = Record.from_json(torch.load(tmp_path / CHECKPOINT, weights_only=True)["record"])
    assert (checkpoint.done, checkpoint.diverged) == (2, None)


def test_records_of_earlier_versions_are_read(tmp_path: Path) -> None:
    assert training.main([*SMALL, "--iterations", "1", "--out", str(tmp_path)]) == 0
    path = tmp_path / "run.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    for name in ("diverged", "train_images", "test_images"):
        del values[name]
    path.write_text(json.dumps(values), encoding="utf-8")
    record = Record.read(tmp_path)
    assert (record.diverged, record.train_images, record.test_images) == (None, 0, 0)


# --- Captures over a training ---------------------------------------------------------------------


def test_moments_of_one_training(tmp_path: Path) -> None:
    """Three iterations an epoch, two epochs; the last is the trace that a plain capture writes."""
    assert capture.main(["--out", str(tmp_path / "end"), *TINY, "--min-accuracy", "0"]) == 0
    words = ["--out", str(tmp_path / "some"), *TINY, "--min-accuracy", "0", "--at", "0", "100%", "4", "66%"]
    assert capture.main(words) == 0
    names = sorted(path.name for path in (tmp_path / "some").iterdir())
    assert names == ["after-0", "after-4", "after-6"]
    found = {name: Trace.open(tmp_path / "some" / name / FULL_NAME) for name in names}
    assert [(one.run.epoch, one.run.iteration, one.run.updates) for one in found.values()] == [
        (1, 1, 0),
        (2, 2, 4),
        (3, 1, 6),
    ]
    assert {one.run.total_updates for one in found.values()} == {6}
    for file in (FULL_NAME, SAMPLE_NAME):
        last, plain = (tmp_path / place / file for place in ("some/after-6", "end"))
        assert last.read_bytes() == plain.read_bytes()
    assert Trace.open(tmp_path / "some" / "after-4" / SAMPLE_NAME).run == found["after-4"].run


def test_the_recorded_iteration_is_the_next_of_the_training(tmp_path: Path) -> None:
    """The second iteration reads the second batch of the epoch's order, of which a larger one reads more."""
    stems = {}
    for name, more in (("same", []), ("larger", ["--record-batch", "24"])):
        words = ["--out", str(tmp_path / name), *TINY, "--at", "1", *more]
        assert capture.main(words) == 0
        trace = Trace.open(tmp_path / name / "after-1" / FULL_NAME)
        assert (trace.run.epoch, trace.run.iteration, trace.run.updates) == (1, 2, 1)
        stems[name] = trace.load("stem").x
    assert stems["same"].shape[0] == 8
    np.testing.assert_array_equal(stems["larger"][8:16], stems["same"])


def test_training_ends_with_the_last_moment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So an early capture asks for no accuracy."""
    assert capture.main(["--out", str(tmp_path), *TINY, "--at", "2"]) == 0
    captured = capsys.readouterr()
    assert "test accuracy" in captured.out
    assert "after 2 of 6 updates" in captured.out
    assert "epoch 2/2" not in captured.err


@pytest.mark.parametrize(
    ("moment", "message"),
    [("7", "error: --at 7: the training has 6 updates. Remedy: name 0 to 6, or train for more --epochs")],
)
def test_moments_after_the_end(
    moment: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert capture.main(["--out", str(tmp_path / "out"), *TINY, "--at", "0", moment]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("moment", ["-1", "1.5", "101%", "half", "%"])
def test_moments_that_are_none(moment: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        capture.main([*TINY, f"--at={moment}"])
    error = capsys.readouterr().err
    assert "argument --at" in error
    assert moment in error or "is not a number" in error
