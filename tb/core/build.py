"""Builds of the core's harness: one for each preset and kind, cached by content."""

from __future__ import annotations

from pathlib import Path

from golden.presets import Preset
from tb.cocotb_simulation import build_simulation
from tb.toolchain import JOBS, OPT_FAST, OPT_LONG_RUNS, RTL_ROOT, BuildResult, rtl_sources, verilate

CORE_TB = Path(__file__).resolve().parent
TB = CORE_TB.parent

MACROS = TB / "checks.svh"
CASES_OF_ARITHMETIC = TB / "rounding_pkg.sv"
BARE_LOOP = CORE_TB / "bare_loop.cpp"


def checkers(*folders: str) -> list[Path]:
    """List the bound checkers in folders of the testbench; a build that names them has their assertions."""
    bound = (path for folder in folders for path in sorted((TB / folder).glob("*_checks.sv")))
    return [MACROS, CASES_OF_ARITHMETIC, *bound]


CHECKS = checkers("mem", "pe", "line", "core")
"""Checkers of every module of the core: part of every build."""

USER_COVERAGE = ("--coverage-user", "+define+USER_COVERAGE")
"""Of checks and cover points alone. It costs more time than lines do: covers of a PE add once more."""
LINE_COVERAGE = ("--coverage-line",)
COVERAGE = (*LINE_COVERAGE, *USER_COVERAGE)
FEW_PES = 16
"""A design of so few is for tests, which simulate it for seconds."""
WINDOW = ("--trace-vcd", "--timescale", "1ns/1ps")
"""Of waves in a bare loop, on the time axis that cocotb's have."""


def optimisation(preset: Preset, coverage: bool) -> str:
    """Return how much the C++ compiler works on a model of the core or the chip."""
    pes = preset.cores * preset.lines * preset.pes
    return OPT_FAST if coverage or pes <= FEW_PES else OPT_LONG_RUNS


def parameters(preset: Preset) -> list[str]:
    """Arguments that give the top module a preset's sizes."""
    sizes = {
        "Lines": preset.lines,
        "Pes": preset.pes,
        "Rows": preset.rows,
        "RowQueue": preset.row_queue,
        "RunQueue": preset.run_queue,
        "PsumRows": preset.psum_rows,
    }
    return [f"-G{name}={value}" for name, value in sizes.items()]


def build_bare(
    preset: Preset, coverage: bool = False, *, waves: bool = False, rtl: Path = RTL_ROOT, jobs: int = JOBS
) -> BuildResult:
    """Build the harness in a bare C++ loop, as a shared library around the design below `rtl`.

    With `waves` it can write a window of them (``bare_window`` of ``bare_loop.cpp``).
    """
    kinds = [*(COVERAGE if coverage else ()), *(WINDOW if waves else ())]
    return verilate(
        f"core_bare_{preset.name}{'_waves' * waves}",
        [*rtl_sources(root=rtl), *CHECKS, CORE_TB / "core_harness.sv"],
        "core_harness",
        args=["--prefix", "Vharness", *parameters(preset), "--assert", *kinds],
        cxx_sources=[BARE_LOOP, CORE_TB / "replay_dpi.cpp"],
        kind="lib",
        opt_fast=optimisation(preset, coverage),
        jobs=jobs,
    )


def build_cocotb(
    preset: Preset, coverage: bool = False, waves: bool = False, jobs: int = JOBS, rtl: Path = RTL_ROOT
) -> BuildResult:
    """Build the harness under cocotb, with its own clock, around the design below `rtl`."""
    variant = "_waves" * waves + "_coverage" * coverage
    sim = [CORE_TB / name for name in ("core_harness.sv", "core_sim.sv", "core_sim.vlt")]
    return build_simulation(
        f"core_{preset.name}{variant}",
        [*rtl_sources(root=rtl), *CHECKS, *sim],
        "core_sim",
        args=[*parameters(preset), "--assert", *(COVERAGE if coverage else ())],
        cxx_sources=[CORE_TB / "replay_dpi.cpp"],
        waves=waves,
        opt_fast=optimisation(preset, coverage),
        jobs=jobs,
    )
