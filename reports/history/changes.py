"""The run in which a figure changed: the figures of comparable runs, in the order of their start.

Runs are comparable that share source, suite, preset, trace and settings; sums only if the same replays ran
as well. Figures of one replay compare also between runs of different replays. All that is compared is
deterministic, so any difference is a change.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from reports.history.database import Measure, Run, Stored, load_readings, load_runs
from reports.history.figures import NOISE

WITHOUT_SELECTION = "replay"
"""The level whose figures do not depend on what else ran."""

SUMMED = frozenset({"cycles", "utilization", "ema_bytes", "ema_bytes_fp16", "energy_pj", "on_chip_pj"})
"""Figures whose totals are those of their replays."""

Key = tuple[str, ...]
"""What comparable runs share; figures of single replays have no selection in it."""


@dataclass
class Track:
    """A figure over comparable runs: `places` are the runs that have it, as places in the history's order.

    Of values only those are held that differ from the one before: `turns` and `values`, the first run's too.
    """

    measure: Measure
    places: list[int] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)
    values: list[int | float] = field(default_factory=list)

    def add(self, place: int, value: int | float) -> None:
        """Take the value of the next run."""
        if not self.values or self.values[-1] != value or self.measure.name in NOISE:
            self.turns.append(place)
            self.values.append(value)
        self.places.append(place)

    def at(self, place: int) -> int | float | None:
        """Return the figure in a run; None if the run does not have it."""
        index = bisect_right(self.places, place) - 1
        if index < 0 or self.places[index] != place:
            return None
        return self.values[bisect_right(self.turns, place) - 1]


@dataclass(frozen=True)
class Change:
    """A figure that differs between a run and the last comparable one before it that has the figure."""

    measure: Measure
    before: Stored
    after: Stored
    old: int | float
    new: int | float

    @property
    def relative(self) -> float | None:
        """Growth, as a fraction of the old value."""
        return self.new / self.old - 1 if self.old else None


@dataclass(frozen=True)
class Event:
    """All that changed in one run; `before` is the last run that its sums compare with."""

    after: Stored
    before: Stored
    changes: list[Change]


class History:
    """All runs and figures, arranged for comparison.

    Attributes
    ----------
    runs : list of Stored
        In the order of their start.
    places : dict
        Each run's place in that order, by its number.
    tracks : dict
        By what their runs share, then by measure.
    """

    def __init__(self, path: Path, keep: Callable[[Run], bool] = lambda _: True) -> None:
        """Read the history at `path`, of it the runs that `keep` wants; raises `HistoryError`."""
        self.runs = [stored for stored in load_runs(path) if keep(stored.run)]
        self.tracks: dict[Key, dict[Measure, Track]] = {}
        self.places = places = {stored.number: place for place, stored in enumerate(self.runs)}
        keys = {level: [key_of(one.run, level) for one in self.runs] for level in (WITHOUT_SELECTION, "")}
        for measure, group in itertools.groupby(load_readings(path), key=lambda row: row[0]):
            shared = keys.get(measure.level, keys[""])
            rows = sorted((places[run], value) for _, run, value in group if run in places)
            for place, value in rows:
                tracks = self.tracks.setdefault(shared[place], {})
                track = tracks.setdefault(measure, Track(measure))
                track.add(place, value)

    def changes(self, track: Track) -> Iterator[Change]:
        """Yield the changes of a figure, oldest first; none of what is noise."""
        if track.measure.name in NOISE:
            return
        for index in range(1, len(track.turns)):
            place = track.turns[index]
            before = track.places[bisect_right(track.places, place) - 2]
            yield Change(
                track.measure,
                self.runs[before],
                self.runs[place],
                track.values[index - 1],
                track.values[index],
            )

    def events(self) -> list[Event]:
        """Return what changed in each run in which something did, newest first.

        A sum that follows replays that had changed in an earlier run, of other layers beside them, is no
        news and left out.
        """
        by_run: dict[int, list[Change]] = {}
        for tracks in self.tracks.values():
            for track in tracks.values():
                for change in self.changes(track):
                    by_run.setdefault(change.after.number, []).append(change)
        news = {number: _without_old_sums(changes) for number, changes in by_run.items()}
        return [
            Event(stored, _nearest(news[stored.number]), news[stored.number])
            for stored in reversed(self.runs)
            if news.get(stored.number)
        ]

    def find(
        self, name: str, level: str, scope: str, keep: Callable[[Run], bool] = lambda _: True
    ) -> list[Track]:
        """Return the figure of this name and scope in each set of comparable runs that has it."""
        return [
            track
            for tracks in self.tracks.values()
            for measure, track in tracks.items()
            if (measure.name, measure.level, measure.scope) == (name, level, scope)
            and keep(self.runs[track.places[0]].run)
        ]

    def totals(self, stored: Stored) -> dict[str, int | float]:
        """Return the figures of a run as a whole, by name."""
        tracks = self.tracks.get(key_of(stored.run, "total"), {})
        place = self.places[stored.number]
        found = {one.name: track.at(place) for one, track in tracks.items() if one.level == "total"}
        return {name: value for name, value in found.items() if value is not None}

    def measures(self) -> set[Measure]:
        """Return all that is measured."""
        return {measure for tracks in self.tracks.values() for measure in tracks}


def key_of(run: Run, level: str) -> Key:
    """Return what a run shares with those that its figures of a level are comparable with."""
    return run.comparison if level == WITHOUT_SELECTION else (*run.comparison, run.selection)


def _without_old_sums(changes: list[Change]) -> list[Change]:
    """Return the changes but for sums over replays of which none changed in the same run."""
    moved = {change.measure.name for change in changes if change.measure.level == WITHOUT_SELECTION}
    return [change for change in changes if change.measure.name not in SUMMED or change.measure.name in moved]


def _nearest(changes: list[Change]) -> Stored:
    """Return the latest of the runs that changes refer to."""
    return max((change.before for change in changes), key=lambda stored: (stored.run.started, stored.number))
