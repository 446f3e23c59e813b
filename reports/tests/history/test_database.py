"""The database of runs: appends that survive each other, and files that are none of its business."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from regressions.results import Results, Status
from regressions.triage.records import Triage
from reports.history import HistoryError, append, database, record
from reports.history.database import append_run, load_readings, load_runs
from reports.history.figures import of_results
from reports.tests.history.runs import coverage_document, faults_document, history_of, on_day
from reports.tests.synthetic import unfinished
from tb.toolchain import REPO_ROOT


def figures(path: Path, number: int) -> dict[tuple[str, str, str], float]:
    """Return a run's figures, asked for as any SQLite client does."""
    with sqlite3.connect(path) as client:
        rows = client.execute("SELECT level, scope, name, value FROM figures WHERE run = ?", (number,))
        return {(level, scope, name): value for level, scope, name, value in rows}


# --- What is kept -----------------------------------------------------------------------------------


def test_a_run_and_its_figures(passing: Results, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "history.sqlite"
    assert record(passing, path) == 1
    (stored,) = load_runs(path)
    run = stored.run
    assert (run.source, run.suite, run.preset, run.verdict) == ("results", "resnet18", "core", "pass")
    assert (run.started, run.git_commit, run.git_dirty) == (
        "2025-01-31T02:15:00Z",
        passing.run.git.commit,
        True,
    )
    assert json.loads(run.settings) == {
        "level": "core",
        "balancer": True,
        "policy": "share=0.2",
        "stall_permille": 0,
        "seed": 1,
    }
    found = figures(path, 1)
    one = passing.replays[7]
    scope = f"{one.layer} {one.step}"
    assert one.energy_pj is not None
    assert found["replay", scope, "cycles"] == one.cycles
    assert found["replay", scope, "energy_pj"] == one.energy_pj.total
    assert found["total", "all", "cycles"] == sum(replay.cycles or 0 for replay in passing.replays)
    wg = sum(replay.ema_bytes or 0 for replay in passing.replays if replay.step == "WG")
    assert found["step", "WG", "ema_bytes"] == wg
    assert found["layer", "fc", "cycles"] == sum(r.cycles or 0 for r in passing.replays if r.layer == "fc")
    assert found["total", "all", "pass_rate"] == 1
    assert found["module", "pe_line", "coverage.line"] == 57 / 58
    assert isinstance(found["total", "all", "cycles"], int), "counts stay whole numbers"


def test_sums_want_every_replay(passing: Results, tmp_path: Path) -> None:
    """With a replay that did not finish, a sum would be that of another set."""

    def break_fc(replay):  # type: ignore[no-untyped-def]
        return unfinished(replay, "hang") if replay.name == "fc-FP" else replay

    broken = on_day(passing, 0, break_fc)
    assert broken.summary.error == sum(one.status is Status.ERROR for one in broken.replays) == 1
    found = figures(history_of(tmp_path, [broken]), 1)
    for place in (("total", "all"), ("step", "FP"), ("layer", "fc")):
        assert (*place, "cycles") not in found
    assert ("step", "WG", "cycles") in found
    assert ("replay", "fc FP", "cycles") not in found
    assert found["total", "all", "pass_rate"] == pytest.approx(61 / 62)
    assert ("total", "all", "coverage.line") not in found, "merged from fewer replays"


def test_the_same_document_is_appended_once(passing: Results, tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    assert [record(on_day(passing, day), path) for day in (0, 1, 0)] == [1, 2, 1]
    assert len(load_runs(path)) == 2


def test_documents_of_the_tests(tmp_path: Path) -> None:
    history = tmp_path / "h.sqlite"
    for index, document in enumerate((coverage_document(), faults_document())):
        file = tmp_path / f"{index}.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        assert append(file, history) == index + 1
    coverage, faults = (stored.run for stored in load_runs(history))
    assert (coverage.suite, coverage.git_dirty, faults.suite, faults.git_dirty) == (
        "coverage nightly",
        False,
        "faults",
        True,
    )
    assert coverage.started == faults.started == "2025-01-01T02:15:00Z", "not the file's time"
    assert figures(history, 1)["module", "pe", "coverage.branch"] == 11 / 11
    assert figures(history, 1)["total", "all", "coverage.plan"] == 698 / 698, "two of 700 are excused"
    assert figures(history, 2)["file", "rtl/pe/pe.sv", "score"] == 979 / 980


@pytest.mark.parametrize("name", ["problems", "unmet"])
def test_coverage_that_is_not_enough_has_failed(tmp_path: Path, name: str) -> None:
    """Also where only its document tells: `./run history --add` has nothing else."""
    file, history = tmp_path / "coverage.json", tmp_path / "h.sqlite"
    file.write_text(json.dumps({**coverage_document(), name: ["something"]}), encoding="utf-8")
    append(file, history)
    (stored,) = load_runs(history)
    assert stored.run.verdict == "fail"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "is missing; name a results.json"),
        ("{", "is no JSON"),
        ("{}", "is neither results, coverage nor faults"),
        (json.dumps(coverage_document(git=None)), "git: is 'None', must be a string"),
        (json.dumps(faults_document(survived=7)), "mutants: is 1000, but caught, equivalent and survived"),
        ('{"replays": [], "schema": 1}', "schema: is 1"),
    ],
    ids=["none", "no json", "empty", "type", "contract", "old results"],
)
def test_documents_that_are_refused(text: str | None, message: str, tmp_path: Path) -> None:
    file, history = tmp_path / "document.json", tmp_path / "h.sqlite"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(HistoryError, match=message) as caught:
        append(file, history)
    assert str(file) in str(caught.value)
    assert not history.exists()


# --- Several processes ------------------------------------------------------------------------------

WRITER = """
import sys
from dataclasses import replace
from dataclasses import replace
from pathlib import Path
from reports.history.database import Measure, Reading, Run, append_run
name, path, number = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
run = Run("", "results", name, "", "", "", "{}", "", 1, None, False, "{}", "pass", 0.0, "", "")
print("ready", flush=True)
sys.stdin.readline()
for index in range(number):
    one = replace(run, document=f"{name} {index}")
    append_run(path, one, [Reading(Measure("total", "all", f"figure {i}", ""), i) for i in range(300)])
"""


def test_two_processes_append_at_once(tmp_path: Path) -> None:
    """Both begin with no file there, so that both want to make it."""
    path, number = tmp_path / "h.sqlite", 25
    writers = [
        subprocess.Popen(
            [sys.executable, "-B", "-c", WRITER, name, str(path), str(number)],
            cwd=REPO_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors
    names = [stored.run.suite for stored in load_runs(path)]
    assert sorted(names) == ["a"] * number + ["b"] * number
    assert sum(1 for _ in load_readings(path)) == 2 * number * 300


def test_an_append_that_fails_leaves_nothing(passing: Results, tmp_path: Path) -> None:
    path = history_of(tmp_path, [passing])
    run, readings = of_results(on_day(passing, 1))
    bad = readings[0]._replace(value=None)  # type: ignore[arg-type]
    with pytest.raises(HistoryError):
        append_run(path, run, [*readings, bad])
    assert len(load_runs(path)) == 1
    assert max(number for _, number, _ in load_readings(path)) == 1


def test_a_lock_that_does_not_end(passing: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = history_of(tmp_path, [passing])
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(HistoryError, match=r"another process has held it .* append again"):
        record(on_day(passing, 1), path)
    other.execute("ROLLBACK")
    other.close()
    assert record(on_day(passing, 1), path) == 2


# --- Files that are left alone ----------------------------------------------------------------------


def _text(path: Path) -> None:
    path.write_text("no database at all, but a longish text of a page or so\n" * 40, encoding="utf-8")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _scribbled(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:12288] = b"\xa5" * 8192
    path.write_bytes(data)


def _far(path: Path) -> None:
    """Damage one page of readings, which listing runs has no need to read."""
    with sqlite3.connect(path) as client:
        ((root,),) = client.execute("SELECT rootpage FROM sqlite_master WHERE name = 'readings'")
        (size,) = client.execute("PRAGMA page_size").fetchone()
    client.close()
    data = bytearray(path.read_bytes())
    data[(root - 1) * size : root * size] = b"\xa5" * size
    path.write_bytes(data)


def _foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE music (title TEXT)")
    other.close()


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute(f"PRAGMA user_version = {database.schema_version() + 1}")
    other.close()


BAD = {
    "text": (_text, "is damaged or no history"),
    "cut": (_cut, "is damaged or no history"),
    "scribbled": (_scribbled, "is damaged or no history"),
    "far": (_far, "is damaged or no history"),
    "foreign": (_foreign, "is a database of another program"),
    "newer": (_newer, r"schema 2 is newer than this version's, 1; .* update the project"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_and_left_as_it_is(name: str, passing: Results, tmp_path: Path) -> None:
    path = history_of(tmp_path, [on_day(passing, day) for day in range(3)])
    damage, message = BAD[name]
    damage(path)
    before = path.read_bytes()
    for ask in (lambda: record(on_day(passing, 9), path), lambda: load_runs(path)):
        with pytest.raises(HistoryError, match=message) as caught:
            ask()
        assert str(path) in str(caught.value)
        assert "--history" in str(caught.value)
    assert path.read_bytes() == before
    assert [other.name for other in tmp_path.iterdir()] == [path.name], "no journal stays"


def test_a_folder_where_nothing_can_be_made(passing: Results, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(HistoryError, match=r"cannot be written: .* --history"):
        record(passing, file / "h.sqlite")
    with pytest.raises(HistoryError, match="cannot be opened"):
        record(passing, tmp_path)


def test_there_is_no_history_yet(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"there is no history yet; './run regress' starts one"):
        load_runs(tmp_path / "h.sqlite")
    assert list(tmp_path.iterdir()) == []


# --- Schemas ----------------------------------------------------------------------------------------


def test_an_older_file_is_brought_up_to_date(
    passing: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = history_of(tmp_path, [passing])
    step = ("ALTER TABLE runs ADD COLUMN host TEXT", "CREATE INDEX by_suite ON runs (suite)")
    monkeypatch.setattr(database, "MIGRATIONS", [*database.MIGRATIONS, step])
    assert record(on_day(passing, 1), path) == 2
    with sqlite3.connect(path) as client:
        assert client.execute("PRAGMA user_version").fetchone() == (2,)
        assert client.execute("SELECT id, host FROM runs ORDER BY id").fetchall() == [(1, None), (2, None)]
    client.close()


def test_a_migration_that_fails_changes_nothing(
    passing: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = history_of(tmp_path, [passing])
    before = path.read_bytes()
    step = ("ALTER TABLE runs ADD COLUMN host TEXT", "CREATE TABLE runs (id)")
    monkeypatch.setattr(database, "MIGRATIONS", [*database.MIGRATIONS, step])
    with pytest.raises(HistoryError):
        record(on_day(passing, 1), path)
    assert path.read_bytes() == before


def test_reading_needs_no_lock(passing: Results, tmp_path: Path) -> None:
    path = history_of(tmp_path, [passing])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert len(load_runs(path)) == 1
    other.execute("ROLLBACK")
    other.close()


def test_triage_makes_no_other_run(broken: Results, tmp_path: Path) -> None:
    """A run is appended before its failures are examined; its report, with triage, is the same run."""
    path = tmp_path / "h.sqlite"
    assert record(broken, path) == record(replace(broken, triage=Triage([], 2.5, None)), path) == 1
