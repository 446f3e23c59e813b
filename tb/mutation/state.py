"""What verdicts depend on: one that was given before any of it changed says nothing any more."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from tb.build_cache import digest
from tb.mutation.mutant import Mutant
from tb.toolchain import REPO_ROOT, Toolchain, rtl_sources

CODE = (".sv", ".svh", ".py", ".cpp", ".hpp", ".h", ".safetensors")
NO_PART = {"coverage", "mutation", "plan", "power"}
"""Folders of the benches that no verdict depends on."""
JUDGES = {"budget.py", "nearest.py", "schemata.py", "tier.py", "whole_suite.py", "worker.py"}
"""Files of `tb.mutation` that verdicts depend on."""
REPLAYS = ("*.py", "traces/*.py", "traces/*.safetensors", "tests/test_replays_of_sample.py")
"""What replays of the sample are made of, below ``regressions``: they are among the nearest tests."""


def state_of(mutants: Sequence[Mutant], budget_s: float, near: str, root: Path = REPO_ROOT) -> str:
    """Digest of all that verdicts depend on: design, benches, golden model, replays, tools, mutants.

    Parameters
    ----------
    near : str
        Digest of what is known of which tests look where (`tb.mutation.nearest.Nearness.digest`); empty if
        nothing is: tests are chosen by it.
    """
    tools = sorted(Toolchain.find().versions.items())
    code = hashlib.sha256(repr(([one.key for one in mutants], budget_s, near, tools)).encode())
    benches = [path for path in (root / "tb").rglob("*.*") if _is_judge(path.relative_to(root / "tb"))]
    replays = [path for pattern in REPLAYS for path in (root / "regressions").glob(pattern)]
    golden = (root / "golden").rglob("*.*")
    files = [*rtl_sources(root=root / "rtl"), *benches, *golden, *replays, root / "conftest.py"]
    for path in sorted(set(files)):
        if path.suffix in CODE:
            code.update(digest(path.read_bytes()).encode())
    return code.hexdigest()[:16]


def _is_judge(path: Path) -> bool:
    """Whether a verdict may depend on a file below ``tb``."""
    return path.parts[0] not in NO_PART or (path.parts[0] == "mutation" and path.name in JUDGES)
