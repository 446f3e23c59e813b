"""A design with two faults, always in the same place: what is built from it is found in the cache."""

from __future__ import annotations

import shutil
from pathlib import Path

from tb.toolchain import BUILD_ROOT, RTL_ROOT

FLIPPED_BIT = (
    "pe/pe.sv",
    "product_q[0] <= operand_pkg::product(a_i, b[0], sig0);",
    "product_q[0] <= operand_pkg::product(a_i, b[0], sig0) ^ core_pkg::SumBits'(1 << 12);",
)
"""In the products of each PE's first column: wrong bits in every replay."""
MOST_WORK = ("core/a_dispatch.sv", "work_q[l] < work_q[least]", "work_q[l] > work_q[least]")
"""Rows of WG go to the line with the most work: an assertion fails as soon as there are two rows."""


def faulty_design() -> Path:
    """Return the folder of a copy of the design with both faults."""
    folder = BUILD_ROOT / "faults" / "triage" / "rtl"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(RTL_ROOT, folder)
    for name, right, wrong in (FLIPPED_BIT, MOST_WORK):
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert text.count(right) == 1, f"{name} no longer has {right!r}: choose another place for the fault"
        path.write_text(text.replace(right, wrong), encoding="utf-8")
    return folder
