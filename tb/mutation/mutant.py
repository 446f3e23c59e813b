"""A mutant: one small change of the RTL that a good suite of tests notices."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

COMMENT = re.compile(r"//.*")


class Operator(StrEnum):
    """What kind of mistake a mutant is."""

    OPERATOR = "operator"
    """Another arithmetic, logical or relational operator, or none."""
    CONDITION = "condition"
    """A condition that always or never holds."""
    CONSTANT = "constant"
    """A number one off, or the other bit."""
    SELECT = "bit select"
    """The neighbour of an element or bit."""
    STUCK = "stuck bit"
    """A bit that is always 0 or always 1."""
    RESET = "missing reset"
    """A register that a reset leaves as it is."""
    ENABLE = "swapped enable"
    """A register's two branches exchanged, or a register that keeps its value."""
    WIDTH = "width"
    """A value that loses its top bit."""
    HANDSHAKE = "dropped handshake"
    """One side of `valid && ready` left out."""


@dataclass(frozen=True)
class Mutant:
    """One replacement in one file.

    Attributes
    ----------
    file : str
        Below ``rtl/``.
    start, end : int
        Bytes of the file that are replaced.
    line : int
        Line of `start`, from 1.
    operator : Operator
    right, faulty : str
        The text as it is, and what takes its place.
    around : str
        The source line that it begins in.
    occurrence : int
        Of the mutants of the file that are alike in all but their place: which one, from 1.
    """

    file: str
    start: int
    end: int
    line: int
    operator: Operator
    right: str
    faulty: str
    around: str = ""
    occurrence: int = 1

    @property
    def text(self) -> tuple[str, str, str, str, str]:
        """All that is said of it but its place, whatever the spaces and comments: mutants may be alike."""
        return (
            self.file,
            self.operator,
            _plain(COMMENT.sub("", self.around)),
            _plain(self.right),
            _plain(self.faulty),
        )

    @property
    def key(self) -> str:
        """Name that outlives changes elsewhere in the file: file, operator and a digest of its text.

        The text is that of its line, with what is replaced and by what; of mutants alike in a file the number
        counts too. Line and place do not: lines that are put in or taken out above leave the name, and with
        it the draw and what the gate knows of survivors. A change of its own line makes it another mutant.
        """
        text = json.dumps([*self.text, self.occurrence])
        return f"{self.file}:{self.operator}:{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    @property
    def diff(self) -> str:
        """The change in one line."""
        return f"{' '.join(self.right.split())}  →  {' '.join(self.faulty.split())}"


def _plain(text: str) -> str:
    return " ".join(text.split())


def numbered(mutants: Iterable[Mutant]) -> list[Mutant]:
    """Number those that are alike in all but their place, in the order of their places."""
    met: Counter[tuple[str, ...]] = Counter()
    found = []
    for one in sorted(mutants, key=lambda one: (one.file, one.start, -one.end, one.faulty)):
        met[one.text] += 1
        found.append(replace(one, occurrence=met[one.text]))
    return found
