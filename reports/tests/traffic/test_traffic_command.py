"""The command `./run traffic`: what it writes and prints, and what it says when it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from regressions.run import git_info
from regressions.traces import SAMPLE_PATH, Trace
from regressions.traffic import synthetic
from reports.traffic.__main__ import INTERRUPTED, NOTHING_RUN, main
from reports.traffic.document import CSV, DOCUMENT, PAGE, read
from tb.toolchain import REPO_ROOT


@pytest.fixture(autouse=True)
def small_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the sweep of densities short."""
    monkeypatch.setattr(synthetic, "STEPS", 2)
    monkeypatch.setattr(synthetic, "ELEMENTS", 1 << 10)


def test_a_study_from_its_command(trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--trace", str(trace), "--codecs", "mask-fgmp", "rlc4-fgmp", "--out", str(tmp_path / "out")]
    assert main(words) == 0
    out, err = capsys.readouterr()
    folder = tmp_path / "out" / "traffic"
    assert f"report: {folder / PAGE}" in out
    assert "published 38.9\u202f% (KAIST thesis 2020); here" in out
    assert err.splitlines()[0] == "traffic: 1 of 3: stem"
    assert (folder / PAGE).is_file()
    assert (folder / CSV).is_file()
    study = read(json.loads((folder / DOCUMENT).read_text(encoding="utf-8")), DOCUMENT)
    assert study.names == ["fp16", "mask-fgmp", "rlc4-fgmp"]
    assert study.run.trace.digest == Trace.open(trace).digest
    assert study.run.git.commit == git_info().commit
    assert study.run.command.startswith("./run traffic --trace ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--trace", "nowhere.safetensors"],
            "error: trace nowhere.safetensors: file: does not exist. Remedy: use an intact trace",
        ),
        (["--codecs", "zip"], "error: --codecs: unknown codec 'zip': choose of fp16, "),
        (["--layers", "layer9"], "error: --layers layer9: no such layer in the trace, choose from layer"),
        (
            ["--layers", "stem", "--steps", "BP"],
            "error: --steps BP: nothing to replay, stem has no such",
        ),
        (["--policy", "best"], "error: --policy best: choose share=SHARE (0 to 1) or fixed=E (-24 to 16)"),
        (["--block", "-3"], "error: --block -3: give 1 or more elements, or 0 for no blocks"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--out", str(tmp_path)]) == NOTHING_RUN
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith(message)
    assert not list(tmp_path.iterdir())


def test_a_damaged_trace_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = tmp_path / "damaged.safetensors"
    content = bytearray(SAMPLE_PATH.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    assert main(["--trace", str(damaged), "--codecs", "fp8", "--out", str(tmp_path / "out")]) == NOTHING_RUN
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith(f"error: trace {damaged}: layer")
    assert "does not match its SHA-256: the file is damaged. Remedy: use an intact trace" in message


def test_an_interruption_leaves_the_report_before(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reports.traffic.__main__.run", interrupted)
    assert main(["--trace", str(trace), "--out", str(tmp_path / "out")]) == INTERRUPTED
    assert capsys.readouterr().err == "error: interrupted; there is no report\n"
    assert not (tmp_path / "out").exists()


def test_help_names_codecs_and_examples() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reports.traffic", "--help"],
        cwd=REPO_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "mask-fgmp" in done.stdout
    assert "./run traffic --full" in done.stdout
