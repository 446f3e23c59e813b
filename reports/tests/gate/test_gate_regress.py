"""The gate on real runs: a sound design into a baseline, then the same design with one bit flipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from regressions.tests.small_run import arguments
from reports.gate import __main__ as gate
from reports.gate import inputs, update
from reports.tests.regress_runs import regress_command, report
from reports.tests.test_regress_command import FAULTY, SOUND, copy_design

pytestmark = pytest.mark.xdist_group("regress command")

REPLAYS = ("fc-FP", "fc-BP", "fc-WG")


def test_a_sound_design_passes_and_a_faulty_one_does_not(
    trace: Path,
    tmp_path: Path,
    built: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(inputs, "COVERAGE", tmp_path / "no coverage")
    monkeypatch.setattr(inputs, "FAULTS", tmp_path / "no faults")
    documents = [
        *("--results", str(tmp_path / "out" / "latest" / "results.json")),
        *("--baseline", str(tmp_path / "baseline.json")),
    ]
    summary = ["--summary", str(tmp_path / "gate.md")]
    status, _, err = regress_command(arguments(tmp_path, trace, "--layers", "fc"))
    assert status == 0, err
    sound = report(tmp_path)
    assert update.main(documents) == 0
    assert gate.main([*documents, *summary]) == 0
    assert "gate: PASS: 0 worse, 0 better" in capsys.readouterr().out

    status, _, err = regress_command(arguments(tmp_path, trace, "--layers", "fc"))
    assert status == 0, err
    assert report(tmp_path)["started"] >= sound["started"]
    assert update.main(documents) == 0
    assert "already holds this run" in capsys.readouterr().out, "two runs give the same figures"

    rtl = copy_design("flipped-bit", "pe.sv", SOUND, FAULTY)
    words = [
        "--rtl",
        str(rtl),
        "--layers",
        "fc",
        "--waves",
    ]  # a model that the tests of the command build too
    status, _, err = regress_command(arguments(tmp_path, trace, *words))
    assert status == 1, err
    assert gate.main([*documents, *summary]) == 1
    out = capsys.readouterr().out
    assert "gate: FAIL: " in out
    for name in REPLAYS:
        (line,) = [line for line in out.splitlines() if line.split()[:2] == [name, "fail"]]
        assert " elements differ, the first is " in line
    assert f"measured on the design in {rtl}" in out or "measured on the design in build/" in out
    assert update.main(documents) == 2
    assert "the baseline is of the design in rtl: run that" in capsys.readouterr().err
