"""A campaign's state: what makes verdicts old, what a stop leaves, and who may run at the same time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from tb.build_cache import alone
from tb.mutation import campaign
from tb.mutation.campaign import Campaign
from tb.mutation.draw import draw
from tb.mutation.mutant import Mutant, Operator
from tb.mutation.nearest import Nearness
from tb.mutation.operators import find_mutants
from tb.mutation.state import state_of
from tb.mutation.worker import Outcome, Plan, Verdict
from tb.mutation.workers import CampaignError, Workers
from tb.toolchain import BUILD_ROOT

MUTANTS = [Mutant("pe/pe.sv", line, line + 1, line, Operator.STUCK, "a", "b", str(line)) for line in (1, 2)]


def record(mutant: Mutant, verdict: Verdict, test: str = "") -> str:
    return (
        json.dumps({"mutant": mutant.key, "verdict": verdict, "test": test, "seconds": 1.0, "tests": 1})
        + "\n"
    )


def made(folder: Path, workers: int = 1) -> Campaign:
    return Campaign(MUTANTS, frozenset(), folder, workers, 30.0, None)


def near(*more: str) -> Nearness:
    """Two tests hit the file of the mutants, the one at the end of the alphabet most closely, and `more`."""
    tests = ["test_a", "test_z", *more]
    breadth = {test: 9 - number for number, test in enumerate(tests)}
    return Nearness({}, {"rtl/pe/pe.sv": set(tests)}, breadth, dict.fromkeys(tests, 1.0))


@dataclass
class Played:
    """Takes the place of the workers: what the tests take and find is given."""

    seconds: dict[str, float | None] = field(default_factory=dict)
    verdicts: dict[str, tuple[Verdict, str]] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)

    def __call__(self, _: Workers, plan: Plan, path: Path) -> None:
        self.plans.append(plan)
        with Path(plan.out).open("a", encoding="utf-8") as out:
            if not plan.numbers:
                for test in plan.tests:
                    print(json.dumps({"test": test, "seconds": self.seconds.get(test, 1.0)}), file=out)
            for number in plan.numbers:
                key = plan.built[number].key
                out.write(record(plan.built[number], *self.verdicts.get(key, (Verdict.SURVIVED, ""))))

    def judging(self, name: str) -> list[Plan]:
        """Plans that judge mutants into a file."""
        return [plan for plan in self.plans if plan.numbers and Path(plan.out).stem == name]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    one = Played()
    monkeypatch.setattr(Workers, "work", lambda self, plan, path: one(self, plan, path))
    return one


FILES = {
    "rtl/pe/pe.sv": True,
    "tb/pe/test_pe.py": True,
    "tb/simulation.hpp": True,
    "golden/fgmp.py": True,
    "conftest.py": True,
    "tb/mutation/worker.py": True,
    "tb/mutation/tier.py": True,
    "tb/mutation/schemata.py": True,
    "tb/mutation/budget.py": True,
    "tb/mutation/whole_suite.py": True,
    "regressions/operands.py": True,
    "regressions/traces/sample.safetensors": True,
    "regressions/tests/test_replays_of_sample.py": True,
    "regressions/triage/trial.py": False,
    "tb/mutation/campaign.py": False,
    "tb/coverage/run.py": False,
    "tb/plan/found.py": False,
    "tb/power/mapping.py": False,
    "tb/pe/notes.txt": False,
}


@pytest.mark.parametrize("file", FILES)
def test_a_change_of_what_verdicts_depend_on_makes_them_old(tmp_path: Path, file: str) -> None:
    """Also in a repository whose own folder is called as one that does not matter."""
    root = tmp_path / "coverage" / "mutation"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("before", encoding="utf-8")
    before = state_of(MUTANTS, 30.0, "", root)
    assert state_of(MUTANTS, 30.0, "", root) == before
    (root / file).write_text("after", encoding="utf-8")
    assert (state_of(MUTANTS, 30.0, "", root) != before) == FILES[file]


def test_mutants_budget_and_coverage_are_part_of_the_state() -> None:
    states = [
        state_of(MUTANTS, 30.0, ""),
        state_of(MUTANTS, 20.0, ""),
        state_of(MUTANTS[:1], 30.0, ""),
        state_of(MUTANTS, 30.0, near().digest),
        state_of(MUTANTS, 30.0, near("test_c").digest),
    ]
    assert len(set(states)) == len(states)


def test_a_campaign_goes_on_after_a_line_that_was_cut_short(tmp_path: Path, played: Played) -> None:
    """The mutant whose verdict was being written is judged again, the other one is not."""
    first, second = (record(mutant, Verdict.CAUGHT) for mutant in MUTANTS)
    (tmp_path / "first.jsonl").write_text(first + second[:20], encoding="utf-8")
    outcomes = made(tmp_path).run()
    (plan,) = played.judging("first")
    assert [plan.built[number].key for number in plan.numbers] == [MUTANTS[1].key]
    assert [one.verdict for one in outcomes.values()] == [Verdict.CAUGHT, Verdict.SURVIVED]
    again = made(tmp_path)
    assert again.run() == outcomes
    assert len(played.judging("first")) == 1
    assert len((tmp_path / "spent.jsonl").read_text().splitlines()) == 2
    assert again.wall_s > 0


def test_what_is_learnt_is_of_the_part_alone(
    tmp_path: Path, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is the same on any number of workers, and after a stop."""
    monkeypatch.setattr(campaign, "PART", 2)
    mutants = [Mutant("pe/pe.sv", n, n + 1, n, Operator.STUCK, "a", "b", str(n)) for n in range(4)]
    before = [record(mutants[at], Verdict.CAUGHT, f"test_{at}") for at in (0, 2)]
    (tmp_path / "first.jsonl").write_text("".join(before), encoding="utf-8")
    Campaign(mutants, frozenset(), tmp_path, 1, 30.0, None).run()
    told = {tuple(plan.numbers): plan.caught for plan in played.judging("first")}
    assert told == {(2,): [("pe/pe.sv", "test_0")], (4,): [("pe/pe.sv", "test_2")]}


def test_one_worker_and_two_judge_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real campaign of a few mutants, in parts so small that both workers have some."""
    monkeypatch.setattr(campaign, "PART", 3)
    monkeypatch.setattr(campaign, "TIERS", {"mem": ("tb/mem/test_mem.py",)})
    drawn = draw([one for one in find_mutants() if one.file.startswith("mem/")], 12, 1)
    found: list[dict[str, tuple[Verdict, str]]] = []
    with alone(BUILD_ROOT / "campaign" / "lock", CampaignError("wait for the end of the campaign")):
        for workers in (1, 2):
            judged = Campaign(drawn, frozenset(), tmp_path / str(workers), workers, 30.0, None)
            judged.folder.mkdir()
            if found:  # what tests take may differ by more than what their order bears, on a busy machine
                shutil.copy(tmp_path / "1" / "timings.jsonl", judged.folder)
            found.append({key: (one.verdict, one.test) for key, one in judged.run().items()})
    assert found[0] == found[1]
    assert found[0].keys() == {one.key for one in drawn}
    assert {verdict for verdict, _ in found[0].values()} >= {Verdict.CAUGHT}


def test_the_nearest_survivors_meet_the_whole_suite(
    tmp_path: Path, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more than may, the others are listed; after a stop it is the same ones."""
    monkeypatch.setattr(campaign, "SECOND", 1)
    far = Mutant("core/core.sv", 1, 2, 1, Operator.STUCK, "a", "b")
    unseen = Mutant("mem/ram.sv", 1, 2, 1, Operator.STUCK, "a", "b")
    close = MUTANTS[0]
    by_file = {"rtl/pe/pe.sv": {"test_a", "test_z"}, "rtl/core/core.sv": {"test_a"}}
    known = Nearness({}, by_file, {"test_a": 9, "test_z": 2}, {"test_a": 1.0, "test_z": 1.0})
    played.seconds["test_z"] = 90.0

    def run() -> Campaign:
        one = Campaign([far, close, unseen], frozenset(), tmp_path, 1, 30.0, known)
        one.run()
        return one

    first = run()
    (plan,) = played.judging("whole_suite")
    assert [plan.built[number] for number in plan.numbers] == [close]
    assert plan.nearest == {close.key: ["test_a"]}, "the nearest alone would take too long"
    assert first.not_met() == {far.key, unseen.key}
    assert first.cut() == {close.key}
    again = run()
    assert (again.not_met(), again.cut()) == ({far.key, unseen.key}, {close.key})
    assert len(played.judging("whole_suite")) == 1


def test_a_survivor_in_a_file_without_points_meets_all_of_its_room(
    tmp_path: Path, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coverage tells of no test that looks at a file of wires; its first time may have been too short."""
    monkeypatch.setattr(campaign, "TIERS", {"mem": ("tb/mem/test_mem.py",), "pe": ("tb/pe/test_pe.py",)})
    wires = Mutant("mem/ram.sv", 1, 2, 1, Operator.STUCK, "a", "b")
    known = Nearness(
        {}, {"rtl/pe/pe.sv": {"tb/pe/test_pe.py"}}, {"tb/pe/test_pe.py": 9}, {"tb/pe/test_pe.py": 1.0}
    )
    one = Campaign([MUTANTS[0], wires], frozenset(), tmp_path, 1, 30.0, known)
    one.run()
    (plan,) = played.judging("whole_suite")
    assert plan.nearest[wires.key] == ["tb/mem/test_mem.py"]
    assert one.not_met() == set()


@pytest.mark.parametrize("seen", [1.0, 200.0])
def test_no_test_is_left_out_for_what_it_took_when_coverage_was_measured(
    tmp_path: Path, played: Played, seen: float
) -> None:
    """It may have built its models then: the campaign measures it itself, and chooses alike."""
    known = replace(near(), seconds={"test_a": 1.0, "test_z": seen})
    one = Campaign(MUTANTS[:1], frozenset(), tmp_path, 1, 30.0, known)
    one.run()
    (plan,) = played.judging("whole_suite")
    assert plan.nearest == {MUTANTS[0].key: ["test_z", "test_a"]}
    assert plan.seconds["test_z"] == 1.0
    assert (one.not_met(), one.cut()) == (set(), set())


@pytest.mark.parametrize("seen", [1.0, 200.0])
def test_a_survivor_whose_tests_all_take_too_long_is_listed(
    tmp_path: Path, played: Played, seen: float
) -> None:
    """Even if coverage saw them fast; it has met no test beside those of its room."""
    played.seconds = {"test_a": 200.0, "test_z": 129.0}
    known = replace(near(), seconds=dict.fromkeys(("test_a", "test_z"), seen))
    one = Campaign(MUTANTS[:1], frozenset(), tmp_path, 1, 30.0, known)
    one.run()
    assert not played.judging("whole_suite")
    assert (one.not_met(), one.cut()) == ({MUTANTS[0].key}, set())


def test_a_survivor_that_is_seen_under_cocotb_alone_is_not_listed(tmp_path: Path, played: Played) -> None:
    """No test that could run has been kept from it."""
    played.seconds = {"test_a": None, "test_z": None}
    one = Campaign(MUTANTS[:1], frozenset(), tmp_path, 1, 30.0, near())
    one.run()
    assert not played.judging("whole_suite")
    assert (one.not_met(), one.cut()) == (set(), set())


DAMAGE = {
    "no JSON": ("first", '{"mutant"'),
    "no object": ("first", "[1]"),
    "no fields": ("whole_suite", "{}"),
    "no such verdict": ("first", record(MUTANTS[0], Verdict.CAUGHT).replace("caught", "lost").strip()),
    "no such mutant": ("whole_suite", record(MUTANTS[0], Verdict.CAUGHT).replace("pe.sv", "x").strip()),
    "a test that is none": ("challenged", '{"mutant": "a", "verdict": "caught", "test": 1}'),
    "no test": ("timings", '{"seconds": 1.0}'),
    "no time": ("timings", '{"test": "a", "seconds": "1"}'),
    "no seconds": ("spent", "{}"),
    "seconds that are none": ("spent", '{"seconds": null}'),
    "seconds that are no number": ("spent", '{"seconds": NaN}'),
    "more seconds than there are": ("spent", f'{{"seconds": 1{"0" * 400}}}'),
    "nested too deeply": ("spent", "[" * 100_000),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_of_a_campaign_is_named_before_any_test_runs(
    tmp_path: Path, played: Played, how: str
) -> None:
    name, line = DAMAGE[how]
    path = tmp_path / f"{name}.jsonl"
    path.write_text(f"{line}\n", encoding="utf-8")
    one = Campaign(MUTANTS, frozenset(), tmp_path, 1, 30.0, near())
    with pytest.raises(CampaignError, match=rf"{name}\.jsonl:1: is damaged .*; delete it"):
        one.run()
    assert not played.plans
    assert path.read_text(encoding="utf-8") == f"{line}\n"


def test_tests_of_a_design_without_mutants_are_left_out(tmp_path: Path, played: Played) -> None:
    """They take no time from the others either."""
    played.seconds["test_z"] = None
    known = near()
    assert known.tests(MUTANTS[0])[0] == "test_z"
    Campaign(MUTANTS[:1], frozenset(), tmp_path, 1, 30.0, known).run()
    (plan,) = played.judging("whole_suite")
    assert (plan.nearest, plan.tests) == ({MUTANTS[0].key: ["test_a"]}, ["test_a"])


def test_without_coverage_no_survivor_meets_more(tmp_path: Path, played: Played) -> None:
    one = made(tmp_path)
    one.run()
    assert not played.judging("whole_suite")
    assert one.not_met() == {mutant.key for mutant in MUTANTS}


def test_what_is_called_no_fault_is_run_only_if_challenged(tmp_path: Path, played: Played) -> None:
    called = [one.key for one in MUTANTS]
    played.verdicts[called[0]] = (Verdict.CAUGHT, "test_a")
    assert Campaign(MUTANTS, set(called), tmp_path, 1, 30.0, None).run() == {}
    assert not played.judging("challenged")
    undrawn = replace(MUTANTS[0], file="pe/undrawn.sv")
    played.verdicts[undrawn.key] = (Verdict.CAUGHT, "test_b")
    known = {*called, undrawn.key}
    one = Campaign(MUTANTS, known, tmp_path, 1, 30.0, None, challenge=True, undrawn=[undrawn])
    assert one.run() == {}
    assert {(one, told.test) for one, told in one.refuted()} == {(MUTANTS[0], "test_a"), (undrawn, "test_b")}
    assert {plan.budget_s for plan in played.judging("challenged")} == {campaign.CHALLENGE_S}


def test_a_challenge_of_a_finished_campaign_builds_its_models(tmp_path: Path, played: Played) -> None:
    """They hold mutants that were not drawn; what tests take is not measured again."""
    Campaign(MUTANTS, frozenset(), tmp_path, 1, 30.0, None).run()
    built = [plan for plan in played.plans if not plan.numbers]
    assert len({plan.out for plan in built}) == 1
    times = (tmp_path / "timings.jsonl").read_bytes()
    no_fault = replace(MUTANTS[0], around="another line")

    def challenge() -> list[Plan]:
        before = len(played.plans)
        Campaign(MUTANTS, {no_fault.key}, tmp_path, 1, 30.0, None, challenge=True, undrawn=[no_fault]).run()
        return played.plans[before:]

    *building, judging = challenge()
    assert {test for plan in building for test in plan.tests} == {
        test for plan in built for test in plan.tests
    }
    assert all(no_fault in plan.built.values() and not plan.numbers for plan in building)
    assert [judging.built[number] for number in judging.numbers] == [no_fault]
    assert (tmp_path / "timings.jsonl").read_bytes() == times
    assert challenge() == []


def test_only_the_last_campaigns_are_kept(tmp_path: Path) -> None:
    for age, name in enumerate(["this", "newest", "newer", "old", "older"]):
        (tmp_path / name).mkdir()
        (tmp_path / name / "first.jsonl").touch()
        for path in (tmp_path / name / "first.jsonl", tmp_path / name):
            os.utime(path, (1000 - age, 1000 - age))
    os.utime(tmp_path / "old" / "first.jsonl", (2000, 2000))
    (tmp_path / "lock").touch()
    campaign.forget_old(tmp_path / "this")
    assert {path.name for path in tmp_path.iterdir()} == {"this", "newest", "old", "lock"}


PLAN = Plan([], {}, [], "", {}, [])


@pytest.mark.parametrize("tests", [[], ["tb/pe/test_pe.py"]])
def test_a_plan_whose_tests_are_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tests: list[str]
) -> None:
    """Its mutants would have no verdict."""
    status = [sys.executable, "-c", f"raise SystemExit({int(pytest.ExitCode.NO_TESTS_COLLECTED)})"]
    start = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda _, **more: start(status, **more))
    if tests:
        with pytest.raises(CampaignError, match="a worker of the campaign failed"):
            Workers().work(replace(PLAN, tests=tests), tmp_path / "plan.json")
    else:
        Workers().work(PLAN, tmp_path / "plan.json")


def test_an_interrupt_ends_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them, here a sleeper, does not keep the campaign from its end; and no other one begins."""
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    start = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda _, **more: start(sleeper, **more))
    begin = time.monotonic()
    one = made(tmp_path, workers=2)

    def interrupt() -> None:
        while not one._workers._running:
            time.sleep(0.01)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one._all([interrupt, partial(one._work, "sleeper", PLAN)])
    assert time.monotonic() - begin < 30
    with pytest.raises(CampaignError, match="interrupted"):
        one._work("another", PLAN)


def test_a_second_verdict_counts_before_the_first(tmp_path: Path) -> None:
    (tmp_path / "first.jsonl").write_text(record(MUTANTS[0], Verdict.SURVIVED), encoding="utf-8")
    (tmp_path / "whole_suite.jsonl").write_text(record(MUTANTS[0], Verdict.HUNG), encoding="utf-8")
    assert made(tmp_path).outcomes() == {MUTANTS[0].key: Outcome(MUTANTS[0].key, Verdict.HUNG, "", 1.0, 1)}


@pytest.mark.parametrize("error", [KeyboardInterrupt, CampaignError])
def test_after_an_interrupt_nothing_more_begins(tmp_path: Path, error: type[BaseException]) -> None:
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise error
        time.sleep(0.2)

    with pytest.raises(error):
        made(tmp_path)._all([partial(work, number) for number in range(4)])
    assert (len(begun) == 4) == (error is CampaignError)


def test_two_campaigns_at_a_time_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "BUILD_ROOT", tmp_path)
    monkeypatch.setattr(campaign, "find_mutants", lambda: MUTANTS)
    monkeypatch.setattr(campaign, "load", list)
    other = pytest.raises(CampaignError, match="another fault campaign is under way")
    with alone(tmp_path / "campaign" / "lock", AssertionError()), other:
        campaign.carry_out()
