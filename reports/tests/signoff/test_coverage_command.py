"""`./run coverage`: exit status, documents and what it prints, on made-up collections."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reports.gate.documents import read_coverage
from reports.history.database import load_runs
from reports.signoff import coverage, report
from reports.signoff.measured import Record
from reports.tests.signoff import made_up
from reports.tests.signoff.made_up import CASES, ELSE, EXCLUSION, MORE, RTL, SUMS
from tb.coverage.exclusions import Exclusion
from tb.coverage.points import Kind, Point
from tb.coverage.run import UNFINISHED, Collected, CoverageRunError
from tb.plan import found, testplan

CHOSEN = [MORE, SUMS]
LATER_KINDS = (Kind.EXPRESSION, Kind.TOGGLE)
ENOUGH = [Point("pe", RTL, 42, at, Kind.BRANCH, "if") for at in range(100)]
"""With these, one branch may be excluded."""


class Bench:
    """Stands for the coverage run: `run` is what the tests cover, `ran` what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.run = made_up.collected(points=[*made_up.POINTS, *ENOUGH])
        self.exclusions: list[Exclusion] = []
        self.uncounted: list[str] = []
        self.plan_problems: list[str] = []
        self.ran: list[tuple[str, int, int, list[str]]] = []
        self.went_on: list[bool] = []
        self.fails = False
        self.out = folder / "out"

    def __call__(
        self,
        suite: str,
        seed: int,
        workers: int,
        tests: list[str],
        tell: Callable[[str], None],
        folder: Path,
    ) -> Collected:
        self.ran.append((suite, seed, workers, tests))
        folder.mkdir(parents=True, exist_ok=True)
        self.went_on.append((folder / UNFINISHED).exists())
        (folder / UNFINISHED).touch()
        night = suite == "nightly"
        if night and self.fails:
            raise CoverageRunError("a worker was killed")
        points = [one for one in self.run.points if (one.kind in LATER_KINDS) == night]
        return replace(self.run, points=points, hit=self.run.hit & set(points))

    def main(self, *words: str) -> int:
        """Run the command line."""
        return coverage.main([*words, "--out", str(self.out)])

    @property
    def document(self) -> Path:
        """Where the document lies."""
        return self.out / "coverage" / "coverage.json"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Put a made-up plan, bench and exclusions in the place of the project's."""
    made = Bench(tmp_path)
    monkeypatch.setattr(coverage, "run", made)
    monkeypatch.setattr(coverage, "chosen_tests", lambda: CHOSEN)
    monkeypatch.setattr(coverage, "folder_of", lambda suite, whole=True: tmp_path / f"{suite}-{whole}")
    monkeypatch.setattr(report, "load", lambda: made.exclusions)
    monkeypatch.setattr(report, "uncounted", lambda points: made.uncounted)
    monkeypatch.setattr(testplan, "load", lambda: made_up.PLAN)
    monkeypatch.setattr(testplan, "problems", lambda plan, found: made.plan_problems)
    monkeypatch.setattr(found, "find", lambda: made_up.FOUND)
    return made


def test_a_function_that_no_test_builds_is_a_problem(bench: Bench) -> None:
    bench.uncounted = ["rtl/pe/new.sv:7"]
    assert bench.main() == 1
    assert read_coverage(bench.document).problems == [
        "rtl/pe/new.sv:7: nothing of it is counted; let a test build a model with it"
    ]


def test_a_test_beside_the_plan_is_a_problem(bench: Bench) -> None:
    bench.plan_problems = ["tb/pe/test_pe.py::test_new: is in no feature"]
    assert bench.main() == 1
    assert read_coverage(bench.document).problems == bench.plan_problems


def test_all_is_well(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main("--seed", "7", "--workers", "3") == 0
    assert bench.ran == [("quick", 7, 3, CHOSEN)]
    document = read_coverage(bench.document)
    assert (document.suite, document.seed, document.rerun) == ("quick", 7, "./run coverage --seed 7")
    assert list(document.kinds) == ["assertion", "branch", "line", "user"]
    assert document.tests.passed == 3
    assert set(document.tools) >= {"verilator", "python"}
    told = capsys.readouterr().out
    assert "line                1        1         0  100.00 %   98 %" in told.replace("\u202f", " ")
    assert "PASS: 3 of 3 test cases passed" in told
    assert told.rstrip().endswith("coverage/index.html")
    assert (bench.out / "history.sqlite").exists()
    assert (bench.out / "coverage" / "source" / "rtl-pe-pe.sv.html").exists()


def test_the_night_merges_both_suites(bench: Bench) -> None:
    assert bench.main("--nightly") == 0
    assert [suite for suite, *_ in bench.ran] == ["quick", "nightly"]
    document = read_coverage(bench.document)
    assert document.suite == "nightly"
    assert document.kinds["toggle"].hit == 8
    assert document.kinds["expression"].total == 1
    assert document.rerun == "./run coverage --nightly --seed 1"


def test_no_worker_costs_nothing(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """What the last run collected stays: a new one would begin by deleting it."""
    with pytest.raises(SystemExit) as ended:
        bench.main("--workers", "0")
    assert ended.value.code == 2
    assert "argument --workers: 0 is not a positive whole number" in capsys.readouterr().err
    assert bench.ran == []


def test_a_run_without_history(bench: Bench) -> None:
    assert bench.main("--no-history") == 0
    assert not (bench.out / "history.sqlite").exists()


def test_a_history_that_cannot_be_appended_to(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.out.mkdir()
    (bench.out / "history.sqlite").write_text("no database", encoding="utf-8")
    assert bench.main() == coverage.NOT_IN_HISTORY
    told = capsys.readouterr()
    assert "error: history: " in told.err
    assert "./run history --add" in told.err
    assert bench.document.exists()


def fail_a_case(bench: Bench) -> None:
    bench.run = made_up.failing(bench.run, CASES[0])


def miss_a_line(bench: Bench) -> None:
    bench.run = made_up.without(bench.run, made_up.LINE)


def miss_a_coverpoint(bench: Bench) -> None:
    bench.run = made_up.without(bench.run, made_up.COVER)


def expire(bench: Bench) -> None:
    bench.run = made_up.without(bench.run, ELSE)
    bench.exclusions = [replace(EXCLUSION, expires=made_up.TODAY.replace(year=2020))]


def go_stale(bench: Bench) -> None:
    bench.exclusions = [EXCLUSION]


def lose_a_test(bench: Bench) -> None:
    bench.run = made_up.without_cases(bench.run, CASES[2])


@pytest.mark.parametrize(
    ("change", "words", "targets"),
    [
        (fail_a_case, "broken: tests pass: 2 of 3", ["functional coverage"]),
        (miss_a_line, f"{RTL}:24: line pe.block", ["line coverage"]),
        (miss_a_coverpoint, "coverpoints missed\n  pe.cov_fp8", ["functional coverage"]),
        (expire, "expires: was 2020-01-01", []),
        (go_stale, "tests hit all of it", []),
        (lose_a_test, "broken: the plan was run: 1 of 2", ["the plan was run"]),
    ],
)
def test_what_fails_the_run(
    bench: Bench,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Bench], None],
    words: str,
    targets: list[str],
) -> None:
    change(bench)
    assert bench.main() == coverage.MISSES
    told = capsys.readouterr().out
    assert words in told
    assert "FAIL: " in told
    unmet = read_coverage(bench.document).unmet
    assert [one.partition(":")[0] for one in unmet] == targets, "what the gate fails for"
    (stored,) = load_runs(bench.out / "history.sqlite")
    assert stored.run.verdict == "fail", "also where only a target was missed"


def test_an_exclusion_that_is_needed(bench: Bench) -> None:
    bench.run = made_up.without(bench.run, ELSE)
    bench.exclusions = [replace(EXCLUSION, expires=made_up.TODAY.replace(year=9999))]
    assert bench.main() == 0
    assert read_coverage(bench.document).kinds["branch"].excluded == 1


@pytest.mark.parametrize(
    ("digest", "words"),
    [
        ("design_digest", "the design changed while the tests ran"),
        ("code_digest", "the tests, or what they depend on, changed while they ran"),
    ],
)
def test_a_change_meanwhile(bench: Bench, monkeypatch: pytest.MonkeyPatch, digest: str, words: str) -> None:
    monkeypatch.setattr(report, digest, lambda: "another")
    assert bench.main() == coverage.MISSES
    (problem,) = read_coverage(bench.document).problems
    assert words in problem


def test_a_part_of_the_tests_leaves_no_document(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    miss_a_line(bench)
    go_stale(bench)
    bench.main()
    whole = bench.document.read_bytes()
    assert bench.main("--tests", MORE) == 0
    assert bench.ran[-1][-1] == [MORE]
    assert bench.document.read_bytes() == whole
    part = bench.out / "coverage-part"
    assert (part / "index.html").exists()
    assert not list(part.rglob("*.json"))
    assert "no target is judged, and no coverage.json is written" in capsys.readouterr().out


def test_a_part_of_the_tests_that_fails(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    fail_a_case(bench)
    assert bench.main("--tests", "tb/pe/test_pe.py::test_sums[a]") == coverage.MISSES
    assert f"{CASES[0]}: failed" in capsys.readouterr().out


def test_tests_are_named_as_pytest_does() -> None:
    chosen = ["tb/pe/test_pe.py::test_a", "tb/pe/test_pe.py::test_ab", "tb/pet/test_x.py::test_a"]
    assert coverage.named_tests(["./tb/pe/"], chosen) == chosen[:2]
    assert coverage.named_tests(["tb/pe/test_pe.py"], chosen) == chosen[:2]
    assert coverage.named_tests(["tb/pe/test_pe.py::test_a[x]", "tb/pet"], chosen) == [chosen[0], chosen[2]]
    with pytest.raises(coverage.UsageError, match=r"--tests tb/p: no test .* name a folder"):
        coverage.named_tests(["tb/pe", "tb/p"], chosen)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--tests", "tb/nothing"), "--tests tb/nothing: no test"),
        (("--reuse", "--seed", "1"), "--reuse: shows the last run again"),
        (("--reuse", "--tests", MORE), "--reuse: shows the last run again"),
        (("--reuse",), "holds no finished coverage run"),
    ],
)
def test_what_cannot_be_measured(
    bench: Bench, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert bench.main(*words) == coverage.NOTHING_RUN
    assert message in capsys.readouterr().err
    assert not bench.out.exists()


def test_a_run_that_breaks_off(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*words: object) -> Collected:
        raise CoverageRunError("a worker failed")

    monkeypatch.setattr(coverage, "run", refuse)
    assert bench.main() == coverage.NOTHING_RUN
    assert capsys.readouterr().err == "error: a worker failed\n"

    def interrupt(*words: object) -> Collected:
        raise KeyboardInterrupt

    monkeypatch.setattr(coverage, "run", interrupt)
    assert bench.main() == coverage.INTERRUPTED


def test_the_last_run_is_reported_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def last(tests: frozenset[str]) -> Callable[[Path], tuple[Record, Collected, frozenset[str]]]:
        return lambda folder: (made_up.record(seed=5), bench.run, tests)

    monkeypatch.setattr(coverage, "reread", last(frozenset(CHOSEN)))
    assert bench.main("--reuse") == 0
    assert bench.ran == []
    document = json.loads(bench.document.read_text(encoding="utf-8"))
    assert (document["seed"], document["git"]) == (5, made_up.record().git)
    assert not (bench.out / "history.sqlite").exists(), "no second run"
    bench.document.unlink()
    monkeypatch.setattr(coverage, "reread", last(frozenset([SUMS])))
    assert bench.main("--reuse") == 0
    assert not bench.document.exists()


def test_all_suites_are_gone_on_with_until_all_are_there(bench: Bench) -> None:
    bench.fails = True
    assert bench.main("--nightly") == 2
    bench.fails = False
    bench.main("--nightly")
    assert bench.went_on == [False, False, True, True]
    bench.went_on.clear()
    bench.main("--nightly")
    assert bench.went_on == [False, False]


def test_an_interrupted_run_is_forgotten_when_asked(bench: Bench) -> None:
    bench.fails = True
    assert bench.main("--nightly") == 2
    bench.main("--nightly", "--fresh")
    assert bench.went_on == [False, False, False, False]
