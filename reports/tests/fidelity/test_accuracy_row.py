"""The row about training accuracy: read from the accuracy study's document, if there is one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from regressions.accuracy.formats import CHIP
from regressions.accuracy.records import AccuracyStudy, Comparison, Metric
from regressions.json_codec import encode
from reports.fidelity.accuracy_row import accuracy_row
from reports.fidelity.row import Row, Standing
from reports.tests.accuracy import studies


def row(folder: Path, made: AccuracyStudy) -> Row:
    (folder / "accuracy").mkdir()
    (folder / "accuracy" / "accuracy.json").write_text(json.dumps(encode(made)), encoding="utf-8")
    return accuracy_row(folder)


def of_chip(made: AccuracyStudy, **fields: object) -> AccuracyStudy:
    """Return the study with some fields of the chip's format against FP32 replaced."""

    def changed(one: Comparison) -> Comparison:
        chosen = one.format == CHIP and one.metric is Metric.ACCURACY
        return replace(one, **fields) if chosen else one  # type: ignore[arg-type]

    return replace(made, comparisons=[changed(one) for one in made.comparisons])


FOUND = {"difference": -0.004, "low": -0.012, "high": 0.004, "p": 0.31}


@pytest.mark.parametrize(
    ("fields", "standing", "reason"),
    [
        ({}, Standing.AGREES, "no loss beyond chance; one of up to 1.20\u202f% would fit"),
        ({"high": -0.001}, Standing.OPEN, "the interval lies below zero"),
        ({"difference": 0.004, "low": 0.001, "high": 0.01}, Standing.AGREES, ""),
        ({"low": None, "high": None, "p": None}, Standing.OPEN, "the interval lies below zero"),
        ({"difference": 0.0, "low": None, "high": None, "p": None}, Standing.AGREES, ""),
        ({"seeds": [1]}, Standing.PARTIAL, "one pair of runs has no spread"),
    ],
    ids=["chance", "loss", "gain", "loss alike", "none", "one pair"],
)
def test_a_loss_is_one_that_chance_does_not_make(
    tmp_path: Path, fields: dict[str, object], standing: Standing, reason: str
) -> None:
    found = row(tmp_path, of_chip(studies.study(), **(FOUND | fields)))
    assert found.standing is standing
    assert reason in found.reason


def test_figures_stand_in_the_row(tmp_path: Path) -> None:
    found = row(tmp_path, of_chip(studies.study(), **FOUND))
    assert found.published == "no degradation of ResNet-18's"
    assert found.command == "./run accuracy"
    assert [value for _, value in found.ours] == [
        "−0.40\u202f%",
        "−1.20\u202f% to +0.40\u202f%",
        "0.31",
        "3",
    ]
    assert "resnet18 of width 16 on digits" in found.how


def test_a_run_that_diverged_is_no_agreement(tmp_path: Path) -> None:
    found = row(tmp_path, studies.study(diverged=(CHIP, 2)))
    assert (found.standing, found.reason) == (Standing.OPEN, "1 of its runs diverged")


def test_another_network_is_not_judged(tmp_path: Path) -> None:
    made = studies.study()
    settings = {**made.run.settings, "model": "vgg16"}
    found = row(tmp_path, replace(made, run=replace(made.run, settings=settings)))
    assert found.standing is Standing.PARTIAL
    assert found.reason == "published of ResNet-18; these runs are of vgg16"


def test_without_a_study_the_row_says_what_makes_one(tmp_path: Path) -> None:
    found = accuracy_row(tmp_path)
    assert (found.standing, found.reason) == (Standing.UNMEASURED, "./run accuracy measures it")


@pytest.mark.parametrize("names", [("fp32",), ("fp32", "fp16")])
def test_without_the_chips_format(tmp_path: Path, names: tuple[str, ...]) -> None:
    found = row(tmp_path, studies.study(names))
    assert found.standing is Standing.UNMEASURED
    assert "no pair of runs in the chip's own format" in found.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is no JSON"),
        ('{"schema": 0}', "schema: is 0, must be"),
        ("[]", "schema: is None, must be"),
        (b"\xff", "accuracy.json: is no JSON"),
    ],
)
def test_a_document_that_cannot_be_read_is_named(tmp_path: Path, text: str | bytes, reason: str) -> None:
    path = tmp_path / "accuracy" / "accuracy.json"
    path.parent.mkdir()
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    found = accuracy_row(tmp_path)
    assert found.standing is Standing.UNMEASURED
    assert reason in found.reason
    assert "accuracy.json" in found.reason
    assert "make it anew with ./run accuracy" in found.reason
