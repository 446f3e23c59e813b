"""The fault campaign: ``python -m tb.mutation.campaign``, or ``./run faults``.

Draws mutants of every hand-written module, lets workers run each room's tests against them, and says which
survive. Verdicts are kept as they come, so that a campaign that is stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from golden.seeds import DEFAULT_MASTER_SEED, derive_seed
from tb.build_cache import digest
from tb.mutation.mutant import Mutant
from tb.mutation.operators import find_mutants
from tb.mutation.tier import TIERS, room_of
from tb.mutation.worker import BUDGET_S, Outcome, Plan, Verdict
from tb.toolchain import BUILD_ROOT, REPO_ROOT, rtl_sources

MUTANTS = 1200
"""Mutants that a campaign draws."""
LEAST_OF_A_FILE = 4
WORKERS = 2
PART = 60
"""Mutants of a worker at most: what it learns of which tests catch is worth more than an even load."""
CODE = (".sv", ".svh", ".py", ".cpp", ".hpp", ".h")
NO_PART = {"mutation", "plan"}
"""Folders of the benches that no verdict depends on."""
TARGET = 0.97
"""Share of the mutants not reasoned equivalent that a suite for sign-off catches."""


class CampaignError(RuntimeError):
    """The campaign could not be carried out."""


@dataclass(frozen=True)
class Result:
    """A campaign's mutants with their outcomes."""

    mutants: Mapping[str, Mutant]
    outcomes: Mapping[str, Outcome]

    @property
    def survivors(self) -> list[Mutant]:
        """Mutants that no test caught."""
        return [self.mutants[key] for key, one in self.outcomes.items() if one.verdict is Verdict.SURVIVED]

    @property
    def score(self) -> float:
        """Share of the mutants that were caught."""
        return 1 - len(self.survivors) / max(len(self.outcomes), 1)


def draw(mutants: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """Draw `count` mutants: of each file its share but a few at least, its operators in turn.

    A mutant's place in the order of its file and operator follows from its name and the seed alone.
    """

    def rank(mutant: Mutant) -> int:
        return derive_seed(mutant.key, seed)

    queues: dict[str, list[Mutant]] = {}
    by_file: dict[str, dict[str, list[Mutant]]] = defaultdict(lambda: defaultdict(list))
    for mutant in sorted(mutants, key=rank):
        by_file[mutant.file][mutant.operator].append(mutant)
    for file, operators in by_file.items():
        turns = max(len(of) for of in operators.values())
        queues[file] = [of[turn] for turn in range(turns) for of in operators.values() if turn < len(of)]
    share = count / max(len(mutants), 1)
    chosen = [
        mutant
        for queue in queues.values()
        for mutant in queue[: max(LEAST_OF_A_FILE, round(share * len(queue)))]
    ]
    return sorted(chosen, key=lambda one: (one.file, one.start, one.faulty))


def run(mutants: Sequence[Mutant], folder: Path, workers: int, budget_s: float) -> Result:
    """Judge mutants; those that `folder` holds verdicts of are not run again."""
    built = dict(enumerate(mutants, 1))
    by_key = {mutant.key: mutant for mutant in mutants}
    rooms: dict[str, list[int]] = defaultdict(list)
    verdicts, timings = folder / "verdicts.jsonl", folder / "timings.jsonl"
    known = {one.mutant: one for one in _outcomes(verdicts)}
    for number, mutant in built.items():
        if mutant.key not in known:
            rooms[room_of(mutant.file)].append(number)
    print(
        f"faults: {len(built)} mutants, {len(built) - len(known)} to judge, {workers} at a time", flush=True
    )
    begin = time.monotonic()

    def work(name: str, plan: Plan) -> None:
        start = time.monotonic()
        _work(plan, folder / f"{name.replace('/', '_')}.json")
        end = time.monotonic()
        print(f"  {name:24} {end - start:5.0f} s, {end - begin:6.0f} s in all", flush=True)

    def seconds() -> dict[str, float]:
        return {raw["test"]: raw["seconds"] for raw in _lines(timings)}

    measured = {test.split("::")[0] for test in seconds()}
    needed = {test for room in rooms for test in TIERS[room] if test.split("::")[0] not in measured}
    with ThreadPoolExecutor(workers) as pool:
        jobs = [
            pool.submit(
                work, f"time {Path(test).stem}", Plan([], built, [test], str(timings), {}, [], budget_s)
            )
            for test in sorted(needed)
        ]
        for job in jobs:
            job.result()
    took = seconds()
    parts = [
        (room, numbers[start : start + PART])
        for room, numbers in rooms.items()
        for start in range(0, len(numbers), PART)
    ]
    parts.sort(key=lambda one: -len(one[1]))

    def judge(index: int, room: str, numbers: list[int]) -> None:
        caught = [(by_key[one.mutant].file, one.test) for one in _outcomes(verdicts) if one.test]
        plan = Plan(numbers, built, list(TIERS[room]), str(verdicts), took, caught, budget_s)
        work(f"{room} {index}", plan)

    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(judge, index, room, numbers) for index, (room, numbers) in enumerate(parts)]
        for job in jobs:
            job.result()
    return Result(by_key, {one.mutant: one for one in _outcomes(verdicts)})


def _work(plan: Plan, path: Path) -> None:
    plan.save(path)
    log = path.with_suffix(".log")
    with log.open("w", encoding="utf-8") as out:
        command = [sys.executable, "-m", "tb.mutation.worker", str(path)]
        done = subprocess.run(command, cwd=REPO_ROOT, stdout=out, stderr=subprocess.STDOUT, check=False)
    if done.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        tail = "\n  ".join(log.read_text(encoding="utf-8").splitlines()[-12:])
        raise CampaignError(f"a worker of the campaign failed; last lines of {log}:\n  {tail}")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.is_file():
        yield from (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def _outcomes(path: Path) -> Iterator[Outcome]:
    for raw in _lines(path):
        yield Outcome(**{**raw, "verdict": Verdict(raw["verdict"])})


def state_of(mutants: Sequence[Mutant], budget_s: float) -> str:
    """Digest of all that verdicts depend on: design, benches, golden model, mutants."""
    code = hashlib.sha256(repr(([one.key for one in mutants], budget_s)).encode())
    files = [*rtl_sources(), *(REPO_ROOT / "tb").rglob("*.*"), *(REPO_ROOT / "golden").rglob("*.*")]
    for path in sorted(set(files)):
        if path.suffix in CODE and not NO_PART & set(path.parts):
            code.update(digest(path.read_bytes()).encode())
    return code.hexdigest()[:16]


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
    lines += [f"  {one.key}: {one.diff}" for one in result.survivors]
    verdicts = Counter(one.verdict for one in result.outcomes.values())
    counts = ", ".join(f"{verdicts[one]} {one}" for one in Verdict)
    lines.append(f"caught {result.score:.1%} of {len(result.outcomes)} mutants ({counts})")
    return lines


def main(words: Sequence[str]) -> int:
    """Run a campaign and print what came of it."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    add = parser.add_argument
    add("--mutants", type=int, default=MUTANTS, metavar="N", help="mutants to draw (default: %(default)s)")
    add("--files", nargs="+", metavar="PATTERN", help="only of files below rtl/ that begin so")
    add(
        "--seed",
        type=int,
        default=DEFAULT_MASTER_SEED,
        metavar="N",
        help="of the draw (default: %(default)s)",
    )
    add("--workers", type=int, default=WORKERS, metavar="N", help="at a time (default: %(default)s)")
    add(
        "--budget",
        type=float,
        default=BUDGET_S,
        metavar="S",
        help="seconds of tests a mutant (default: %(default)s)",
    )
    values = parser.parse_args(words)
    mutants = find_mutants()
    if values.files:
        mutants = [one for one in mutants if one.file.startswith(tuple(values.files))]
    chosen = draw(mutants, values.mutants, values.seed)
    folder = BUILD_ROOT / "campaign" / state_of(chosen, values.budget)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        result = run(chosen, folder, values.workers, values.budget)
    except CampaignError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(summary(result)))
    return 0 if result.score >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
