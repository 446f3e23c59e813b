"""Results that the tests of the reports share."""

from __future__ import annotations

import numpy as np
import pytest

from regressions.results import Results
from reports.tests import synthetic


@pytest.fixture
def passing(rng: np.random.Generator) -> Results:
    """Results of a run in which everything passed."""
    return synthetic.results(rng)


@pytest.fixture
def broken(rng: np.random.Generator) -> Results:
    """Results of a run with mismatches, a wrong counter, unfinished replays and a broken gate."""
    return synthetic.results(rng, broken=True)
