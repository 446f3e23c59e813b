"""The fault campaign (`./run faults`, whose command line is `reports.signoff.campaign`).

Draws mutants of every hand-written module, lets workers run each room's tests against them, and says which
survive. Verdicts are kept as they come, so that a campaign that is stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from golden.seeds import DEFAULT_MASTER_SEED
from tb.build_cache import alone
from tb.mutation import kept
from tb.mutation.draw import draw
from tb.mutation.equivalents import load, reasons
from tb.mutation.mutant import Mutant
from tb.mutation.nearest import Nearness, last
from tb.mutation.operators import find_mutants
from tb.mutation.result import Result
from tb.mutation.state import state_of
from tb.mutation.tier import TIERS, room_of
from tb.mutation.whole_suite import BUDGET_S as SECOND_BUDGET_S
from tb.mutation.whole_suite import Choice, choose
from tb.mutation.worker import BUDGET_S, Outcome, Plan, Verdict
from tb.mutation.workers import CampaignError, Workers
from tb.toolchain import BUILD_ROOT, RTL_ROOT

MUTANTS = 1200
"""Mutants that a campaign draws."""
WORKERS = 2
PART = 60
"""Mutants of a worker at most: what it learns of which tests catch is worth more than an even load."""
SECOND = 50
"""Survivors of the first tests that meet the whole suite, those that a test looks at most closely."""
CHALLENGE_S = 10.0
"""What the tests may take of a mutant that is called no fault: its nearest ones must not catch it."""
KEPT = 3
"""Campaigns whose verdicts are kept, the last ones."""


@dataclass
class Campaign:
    """A campaign that is under way.

    Attributes
    ----------
    mutants : sequence of Mutant
        Those that were drawn; each model holds them all.
    no_faults : set of str
        Keys of those that are called no faults.
    folder : Path
        Where verdicts and timings are kept; a mutant with a verdict is not run again.
    workers : int
        At a time.
    budget_s : float
        What the first tests of a mutant may take.
    near : Nearness or None
        What the last coverage run knows of which tests look where.
    challenge : bool
        Whether those that are called no faults meet tests, too.
    undrawn : sequence of Mutant
        Those called no faults that were not drawn, and meet tests all the same.
    """

    mutants: Sequence[Mutant]
    no_faults: Set[str]
    folder: Path
    workers: int
    budget_s: float
    near: Nearness | None
    challenge: bool = False
    undrawn: Sequence[Mutant] = ()
    begin: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._built = dict(enumerate([*self.mutants, *self.undrawn], 1))
        self._by_key = {mutant.key: mutant for mutant in self._built.values()}
        self._workers = Workers()

    @property
    def _first(self) -> Path:
        return self.folder / "first.jsonl"

    @property
    def _second(self) -> Path:
        # Not second.jsonl: these verdicts were given by tests chosen by what they took in the coverage run.
        return self.folder / "whole_suite.jsonl"

    @property
    def _challenged(self) -> Path:
        return self.folder / "challenged.jsonl"

    @property
    def _timings(self) -> Path:
        return self.folder / "timings.jsonl"

    @property
    def _builds(self) -> Path:
        return self.folder / "builds.jsonl"

    @property
    def models(self) -> str:
        """Digest of the mutants that the models hold: `--challenge` adds some to those of a campaign."""
        return hashlib.sha256(repr(list(self._by_key)).encode()).hexdigest()[:16]

    @property
    def _spent(self) -> Path:
        return self.folder / "spent.jsonl"

    @property
    def wall_s(self) -> float:
        """Seconds that it has taken, in all of its runs."""
        return sum(kept.spent(self._spent))

    def outcomes(self) -> dict[str, Outcome]:
        """Return what is known so far of the faults: a second verdict counts before the first."""
        known = [one for path in (self._first, self._second) for one in kept.outcomes(path)]
        return {one.mutant: one for one in known if one.mutant not in self.no_faults}

    def refuted(self) -> list[tuple[Mutant, Outcome]]:
        """Return those of the mutants called no faults that a test catches all the same."""
        known = sorted(kept.outcomes(self._challenged), key=lambda one: one.mutant)
        return [
            (self._by_key[one.mutant], one)
            for one in known
            if one.mutant in self.no_faults & self._by_key.keys() and one.verdict is not Verdict.SURVIVED
        ]

    def not_met(self) -> set[str]:
        """Return the survivors that tests beside those of their room hit, but that met none of them.

        They are not among the nearest, or their time reached for none of the tests.
        """
        met = {one.mutant for one in kept.outcomes(self._second)}
        took = self._timed()
        return {
            key
            for key, one in self.outcomes().items()
            if one.verdict is Verdict.SURVIVED
            and key not in met
            and (
                self.near is None
                or any(took.get(test, 0.0) is not None for test in self._more_tests(self.near, key))
            )
        }

    def cut(self) -> set[str]:
        """Return the survivors that met the nearest tests, but whose time did not reach for all."""
        survived = [one.mutant for one in kept.outcomes(self._second) if one.verdict is Verdict.SURVIVED]
        return {key for key in survived if self.near and self._choice(self.near, key).cut}

    def run(self) -> dict[str, Outcome]:
        """Judge what has no verdict yet: all by their rooms' tests, what survives by the whole suite."""
        for path in (self._first, self._second, self._challenged, self._timings, self._builds, self._spent):
            kept.drop_torn_line(path)
        self._check()
        try:
            self._judge_rest()
        finally:
            with self._spent.open("a", encoding="utf-8") as out:
                print(json.dumps({"seconds": time.monotonic() - self.begin}), file=out)
        return self.outcomes()

    def _check(self) -> None:
        """Read all that is kept, so that what is damaged is known before hours have gone into the rest."""
        kept.outcomes(self._challenged)
        kept.timings(self._timings)
        kept.builds(self._builds)
        kept.spent(self._spent)
        drawn = {mutant.key for mutant in self.mutants}
        for path in (self._first, self._second):
            for number, one in enumerate(kept.outcomes(path), 1):
                if one.mutant not in drawn:
                    raise CampaignError(f"{path}:{number}: is damaged (no mutant {one.mutant}); delete it")

    def _judge_rest(self) -> None:
        judged = {one.mutant for one in kept.outcomes(self._first)}
        faults = [number for number, mutant in self._built.items() if mutant.key not in self.no_faults]
        left = [number for number in faults if self._built[number].key not in judged]
        print(
            f"faults: {len(self.mutants)} mutants, {len(left)} to judge, {self.workers} at a time", flush=True
        )
        self._first_tests(faults, self._first, self.budget_s)
        if self.challenge:
            called = [number for number, mutant in self._built.items() if mutant.key in self.no_faults]
            self._first_tests(called, self._challenged, min(CHALLENGE_S, self.budget_s))
        if self.near is None:
            print(
                "faults: no coverage of tests on this design (./run coverage): survivors meet no more tests",
                flush=True,
            )
            return
        chosen = self._for_whole_suite(self.near)
        again = {one.mutant for one in kept.outcomes(self._second)}
        self._whole_suite(self.near, [key for key in chosen[:SECOND] if key not in again])
        if len(chosen) > SECOND:
            print(f"faults: {len(chosen)} survive: the nearest {SECOND} meet more tests", flush=True)

    def _for_whole_suite(self, near: Nearness) -> list[str]:
        """Survivors of the first tests that meet more, those first that a test looks at most closely."""
        survived = [one.mutant for one in kept.outcomes(self._first) if one.verdict is Verdict.SURVIVED]
        seen = {key for key in survived if key not in self.no_faults and self._more_tests(near, key)}

        def distance(key: str) -> float:
            return near.distance(self._by_key[key]) if self.nearest(key) else math.inf

        return sorted(seen, key=lambda key: (distance(key), key))

    def nearest(self, key: str) -> list[str]:
        """Tests that look at a mutant, the closest first."""
        return self.near.tests(self._by_key[key]) if self.near else []

    def _first_tests(self, numbers: Sequence[int], out: Path, budget_s: float) -> None:
        """Let mutants meet the tests of their rooms.

        What a worker learns of which tests catch is its part's alone, so that the order of tests, and with it
        which test catches a mutant, is the same on any number of workers and after a stop.
        """
        rooms: dict[str, list[int]] = defaultdict(list)
        for number in numbers:
            rooms[room_of(self._built[number].file)].append(number)
        known = {one.mutant: one.test for one in kept.outcomes(out)}
        parts = [
            (f"{out.stem} {room} {start // PART}", room, numbers[start : start + PART])
            for room, numbers in rooms.items()
            for start in range(0, len(numbers), PART)
        ]
        parts = [one for one in parts if any(self._built[number].key not in known for number in one[2])]
        parts.sort(key=lambda one: -len(one[2]))
        tests = {test for _, room, _ in parts for test in TIERS[room]}
        self._measure([(Path(test).stem, [test]) for test in self._unknown(tests)])
        self._build(sorted(tests))
        seconds = self._seconds()

        def judge(name: str, room: str, numbers: Sequence[int]) -> None:
            mutants = {number: self._built[number] for number in numbers}
            plan = Plan(
                [number for number, one in mutants.items() if one.key not in known],
                self._built,
                list(TIERS[room]),
                str(out),
                seconds,
                [(one.file, known[one.key]) for one in mutants.values() if known.get(one.key)],
                budget_s,
                {one.key: near for one in mutants.values() if (near := self.nearest(one.key))},
            )
            self._work(name, plan)

        self._all([partial(judge, *part) for part in parts])

    def _choice(self, near: Nearness, key: str) -> Choice:
        return choose(self._more_tests(near, key), self._timed(), near.seconds, SECOND_BUDGET_S)

    def _more_tests(self, near: Nearness, key: str) -> list[str]:
        """Return what a survivor meets next: the tests that look at it, all of its room if nothing tells.

        The first time may not have been enough for all of its room's.
        """
        file = self._by_key[key].file
        if f"{RTL_ROOT.name}/{file}" in near.by_file:
            return self.nearest(key)
        room = TIERS[room_of(file)]
        return sorted(test for test in self._timed() if test.startswith(room))

    def _whole_suite(self, near: Nearness, keys: Sequence[str]) -> None:
        """Let mutants meet the tests that look at them, the nearest first."""
        while True:
            choices = {key: self._choice(near, key) for key in keys}
            unknown = sorted({test for one in choices.values() for test in one.unmeasured})
            if not unknown:
                break
            self._measure(
                [(f"more {start}", unknown[start :: self.workers]) for start in range(self.workers)]
            )
            if missing := set(unknown) - self._timed().keys():
                raise CampaignError(
                    f"{min(missing)} is no test any more, but was one when coverage was measured; "
                    "measure it again (./run coverage)"
                )
        chosen = {key: one.met for key, one in choices.items() if one.met}
        self._build(sorted({test for tests in chosen.values() for test in tests}))
        numbers = [number for number, mutant in self._built.items() if mutant.key in chosen]
        seconds = self._seconds()

        def judge(start: int) -> None:
            mine = numbers[start :: self.workers]
            wanted = sorted({test for number in mine for test in chosen[self._built[number].key]})
            if wanted:
                plan = Plan(
                    mine, self._built, wanted, str(self._second), seconds, [], SECOND_BUDGET_S, chosen
                )
                self._work(f"whole suite {start}", replace(plan, by_kills=False))

        self._all([partial(judge, start) for start in range(self.workers)])

    def _unknown(self, tests: set[str]) -> list[str]:
        """Tests (or their files) of a room whose time has not been measured."""
        measured = {test.split("::")[0] for test in self._timed()}
        return sorted(test for test in tests if test.split("::")[0] not in measured)

    def _measure(self, groups: Sequence[tuple[str, Sequence[str]]]) -> None:
        out = str(self._timings)
        jobs = [
            partial(self._work, f"time {name}", Plan([], self._built, list(tests), out, {}, [], 0.0))
            for name, tests in groups
            if tests
        ]
        self._all(jobs)
        self._note_built([test for _, tests in groups for test in tests])

    def _build(self, tests: Sequence[str]) -> None:
        """Build the models of tests that were measured on models of other mutants; their times stay."""
        there = tuple(test for models, test in kept.builds(self._builds) if models == self.models)
        missing = [test for test in tests if not test.startswith(there)]
        again = str(self.folder / "built_again.jsonl")
        jobs = [
            partial(self._work, f"build {start}", Plan([], self._built, list(mine), again, {}, [], 0.0))
            for start in range(self.workers)
            if (mine := missing[start :: self.workers])
        ]
        self._all(jobs)
        self._note_built(missing)

    def _note_built(self, tests: Sequence[str]) -> None:
        with self._builds.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps({"models": self.models, "test": test}) + "\n" for test in tests)

    def _timed(self) -> dict[str, float | None]:
        """What tests take; None of those whose models hold no mutants."""
        return {one.test: one.seconds for one in kept.timings(self._timings)}

    def _seconds(self) -> dict[str, float]:
        return {test: took for test, took in self._timed().items() if took is not None}

    def _all(self, jobs: Sequence[Callable[[], None]]) -> None:
        """Do jobs on all workers; after an interrupt no more begin, another failure is raised at the end."""
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                for done in [pool.submit(job) for job in jobs]:
                    done.result()
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                self._workers.end()
                raise

    def _work(self, name: str, plan: Plan) -> None:
        start = time.monotonic()
        self._workers.work(plan, self.folder / f"{name.replace('/', '_')}.json")
        end = time.monotonic()
        print(f"  {name:28} {end - start:5.0f} s, {end - self.begin:6.0f} s in all", flush=True)


def forget_old(folder: Path) -> None:
    """Remove the verdicts of all campaigns beside one but for it and the newest others, `KEPT` in all."""
    others = [path for path in folder.parent.iterdir() if path.is_dir() and path != folder]

    def used(path: Path) -> float:
        return max(one.stat().st_mtime for one in (path, *path.iterdir()))

    for old in sorted(others, key=used, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)


def carry_out(
    count: int = MUTANTS,
    seed: int = DEFAULT_MASTER_SEED,
    workers: int = WORKERS,
    budget_s: float = BUDGET_S,
    files: Sequence[str] = (),
    challenge: bool = False,
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
    challenge : bool
        Whether all mutants that are called no faults, drawn or not, meet their nearest tests, too.

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
    near = last()
    known = near.digest if near else ""
    state = state_of(drawn, budget_s, known)
    folder = BUILD_ROOT / "campaign" / state
    folder.mkdir(parents=True, exist_ok=True)
    chosen = {one.key for one in drawn}
    undrawn = [one for one in mutants if challenge and one.key in why and one.key not in chosen]
    campaign = Campaign(drawn, why.keys(), folder, workers, budget_s, near, challenge, undrawn)
    # Another one would have its mutants in the same copies of the sources.
    other = CampaignError("another fault campaign is under way here; wait for its end")
    with alone(BUILD_ROOT / "campaign" / "lock", other):
        outcomes = campaign.run()
        forget_old(folder)
    return Result(
        {one.key: one for one in drawn},
        outcomes,
        {one.key: why[one.key] for one in drawn if one.key in why},
        {key: campaign.nearest(key) for key, one in outcomes.items() if one.verdict is Verdict.SURVIVED},
        refuted=campaign.refuted(),
        not_met=campaign.not_met(),
        cut=campaign.cut(),
        changed=state_of(drawn, budget_s, known) != state,
        wall_s=campaign.wall_s,
    )
