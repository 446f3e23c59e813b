"""The command line of one whole training iteration on the chip (`./run iteration`), and the trace it needs.

``python -m regressions.iteration [OPTIONS]`` prints the options of the capture that makes the trace, as a
list in JSON; an empty one if the trace is there.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from golden.geometry import Step
from golden.presets import PRESETS, find_preset
from golden.seeds import DEFAULT_MASTER_SEED
from regressions.capture.cli import OUT as TRACES
from regressions.chip.options import add_chip_options, chip_settings
from regressions.operands import ReplaySettings, find_policy
from regressions.option_error import OptionError
from regressions.options import (
    DEFAULT_POLICY,
    REPORTS,
    RUNS,
    Options,
    add_history_options,
    history_file,
)
from regressions.triage.settings import add_triage_options, triage_settings
from tb.toolchain import REPO_ROOT, RTL_ROOT

COMMAND = "./run iteration"
SUITE = "iteration"
KEPT = "iteration"
"""Folder of finished replays, below that of all runs."""
DEFAULT_PRESET = "lnpu"
DEFAULT_SIZE = 32
SIZES = (32, 512)
LARGE_IMAGE = 64
"""Above this image size one epoch of training must do: it takes minutes."""

DESCRIPTION = """\
Replay one complete training iteration of ResNet-18 (batch 1, all layers whole) through the RTL of the
chip, and compare every bit of its memory, every counter of work and every byte at its pins with the golden
model. What has passed is kept, so an interrupted iteration goes on when it is started again, as long as
trace, RTL, model and options are the same. Exit status as of './run regress'.
"""


def parse_iteration(arguments: Sequence[str]) -> Options:
    """Parse the options of an iteration.

    Raises
    ------
    OptionError, golden.presets.PresetError, regressions.operands.PolicyError
        If a value is out of place.
    """
    values = _make_parser().parse_args(arguments)
    preset = find_preset(values.preset)
    if values.jobs < 1:
        raise OptionError(f"--jobs {values.jobs}: give 1 or more")
    if not SIZES[0] <= values.image_size <= SIZES[1]:
        raise OptionError(f"--image-size {values.image_size}: give {SIZES[0]} to {SIZES[1]}")
    if not 0 <= values.stalls < 1000:
        raise OptionError(f"--stalls {values.stalls}: give 0 to 999 (thousandths of the cycles)")
    find_policy(values.policy)
    trace = values.trace if values.trace is not None else default_trace(values.image_size)
    chip = chip_settings(values, preset)
    return Options(
        trace=trace.resolve(),
        layers=tuple(values.layers),
        steps=tuple(Step(step) for step in values.steps) or tuple(Step),
        settings=ReplaySettings(preset.name, True, values.seed, values.stalls, values.policy, chip),
        jobs=values.jobs,
        waves=False,
        coverage=False,
        rtl=values.rtl.resolve(),
        dump=None,
        out=values.out.resolve(),
        runs=values.runs.resolve(),
        command=shlex.join([*COMMAND.split(), *arguments]),
        suite=SUITE,
        keep=values.runs.resolve() / KEPT,
        fresh=values.fresh,
        history=history_file(values),
        triage=triage_settings(values),
    )


def default_trace(image_size: int) -> Path:
    """Where the trace of one iteration lies that is made on demand."""
    return REPO_ROOT / TRACES / f"iteration-{image_size}" / "full.safetensors"


def capture_words(arguments: Sequence[str]) -> list[str]:
    """Return the options of the capture that makes the trace; none if it is there, or the user named one."""
    values = _make_parser().parse_args(arguments)
    path = default_trace(values.image_size)
    if values.trace is not None or path.is_file():
        return []
    words = ["--record-batch", "1", "--image-size", str(values.image_size), "--out", str(path.parent)]
    if values.image_size > LARGE_IMAGE:
        words += ["--epochs", "1", "--min-accuracy", "0"]
    return words


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=COMMAND, description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument_group("what to replay").add_argument
    add("--layers", nargs="+", default=[], metavar="LAYER", help="names or wildcards (default: all layers)")
    add("--steps", nargs="+", default=[], choices=tuple(Step), help="training steps (default: all)")
    add(
        "--image-size",
        type=int,
        default=DEFAULT_SIZE,
        metavar="N",
        help="edge of the image; its trace is captured if it is not there (default: %(default)s)",
    )
    add("--trace", type=Path, metavar="FILE", help="another trace of yours")
    add("--policy", default=DEFAULT_POLICY, help="FGMP threshold (default: %(default)s)")
    add(
        "--seed",
        type=int,
        default=DEFAULT_MASTER_SEED,
        metavar="N",
        help="master seed (default: %(default)s)",
    )
    add = parser.add_argument_group("on which hardware").add_argument
    add("--preset", default=DEFAULT_PRESET, help=f"{', '.join(PRESETS)} (default: %(default)s)")
    add("--stalls", type=int, default=0, metavar="N", help="stall the memory in N of 1000 cycles")
    add("--rtl", type=Path, default=RTL_ROOT, metavar="FOLDER", help="design to build (default: rtl/)")
    add_chip_options(parser)
    add = parser.add_argument_group("how").add_argument
    jobs = os.cpu_count() or 1
    add("--fresh", action="store_true", help="start over: forget the replays that have passed")
    add("--jobs", type=int, default=jobs, metavar="N", help=f"replays at a time (default: all {jobs} cores)")
    add("--out", type=Path, default=REPORTS, metavar="FOLDER", help="reports (default: reports/out)")
    add("--runs", type=Path, default=RUNS, metavar="FOLDER", help="logs (default: build/regressions)")
    add_triage_options(parser)
    add_history_options(parser)
    return parser


if __name__ == "__main__":
    print(json.dumps(capture_words(sys.argv[1:])))
