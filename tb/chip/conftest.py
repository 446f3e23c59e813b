"""What tests of bad input end with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tb.chip.victims import chip, require_good


@pytest.fixture
def good_run_afterwards(rng: np.random.Generator) -> Iterator[None]:
    """Begin with a reset, and end with a good descriptor, for which there is none."""
    chip().reset()
    yield
    require_good(rng)
