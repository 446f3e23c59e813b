"""Chips of several tiny cores, as tests run them: one build for each number of cores."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from golden.presets import Preset, find_preset
from tb.chip.bare import BareChip, bare_chip
from tb.chip.build import build_bare

TINY = find_preset("tiny")
CORES = (1, 3, 4)
"""Numbers of cores of the chips that tests run everything on."""


def tiny_preset(cores: int) -> Preset:
    """Return the preset of a chip of so many tiny cores."""
    return TINY if cores == TINY.cores else replace(TINY, cores=cores, name=f"tiny{cores}")


@lru_cache
def tiny_chip(cores: int) -> BareChip:
    """Build and load a chip of so many tiny cores with gated clocks and coverage, once a process."""
    if cores == TINY.cores:
        return bare_chip(TINY.name, gated=True, coverage=True)  # the one that the harness's tests have, too
    preset = tiny_preset(cores)
    return BareChip(preset, build_bare(preset, gated=True, coverage=True).artifact, gated=True)
