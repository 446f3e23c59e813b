"""A campaign's state: what makes verdicts old, what a stop leaves, and who may run at the same time."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path

import pytest

from tb.build_cache import alone
from tb.mutation import campaign
from tb.mutation.campaign import Campaign, CampaignError
from tb.mutation.mutant import Mutant, Operator
from tb.mutation.state import state_of
from tb.mutation.worker import Outcome, Plan, Verdict

MUTANTS = [Mutant("pe/pe.sv", line, line + 1, line, Operator.STUCK, "a", "b", str(line)) for line in (1, 2)]


def record(mutant: Mutant, verdict: Verdict) -> str:
    return (
        json.dumps({"mutant": mutant.key, "verdict": verdict, "test": "", "seconds": 1.0, "tests": 1}) + "\n"
    )


def made(folder: Path, workers: int = 1) -> Campaign:
    return Campaign(MUTANTS, frozenset(), folder, workers, 30.0, None)


FILES = {
    "rtl/pe/pe.sv": True,
    "tb/pe/test_pe.py": True,
    "tb/simulation.hpp": True,
    "golden/fgmp.py": True,
    "conftest.py": True,
    "tb/mutation/worker.py": True,
    "tb/mutation/tier.py": True,
    "tb/mutation/schemata.py": True,
    "tb/mutation/campaign.py": False,
    "tb/coverage/run.py": False,
    "tb/plan/found.py": False,
    "tb/pe/notes.txt": False,
}


@pytest.mark.parametrize("file", FILES)
def test_a_change_of_what_verdicts_depend_on_makes_them_old(tmp_path: Path, file: str) -> None:
    """Also in a repository whose own folder is called as one that does not matter."""
    root = tmp_path / "coverage" / "mutation"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("before", encoding="utf-8")
    before = state_of(MUTANTS, 30.0, root)
    assert state_of(MUTANTS, 30.0, root) == before
    (root / file).write_text("after", encoding="utf-8")
    assert (state_of(MUTANTS, 30.0, root) != before) == FILES[file]


def test_mutants_and_budget_are_part_of_the_state() -> None:
    assert len({state_of(MUTANTS, 30.0), state_of(MUTANTS, 20.0), state_of(MUTANTS[:1], 30.0)}) == 3


def test_a_campaign_goes_on_after_a_line_that_was_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant whose verdict was being written is judged again, the other one is not."""
    first, second = (record(mutant, Verdict.CAUGHT) for mutant in MUTANTS)
    (tmp_path / "first.jsonl").write_text(first + second[:20], encoding="utf-8")
    judged: list[str] = []

    def work(plan: Plan, path: Path) -> None:
        judged.extend(plan.built[number].key for number in plan.numbers)
        with Path(plan.out).open("a", encoding="utf-8") as out:
            out.writelines(record(plan.built[number], Verdict.SURVIVED) for number in plan.numbers)

    monkeypatch.setattr(campaign, "_work", work)
    outcomes = made(tmp_path).run()
    assert judged == [MUTANTS[1].key]
    assert [one.verdict for one in outcomes.values()] == [Verdict.CAUGHT, Verdict.SURVIVED]
    again = made(tmp_path)
    assert again.run() == outcomes
    assert len(judged) == 1
    assert len((tmp_path / "spent.jsonl").read_text().splitlines()) == 2
    assert again.wall_s > 0


def test_a_second_verdict_counts_before_the_first(tmp_path: Path) -> None:
    (tmp_path / "first.jsonl").write_text(record(MUTANTS[0], Verdict.SURVIVED), encoding="utf-8")
    (tmp_path / "second.jsonl").write_text(record(MUTANTS[0], Verdict.HUNG), encoding="utf-8")
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
    other = pytest.raises(CampaignError, match="another fault campaign is under way")
    with alone(tmp_path / "campaign" / "lock", AssertionError()), other:
        campaign.carry_out()
