"""The fault campaign's command: its document, its judgement, and what a part of a campaign leaves alone."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest

from reports.gate import targets
from reports.signoff import campaign
from tb.mutation.mutant import Mutant, Operator
from tb.mutation.operators import DesignError
from tb.mutation.result import Result
from tb.mutation.tier import NoTestsError
from tb.mutation.worker import Outcome, Verdict
from tb.mutation.workers import CampaignError
from tb.toolchain import REPO_ROOT

LINES = (27, 28, 29)
MUTANTS = [
    Mutant("result/histogram.sv", line, line + 1, line, Operator.STUCK, "a", "b", str(line)) for line in LINES
]
NO_FAULT, CAUGHT, OTHER = MUTANTS


def result(verdict: Verdict = Verdict.CAUGHT) -> Result:
    """A campaign of three mutants: one is no fault, one is caught, and one as given."""
    outcomes = {
        CAUGHT.key: Outcome(CAUGHT.key, Verdict.HUNG, "test_a", 1.0, 1),
        OTHER.key: Outcome(OTHER.key, verdict, "test_b", 1.0, 2),
    }
    near = {OTHER.key: ["test_b"]}
    drawn = {one.key: one for one in MUTANTS}
    return Result(drawn, outcomes, {NO_FAULT.key: "why"}, near, not_met={OTHER.key}, wall_s=12.5)


def run(
    monkeypatch: pytest.MonkeyPatch,
    out: Path,
    found: Result | Exception,
    *words: str,
    least: int = 2,
    most: float = 0.5,
) -> int:
    def carry_out(*given: object) -> Result:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(campaign, "carry_out", carry_out)
    monkeypatch.setattr(targets, "LEAST_FAULTS", least)
    monkeypatch.setattr(targets, "MOST_EQUIVALENT", most)
    return campaign.main(["--out", str(out), "--no-history", *words])


def document(out: Path) -> dict[str, object]:
    text = (out / "faults" / "faults.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def test_all_faults_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, tmp_path, result()) == 0
    written = document(tmp_path)
    assert (written["mutants"], written["caught"], written["equivalent"], written["survived"]) == (3, 2, 1, 0)
    assert written["score"] == 1
    assert written["files"] == {"rtl/result/histogram.sv": {"mutants": 3, "caught": 2, "equivalent": 1}}
    assert written["problems"] == []
    assert written["verdicts"] == {"caught": 1, "crashed": 0, "hung": 1}
    judged = [[CAUGHT.key, "hung", "test_a"], [OTHER.key, "caught", "test_b"]]
    assert written["judged"] == sorted(judged)
    assert written["wall_s"] == 12.5
    assert (tmp_path / "faults" / "index.html").is_file()


def test_a_survivor_lowers_the_score_and_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, tmp_path, result(Verdict.SURVIVED)) == 1
    written = document(tmp_path)
    assert written["score"] == 0.5
    survivors = written["survivors"]
    assert isinstance(survivors, list)
    assert [(one["key"], one["nearest"], one["met_suite"]) for one in survivors] == [
        (OTHER.key, ["test_b"], False)
    ]
    assert (REPO_ROOT / survivors[0]["file"]).is_file(), "the page shows its lines and leads to its coverage"
    assert written["problems"] == ["50.0% of the faults are caught, fewer than 97%"]


def test_survivors_without_time_for_all_tests_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the terminal and on the page."""
    run(monkeypatch, tmp_path, replace(result(Verdict.SURVIVED), not_met=set(), cut={OTHER.key}))
    assert "1 survivors met the nearest tests: there was no time for all\n" in capsys.readouterr().out
    page = (tmp_path / "faults" / "index.html").read_text(encoding="utf-8")
    assert "It met the nearest tests; its time did not reach for all" in page


def test_the_same_campaign_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, tmp_path, result())
    assert document(tmp_path)["rerun"] == "./run faults"
    run(monkeypatch, tmp_path, result(), "--seed", "7", "--budget", "2.5")
    written = document(tmp_path)
    assert written["rerun"] == "./run faults --seed 7 --budget 2.5"
    assert (written["seed"], written["budget_s"]) == (7, 2.5)


def test_too_few_faults_are_no_campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, tmp_path, result(), least=3) == 1
    assert document(tmp_path)["problems"] == ["2 faults were judged, fewer than 3"]


def test_too_many_that_are_called_no_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, tmp_path, result(), most=0.05) == 1
    assert document(tmp_path)["problems"] == ["33.3% of the mutants are called no faults, more than 5%"]


@pytest.mark.parametrize("words", [(), ("--mutants", "3")], ids=["whole", "part"])
def test_an_equivalent_mutant_that_a_test_catches_is_a_problem(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
) -> None:
    told = Outcome(NO_FAULT.key, Verdict.CAUGHT, "test_c", 0.1, 1)
    found = replace(result(), refuted=[(NO_FAULT, told)])
    assert run(monkeypatch, tmp_path, found, *words) == 1
    problem = (
        "tb/mutation/equivalents.toml: the entry of rtl/result/histogram.sv:27 (a  →  b) says that it is no "
        "fault, but test_c tells it from the design (caught); correct the entry or take it out"
    )
    assert f"faults: {problem}\n" in capsys.readouterr().out


def test_a_design_that_changed_meanwhile_is_no_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, tmp_path, replace(result(), changed=True), "--seed", "7", "--budget", "20") == 1
    written = document(tmp_path)
    assert written["problems"] == [
        "the design or its tests changed during the campaign; run it again (./run faults)"
    ]
    assert written["rerun"] == "./run faults --seed 7 --budget 20"


def test_a_part_leaves_the_report_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, tmp_path, result(), "--files", "result") == 0
    assert run(monkeypatch, tmp_path, result(Verdict.SURVIVED), "--mutants", "3") == 1
    assert not (tmp_path / "faults").exists()


def test_a_campaign_that_fails_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for error in (CampaignError, DesignError, NoTestsError):
        assert run(monkeypatch, tmp_path, error("it failed")) == 2
        assert capsys.readouterr().err == "error: it failed\n"


def test_a_full_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "verdicts.jsonl")
    assert run(monkeypatch, tmp_path, full) == 2
    assert "No space left on device: 'verdicts.jsonl'" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--workers", "--mutants"])
def test_a_campaign_of_nothing(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, tmp_path, result(), option, "0")
    assert ended.value.code == 2
    assert f"argument {option}: 0 is not a positive whole number" in capsys.readouterr().err
