"""Builds of the central core's benches: a group of modules with their checkers, in a C++ loop."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tb.core.build import MACROS, USER_COVERAGE
from tb.toolchain import rtl_sources, verilate

CENTRAL_TB = Path(__file__).resolve().parent

GROUPS = {
    "chains": ("control", "descriptor_check"),
    "counters": ("perf_counters", "chip_counters"),
    "dispatch": ("dispatcher", "stream_share", "lateness"),
    "links": ("axi_reader", "axi_writer"),
    "tables": ("descriptor_check", "job_fetch"),
}
"""Modules of each bench."""


class CentralFailure(AssertionError):
    """A module of the central core did not do what docs/chip.md says."""


PARTS = dict.fromkeys(("chains", "tables"), (CENTRAL_TB / "descriptor_fields.sv",))
"""Modules of the benches' own that a bench needs beside its top."""
UNBOUND = {"counters"}
"""Benches whose events are drawn apart: checkers rely on what holds between those of a whole chip."""


def checkers_of(group: str) -> list[Path]:
    """List the bound checkers of a bench's modules."""
    paths = (CENTRAL_TB / f"{module}_checks.sv" for module in GROUPS[group] if group not in UNBOUND)
    return [path for path in paths if path.is_file()]


@lru_cache
def central_bench(group: str, sizes: Sequence[str] = ()) -> ctypes.CDLL:
    """Build and load the bench of a group with sizes such as ``Cores=3``, once a process."""
    top = f"{group}_bench"
    settings = [path for path in (CENTRAL_TB / f"{group}.vlt",) if path.is_file()]
    build = verilate(
        "_".join([f"central_{group}", *(size.replace("=", "").lower() for size in sizes)]),
        [
            *rtl_sources(*GROUPS[group]),
            *(MACROS, *checkers_of(group), *settings, *PARTS.get(group, ()), CENTRAL_TB / f"{top}.sv"),
        ],
        top,
        args=["--assert", *USER_COVERAGE, *(f"-G{size}" for size in sizes)],
        cxx_sources=[CENTRAL_TB / f"{group}_loop.cpp"],
        kind="lib",
    )
    return ctypes.CDLL(str(build.artifact))
