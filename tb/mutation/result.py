"""What came of a campaign, and how a terminal shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from tb.mutation.mutant import Mutant
from tb.mutation.worker import Outcome, Verdict

SHOWN_TESTS = 2


@dataclass(frozen=True)
class Result:
    """A campaign's mutants with their outcomes.

    Attributes
    ----------
    mutants : dict
        All that were drawn, by key.
    outcomes : dict
        Of those that were run.
    equivalent : dict
        Why the others are no faults.
    nearest : dict
        Tests that look at each survivor, the closest first.
    refuted : sequence
        Those said to be no faults that a test catches, drawn or not, each with its outcome.
    not_met : set of str
        Survivors that met no test beside those of their room, though some look at them.
    cut : set of str
        Survivors that met the nearest of them, but whose time did not reach for all.
    changed : bool
        Whether the design or the tests changed meanwhile, so that verdicts do not belong together.
    wall_s : float
        Seconds that it took, those before a stop included.
    """

    mutants: Mapping[str, Mutant]
    outcomes: Mapping[str, Outcome]
    equivalent: Mapping[str, str] = field(default_factory=dict)
    nearest: Mapping[str, list[str]] = field(default_factory=dict)
    refuted: Sequence[tuple[Mutant, Outcome]] = ()
    not_met: Set[str] = frozenset()
    cut: Set[str] = frozenset()
    changed: bool = False
    wall_s: float = 0.0

    @property
    def survivors(self) -> list[Mutant]:
        """Mutants that no test caught."""
        return [self.mutants[key] for key, one in self.outcomes.items() if one.verdict is Verdict.SURVIVED]

    @property
    def score(self) -> float:
        """Share of the mutants that are faults which were caught."""
        return 1 - len(self.survivors) / max(len(self.outcomes), 1)


def summary(result: Result) -> list[str]:
    """Lines for a terminal: score by folder and operator, then the survivors."""
    lines = []
    for title, group in (("by file", lambda one: one.file), ("by operator", lambda one: str(one.operator))):
        all_of: Counter[str] = Counter(group(result.mutants[key]) for key in result.outcomes)
        alive: Counter[str] = Counter(group(one) for one in result.survivors)
        lines.append(title)
        lines += [
            f"  {name:28} {all_of[name] - alive[name]:4} of {all_of[name]:4}" for name in sorted(all_of)
        ]
    lines.append("survivors")
    for one in result.survivors:
        near = ", ".join(result.nearest.get(one.key, [])[:SHOWN_TESTS]) or "no test hits the line"
        lines += [f"  {one.key}: {one.diff}", f"    nearest: {near}"]
    verdicts = Counter(one.verdict for one in result.outcomes.values())
    counts = ", ".join(f"{verdicts[one]} {one}" for one in Verdict)
    lines.append(f"caught {result.score:.1%} of {len(result.outcomes)} mutants ({counts})")
    if result.not_met:
        lines.append(f"{len(result.not_met)} survivors met the tests of their room alone")
    if result.cut:
        lines.append(f"{len(result.cut)} survivors met the nearest tests: there was no time for all")
    if result.equivalent:
        count = len(result.equivalent)
        lines.append(f"not counted: {count} that are no faults, by tb/mutation/equivalents.toml")
    return lines
