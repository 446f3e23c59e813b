"""The fault campaign (`./run faults`, whose command line is `reports.signoff.campaign`).

Draws mutants of every hand-written module, lets workers run each room's tests against them, and says which
survive. Verdicts are kept as they come, so that a campaign that is stopped goes on where it was.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from golden.seeds import DEFAULT_MASTER_SEED
from tb.build_cache import alone, write_whole
from tb.mutation.draw import draw
from tb.mutation.equivalents import load, reasons
from tb.mutation.mutant import Mutant
from tb.mutation.nearest import Nearness, last
from tb.mutation.operators import find_mutants
from tb.mutation.state import state_of
from tb.mutation.tier import TIERS, room_of
from tb.mutation.worker import BUDGET_S, Outcome, Plan, Verdict
from tb.toolchain import BUILD_ROOT, REPO_ROOT

MUTANTS = 1200
"""Mutants that a campaign draws."""
WORKERS = 2
PART = 60
"""Mutants of a worker at most: what it learns of which tests catch is worth more than an even load."""
SECOND = 50
"""Survivors of the first tests that meet the whole suite."""
SECOND_BUDGET_S = 100.0
"""Seconds that the whole suite may take for one of them, the nearest tests first."""
SHOWN_TESTS = 2


class CampaignError(RuntimeError):
    """The campaign could not be carried out."""


@dataclass(frozen=True)
class Result:
    """A campaign's mutants with their outcomes.

    Attributes
    ----------
    mutants : dict
        All that were drawn, by key.
    outcomes : dict
        Of those that were run.
    equivalent : dict
        Why the others are no faults.
    nearest : dict
        Tests that look at each survivor, the closest first.
    changed : bool
        Whether the design or the tests changed meanwhile, so that verdicts do not belong together.
    wall_s : float
        Seconds that it took, those before a stop included.
    """

    mutants: Mapping[str, Mutant]
    outcomes: Mapping[str, Outcome]
    equivalent: Mapping[str, str] = field(default_factory=dict)
    nearest: Mapping[str, list[str]] = field(default_factory=dict)
    changed: bool = False
    wall_s: float = 0.0

    @property
    def survivors(self) -> list[Mutant]:
        """Mutants that no test caught."""
        return [self.mutants[key] for key, one in self.outcomes.items() if one.verdict is Verdict.SURVIVED]

    @property
    def score(self) -> float:
        """Share of the mutants that are faults which were caught."""
        return 1 - len(self.survivors) / max(len(self.outcomes), 1)


@dataclass
class Campaign:
    """A campaign that is under way.

    Attributes
    ----------
    mutants : sequence of Mutant
        Those that were drawn; each model holds them all.
    no_faults : set of str
        Keys of those that need no verdict.
    folder : Path
        Where verdicts and timings are kept; a mutant with a verdict is not run again.
    workers : int
        At a time.
    budget_s : float
        What the first tests of a mutant may take.
    near : Nearness or None
        What the last coverage run knows of which tests look where.
    """

    mutants: Sequence[Mutant]
    no_faults: Set[str]
    folder: Path
    workers: int
    budget_s: float
    near: Nearness | None
    begin: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._built = dict(enumerate(self.mutants, 1))
        self._by_key = {mutant.key: mutant for mutant in self.mutants}

    @property
    def _first(self) -> Path:
        return self.folder / "first.jsonl"

    @property
    def _second(self) -> Path:
        return self.folder / "second.jsonl"

    @property
    def _timings(self) -> Path:
        return self.folder / "timings.jsonl"

    @property
    def _spent(self) -> Path:
        return self.folder / "spent.jsonl"

    @property
    def wall_s(self) -> float:
        """Seconds that it has taken, in all of its runs."""
        return sum(float(raw["seconds"]) for raw in _lines(self._spent))

    def outcomes(self) -> dict[str, Outcome]:
        """Return what is known so far: a second verdict counts before the first."""
        known = [one for path in (self._first, self._second) for one in _outcomes(path)]
        return {one.mutant: one for one in known if one.mutant not in self.no_faults}

    def run(self) -> dict[str, Outcome]:
        """Judge what has no verdict yet: all by their rooms' tests, what survives by the whole suite."""
        for path in (self._first, self._second, self._timings, self._spent):
            _drop_torn_line(path)
        try:
            self._judge_rest()
        finally:
            with self._spent.open("a", encoding="utf-8") as out:
                print(json.dumps({"seconds": time.monotonic() - self.begin}), file=out)
        return self.outcomes()

    def _judge_rest(self) -> None:
        known = self.outcomes().keys() | self.no_faults
        left = [number for number, mutant in self._built.items() if mutant.key not in known]
        print(
            f"faults: {len(self._built)} mutants, {len(left)} to judge, {self.workers} at a time", flush=True
        )
        self._first_tests(left)
        survived = [key for key, one in self.outcomes().items() if one.verdict is Verdict.SURVIVED]
        again = {one.mutant for one in _outcomes(self._second)}
        if self.near is None:
            print(
                "faults: no coverage of tests on this design (./run coverage): survivors meet no more tests",
                flush=True,
            )
        elif len(survived) > SECOND:
            print(f"faults: {len(survived)} survive, more than {SECOND}: they meet no more tests", flush=True)
        else:
            self._whole_suite([key for key in survived if key not in again])

    def nearest(self, key: str) -> list[str]:
        """Tests that look at a mutant, the closest first."""
        return self.near.tests(self._by_key[key]) if self.near else []

    def _first_tests(self, numbers: Sequence[int]) -> None:
        rooms: dict[str, list[int]] = defaultdict(list)
        for number in numbers:
            rooms[room_of(self._built[number].file)].append(number)
        self._measure(
            [(Path(test).stem, [test]) for test in self._unknown({t for r in rooms for t in TIERS[r]})]
        )
        parts = [
            (room, numbers[start : start + PART])
            for room, numbers in rooms.items()
            for start in range(0, len(numbers), PART)
        ]
        parts.sort(key=lambda one: -len(one[1]))
        seconds = self._seconds()

        def judge(index: int) -> None:
            room, numbers = parts[index]
            keys = [self._built[number].key for number in numbers]
            nearest = {key: near for key in keys if (near := self.nearest(key))}
            plan = Plan(
                numbers,
                self._built,
                list(TIERS[room]),
                str(self._first),
                seconds,
                self._caught(),
                self.budget_s,
            )
            self._work(f"{room} {index}", replace(plan, nearest=nearest))

        self._all([partial(judge, index) for index in range(len(parts))])

    def _whole_suite(self, keys: Sequence[str]) -> None:
        chosen = {key: self._affordable(self.nearest(key)) for key in keys}
        tests = {test for some in chosen.values() for test in some}
        unknown = sorted(tests - self._seconds().keys())
        self._measure([(f"more {start}", unknown[start :: self.workers]) for start in range(self.workers)])
        numbers = [number for number, mutant in self._built.items() if mutant.key in chosen]
        seconds = self._seconds()

        def judge(start: int) -> None:
            mine = numbers[start :: self.workers]
            wanted = sorted({test for number in mine for test in chosen[self._built[number].key]})
            if wanted:
                plan = Plan(mine, self._built, wanted, str(self._second), seconds, [], SECOND_BUDGET_S)
                self._work(f"whole suite {start}", replace(plan, nearest=chosen, by_kills=False))

        self._all([partial(judge, start) for start in range(self.workers)])

    def _affordable(self, tests: Sequence[str]) -> list[str]:
        """The nearest tests, as far as the budget goes by what they took when they were counted."""
        assert self.near is not None
        some, left = [], SECOND_BUDGET_S
        for test in tests:
            if self.near.seconds[test] <= left:
                some.append(test)
                left -= self.near.seconds[test]
        return some

    def _unknown(self, tests: set[str]) -> list[str]:
        """Tests (or their files) of a room whose time has not been measured."""
        measured = {test.split("::")[0] for test in self._seconds()}
        return sorted(test for test in tests if test.split("::")[0] not in measured)

    def _measure(self, groups: Sequence[tuple[str, Sequence[str]]]) -> None:
        out = str(self._timings)
        jobs = [
            partial(self._work, f"time {name}", Plan([], self._built, list(tests), out, {}, [], 0.0))
            for name, tests in groups
            if tests
        ]
        self._all(jobs)

    def _seconds(self) -> dict[str, float]:
        return {raw["test"]: raw["seconds"] for raw in _lines(self._timings)}

    def _caught(self) -> list[tuple[str, str]]:
        return [(self._by_key[one.mutant].file, one.test) for one in _outcomes(self._first) if one.test]

    def _all(self, jobs: Sequence[Callable[[], None]]) -> None:
        """Do jobs on all workers; after an interrupt no more begin, another failure is raised at the end."""
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                for done in [pool.submit(job) for job in jobs]:
                    done.result()
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _work(self, name: str, plan: Plan) -> None:
        start = time.monotonic()
        _work(plan, self.folder / f"{name.replace('/', '_')}.json")
        end = time.monotonic()
        print(f"  {name:28} {end - start:5.0f} s, {end - self.begin:6.0f} s in all", flush=True)


def _work(plan: Plan, path: Path) -> None:
    plan.save(path)
    log = path.with_suffix(".log")
    with log.open("w", encoding="utf-8") as out:
        command = [sys.executable, "-m", "tb.mutation.worker", str(path)]
        done = subprocess.run(command, cwd=REPO_ROOT, stdout=out, stderr=subprocess.STDOUT, check=False)
    if done.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        tail = "\n  ".join(log.read_text(encoding="utf-8").splitlines()[-12:])
        raise CampaignError(f"a worker of the campaign failed; last lines of {log}:\n  {tail}")


def _drop_torn_line(path: Path) -> None:
    """Drop the line that a campaign was writing when it was killed."""
    if path.is_file():
        whole = path.read_bytes().rpartition(b"\n")
        if whole[2]:
            write_whole(path, whole[0] + whole[1])


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.is_file():
        yield from (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def _outcomes(path: Path) -> Iterator[Outcome]:
    for raw in _lines(path):
        yield Outcome(**{**raw, "verdict": Verdict(raw["verdict"])})


def summary(result: Result) -> list[str]:
    """Lines for a terminal: score by folder and operator, then the survivors."""
    lines = []
    for title, group in (("by file", lambda one: one.file), ("by operator", lambda one: str(one.operator))):
        all_of: Counter[str] = Counter(group(result.mutants[key]) for key in result.outcomes)
        alive: Counter[str] = Counter(group(one) for one in result.survivors)
        lines.append(title)
        lines += [
            f"  {name:28} {all_of[name] - alive[name]:4} of {all_of[name]:4}" for name in sorted(all_of)
        ]
    lines.append("survivors")
    for one in result.survivors:
        near = ", ".join(result.nearest.get(one.key, [])[:SHOWN_TESTS]) or "no test hits the line"
        lines += [f"  {one.key}: {one.diff}", f"    nearest: {near}"]
    verdicts = Counter(one.verdict for one in result.outcomes.values())
    counts = ", ".join(f"{verdicts[one]} {one}" for one in Verdict)
    lines.append(f"caught {result.score:.1%} of {len(result.outcomes)} mutants ({counts})")
    if result.equivalent:
        lines.append(f"not run: {len(result.equivalent)} that are no faults, by tb/mutation/equivalents.toml")
    return lines


def carry_out(
    count: int = MUTANTS,
    seed: int = DEFAULT_MASTER_SEED,
    workers: int = WORKERS,
    budget_s: float = BUDGET_S,
    files: Sequence[str] = (),
) -> Result:
    """Draw mutants and judge those that have no verdict yet.

    Parameters
    ----------
    count : int
        Mutants to draw, about.
    seed : int
        Of the draw.
    files : sequence of str
        Only files below ``rtl/`` that begin so; none: all.

    Raises
    ------
    CampaignError
        If a worker fails, or another campaign is under way.
    tb.mutation.equivalents.EquivalentsError
        If the list of mutants that are no faults is wrong, or out of date.
    """
    mutants = find_mutants()
    why = reasons(load(), mutants)
    if files:
        mutants = [one for one in mutants if one.file.startswith(tuple(files))]
        if not mutants:
            raise CampaignError(f"no file below rtl/ with mutants begins with {' or '.join(files)}")
    drawn = draw(mutants, count, seed)
    state = state_of(drawn, budget_s)
    folder = BUILD_ROOT / "campaign" / state
    folder.mkdir(parents=True, exist_ok=True)
    campaign = Campaign(drawn, why.keys(), folder, workers, budget_s, last())
    # Another one would have its mutants in the same copies of the sources.
    other = CampaignError("another fault campaign is under way here; wait for its end")
    with alone(BUILD_ROOT / "campaign" / "lock", other):
        outcomes = campaign.run()
    return Result(
        {one.key: one for one in drawn},
        outcomes,
        {one.key: why[one.key] for one in drawn if one.key in why},
        {key: campaign.nearest(key) for key, one in outcomes.items() if one.verdict is Verdict.SURVIVED},
        changed=state_of(drawn, budget_s) != state,
        wall_s=campaign.wall_s,
    )
