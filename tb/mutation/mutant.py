"""A mutant: one small change of the RTL that a good suite of tests notices."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


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
    """

    file: str
    start: int
    end: int
    line: int
    operator: Operator
    right: str
    faulty: str

    @property
    def key(self) -> str:
        """Name that outlives changes elsewhere in the file: file, operator and a digest of text and place.

        Two mutants alike in a file (the same text twice) differ by `start` alone, so that counts too: keys
        of mutants behind a change are other ones then, which costs a run of them again and nothing else.
        """
        text = f"{self.start}|{self.right}|{self.faulty}"
        return f"{self.file}:{self.line}:{self.operator}:{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @property
    def diff(self) -> str:
        """The change in one line."""
        return f"{' '.join(self.right.split())}  →  {' '.join(self.faulty.split())}"
