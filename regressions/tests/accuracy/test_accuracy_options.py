"""Options and formats of the accuracy study, and the words that they become for a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from regressions.accuracy.formats import DEFAULTS, parse_format, parse_formats
from regressions.accuracy.options import parse_accuracy, unit_options, words
from regressions.option_error import OptionError
from regressions.training.cli import parse_options


def test_defaults() -> None:
    options = parse_accuracy([])
    assert [one.name for one in options.formats] == list(DEFAULTS)
    assert options.formats[0].name == "fp32"
    assert len(options.seeds) >= 3
    assert {"fp16", "fp8-e4m3", "fp8-e5m2", "fp8-hybrid"} < {one.name for one in options.formats}
    assert {one.target for one in options.formats if one.name.startswith("fgmp:share")} == {
        0.05,
        0.1,
        0.2,
        0.4,
    }
    assert {(one.policy or "").partition("=")[0] for one in options.formats} >= {"share", "previous", "fixed"}
    assert options.train
    assert 1 <= options.workers <= 2
    assert options.command == "./run accuracy"


def test_reference_is_always_there_and_nothing_twice() -> None:
    names = [one.name for one in parse_formats(["fgmp", "fgmp:share=0.20", "fp16", "fp32", "fgmp:share=1/5"])]
    assert names == ["fp32", "fgmp:share=0.2", "fp16"]


@pytest.mark.parametrize(
    ("text", "policy", "target", "folder"),
    [
        ("fgmp", "share=0.2", 0.2, "fgmp-share-0.2"),
        ("fgmp:previous=0.05", "previous=0.05", 0.05, "fgmp-previous-0.05"),
        ("fgmp:fixed=-3", "fixed=-3", None, "fgmp-fixed--3"),
        ("fp8-e4m3", None, None, "fp8-e4m3"),
    ],
)
def test_formats(text: str, policy: str | None, target: float | None, folder: str) -> None:
    found = parse_format(text)
    assert (found.policy, found.target, found.folder) == (policy, target, folder)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--formats", "fp8"], "--formats fp8: choose of fp32, fp16, fp8-e4m3, "),
        (["--formats", "fp16:share=0.2"], "--formats fp16:share=0.2: choose of "),
        (["--formats", "fgmp:share=2"], "--formats fgmp:share=2: threshold policy 'share': target is '2'"),
        (["--formats", "fgmp:fixed=99"], "--formats fgmp:fixed=99: threshold exponent e_thr is 99"),
        (["--formats", "fgmp:best=1"], "--formats fgmp:best=1: unknown threshold policy 'best'"),
        (["--seeds", "1", "2", "1"], "--seeds 1: stands there twice"),
        (["--fresh", "--no-training"], "--fresh: --no-training keeps what there is"),
    ],
)
def test_values_out_of_place(arguments: list[str], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_accuracy(arguments)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "-1"], "-1 is not a whole number in 0..2^63-1"),
        (["--workers", "0"], "0 is not a positive whole number"),
        (["--epochs", "none"], "none is not a positive whole number"),
        (["--mode", "fp16"], "unrecognized arguments: --mode fp16"),
    ],
)
def test_values_of_another_kind(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_accuracy(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_run_is_trained_with_the_options_that_were_asked_for() -> None:
    """What the training program reads from the words are the very options."""
    given = ["--iterations", "7", "--learning-rate", "0.1", "--loss-scale", "dynamic", "--masters", "fp16"]
    given += [
        "--dataset",
        "cifar10",
        "a folder",
        "--train-images",
        "50",
        "--optimizer",
        "adam",
        "--batch",
        "4",
    ]
    options = parse_accuracy([*given, "--image-size", "16", "--weight-decay", "0", "--gradients", "fp32"])
    for chosen in options.formats:
        unit = unit_options(options.training, chosen, 5, Path("some/where"))
        assert parse_options(words(unit)) == unit
        assert (unit.mode, unit.policy, unit.seed) == (chosen.mode, chosen.policy, 5)
