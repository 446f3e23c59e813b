"""What a core's program refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from golden.geometry import ConvGeometry, Step
from golden.lowering import Lowering
from golden.presets import find_preset
from golden.program import MAX_CHANNELS, Program, ProgramError


def lowering(channels: int, kernel: int = 1) -> Lowering:
    geometry = ConvGeometry("wide", 1, channels, kernel, kernel, 1, kernel, 1, 0)
    return Lowering(geometry, Step.FP, find_preset("core"), np.zeros(channels, np.int64), False)


def test_more_channels_than_the_balancer_numbers() -> None:
    assert Program(lowering(MAX_CHANNELS)).lowering.a_shape[1] == MAX_CHANNELS
    with pytest.raises(ProgramError, match=f"layer wide FP: {MAX_CHANNELS + 1} channels"):
        Program(lowering(MAX_CHANNELS + 1))


def test_window_larger_than_the_ring() -> None:
    """The ring keeps room for a pair of words, so a window of just its size would wait for ever."""
    fits = lowering(3, kernel=7)
    program = Program(fits)
    words = max(program.window(block, t).size for block in program.blocks for t in range(len(fits.k_tiles)))
    for room, good in ((words + 1, True), (words, False)):
        small = replace(fits, preset=replace(fits.preset, a_words=room))
        if good:
            assert Program(small).commands().size
        else:
            with pytest.raises(ProgramError, match=f"a window of {words} words does not fit"):
                Program(small).commands()
