"""The error of every command line of the regressions."""

from __future__ import annotations


class OptionError(ValueError):
    """An option's value cannot be used; the message says why and what to give instead."""
