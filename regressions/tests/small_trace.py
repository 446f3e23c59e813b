"""A small trace for tests: three layers of random tensors, and tools to damage its file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from golden.geometry import ConvGeometry, Step
from regressions.traces import LayerTrace, TensorStatistics, TraceRun
from regressions.traces.schema import METADATA_KEY

BATCH = 4
RUN = TraceRun(
    model="small",
    dataset="random",
    classes=10,
    image_size=6,
    batch=BATCH,
    seed=1,
    threads=1,
    epoch=2,
    iteration=1,
    loss=0.5,
    label_smoothing=0.0,
    loss_scale=1024.0,
    accuracy=0.97,
    torch_version="none",
    updates=150,
    total_updates=300,
)
GEOMETRIES = (
    ConvGeometry("stem", BATCH, 3, 6, 6, 5, kernel=3, stride=1, padding=1),
    ConvGeometry("block.conv", BATCH, 5, 6, 6, 20, kernel=3, stride=2, padding=1),
    ConvGeometry("fc", BATCH, 20, 1, 1, 10, kernel=1, stride=1, padding=0),
)

Tensors = dict[str, NDArray[Any]]


def random_bits(rng: np.random.Generator, shape: tuple[int, ...], density: float = 0.6) -> NDArray[np.uint16]:
    """FP16 bits over many binades with zeros of both signs and an infinity, but without NaNs."""
    values = rng.standard_normal(shape) * 2.0 ** rng.uniform(-24, 8, shape)
    values = np.where(rng.random(shape) < density, values, rng.choice([0.0, -0.0], shape))
    values.flat[rng.integers(values.size)] = np.inf
    return values.astype(np.float16).view(np.uint16)


def random_layers(rng: np.random.Generator) -> list[LayerTrace]:
    """Whole layers of `GEOMETRIES`; the first has no BP."""
    layers = []
    for index, geometry in enumerate(GEOMETRIES):
        tensors = {
            "x": random_bits(rng, geometry.x_shape),
            "w": random_bits(rng, geometry.w_shape, density=1),
            "delta": random_bits(rng, geometry.delta_shape, density=1),
        }
        layers.append(
            LayerTrace(
                geometry=geometry,
                steps=(Step.FP, Step.WG) if index == 0 else (Step.FP, Step.BP, Step.WG),
                x=tensors["x"],
                w=tensors["w"],
                delta=tensors["delta"],
                statistics={name: TensorStatistics.of(bits) for name, bits in tensors.items()},
            )
        )
    return layers


def rewrite(path: Path, change: Callable[[dict[str, Any], Tensors], None]) -> None:
    """Change header (JSON object) and stored arrays of a trace in place, as a foreign program would."""
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    header = json.loads(metadata[METADATA_KEY])
    change(header, tensors)
    save_file(tensors, path, {METADATA_KEY: json.dumps(header)})
