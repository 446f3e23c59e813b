"""Which replays a regression runs, and in which order: the longest first, by the cycle model."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from golden.chip.plan import FP16_BYTES
from golden.geometry import ConvGeometry, Step
from golden.native import NativeError
from golden.presets import find_preset
from golden.schedule import replay_cycles
from regressions.chip.settings import ChipSettings
from regressions.operands import ReplaySettings, replay_input, replay_name
from regressions.option_error import OptionError
from regressions.problems import explain
from regressions.results import LayerShape
from regressions.traces import LayerTrace, Trace
from tb.core.replay import Replay


@dataclass(frozen=True)
class Planned:
    """A replay to run.

    Attributes
    ----------
    cycles : int
        Predicted cycles; 0 if there is a `problem`.
    problem : str or None
        Why it cannot run: damaged operands, or too large for the hardware. It is reported all the same.
    """

    layer: str
    step: Step
    shape: LayerShape
    cycles: int
    problem: str | None = None

    @property
    def name(self) -> str:
        """Name of the replay."""
        return replay_name(self.layer, self.step)


class Selection(Protocol):
    """Options that name layers (names or wildcards; none: all) and steps."""

    @property
    def layers(self) -> tuple[str, ...]:
        """Names or wildcards."""
        ...

    @property
    def steps(self) -> tuple[Step, ...]:
        """Training steps."""
        ...


def choose(trace: Trace, options: Selection) -> list[tuple[str, list[Step]]]:
    """List the layers and steps that the user asked for, in the network's order.

    Raises
    ------
    OptionError
        If a layer is not in the trace, or nothing is left to replay.
    """
    layers = _choose_layers(trace.layers, options.layers)
    chosen = [(name, [step for step in trace.steps(name) if step in options.steps]) for name in layers]
    chosen = [(name, steps) for name, steps in chosen if steps]
    if not chosen:
        raise OptionError(
            f"--steps {' '.join(options.steps)}: nothing to replay, {', '.join(layers)} has no such step "
            "(the layer that reads the images has no BP)"
        )
    return chosen


def plan(trace: Trace, chosen: Sequence[tuple[str, list[Step]]], settings: ReplaySettings) -> list[Planned]:
    """Predict the cycles of each replay, in the same order; what cannot be run keeps its place.

    Raises
    ------
    golden.native.NativeError
        If the golden model cannot be compiled: no replay can be planned then.
    """
    planned = []
    for name, steps in chosen:
        shape = LayerShape.of(trace.geometry(name))
        if settings.chip is not None:
            # What a chip's replay takes is known when it is compiled; the worker's record tells of a problem.
            geometry, columns = trace.geometry(name), trace.header.columns
            planned += [
                Planned(name, step, shape, estimate_cycles(geometry, step, settings, columns))
                for step in steps
            ]
            continue
        try:
            layer = trace.load(name)
        except Exception as error:
            planned += [Planned(name, step, shape, 0, explain(error)) for step in steps]
        else:
            planned += [_plan_one(layer, step, shape, settings) for step in steps]
    return planned


def estimate_cycles(geometry: ConvGeometry, step: Step, settings: ReplaySettings, columns: int | None) -> int:
    """Estimate a step's cycles on the chip: dense FP16 on all PEs, or all operands and results once as FP16.

    `columns` are those of the product at most; None: all.
    """
    preset, chip = find_preset(settings.preset), settings.chip or ChipSettings()
    pixels = geometry.batch * geometry.out_height * geometry.out_width
    total = geometry.in_channels if step is Step.BP else geometry.out_channels
    other = geometry.out_channels if step is Step.BP else geometry.in_channels
    width = min(total, columns or total)
    macs = pixels * geometry.taps * other * width
    inside = geometry.batch * geometry.in_channels * geometry.in_height * geometry.in_width
    elements = inside + pixels * width + geometry.taps * other * width
    compute = macs / (preset.cores * preset.lines * preset.pes)
    return round(max(compute, FP16_BYTES * elements / chip.memory_bytes)) + 1


def _plan_one(layer: LayerTrace, step: Step, shape: LayerShape, settings: ReplaySettings) -> Planned:
    try:
        source = replay_input(layer, step, settings)
        return Planned(layer.name, step, shape, replay_cycles(Replay(source).streams, len(source.columns)))
    except NativeError:
        raise
    except Exception as error:
        return Planned(layer.name, step, shape, 0, explain(error))


def longest_first(planned: Sequence[Planned]) -> list[Planned]:
    """Order replays so that the last ones to start are short."""
    return sorted(planned, key=lambda one: -one.cycles)


def _choose_layers(names: tuple[str, ...], patterns: tuple[str, ...]) -> list[str]:
    if not patterns:
        return list(names)
    chosen: set[str] = set()
    for pattern in patterns:
        found = fnmatch.filter(names, pattern)
        if not found:
            near = difflib.get_close_matches(pattern, names, n=3, cutoff=0.3) or names
            raise OptionError(
                f"--layers {pattern}: no such layer in the trace, choose from {', '.join(near)}"
            )
        chosen.update(found)
    return [name for name in names if name in chosen]
