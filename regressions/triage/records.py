"""What triage leaves in ``results.json``: buckets, the replay examined in each, the tile it shrank to."""

from __future__ import annotations

from dataclasses import dataclass, field

from golden.geometry import ConvGeometry, Step


@dataclass(frozen=True)
class Waves:
    """Waves of a part of one launch.

    Attributes
    ----------
    file : str
        VCD, relative to the folder of ``results.json``.
    launch : int
        Which launch of the replay it shows, from 0; a chip has one alone.
    first, last, at : int
        Cycles of the launch: of the window, and of what is to be looked at. Cycle t ends with the rising edge
        at t times the clock's period.
    time_ps : int
        Time of `at` on the waves' axis, ps.
    bytes : int
    """

    file: str
    launch: int
    first: int
    last: int
    at: int
    time_ps: int
    bytes: int


@dataclass(frozen=True)
class TriagedCase:
    """One case that fails, as it was run last.

    Attributes
    ----------
    geometry : ConvGeometry
    columns : int
        Columns of the product.
    nonzeros_a, nonzeros_b : int
        Elements that are not zero, as stored.
    macs : int
        Multiplications that are not skipped.
    cycles : int
        Of all launches.
    event : str
        What is seen at the cycle that the waves are around.
    message : str
        What is wrong.
    file : str
        The reproducer, relative to the folder of ``results.json``; empty if it was not kept.
    command : str
        What reruns it; exit status 1 while it fails, 0 when it no longer does.
    waves : Waves or None
    """

    step: Step
    geometry: ConvGeometry
    columns: int
    nonzeros_a: int
    nonzeros_b: int
    macs: int
    cycles: int
    event: str
    message: str
    file: str
    command: str
    waves: Waves | None


@dataclass(frozen=True)
class TriageBucket:
    """Replays that failed alike.

    Attributes
    ----------
    name : str
        Of the cause: the same in each run that shows it.
    reason : str
        The cause in words.
    replays : list of str
        Their names, in the network's order.
    representative : str
        The replay that was examined: the one of the fewest cycles.
    original, shrunk : TriagedCase or None
        That replay, and what was left of it; None if it was not examined or did not fail again.
    trials : int
        Runs that shrinking took.
    seconds : float
    note : str
        Why it ended as it did: nothing smaller fails, time is up, or why it was not examined.
    related : list of str
        Other buckets as which smaller pieces of the replay failed: they may have the same cause.
    """

    name: str
    reason: str
    replays: list[str]
    representative: str
    original: TriagedCase | None
    shrunk: TriagedCase | None
    trials: int
    seconds: float
    note: str
    related: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Triage:
    """Triage of one run; `problem` says what ended it early, if anything did."""

    buckets: list[TriageBucket]
    seconds: float
    problem: str | None
