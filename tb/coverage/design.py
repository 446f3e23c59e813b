"""The design that was covered: what is known of its lines holds until one of them changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tb.toolchain import REPO_ROOT

DESIGN = ("*.sv", "*.svh", "*.v", "*.vlt", "*.rdl")


def design_digest(root: Path = REPO_ROOT) -> str:
    """Digest all sources that are compiled: those of rtl/ and the SystemVerilog of tb/."""
    state = hashlib.sha256()
    for path in sorted(path for room in ("rtl", "tb") for ext in DESIGN for path in (root / room).rglob(ext)):
        state.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()
