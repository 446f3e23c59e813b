"""The calibrated constants that the repository holds, as ``./run power --save-constants`` found them.

They are energies of gates of one cell library at its voltage, on preset `core`; `golden.power.model` brings
them to an operating point. The file says which library, tiles and command they come from.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from golden.power.components import Component
from golden.power.events import FOLLOWS
from golden.power.model import PICO, EventModel

CALIBRATION = Path(__file__).resolve().parent / "calibration.json"
SCHEMA = 1


class CalibrationError(ValueError):
    """The file holds no constants of this model."""


def save_calibration(model: EventModel, source: dict[str, Any], path: Path = CALIBRATION) -> None:
    """Write a model's constants, in pJ, and where they come from."""
    constants = {
        component.value: {event: round(joules / PICO, 4) for event, joules in energies.items()}
        for component, energies in model.constants.items()
    }
    document = {"schema": SCHEMA, "source": source, "voltage": model.voltage, "picojoule": constants}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def load_calibration(path: Path = CALIBRATION) -> EventModel:
    """Read the constants back.

    Raises
    ------
    CalibrationError
        If the file cannot be read, is of another schema, or lacks the energy of an event.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise CalibrationError(f"{path}: schema is {document['schema']}, must be {SCHEMA}")
        energies = document["picojoule"]
        constants = {
            component: {event: float(energies[component.value][event]) * PICO for event in events}
            for component, events in FOLLOWS.items()
        }
        voltage = float(document["voltage"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, CalibrationError):
            raise
        raise CalibrationError(
            f"{path}: holds no constants of the event model ({error!r}): make it anew with "
            "./run power --save-constants"
        ) from error
    if constants[Component.MULTIPLIER]["macs_fp16"] <= 0:
        raise CalibrationError(f"{path}: an FP16 MAC takes no energy")
    return EventModel(constants, voltage)
