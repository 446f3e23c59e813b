"""Collections of two suites are merged; the last one can be read again, unless the design has changed."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from reports.signoff import measured
from reports.signoff.measured import Record, keep, merge, merge_records, reread
from reports.tests.signoff import made_up
from reports.tests.signoff.made_up import CASES, COVER, LINE, POINTS, SUMS
from tb.coverage.design import code_digest, design_digest
from tb.coverage.points import Kind
from tb.coverage.run import CoverageRunError
from tb.coverage.worker import Plan

LATER_KINDS = (Kind.EXPRESSION, Kind.TOGGLE)


def test_suites_are_merged() -> None:
    quick = made_up.collected(points=[one for one in POINTS if one.kind not in LATER_KINDS])
    night = made_up.collected(points=[one for one in POINTS if one.kind in LATER_KINDS])
    both = merge([quick, night])
    whole = made_up.collected()
    assert (both.points, both.hit) == (whole.points, whole.hit)
    assert both.by_test == whole.by_test
    assert {case: sorted(names) for case, names in both.bins.items()} == whole.bins
    assert [one.seconds for one in both.tests] == [2 * one.seconds for one in whole.tests]


@pytest.mark.parametrize("first", [True, False])
def test_a_case_that_failed_in_one_suite_failed(first: bool) -> None:
    good, bad = made_up.collected(), made_up.failing(made_up.collected(), CASES[0], "why")
    both = merge([bad, good] if first else [good, bad])
    (failed,) = [one for one in both.tests if one.outcome != "passed"]
    assert (failed.test, failed.text) == (CASES[0], "why")
    assert len(both.tests) == len(CASES)


def test_records_of_one_design_add_up() -> None:
    first = made_up.record(started="2026-01-01T09:00:00+00:00")
    both = merge_records([first, made_up.record(wall_s=7.5)])
    assert (both.wall_s, both.started, both.git) == (20.0, "2026-01-01T08:00:00+00:00", first.git)
    assert merge_records([first, made_up.record(git="another")]).git == f"{first.git} dirty"


@pytest.mark.parametrize(
    ("field", "value"),
    [("seed", 2), ("design", "another"), ("code", "another"), ("tools", {"verilator": "5.49"})],
)
def test_records_of_something_else_do_not(field: str, value: object) -> None:
    with pytest.raises(CoverageRunError, match=f"{field}: the suites .* differ in it"):
        merge_records([made_up.record(), made_up.record(**{field: value})])


def write_part(folder: Path, record: Record) -> None:
    """Leave what a worker leaves of one test that hit one of two points."""
    rows: list[object] = [{"point": list(asdict(point).values())} for point in (LINE, COVER)]
    rows.append(
        {
            "test": SUMS,
            "outcome": "passed",
            "text": "",
            "seconds": 1.0,
            "hits": [1],
            "others": [],
            "bins": ["bins:a[b]"],
        }
    )
    rows.append({"done": SUMS})
    (folder / "part0.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    Plan("quick", 1, [], [SUMS], str(folder), code=code_digest()).save(folder / "plan.json")
    keep(record, folder)


def test_the_last_collection_is_read_again(tmp_path: Path) -> None:
    write_part(tmp_path, made_up.record())
    record, run, tests = reread(tmp_path)
    assert record == made_up.record()
    assert (run.points, run.hit, tests) == (sorted([LINE, COVER]), {COVER}, frozenset([SUMS]))
    assert run.bins == {SUMS: ["bins:a[b]"]}


def test_a_collection_of_another_design_is_not(tmp_path: Path) -> None:
    write_part(tmp_path, made_up.record(design="another"))
    with pytest.raises(CoverageRunError, match=r"the design has changed since .*, without --reuse"):
        reread(tmp_path)


def test_a_collection_of_other_tests_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commit would be that of tests and a golden model which are no longer those that ran."""
    write_part(tmp_path, made_up.record())
    monkeypatch.setattr(measured, "code_digest", lambda: "another", raising=False)
    with pytest.raises(CoverageRunError, match=r"the tests or what they depend on .*, without --reuse"):
        reread(tmp_path)


@pytest.mark.parametrize("text", [None, "{}", "[", '{"seed": 1}'])
def test_a_collection_that_did_not_finish_is_not(tmp_path: Path, text: str | None) -> None:
    write_part(tmp_path, made_up.record())
    measured.forget(tmp_path)
    if text is not None:
        (tmp_path / measured.RECORD).write_text(text, encoding="utf-8")
    with pytest.raises(CoverageRunError, match="holds no finished coverage run"):
        reread(tmp_path)


def test_any_change_of_the_design_is_seen(tmp_path: Path) -> None:
    made_up.write_source(tmp_path, "module pe; endmodule")
    made_up.write_source(tmp_path, "module pe_checks; endmodule", made_up.CHECKER)
    made_up.write_source(tmp_path, "python", "tb/pe/test_pe.py")
    before = design_digest(tmp_path)
    made_up.write_source(tmp_path, "other python", "tb/pe/test_pe.py")
    assert design_digest(tmp_path) == before
    made_up.write_source(tmp_path, "module pe_checks;endmodule", made_up.CHECKER)
    after = design_digest(tmp_path)
    assert after != before
    made_up.write_source(tmp_path, "addrmap regs {};", "rtl/chip/regs.rdl")
    assert design_digest(tmp_path) != after
