"""Which tests a mutant of a room of the design meets first: short ones that look at that room closely."""

from __future__ import annotations

BULK = "tb/arith/test_arith.py"
PE = "tb/pe/test_pe.py"
LINE = ("tb/line/test_line.py", "tb/line/test_balancer.py")
FEEDER = ("tb/feeder/test_feeder.py", "tb/feeder/test_parts.py", "tb/feeder/test_errors.py")
RESULT = ("tb/result/test_result.py", "tb/result/test_threshold.py")
COUNTERS = "tb/central/test_counters.py"
CENTRAL = (
    *("tb/central/test_chains.py", "tb/central/test_dispatch.py", "tb/central/test_links.py"),
    *("tb/central/test_tables.py", COUNTERS),
)
CORE = ("tb/core/test_directed.py", "tb/core/test_core.py::test_random_layers")
CHIP = (
    "tb/chip/test_chip.py",
    "tb/chip/test_chip_descriptors.py",
    "tb/chip/test_chip_memory_errors.py",
    "tb/chip/test_chip_interruptions.py",
)

TIERS: dict[str, tuple[str, ...]] = {
    "arith": (BULK,),
    "central": (*CENTRAL, *CHIP),
    "chip": CHIP,
    "core": (*CORE, *LINE, COUNTERS),
    "feeder": (*FEEDER, *CHIP),
    "line": (*LINE, *CORE),
    "mem": ("tb/mem/test_mem.py", *CORE),
    "pe": (PE, *CORE),
    "pkg/chip_pkg.sv": (*CENTRAL, *CHIP),
    "pkg/core_pkg.sv": CORE,
    "pkg/fp_pkg.sv": (BULK, PE, *RESULT),
    "pkg/operand_pkg.sv": (PE, BULK),
    "result": (*RESULT, *CHIP),
}
"""Tests by folder or file of the design (a file goes before its folder)."""


class NoTestsError(LookupError):
    """Nothing says which tests a mutant of a file meets."""


def room_of(file: str) -> str:
    """Return the key of `TIERS` that a file below ``rtl/`` belongs to.

    Raises
    ------
    NoTestsError
        If no tests are named for it.
    """
    folder = file.split("/", 1)[0]
    if file in TIERS:
        return file
    if folder in TIERS:
        return folder
    raise NoTestsError(f"rtl/{file}: tb/mutation/tier.py names no tests for it; add its folder there")
