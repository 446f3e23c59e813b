"""What is gated, which way is better, and how far a figure may get worse: the baseline's own table.

Nothing here is measured twice and averaged: the design, the golden model and every seed are deterministic, so
most tolerances are zero. Speed of simulation is not gated, as machines differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from regressions.json_codec import ResultsError


class Better(StrEnum):
    """Which way a figure gets better; ``equal``: a change is no gain, another thing was measured."""

    LOWER = "lower"
    HIGHER = "higher"
    EQUAL = "equal"


@dataclass(frozen=True)
class Tolerance:
    """How far a figure may get worse: the larger of a number and a share of the baseline's value."""

    better: Better
    absolute: float
    relative: float

    def allowed(self, before: float) -> float:
        """Return how far a figure that was `before` may get worse."""
        return max(self.absolute, self.relative * abs(before))


EXACT = 0.0

DEFAULTS = {
    # A replay, by layer and step.
    "elements": Tolerance(Better.HIGHER, 0, EXACT),
    "macs_total": Tolerance(Better.EQUAL, 0, EXACT),
    "macs_skipped": Tolerance(Better.HIGHER, 0, EXACT),
    "cycles": Tolerance(Better.LOWER, 0, EXACT),
    "ema_bytes": Tolerance(Better.LOWER, 0, EXACT),
    "energy": Tolerance(Better.LOWER, 0, 1e-6),  # sums of binary64, rounded in the baseline
    # The chip.
    "sram_bytes": Tolerance(Better.LOWER, 0, EXACT),
    "register_bytes": Tolerance(Better.LOWER, 0, EXACT),
    # Coverage by kind; by module, what was missed (code) or reached (assertions and functional covers).
    "coverage": Tolerance(Better.HIGHER, 0.001, EXACT),  # code that was covered may go
    "excluded": Tolerance(Better.LOWER, 0, EXACT),
    "missed_line": Tolerance(Better.LOWER, 0, EXACT),
    "missed_branch": Tolerance(Better.LOWER, 0, EXACT),
    "missed_expression": Tolerance(Better.LOWER, 0, EXACT),
    "missed_toggle": Tolerance(Better.LOWER, 2, EXACT),
    "reached_assertion": Tolerance(Better.HIGHER, 0, EXACT),
    "reached_user": Tolerance(Better.HIGHER, 0, EXACT),
    # The test plan and the tests whose coverage was merged.
    "plan_features": Tolerance(Better.HIGHER, 0, EXACT),
    "plan_points": Tolerance(Better.HIGHER, 0, EXACT),
    "plan_hit": Tolerance(Better.HIGHER, 0, EXACT),
    "plan_excused": Tolerance(Better.LOWER, 0, EXACT),
    "tests_passed": Tolerance(Better.HIGHER, 0, EXACT),
    # The fault campaign, whose mutants are drawn anew when the RTL changes.
    "fault_score": Tolerance(Better.HIGHER, 0.005, EXACT),
    "mutants": Tolerance(Better.HIGHER, 0, 0.1),
}
"""Tolerances that a new baseline starts with; from then on those in its file hold."""


def check(tolerances: dict[str, Tolerance]) -> None:
    """Raise `ResultsError`, which names the field, unless there is a sound tolerance for each figure."""
    for name in DEFAULTS:
        if name not in tolerances:
            raise ResultsError(f"tolerances.{name}: missing")
    for name, tolerance in tolerances.items():
        if name not in DEFAULTS:
            raise ResultsError(f"tolerances.{name}: no such figure (known: {', '.join(DEFAULTS)})")
        if tolerance.better is not DEFAULTS[name].better:
            raise ResultsError(
                f"tolerances.{name}.better: is {tolerance.better}, but {DEFAULTS[name].better} is better"
            )
        for field in ("absolute", "relative"):
            value = getattr(tolerance, field)
            if not math.isfinite(value) or value < 0:
                raise ResultsError(f"tolerances.{name}.{field}: is {value}, must be finite and not negative")
