"""Modules of the benches that build a model, and how another build takes the place of theirs.

A campaign builds the design with mutants in it, a coverage run with counters, and both want every bench to
take that model without knowing of it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from tb.toolchain import BuildResult

LIBRARIES = (
    "tb.arith.bulk_model",
    "tb.core.build",
    "tb.line.bench",
    "tb.line.test_balancer",
    "tb.pe.bench",
    "tb.mem.test_mem",
    "tb.feeder.bench",
    "tb.feeder.test_parts",
    "tb.result.bench",
    "tb.central.bench",
    "tb.chip.build",
)
"""Those that call `tb.toolchain.verilate` for a shared library."""
SIMULATORS = "tb.cocotb_simulation"
"""The one that calls it for a program that runs cocotb."""

Build = Callable[..., BuildResult]


def replace_verilate(build: Build, *modules: str) -> None:
    """Let modules (all of `LIBRARIES` if none is named) call `build`, which takes what `verilate` takes."""
    for name in modules or LIBRARIES:
        module: dict[str, Any] = vars(importlib.import_module(name))
        if "verilate" not in module:
            raise ValueError(f"{name} builds no model; correct its name in tb/builders.py")
        module["verilate"] = build
