"""Reports are the same in whatever order workers finish, and on a slower machine but for the times."""

from __future__ import annotations

import json
import random
import re
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reports.gate import targets
from reports.signoff import campaign, faults
from reports.signoff.document import coverage_document
from reports.signoff.measured import Measured, merge
from reports.signoff.page import INDEX, SLOWEST
from reports.signoff.report import DOCUMENT, Report, write
from reports.signoff.targets import checks, unmet
from reports.tests.signoff import made_up
from reports.tests.signoff.made_up import BITS, CASES, ELSE, EXCLUSION, TERM
from tb.coverage.exclusions import Exclusion
from tb.coverage.points import Kind, Point
from tb.coverage.run import Collected, TestOutcome, load
from tb.coverage.worker import BY_TEST
from tb.mutation.mutant import Mutant, Operator
from tb.mutation.result import Result
from tb.mutation.worker import Outcome, Verdict
from tb.plan.testplan import node_of

ORDERS = range(1, 5)
OTHER = "tb/line/test_line.py::test_line[{}]"
FAILED = (CASES[1], OTHER.format(1), OTHER.format(2), OTHER.format(5))
QUICK = frozenset(BY_TEST)
LINE_SV = "rtl/line/pe_line.sv"
SAME_LINE = [
    Point("pe_line", LINE_SV, 40, 3, kind, name, "40,41")
    for kind, name in ((Kind.LINE, "block"), (Kind.BRANCH, "if"), (Kind.BRANCH, "else"), (Kind.TOGGLE, "odd"))
]
EXCUSE_OF_BINS = Exclusion("bins", "*", "bins:pe.kinds[fp8,*]", "", "no such wire", "someone", made_up.LATER)


def collection() -> Collected:
    """Return a run of four tests on two files: some failed, some is missed, some excused."""
    run = made_up.collected(points=[*made_up.POINTS, *SAME_LINE])
    for at in range(SLOWEST):
        case = OTHER.format(at)
        run.tests.append(TestOutcome(case, "passed", "", 1.0 + at % 3))
        run.by_test[case] = sorted(SAME_LINE[: 1 + at % 2])
        run.bins[case] = made_up.BINS[: at % 3]
    run.tests.append(TestOutcome("x.py::test_x", "crashed", "it ended its process", 1.0))
    run.by_test["x.py::test_x"] = []
    run.bins["x.py::test_x"] = []
    for case in FAILED:
        run = made_up.failing(run, case)
    run = made_up.without(run, ELSE, TERM, *BITS[:3], *SAME_LINE[2:])
    bins = {case: [name for name in names if "fp8" not in name] for case, names in run.bins.items()}
    return replace(run, bins=bins)


def leave(run: Collected, kinds: frozenset[Kind], folder: Path, order: random.Random, factor: bool) -> None:
    """Write what one to three workers leave of a run; which did what, and how soon, is as it comes.

    Parameters
    ----------
    factor : bool
        Whether each case takes another time, too.
    """
    folder.mkdir(parents=True)
    tests = sorted({node_of(one.test) for one in run.tests})
    order.shuffle(tests)
    workers = order.randint(1, 3)
    for worker in range(workers):
        points = [point for point in run.points if point.kind in kinds]
        order.shuffle(points)
        numbers = {point: number for number, point in enumerate(points)}
        rows: list[object] = [{"point": list(asdict(point).values())} for point in points]
        rest = sorted(numbers[point] for point in points if point in run.hit and point.kind not in BY_TEST)
        for test in tests[worker::workers]:
            cases = [one for one in run.tests if node_of(one.test) == test]
            order.shuffle(cases)
            for one in cases:
                hits = [numbers[point] for point in run.by_test[one.test] if point in numbers]
                bins = list(run.bins[one.test])
                order.shuffle(bins)
                rows.append(
                    {
                        "test": one.test,
                        "outcome": one.outcome,
                        "text": one.text,
                        "seconds": round(one.seconds * (order.uniform(0.2, 5) if factor else 1), 3),
                        "hits": sorted(hits),
                        "others": rest if one.outcome == "passed" else [],
                        "bins": bins,
                    }
                )
            rows.append({"done": test})
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"part{worker}.jsonl").write_text(text, encoding="utf-8")


def report(folder: Path, seed: int, *, slower: bool = False) -> dict[str, str]:
    """Return all files of the report of both suites, whose workers finished in an order of this seed."""
    order = random.Random(seed)
    run = collection()
    parts = []
    for kinds, suite in ((QUICK, "quick"), (frozenset(Kind) - QUICK, "nightly")):
        leave(run, kinds, folder / suite, order, slower)
        parts.append(load(folder / suite))
    record = made_up.record(wall_s=order.uniform(1, 9000)) if slower else made_up.record()
    tests = frozenset(node_of(one.test) for one in run.tests)
    measured = Measured("nightly", record, merge(parts), tests, whole=True)
    excuses = (EXCLUSION, EXCUSE_OF_BINS)
    summary = made_up.summary(measured.collected, *excuses)
    state = made_up.state(measured.collected, *excuses)
    document = coverage_document(measured, summary, state)
    document = replace(document, unmet=unmet(document, state.states))
    written = write(
        Report(measured, summary, state, document, checks(document, state.states)), folder / "out"
    )
    return texts(written)


def texts(folder: Path) -> dict[str, str]:
    """Return the files below a folder by their paths."""
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def without_times(files: dict[str, str]) -> dict[str, object]:
    """Return a report's files without times; the table that lists the slowest tests first in any order."""
    left: dict[str, object] = dict(files)
    left[DOCUMENT] = re.sub(r'"wall_s": [\d.]+', "", files[DOCUMENT])
    text = re.sub(r"took [^<]*", "", files[INDEX])
    text = re.sub(r'data-v="\d+\.\d">\d+\.\d<|\d+\.\d s (?=<code>)', "", text)
    before, mark, tests = text.partition('id="by-test"')
    rows = sorted(re.split(r"\n|(?=<li>)|(?=</ul>)", tests))
    failed = sorted(re.findall(r"<h3>(\S+): \w+</h3>", tests), key=node_of)
    assert len(failed) == len(FAILED) + 1
    left[INDEX] = (before + mark, rows, failed)
    return left


def test_coverage_is_the_same_in_any_order(tmp_path: Path) -> None:
    first = report(tmp_path / "first", 0)
    assert DOCUMENT in first
    assert "source/rtl-line-pe_line.sv.html" in first
    for seed in ORDERS:
        again = report(tmp_path / str(seed), seed)
        assert again.keys() == first.keys()
        assert [name for name in first if again[name] != first[name]] == []


def test_coverage_is_the_same_but_for_its_times(tmp_path: Path) -> None:
    first = without_times(report(tmp_path / "first", 0))
    for seed in ORDERS:
        again = without_times(report(tmp_path / str(seed), seed, slower=True))
        assert [name for name in first if again[name] != first[name]] == []


def found(seed: int) -> Result:
    """Return a campaign of mutants of two files, whose verdicts came in an order of this seed."""
    order = random.Random(seed)
    mutants = [
        Mutant(file, line, line + 1, line, operator, "a", "b", f"{file}{line}")
        for file in ("line/pe_line.sv", "pe/pe.sv")
        for line, operator in ((20, Operator.STUCK), (21, Operator.STUCK), (22, Operator.WIDTH))
        for line in (line, line + 30, line + 60)
    ]
    verdicts = list(Verdict)
    outcomes = [
        Outcome(one.key, verdict, "" if verdict is Verdict.SURVIVED else "test_a", order.random(), 1)
        for at, one in enumerate(mutants)
        if at % 6 and (verdict := verdicts[at % len(verdicts)])
    ]
    order.shuffle(outcomes)
    survived = [one.mutant for one in outcomes if one.verdict is Verdict.SURVIVED]
    return Result(
        {one.key: one for one in mutants},
        {one.mutant: one for one in outcomes},
        {one.key: "never" for at, one in enumerate(mutants) if not at % 6},
        {key: ["test_a", "test_b"] for key in survived},
        not_met=set(sorted(survived)[::2]),
    )


def campaigned(folder: Path, seed: int) -> dict[str, str]:
    """Return the files of that campaign's report."""
    document = campaign.document(
        found(seed),
        seed=1,
        budget_s=30.0,
        git="0" * 40,
        tools={},
        started=datetime(2026, 1, 1, tzinfo=UTC),
        wall_s=1.0,
        rerun="./run faults",
    )
    return texts(faults.write(document, folder))


def test_a_campaign_is_the_same_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "LEAST_FAULTS", 1)
    first = campaigned(tmp_path / "first", 0)
    survivors = [one["key"] for one in json.loads(first[faults.DOCUMENT])["survivors"]]
    assert len(survivors) > 2
    for seed in ORDERS:
        again = campaigned(tmp_path / str(seed), seed)
        assert [name for name in first if again[name] != first[name]] == []
