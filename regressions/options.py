"""The command line of a regression."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from golden.geometry import Step
from golden.presets import PRESETS, find_preset
from golden.seeds import DEFAULT_MASTER_SEED
from regressions.capture.cli import OUT as TRACES
from regressions.chip.options import add_chip_options, chip_settings, chip_words, refuse_chip_options
from regressions.operands import ReplaySettings, find_policy
from regressions.option_error import OptionError
from regressions.traces import SAMPLE_PATH
from regressions.triage.settings import TriageSettings, add_triage_options, triage_settings, triage_words
from tb.toolchain import BUILD_ROOT, REPO_ROOT, RTL_ROOT

COMMAND = "./run regress"
FULL_TRACE = REPO_ROOT / TRACES / "full.safetensors"
"""What ./run capture leaves."""
REPORTS = REPO_ROOT / "reports" / "out"
RUNS = BUILD_ROOT / "regressions"
HISTORY = "history.sqlite"
"""The history of runs, in the folder of all reports."""

LEVELS = ("core", "chip")
DEFAULT_PRESET = "core"
DEFAULT_POLICY = "share=0.2"

DESCRIPTION = """\
Replay captured training layers through the RTL of one sparse core or of the whole chip, compare every bit
with the golden model, and write the report to reports/out/latest. Exit status: 0 if every planned replay
passed and every gate holds, 1 if not, 2 if nothing could be run or reported, 3 if all is well but the run
could not be appended to the history.
"""
EXAMPLES = f"""\
examples:
  {COMMAND}                                            all layers and steps of the sample
  {COMMAND} --layers 'layer3.*' --steps FP WG          some of them
  {COMMAND} --layers fc --steps BP --waves             one replay, with waves beside its log
  {COMMAND} --full --jobs 16                           the whole trace that './run capture' wrote
  {COMMAND} --preset lnpu --memory-bytes 16            the chip of twelve cores on a narrow memory
  {COMMAND} --preset lnpu --slow-core 3:8              the same with one core slowed eight times
"""


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes
    ----------
    trace : Path
    layers : tuple of str
        Names or wildcards; none: all layers.
    steps : tuple of Step
    settings : ReplaySettings
    jobs : int
        Replays at a time, at most.
    waves, coverage : bool
    rtl : Path
        Folder of the design.
    dump : Path or None
        Where operands and results go as ``.npz``.
    out, runs : Path
        Folder of all reports, and of the logs, operands and waves of each run.
    command : str
        The command line, as a user can type it.
    suite : str
        What the run is called in its report.
    keep : Path or None
        Where finished replays are kept, to go on from there; None: every run starts afresh.
    fresh : bool
        Whether what is kept is thrown away first.
    history : Path or None
        The history that the run is appended to; None: it is not.
    triage : TriageSettings or None
        Bounds of the triage of failures; None: there is none.
    """

    trace: Path
    layers: tuple[str, ...]
    steps: tuple[Step, ...]
    settings: ReplaySettings
    jobs: int
    waves: bool
    coverage: bool
    rtl: Path
    dump: Path | None
    out: Path
    runs: Path
    command: str
    suite: str = "replay"
    keep: Path | None = None
    fresh: bool = False
    history: Path | None = None
    triage: TriageSettings | None = None

    @property
    def level(self) -> str:
        """What is replayed on: ``core`` or ``chip``."""
        return "core" if self.settings.chip is None else "chip"


def parse(arguments: Sequence[str]) -> Options:
    """Parse a regression's arguments.

    Raises
    ------
    OptionError, golden.presets.PresetError, regressions.operands.PolicyError
        If a value is out of place. Unknown options and ``--help`` end the program, as argparse does.
    """
    values = _make_parser().parse_args(arguments)
    steps = tuple(dict.fromkeys(parse_step(text) for text in values.steps)) or tuple(Step)
    preset = find_preset(values.preset)
    level = values.level or ("core" if preset.cores == 1 else "chip")
    if level == "core" and preset.cores != 1:
        raise OptionError(f"--level core: preset {preset.name} has {preset.cores} cores; choose --level chip")
    chip = chip_settings(values, preset) if level == "chip" else None
    if chip is None:
        refuse_chip_options(values)
    if values.jobs < 1:
        raise OptionError(f"--jobs {values.jobs}: give 1 or more")
    if not 0 <= values.stalls < 1000:
        raise OptionError(f"--stalls {values.stalls}: give 0 to 999 (thousandths of the cycles)")
    find_policy(values.policy)
    if not any(values.rtl.rglob("*.sv")):
        raise OptionError(f"--rtl {values.rtl}: no SystemVerilog file below it; name the folder of a design")
    if values.full and not FULL_TRACE.is_file():
        raise OptionError(
            f"--full: {FULL_TRACE} does not exist; './run capture' makes it, or name a trace with --trace"
        )
    return Options(
        trace=(FULL_TRACE if values.full else values.trace).resolve(),
        layers=tuple(values.layers),
        steps=steps,
        settings=ReplaySettings(
            preset.name, values.balancer == "on", values.seed, values.stalls, values.policy, chip
        ),
        jobs=values.jobs,
        waves=values.waves,
        coverage=not values.no_coverage,
        rtl=values.rtl.resolve(),
        dump=values.dump.resolve() if values.dump else None,
        out=values.out.resolve(),
        runs=values.runs.resolve(),
        command=shlex.join([*COMMAND.split(), *arguments]),
        history=history_file(values),
        triage=triage_settings(values),
    )


def history_file(values: argparse.Namespace) -> Path | None:
    """Return the history that the options choose; None if they want none."""
    if values.no_history:
        return None
    file: Path = values.out / HISTORY if values.history is None else values.history
    return file.resolve()


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_argument_group("what to replay")
    add = what.add_argument
    add("--layers", nargs="+", default=[], metavar="LAYER", help="names or wildcards (default: all layers)")
    add("--steps", nargs="+", default=[], metavar="STEP", help=f"of {', '.join(Step)} (default: all)")
    which = what.add_mutually_exclusive_group()
    which.add_argument(
        "--trace",
        type=Path,
        default=SAMPLE_PATH,
        metavar="FILE",
        help="trace (default: the project's sample)",
    )
    which.add_argument("--full", action="store_true", help="the full trace that './run capture' wrote")
    add(
        "--policy",
        default=DEFAULT_POLICY,
        help="FGMP threshold: share=SHARE or fixed=E (default: %(default)s)",
    )
    add(
        "--seed",
        type=int,
        default=DEFAULT_MASTER_SEED,
        metavar="N",
        help="master seed (default: %(default)s)",
    )
    add = parser.add_argument_group("on which hardware").add_argument
    add("--preset", default=DEFAULT_PRESET, help=f"{' or '.join(PRESETS)} (default: %(default)s)")
    add(
        "--level",
        choices=LEVELS,
        help="one core fed by the testbench, or the chip on its memory (default: core, lnpu: chip)",
    )
    add("--balancer", choices=("on", "off"), default="on", help="input load balancer (default: %(default)s)")
    add("--stalls", type=int, default=0, metavar="N", help="stall streams in N of 1000 cycles (default: 0)")
    add("--rtl", type=Path, default=RTL_ROOT, metavar="FOLDER", help="design to build (default: rtl/)")
    add_chip_options(parser)
    add = parser.add_argument_group("how").add_argument
    jobs = os.cpu_count() or 1
    add("--jobs", type=int, default=jobs, metavar="N", help=f"replays at a time (default: all {jobs} cores)")
    add("--waves", action="store_true", help="write waves (VCD) beside each replay's log; slow and large")
    add("--no-coverage", action="store_true", help="collect no coverage: quicker, but its gate fails the run")
    add("--dump", type=Path, metavar="FOLDER", help="write operands and result of each replay as .npz")
    add("--out", type=Path, default=REPORTS, metavar="FOLDER", help="reports (default: reports/out)")
    add("--runs", type=Path, default=RUNS, metavar="FOLDER", help="logs, waves (default: build/regressions)")
    add_triage_options(parser)
    add_history_options(parser)
    return parser


def add_history_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the history of runs."""
    add = parser.add_argument_group("history of runs").add_mutually_exclusive_group().add_argument
    add(
        "--history",
        type=Path,
        metavar="FILE",
        help=f"database that this run is appended to (default: {HISTORY} beside the reports)",
    )
    add("--no-history", action="store_true", help="append this run to none")


def parse_step(text: str) -> Step:
    """Return the training step of that name, in any case; raise `OptionError` if there is none."""
    try:
        return Step(text.upper())
    except ValueError:
        raise OptionError(f"--steps {text}: no such training step, choose from {', '.join(Step)}") from None


def rerun_command(options: Options, layer: str, step: Step) -> str:
    """Return the command that runs one replay alone, as it ran here."""
    settings = options.settings
    words = [*COMMAND.split(), "--layers", layer, "--steps", step.value, "--seed", str(settings.seed)]
    if options.trace == FULL_TRACE:
        words += ["--full"]
    elif options.trace != SAMPLE_PATH:
        words += ["--trace", str(options.trace)]
    for flag, value, default in (
        ("--preset", settings.preset, DEFAULT_PRESET),
        ("--level", options.level, "core" if find_preset(settings.preset).cores == 1 else "chip"),
        *chip_words(settings.chip),
        ("--balancer", "on" if settings.balancer else "off", "on"),
        ("--policy", settings.policy, DEFAULT_POLICY),
        ("--stalls", settings.stall_permille, 0),
        ("--rtl", options.rtl, RTL_ROOT),
        ("--out", options.out, REPORTS),
        ("--runs", options.runs, RUNS),
    ):
        if value != default:
            words += [flag, str(value)]
    if not options.coverage and options.keep is None:
        words += ["--no-coverage"]
    words += triage_words(options.triage)
    if options.history is None:
        words += ["--no-history"]
    elif options.history != options.out / HISTORY:
        words += ["--history", str(options.history)]
    return shlex.join(words)
