"""Builds of the chip's benches: one for each preset and kind, cached by content."""

from __future__ import annotations

from pathlib import Path

from golden.memories import require_sram
from golden.presets import Preset
from tb.cocotb_simulation import build_simulation, run_simulation
from tb.core.build import (
    BARE_LOOP,
    COVERAGE,
    LINE_COVERAGE,
    MACROS,
    USER_COVERAGE,
    WINDOW,
    checkers,
    optimisation,
    parameters,
)
from tb.toolchain import JOBS, RTL_ROOT, BuildResult, rtl_sources, verilate

CHIP_TB = Path(__file__).resolve().parent
WAIVERS = RTL_ROOT / "waivers.vlt"
"""Part of every build with the generated registers, whose warnings would stop Verilator."""
BENCH_CONTROL = CHIP_TB / "benches.vlt"
CORES_UNCOUNTED = CHIP_TB / "cores_uncounted.vlt"
"""Part of a build that counts on several cores."""
LINK_CHECKS = [MACROS, CHIP_TB / "axi_checks.sv", CHIP_TB / "axi_lite_checks.sv"]
CHECKS = checkers("mem", "pe", "line", "core", "feeder", "result", "central", "chip")
"""Checkers of every module of the chip: part of every build."""
REPORTERS = [
    CHIP_TB / f"{name}.sv" for name in ("state_report", "value_report", "watchdog_report", "state_binds")
]
HARNESS = [
    CHIP_TB / "report_pkg.sv",
    *REPORTERS,
    *(CHIP_TB / f"{name}.sv" for name in ("link_binds", "occupancy_monitor", "axi_memory", "chip_harness")),
]
DPI = [CHIP_TB / "axi_memory.cpp", CHIP_TB / "chip_dpi.cpp"]

BENCH_TIMEOUT_S = 600.0


def chip_parameters(preset: Preset, gated: bool) -> list[str]:
    """Arguments that give the top module a preset's sizes; raises `SramError` if they need too much."""
    require_sram(preset)
    return [*parameters(preset), f"-GCores={preset.cores}", f"-GGatedCores={int(gated)}"]


def build_bare(
    preset: Preset,
    *,
    gated: bool = False,
    coverage: bool = False,
    waves: bool = False,
    rtl: Path = RTL_ROOT,
    jobs: int = JOBS,
) -> BuildResult:
    """Build the harness in a bare C++ loop, as a shared library.

    Parameters
    ----------
    gated : bool
        Whether cores have gated clocks, so that one of them can be slowed.
    coverage : bool
        Whether checks and cover points are counted.
    waves : bool
        Whether it can write a window of waves (``bare_window`` of ``bare_loop.cpp``).
    rtl : Path
        Folder of the design.
    """
    return verilate(
        f"chip_bare_{preset.name}{'_gated' * gated}{'_waves' * waves}",
        [WAIVERS, *rtl_sources(root=rtl), *CHECKS, *HARNESS],
        "chip_harness",
        args=[
            "--prefix",
            "Vharness",
            *chip_parameters(preset, gated),
            "--assert",
            *(USER_COVERAGE if coverage else ()),
            *(WINDOW if waves else ()),
        ],
        cxx_sources=[BARE_LOOP, *DPI],
        kind="lib",
        opt_fast=optimisation(preset, coverage),
        jobs=jobs,
    )


def build_cocotb(
    preset: Preset,
    *,
    gated: bool = False,
    coverage: bool = False,
    waves: bool = False,
    jobs: int = JOBS,
    rtl: Path = RTL_ROOT,
) -> BuildResult:
    """Build the harness under cocotb, with its own clock, around the design below `rtl`."""
    variant = "_gated" * gated + "_waves" * waves + "_coverage" * coverage
    kinds: tuple[str, ...] = COVERAGE
    uncounted: list[Path] = []
    if preset.cores > 1:
        kinds, uncounted = LINE_COVERAGE, [CORES_UNCOUNTED]
    return build_simulation(
        f"chip_{preset.name}{variant}",
        [
            WAIVERS,
            *rtl_sources(root=rtl),
            *CHECKS,
            *HARNESS,
            CHIP_TB / "chip_sim.sv",
            CHIP_TB / "chip_sim.vlt",
            *(uncounted if coverage else ()),
        ],
        "chip_sim",
        args=[*chip_parameters(preset, gated), "--assert", *(kinds if coverage else ())],
        cxx_sources=DPI,
        waves=waves,
        opt_fast=optimisation(preset, coverage),
        jobs=jobs,
    )


def build_bench(top: str) -> BuildResult:
    """Build a bench whose pins cocotb drives: ``axi_memory_bench``, ``registers_bench`` or ``chip_bench``."""
    sources = {
        "axi_memory_bench": [*LINK_CHECKS, CHIP_TB / "axi_memory.sv"],
        "registers_bench": [
            *rtl_sources("registers", "chip_regs"),
            *LINK_CHECKS,
            CHIP_TB / "registers_checks.sv",
        ],
        "chip_bench": [*rtl_sources(), *CHECKS, CHIP_TB / "link_binds.sv"],
    }[top]
    return build_simulation(
        top,
        [WAIVERS, *sources, CHIP_TB / f"{top}.sv", BENCH_CONTROL],
        top,
        args=["--assert"],
        cxx_sources=[CHIP_TB / "axi_memory.cpp"] if top == "axi_memory_bench" else [],
    )


def run_bench(top: str, cases: str, folder: Path, seed: int) -> None:
    """Run the cocotb tests of module `cases` on a bench; raises `SimulationError` with the first failure."""
    build = build_bench(top)
    run_simulation(
        build, top, cases, folder, environment={}, seed=seed, timeout_s=BENCH_TIMEOUT_S, random_start=False
    )
