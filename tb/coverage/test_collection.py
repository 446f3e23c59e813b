"""What each test covers is collected by test, the same in any order and on any number of workers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tb.build_cache import alone
from tb.cocotb_simulation import COVERAGE_FOLDER
from tb.coverage import bins, worker
from tb.coverage import run as collection
from tb.coverage.build import SUITES
from tb.coverage.design import code_digest, design_digest
from tb.coverage.points import HEADER, Kind, Point
from tb.coverage.progress import Progress
from tb.coverage.run import (
    NO_COVERAGE,
    PLAN,
    UNFINISHED,
    Collected,
    CoverageRunError,
    TestOutcome,
    finish,
    load,
    run,
)
from tb.coverage.worker import Plan
from tb.forked import CRASHED, HUNG, Event
from tb.plan import testplan

QUEUES = "tb/mem/test_mem.py::test_queues_and_memory"
TWO_MODELS = (
    QUEUES,
    "tb/pe/test_pe.py::test_cancellation",
    "tb/pe/test_pe.py::test_edges_against_edges",
)


def collect(folder: Path, monkeypatch: pytest.MonkeyPatch, workers: int, *tests: str) -> Collected:
    monkeypatch.setattr(collection, "BUILD_ROOT", folder)
    return run("quick", 1, workers, tests, tell=lambda line: None)


def test_one_worker_and_two_collect_the_same_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for workers, order in ((1, TWO_MODELS), (2, TWO_MODELS), (1, TWO_MODELS[::-1])):
        # What took longest is begun first.
        took = {test: float(-at) for at, test in enumerate(order)}
        monkeypatch.setattr(collection, "_seconds", lambda folder, took=took: took)
        folder = tmp_path / f"{workers} {order[0].rpartition(':')[2]}"
        found.append(collect(folder, monkeypatch, workers, *TWO_MODELS))
    one, *others = found
    assert len(one.tests) == 11
    assert {outcome.outcome for outcome in one.tests} == {"passed"}
    for other in others:
        assert (one.points, one.hit, one.by_test, one.bins) == (
            other.points,
            other.hit,
            other.by_test,
            other.bins,
        )
    assert {Kind.LINE, Kind.BRANCH, Kind.USER, Kind.ASSERTION} == {point.kind for point in one.points}
    assert one.hit == {point for points in one.by_test.values() for point in points}
    assert all(one.by_test.values())


def interrupt(part: Path) -> None:
    """Leave what a worker leaves that is killed while it writes of its last test."""
    *lines, last = part.read_text(encoding="utf-8").splitlines(keepends=True)
    assert last.startswith('{"done": ')
    part.write_text("".join(lines)[:-40], encoding="utf-8")


@pytest.mark.parametrize("suite", SUITES)
def test_an_interrupted_run_goes_on_and_collects_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suite: str
) -> None:
    told: list[str] = []
    monkeypatch.setattr(collection, "_seconds", lambda folder: {QUEUES: -1.0})
    whole = run(suite, 1, 1, TWO_MODELS, told.append, tmp_path)
    interrupt(tmp_path / "part0.jsonl")
    ran: list[list[str]] = []
    collect_left = collection._collect

    def collecting(plan: Plan, left: Sequence[str], *others: Any) -> None:
        ran.append(list(left))
        collect_left(plan, left, *others)

    monkeypatch.setattr(collection, "_collect", collecting)
    again = run(suite, 1, 2, TWO_MODELS, told.append, tmp_path)
    assert ran == [[QUEUES]]
    assert "goes on with a run that was interrupted: 2 tests are done" in "".join(told)
    assert again.wall_s >= whole.wall_s
    assert (again.points, again.hit, again.by_test, again.bins) == (
        whole.points,
        whole.hit,
        whole.by_test,
        whole.bins,
    )
    assert whole.hit


@pytest.mark.parametrize("change", ["finished", "seed", "code"])
def test_a_run_of_something_else_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    left: list[Sequence[str]] = []
    monkeypatch.setattr(collection, "load", lambda folder: Collected(tests=[TestOutcome(QUEUES, "", "", 1)]))
    monkeypatch.setattr(collection, "_collect", lambda plan, tests, *others: left.append(tests))
    plan = Plan("quick", 1, [QUEUES.partition("::")[0]], [QUEUES], str(tmp_path), design_digest())
    replace(plan, code=code_digest()).save(tmp_path / PLAN)
    (tmp_path / UNFINISHED).write_text('{"spent_s": 5, "since": 0}', encoding="utf-8")
    done = json.dumps({"done": QUEUES}) + "\n"
    (tmp_path / "part0.jsonl").write_text(done, encoding="utf-8")
    run("quick", 1, 1, [QUEUES], folder=tmp_path)
    assert left == [[]]
    if change == "finished":
        finish(tmp_path)
    elif change == "code":
        monkeypatch.setattr(collection, "code_digest", lambda: "other")
    run("quick", 1 + (change == "seed"), 1, [QUEUES], folder=tmp_path)
    assert left == [[], [QUEUES]]
    assert not list(tmp_path.glob("part*.jsonl"))


def test_a_test_that_does_not_exist_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        CoverageRunError, match=r"1 tests did not run, such as tb/mem/test_mem\.py::test_none"
    ):
        collect(tmp_path, monkeypatch, 1, "tb/mem/test_mem.py::test_none")


def test_a_run_shows_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(collection, "PERIOD_S", 0.01)
    run("quick", 1, 1, [QUEUES], told.append, tmp_path, longest_s=0.001)
    assert told[1] == "coverage: 0 of 1 tests done after 0 min"


def test_progress_counts_what_is_done_and_names_what_failed(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "part0.jsonl").write_text(
        '{"test": "a", "outcome": "failed"}\n{"done": "a"}\n', encoding="utf-8"
    )
    progress = Progress(tmp_path, 3, told.append)
    with (tmp_path / "part1.jsonl").open("w", encoding="utf-8") as part:
        part.write(
            '{"point": []}\n{"test": "b[1]", "outcome": "passed"}\n{"test": "b[2]", "outcome": "hung"}\n'
        )
        part.write('{"done"')
        part.flush()
        progress.show()
        part.write(': "b"}\n')
        part.flush()
        progress.show()
    assert told == [
        "coverage: failed b[2]",
        "coverage: 1 of 3 tests done after 0 min",
        "coverage: 2 of 3 tests done after 0 min",
    ]


def test_a_test_that_hangs_is_killed(tmp_path: Path) -> None:
    found = run("quick", 1, 1, [QUEUES], tell=lambda line: None, folder=tmp_path, longest_s=0.001)
    assert {one.outcome for one in found.tests} == {"hung"}
    assert "killed after 0.001 s" in found.tests[0].text
    assert not found.hit


ENDED: Event = {"kind": "end", "outcome": "passed", "text": "", "seconds": 1.5, "bins": ["met"]}
PLACE = "\x01f\x02rtl/pe/pe.sv\x01l\x021\x01n\x021"
COUNTED = f"{HEADER}\nC '{PLACE}\x01t\x02toggle\x01page\x02v_toggle/pe\x01o\x02a:0->1\x01h\x02TOP.pe' 3\n"


def collector_of(
    suite: str,
    folder: Path,
    left: str,
    monkeypatch: pytest.MonkeyPatch,
    told: Sequence[Event] = (ENDED, {"kind": worker.WRITTEN}),
) -> worker.Collector:
    """Return a collector whose cases tell this, and leave a coverage file."""

    def passing(work: object, deadline: object) -> Iterator[Event]:
        (folder / "files0" / "library0.dat").write_text(left, encoding="utf-8")
        yield from told

    monkeypatch.setattr(worker, "replace_verilate", lambda *builders: None)
    monkeypatch.setattr(worker, "events", passing)
    (folder / "files0").mkdir()
    return worker.Collector(Plan(suite, 1, [], [], str(folder)), 0)


def test_what_a_bench_counts_for_itself_is_of_no_other_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """A bench that reads covers of its own has lines and covers counted in any build."""
    names = {"line": "block", "branch": "if", "user": "cov_any", "toggle": "a:0->1", "expr": "(a==0) => 0"}
    records = "".join(
        f"C '{PLACE}\x01t\x02{kind}\x01page\x02v_{kind}/pe\x01o\x02{name}\x01h\x02TOP.pe' 3\n"
        for kind, name in names.items()
    )
    found = collector_of("nightly", tmp_path, f"{HEADER}\n{records}", monkeypatch)._run([request.node])
    assert found[-1]["outcome"] == "passed"
    assert {record["point"][4] for record in found[:-1]} == {Kind.TOGGLE, Kind.EXPRESSION}


def test_coverage_that_cannot_be_read_fails_its_test_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    left = f"{HEADER}\ncut short"
    (record,) = collector_of("quick", tmp_path, left, monkeypatch)._run([request.node])
    assert (record["outcome"], record["hits"], record["bins"]) == (worker.DAMAGED, [], [])
    assert "library0.dat:2: cut short" in record["text"]


FAILED: Event = {**ENDED, "outcome": "failed", "text": "wrong", "bins": []}
GONE, WRITTEN = {"kind": CRASHED}, {"kind": worker.WRITTEN}


@pytest.mark.parametrize(
    ("told", "outcomes", "counted"),
    [
        ([ENDED, ENDED, WRITTEN], ["passed", "passed"], True),
        ([ENDED, FAILED, WRITTEN], ["passed", "failed"], False),
        ([FAILED, ENDED, WRITTEN], ["failed", "passed"], False),
        ([ENDED, GONE], ["passed", "crashed"], False),
        ([GONE], ["crashed", "not run"], False),
        ([{"kind": HUNG}], ["hung", "not run"], False),
        ([ENDED, ENDED, GONE], ["passed", "crashed"], False),
        ([ENDED, {"kind": HUNG}], ["passed", "hung"], False),
    ],
)
def test_what_cases_in_one_fork_covered_counts_if_all_passed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    told: list[Event],
    outcomes: list[str],
    counted: bool,
) -> None:
    collector = collector_of("nightly", tmp_path, COUNTED, monkeypatch, told)
    *points, first, last = collector._run([request.node] * 2)
    assert [first["outcome"], last["outcome"]] == outcomes
    assert [first["bins"], last["bins"]] == [["met"] if one == "passed" else [] for one in outcomes]
    assert (first["test"], first["others"]) == (request.node.nodeid, [])
    assert last["others"] == ([0] if counted else [])
    assert len(points) == counted


def test_what_a_case_that_failed_met_is_not_the_next_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Though they share a process, in which bins are counted on."""
    met: list[str] = []
    told: list[Event] = []
    cases = iter([("first", SimpleNamespace(outcome="failed", longreprtext="wrong")), ("second", None)])

    def run_case(item: pytest.Item) -> object:
        name, failed = next(cases)
        met.append(name)
        return failed

    def take() -> dict[str, int]:
        taken = dict.fromkeys(met, 1)
        met.clear()
        return taken

    collector = collector_of("nightly", tmp_path, COUNTED, monkeypatch)
    monkeypatch.setattr(collector._reports, "run", run_case)
    monkeypatch.setattr(bins, "take", take)
    monkeypatch.setattr(bins, "collect", lambda: None)
    monkeypatch.setenv(COVERAGE_FOLDER, "")  # what the cases set is put back
    collector._work([request.node] * 2)(told.append)
    assert [(one["outcome"], one["bins"]) for one in told[:2]] == [("failed", []), ("passed", ["second"])]


def test_what_else_a_worker_ran_does_not_show(tmp_path: Path) -> None:
    """The same test, on a worker that has met the points before in another order."""
    points = [Point("pe", "rtl/pe/pe.sv", line, 1, Kind.LINE, "block") for line in (1, 2)]
    found = []
    for number, order in enumerate((points, points[::-1])):
        folder = tmp_path / str(number)
        folder.mkdir()
        test = {
            "test": "a",
            "outcome": "passed",
            "text": "",
            "seconds": 1,
            "hits": [0, 1],
            "others": [],
            "bins": [],
        }
        records = [*({"point": list(asdict(point).values())} for point in order), test, {"done": "a"}]
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (folder / "part0.jsonl").write_text(lines, encoding="utf-8")
        found.append(load(folder))
    assert found[0] == found[1]
    assert found[0].by_test == {"a": points}


def test_two_runs_in_one_folder_are_refused(tmp_path: Path) -> None:
    other = pytest.raises(CoverageRunError, match="another coverage run is under way")
    with alone(tmp_path / "lock", AssertionError()), other:
        run("quick", 1, 1, [QUEUES], folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


POINT = ["pe", "rtl/pe/pe.sv", 1, 1, "line", "block", "1-2"]
CASE = {"test": "a", "outcome": "passed", "text": "", "seconds": 1, "hits": [0], "others": [0], "bins": []}


def part_of(point: object = POINT, done: str = '{"done": "a"}', **case: object) -> str:
    """Return what a worker leaves of one test, with other fields."""
    return f"{json.dumps({'point': point})}\n{json.dumps(CASE | case)}\n{done}\n"


DAMAGE = {
    "nothing there": (None, "holds no coverage of tests"),
    "cut short": (json.dumps(CASE | {"hits": [], "others": []}) + "\n", "cut"),
    "damaged": ('{"test"\n', r"part0\.jsonl:1: is damaged"),
    "no record": ("[1]\n", r"part0\.jsonl:1: is damaged"),
    "a record of nothing": ("{}\n", r"part0\.jsonl:1: is damaged"),
    "a record without fields": ('{"test": "a"}\n', r"part0\.jsonl:1: is damaged"),
    "no text": (b'{"done": "\xff"}\n', r"part0\.jsonl: is damaged"),
    "a short point": (part_of(POINT[:6]), r"part0\.jsonl:1: is damaged"),
    "a point of no kind": (part_of([*POINT[:4], "lime", *POINT[5:]]), r"part0\.jsonl:1: is damaged"),
    "a point without a line": (part_of([*POINT[:2], "1", *POINT[3:]]), r"part0\.jsonl:1: is damaged"),
    "a point of lines that are none": (part_of([*POINT[:6], "1-x"]), r"part0\.jsonl:1: is damaged"),
    "a hit of an unknown point": (part_of(hits=[1]), r"part0\.jsonl:2: is damaged"),
    "a hit below the first point": (part_of(hits=[-1]), r"part0\.jsonl:2: is damaged"),
    "another hit of an unknown point": (part_of(others=[1]), r"part0\.jsonl:2: is damaged"),
    "seconds that are none": (part_of(seconds="1"), r"part0\.jsonl:2: is damaged"),
    "bins that are none": (part_of(bins=[7]), r"part0\.jsonl:2: is damaged"),
    "a damaged end of a test": (part_of(done='{"done": "a"'), r"part0\.jsonl:3: is damaged"),
    "an end of no test": (part_of(done='{"done": ["a"]}'), r"part0\.jsonl:3: is damaged"),
}


def leave(folder: Path, text: str | bytes) -> None:
    """Leave what a worker left, damaged or not."""
    (folder / "part0.jsonl").write_bytes(text if isinstance(text, bytes) else text.encode())


def test_a_whole_collection_is_read(tmp_path: Path) -> None:
    """The one that each damage is one change of."""
    leave(tmp_path, part_of())
    assert load(tmp_path).by_test == {"a": [Point("pe", "rtl/pe/pe.sv", 1, 1, Kind.LINE, "block", "1-2")]}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_collection_is_named(tmp_path: Path, how: str) -> None:
    text, message = DAMAGE[how]
    if text is not None:
        leave(tmp_path, text)
    with pytest.raises(CoverageRunError, match=message) as caught:
        load(tmp_path)
    assert ("damaged" in message) == ("; run ./run coverage --fresh" in str(caught.value))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"tests": 5}'])
def test_a_damaged_plan_of_a_collection_is_named(tmp_path: Path, text: str) -> None:
    leave(tmp_path, part_of())
    (tmp_path / PLAN).write_text(text, encoding="utf-8")
    with pytest.raises(CoverageRunError, match=r"plan\.json: is damaged; run \./run coverage --fresh"):
        load(tmp_path)


def interrupted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """Leave a run that can go on after its only test; return a list of what then is left to do."""
    left: list[Sequence[str]] = []
    monkeypatch.setattr(collection, "_collect", lambda plan, tests, *others: left.append(tests))
    plan = Plan("quick", 1, [QUEUES.partition("::")[0]], [QUEUES], str(folder), design_digest())
    replace(plan, code=code_digest()).save(folder / PLAN)
    (folder / UNFINISHED).write_text('{"spent_s": 5, "since": 0}', encoding="utf-8")
    (folder / "part0.jsonl").write_text(
        part_of(done=json.dumps({"done": QUEUES}), test=QUEUES), encoding="utf-8"
    )
    return left


def test_what_was_interrupted_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time from its end until it goes on is nobody's."""
    left = interrupted(tmp_path, monkeypatch)
    with (tmp_path / "part0.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"test": "cut')
    os.utime(tmp_path / "part0.jsonl", (100, 100))
    collected = run("quick", 1, 1, [QUEUES], folder=tmp_path)
    assert left == [[]]
    assert 105 <= collected.wall_s < 1000, "5 s before and 100 s of the run that was interrupted"


@pytest.mark.parametrize("how", [how for how in DAMAGE if "damaged" in DAMAGE[how][1]])
def test_a_run_does_not_go_on_with_what_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """What stands after the last test that was done is none of its business."""
    left = interrupted(tmp_path, monkeypatch)
    text, message = DAMAGE[how]
    assert text is not None
    whole = text if isinstance(text, bytes) else text.encode()
    leave(tmp_path, whole + json.dumps({"done": QUEUES}).encode() + b"\n")
    with pytest.raises(CoverageRunError, match=message):
        run("quick", 1, 1, [QUEUES], folder=tmp_path)
    assert not left


NO_HINTS = ["{", "[1]", "{}", '{"spent_s": "5", "since": 0}', '{"spent_s": 5}', '"5"', "null"]


@pytest.mark.parametrize("text", NO_HINTS)
def test_a_damaged_note_of_an_interruption_is_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    left = interrupted(tmp_path, monkeypatch)
    (tmp_path / UNFINISHED).write_text(text, encoding="utf-8")
    monkeypatch.setattr(collection, "load", lambda folder: Collected(tests=[TestOutcome(QUEUES, "", "", 1)]))
    run("quick", 1, 1, [QUEUES], folder=tmp_path)
    assert left == [[QUEUES]]


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": "x"}', '"5"', "null", '[["a", "b"]]'])
def test_damaged_seconds_are_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "seconds.json").write_text('{"a": 2.5}', encoding="utf-8")
    assert collection._seconds(tmp_path) == {"a": 2.5}
    (tmp_path / "seconds.json").write_text(text, encoding="utf-8")
    assert collection._seconds(tmp_path) == {}


def test_a_run_that_was_interrupted_between_two_tests_is_no_collection(tmp_path: Path) -> None:
    (tmp_path / "part0.jsonl").write_text('{"done": "a"}\n', encoding="utf-8")
    Plan("quick", 1, [], ["a"], str(tmp_path)).save(tmp_path / PLAN)
    assert load(tmp_path) == Collected()
    Plan("quick", 1, [], ["a", "b"], str(tmp_path)).save(tmp_path / PLAN)
    with pytest.raises(CoverageRunError, match="1 tests are not done, such as b"):
        load(tmp_path)


def test_benches_that_do_not_count_are_in_the_plan() -> None:
    assert {bench.name for bench in testplan.load().bench} >= NO_COVERAGE
