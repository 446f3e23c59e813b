"""Names of covers in SystemVerilog sources, as coverage files have them; each check has a companion cover."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
CHECK_MACRO = re.compile(r"`(?:CHECK(?:_NEXT|_HELD)?|ASSUME)\(\s*(\w+)")
FSM_MACRO = re.compile(r"`FSM_ARCS\(")
ROUNDING = tuple(
    f"{{}}_{case}"
    for case in ["exact", "down", "up", "tie_down", "tie_up", "carry", "zero", "infinity", "nan"]
)
ADDITION = (
    *(f"{{}}_shift_{class_}" for class_ in ("none", "one", "small", "sticky", "beyond")),
    *("{}_cancels", "{}_cancels_much", "{}_cancels_one", "{}_grows"),
    *("{}_both_positive", "{}_both_negative", "{}_positive_wins", "{}_negative_wins"),
    "{}_opposite_infinities",
)
COVER_MACROS = (
    (re.compile(r"`COVER\(\s*(\w+)"), ("{}",)),
    (re.compile(r"`COVER_STATE\([^,]+,\s*(\w+)"), ("in_{}",)),
    (re.compile(r"`ARC\(\s*(\w+),\s*(\w+)"), ("{}_to_{}",)),
    (re.compile(r"`COVER_QUEUE\(\s*(\w+)"), ("{}_empty", "{}_full", "{}_push_and_pop", "{}_wrap")),
    (re.compile(r"`COVER_ROUNDING\(\s*(\w+)"), ROUNDING),
    (re.compile(r"`COVER_RANGE\(\s*(\w+)"), ("{}_overflow", "{}_subnormal")),
    (re.compile(r"`COVER_ADDITION\(\s*(\w+)"), ROUNDING + ADDITION),
    (re.compile(r"`COVER_STREAM\(\s*(\w+)"), ("{}_held_back", "{}_missing")),
)
"""The macros of ``tb/checks.svh`` that make covers, and the names of these from their first arguments."""
PLAIN_COVER = re.compile(r"\b(c(?:ov)?_\w+)\s*:\s*cover\b")


def cover_labels(sources: Iterable[Path]) -> frozenset[str]:
    """Name every check (``checker.c_name``) and cover (``checker.cov_name``) of modules, not headers."""
    found = set()
    for path in sources:
        if path.suffix != ".sv":
            continue
        text = COMMENT.sub("", path.read_text(encoding="utf-8"))
        labels = [f"c_{name}" for name in CHECK_MACRO.findall(text)]
        labels += ["c_arc_is_listed"] * bool(FSM_MACRO.search(text))
        for macro, names in COVER_MACROS:
            labels += [
                f"cov_{name.format(*match.groups())}" for match in macro.finditer(text) for name in names
            ]
        found |= {f"{path.stem}.{label}" for label in labels + PLAIN_COVER.findall(text)}
    return frozenset(found)
