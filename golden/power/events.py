"""Events of a core that cost energy, and which of them each component's energy follows.

All are counters that the RTL has and that golden predicts (`golden.hardware_counters`), but `balanced`.
"""

from __future__ import annotations

from collections.abc import Mapping

from golden.power.components import Component, Precision

BALANCED = "balanced"
"""Channels that the load balancer has given to lines."""
EVENTS = {
    "cycles": "cycles, whether anything happens or not",
    "macs_fp8": "MACs with an FP8 element of A",
    "macs_fp16": "MACs with an FP16 element of A",
    "elements": "elements of A that a line issues to its PEs",
    "a_beats": "beats of A: segments of a line's list with their masks",
    "b_rows": "rows of B loaded",
    "tree_rows": "rows that the tree adds up over the lines (FP and BP)",
    "psum_rows": "rows added to the partial sums",
    BALANCED: "channels given to lines by the load balancer",
}
"""Each event in words."""

FOLLOWS: dict[Component, tuple[str, ...]] = {
    Component.MULTIPLIER: ("macs_fp8", "macs_fp16"),
    Component.ADDER: ("macs_fp8", "macs_fp16", "tree_rows", "psum_rows"),
    Component.REGISTERS: ("macs_fp8", "macs_fp16", "a_beats", "tree_rows", "psum_rows", "cycles"),
    Component.CLOCK: ("cycles", "macs_fp8", "macs_fp16", "a_beats", "tree_rows", "psum_rows"),
    Component.INTERCONNECT: ("elements", "a_beats", "b_rows", "tree_rows", "psum_rows", "cycles"),
    Component.BALANCER: (BALANCED, "cycles"),
    Component.CONTROL: ("elements", "a_beats", "tree_rows", "psum_rows", "cycles"),
}
"""Events whose number a component's energy is taken to be proportional to, summed."""

MACS = {Precision.FP8: "macs_fp8", Precision.FP16: "macs_fp16"}
"""The event that is a MAC of each precision: all that the multiplier's energy follows."""


class EventError(ValueError):
    """An event is missing or its number impossible."""


def count_events(counters: Mapping[str, int], balanced: int) -> dict[str, float]:
    """Return the number of each event from a core's counters.

    Parameters
    ----------
    counters : mapping
        By the names of `golden.hardware_counters.CORE_COUNTERS`.
    balanced : int
        Channels that the load balancer gave to lines.

    Raises
    ------
    EventError
        If a counter is missing or negative.
    """
    found = {}
    for name in EVENTS:
        value = balanced if name == BALANCED else counters.get(name)
        if value is None:
            raise EventError(f"power: counter '{name}' is missing")
        if value < 0:
            raise EventError(f"power: counter '{name}' is {value}, must be 0 or more")
        found[name] = float(value)
    return found
