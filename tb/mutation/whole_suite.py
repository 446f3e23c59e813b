"""Which tests a survivor of its room's tests meets beside them: the nearest, as far as its time goes.

No test is passed over for a price that the campaign has not measured itself, on its own models when they are
built: what a test took in the coverage run may be the time of a build. Measuring is dear, too, so it has an
end: once less than `LEAST_LEFT_S` of a survivor's time is left, no other test is looked at. So the choice
hangs on the order of the tests and on their measured prices (`tb.mutation.budget`), on nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tb.mutation.budget import cost

BUDGET_S = 100.0
"""Seconds that these tests may take for one of them."""
LEAST_LEFT_S = 4.0


@dataclass(frozen=True)
class Choice:
    """Of the tests that look at a survivor, all but those that are known to hold no mutants.

    Attributes
    ----------
    met : list of str
        Those that it meets, in turn.
    unmeasured : list of str
        Those whose price decided, but is only expected; the choice holds if there are none.
    cut : list of str
        Those that its time does not reach for.
    """

    met: list[str]
    unmeasured: list[str]
    cut: list[str]


def choose(
    tests: Sequence[str],
    measured: Mapping[str, float | None],
    expected: Mapping[str, float],
    budget_s: float,
) -> Choice:
    """Choose tests, the first ones first, that a budget pays.

    Parameters
    ----------
    measured : mapping
        Seconds that tests take; None of those whose models hold no mutants.
    expected : mapping
        Seconds that the others took elsewhere: they say which ones to measure next.
    """
    choice, left = Choice([], [], []), budget_s
    for test in tests:
        seconds = measured[test] if test in measured else expected[test]
        if seconds is None:
            continue
        looked_at = left >= LEAST_LEFT_S
        if looked_at and test not in measured:
            choice.unmeasured.append(test)
        if looked_at and (price := cost(seconds)) <= left:
            choice.met.append(test)
            left -= price
        else:
            choice.cut.append(test)
    return choice
