"""The command `./run accuracy`: what it writes and prints, and what it says when it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from markupsafe import escape

from regressions.accuracy import runs, workers
from regressions.tests.accuracy import fake_training
from reports.accuracy.__main__ import FAILED, INTERRUPTED, NOTHING_RUN, main
from reports.accuracy.document import DOCUMENT, PAGE, RUNS, TRACES, read
from tb.toolchain import REPO_ROOT


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs end at once."""
    monkeypatch.setattr(workers, "PROGRAM", fake_training.__name__)
    monkeypatch.setattr(runs, "torch_version", lambda: "none")
    monkeypatch.setattr("regressions.accuracy.study.torch_version", lambda: "none")


def places(folder: Path) -> list[str]:
    return ["--runs", str(folder / "runs"), "--out", str(folder / "out")]


def test_a_study_from_its_command(trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--formats", "fgmp", "--seeds", "1", "2", *places(tmp_path), "--traces", str(trace)]
    assert main(words) == 0
    out, err = capsys.readouterr()
    folder = tmp_path / "out" / "accuracy"
    assert f"report: {folder / PAGE}" in out
    assert "fgmp:share=0.2" in out
    assert "PASS: fgmp:share=0.2: mean test accuracy lies within" in out
    assert err.splitlines()[1].startswith("accuracy: 4 runs, 0 of them in ")
    assert all((folder / name).is_file() for name in (PAGE, RUNS, TRACES))
    study = read(json.loads((folder / DOCUMENT).read_text(encoding="utf-8")), DOCUMENT)
    assert [(one.format, one.seed) for one in study.results] == [
        (name, seed) for name in ("fp32", "fgmp:share=0.2") for seed in (1, 2)
    ]
    assert study.run.command.startswith("./run accuracy --formats fgmp --seeds 1 2 ")
    assert len(study.traces) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--formats", "fp4"], "error: --formats fp4: choose of fp32, fp16, "),
        (
            ["--traces", "nowhere.safetensors"],
            "error: trace nowhere.safetensors: file: does not exist.",
        ),
        (
            ["--policy", "best", "--traces", "x"],
            "error: --policy best: choose share=SHARE (0 to 1) or",
        ),
        (["--no-training"], "error: --no-training: "),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, *places(tmp_path)]) == NOTHING_RUN
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith(message)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("formats", "lift", "will", "status", "words"),
    [
        (
            "fgmp",
            -0.02,
            "",
            FAILED,
            "FAIL: fgmp:share=0.2: mean test accuracy lies below the least",
        ),
        ("fgmp", 0.0, "fgmp=diverge", FAILED, "FAIL: fgmp:share=0.2: 2 runs diverged"),
        ("fp16", 0.0, "", 0, "no verdict: the chip's own format, fgmp:share=0.2, was not asked for"),
    ],
)
def test_the_status_is_the_verdict(
    formats: str,
    lift: float,
    will: str,
    status: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(fake_training.WILL, will)
    monkeypatch.setenv(fake_training.LIFTED, str(lift))
    assert main(["--formats", formats, "--seeds", "1", "2", *places(tmp_path)]) == status
    assert words in capsys.readouterr().out
    assert escape(words.partition(": ")[2]) in (tmp_path / "out/accuracy" / PAGE).read_text(encoding="utf-8")


def test_a_run_that_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(fake_training.WILL, "fp32=fail")
    assert main(["--formats", "fp16", "--seeds", "1", "--workers", "1", *places(tmp_path)]) == NOTHING_RUN
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: fp32, seed 1: --dataset nothing: is not a known data set. Remedy: choose")
    assert "training.log); what has ended is kept: the same command goes on" in last


def test_an_interruption_leaves_the_report_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reports.accuracy.__main__.run", interrupted)
    assert main(places(tmp_path)) == INTERRUPTED
    assert capsys.readouterr().err == "error: interrupted; what has ended is kept, the same command goes on\n"
    assert not (tmp_path / "out").exists()


def test_help_names_formats_and_examples() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reports.accuracy", "--help"],
        cwd=REPO_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for word in ("fp8-hybrid", "previous=TARGET", "--width N", "./run accuracy --dataset cifar10 FOLDER"):
        assert word in done.stdout
