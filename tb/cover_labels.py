"""Names of covers in SystemVerilog sources, as coverage files have them; each check has a companion cover."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
CHECK_MACRO = re.compile(r"`(?:CHECK(?:_NEXT|_HELD)?|ASSUME)\(\s*(\w+)")
COVER_MACRO = re.compile(r"`COVER\(\s*(\w+)")
PLAIN_COVER = re.compile(r"\b(c(?:ov)?_\w+)\s*:\s*cover\b")


def cover_labels(sources: Iterable[Path]) -> frozenset[str]:
    """Name every check (``checker.c_name``) and cover (``checker.cov_name``) of modules, not headers."""
    found = set()
    for path in sources:
        if path.suffix != ".sv":
            continue
        text = COMMENT.sub("", path.read_text(encoding="utf-8"))
        labels = [f"c_{name}" for name in CHECK_MACRO.findall(text)]
        labels += [f"cov_{name}" for name in COVER_MACRO.findall(text)]
        found |= {f"{path.stem}.{label}" for label in labels + PLAIN_COVER.findall(text)}
    return frozenset(found)
