"""Which tests a survivor meets: by prices that the campaign measured, to an end."""

from __future__ import annotations

import pytest

from tb.mutation.whole_suite import LEAST_LEFT_S, Choice, choose

TESTS = ["a", "b", "c"]
SECONDS = {"a": 4.0, "b": 64.0, "c": 2.0}


def test_tests_are_taken_in_turn_while_they_fit() -> None:
    assert choose(TESTS, SECONDS, {}, 72.0) == Choice(TESTS, [], [])
    assert choose(TESTS, SECONDS, {}, 60.0) == Choice(["a", "c"], [], ["b"])


@pytest.mark.parametrize("seen", [0.1, 200.0])
def test_what_coverage_saw_never_settles_a_choice(seen: float) -> None:
    """What is not measured yet is to be, whether it seems to fit or not; then the choice is the same."""
    measured: dict[str, float | None] = {}
    expected = dict.fromkeys(TESTS, seen)
    while unmeasured := choose(TESTS, measured, expected, 60.0).unmeasured:
        measured |= {test: SECONDS[test] for test in unmeasured}
    assert choose(TESTS, measured, expected, 60.0) == Choice(["a", "c"], [], ["b"])


def test_with_little_left_no_more_tests_are_looked_at() -> None:
    """Nor measured; not even one that is known to fit, which another survivor may have had measured."""
    assert choose(TESTS, {"a": 4.0}, SECONDS, 4.0 + LEAST_LEFT_S / 2) == Choice(["a"], [], ["b", "c"])
    assert choose(TESTS, SECONDS, {}, 4.0 + LEAST_LEFT_S / 2) == Choice(["a"], [], ["b", "c"])
    assert choose(TESTS, SECONDS, {}, 4.0 + LEAST_LEFT_S) == Choice(["a", "c"], [], ["b"])


def test_tests_without_mutants_are_as_if_not_there() -> None:
    assert choose(TESTS, {**SECONDS, "a": None}, {}, 64.0) == Choice(["b"], [], ["c"])
