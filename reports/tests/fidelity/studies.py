"""A made-up study for tests of the report."""

from __future__ import annotations

from dataclasses import replace

from golden.geometry import Step
from golden.power.components import Component
from golden.power.operating import PUBLISHED
from regressions.fidelity.experiments import RECIPES
from regressions.fidelity.records import (
    EXPERIMENT_SCHEMA,
    SCHEMA,
    Experiment,
    FidelityRun,
    FidelityStudy,
    LayerMeasure,
    LayerRun,
    Machine,
    Measured,
    Mix,
    Network,
    PointEnergy,
    Run,
    StepMacs,
    SweepPoint,
    TensorMeasure,
    Traffic,
)
from regressions.fidelity.sweep import falls
from regressions.results import GitInfo, TraceInfo

TRACE = TraceInfo("regressions/traces/sample.safetensors", "digits", 0.98, 16, 32, 1, "ab" * 32)
GIT = GitInfo("0" * 40, False)
SPARSITIES = (0.0, 0.5, 0.9)
SIZE = {Mix.FGMP: 1.1, Mix.FP8: 1.0, Mix.FP16: 1.5}
COST = {Machine.FGMP: 1.0, Machine.NO_BALANCER: 1.1, Machine.SPARSE_FP16: 1.5, Machine.DENSE_FP16: 3.0}


def replay(zeros: float, cost: float, fp16: float = 0.05) -> Run:
    """Return a replay of 1000 MACs that costs `cost` pJ for each that is done, and a little more."""
    done = round(1000 * (1 - zeros))
    share = cost * (done + 50) / (len(Component) + 3)
    energy = [
        PointEnergy(
            point.voltage,
            point.frequency / 1e6,
            {one.value: (place + 1) * share for one in Component},
            dict.fromkeys(("A rings", "B rows", "partial sums"), (place + 1) * share),
            (place + 1) * share / 2,
        )
        for place, point in enumerate(PUBLISHED)
    ]
    half = round(done * fp16)
    return Run(done + 10, 1000, done - half, half, 1000 - done, 160, zeros, fp16, energy)


def network(name: str, x: float = 0.45, delta: float = 0.0) -> Network:
    """Return a network of two layers with so many zeros."""
    tensors = {
        tensor: TensorMeasure(1000, round(1000 * zeros), 3, 50, 250)
        for tensor, zeros in (("X", x), ("W", 0.0), ("delta", delta))
    }
    macs = [StepMacs(step, 1000, round(1000 * (delta if step is Step.BP else x))) for step in Step]
    sizes = {"X": 500, "delta": 300, "W": 100, "Y": 200, "dX": 200, "dW": 100}
    traffic = [Traffic(Step.FP, tensor, size, round(0.6 * size)) for tensor, size in sizes.items()]
    layers = [LayerMeasure(layer, tensors, macs) for layer in ("first", "last")]
    return Network(name, f"./run capture --model {name}", TRACE, 270, "2.0", layers, traffic)


def experiment(which: Experiment) -> Measured:
    """Return an experiment in which batch-norm makes δ dense."""
    networks = [
        network(name, delta=0.5 if name == "resnet18-without-norm" else 0.001) for name in RECIPES[which]
    ]
    return Measured(
        EXPERIMENT_SCHEMA,
        which,
        "2026-01-01T00:00:00+00:00",
        GIT,
        60.0,
        f"./run fidelity --experiment {which}",
        "share=0.2",
        networks,
    )


def study(
    *, rises: bool = True, experiments: bool = True, layers: bool = True, steps: int | None = None
) -> FidelityStudy:
    """Return a study of three sparsities and one layer; it may not rise, lack experiments or layers.

    `steps` are those of the trace's layers; None: those that were run.
    """
    sweep = [SweepPoint(mix, share, replay(share, SIZE[mix])) for mix in Mix for share in SPARSITIES]
    if not rises:
        sweep[1] = replace(sweep[1], run=replay(0.5, 9.0))
    runs = [
        LayerRun("conv", step, machine, 2.0, replay(0.0 if step is Step.BP else 0.4, cost))
        for step in Step
        for machine, cost in COST.items()
        if not (step is Step.WG and machine is Machine.NO_BALANCER)
    ]
    fallen = falls(sweep)
    return FidelityStudy(
        SCHEMA,
        FidelityRun(
            1,
            "2026-01-01T00:00:00+00:00",
            GIT,
            {"python": "3.11"},
            12.5,
            "./run fidelity",
            TRACE,
            "core",
            "share=0.2",
            "conv-FP",
            "small library: some tiles",
            layer_steps=steps or len(Step),
        ),
        sweep,
        fallen,
        runs if layers else [],
        [experiment(which) for which in Experiment] if experiments else [],
        not fallen,
    )
