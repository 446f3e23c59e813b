"""What verdicts depend on: one that was given before any of it changed says nothing any more."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from tb.build_cache import digest
from tb.mutation.mutant import Mutant
from tb.toolchain import REPO_ROOT, Toolchain, rtl_sources

CODE = (".sv", ".svh", ".py", ".cpp", ".hpp", ".h")
NO_PART = {"coverage", "mutation", "plan"}
"""Folders of the benches that no verdict depends on."""
JUDGES = {"schemata.py", "tier.py", "worker.py"}
"""Files of `tb.mutation` that verdicts depend on."""


def state_of(mutants: Sequence[Mutant], budget_s: float, root: Path = REPO_ROOT) -> str:
    """Digest of all that verdicts depend on: design, benches, golden model, tools, mutants."""
    tools = sorted(Toolchain.find().versions.items())
    code = hashlib.sha256(repr(([one.key for one in mutants], budget_s, tools)).encode())
    benches = [path for path in (root / "tb").rglob("*.*") if _is_judge(path.relative_to(root / "tb"))]
    files = [*rtl_sources(root=root / "rtl"), *benches, *(root / "golden").rglob("*.*"), root / "conftest.py"]
    for path in sorted(set(files)):
        if path.suffix in CODE:
            code.update(digest(path.read_bytes()).encode())
    return code.hexdigest()[:16]


def _is_judge(path: Path) -> bool:
    """Whether a verdict may depend on a file below ``tb``."""
    return path.parts[0] not in NO_PART or (path.parts[0] == "mutation" and path.name in JUDGES)
