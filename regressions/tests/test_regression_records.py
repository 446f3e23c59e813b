"""Whatever becomes of a replay's record, the replay stands in the results; folders of runs come and go."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from golden.geometry import Step
from regressions import run as run_module
from regressions.json_codec import encode
from regressions.order import RECORD, Order
from regressions.problems import WriteError, explain, writing
from regressions.results import Replay, Status, Verdict
from regressions.run import Outcome, run
from regressions.run_folder import KEPT_RUNS, LOCK, new_run_folder
from regressions.suite import launch
from regressions.tests.records import PASSED
from regressions.tests.small_run import options, write_small_trace
from regressions.traces import TraceError
from tb.toolchain import BuildResult

Suite = Callable[[Order], None]


def run_with(monkeypatch: pytest.MonkeyPatch, folder: Path, suite: Suite, *words: str) -> Outcome:
    """Run a regression whose replays are done by `suite`, without simulator."""

    def build(*_: object, **__: object) -> BuildResult:
        return BuildResult(folder / "model-123", folder / "model", cached=True)

    def run_suite(orders: Sequence[tuple[Order, int]], folder: Path, jobs: int) -> str:
        for order, cycles in orders:
            assert cycles > 0
            order.folder.mkdir()
            suite(order)
        return "left no record: its worker died"

    monkeypatch.setattr(run_module, "build_cocotb", build)
    monkeypatch.setattr(run_module, "run_suite", run_suite)
    return run(options(folder, write_small_trace(folder), *words))


def keep(order: Order, record: Replay) -> None:
    """Write a record as a worker does."""
    (order.folder / RECORD).write_text(json.dumps(encode(record)), encoding="utf-8")


def sound(order: Order) -> None:
    """Leave the record of a replay that passed."""
    keep(order, replace(PASSED, layer=order.layer, step=order.step, geometry=order.shape, rerun=order.rerun))


def test_sound_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = run_with(monkeypatch, tmp_path, sound)
    summary = outcome.results.summary
    assert (summary.planned, summary.pass_, summary.verdict) == (8, 8, Verdict.PASS)
    assert outcome.coverage is not None
    assert [path.parent.name for path in outcome.coverage] == [one.name for one in outcome.results.replays]


def test_missing_and_damaged_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def suite(order: Order) -> None:
        record = order.folder / RECORD
        match order.name:
            case "stem-FP":
                pass
            case "stem-WG":
                record.write_text('{"layer": "st', encoding="utf-8")
            case "block.conv-FP":
                record.write_text("[]", encoding="utf-8")
            case "block.conv-BP":
                record.write_text(json.dumps({**encode(PASSED), "cycles": "many"}), encoding="utf-8")
            case "block.conv-WG":
                keep(order, PASSED)
            case "fc-FP":
                record.write_bytes(bytes(range(128, 255)))
            case _:
                sound(order)

    outcome = run_with(monkeypatch, tmp_path, suite)
    found = {one.name: one for one in outcome.results.replays}
    expected = {
        "stem-FP": "left no record: its worker died",
        "stem-WG": "its record is damaged: Unterminated string",
        "block.conv-FP": "its record is damaged: the document: is '[]', must be an object",
        "block.conv-BP": "its record is damaged: cycles: is 'many', must be a whole number",
        "block.conv-WG": "its record is of fc-FP",
        "fc-FP": "its record is damaged: 'utf-8' codec can't decode",
    }
    for name, message in expected.items():
        assert found[name].status is Status.ERROR
        assert (found[name].message or "").startswith(message), found[name].message
        assert found[name].geometry.batch == 4
        assert "--layers" in found[name].rerun
        if "its record" in message:
            assert str(outcome.folder / name / RECORD) in (found[name].message or "")
    assert [name for name, one in found.items() if one.status is Status.PASS] == ["fc-BP", "fc-WG"]
    summary = outcome.results.summary
    assert (summary.planned, summary.pass_, summary.error, summary.exit_status) == (8, 2, 6, 1)
    assert outcome.coverage is not None
    assert len(outcome.coverage) == 2


def test_a_suite_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = BuildResult(tmp_path / "model-123", tmp_path / "model", cached=True)
    monkeypatch.setattr(run_module, "build_cocotb", lambda *_, **__: model)
    monkeypatch.setattr(launch, "SUITE", Path("no_such_suite.py"))
    outcome = run(options(tmp_path, write_small_trace(tmp_path)))
    for replay in outcome.results.replays:
        assert replay.status is Status.ERROR
        first, log = (replay.message or "").splitlines()
        assert first.startswith("did not run: pytest ended with status ")
        assert log == f"log: {outcome.folder / launch.LOG}"
    assert outcome.results.summary.error == 8


def test_no_coverage_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_with(monkeypatch, tmp_path, sound, "--no-coverage").coverage is None


def test_an_order_survives_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[Order] = []

    def suite(order: Order) -> None:
        assert Order.from_json(json.loads(json.dumps(order.to_json()))) == order
        orders.append(order)
        sound(order)

    run_with(monkeypatch, tmp_path, suite, "--dump", str(tmp_path / "dump"), "--steps", "BP", "--waves")
    assert [(order.step, order.waves) for order in orders] == [(Step.BP, True)] * 2
    assert orders[0].dump == tmp_path / "dump"


def test_the_dump_folder_is_tried_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "file"
    place.write_text("in the way", encoding="utf-8")
    with pytest.raises(WriteError, match=r"file: cannot be written: File exists; .* with --dump"):
        run_with(monkeypatch, tmp_path, sound, "--dump", str(place))


# --- Folders of runs --------------------------------------------------------------------------------

START = datetime(2030, 1, 1, tzinfo=UTC)


def make_runs(runs: Path, count: int, start: datetime = START) -> list[str]:
    """Let some runs come and go; return the names of their folders."""
    names = []
    for number in range(count):
        with new_run_folder(runs, start + timedelta(minutes=number)) as folder:
            (folder / "fc-FP").mkdir()
            names.append(folder.name)
    return names


def test_the_latest_runs_are_kept(tmp_path: Path) -> None:
    names = make_runs(tmp_path, KEPT_RUNS + 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == names[-KEPT_RUNS:]


def test_a_run_that_goes_on_is_kept(tmp_path: Path) -> None:
    with new_run_folder(tmp_path, START) as folder:
        names = make_runs(tmp_path, KEPT_RUNS + 3, START + timedelta(hours=1))
        assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name, *names[-KEPT_RUNS:]]
        lock = os.open(folder / LOCK, os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(lock)
    make_runs(tmp_path, 1, START + timedelta(hours=2))
    assert not folder.exists()


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    mine = [tmp_path / name for name in ("00-notes", "20290101", "20290101T000000", "x")]
    for folder in mine:
        folder.mkdir()
    make_runs(tmp_path, KEPT_RUNS + 2)
    assert all(folder.is_dir() for folder in mine)


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with (
        pytest.raises(WriteError, match=r"file/.*: cannot be written: Not a directory; .* with --runs"),
        new_run_folder(tmp_path / "file", START),
    ):
        pass


# --- Messages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            TraceError("t.safetensors", "fc/x", "is missing"),
            "trace t.safetensors: fc/x: is missing. Remedy: ",
        ),
        (MemoryError(), "out of memory: run fewer replays at a time (--jobs)"),
        (FileNotFoundError(2, "No such file or directory", "x"), "x: No such file or directory"),
        (OSError(), "OSError"),
        (KeyError("cycles"), "defect of the regression itself: KeyError: 'cycles'\n"),
        (ValueError(""), "defect of the regression itself: ValueError: \n"),
    ],
)
def test_every_problem_has_a_message(error: Exception, message: str) -> None:
    assert explain(error).startswith(message)


@pytest.mark.parametrize(
    ("number", "remedy"), [(28, "free space there"), (122, "free space there"), (13, "check its permissions")]
)
def test_a_write_that_fails_names_file_and_remedy(number: int, remedy: str) -> None:
    cause = os.strerror(number)
    with (
        pytest.raises(
            WriteError, match=f"^a/b: cannot be written: {cause}; {remedy}, or name .* with --runs$"
        ),
        writing(Path("a/b"), "--runs"),
    ):
        raise OSError(number, cause)
