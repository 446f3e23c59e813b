"""What a failure looks like: its kind, what names it, and what is known of where it strikes.

Two failures have one cause, as far as anyone can tell from outside, if kind and name are equal and what is
known of each does not contradict the other. What is known is a set of possibilities a fact: a small replay
leaves many open (one wrong result in column 0 may be a fault of that column or of all), a large one few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

BITS = "wrong-bits"
SILENT = ("all", "any", "value")
"""Possibilities that say nothing special, and stand in no name."""
UNNAMED = "inter"
"""Said in words, but in no name: such a group may be found to be that of sums over pixels too."""

WORDS = {
    ("pattern", "nan"): "NaN where there is none, or none where there is one",
    ("pattern", "zero"): "zero instead of a sum",
    ("pattern", "sign"): "wrong sign",
    ("pattern", "exponent"): "wrong exponent",
    ("pattern", "rounding"): "wrong in the last places",
    ("columns", "first"): "only in the first column of PEs",
    ("columns", "second"): "only in the second column of PEs",
    ("operands", "FP8"): "only where A has FP8 elements",
    ("operands", "FP16"): "only where A has FP16 elements",
    ("sums", "inter"): "in sums over channels (FP, BP)",
    ("sums", "intra"): "in sums over pixels (WG)",
}


@dataclass(frozen=True)
class Symptom:
    """Signature of a failure.

    Attributes
    ----------
    kind : str
        ``assertion``, ``hang``, `BITS` and so on.
    name : str
        Which one of its kind: module and label of the assertion, counters that differ.
    words : str
        Kind and name for people.
    facts : dict of str to list of str
        What may be true of each fact; at least one possibility each.
    """

    kind: str
    name: str
    words: str
    facts: dict[str, list[str]] = field(default_factory=dict)

    def joined(self, other: Symptom) -> Symptom | None:
        """Return what both leave possible; None if they are not alike."""
        if (self.kind, self.name) != (other.kind, other.name):
            return None
        facts: dict[str, list[str]] = {}
        for fact in [*self.facts, *(fact for fact in other.facts if fact not in self.facts)]:
            mine, theirs = self.facts.get(fact), other.facts.get(fact)
            both = [one for one in (mine or theirs or ()) if one in (theirs or mine or ())]
            if not both:
                return None
            facts[fact] = both
        return Symptom(self.kind, self.name, self.words, facts)

    @property
    def openness(self) -> int:
        """How many possibilities are left: the fewer, the more is known."""
        return sum(len(values) for values in self.facts.values())

    @property
    def known(self) -> list[tuple[str, str]]:
        """Facts that are settled and worth telling."""
        return [
            (fact, values[0])
            for fact, values in self.facts.items()
            if len(values) == 1 and values[0] not in SILENT
        ]

    @property
    def slug(self) -> str:
        """Name for files and tables, of letters, digits, dots and dashes."""
        text = "-".join([self.kind, self.name, *(value for _, value in self.known if value != UNNAMED)])
        kept = "".join(letter if letter.isalnum() or letter in ".-_" else "-" for letter in text)
        return "-".join(part for part in kept.split("-") if part)[:100]

    @property
    def reason(self) -> str:
        """One line in words."""
        return ", ".join([self.words, *(describe(fact, value) for fact, value in self.known)])

    def to_json(self) -> dict[str, object]:
        """Return plain values."""
        facts = {fact: list(values) for fact, values in self.facts.items()}
        return {"kind": self.kind, "name": self.name, "words": self.words, "facts": facts}


def describe(fact: str, value: str) -> str:
    """Return a settled fact in words."""
    if (fact, value) in WORDS:
        return WORDS[fact, value]
    if value.startswith("pe"):
        return f"only in PE {value[2:]} of each line"
    if value.startswith("column"):
        return f"only in column {value[6:]} of the core"
    if value.startswith("moved"):
        return f"a result of another place ({value.removeprefix('moved:')})"
    return f"{fact} {value}"


@dataclass(frozen=True)
class Group:
    """Failures that may have one cause: their common symptom and their places in the list."""

    symptom: Symptom
    members: list[int]
    name: str


def group(symptoms: Sequence[Symptom]) -> list[Group]:
    """Put failures together that are alike, those of which most is known first; the largest group first.

    Each group's name is its own.
    """
    groups: list[tuple[Symptom, list[int]]] = []
    for index in sorted(range(len(symptoms)), key=lambda one: (symptoms[one].openness, one)):
        for at, (common, members) in enumerate(groups):
            joined = common.joined(symptoms[index])
            if joined is not None:
                groups[at] = (joined, [*members, index])
                break
        else:
            groups.append((symptoms[index], [index]))
    ordered = sorted(groups, key=lambda one: (-len(one[1]), min(one[1])))
    names = _own_names([symptom.slug for symptom, _ in ordered])
    return [
        Group(symptom, sorted(members), name) for (symptom, members), name in zip(ordered, names, strict=True)
    ]


def _own_names(slugs: Iterable[str]) -> list[str]:
    names: list[str] = []
    for slug in slugs:
        number = 1
        while (name := slug if number == 1 else f"{slug}-{number}") in names:
            number += 1
        names.append(name)
    return names
