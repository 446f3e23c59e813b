"""The design that was covered: what is known of its lines holds until one of them changes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from tb.coverage.points import Kind, Point
from tb.toolchain import REPO_ROOT

DESIGN = ("*.sv", "*.svh", "*.v", "*.vlt", "*.rdl")


PROCESS = re.compile(r"^\s*always_(comb|ff)\b", re.MULTILINE)


def uncounted(points: Iterable[Point], root: Path = REPO_ROOT) -> list[str]:
    """Name files of the design with processes of which no line is among the points: no test builds them."""
    counted = {point.file for point in points if point.kind is Kind.LINE}
    files = (path for path in sorted((root / "rtl").rglob("*.sv")) if PROCESS.search(path.read_text("utf-8")))
    return [name for path in files if (name := path.relative_to(root).as_posix()) not in counted]


def design_digest(root: Path = REPO_ROOT) -> str:
    """Digest all sources that are compiled: those of rtl/ and the SystemVerilog of tb/."""
    state = hashlib.sha256()
    for path in sorted(path for room in ("rtl", "tb") for ext in DESIGN for path in (root / room).rglob(ext)):
        state.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()
