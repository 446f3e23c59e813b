"""What one run of a case in the bare loop showed."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from regressions.triage.symptom import Symptom


@dataclass(frozen=True)
class Finding:
    """One run.

    Attributes
    ----------
    symptom : Symptom or None
        None: nothing is wrong.
    message : str
        What is wrong, the first line for people.
    event : str
        What is seen in cycle `at`.
    launch : int
        The launch in which it is seen, from 0.
    at : int
        Cycle of that launch: rising edges of the clock since it began.
    end : int
        Last cycle of that launch.
    cycles : int
        Of all launches.
    """

    symptom: Symptom | None
    message: str = ""
    event: str = ""
    launch: int = 0
    at: int = 0
    end: int = 0
    cycles: int = 0

    def to_json(self) -> dict[str, object]:
        """Return plain values."""
        return {**asdict(self), "symptom": self.symptom.to_json() if self.symptom else None}


@dataclass(frozen=True)
class Window:
    """Waves that a run shall write: of cycles `first` to `last` of one launch, to `path`."""

    path: str
    launch: int
    first: int
    last: int
