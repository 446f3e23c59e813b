"""The input load balancer against its rule read literally."""

from __future__ import annotations

import numpy as np
import pytest

from golden.balancer import assign_lines, dispatch_order


def rule(costs: list[int], channels: list[int], lines: int) -> tuple[list[int], list[int]]:
    """Return the order and each channel's line, one channel at a time as the contract says it."""
    order = sorted(channels, key=lambda channel: (-costs[channel], channel))
    held: list[list[int]] = [[] for _ in range(lines)]
    for channel in order:
        free = [line for line in range(lines) if len(held[line]) < -(-len(channels) // lines)]
        least = min(free, key=lambda line: (sum(costs[other] for other in held[line]), line))
        held[least].append(channel)
    return order, [next(line for line in range(lines) if channel in held[line]) for channel in channels]


@pytest.mark.parametrize("largest", [0, 1, 3, 1000, 10**12])
@pytest.mark.parametrize("lines", [1, 2, 4, 8])
def test_random_groups(rng: np.random.Generator, lines: int, largest: int) -> None:
    for _ in range(40):
        total = int(rng.integers(1, 70))
        costs = rng.integers(0, largest + 1, total)
        start = int(rng.integers(total))
        channels = np.arange(start, min(total, start + int(rng.integers(1, 40))), dtype=np.int64)
        order, line_of = rule(costs.tolist(), channels.tolist(), lines)
        assert dispatch_order(costs, channels).tolist() == order
        assert assign_lines(costs, channels, lines, True).tolist() == line_of


@pytest.mark.parametrize("count", [1, 7, 8, 9, 31, 32])
def test_no_line_holds_more_than_its_share(rng: np.random.Generator, count: int) -> None:
    # One huge channel: without the limit every other one would go to the other lines.
    costs = rng.integers(0, 5, count)
    costs[rng.integers(count)] = 10**9
    lines = assign_lines(costs, np.arange(count, dtype=np.int64), 8, True)
    assert np.bincount(lines, minlength=8).max() <= -(-count // 8)


def test_ties_go_to_the_lower_channel_and_line() -> None:
    channels = np.arange(4, 10, dtype=np.int64)
    costs = np.array([9, 9, 9, 9, 5, 7, 5, 7, 5, 5], np.int64)
    assert dispatch_order(costs, channels).tolist() == [5, 7, 4, 6, 8, 9]
    # 5 -> line 0 (7), 7 -> line 1 (7), 4 -> line 0 (12), 6 -> line 1 (12), 8 -> line 0, 9 -> line 1
    assert assign_lines(costs, channels, 2, True).tolist() == [0, 0, 1, 1, 0, 1]


def test_equal_costs_are_dealt_round() -> None:
    channels = np.arange(11, dtype=np.int64)
    lines = assign_lines(np.full(11, 3, np.int64), channels, 4, True)
    assert lines.tolist() == (channels % 4).tolist()


def test_dead_channels_fill_the_least_loaded_line_up_to_its_share() -> None:
    # Line 0 has no load, so all zeros go there until it holds its two; then line 1 ties with no one.
    assert assign_lines(np.zeros(4, np.int64), np.arange(4, dtype=np.int64), 2, True).tolist() == [0, 0, 1, 1]


def test_balancer_off_counts_from_the_start_of_the_group(rng: np.random.Generator) -> None:
    channels = np.arange(5, 16, dtype=np.int64)
    lines = assign_lines(rng.integers(0, 100, 16), channels, 4, False)
    assert lines.tolist() == [(channel - 5) % 4 for channel in channels]


def test_balancing_is_better_than_round_robin(rng: np.random.Generator) -> None:
    channels = np.arange(32, dtype=np.int64)
    worst = {}
    costs = rng.integers(1, 10_000, 32)
    for enabled in (True, False):
        lines = assign_lines(costs, channels, 8, enabled)
        worst[enabled] = np.bincount(lines, weights=costs, minlength=8).max()
    assert worst[True] < worst[False]
