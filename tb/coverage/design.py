"""The design that was covered: what is known of its lines holds until one of them changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyslang import syntax

from tb.coverage.points import Kind, Point
from tb.toolchain import REPO_ROOT, Toolchain

DESIGN = ("*.sv", "*.svh", "*.v", "*.vlt", "*.rdl")
CODE = (*DESIGN, "*.py", "*.toml", "*.cpp", "*.hpp", "*.h", "*.safetensors")
CODE_ROOMS = ("conftest.py", "rtl", "tb", "golden", "regressions")
"""Folders, and the file that derives the seeds of all tests."""
LISTS = ("tb/plan/testplan.toml", "tb/coverage/exclusions.toml", "tb/mutation/equivalents.toml")
"""What tests are judged by, and which of them run: none covers more or less if that changes."""
RUNS = (syntax.FunctionDeclarationSyntax, syntax.ProceduralBlockSyntax)
"""What the design's statements stand in: functions and processes."""


@dataclass(frozen=True)
class Block:
    """Lines of a function or process, the first and the last."""

    first: int
    last: int


def uncounted(points: Iterable[Point], root: Path = REPO_ROOT) -> list[str]:
    """Name functions and processes of the design, ``file:line``, of which no line is among the points.

    No test builds a model with them, or Verilator tells nothing of them: a share of what is counted says
    nothing about them, not even that they are missed.
    """
    counted = {
        (point.file, line) for point in points if point.kind is Kind.LINE for line in point.source_lines()
    }
    return [
        f"{file}:{block.first}"
        for path in sorted((root / "rtl").rglob("*.sv"))
        for file in [path.relative_to(root).as_posix()]
        for block in blocks(path)
        if not any((file, line) in counted for line in range(block.first, block.last + 1))
    ]


def blocks(path: Path) -> Iterator[Block]:
    """Find the functions and processes of a source file."""
    tree = syntax.SyntaxTree.fromFile(str(path))
    found: list[Any] = []
    tree.root.visit(lambda node: found.append(node) if isinstance(node, RUNS) else None)
    line = tree.sourceManager.getLineNumber
    for node in found:
        yield Block(line(node.sourceRange.start), line(node.sourceRange.end))


def design_digest(root: Path = REPO_ROOT) -> str:
    """Digest all sources that are compiled: those of rtl/ and the SystemVerilog of tb/."""
    return _digest(root, ("rtl", "tb"), DESIGN)


def code_digest(root: Path = REPO_ROOT) -> str:
    """Digest all that decides what a test covers: tools, design, benches, golden model, replays, seeds."""
    tools = sorted(Toolchain.find().versions.items())
    return hashlib.sha256(f"{tools} {_digest(root, CODE_ROOMS, CODE, LISTS)}".encode()).hexdigest()


def _digest(root: Path, rooms: Iterable[str], extensions: Iterable[str], but: Iterable[str] = ()) -> str:
    state = hashlib.sha256()
    found = {path for room in rooms for ext in extensions for path in (root / room).rglob(ext)}
    files = {root / room for room in rooms if (root / room).is_file()}
    for path in sorted((found | files) - {root / name for name in but}):
        state.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()
