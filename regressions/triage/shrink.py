"""Delta debugging of a case: the smallest one that a deterministic search finds that still fails alike.

Every pass takes something away and keeps the smaller case if it fails alike; passes are repeated until none
takes away any more, or trials or time are used up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from regressions.triage import reduce
from tb.core.replay import ReplayInput

VALUE_PARTS = 64
"""Operands are not searched by value in more parts than that: there may be thousands."""
SINGLE_VALUES = 32

Fails = Callable[[ReplayInput], bool]
"""Whether a smaller replay fails alike."""


class BudgetSpent(Exception):
    """Trials or time are used up."""


@dataclass(frozen=True)
class Budget:
    """What shrinking one case may take: runs, and seconds."""

    trials: int
    seconds: float


@dataclass(frozen=True)
class Shrunk:
    """What was left, and why the search ended."""

    source: ReplayInput
    trials: int
    why: str
    interrupted: bool = False


def shrink(source: ReplayInput, fails: Fails, budget: Budget) -> Shrunk:
    """Return the smallest replay found that fails as `source` does."""
    search = _Search(source, fails, budget)
    try:
        why = search.run()
    except KeyboardInterrupt:
        return Shrunk(search.source, search.trials, "interrupted", interrupted=True)
    return Shrunk(search.source, search.trials, why)


class _Search:
    def __init__(self, source: ReplayInput, fails: Fails, budget: Budget) -> None:
        self.source = source
        self.trials = 0
        self._fails = fails
        self._budget = budget
        self._deadline = time.monotonic() + budget.seconds

    def run(self) -> str:
        """Repeat all passes until none changes the case; return why it ended."""
        try:
            while self._round():
                pass
        except BudgetSpent as spent:
            return str(spent)
        return "nothing smaller fails alike"

    def _round(self) -> bool:
        before = self.source
        self._subset(range(len(before.columns)), reduce.keep_columns)
        self._subset(range(self.source.a.shape[0]), reduce.keep_images)
        for axis in (2, 3):
            self._narrow(axis)
        self._subset(range(self.source.a.shape[1]), reduce.keep_channels)
        self._kernel()
        for axis in (2, 3):
            self._narrow(axis)
        for operand in ("a", "b"):
            self._values(operand)
        return self.source is not before

    def _attempt(self, smaller: ReplayInput | None) -> bool:
        """Take `smaller` in the place of the case if it fails alike."""
        if smaller is None:
            return False
        if self.trials >= self._budget.trials:
            raise BudgetSpent(f"its {self._budget.trials} trials were used up")
        if time.monotonic() >= self._deadline:
            raise BudgetSpent(f"its {self._budget.seconds:.0f} s were used up")
        self.trials += 1
        if not self._fails(smaller):
            return False
        self.source = smaller
        return True

    def _subset(
        self,
        items: Sequence[int],
        keep: Callable[[ReplayInput, Sequence[int]], ReplayInput],
        most_parts: int | None = None,
    ) -> None:
        """Find a small part of `items` that is enough, by halves, quarters, down to single items (ddmin)."""
        origin, left, parts = self.source, list(items), 2
        while len(left) > 1:
            size = -(-len(left) // parts)
            chunks = [left[at : at + size] for at in range(0, len(left), size)]
            rests = [[item for item in left if item not in set(chunk)] for chunk in chunks]
            choices = chunks + (rests if len(chunks) > 2 else [])
            found = next((one for one in choices if one and self._attempt(keep(origin, one))), None)
            if found is not None:
                parts = 2 if found in chunks else max(2, len(chunks) - 1)
                left = found
            elif size > 1 and (most_parts is None or parts < most_parts):
                parts = min(len(left), 2 * parts)
            else:
                return

    def _narrow(self, axis: int) -> None:
        """Cut output images to a range of rows or columns."""
        size = reduce.output_size(self.source, axis)
        step = size // 2
        while step and size > 1:
            lower = reduce.crop(self.source, axis, 0, size - step)
            if self._attempt(lower) or self._attempt(reduce.crop(self.source, axis, step, size)):
                size = reduce.output_size(self.source, axis)
                step = min(step, size // 2)
            else:
                step //= 2

    def _kernel(self) -> None:
        """Keep one kernel position, else leave out the outermost ones."""
        kernel = self.source.geometry.kernel
        middle = kernel // 2
        taps = [(ky, kx) for ky in range(kernel) for kx in range(kernel)]
        taps.sort(key=lambda tap: (abs(tap[0] - middle) + abs(tap[1] - middle), tap))
        if any(self._attempt(reduce.one_tap(self.source, *tap)) for tap in taps):
            return
        while self._attempt(reduce.inner_kernel(self.source)):
            pass

    def _values(self, operand: str) -> None:
        """Set elements to zero, then those that are left to one: all at once, else one by one."""
        places = reduce.nonzeros(getattr(self.source, operand))
        if not places:
            return
        self._subset(places, lambda source, kept: reduce.keep_values(source, operand, kept), VALUE_PARTS)
        places = reduce.nonzeros(getattr(self.source, operand))
        if self._attempt(reduce.set_ones(self.source, operand, places)):
            return
        for place in places[:SINGLE_VALUES]:
            self._attempt(reduce.set_ones(self.source, operand, [place]))
