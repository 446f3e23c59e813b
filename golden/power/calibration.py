"""The calibrated constants that the repository holds, as ``./run power --save-constants`` found them.

They are energies of gates of one cell library at its voltage, on preset `core`; `golden.power.model` brings
them to an operating point. The file says which library, tiles, commit and command they come from.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from golden.power.components import Component
from golden.power.events import FOLLOWS
from golden.power.model import PICO, EventModel

CALIBRATION = Path(__file__).resolve().parent / "calibration.json"
SCHEMA = 1
PRESET = "core"
"""The core that the constants are of: no other's are kept."""
_REMEDY = ": make it anew with ./run power --save-constants"


class CalibrationError(ValueError):
    """The file holds no constants of this model."""


def calibration_text(model: EventModel, source: Mapping[str, str], path: Path = CALIBRATION) -> str:
    """Return what the file is to hold: a model's constants, in pJ, and where they come from.

    Parameters
    ----------
    source : mapping of str to str
        At least ``preset`` and ``commit``.
    path : Path
        The file that a message names.

    Raises
    ------
    CalibrationError
        If `load_calibration` would refuse it.
    """
    constants = {
        component.value: {event: round(joules / PICO, 4) for event, joules in energies.items()}
        for component, energies in model.constants.items()
    }
    document = {"schema": SCHEMA, "source": {**source}, "voltage": model.voltage, "picojoule": constants}
    _model(document, path)
    return json.dumps(document, indent=1) + "\n"


def load_calibration(path: Path = CALIBRATION) -> EventModel:
    """Read the constants back.

    Raises
    ------
    CalibrationError
        If the file cannot be read, is of another schema or preset, does not say of which commit it is, or
        lacks the energy of an event; or if an energy or the voltage is none.
    """
    try:
        return _model(json.loads(path.read_text(encoding="utf-8")), path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, CalibrationError):
            raise
        raise CalibrationError(
            f"{path}: holds no constants of the event model ({error!r}){_REMEDY}"
        ) from error


def _model(document: Any, path: Path) -> EventModel:
    """Return the model that a document holds, each of its fields checked."""
    if document["schema"] != SCHEMA:
        raise CalibrationError(f"{path}: schema is {document['schema']}, must be {SCHEMA}")
    preset, commit = (document["source"][name] for name in ("preset", "commit"))
    if preset != PRESET:
        raise CalibrationError(f"{path}: source.preset is {preset!r}, must be {PRESET!r}{_REMEDY}")
    if not isinstance(commit, str) or not commit:
        raise CalibrationError(f"{path}: source.commit is {commit!r}, must name one{_REMEDY}")
    energies = document["picojoule"]
    constants = {
        component: {
            event: _energy(energies[component.value][event], f"{component}.{event}", path) * PICO
            for event in events
        }
        for component, events in FOLLOWS.items()
    }
    if constants[Component.MULTIPLIER]["macs_fp16"] <= 0:
        raise CalibrationError(f"{path}: an FP16 MAC takes no energy{_REMEDY}")
    voltage = float(document["voltage"])
    if not (math.isfinite(voltage) and voltage > 0):
        raise CalibrationError(f"{path}: voltage is {voltage}, must be above 0{_REMEDY}")
    return EventModel(constants, voltage)


def _energy(value: Any, name: str, path: Path) -> float:
    energy = float(value)
    if not (math.isfinite(energy) and energy >= 0):
        raise CalibrationError(f"{path}: picojoule.{name} is {energy}, must be finite and 0 or more{_REMEDY}")
    return energy
