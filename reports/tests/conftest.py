"""Results that the tests of the reports share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from golden.presets import find_preset
from regressions.results import Results
from regressions.tests.small_run import write_small_trace
from reports.tests import synthetic
from tb.core.build import build_cocotb


@pytest.fixture
def passing(rng: np.random.Generator) -> Results:
    """Results of a run in which everything passed."""
    return synthetic.results(rng)


@pytest.fixture
def broken(rng: np.random.Generator) -> Results:
    """Results of a run with mismatches, a wrong counter, unfinished replays and a broken gate."""
    return synthetic.results(rng, broken=True)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Write a small trace to a place that needs quoting."""
    folder = tmp_path / "a trace"
    folder.mkdir()
    return write_small_trace(folder)


@pytest.fixture(scope="session")
def built() -> None:
    """Have the model of preset tiny in the cache of builds."""
    build_cocotb(find_preset("tiny"), coverage=True, jobs=os.cpu_count() or 1)
