"""Which replays a regression runs, and in which order: the longest first, by the cycle model."""

from __future__ import annotations

import difflib
import fnmatch
from dataclasses import dataclass

from golden.geometry import Step
from golden.schedule import replay_cycles
from regressions.operands import replay_input
from regressions.options import OptionError, Options
from regressions.traces import Trace
from tb.core.replay import Replay


@dataclass(frozen=True)
class Planned:
    """A replay to run, with its predicted cycles."""

    layer: str
    step: Step
    cycles: int


def plan(trace: Trace, options: Options) -> list[Planned]:
    """List the replays in the network's order.

    Raises
    ------
    OptionError
        If a layer is not in the trace, or nothing is left to replay.
    """
    layers = _choose(trace.layers, options.layers)
    planned = []
    for name in layers:
        steps = [step for step in trace.steps(name) if step in options.steps]
        if steps:
            layer = trace.load(name)
            for step in steps:
                source = replay_input(layer, step, options.settings)
                planned.append(Planned(name, step, replay_cycles(Replay(source).streams, len(source.columns))))
    if not planned:
        raise OptionError(
            f"nothing to replay: layers {', '.join(layers)} have no step {', '.join(options.steps)} (the first layer has no "
            "BP)"
        )
    return planned


def longest_first(planned: list[Planned]) -> list[Planned]:
    """Order replays so that the last ones to start are short."""
    return sorted(planned, key=lambda one: -one.cycles)


def _choose(names: tuple[str, ...], patterns: tuple[str, ...]) -> list[str]:
    if not patterns:
        return list(names)
    chosen: set[str] = set()
    for pattern in patterns:
        found = fnmatch.filter(names, pattern)
        if not found:
            near = difflib.get_close_matches(pattern, names, n=3, cutoff=0.3) or names
            raise OptionError(f"--layers {pattern}: no such layer in the trace, choose from {', '.join(near)}")
        chosen.update(found)
    return [name for name in names if name in chosen]
