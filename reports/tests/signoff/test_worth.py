"""What tests are worth: what they cover alone."""

from __future__ import annotations

from reports.signoff.worth import Worth, worths
from reports.tests.signoff import made_up
from reports.tests.signoff.made_up import BINS, CASES, COVER, LINE, MORE, SUMS
from tb.coverage.run import TestOutcome


def by_name(found: list[Worth]) -> dict[str, Worth]:
    return {one.test: one for one in found}


def test_cases_add_up_and_the_slowest_comes_first() -> None:
    found = worths(made_up.collected())
    assert [(one.test, one.seconds, len(one.cases)) for one in found] == [(SUMS, 5.0, 2), (MORE, 1.0, 1)]
    assert [one.test for one in found[0].cases] == [CASES[1], CASES[0]]
    assert found[0].hits == 5 + len(BINS)


def test_what_two_cases_of_a_test_hit_it_covers_alone() -> None:
    run = made_up.collected()
    run.by_test[CASES[2]].remove(LINE)
    found = by_name(worths(run))
    assert found[SUMS].only == [LINE]
    assert found[SUMS].only_bins == BINS
    assert found[SUMS].alone == 1 + len(BINS)
    assert found[MORE].alone == 0


def test_what_three_tests_hit_nobody_covers_alone() -> None:
    run = made_up.collected()
    run.by_test["x::test_third"] = [COVER]
    run.tests.append(TestOutcome("x::test_third", "passed", "", 0.1))
    assert [one.alone for one in worths(made_up.without_cases(run, *CASES))] == [1]
    assert by_name(worths(run))["x::test_third"].alone == 0


def test_failed_cases_are_told() -> None:
    found = by_name(worths(made_up.failing(made_up.collected(), CASES[1], "why")))
    assert (found[SUMS].passed, [one.text for one in found[SUMS].failed]) == (1, ["why"])
