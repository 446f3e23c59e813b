"""A design with two faults, always in the same place: what is built from it is found in the cache."""

from __future__ import annotations

from pathlib import Path

from tb.build_cache import write_whole
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
    changes = {name: (right, wrong) for name, right, wrong in (FLIPPED_BIT, MOST_WORK)}
    names = {path.relative_to(RTL_ROOT).as_posix() for path in RTL_ROOT.rglob("*") if path.is_file()}
    for name in sorted(names):
        text = (RTL_ROOT / name).read_text(encoding="utf-8")
        if name in changes:
            right, wrong = changes[name]
            assert text.count(right) == 1, f"{name} no longer has {right!r}: choose another place"
            text = text.replace(right, wrong)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Several processes may do so at once: each file is there whole, at any time.
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text.encode())
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in names:
            path.unlink(missing_ok=True)
    return folder
