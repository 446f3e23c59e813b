"""Replays of the shipped sample in the bare loop: real operands, as one test each.

The regression replays the same under cocotb; here each is a test by itself, so that coverage says what it
hits, and a fault campaign can call for it.
"""

from __future__ import annotations

from functools import cache

import pytest

from golden.geometry import Step
from regressions.operands import ReplaySettings, replay_input
from regressions.traces import SAMPLE_PATH, Trace
from tb.core.bare import bare_core


@cache
def sample() -> Trace:
    return Trace.open(SAMPLE_PATH)


REPLAYS = [(layer, step) for layer in sample().layers for step in sample().steps(layer)]


@pytest.mark.parametrize(("layer", "step"), REPLAYS, ids=lambda value: str(value))
def test_replay(layer: str, step: Step, seed: int) -> None:
    outcome = bare_core("core").check(
        replay_input(sample().load(layer), step, ReplaySettings("core", balancer=True, seed=seed))
    )
    assert outcome.product.size
