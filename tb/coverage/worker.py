"""Run tests on models that count, and keep what each of them covered.

``python -m tb.coverage.worker PLAN.json NUMBER``. Each test runs in a fork of its own, so that what it covers
is the same in any order and on any number of workers; so does each of its cases, where hits of each are kept.
Workers take their tests from one list.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tb.builders import LIBRARIES, SIMULATORS, replace_verilate
from tb.cocotb_simulation import COVERAGE_FOLDER
from tb.coverage import bins
from tb.coverage.build import SUITES, CoverageBuild
from tb.coverage.points import HEADER, CoverageError, Kind, Point, Reader
from tb.forked import CRASHED, HUNG, Deadline, Emit, Event, Reports, end_with_parent, events
from tb.toolchain import REPO_ROOT

BY_TEST = frozenset({Kind.LINE, Kind.BRANCH, Kind.ASSERTION, Kind.USER})
"""Kinds of which each test's hits are kept; of the others those that its worker has not seen hit before."""
DAMAGED = "coverage damaged"
"""Outcome of a test that passed, but whose models left no coverage that can be read."""
LONGEST_S = 1800.0
"""Seconds that a case may take, the builds of its models included."""
NOT_RUN = {"outcome": "not run", "text": "a case before it, in the same process, did not come to its end"}
"""How a case ended that never began."""
WRITTEN = "written"
"""Kind of event: the models of the cases have written what they counted."""


@dataclass(frozen=True)
class Plan:
    """What workers do.

    Attributes
    ----------
    suite : str
        Key of `tb.coverage.build.SUITES`.
    seed : int
        Master seed of the tests.
    files : list of str
        Arguments of pytest: where the tests are.
    tests : list of str
        Node ids without parameters, in the order in which they are taken.
    folder : str
        Where each worker leaves ``part<N>.jsonl``, and their common counter lies.
    design : str
        `tb.coverage.design.design_digest` when they began.
    longest_s : float
        A test that takes longer hangs.
    code : str
        `tb.coverage.design.code_digest` when they began.
    part : int
        Number of the first worker's part; those of a run that was interrupted keep theirs.
    """

    suite: str
    seed: int
    files: list[str]
    tests: list[str]
    folder: str
    design: str = ""
    longest_s: float = LONGEST_S
    code: str = ""
    part: int = 0

    @staticmethod
    def load(path: Path) -> Plan:
        """Read a plan as `save` writes it."""
        return Plan(**json.loads(path.read_text(encoding="utf-8")))

    def save(self, path: Path) -> None:
        """Write the plan for another process."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


class Collector:
    """A pytest plugin that runs the collected tests and appends what each covered to a file.

    The file has a line for each new point (``{"point": [...]}``, numbered as they come), one for each case of
    a test, and one that says that a test is done: from there another run can go on.
    """

    def __init__(self, plan: Plan, number: int) -> None:
        self._plan = plan
        self._build = CoverageBuild(plan.suite)
        self._folder = Path(plan.folder)
        self._files = self._folder / f"files{number}"
        self._out = self._folder / f"part{plan.part + number}.jsonl"
        self._kinds = SUITES[plan.suite]
        # To write and read the counts of all bits of a chip takes longer than most cases.
        self._at_once = BY_TEST.isdisjoint(self._kinds)
        self._reader = Reader(REPO_ROOT)  # a bench that reads coverage of its own has it counted in any suite
        self._numbers: dict[Point, int] = {}
        self._hit: set[int] = set()
        self._reports = Reports()
        replace_verilate(self._build, *LIBRARIES, SIMULATORS)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a child's test says."""
        self._reports.pytest_runtest_logreport(report)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of pytest's loop."""
        items: dict[str, list[pytest.Item]] = {}
        for item in session.items:
            items.setdefault(item.nodeid.partition("[")[0], []).append(item)
        self._files.mkdir(parents=True, exist_ok=True)
        with self._out.open("w", encoding="utf-8") as out:

            def write(record: object) -> None:
                print(json.dumps(record), file=out, flush=True)

            while (test := self._next()) is not None:
                cases = items.get(test, [])
                for group in [cases] if self._at_once and cases else [[case] for case in cases]:
                    for record in self._run(group):
                        write(record)
                write({"done": test})
        return True

    def _next(self) -> str | None:
        """Take the next test from the list that the workers share; None at its end."""
        with (self._folder / "taken").open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            taken = len(file.read())
            if taken == len(self._plan.tests):
                return None
            file.write(".")
        return self._plan.tests[taken]

    def _run(self, items: Sequence[pytest.Item]) -> list[Event]:
        """Run cases of a test in one fork; return their records, the last one with what they covered."""
        for old in self._files.iterdir():
            old.unlink()
        deadline = Deadline(time.monotonic() + self._plan.longest_s)
        ends: list[Event] = []
        lost: Event = {"outcome": CRASHED, "text": "the test ended its process"}
        written = False
        for event in events(self._work(items), deadline):
            if event["kind"] == "end":
                ends.append(event)
                deadline.at = time.monotonic() + self._plan.longest_s
            elif event["kind"] == HUNG:
                lost = {"outcome": HUNG, "text": f"the test was killed after {self._plan.longest_s:g} s"}
            else:
                written = event["kind"] == WRITTEN
        if not written:  # the cases that did not come to an end; if all did, the last one left no coverage
            ended = ends if len(ends) < len(items) else ends[:-1]
            nothing = {"seconds": 0.0, "bins": []}
            ends = [*ended, lost | nothing] + [NOT_RUN | nothing] * (len(items) - len(ended) - 1)
        records: list[Event] = []
        hits: set[int] = set()
        others: set[int] = set()
        if all(end["outcome"] == "passed" for end in ends):
            # What a test covered counts only if its results were right.
            try:
                counts = self._counts()
            except CoverageError as error:
                counts = {}
                ends = [end | {"outcome": DAMAGED, "text": str(error), "bins": []} for end in ends]
            for point, count in counts.items():
                if point not in self._numbers:
                    self._numbers[point] = len(self._numbers)
                    records.append({"point": list(asdict(point).values())})
                if count:
                    number = self._numbers[point]
                    if point.kind in BY_TEST:
                        hits.add(number)
                    elif number not in self._hit:
                        others.add(number)
                    self._hit.add(number)
        for number, (item, end) in enumerate(zip(items, ends, strict=True), 1):
            last = number == len(items)
            records.append(
                {
                    "test": item.nodeid,
                    **{name: end[name] for name in ("outcome", "text", "seconds", "bins")},
                    "hits": sorted(hits) if last else [],
                    "others": sorted(others) if last else [],
                }
            )
        return records

    def _counts(self) -> dict[Point, int]:
        """Read what the models of a test wrote, of the suite's kinds."""
        counts: dict[Point, int] = {}
        for path in sorted(self._files.iterdir()):
            if path.stat().st_size <= len(HEADER) + 1:
                continue  # of a simulation that was to fail, or of a model in which nothing is counted
            for point, count in self._reader.read(path).items():
                if point.counts and point.kind in self._kinds:
                    counts[point] = counts.get(point, 0) + count
        return counts

    def _work(self, items: Sequence[pytest.Item]) -> Callable[[Emit], None]:
        def work(emit: Emit) -> None:
            os.environ[COVERAGE_FOLDER] = str(self._files)
            right = True
            for item in items:
                begin = time.monotonic()
                bins.collect()
                failed = self._reports.run(item)
                met = bins.take()  # of a case that failed, too, lest the next one in this process has it
                right = right and failed is None
                emit(
                    {
                        "kind": "end",
                        "outcome": failed.outcome if failed else "passed",
                        "text": failed.longreprtext if failed else "",
                        "seconds": round(time.monotonic() - begin, 3),
                        "bins": sorted(met) if failed is None else [],
                    }
                )
            if right:
                self._build.write(self._files)
            emit({"kind": WRITTEN})

        return work


def main(words: Sequence[str]) -> int:
    """Carry out a worker's part of a plan."""
    plan, number = Plan.load(Path(words[0])), int(words[1])
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "-s", "--seed", str(plan.seed)]
    options += ["--basetemp", str(Path(plan.folder) / f"tmp{number}")]
    return int(pytest.main([*options, *plan.files], plugins=[Collector(plan, number)]))


if __name__ == "__main__":
    end_with_parent()  # else it would go on to write where the next run writes
    sys.exit(main(sys.argv[1:]))
