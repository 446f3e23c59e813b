"""Functional coverage of stimulus: crosses of named bins, counted over arrays while tests run.

Checkers see what happens inside a module; what a test was fed is known outside. A `Cross` has axes, and
each axis named bins. A bench classifies what it fed (an array of bin numbers for each axis) and samples it
once the results have been compared. Combinations that cannot be are declared, each with its reason, and
raise when they are met.

Nothing is counted, and nothing classified, unless somebody collects::

    collect()
    ...  # a test
    met = take()  # what it met; also how to drop what a test that failed has met
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import numpy.typing as npt

BINS_PREFIX = "bins:"
"""What the names of bins begin with, among the coverpoints of the test plan."""
OPEN, SEPARATOR, CLOSE = "[", ",", "]"

Classes = npt.NDArray[np.integer] | int
"""Bin numbers of one axis; negative: not of interest."""


class BinsError(ValueError):
    """A cross is declared wrongly, or sampled with what it has no bins for."""


class IllegalBinError(AssertionError):
    """A combination was met that is declared impossible."""


@dataclass(frozen=True, init=False)
class Illegal:
    """Combinations that cannot be: for each axis that is named a set of bins, of the others any.

    Attributes
    ----------
    reason : str
        Why, by what the design or the number formats promise.
    bins : mapping of str to tuple of str
    """

    reason: str
    bins: Mapping[str, tuple[str, ...]]

    def __init__(self, reason: str, **bins: str | Sequence[str]) -> None:
        chosen = {axis: (names,) if isinstance(names, str) else tuple(names) for axis, names in bins.items()}
        object.__setattr__(self, "reason", reason)
        object.__setattr__(self, "bins", chosen)


CROSSES: dict[str, Cross] = {}
"""All crosses by name."""


@dataclass
class Cross:
    """A product of axes of named bins, and how often each combination was met.

    Parameters
    ----------
    name : str
        ``block.what``.
    axes : mapping of str to sequence of str
        Bins of each axis, in the order of their numbers.
    illegal : sequence of Illegal
        Combinations that cannot be.

    Raises
    ------
    BinsError
        If the name is taken, a bin's name is empty, doubled or holds a character that keys need, or an
        illegal combination names an axis or bin that there is not.
    """

    name: str
    axes: Mapping[str, Sequence[str]]
    illegal: Sequence[Illegal] = ()
    _counts: npt.NDArray[np.int64] = field(init=False, repr=False)
    _reasons: npt.NDArray[np.int16] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.name in CROSSES:
            raise BinsError(f"cross {self.name}: there is one of this name; rename one of them")
        for axis, bins in self.axes.items():
            for name in bins:
                if not name or any(mark in name for mark in (OPEN, SEPARATOR, CLOSE)) or name != name.strip():
                    raise BinsError(f"cross {self.name}, axis {axis}: '{name}' cannot name a bin; rename it")
            if not bins or len(set(bins)) < len(bins):
                raise BinsError(f"cross {self.name}, axis {axis}: no bins, or two of one name; correct them")
        self._counts = np.zeros(self.shape, np.int64)
        self._reasons = np.zeros(self.shape, np.int16)
        for number, one in enumerate(self.illegal, 1):
            self._reasons[np.ix_(*self._chosen(one))] = number
        if self._reasons.all():
            raise BinsError(f"cross {self.name}: no combination is legal; correct 'illegal'")
        CROSSES[self.name] = self

    @property
    def shape(self) -> tuple[int, ...]:
        """Bins of each axis."""
        return tuple(len(bins) for bins in self.axes.values())

    def sample(self, *classes: Classes) -> None:
        """Count combinations.

        Parameters
        ----------
        classes : ndarray of int, or int
            Of each axis the bin numbers; they broadcast. Where one is negative nothing is counted.

        Raises
        ------
        IllegalBinError
            If a combination is declared impossible.
        BinsError
            If there are not as many arrays as axes, or a number is beyond its axis.
        """
        if not _state.collecting:
            return
        if len(classes) != len(self.axes):
            raise BinsError(f"cross {self.name}: {len(classes)} classes for {len(self.axes)} axes")
        arrays = np.broadcast_arrays(*classes)
        wanted = np.ones(arrays[0].shape, np.bool_)
        for array in arrays:
            wanted &= array >= 0
        chosen = [array[wanted].astype(np.int64) for array in arrays]
        self.add(_histogram(self, chosen))

    def add(self, counts: npt.NDArray[np.int64]) -> None:
        """Count combinations of which a histogram is known: int64, bins of each axis; raises as `sample`."""
        if not _state.collecting:
            return
        if counts.shape != self.shape:
            raise BinsError(f"cross {self.name}: a histogram of {counts.shape}, must be of {self.shape}")
        wrong = np.argwhere((counts > 0) & (self._reasons > 0))
        if len(wrong):
            at = tuple(int(index) for index in wrong[0])
            reason = self.illegal[self._reasons[at] - 1].reason
            raise IllegalBinError(
                f"illegal bin hit: {self._key(at)}, {counts[at]} times. It is declared impossible: {reason}; "
                f"correct the stimulus, the design, or the declaration"
            )
        self._counts += counts

    def legal_keys(self) -> Iterator[str]:
        """Name the legal combinations."""
        return (self._key(at) for at in product(*map(range, self.shape)) if not self._reasons[at])

    def illegal_keys(self) -> dict[str, str]:
        """Name the combinations that cannot be, each with the reason."""
        return {
            self._key(at): self.illegal[self._reasons[at] - 1].reason
            for at in product(*map(range, self.shape))
            if self._reasons[at]
        }

    def take(self) -> dict[str, int]:
        """Return how often each combination that was met was met, and forget it."""
        met = {
            self._key(tuple(at)): int(self._counts[tuple(at)]) for at in np.argwhere(self._counts).tolist()
        }
        self._counts[...] = 0
        return met

    def _key(self, at: tuple[int, ...]) -> str:
        names = (bins[index] for bins, index in zip(self.axes.values(), at, strict=True))
        return f"{BINS_PREFIX}{self.name}{OPEN}{SEPARATOR.join(names)}{CLOSE}"

    def _chosen(self, one: Illegal) -> list[list[int]]:
        """Bin numbers of each axis that an illegal combination names."""
        for axis, names in one.bins.items():
            missing = set(names) - set(self.axes.get(axis, ()))
            if axis not in self.axes or missing:
                raise BinsError(
                    f"cross {self.name}: there is no {axis} {sorted(missing)}; correct illegal '{one.reason}'"
                )
        return [
            [list(bins).index(name) for name in one.bins.get(axis, bins)] for axis, bins in self.axes.items()
        ]


def _histogram(cross: Cross, chosen: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Count bin numbers; raise `BinsError` for one beyond its axis."""
    for (axis, bins), array in zip(cross.axes.items(), chosen, strict=True):
        if array.size and array.max() >= len(bins):
            raise BinsError(f"cross {cross.name}, axis {axis}: bin {array.max()} of {len(bins)}")
    flat = np.ravel_multi_index(tuple(chosen), cross.shape)
    return np.bincount(flat, minlength=cross._counts.size).reshape(cross.shape).astype(np.int64)


@dataclass
class _State:
    """Whether anybody collects, in this process."""

    collecting: bool = False


_state = _State()


def collect(on: bool = True) -> None:
    """Begin to count, or stop; what has been counted stays until it is taken."""
    _state.collecting = on


def collecting() -> bool:
    """Tell whether anybody collects; if not, benches need not classify what they feed."""
    return _state.collecting


def take() -> dict[str, int]:
    """Return how often each combination of every cross was met since the last call, and forget it.

    Keys are ``bins:cross[bin,bin]``; what was not met has none.
    """
    return {key: count for cross in CROSSES.values() for key, count in cross.take().items()}


def cross_of(key: str) -> str:
    """Return the cross that a key ``bins:cross[bin,bin]`` belongs to; empty if it is no such key."""
    name, mark, _ = key.removeprefix(BINS_PREFIX).partition(OPEN)
    return name if mark and key.startswith(BINS_PREFIX) else ""
