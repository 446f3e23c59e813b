"""The input load balancer: which line of a core sums which channel of a group (DESIGN 2.6)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def dispatch_order(costs: NDArray[np.int64], channels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order in which the balancer takes the channels of a group: descending cost, ties to the lower channel.

    Parameters
    ----------
    costs : int64 [C]
        Cost of every channel of A: 1 for a non-zero FP8 element, 2 for an FP16 one.
    channels : int64 [n]
        The group, ascending.

    Returns
    -------
    int64 [n]
        The channels in the order in which they are given to lines.
    """
    return channels[np.lexsort((channels, -costs[channels]))]


def assign_lines(
    costs: NDArray[np.int64], channels: NDArray[np.int64], lines: int, enabled: bool
) -> NDArray[np.int64]:
    """Line of each channel of a group.

    Longest processing time first: each channel, in `dispatch_order`, goes to the least-loaded line that
    holds fewer than ``ceil(n / lines)`` channels, ties to the lower line. Balancer off: position in the
    group modulo the number of lines.

    Returns
    -------
    int64 [n]
        Line of each channel, in the order of `channels`.
    """
    if not enabled:
        return np.arange(len(channels), dtype=np.int64) % lines
    capacity = -(-len(channels) // lines)
    load = np.zeros(lines, np.int64)
    held = np.zeros(lines, np.int64)
    line_of: dict[int, int] = {}
    for channel in dispatch_order(costs, channels):
        free = np.flatnonzero(held < capacity)
        line = int(free[np.argmin(load[free])])
        line_of[int(channel)] = line
        load[line] += costs[channel]
        held[line] += 1
    return np.array([line_of[int(channel)] for channel in channels], np.int64)
