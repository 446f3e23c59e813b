"""Run tests against mutants, each in a process of its own that begins where the tests have been collected.

``python -m tb.mutation.worker PLAN.json``: the plan names the mutants, the tests, and a file for what comes
of them, one JSON object a line. The design is built once, with all mutants in it; for each mutant this
process forks, and the child, with the mutant chosen, runs the tests until one fails. Which tests a mutant
meets is settled by what looks at it (`tb.mutation.budget`); which go first follows from what caught mutants
before, and how long it took. A plan without mutants measures how long the tests take.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest

from tb.builders import SIMULATORS, replace_verilate
from tb.forked import Deadline, Emit, Reports, end_with_parent, events
from tb.mutation.budget import affordable, cost
from tb.mutation.mutant import Mutant, Operator
from tb.mutation.schemata import MutantBuild
from tb.toolchain import BuildResult, NotBuiltError

BUDGET_S = 30.0
"""Tests that a mutant meets take at most so long, as measured without one."""
BUILT_S = 2.0
"""A test that takes longer may have waited for a build."""
UNKNOWN_KILLS = 0.5
"""What is thought of a test that has caught nothing yet."""
SLOWEST = 4
"""A mutant with which a test takes so many times longer hangs it."""
LEAST_TIMEOUT_S = 8.0
ATTEMPTS = 3
"""How often a mutant is judged while the test that told it fails without one too."""
ASSERTION = re.compile(r"^E\s+(AssertionError|assert\b)", re.MULTILINE)
"""What the report of a test holds that found wrong what it looked at."""


class NoMutantsError(RuntimeError):
    """A test asks for a model that has no mutants in it."""


class Verdict(StrEnum):
    """What became of a mutant."""

    CAUGHT = "caught"
    """A test failed."""
    CRASHED = "crashed"
    """The model ended the process: an assertion that it cannot report, or a loop that never settles."""
    HUNG = "hung"
    """The tests did not come to their end in time."""
    SURVIVED = "survived"


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant: verdict, the test that caught it, seconds, and tests it met."""

    mutant: str
    verdict: Verdict
    test: str
    seconds: float
    tests: int


@dataclass(frozen=True)
class Timing:
    """Seconds that a test takes without a mutant, its models built; None if no mutant is in its model."""

    test: str
    seconds: float | None


@dataclass(frozen=True)
class Plan:
    """What a worker does.

    Attributes
    ----------
    numbers : list of int
        Mutants to judge, by the number that chooses them; none: only measure the tests.
    built : dict
        All mutants in the model by number.
    tests : list of str
        Arguments of pytest.
    out : str
        File to append to: an `Outcome` of each mutant, or a `Timing` of each test.
    seconds : dict
        What the tests take, by name.
    caught : list of (str, str)
        File of each mutant that was caught before, and the test that did it: they settle the order alone.
    budget_s : float
        What the tests of a mutant may take in all.
    nearest : dict
        By a mutant's key: the tests that look at it, the closest first. One that is not here meets any test,
        in the order of `tests`.
    by_kills : bool
        Whether a mutant meets those tests first that catch most in a second, not the nearest.
    """

    numbers: list[int]
    built: dict[int, Mutant]
    tests: list[str]
    out: str
    seconds: dict[str, float]
    caught: list[tuple[str, str]]
    budget_s: float = BUDGET_S
    nearest: dict[str, list[str]] = field(default_factory=dict)
    by_kills: bool = True

    @staticmethod
    def load(path: Path) -> Plan:
        """Read a plan as `save` writes it."""
        raw = json.loads(path.read_text(encoding="utf-8"))
        raw["built"] = {
            int(number): Mutant(**{**one, "operator": Operator(one["operator"])})
            for number, one in raw["built"].items()
        }
        raw["caught"] = [(file, test) for file, test in raw["caught"]]
        return Plan(**raw)

    def save(self, path: Path) -> None:
        """Write the plan for another process."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


class Campaign:
    """A pytest plugin that runs the collected tests once for each mutant."""

    def __init__(self, plan: Plan, build: MutantBuild | None = None) -> None:
        self._plan = plan
        self._build = build or MutantBuild(plan.built)
        self._kills = Counter(plan.caught)
        self._reports = Reports()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a child's test says."""
        self._reports.pytest_runtest_logreport(report)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of pytest's loop."""
        items = {item.nodeid: item for item in session.items}
        with Path(self._plan.out).open("a", encoding="utf-8") as out:
            if not self._plan.numbers:
                timings = self._measure(list(items.values()))
                # At once: another worker appends to the same file.
                out.write("".join(json.dumps(asdict(timing)) + "\n" for timing in timings))
            for number in self._plan.numbers:
                mutant = self._plan.built[number]
                outcome = self._judge(number, [items[name] for name in self._order(mutant, list(items))])
                if outcome.test:
                    self._kills[mutant.file, outcome.test] += 1
                print(json.dumps(asdict(outcome)), file=out, flush=True)
        return True

    def _order(self, mutant: Mutant, names: Sequence[str]) -> list[str]:
        """Tests that a mutant meets, in turn: the nearest that the budget allows, then by what they catch."""
        seconds = self._plan.seconds

        def value(name: str) -> float:
            return (self._kills[mutant.file, name] + UNKNOWN_KILLS) / cost(seconds[name])

        there = seconds.keys() & set(names)
        near = [name for name in self._plan.nearest.get(mutant.key, names) if name in there]
        chosen = affordable(near, seconds, self._plan.budget_s)
        return sorted(chosen, key=lambda name: -value(name)) if self._plan.by_kills else chosen

    def _judge(self, number: int, items: Sequence[pytest.Item]) -> Outcome:
        """Return a mutant's outcome.

        A test that hangs, crashes or fails by anything but an assertion may owe that to the machine: then it
        must pass without the mutant right after.

        Raises
        ------
        RuntimeError
            If it does not, time and again.
        """
        by_name = {item.nodeid: item for item in items}
        for _ in range(ATTEMPTS):
            outcome, sure = self._attempt(number, items)
            if sure or (outcome.test and self._passes(by_name[outcome.test])):
                return outcome
        raise RuntimeError(
            f"{outcome.test or 'the first test'}: {outcome.verdict} with {outcome.mutant}, and does not pass "
            "in time without it either; the machine is too busy, or its memory or disk is full"
        )

    def _attempt(self, number: int, items: Sequence[pytest.Item]) -> tuple[Outcome, bool]:
        """Run tests until one tells the mutant; return the outcome, and whether it must be the mutant's."""
        begin = time.monotonic()
        deadline = Deadline(begin + LEAST_TIMEOUT_S)
        verdict, test, met, sure = Verdict.SURVIVED, "", 0, True
        for event in events(self._run_tests(number, items, stop=True), deadline):
            kind = event["kind"]
            if kind == "start":
                test, met = event["test"], met + 1
                deadline.at = time.monotonic() + self._allowed(test)
            elif kind == "end":
                if event["outcome"] != "passed":
                    if NotBuiltError.__name__ in event["text"]:
                        raise RuntimeError(f"{test}: {event['text']}")
                    verdict = Verdict.CAUGHT
                    sure = ASSERTION.search(event["text"]) is not None
                    break
            else:
                verdict, sure = Verdict(kind), False
        if verdict is Verdict.SURVIVED:
            test = ""
        name = self._plan.built[number].key
        return Outcome(name, verdict, test, round(time.monotonic() - begin, 3), met), sure

    def _passes(self, item: pytest.Item) -> bool:
        """Whether a test passes without a mutant, in half of the time in which it must end with one."""
        deadline = Deadline(time.monotonic() + self._allowed(item.nodeid) / 2)
        told = list(events(self._run_tests(0, [item], stop=True), deadline))
        return told[-1].get("outcome") == "passed"

    def _allowed(self, test: str) -> float:
        """Seconds after which a test is taken to hang."""
        return max(LEAST_TIMEOUT_S, SLOWEST * self._plan.seconds[test])

    def _measure(self, items: Sequence[pytest.Item]) -> list[Timing]:
        """Run each test without a mutant, which also builds the models; all must pass."""
        seconds: dict[str, float | None] = {}
        again = list(items)
        while again:
            first = not seconds
            for event in events(self._run_tests(0, again, stop=False)):
                if event["kind"] == "end":
                    useless = NoMutantsError.__name__ in event["text"]
                    if event["outcome"] != "passed" and not useless:
                        raise RuntimeError(f"{event['test']} fails without a mutant:\n{event['text']}")
                    seconds[event["test"]] = None if useless else event["seconds"]
            missing = [item.nodeid for item in items if item.nodeid not in seconds]
            if missing:
                raise RuntimeError(f"without a mutant the tests end before {missing[0]}")
            # What took long the first time may have built its model.
            again = [item for item in again if (seconds[item.nodeid] or 0.0) > BUILT_S] if first else []
        return [Timing(test, took and round(took, 4)) for test, took in seconds.items()]

    def _run_tests(self, number: int, items: Sequence[pytest.Item], stop: bool) -> Callable[[Emit], None]:
        """Return what a child does: run tests with mutant `number`, to the first that fails if so wanted."""

        def work(emit: Emit) -> None:
            os.environ["RTL_FAULT"] = str(number)
            self._build.frozen = bool(self._plan.numbers)
            for item in items:
                emit({"kind": "start", "test": item.nodeid})
                begin = time.monotonic()
                failed = self._reports.run(item)
                emit(
                    {
                        "kind": "end",
                        "test": item.nodeid,
                        "outcome": failed.outcome if failed else "passed",
                        "text": failed.longreprtext if failed else "",
                        "seconds": time.monotonic() - begin,
                    }
                )
                if failed and stop:
                    break

        return work


def no_mutants(name: str, *_: object, **__: object) -> BuildResult:
    """Take the place of the build of a program that runs cocotb.

    Raises
    ------
    NoMutantsError
        Always: what passes or fails on the design as it is says nothing of a mutant.
    """
    raise NoMutantsError(f"{name}: cocotb runs the design without mutants")


def interrupt(number: int, _: object) -> None:
    """Let a signal end the worker and what it has started, as Ctrl-C does; a second one changes nothing."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(words: Sequence[str]) -> int:
    """Carry out a plan."""
    signal.signal(signal.SIGTERM, interrupt)
    plan = Plan.load(Path(words[0]))
    build = MutantBuild(plan.built)
    replace_verilate(build)
    replace_verilate(no_mutants, SIMULATORS)
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "-s"]
    options += ["--basetemp", str(Path(words[0]).with_suffix(".tmp"))]
    return int(pytest.main([*options, *plan.tests], plugins=[Campaign(plan, build)]))


if __name__ == "__main__":
    end_with_parent()  # else it would take cores and verdicts from the next campaign
    sys.exit(main(sys.argv[1:]))
