"""Crosses of the input load balancer: how unevenly lines are loaded, and how full groups are."""

from __future__ import annotations

import numpy as np

from golden.lowering import Ints
from tb.coverage.bins import Cross, Illegal, collecting

IMBALANCE = ("no work", "even", "up to 1.25", "up to 2", "above 2", "one line")
"""The most loaded line's cost over the mean of all lines; the last has all of it."""
FILL = ("one channel", "fewer than lines", "as many as lines", "more", "as many as fit")

_BALANCER = Cross(
    "balancer.imbalance",
    {"balancer": ("off", "on"), "channels": FILL, "imbalance": IMBALANCE},
    [
        Illegal("a single channel is in a single line", channels="one channel", imbalance=IMBALANCE[1:5]),
        Illegal("a line without a channel has no work", channels="fewer than lines", imbalance="even"),
    ],
)


def imbalance_class(loads: Ints) -> int:
    """Class of the costs of all lines, by `IMBALANCE`."""
    total, most = int(loads.sum()), int(loads.max())
    if total == 0:
        return 0
    if most == total:
        return 5
    if most == loads.min():
        return 1
    ratio = most * len(loads) / total
    return 2 if ratio <= 1.25 else 3 if ratio <= 2 else 4


def sample_group(costs: Ints, lines: Ints, line_count: int, room: int, enabled: bool) -> None:
    """Sample a group of channels.

    Parameters
    ----------
    costs, lines : int64 [n]
        Cost and line of each channel.
    room : int
        Channels that all lines hold.
    """
    if not collecting():
        return
    count = len(costs)
    fill = 1 + (count >= line_count) + (count > line_count) + (count == room) if count > 1 else 0
    loads = np.bincount(lines, costs, line_count).astype(np.int64)
    _BALANCER.sample(int(enabled), fill, imbalance_class(loads))
