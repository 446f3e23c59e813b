"""Small trace files that several tests read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regressions.tests.small_trace import RUN, random_layers
from regressions.traces import LayerTrace, Trace, write_sample, write_trace


@pytest.fixture
def layers(rng: np.random.Generator) -> list[LayerTrace]:
    """Random layers of a small network."""
    return random_layers(rng)


@pytest.fixture
def full(tmp_path: Path, layers: list[LayerTrace]) -> Path:
    """Full trace of `layers`."""
    path = tmp_path / "full.safetensors"
    write_trace(path, RUN, layers)
    return path


@pytest.fixture
def sample(full: Path) -> Path:
    """Sample of that trace."""
    path = full.with_name("sample.safetensors")
    write_sample(Trace.open(full), path, columns=4, pixels=20)
    return path
