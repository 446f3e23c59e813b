"""Which of the tests that look at a mutant it meets, as far as its time goes: the same ones each time.

Tests are taken in the order that the caller gives, the nearest first, never by how fast they are or what
they caught: that decides in which order the chosen ones run, not which they are. What a test costs is
measured, but counted coarsely: the next power of two of its seconds, `LEAST_S` at least. So a campaign on one
worker and on two, on a machine at rest and on one a little busy, chooses alike nearly always; wherever all
tests fit into the time nothing depends on it at all.

What remains of the machine: a test whose time is near a power of two may cost twice as much on another one; a
machine of other speed moves all of them. Then tests at the far end of the list come in or drop out. A test's
cost also says how soon it runs beside others that catch as much, so another one may be the first to catch a
mutant. Whether a model crashes or hangs with a mutant is seen by time, too (`tb.mutation.worker`). Within one
campaign's folder times are measured once, also over stops.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

LEAST_S = 1 / 16
"""Cost of the shortest tests: what they take beside their own time is of that order."""


def cost(seconds: float) -> float:
    """Return the seconds that a test is counted with: never fewer than it takes, at most twice as many."""
    return max(LEAST_S, 2.0 ** math.ceil(math.log2(max(seconds, LEAST_S))))


def affordable(tests: Sequence[str], seconds: Mapping[str, float], budget_s: float) -> list[str]:
    """Return the tests, in turn, that fit into what those before them leave of the budget."""
    chosen, left = [], budget_s
    for test in tests:
        if (price := cost(seconds[test])) <= left:
            chosen.append(test)
            left -= price
    return chosen
