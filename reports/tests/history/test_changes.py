"""The run in which a figure changed: found at the right run, and only between comparable ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from regressions.results import Gate, Replay, Results, with_coverage
from regressions.suite.launch import INTERRUPTED
from reports.history import __main__ as command
from reports.history import append
from reports.history.changes import Change, History
from reports.tests.history.runs import commit, coverage_document, faults_document, history_of, on_day, slower
from reports.tests.synthetic import unfinished

LAYER, STEP = "layer1.0.conv1", "FP"
NAME = f"{LAYER}-{STEP}"


def changes(path: Path, name: str, level: str, scope: str) -> list[Change]:
    """Return the changes of a figure in all sets of comparable runs."""
    history = History(path)
    return [one for track in history.find(name, level, scope) for one in history.changes(track)]


def where(found: Sequence[Change]) -> list[tuple[int, int]]:
    """Return the runs before and after of each change."""
    return [(one.before.number, one.after.number) for one in found]


def test_a_change_and_its_return_are_found(passing: Results, tmp_path: Path) -> None:
    """Two percent more cycles from run 5 on, gone with run 8."""
    runs = [on_day(passing, day, slower(NAME, 1.02) if 4 <= day < 7 else None) for day in range(10)]
    path = history_of(tmp_path, runs)
    found = changes(path, "cycles", "replay", f"{LAYER} {STEP}")
    assert where(found) == [(4, 5), (7, 8)]
    first = found[0]
    assert (first.before.run.git_commit, first.after.run.git_commit) == (commit(3), commit(4))
    old = next(replay.cycles for replay in passing.replays if replay.name == NAME)
    assert old is not None
    assert (first.old, first.new) == (old, round(old * 1.02))
    assert where(changes(path, "cycles", "total", "all")) == [(4, 5), (7, 8)]
    assert where(changes(path, "cycles", "layer", LAYER)) == [(4, 5), (7, 8)]
    assert changes(path, "cycles", "replay", "fc FP") == []
    assert changes(path, "ema_bytes", "replay", f"{LAYER} {STEP}") == []


def test_one_cycle_is_a_change_and_time_is_not(passing: Results, tmp_path: Path) -> None:
    old = next(replay.cycles for replay in passing.replays if replay.name == NAME)
    assert old is not None
    runs = [
        on_day(passing, 0),
        on_day(passing, 1, slower(NAME, (old + 1) / old), wall_s=999.0),
    ]
    path = history_of(tmp_path, runs)
    (found,) = changes(path, "cycles", "replay", f"{LAYER} {STEP}")
    assert found.new - found.old == 1
    assert changes(path, "wall_s", "total", "all") == []
    assert {one.measure.name for event in History(path).events() for one in event.changes} <= {
        "cycles",
        "utilization",
        "energy_pj",
    }


@pytest.mark.parametrize(
    "other",
    [
        {"suite": "iteration"},
        {"policy": "fixed=-3"},
        {"stall_permille": 50},
        {"seed": 2},
        {"balancer": False},
        {"rtl": "elsewhere/rtl"},
        "trace",
    ],
    ids=str,
)
def test_runs_that_differ_in_what_was_asked_are_not_compared(
    other: dict[str, Any] | str, passing: Results, tmp_path: Path
) -> None:
    assert passing.run.trace is not None
    facts = {"trace": replace(passing.run.trace, digest="0" * 64)} if isinstance(other, str) else other
    runs = [on_day(passing, 0), on_day(passing, 1, slower(NAME, 1.5), **facts), on_day(passing, 2)]
    assert History(history_of(tmp_path, runs)).events() == []


def test_a_trace_that_moved_is_the_same_trace(passing: Results, tmp_path: Path) -> None:
    assert passing.run.trace is not None
    moved = replace(passing.run.trace, file="/elsewhere/sample.safetensors")
    runs = [on_day(passing, 0), on_day(passing, 1, slower(NAME, 1.5), trace=moved)]
    assert where(changes(history_of(tmp_path, runs), "cycles", "total", "all")) == [(1, 2)]


def test_part_of_the_layers(passing: Results, tmp_path: Path) -> None:
    """A replay compares whatever ran beside it; sums compare with those of the same replays alone."""
    slow = slower("fc-WG", 1.1)
    runs = [
        on_day(passing, 0),
        on_day(passing, 1, layers=["fc"]),
        on_day(passing, 2, slow),
        on_day(passing, 3, slow, layers=["fc"]),
    ]
    path = history_of(tmp_path, runs)
    assert where(changes(path, "cycles", "replay", "fc WG")) == [(2, 3)]
    assert sorted(where(changes(path, "cycles", "total", "all"))) == [(1, 3), (2, 4)]
    events = History(path).events()
    assert [event.after.number for event in events] == [3], "run 4's sum only follows what run 3 showed"
    assert events[0].before.number == 2


def test_runs_are_ordered_by_their_start(passing: Results, tmp_path: Path) -> None:
    """The night's run of another machine may come late."""
    runs = [on_day(passing, day, slower(NAME, 1.5) if day >= 2 else None) for day in (0, 3, 1, 2)]
    found = changes(history_of(tmp_path, runs), "cycles", "total", "all")
    assert [(one.before.run.git_commit, one.after.run.git_commit) for one in found] == [
        (commit(1), commit(2))
    ]


def test_a_run_without_the_figure_is_passed_over(passing: Results, tmp_path: Path) -> None:
    gate = Gate("coverage", False, "left out")
    left_out = with_coverage(on_day(passing, 1), None, gate)
    runs = [on_day(passing, 0), left_out, on_day(passing, 2)]
    history = History(history_of(tmp_path, runs))
    (track,) = history.find("coverage.line", "total", "all")
    assert [track.at(place) is None for place in range(3)] == [False, True, False]
    assert {one.measure.name for event in history.events() for one in event.changes} == {"gates_broken"}


def test_an_interrupted_run_is_not_blamed(
    passing: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was interrupted neither passed nor failed; what had ended counts."""

    def interrupt(replay: Replay) -> Replay:
        ended = replay if replay.layer.startswith("layer1") else unfinished(replay, INTERRUPTED)
        return slower(NAME, 1.02)(ended)

    path = history_of(tmp_path, [on_day(passing, 0), on_day(passing, 1, interrupt), on_day(passing, 2)])
    events = History(path).events()
    assert [one.after.number for one in events] == [3, 2]
    names = {change.measure.name for one in events for change in one.changes}
    assert names == {"cycles", "utilization"}
    assert command.main(["--history", str(path), "--out", str(tmp_path)]) == 0
    assert "interrupted, 62 replays planned" in (tmp_path / "history.html").read_text(encoding="utf-8")


def test_coverage_of_the_tests(tmp_path: Path) -> None:
    path, file = tmp_path / "h.sqlite", tmp_path / "coverage.json"
    for day, hit in enumerate((57, 57, 56)):
        file.write_text(json.dumps(coverage_document(hit, day)), encoding="utf-8")
        append(file, path)
    assert where(changes(path, "coverage.line", "module", "pe_line")) == [(2, 3)]
    assert changes(path, "coverage.line", "module", "pe") == []


def test_a_campaign_on_a_design_with_one_file_more(tmp_path: Path) -> None:
    """The night in which a new file lowers the score is found."""
    path, file = tmp_path / "h.sqlite", tmp_path / "faults.json"
    for day, caught in enumerate((979, 979, 960)):
        document = faults_document(caught, day)
        if day == 2:
            document["files"]["rtl/pe/new.sv"] = {"mutants": 0, "caught": 0, "equivalent": 0}
        file.write_text(json.dumps(document), encoding="utf-8")
        append(file, path)
    assert where(changes(path, "score", "total", "all")) == [(2, 3)]


# --- The command line -------------------------------------------------------------------------------


def run_command(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    """Run the command line."""
    status = command.main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def changed(passing: Results, tmp_path: Path) -> Path:
    """Return a folder with a history in which one replay slows down in run 3, with uncommitted changes."""
    days = [(0, 1.0, False), (1, 1.0, False), (2, 1.02, True), (3, 1.02, False)]
    runs = [on_day(passing, day, slower(NAME, factor), dirty=dirty) for day, factor, dirty in days]
    history_of(tmp_path, runs)
    return tmp_path


def test_changed_names_commits_and_commands(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--changed", "cycles", "--layer", LAYER, "--step", STEP.lower())
    status, out, err = run_command(capsys, "--out", changed, *words)
    assert (status, err) == (0, "")
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0] == f"cycles of {LAYER} {STEP}: resnet18 on core"
    (line,) = (line for line in lines if "→" in line)
    assert line.startswith(f"run 3, 2025-01-03 02:15, {commit(2)[:10]}+: ")
    assert "(+2.0" in line or "(+1.9" in line
    assert "this run had uncommitted changes" in lines
    assert f"git bisect start {commit(2)} {commit(1)}"[:20] in out
    assert "measure again: ./run regress --layers layer1.0.conv1 --steps FP --no-history" in lines


def test_clean_leaves_out_uncommitted_changes(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run_command(capsys, "--out", changed, "--changed", "cycles", "--clean")
    assert "run 4, " in out
    assert "run 3, " not in out


def test_the_same_commit_with_other_figures(
    passing: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = on_day(passing, 0)
    again = on_day(passing, 1, slower(NAME, 1.5), git=first.run.git)
    newer = on_day(passing, 2, git=first.run.git, tools={**first.run.tools, "verilator": "5.050"})
    history_of(tmp_path, [first, again, newer])
    _, out, _ = run_command(capsys, "--out", tmp_path, "--changed", "cycles")
    assert "the same commit, the same tools: this figure is not reproducible" in out
    assert "the same commit; tools: verilator 5.048 → 5.050" in out
    assert "git bisect" not in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--changed", "cylces"], "--changed cylces: no such figure of all; there are"),
        (["--changed", "wall_s"], "--changed wall_s: depends on the machine"),
        (
            ["--changed", "cycles", "--layer", "layer1.0.conv"],
            "no layer layer1.0.conv in the history; nearest: ",
        ),
        (["--changed", "cycles", "--step", "XX"], "--step XX: no such training step, choose from FP, BP, WG"),
        (["--changed", "cycles", "--step", "FP", "--module", "pe"], "choose one"),
        (["--changed", "score", "--file", "rtl/pe/pe.sv"], "no run of the history has figures of a file"),
        (["--preset", "lnpu"], "no run of the history is of this suite and preset"),
        (["--add", "nowhere.json"], "nowhere.json: is missing"),
        (["--out", "nowhere"], "there is no history yet"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_not_known(
    words: list[str], message: str, changed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run_command(capsys, "--out", changed, *words)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err


def test_runs_are_listed_and_the_page_is_written(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_command(capsys, "--out", changed, "--last", "2")
    assert status == 0
    head, third, fourth, page = out.splitlines()
    assert head.split() == [
        "run",
        "started",
        "(UTC)",
        "suite",
        "commit",
        "verdict",
        "figures",
        "changed",
    ]
    assert third.split()[:2] == ["3", "2025-01-03"]
    assert fourth.split()[:2] == ["4", "2025-01-04"]
    assert page == f"history: {changed / 'history.html'}"
    assert (changed / "history.html").is_file()


def test_add(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = changed / "coverage.json"
    file.write_text(json.dumps(coverage_document()), encoding="utf-8")
    for _ in range(2):
        status, out, _ = run_command(capsys, "--out", changed, "--add", file)
        assert (status, out.splitlines()[0]) == (0, f"{file}: run 5")
