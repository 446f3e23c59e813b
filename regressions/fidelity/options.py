"""The command line of the fidelity study."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from golden.geometry import Step
from golden.presets import Preset, find_preset
from golden.seeds import DEFAULT_MASTER_SEED
from regressions.capture.arguments import seed
from regressions.fidelity.records import Experiment
from regressions.operands import find_policy
from regressions.option_error import OptionError
from regressions.options import DEFAULT_POLICY, REPORTS, parse_step
from regressions.power.records import Role
from regressions.power.tiles import TileChoice, parse_tile
from regressions.traces import SAMPLE_PATH

COMMAND = "./run fidelity"
WORK = Path("build/fidelity")
"""Where networks are captured and results of experiments are kept; git ignores it."""
PRESET = "core"
"""The preset that the event model is calibrated on: its constants are of no other core."""
TILE = "layer1.0.conv2-FP"
SPARSITIES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
DENSE = 0.0
"""No zeros at all: what FP8 costs beside FP16, and the peak, are of it."""
HIGH_SPARSITY = 0.9
"""The sparsity that stands beside the published efficiency 'at high input sparsity'."""

DESCRIPTION = """\
Set each published figure of LNPU beside what this design does, measured: a tile at every input sparsity and
all layers of a trace on the RTL, each bit and counter checked, energies from the calibrated event model; and
experiments with networks, whose results are kept. The report is reports/out/fidelity. Exit status: 0; 1 if
efficiency does not rise with sparsity; 2 if nothing could be measured or reported; 130 if interrupted.
"""
EXAMPLES = f"""\
examples:
  {COMMAND}                                     sweep, layers of the sample, experiments as they are kept
  {COMMAND} --experiment no-batch-norm          trains ResNet-18 with and without batch-norm first
  {COMMAND} --experiment networks --save        trains ResNet-18, VGG16 and AlexNet; a quarter of an hour
  {COMMAND} --experiment batch                  records ResNet-18 with twice the batch
  {COMMAND} --layers 'layer1*' --steps FP       fewer layers
  {COMMAND} --tile layer3.1.conv1-BP --sparsity 0.5
"""


@dataclass(frozen=True)
class FidelityOptions:
    """What the user asked for.

    Attributes
    ----------
    trace : Path
    preset : Preset
    tile : TileChoice
        Layer and step of the sweep.
    sparsities : tuple of float
        Ascending; none and the high one, which are compared, are among them.
    layers : tuple of str
        Names or wildcards; none: all.
    steps : tuple of Step
    policy : str
    experiments : tuple of Experiment
        To make anew; of the others, what is kept.
    fresh : bool
        Capture networks also where their traces are there.
    save : bool
        Whether results of experiments go into the repository.
    seed : int
    work, out : Path
    command : str
    """

    trace: Path
    preset: Preset
    tile: TileChoice
    sparsities: tuple[float, ...]
    layers: tuple[str, ...]
    steps: tuple[Step, ...]
    policy: str
    experiments: tuple[Experiment, ...]
    fresh: bool
    save: bool
    seed: int
    work: Path
    out: Path
    command: str


def parse_fidelity(arguments: Sequence[str]) -> FidelityOptions:
    """Parse the study's arguments.

    Raises
    ------
    OptionError, regressions.operands.PolicyError
        If a value is out of place. Unknown options and ``--help`` end the program, as argparse does.
    """
    values = _parser().parse_args(arguments)
    find_policy(values.policy)
    if not all(0 <= one < 1 for one in values.sparsity):
        raise OptionError(f"--sparsity {' '.join(map(str, values.sparsity))}: give shares, 0 to below 1")
    for option in ("fresh", "save"):
        if getattr(values, option) and not values.experiment:
            raise OptionError(f"--{option}: goes with --experiment")
    return FidelityOptions(
        trace=values.trace,
        preset=find_preset(PRESET),
        tile=parse_tile(values.tile, Role.VALIDATION),
        sparsities=tuple(sorted({DENSE, *values.sparsity, HIGH_SPARSITY})),
        layers=tuple(values.layers),
        steps=tuple(dict.fromkeys(parse_step(text) for text in values.steps)) or tuple(Step),
        policy=values.policy,
        experiments=tuple(Experiment(one) for one in dict.fromkeys(values.experiment)),
        fresh=values.fresh,
        save=values.save,
        seed=values.seed,
        work=values.work,
        out=values.out,
        command=shlex.join([*COMMAND.split(), *arguments]),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--trace", type=Path, default=SAMPLE_PATH, metavar="FILE", help="trace (default: the sample)")
    add(
        "--tile",
        default=TILE,
        metavar="LAYER-STEP",
        help="layer and step that is made sparse (default: %(default)s)",
    )
    add(
        "--sparsity",
        nargs="+",
        type=float,
        default=SPARSITIES,
        metavar="SHARE",
        help=f"shares of zeros (default: 0 to 0.95); {DENSE:g} and {HIGH_SPARSITY} are always among them",
    )
    add("--layers", nargs="+", default=[], metavar="LAYER", help="names or wildcards (default: all layers)")
    add("--steps", nargs="+", default=[], metavar="STEP", help=f"of {', '.join(Step)} (default: all)")
    add(
        "--policy",
        default=DEFAULT_POLICY,
        help="FGMP threshold: share=SHARE or fixed=E (default: %(default)s)",
    )
    add(
        "--experiment",
        nargs="+",
        default=[],
        choices=[one.value for one in Experiment],
        help="make it now and keep the result (default: what is kept)",
    )
    add(
        "--fresh",
        action="store_true",
        help="with --experiment: train also networks that are captured already",
    )
    add("--save", action="store_true", help="with --experiment: take the result into the repository")
    add(
        "--seed",
        type=seed,
        default=DEFAULT_MASTER_SEED,
        metavar="N",
        help="master seed (default: %(default)s)",
    )
    add("--work", type=Path, default=WORK, metavar="FOLDER", help=f"networks and results (default: {WORK})")
    add("--out", type=Path, default=REPORTS, metavar="FOLDER", help="reports (default: reports/out)")
    return parser
