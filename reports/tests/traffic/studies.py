"""Made-up studies for tests of the report."""

from __future__ import annotations

from collections.abc import Sequence

from golden.codecs import CODECS
from golden.geometry import Step
from regressions.results import GitInfo, TraceInfo
from regressions.traffic.records import (
    SCHEMA,
    CodecInfo,
    DensityPoint,
    Direction,
    Order,
    Pattern,
    TensorSize,
    TrafficRun,
    TrafficStudy,
    Transfer,
)

LAYERS = ("stem", "layer1.0.conv1", "layer4.0.downsample", "fc")
DENSITY = {"X": 0.55, "W": 1.0, "delta": 1.0, "Y": 0.99, "dX": 0.9, "dW": 1.0}
MOVED = {Step.FP: ("X", "W", "Y"), Step.BP: ("delta", "W", "dX"), Step.WG: ("X", "delta", "dW")}
WRITTEN = ("Y", "dX", "dW")
VALUE_BITS = {"fp16": 16.0, "fp8": 8.0, "fgmp": 10.5}


def bits_of(name: str, density: float) -> float:
    """Return about as many bits an element as a codec would take."""
    zeros, _, values = name.rpartition("-")
    value = VALUE_BITS[values]
    if not zeros:
        return value
    return 1 + value * density if zeros == "mask" else (int(zeros[3:]) + value) * (0.05 + 0.95 * density)


def study(names: Sequence[str] = tuple(CODECS), sample: int | None = None) -> TrafficStudy:
    """Return a study of four layers; the first has no BP."""
    tensors, transfers = [], []
    for at, layer in enumerate(LAYERS):
        elements = 4000 * (at + 1)
        sizes = {
            tensor: TensorSize(
                layer,
                tensor,
                "whole",
                elements,
                nonzeros := round(density * elements),
                nonzeros,
                nonzeros // 6,
                -3,
                1,
                {name: round(bits_of(name, density) * elements / 8) for name in names},
            )
            for tensor, density in DENSITY.items()
        }
        tensors += list(sizes.values())
        transfers += [
            Transfer(
                layer,
                step,
                tensor,
                Direction.WRITE if tensor in WRITTEN else Direction.READ,
                elements,
                dict.fromkeys(names, 2 * elements) if tensor == "dW" else sizes[tensor].bytes,
            )
            for step, moved in MOVED.items()
            if at or step is not Step.BP
            for tensor in moved
        ]
    run = TrafficRun(
        seed=1,
        started="2025-01-31T02:15:00+00:00",
        git=GitInfo("0123456789abcdef0123456789abcdef01234567", False),
        tools={"numpy": "2.0", "python": "3.12"},
        wall_s=12.5,
        command="./run traffic --full",
        trace=TraceInfo("build/traces/full.safetensors", "digits", 0.98, 16, 32, 1, "ab" * 32),
        policy="share=0.2",
        block=256,
        order=Order.NCHW,
        sample=sample,
    )
    points = [
        DensityPoint(
            pattern, step / 10, {name: bits_of(name, step / 10) * (1.0 + 0.1 * far) for name in names}
        )
        for far, pattern in enumerate(Pattern)
        for step in range(11)
    ]
    codecs = [CodecInfo(name, CODECS[name].scheme.name or "dense", CODECS[name].kind.value) for name in names]
    return TrafficStudy(SCHEMA, run, codecs, tensors, transfers, 1 << 15, points)
