"""The command line of a regression."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from golden.geometry import Step
from golden.presets import PRESETS, find_preset
from golden.seeds import DEFAULT_MASTER_SEED
from regressions.capture.cli import OUT
from regressions.operands import ReplaySettings, find_policy
from regressions.traces import SAMPLE_PATH

FULL_TRACE = OUT / "full.safetensors"
"""What ./run capture leaves."""

CORE_PRESETS = tuple(name for name, preset in PRESETS.items() if preset.cores == 1)


class OptionError(ValueError):
    """An option's value cannot be used; the message says why and what to give instead."""


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    trace: Path
    layers: tuple[str, ...]
    steps: tuple[Step, ...]
    settings: ReplaySettings
    jobs: int
    waves: bool
    coverage: bool
    dump: Path | None
    command: str


def parse(arguments: Sequence[str]) -> Options:
    """Parse a regression's arguments.

    Raises
    ------
    OptionError
        If a value is out of place. Unknown options and ``--help`` end the program, as argparse does.
    """
    parser = argparse.ArgumentParser(
        prog="./run regress",
        description="Replay captured training layers through the RTL of one sparse core, compare every bit with "
        "the golden model, and write the report to reports/out/latest.",
    )
    add = parser.add_argument
    add("--layers", nargs="+", default=[], metavar="LAYER", help="layers to replay, wildcards allowed (default: all)")
    add("--steps", nargs="+", default=[], metavar="STEP", help="FP, BP, WG (default: all)")
    add("--preset", default="core", metavar="NAME", help=f"hardware: {', '.join(CORE_PRESETS)} (default: core)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--trace", type=Path, default=SAMPLE_PATH, metavar="FILE", help="trace (default: the sample)")
    which.add_argument(
        "--full", action="store_true", help=f"replay the full trace that './run capture' wrote ({FULL_TRACE})"
    )
    add("--balancer", choices=("on", "off"), default="on", help="input load balancer (default: on)")
    add("--policy", default="share=0.2", metavar="P", help="FGMP threshold: share=SHARE or fixed=E (default: share=0.2)")
    add("--stalls", type=int, default=0, metavar="N", help="stall each stream in N of 1000 cycles (default: 0)")
    add("--seed", type=int, default=DEFAULT_MASTER_SEED, metavar="N", help="master seed (default: %(default)s)")
    add("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="replays at a time (default: all cores)")
    add("--waves", action="store_true", help="write waves (VCD) beside each replay's log; slow")
    add("--no-coverage", action="store_true", help="simulate without coverage: faster, but the coverage gate fails")
    add("--dump", type=Path, metavar="FOLDER", help="write operands and results of each replay as .npz")
    values = parser.parse_args(arguments)
    steps = tuple(_step(text) for text in values.steps) or tuple(Step)
    preset = find_preset(values.preset)
    if preset.cores != 1:
        raise OptionError(
            f"--preset {preset.name}: a chip of {preset.cores} cores; this regression replays one core, choose one of "
            f"{', '.join(CORE_PRESETS)}"
        )
    if values.jobs < 1:
        raise OptionError(f"--jobs {values.jobs}: give 1 or more")
    if not 0 <= values.stalls < 1000:
        raise OptionError(f"--stalls {values.stalls}: give 0 to 999 (thousandths of the cycles)")
    find_policy(values.policy)
    trace = FULL_TRACE if values.full else values.trace
    if values.full and not trace.is_file():
        raise OptionError(f"--full: {trace} does not exist; './run capture' makes it, or name a trace with --trace")
    return Options(
        trace,
        tuple(values.layers),
        steps,
        ReplaySettings(preset.name, values.balancer == "on", values.seed, values.stalls, values.policy),
        values.jobs,
        values.waves,
        not values.no_coverage,
        values.dump.resolve() if values.dump else None,
        "./run regress " + " ".join(arguments) if arguments else "./run regress",
    )


def _step(text: str) -> Step:
    try:
        return Step(text.upper())
    except ValueError:
        raise OptionError(f"--steps {text}: no such training step, choose from {', '.join(Step)}") from None


def rerun_command(options: Options, layer: str, step: Step) -> str:
    """Return the command that runs one replay alone, as it ran here."""
    settings = options.settings
    words = ["./run regress --layers", layer, "--steps", step.value, "--seed", str(settings.seed)]
    if options.trace == FULL_TRACE:
        words += ["--full"]
    elif options.trace != SAMPLE_PATH:
        words += ["--trace", str(options.trace)]
    for flag, value, default in (
        ("--preset", settings.preset, "core"),
        ("--balancer", "on" if settings.balancer else "off", "on"),
        ("--policy", settings.policy, "share=0.2"),
        ("--stalls", settings.stall_permille, 0),
    ):
        if value != default:
            words += [flag, str(value)]
    return " ".join(words)
