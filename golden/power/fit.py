"""Energies an event from measured energies: least squares of relative errors, none negative."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from golden.power.components import Component
from golden.power.events import FOLLOWS

Floats = npt.NDArray[np.float64]
Constants = dict[Component, dict[str, float]]
"""J an event, by component and event."""


class FitError(ValueError):
    """Too little was measured."""


def fit(events: Sequence[Mapping[str, float]], energies: Sequence[Mapping[Component, float]]) -> Constants:
    """Find the energy of each event of each component.

    Parameters
    ----------
    events : sequence of mapping
        Numbers of events, by tile.
    energies : sequence of mapping
        Measured J by component, by tile.

    Raises
    ------
    FitError
        If there are fewer tiles than a component follows events.
    """
    if len(events) != len(energies):
        raise FitError(f"{len(events)} tiles have events, {len(energies)} have energies")
    constants: Constants = {}
    for component, names in FOLLOWS.items():
        if len(events) < len(names):
            raise FitError(
                f"{component}: {len(names)} energies cannot be told from {len(events)} tiles: "
                "calibrate on more"
            )
        measured = np.array([one[component] for one in energies])
        numbers = np.array([[one[name] for name in names] for one in events])
        constants[component] = dict(zip(names, _least_squares(numbers, measured).tolist(), strict=True))
    return constants


def _least_squares(numbers: Floats, measured: Floats) -> Floats:
    """Return the non-negative energies of least squared relative errors: the best of all subsets."""
    size = np.where(measured > 0, measured, 1.0)
    target = np.where(measured > 0, 1.0, 0.0)
    rows = numbers / size[:, None]
    scale = np.where(rows.any(axis=0), np.abs(rows).max(axis=0), 1.0)
    rows = rows / scale
    columns = range(numbers.shape[1])
    best, least = np.zeros(numbers.shape[1]), float(target @ target)
    for count in range(1, numbers.shape[1] + 1):
        for chosen in combinations(columns, count):
            part = rows[:, chosen]
            found = np.linalg.lstsq(part, target, rcond=None)[0]
            if (found < 0).any():
                continue
            error = float(((part @ found - target) ** 2).sum())
            if error < least - 1e-12:
                best, least = np.zeros(numbers.shape[1]), error
                best[list(chosen)] = found
    found_energies: Floats = best / scale
    return found_energies
