"""The command line of the power study."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from golden.power.calibration import CALIBRATION as CALIBRATION_FILE
from golden.power.calibration import PRESET
from golden.power.events import FOLLOWS
from golden.power.operating import PUBLISHED, OperatingError, OperatingPoint, parse_point
from golden.presets import Preset, find_preset
from golden.seeds import DEFAULT_MASTER_SEED
from regressions.operands import find_policy
from regressions.option_error import OptionError
from regressions.options import DEFAULT_POLICY, FULL_TRACE, REPORTS
from regressions.power.records import Role, Variant
from regressions.power.tiles import TileChoice, parse_tile
from regressions.traces import SAMPLE_PATH
from tb.power.weights import WIRE
from tb.toolchain import REPO_ROOT

COMMAND = "./run power"
PIXELS = 4
CALIBRATION = ("layer1.0.conv2-FP", "layer2.0.conv2-BP", "layer3.0.conv2-WG")
VALIDATION = (
    "layer1.1.conv1-FP",
    "layer3.1.conv2-FP",
    "layer2.1.conv1-BP",
    "layer4.0.conv2-BP",
    "layer2.1.conv2-WG",
    "layer3.0.downsample-FP",
    "fc-FP",
    "layer2.0.conv1-FP",
    "layer4.0.downsample-BP",
    "stem-WG",
)
"""The last five are of kinds that no calibration tile has: 1x1, fully connected, strided, three channels."""
LIBRARY = Path("qflow/tech/osu018/osu018_stdcells.lib")
"""The library that is looked for, below the folders of shared data (XDG_DATA_DIRS)."""
LIBRARY_PACKAGE = "qflow-tech-osu018"
CALIBRATED = str(CALIBRATION_FILE.relative_to(REPO_ROOT))
ENERGIES = max(len(names) for names in FOLLOWS.values())
"""Energies that are found for a component, at most: as many measurements are needed."""

DESCRIPTION = """\
Estimate the energy of tiles of real layers twice: from toggles of the core's gates, mapped to a Liberty
library and checked against the RTL in every cycle; and from counted events, whose energies are found on some
of the tiles and tested on the others. The report is reports/out/power. Exit status: 0; 1 if a ratio is
predicted with more than 15 % of error; 2 if nothing could be measured or reported.
"""
EXAMPLES = f"""\
examples:
  {COMMAND}                                        the sample's tiles on the core of 8 lines
  {COMMAND} --preset tiny                          a small core: minutes instead of a quarter of an hour
  {COMMAND} --liberty nangate45.lib --keep-saif    another library, the toggles kept for other tools
  {COMMAND} --validate fc-FP stem-WG --point 0.9,100   other tiles, another operating point
"""


@dataclass(frozen=True)
class PowerOptions:
    """What the user asked for.

    Attributes
    ----------
    trace : Path
    liberty : Path
    preset : Preset
    tiles : tuple of TileChoice
    pixels : int
        Width and height of a tile's window.
    policy : str
    wire : float
        Capacitance of a net's wire over that of its pins.
    points : tuple of OperatingPoint
    seed : int
    keep_saif : bool
    save_constants : bool
        Whether the constants go into the repository's file.
    out : Path
    command : str
    """

    trace: Path
    liberty: Path
    preset: Preset
    tiles: tuple[TileChoice, ...]
    pixels: int
    policy: str
    wire: float
    points: tuple[OperatingPoint, ...]
    seed: int
    keep_saif: bool
    save_constants: bool
    out: Path
    command: str


def find_library() -> Path:
    """Return the default library of this machine; raise `OptionError` if it has none."""
    folders = os.environ.get("XDG_DATA_DIRS") or os.pathsep.join(("/usr/local/share", "/usr/share"))
    for folder in folders.split(os.pathsep):
        if (Path(folder) / LIBRARY).is_file():
            return Path(folder) / LIBRARY
    raise OptionError(
        f"there is no cell library: install the package {LIBRARY_PACKAGE} (Debian, Ubuntu), or name the "
        "Liberty file of another library with --liberty FILE"
    )


def parse_power(arguments: Sequence[str]) -> PowerOptions:
    """Parse the study's arguments.

    Raises
    ------
    OptionError, regressions.operands.PolicyError, golden.presets.PresetError
        If a value is out of place. Unknown options and ``--help`` end the program, as argparse does.
    """
    values = _parser().parse_args(arguments)
    find_policy(values.policy)
    preset = find_preset(values.preset)
    if preset.cores != 1:
        raise OptionError(f"--preset {preset.name}: it has {preset.cores} cores, choose one of a single core")
    if values.save_constants and preset.name != PRESET:
        raise OptionError(
            f"--save-constants with --preset {preset.name}: {CALIBRATED} holds constants of {PRESET}; "
            "leave one of the two out"
        )
    if values.pixels < 1:
        raise OptionError(f"--pixels {values.pixels}: give 1 or more")
    if not 0 <= values.wire <= 10:
        raise OptionError(f"--wire {values.wire:g}: give 0 to 10 times the pins' capacitance")
    calibration = [parse_tile(text, Role.CALIBRATION) for text in dict.fromkeys(values.calibrate)]
    validation = [parse_tile(text, Role.VALIDATION) for text in dict.fromkeys(values.validate)]
    both = {one.name for one in calibration} & {one.name for one in validation}
    if both:
        raise OptionError(f"{', '.join(sorted(both))}: a tile cannot both calibrate and validate")
    measurements = len(calibration) * len(Variant)
    if measurements < ENERGIES:
        raise OptionError(
            f"--calibrate {calibration[0].name}: {measurements} measurements ({len(Variant)} variants a "
            f"tile) cannot tell {ENERGIES} energies apart; name more tiles"
        )
    try:
        points = tuple(parse_point(text) for text in values.point) or PUBLISHED
    except OperatingError as error:
        raise OptionError(f"--point: {error}") from error
    return PowerOptions(
        trace=FULL_TRACE if values.full else values.trace,
        liberty=values.liberty or find_library(),
        preset=preset,
        tiles=(*calibration, *validation),
        pixels=values.pixels,
        policy=values.policy,
        wire=values.wire,
        points=points,
        seed=values.seed,
        keep_saif=values.keep_saif,
        save_constants=values.save_constants,
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
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--trace", type=Path, default=SAMPLE_PATH, metavar="FILE", help="trace (default: the sample)"
    )
    which.add_argument("--full", action="store_true", help="the full trace that './run capture' wrote")
    add = parser.add_argument
    add(
        "--liberty",
        type=Path,
        metavar="FILE",
        help=f"cell library (default: {LIBRARY.name} of the package {LIBRARY_PACKAGE})",
    )
    add("--preset", default=PRESET, help="core that is mapped: core or tiny (default: %(default)s)")
    tile = "LAYER-STEP"
    add("--calibrate", nargs="+", default=CALIBRATION, metavar=tile, help="tiles that constants are found on")
    add(
        "--validate",
        nargs="+",
        default=VALIDATION,
        metavar=tile,
        help="tiles that the event model is tested on",
    )
    add(
        "--pixels",
        type=int,
        default=PIXELS,
        metavar="N",
        help="width and height of a tile's window of the output (default: %(default)s)",
    )
    add(
        "--policy",
        default=DEFAULT_POLICY,
        help="FGMP threshold: share=SHARE or fixed=E (default: %(default)s)",
    )
    add(
        "--wire",
        type=float,
        default=WIRE,
        metavar="SHARE",
        help="capacitance of a net's wire over that of its pins (default: %(default)s)",
    )
    add(
        "--point",
        nargs="+",
        default=[],
        metavar="V,MHZ",
        help="operating points (default: the published ones, 0.7,50 and 1.1,200)",
    )
    add(
        "--seed",
        type=int,
        default=DEFAULT_MASTER_SEED,
        metavar="N",
        help="master seed (default: %(default)s)",
    )
    add("--keep-saif", action="store_true", help="keep each tile's SAIF beside the report")
    add(
        "--save-constants",
        action="store_true",
        help=f"take the constants over into {CALIBRATED}, if the study passes; of preset {PRESET} only",
    )
    add("--out", type=Path, default=REPORTS, metavar="FOLDER", help="reports (default: reports/out)")
    return parser
