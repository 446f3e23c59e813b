"""Numbers, quantities and messages as text, alike in the page, the JUnit file and the terminal."""

from __future__ import annotations

import math
import re

ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
MISSING = "–"
ENERGY_UNITS = ((1e12, "J"), (1e9, "mJ"), (1e6, "µJ"), (1e3, "nJ"), (1.0, "pJ"))


def plain(text: str) -> str:
    """Return `text` without terminal escape sequences (compilers colour their messages)."""
    return ESCAPE_SEQUENCE.sub("", text)


def first_line(text: str) -> str:
    """Return the first line of `text` that says something."""
    return next((line.strip() for line in plain(text).splitlines() if line.strip()), "")


def value_text(value: float) -> str:
    """Return a value to 9 significant digits, which tell every binary32 from its neighbours."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+inf" if value > 0 else "-inf"
    return f"{value:.9g}"


def count(value: float | None) -> str:
    """Return a whole number with its thousands apart."""
    return MISSING if value is None else f"{value:,.0f}"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction as a percentage."""
    return MISSING if value is None else f"{100 * value:.{digits}f}\u202f%"


def signed_percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction as a percentage that always carries its sign, zero aside."""
    if value is None:
        return MISSING
    rounded = round(100 * value, digits)
    return f"{rounded:+.{digits}f}\u202f%".replace("-", "−") if rounded else f"{0:.{digits}f}\u202f%"


def ratio(value: float | None, digits: int = 2) -> str:
    """Return a plain ratio."""
    return MISSING if value is None else f"{value:.{digits}f}"


def _unit(value: float, units: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    return next((unit for unit in units if abs(value) >= unit[0]), units[-1])


def _scaled(value: float, units: tuple[tuple[float, str], ...]) -> str:
    scale, unit = _unit(value, units)
    number = value / scale
    digits = 0 if number >= 100 or number == 0 else 1 if number >= 10 else 2
    return f"{number:.{digits}f}\u202f{unit}"


def energy_unit(picojoules: float) -> tuple[float, str]:
    """Return the unit that fits an energy given in pJ: how many pJ it is, and its name."""
    return _unit(picojoules, ENERGY_UNITS)


def energy(picojoules: float | None) -> str:
    """Return an energy given in pJ with a fitting unit."""
    if picojoules is None:
        return MISSING
    return _scaled(picojoules, ENERGY_UNITS)


def size(number: float | None) -> str:
    """Return a number of bytes with a fitting decimal unit."""
    if number is None:
        return MISSING
    return _scaled(number, ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")))


def macs(number: float | None) -> str:
    """Return a number of MACs with a fitting prefix."""
    if number is None:
        return MISSING
    return _scaled(number, ((1e9, "GMAC"), (1e6, "MMAC"), (1e3, "kMAC"), (1, "MAC")))


def duration(seconds: float | None) -> str:
    """Return a time span as a person would say it."""
    if seconds is None:
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f}\u202fs"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}\u202fh {minutes:02d}\u202fmin" if hours else f"{minutes}\u202fmin {rest:02d}\u202fs"
