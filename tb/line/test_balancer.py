"""The input load balancer alone, against golden's rule."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from golden.balancer import assign_lines, dispatch_order
from golden.lowering import Ints
from golden.presets import find_preset
from tb.core.build import checkers, parameters
from tb.coverage.crosses.balancing import sample_group
from tb.toolchain import REPO_ROOT, rtl_sources, verilate

STALLS = (0, 300, 800)
COSTS: dict[str, Callable[[np.random.Generator, int], Ints]] = {
    "any": lambda rng, count: rng.integers(0, 5000, count),
    "ties": lambda rng, count: rng.integers(0, 4, count),
    "all alike": lambda rng, count: np.full(count, 17),
    "all dead": lambda rng, count: np.zeros(count, np.int64),
    "one outweighs all": lambda rng, count: np.where(np.arange(count) == count // 2, 1 << 20, 1),
    "many dead": lambda rng, count: rng.integers(1, 300, count) * (rng.random(count) < 0.3),
    "hardly any alive": lambda rng, count: (rng.random(count) < 0.005).astype(np.int64),
    "a few heavy": lambda rng, count: np.where(rng.random(count) < 0.007, 40, 1),
    # Lines whose loads come to the top of their counter, near one another.
    "heaviest": lambda rng, count: (1 << 32) // 36 - rng.integers(0, 1 << 24, count),
    "a few outweigh all": lambda rng, count: np.where(rng.random(count) < 0.007, 1000, 1),
}


@lru_cache
def balancer(preset: str) -> ctypes.CDLL:
    """Build and load the balancer of a preset, once a process."""
    wanted = ("-GLines", "-GRows")
    build = verilate(
        f"balancer_{preset}",
        [*rtl_sources("load_balancer"), *checkers(), REPO_ROOT / "tb/core/load_balancer_checks.sv"],
        "load_balancer",
        args=["--assert", *(part for part in parameters(find_preset(preset)) if part.startswith(wanted))],
        cxx_sources=[REPO_ROOT / "tb/line/balancer_loop.cpp"],
        kind="lib",
    )
    return ctypes.CDLL(str(build.artifact))


def check_balancer(
    preset: str, costs: Ints, groups: list[Ints], enabled: bool, stall: int, seed: int
) -> None:
    """Give groups of channels to the balancer and require golden's line for each."""
    lines = find_preset(preset).lines
    orders = [dispatch_order(costs, group) if enabled else group for group in groups]
    expected = []
    for group, order in zip(groups, orders, strict=True):
        line_of = dict(zip(group.tolist(), assign_lines(costs, group, lines, enabled).tolist(), strict=True))
        expected += [line_of[int(channel)] for channel in order]
    first = np.concatenate([np.full(len(group), group[0]) for group in groups])
    channels = (np.concatenate(orders) - first).astype(np.uint16)
    count = len(channels)
    last = np.concatenate([np.arange(len(group)) == len(group) - 1 for group in groups]).astype(np.uint8)
    depth = np.concatenate([np.full(len(group), -(-len(group) // lines)) for group in groups]).astype(
        np.uint8
    )
    answered, line = np.zeros(count, np.uint16), np.zeros(count, np.uint8)
    arrays: list[np.ndarray] = [channels, costs[np.concatenate(orders)].astype(np.uint32), last, depth]
    status = balancer(preset).balancer_run(
        ctypes.c_int64(count),
        *(ctypes.c_void_p(array.ctypes.data) for array in arrays),
        int(enabled),
        stall,
        ctypes.c_uint64(seed),
        ctypes.c_void_p(answered.ctypes.data),
        ctypes.c_void_p(line.ctypes.data),
    )
    assert status == 0, ("", "the balancer hung", "an assertion failed (see the standard output)")[status]
    np.testing.assert_array_equal(answered, channels)
    wrong = np.flatnonzero(line != expected)
    assert not len(wrong), (
        f"{len(wrong)} of {count} lines are wrong, the first one for entry {wrong[0]} "
        f"(channel {channels[wrong[0]]}): line {line[wrong[0]]}, golden {expected[wrong[0]]}"
    )
    ends = np.cumsum([len(group) for group in groups])
    for order, given in zip(orders, np.split(line.astype(np.int64), ends[:-1]), strict=True):
        sample_group(costs[order], given, lines, lines * find_preset(preset).rows, enabled)


@pytest.mark.parametrize("preset", ["tiny", "core"])
@pytest.mark.parametrize("enabled", [True, False], ids=["on", "off"])
@pytest.mark.parametrize("kind", COSTS)
def test_lines_are_golden(rng: np.random.Generator, kind: str, enabled: bool, preset: str) -> None:
    """Groups of all sizes, from one channel to all that lines can hold, one after the other."""
    sizes = find_preset(preset)
    for stall in STALLS:
        counts = [1, sizes.lines - 1, sizes.lines, sizes.lines + 1, sizes.lines * sizes.rows]
        counts += rng.integers(1, sizes.lines * sizes.rows + 1, 20).tolist()
        bounds = np.cumsum([0, *counts])
        groups = [np.arange(start, end) for start, end in pairwise(bounds)]
        costs = np.asarray(COSTS[kind](rng, int(bounds[-1])), np.int64)
        check_balancer(preset, costs, groups, enabled, stall, int(rng.integers(1 << 30)))


def test_a_wrong_line_is_named(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tb.line.test_balancer.assign_lines",
        lambda costs, group, lines, enabled: np.zeros(len(group), np.int64),
    )
    with pytest.raises(AssertionError, match=r"\d+ of 20 lines are wrong, .* line 1, golden 0"):
        check_balancer("tiny", np.arange(20), [np.arange(20)], True, 0, 1)
