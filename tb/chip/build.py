"""Builds of the chip's benches: one for each preset and kind, cached by content."""

from __future__ import annotations

from pathlib import Path

from tb.cocotb_simulation import build_simulation, run_simulation
from tb.core.build import MACROS
from tb.toolchain import RTL_ROOT, BuildResult, rtl_sources

CHIP_TB = Path(__file__).resolve().parent
MEMORY_MODEL = [CHIP_TB / "axi_memory.sv", CHIP_TB / "axi_memory.cpp"]
WAIVERS = RTL_ROOT / "waivers.vlt"
"""Part of every build with the generated registers, whose warnings would stop Verilator."""
BENCH_CONTROL = CHIP_TB / "benches.vlt"
LINK_CHECKS = [MACROS, CHIP_TB / "axi_checks.sv", CHIP_TB / "axi_lite_checks.sv"]

BENCH_TIMEOUT_S = 600.0

_BENCH_SOURCES = {
    "axi_memory_bench": ((), ("axi_memory.sv",), ("axi_memory.cpp",)),
    "registers_bench": (("registers", "chip_regs"), (), ()),
}
"""Of each bench: modules of the design, SystemVerilog and C++ of the testbench."""


def build_bench(top: str) -> BuildResult:
    """Build a bench whose pins cocotb drives."""
    modules, sources, cxx_sources = _BENCH_SOURCES[top]
    design = rtl_sources(*modules) if modules else []
    files = [*LINK_CHECKS, *(CHIP_TB / name for name in (*sources, f"{top}.sv"))]
    return build_simulation(
        top,
        [WAIVERS, *design, *files, BENCH_CONTROL],
        top,
        args=["--assert"],
        cxx_sources=[CHIP_TB / name for name in cxx_sources],
    )


def run_bench(top: str, cases: str, folder: Path, seed: int) -> None:
    """Run the cocotb tests of module `cases` on a bench; raises `SimulationError` with the first failure."""
    run_simulation(build_bench(top), top, cases, folder, environment={}, seed=seed, timeout_s=BENCH_TIMEOUT_S)
