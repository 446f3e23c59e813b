"""Values on the command line: each function reads one kind, or says what is wrong."""

from __future__ import annotations

import argparse

from regressions.capture.options import NETWORKS, Moment


def positive(text: str) -> int:
    """Read a positive whole number."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text} is not a positive whole number")
    return int(text)


def real(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a number") from None


def positive_real(text: str) -> float:
    """Read a positive, finite number."""
    if not 0 < (value := real(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not positive and finite")
    return value


def fraction(text: str) -> float:
    """Read a number in 0..1."""
    if not 0 <= (value := real(text)) <= 1:
        raise argparse.ArgumentTypeError(f"{text} does not lie in 0..1")
    return value


def moment(text: str) -> Moment:
    """Read a number of updates, or a share of all of them in per cent (``50%``)."""
    number = text.removesuffix("%")
    if number == text:
        if not (text.isascii() and text.isdigit()):
            raise argparse.ArgumentTypeError(f"{text} is neither a number of updates nor a share like 50%")
        return Moment(int(text), percent=False)
    if not 0 <= (share := real(number)) <= 100:
        raise argparse.ArgumentTypeError(f"{text} does not lie in 0%..100%")
    return Moment(share, percent=True)


def seed(text: str) -> int:
    """Read a whole number in 0..2^63-1."""
    if not (text.isascii() and text.isdigit() and int(text) < 2**63):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number in 0..2^63-1")
    return int(text)


def network(text: str) -> str:
    """Read a network's name; one of `NETWORKS` as its callable, any other as it is."""
    return NETWORKS.get(text, text)
