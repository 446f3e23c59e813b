"""State machines of the design, and the states and arcs that their checkers look for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyslang import syntax

from tb.cover_labels import COMMENT
from tb.toolchain import REPO_ROOT

STATE_TYPE = "state_e"
"""What the type of every machine's register is called."""

STATE = re.compile(r"`COVER_STATE\([^()]*(?:\([^()]*\)[^()]*)*,\s*(\w+)\)")
ARC = re.compile(r"`ARC\(\s*(\w+),\s*(\w+)\s*\)")


@dataclass(frozen=True)
class Machine:
    """The states of a module's machine by its enum, and what its checker knows of them.

    Attributes
    ----------
    states : frozenset of str
        Of the enum.
    covered : frozenset of str
        States that have a cover.
    arcs : frozenset of (str, str)
        From a state to another one.
    """

    module: str
    states: frozenset[str]
    covered: frozenset[str]
    arcs: frozenset[tuple[str, str]]


def machines(root: Path = REPO_ROOT) -> list[Machine]:
    """List the machines of the design below a repository's ``rtl``, with their checkers below ``tb``."""
    found = []
    for path in sorted((root / "rtl").rglob("*.sv")):
        for states in _enums(syntax.SyntaxTree.fromFile(str(path)).root):
            checker = next((root / "tb").rglob(f"{path.stem}_checks.sv"), None)
            text = COMMENT.sub("", checker.read_text(encoding="utf-8")) if checker else ""
            found.append(
                Machine(path.stem, states, frozenset(STATE.findall(text)), frozenset(ARC.findall(text)))
            )
    return found


def problems(found: list[Machine]) -> list[str]:
    """Tell of states without a cover, covers of no state, and states that no arc enters or leaves."""
    lines = []
    for machine in found:
        where = f"{machine.module}_checks"
        for state in sorted(machine.states - machine.covered):
            lines.append(f"{where}: state {state} has no cover; add `COVER_STATE and its `ARC lines")
        for state in sorted(machine.covered - machine.states):
            lines.append(f"{where}: {state} is no state of {STATE_TYPE}; remove its `COVER_STATE")
        named = {state for arc in machine.arcs for state in arc}
        for state in sorted(named - machine.states):
            lines.append(f"{where}: {state} is no state of {STATE_TYPE}; remove its `ARC lines")
        for state in sorted(named & machine.states):
            for place, way in ((0, "leaves"), (1, "enters")):
                if all(arc[place] != state for arc in machine.arcs):
                    lines.append(f"{where}: no `ARC {way} state {state}; add it")
        if not machine.arcs:
            lines.append(f"{where}: lists no arc; add `FSM_ARCS with an `ARC for each")
    return lines


def _enums(node: syntax.SyntaxNode) -> Iterator[frozenset[str]]:
    """List the states of each enum that is the type of a machine's register."""
    if isinstance(node, syntax.TypedefDeclarationSyntax) and node.name.valueText == STATE_TYPE:
        if isinstance(node.type, syntax.EnumTypeSyntax):
            members = (member for member in node.type.members if isinstance(member, syntax.DeclaratorSyntax))
            yield frozenset(member.name.valueText for member in members)
        return
    for child in node:
        if isinstance(child, syntax.SyntaxNode):
            yield from _enums(child)
