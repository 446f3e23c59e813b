"""What a user chooses for triage, on the command line of a regression and of a single case."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from regressions.option_error import OptionError

WINDOW = "200:50"
DEFAULT_SECONDS = 90.0
DEFAULT_TRIALS = 600


@dataclass(frozen=True)
class TriageSettings:
    """Bounds of triage.

    Attributes
    ----------
    seconds : float
        Time that shrinking one bucket's replay may take.
    trials : int
        Runs that it may take.
    before, after : int
        Cycles of waves before and after the first mismatch.
    """

    seconds: float = DEFAULT_SECONDS
    trials: int = DEFAULT_TRIALS
    before: int = 200
    after: int = 50


def add_window_option(parser: argparse._ActionsContainer) -> None:
    """Add the option that chooses the window of waves."""
    parser.add_argument(
        "--window",
        default=WINDOW,
        metavar="BEFORE:AFTER",
        help="cycles of waves around the first mismatch (default: %(default)s)",
    )


def add_triage_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a regression's triage."""
    group = parser.add_argument_group("when replays fail")
    group.add_argument("--no-triage", action="store_true", help="report them, and examine none")
    group.add_argument(
        "--triage-seconds",
        type=float,
        default=DEFAULT_SECONDS,
        metavar="S",
        help="time to shrink the replay that stands for a bucket (default: %(default)g)",
    )
    add_window_option(group)


def triage_settings(values: argparse.Namespace) -> TriageSettings | None:
    """Return what the options choose; None if there shall be no triage."""
    before, after = parse_window(values.window)
    if not values.triage_seconds > 0:
        raise OptionError(f"--triage-seconds {values.triage_seconds:g}: give more than 0")
    if values.no_triage:
        return None
    return TriageSettings(seconds=values.triage_seconds, before=before, after=after)


def triage_words(settings: TriageSettings | None) -> list[str]:
    """Return the words of a command line that choose these settings."""
    if settings is None:
        return ["--no-triage"]
    words = []
    if settings.seconds != DEFAULT_SECONDS:
        words += ["--triage-seconds", f"{settings.seconds:g}"]
    if f"{settings.before}:{settings.after}" != WINDOW:
        words += ["--window", f"{settings.before}:{settings.after}"]
    return words


def parse_window(text: str) -> tuple[int, int]:
    """Return cycles before and after the first mismatch; raise `OptionError` if `text` gives none."""
    before, colon, after = text.partition(":")
    if not (colon and before.isdecimal() and after.isdecimal()):
        raise OptionError(f"--window {text}: give cycles before and after the first mismatch, as in {WINDOW}")
    return int(before), int(after)
