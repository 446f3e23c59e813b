"""Formats that the study compares, as a user names them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from regressions.option_error import OptionError
from regressions.training.errors import TrainingError
from regressions.training.options import MODES
from regressions.training.policies import FGMP_POLICY, parse_policy

REFERENCE = "fp32"
"""The format that all others are compared with; it is always part of a study."""
FGMP = "fgmp"
DEFAULTS = (
    REFERENCE,
    "fp16",
    "fp8-e4m3",
    "fp8-e5m2",
    "fp8-hybrid",
    "fgmp:share=0.05",
    "fgmp:share=0.1",
    "fgmp:share=0.2",
    "fgmp:share=0.4",
    "fgmp:previous=0.2",
    "fgmp:fixed=0",
)
CHIP = f"{FGMP}:{FGMP_POLICY}"
"""FGMP at its default target."""

_WORDS = {
    "fp32": "FP32",
    "fp16": "FP16",
    "fp8-e4m3": "FP8, E4M3",
    "fp8-e5m2": "FP8, E5M2",
    "fp8-hybrid": "FP8, E4M3 and E5M2",
}


@dataclass(frozen=True)
class Format:
    """A precision of training.

    Attributes
    ----------
    name : str
        The mode, and for FGMP ``:`` and the threshold policy: ``fgmp:share=0.2``.
    mode : str
        One of `regressions.training.options.MODES`.
    policy : str or None
        Threshold policy; None: the mode's own.
    label : str
        The format in words.
    """

    name: str
    mode: str
    policy: str | None
    label: str

    @property
    def folder(self) -> str:
        """The name as part of a file's path."""
        return self.name.replace(":", "-").replace("=", "-")

    @property
    def target(self) -> float | None:
        """Share of FP16 that the policy aims at; None: there is none."""
        rule, _, value = (self.policy or "").partition("=")
        return float(value) if rule in ("share", "previous") else None


def parse_format(text: str) -> Format:
    """Return the format called `text`: a mode, or ``fgmp:POLICY``.

    Raises
    ------
    OptionError
        If there is none.
    """
    mode, colon, policy = text.partition(":")
    if mode not in MODES or (colon and mode != FGMP):
        known = ", ".join(one for one in MODES if one != FGMP)
        raise OptionError(
            f"--formats {text}: choose of {known}, or fgmp:POLICY with a policy share=TARGET, "
            "previous=TARGET or fixed=E"
        )
    if mode != FGMP:
        return Format(mode, mode, None, _WORDS[mode])
    try:
        parse_policy(policy or FGMP_POLICY)
    except TrainingError as error:
        raise OptionError(f"--formats {text}: {error.problem}: {error.remedy}") from error
    rule, _, value = (policy or FGMP_POLICY).partition("=")
    number = float(Fraction(value))
    return Format(f"{FGMP}:{rule}={number:g}", FGMP, f"{rule}={number:g}", _fgmp_words(rule, number))


def _fgmp_words(rule: str, value: float) -> str:
    if rule == "fixed":
        return f"FGMP, threshold {value:g}"
    before = ", by the iteration before" if rule == "previous" else ""
    return f"FGMP, {100 * value:g} %{before}"


def parse_formats(texts: list[str]) -> list[Format]:
    """Return the formats, the reference first, none twice."""
    found = [parse_format(text) for text in [REFERENCE, *texts]]
    return list({one.name: one for one in found}.values())
