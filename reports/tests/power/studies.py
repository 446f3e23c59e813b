"""A made-up study for tests of the report."""

from __future__ import annotations

from golden.geometry import Step
from golden.power.components import Component, Level
from golden.power.events import FOLLOWS
from regressions.power.records import (
    LIMIT,
    SCHEMA,
    Constant,
    GatesInfo,
    PointResult,
    PowerRun,
    PowerStudy,
    Role,
    TileResult,
    Variant,
)
from regressions.power.study import compare, verdict
from regressions.results import GitInfo, TraceInfo

PLACES = (
    ("layer1.0.conv2", Step.FP, Role.CALIBRATION),
    ("layer2.1.conv1", Step.BP, Role.VALIDATION),
    ("fc", Step.WG, Role.VALIDATION),
)
SIZE = {Variant.FGMP: 0.6, Variant.FP8: 0.5, Variant.FP16: 1.0, Variant.DENSE: 0.9, Variant.SPARSE: 0.4}


def tile(layer: str, step: Step, role: Role, kind: Variant, error: float) -> TileResult:
    """Return a tile; the event model's energy of a sparse one is `error` too large."""
    size = 1e6 * SIZE[kind]
    gates = {one.value: size * (place + 1) for place, one in enumerate(Component)}
    factor = 1 + (error if kind is Variant.SPARSE else 0)
    return TileResult(
        layer,
        step,
        kind,
        role,
        3000,
        50_000,
        0.4,
        0.1,
        {"cycles": 3000.0},
        gates,
        {one.value: sum(gates.values()) / 3 for one in Level},
        12.0,
        {name: energy * factor for name, energy in gates.items()},
        {"FP8": 0.75 * size * factor, "FP16": 0.25 * size * factor},
        {"0.5": sum(gates.values()), "0": 0.7 * sum(gates.values()), "1": 1.3 * sum(gates.values())},
        1_000_000,
    )


def study(error: float = 0.05, chip: bool = True) -> PowerStudy:
    """Return a study of three tiles; with `chip`, of a core of which a chip has several."""
    tiles = [tile(*place, kind, error) for place in PLACES for kind in Variant]
    ratios = compare(tiles)
    logic = {one.value: 100.0 for one in Component}
    memories = {"A ring": 10.0, "B rows": 20.0, "partial sums": 30.0}
    watts = {(0.7, 50.0): 3e-3, (1.1, 200.0): 25e-3}
    points = [
        PointResult(
            layer,
            step,
            Variant.FGMP,
            *point,
            logic,
            {"FP8": 75.0, "FP16": 25.0},
            memories,
            5.0,
            700.0,
            one,
            12 * one if chip else None,
        )
        for layer, step, _ in PLACES
        for point, one in watts.items()
    ]
    return PowerStudy(
        SCHEMA,
        PowerRun(
            1,
            "2026-01-01T00:00:00+00:00",
            GitInfo("0" * 40, False),
            {"python": "3.11"},
            12.5,
            "./run power",
            TraceInfo("regressions/traces/sample.safetensors", "digits", 0.98, 16, 32, 1, "ab" * 32),
            "core" if chip else "tiny",
            "share=0.2",
        ),
        GatesInfo("small", "small.lib", "cd" * 32, 1.0, 25.0, 1234, 20, 56, 7890.0, 30.0, 0.5),
        [Constant(one.value, event, 1.5) for one, events in FOLLOWS.items() for event in events],
        0.01,
        tiles,
        ratios,
        points,
        LIMIT,
        verdict(ratios),
        verdict(ratios) <= LIMIT,
    )
