"""Layers of a trace on the RTL, the core used in four ways: what skipping, FGMP and the balancer gain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from golden.formats import E_THR_MIN
from golden.geometry import Step
from regressions.fidelity.records import LayerRun, Machine, Run
from regressions.operands import ReplaySettings, replay_input, replay_name
from regressions.power.records import Variant
from regressions.power.tiles import variant
from regressions.traces import Trace
from tb.core.replay import ReplayInput


def uses(source: ReplayInput, seed: int) -> Iterator[tuple[Machine, ReplayInput]]:
    """Yield the ways to run a replay that differ; WG gives rows to free lines, whatever the balancer."""
    yield Machine.FGMP, source
    if source.step is not Step.WG:
        yield Machine.NO_BALANCER, replace(source, balancer=False)
    plain = replace(variant(source, Variant.FP16, seed), b_e_thr=E_THR_MIN)
    yield Machine.SPARSE_FP16, plain
    yield Machine.DENSE_FP16, replace(plain, a=variant(source, Variant.DENSE, seed).a)


def run_layers(
    trace: Trace,
    chosen: Sequence[tuple[str, list[Step]]],
    settings: ReplaySettings,
    measure: Callable[[ReplayInput], Run],
    tell: Callable[[str], None],
) -> list[LayerRun]:
    """Run the chosen layers and steps in each way.

    Raises
    ------
    regressions.traces.TraceError, regressions.option_error.OptionError
        If a layer cannot be read, or has nothing but zeros.
    """
    found = []
    for name, steps in chosen:
        layer = trace.load(name)
        for step in steps:
            source = replay_input(layer, step, settings)
            all_columns = layer.geometry.in_channels if step is Step.BP else layer.geometry.out_channels
            weight = all_columns / len(source.columns) / layer.geometry.batch
            runs = {machine: measure(one) for machine, one in uses(source, settings.seed)}
            found += [LayerRun(name, step, machine, weight, run) for machine, run in runs.items()]
            cycles = ", ".join(f"{machine} {run.cycles}" for machine, run in runs.items())
            tell(f"{replay_name(name, step)}: cycles {cycles}")
    return found
