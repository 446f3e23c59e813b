"""A fault of the design."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One wrong expression.

    Attributes
    ----------
    file : str
        Below ``rtl/``.
    place, faulty : str
        The expression, between «» with some text around it, and what takes its place.
    test : str
        The test that catches it, as ``file::function``.
    symptom : str
        Pattern of what that test, or the assertion that it trips, says.
    arguments : dict
        Arguments of the test.
    """

    file: str
    place: str
    faulty: str
    test: str
    symptom: str
    arguments: dict[str, Any] = field(default_factory=dict)
