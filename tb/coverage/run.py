"""A coverage run: the tests of the plan on models that count, on all cores, and what came of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tb.build_cache import alone
from tb.coverage.design import code_digest, design_digest
from tb.coverage.points import Kind, Point
from tb.coverage.progress import PERIOD_S, Progress
from tb.coverage.worker import LONGEST_S, Plan
from tb.plan import found, testplan
from tb.toolchain import BUILD_ROOT, REPO_ROOT

WORKERS = 2
SHOWN_LINES = 12
LEFT = "left.json"
"""File that says what the workers of a run have to do: what an interrupted one has not done."""
PLAN = "plan.json"
"""File that says what a collection is of."""
UNFINISHED = "unfinished.json"
"""File beside it as long as a run that was interrupted can go on: seconds spent before, and since when."""
FRESH = "run ./run coverage --fresh"
LINES = re.compile(r"(\d+(-\d+)?(,\d+(-\d+)?)*)?", re.ASCII)
"""Lines that a point stands for."""
NO_COVERAGE = frozenset(
    {"builds", "faults-are-caught", "test-plan", "register-generation", "coverage", "memory-model", "gates"}
)
"""Entries of the plan's bench whose tests look at no model of the design as it is."""


REPLAYS = "regressions/tests/test_replays_of_sample.py::test_replay"
"""Real operands: they are in no plan of the benches, and count like its tests."""


class CoverageRunError(RuntimeError):
    """The coverage run could not be carried out."""


@dataclass(frozen=True)
class TestOutcome:
    """How a test ended: name with parameters, outcome as pytest calls it, text of a failure, seconds."""

    __test__ = False

    test: str
    outcome: str
    text: str
    seconds: float


@dataclass
class Collected:
    """What tests covered.

    Attributes
    ----------
    points : list of Point
        All that the models count, sorted.
    hit : set of Point
        Those that a test that passed has hit.
    tests : list of TestOutcome
        Sorted by name.
    by_test : dict
        Points that each test hit, sorted, of the kinds of `tb.coverage.worker.BY_TEST`.
    bins : dict
        Names of the bins that each test met.
    wall_s : float
        Time that collecting took, that of interrupted runs which it went on with included; 0 if not known.
    """

    points: list[Point] = field(default_factory=list)
    hit: set[Point] = field(default_factory=set)
    tests: list[TestOutcome] = field(default_factory=list)
    by_test: dict[str, list[Point]] = field(default_factory=dict)
    bins: dict[str, list[str]] = field(default_factory=dict)
    wall_s: float = 0.0


@dataclass
class _Part:
    """What one worker left: hits and others are numbers of points, `ended` whether a test ended it."""

    points: list[Point] = field(default_factory=list)
    tests: list[TestOutcome] = field(default_factory=list)
    hits: dict[str, list[int]] = field(default_factory=dict)
    others: set[int] = field(default_factory=set)
    bins: dict[str, list[str]] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    ended: bool = True


def chosen_tests() -> list[str]:
    """Name the tests that count: `REPLAYS`, those of features, and of benches but `NO_COVERAGE`."""
    there = found.find()
    plan = testplan.load()
    names = {there.reported_as(test) for feature in plan.features for test in feature.tests}
    for bench in plan.bench:
        if bench.name not in NO_COVERAGE:
            names |= {there.reported_as(test) for test in bench.node_ids(there)}
    return sorted(names | {REPLAYS})


def run(
    suite: str,
    seed: int,
    workers: int = WORKERS,
    tests: Sequence[str] | None = None,
    tell: Callable[[str], None] = print,
    folder: Path | None = None,
    longest_s: float = LONGEST_S,
) -> Collected:
    """Run tests on models that count a suite's kinds; go on where a run of the same was interrupted.

    A run can be gone on with until `finish` is called.

    Parameters
    ----------
    suite : str
        Key of `tb.coverage.build.SUITES`.
    tests : sequence of str or None
        Node ids without parameters; None: `chosen_tests`.
    tell : callable
        Told of progress, line by line.
    folder : Path or None
        Where the workers leave what they collect, in place of the run before; None: the suite's own.
    longest_s : float
        A test that takes longer is killed: its outcome is that it hung.

    Raises
    ------
    CoverageRunError
        If a worker fails, with the end of its log, or another run is under way in the folder. A test that
        fails is an outcome, no error.
    """
    names = list(chosen_tests() if tests is None else tests)
    folder = BUILD_ROOT / "coverage" / suite if folder is None else folder
    other = CoverageRunError(f"{folder}: another coverage run is under way there; wait for its end")
    with alone(folder / "lock", other):
        took = _seconds(folder)
        # What takes longest first; nobody has measured a new one.
        names.sort(key=lambda test: (-took.get(test, float("inf")), test))
        files = sorted({test.partition("::")[0] for test in names})
        tell(f"coverage: {len(names)} tests, suite {suite}, {workers} workers")
        plan = Plan(suite, seed, files, names, str(folder), design_digest(), longest_s, code_digest())
        spent = _spent(folder) or 0.0  # read before parts are cut: it looks at when they were written
        before = _goes_on(plan, folder)
        begin = time.monotonic()
        if before is None:
            for old in folder.glob("part*.jsonl"):
                old.unlink()
            before, spent = set(), 0.0
        else:
            tell(f"coverage: goes on with a run that was interrupted: {len(before)} tests are done")
        _begin(folder, spent)
        _collect(plan, [name for name in names if name not in before], folder, workers, tell)
        collected = load(folder)
        collected.wall_s = spent + time.monotonic() - begin
        _remember(folder, collected)
    tell(f"coverage: {len(collected.tests)} cases in {collected.wall_s:.0f} s")
    missing = set(names) - {one.test.partition("[")[0] for one in collected.tests}
    if missing:
        raise CoverageRunError(
            f"{len(missing)} tests did not run, such as {min(missing)}; is its name right?"
        )
    return collected


def finish(folder: Path) -> None:
    """Say that a collection has served: the next run begins anew."""
    (folder / UNFINISHED).unlink(missing_ok=True)


def _goes_on(plan: Plan, folder: Path) -> set[str] | None:
    """Return the tests that an interrupted run of the same plan has done; None if there was no such run.

    Its parts are cut after the last test that was done.
    """
    try:
        there = Plan.load(folder / PLAN)
        alike = replace(there, tests=sorted(there.tests)) == replace(plan, tests=sorted(plan.tests))
    except (OSError, ValueError, TypeError):
        return None
    if not alike or _spent(folder) is None:
        return None
    done: set[str] = set()
    for part in sorted(folder.glob("part*.jsonl")):
        _cut(part)
        done |= _read(part).done
    return done


def _cut(part: Path) -> None:
    """Cut what a worker left after the last test that it has done."""
    end = 0
    with part.open("rb+") as file:
        while line := file.readline():
            if line.startswith(b'{"done"') and line.endswith(b"\n"):
                end = file.tell()
        file.truncate(end)


def _begin(folder: Path, spent: float) -> None:
    state = {"spent_s": round(spent, 1), "since": time.time()}
    (folder / UNFINISHED).write_text(json.dumps(state), encoding="utf-8")


def _spent(folder: Path) -> float | None:
    """Return the seconds that interrupted runs took, to the last that they wrote; None if nothing tells."""
    try:
        state = json.loads((folder / UNFINISHED).read_text(encoding="utf-8"))
        spent, since = state["spent_s"] + 0.0, state["since"] + 0.0
    except (OSError, ValueError, TypeError, KeyError):
        return None
    last = max((path.stat().st_mtime for path in folder.glob("part*.jsonl")), default=0.0)
    return float(spent + max(0.0, last - since))


def _collect(
    plan: Plan, left: Sequence[str], folder: Path, workers: int, tell: Callable[[str], None]
) -> None:
    """Let workers carry out what is left of a plan."""
    plan.save(folder / PLAN)
    (folder / "taken").unlink(missing_ok=True)
    if not left:
        return
    begun = len(list(folder.glob("part*.jsonl")))
    replace(plan, tests=list(left), part=begun).save(folder / LEFT)
    logs = [folder / f"worker{number}.log" for number in range(workers)]
    progress = Progress(folder, len(plan.tests), tell)
    running = []
    for number, log in enumerate(logs):
        with log.open("w", encoding="utf-8") as out:
            command = [sys.executable, "-m", "tb.coverage.worker", str(folder / LEFT), str(number)]
            running.append(subprocess.Popen(command, cwd=REPO_ROOT, stdout=out, stderr=subprocess.STDOUT))
    try:
        states = [_end(process, progress) for process in running]
    finally:
        for process in running:
            process.kill()
    for state, log in zip(states, logs, strict=True):
        if state not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            tail = "\n  ".join(log.read_text(encoding="utf-8").splitlines()[-SHOWN_LINES:])
            raise CoverageRunError(f"a worker of the coverage run failed; last lines of {log}:\n  {tail}")


def _end(worker: subprocess.Popen[bytes], progress: Progress) -> int:
    """Wait for the end of a worker, and show how far all of them are; return its state."""
    while True:
        try:
            return worker.wait(PERIOD_S)
        except subprocess.TimeoutExpired:
            progress.show()


def load(folder: Path) -> Collected:
    """Put together what the workers of one run left.

    Raises
    ------
    CoverageRunError
        If there is nothing, what is there is damaged, a worker did not come to its end, or tests of the plan
        are not done.
    """
    collected = Collected()
    parts = sorted(folder.glob("part*.jsonl"))
    if not parts:
        raise CoverageRunError(f"{folder}: holds no coverage of tests; ./run coverage collects it")
    everything: set[Point] = set()
    done: set[str] = set()
    for path in parts:
        part = _read(path)
        if not part.ended:
            raise CoverageRunError(f"{path}: was cut short; run ./run coverage again")
        points = part.points
        collected.tests += part.tests
        collected.bins |= part.bins
        hit = part.others.union(*part.hits.values())
        collected.hit |= {points[number] for number in hit}
        everything |= set(points)
        done |= part.done
        # Which points a worker met first depends on what else it ran.
        order = sorted(range(len(points)), key=points.__getitem__)
        rank = {number: place for place, number in enumerate(order)}
        for name, numbers in part.hits.items():
            collected.by_test[name] = [points[number] for number in sorted(numbers, key=rank.__getitem__)]
    if left := _planned(folder) - done:
        raise CoverageRunError(
            f"{folder}: {len(left)} tests are not done, such as {min(left)}; ./run coverage goes on"
        )
    collected.points = sorted(everything)
    collected.tests.sort(key=lambda one: one.test)
    return collected


def _planned(folder: Path) -> set[str]:
    """Return the tests that a collection is of; none if nothing tells."""
    try:
        return set(Plan.load(folder / PLAN).tests)
    except FileNotFoundError:
        return set()
    except (ValueError, TypeError):
        raise CoverageRunError(f"{folder / PLAN}: is damaged; {FRESH}") from None


def _read(path: Path) -> _Part:
    """Read what a worker left.

    Raises
    ------
    CoverageRunError
        If it is damaged, with the line.
    """
    part = _Part()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except ValueError as error:
        raise CoverageRunError(f"{path}: is damaged ({error}); {FRESH}") from None
    for number, line in enumerate(lines, 1):
        try:
            _take(part, json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            what = f"no field {error}" if isinstance(error, KeyError) else error
            raise CoverageRunError(f"{path}:{number}: is damaged ({what}); {FRESH}") from None
    return part


def _take(part: _Part, record: dict[str, Any]) -> None:
    """Add a line to a part.

    Raises
    ------
    ValueError, TypeError, KeyError
        If it is not as a worker writes it.
    """
    if "point" in record:
        part.points.append(_point(record["point"]))
    elif "test" in record:
        name, outcome, text = (record[key] for key in ("test", "outcome", "text"))
        seconds, hits, others, bins = (record[key] for key in ("seconds", "hits", "others", "bins"))
        _check([name, outcome, text, *bins], str)
        _check([*hits, *others], int)
        if not all(0 <= number < len(part.points) for number in {*hits, *others}):
            raise ValueError("a hit of an unknown point")
        part.tests.append(TestOutcome(name, outcome, text, seconds + 0.0))
        part.hits[name] = hits
        part.others.update(others)
        part.bins[name] = bins
    else:
        _check([record["done"]], str)
        part.done.add(record["done"])
    part.ended = "done" in record


def _point(values: list[Any]) -> Point:
    module, file, line, column, kind, name, lines = values
    _check([module, file, kind, name, lines], str)
    _check([line, column], int)
    if not LINES.fullmatch(lines):
        raise ValueError(f"lines {lines!r}")
    return Point(module, file, line, column, Kind(kind), name, lines)


def _check(values: Sequence[object], wanted: type) -> None:
    """Raise `TypeError` if any value is of another type."""
    if others := set(map(type, values)) - {wanted}:
        raise TypeError(f"{others.pop().__name__} in the place of {wanted.__name__}")


def _seconds(folder: Path) -> dict[str, float]:
    """Return what tests took last time; nothing if that cannot be read."""
    try:
        took = json.loads((folder / "seconds.json").read_text(encoding="utf-8"))
        return {test: seconds + 0.0 for test, seconds in took.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _remember(folder: Path, collected: Collected) -> None:
    seconds: dict[str, float] = {}
    for one in collected.tests:
        name = one.test.partition("[")[0]
        seconds[name] = round(seconds.get(name, 0.0) + one.seconds, 2)
    (folder / "seconds.json").write_text(json.dumps(seconds), encoding="utf-8")
