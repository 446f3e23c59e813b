"""A regression appends itself to the history, and reports whatever becomes of that."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from regressions.iteration import parse_iteration
from regressions.options import REPORTS, parse
from regressions.results import Results
from regressions.run import Outcome
from reports import regress
from reports.history import append
from reports.history.database import load_runs
from reports.tests.history.runs import commit, history_of, on_day, slower

Reported = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Reported:
    """Return a call of `./run iteration` that finds what it is given; it takes no coverage."""

    def call(results: Results, *words: str) -> tuple[int, list[str], str]:
        monkeypatch.setattr(regress, "run", lambda options: Outcome(results, None, tmp_path))
        arguments = ["--out", str(tmp_path / "out"), "--runs", str(tmp_path / "runs"), "--no-triage", *words]
        status = regress.run_and_report(lambda: parse_iteration(arguments))
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return call


def test_each_run_is_appended_and_says_what_it_changed(
    passing: Results, tmp_path: Path, reported: Reported
) -> None:
    assert reported(on_day(passing, 0))[1:] == (
        ["PASS 62/62 · resnet18 · core", *shown_report(tmp_path)],
        "",
    )
    status, out, _ = reported(on_day(passing, 1, slower("fc-WG", 1.5)))
    assert status == 0
    (line,) = (line for line in out if line.startswith("history: cycles"))
    assert re.search(r"in 1 replay, most in fc WG \(\+[45]\d\.\d\s%\) since run 1, ", line)
    assert line.endswith(commit(0)[:10])
    assert [stored.number for stored in load_runs(tmp_path / "out" / "history.sqlite")] == [1, 2]
    assert (tmp_path / "out" / "history.html").is_file()


def shown_report(folder: Path) -> list[str]:
    """Return the line that names the report."""
    return [f"report: {(folder / 'out' / 'latest').resolve() / 'index.html'}"]


def test_the_report_links_to_the_history(passing: Results, tmp_path: Path, reported: Reported) -> None:
    reported(on_day(passing, 0))
    page = (tmp_path / "out" / "latest" / "index.html").read_text(encoding="utf-8")
    assert '<a href="../history.html">History</a>' in page
    reported(on_day(passing, 1), "--no-history", "--out", str(tmp_path / "other"))
    page = (tmp_path / "other" / "latest" / "index.html").read_text(encoding="utf-8")
    assert "history.html" not in page
    assert not (tmp_path / "other" / "history.sqlite").exists()


def test_another_file(passing: Results, tmp_path: Path, reported: Reported) -> None:
    status, _, _ = reported(on_day(passing, 0), "--history", str(tmp_path / "kept" / "ci.sqlite"))
    assert status == 0
    assert len(load_runs(tmp_path / "kept" / "ci.sqlite")) == 1
    assert not (tmp_path / "out" / "history.sqlite").exists()


def test_a_damaged_history_costs_no_report(passing: Results, tmp_path: Path, reported: Reported) -> None:
    """A run that passed ends with 3; what is printed appends it later."""
    history = tmp_path / "out" / "history.sqlite"
    history.parent.mkdir()
    history.write_bytes(b"not a database at all " * 300)
    before = history.read_bytes()
    status, out, err = reported(on_day(passing, 0))
    assert status == regress.NOT_IN_HISTORY == 3
    assert out[-1:] == shown_report(tmp_path)
    assert err.startswith(f"error: history: {history}: is damaged or no history")
    assert history.read_bytes() == before
    words = err.splitlines()[1].split()
    assert words[:4] == ["later:", "./run", "history", "--add"]
    history.unlink()
    assert append(Path(words[4]), history) == 1


def test_a_run_that_failed_keeps_its_status(broken: Results, tmp_path: Path, reported: Reported) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "history.sqlite").write_bytes(b"x" * 5000)
    status, out, err = reported(on_day(broken, 0))
    assert status == 1
    assert out[-1:] == shown_report(tmp_path)
    assert "is damaged" in err


def test_results_that_break_the_contract_are_not_appended(
    passing: Results, tmp_path: Path, reported: Reported
) -> None:
    history_of(tmp_path, [on_day(passing, 0)])
    status, _, err = reported(
        on_day(passing, 1, wall_s=float("inf")), "--history", str(tmp_path / "history.sqlite")
    )
    assert status == 2
    assert "wall_s: is inf" in err
    assert len(load_runs(tmp_path / "history.sqlite")) == 1


def test_where_the_history_lies() -> None:
    """Tests that choose their own folder of reports cannot touch the user's history."""
    for parsed in (parse, parse_iteration):
        assert parsed([]).history == REPORTS / "history.sqlite"
        assert parsed(["--out", "somewhere"]).history == (Path("somewhere") / "history.sqlite").resolve()
        assert parsed(["--history", "h"]).history == Path("h").resolve()
        assert parsed(["--no-history"]).history is None


def test_both_options_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--history", "h", "--no-history"])
    assert "not allowed with" in capsys.readouterr().err
