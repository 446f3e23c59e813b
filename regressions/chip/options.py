"""The chip's part of a regression's command line."""

from __future__ import annotations

import argparse
import re

from golden.presets import Preset
from regressions.chip.settings import (
    DEFAULT_LATENCY,
    DEFAULT_MEMORY_BYTES,
    MEMORY_BYTES,
    OUTPUTS,
    ChipSettings,
)
from regressions.option_error import OptionError

_NAMES = ("memory_bytes", "memory_latency", "slow_core", "output")
_LONGEST_LATENCY = 100_000
_SLOWEST = 64


def add_chip_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that only the chip has; what is not given is None."""
    add = parser.add_argument_group("on the chip").add_argument
    add(
        "--memory-bytes",
        type=int,
        choices=MEMORY_BYTES,
        help=f"bytes that the memory moves in a cycle (default: {DEFAULT_MEMORY_BYTES})",
    )
    add(
        "--memory-latency",
        type=int,
        metavar="N",
        help=f"cycles from a request to its first beat (default: {DEFAULT_LATENCY})",
    )
    add("--slow-core", metavar="I:N", help="core I gets one clock edge of N")
    add(
        "--output",
        choices=tuple(OUTPUTS),
        help="how results leave (default: fgmp, in WG fp16; with --dump fp32)",
    )


def chip_settings(values: argparse.Namespace, preset: Preset) -> ChipSettings:
    """Return the settings that the options ask for; raises `OptionError`."""
    latency = DEFAULT_LATENCY if values.memory_latency is None else values.memory_latency
    if not 0 <= latency <= _LONGEST_LATENCY:
        raise OptionError(f"--memory-latency {latency}: give 0 to {_LONGEST_LATENCY} cycles")
    core, factor = _slow_core(values.slow_core, preset) if values.slow_core else (None, 1)
    output = values.output
    if getattr(values, "dump", None) is not None:
        if output not in (None, "fp32"):
            raise OptionError(f"--output {output}: a dump holds FP32 results; leave --output or --dump out")
        output = "fp32"
    return ChipSettings(values.memory_bytes or DEFAULT_MEMORY_BYTES, latency, core, factor, output)


def refuse_chip_options(values: argparse.Namespace) -> None:
    """Raise `OptionError` if an option is given that one core alone does not have."""
    for name in _NAMES:
        if getattr(values, name) is not None:
            option = "--" + name.replace("_", "-")
            raise OptionError(f"{option}: only the chip has it; add --level chip, or --preset lnpu")


def chip_words(chip: ChipSettings | None) -> list[tuple[str, object, object]]:
    """Return option, value and default of each setting of the chip."""
    if chip is None:
        return []
    slow = f"{chip.slow_core}:{chip.slow_factor}" if chip.slow_core is not None else None
    return [
        ("--memory-bytes", chip.memory_bytes, DEFAULT_MEMORY_BYTES),
        ("--memory-latency", chip.memory_latency, DEFAULT_LATENCY),
        ("--slow-core", slow, None),
        ("--output", chip.output, None),
    ]


def _slow_core(text: str, preset: Preset) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+):(\d+)", text)
    if not match:
        raise OptionError(f"--slow-core {text}: give a core and a factor as I:N, such as 3:8")
    core, factor = int(match[1]), int(match[2])
    if core >= preset.cores:
        raise OptionError(f"--slow-core {text}: preset {preset.name} has cores 0 to {preset.cores - 1}")
    if not 1 <= factor <= _SLOWEST:
        raise OptionError(f"--slow-core {text}: the factor must be 1 to {_SLOWEST}")
    return core, factor
