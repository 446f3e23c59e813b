"""Mutants that are no faults, each with a written reason: `equivalents.toml` as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tb.mutation.mutant import Mutant
from tb.toml_tables import read_tables, refuse_others, shown_name, texts_of
from tb.toolchain import RTL_ROOT

FILE = Path(__file__).with_name("equivalents.toml")
TEXTS = ("file", "line", "right", "faulty", "reason")
PROOF, PLACES = "proof", "places"


class EquivalentsError(ValueError):
    """The file of equivalent mutants is not what it must be."""


@dataclass(frozen=True)
class Equivalent:
    """One entry; the head of the file says what its fields are."""

    file: str
    line: str
    right: str
    faulty: str
    reason: str
    proof: str = ""
    places: int = 1

    @property
    def why(self) -> str:
        """The reason, and what proves it."""
        return f"{self.reason} Proof: {self.proof}" if self.proof else self.reason

    def fits(self, mutant: Mutant, line: str) -> bool:
        """Whether a mutant that begins in a source line is meant."""
        return (
            mutant.file == self.file
            and _plain(line) == _plain(self.line)
            and _plain(mutant.right) == _plain(self.right)
            and _plain(mutant.faulty) == _plain(self.faulty)
        )


def _plain(text: str) -> str:
    return "".join(text.split())


def load(path: Path = FILE) -> list[Equivalent]:
    """Read equivalent mutants.

    Raises
    ------
    EquivalentsError
        With the file, the entry, the field, and what to do about it.
    """
    found = []
    for number, table in enumerate(read_tables(path, ["equivalent"], EquivalentsError)["equivalent"], 1):
        where = f"{shown_name(path)}: equivalent {number}"
        refuse_others(where, table, (*TEXTS, PROOF, PLACES), EquivalentsError)
        places = table.get(PLACES, 1)
        if type(places) is not int or places < 1:
            raise EquivalentsError(f"{where}, {PLACES}: is no number of places; write one, or leave it out")
        named = (*TEXTS, PROOF) if PROOF in table else TEXTS
        found.append(Equivalent(**texts_of(where, table, named, EquivalentsError), places=places))
    return found


@cache
def _lines(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").splitlines())


def reasons(
    equivalents: Sequence[Equivalent], mutants: Iterable[Mutant], root: Path = RTL_ROOT
) -> dict[str, str]:
    """Say why mutants are no faults.

    Parameters
    ----------
    mutants : iterable of Mutant
        All of the design, so that an entry that fits none is seen.

    Returns
    -------
    dict
        Key of each mutant that an entry fits, with the reason and its proof.

    Raises
    ------
    EquivalentsError
        If an entry fits no mutant, or mutants in more or fewer places than it says.
    """
    by_file: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        by_file.setdefault(mutant.file, []).append(mutant)
    found: dict[str, str] = {}
    for one in equivalents:
        meant = [
            mutant
            for mutant in by_file.get(one.file, [])
            if one.fits(mutant, _lines(root / mutant.file)[mutant.line - 1])
        ]
        if not meant:
            raise EquivalentsError(
                f"tb/mutation/equivalents.toml: no mutant of rtl/{one.file} replaces '{one.right}' by "
                f"'{one.faulty}' in the line '{one.line}': the design has changed; "
                "look at the entry again"
            )
        if len(meant) != one.places:
            raise EquivalentsError(
                f"tb/mutation/equivalents.toml: '{one.right}' in the line '{one.line}' stands in "
                f"{len(meant)} places of rtl/{one.file}, {PLACES} says {one.places}; "
                "see that the reason holds in each, then correct it"
            )
        found.update({mutant.key: one.why for mutant in meant})
    return found
