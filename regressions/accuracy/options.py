"""The command line of the accuracy study."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from regressions.accuracy.formats import DEFAULTS, Format, parse_formats
from regressions.capture.arguments import positive, seed
from regressions.option_error import OptionError
from regressions.options import REPORTS
from regressions.training.cli import add_network_options, add_recipe_options, add_update_options
from regressions.training.options import Options as Training

COMMAND = "./run accuracy"
RUNS = Path("build/accuracy")
"""Where finished and interrupted runs are kept; git ignores it."""
SEEDS = (1, 2, 3, 4, 5)
WORKERS = 2
WIDTH, EPOCHS, THREADS = 16, 6, 1
"""A narrow network, trained in half a minute: the whole study takes minutes, not hours."""
CHECKPOINT_EVERY = 50

DESCRIPTION = """\
Train the same network in several formats with several seeds, and compare what they reach: test accuracy and
loss with their spread over the seeds, the difference to FP32 with its interval and p-values (paired by seed,
which decides weights and images' order), and the share of FP16 over the training. A run is kept as it ends,
so a study that was interrupted goes on where it was, and another format or seed costs its own runs alone.
Runs of other settings or images, or of another version of the code that decides their bits, are never taken.
The report is reports/out/accuracy. It passes if the mean test accuracy of the chip's own format (FGMP at its
default target) is not below the least of FP32's runs of the same seeds. Exit status: 0, 1 if it is below,
diverged, or is not there though asked for, 2 if nothing could be trained or reported, 130 if interrupted.
"""
EXAMPLES = f"""\
examples:
  {COMMAND}                                      all formats, five seeds, ResNet-18 of width 16, digits
  {COMMAND} --formats fp16 fgmp:share=0.3 fgmp:previous=0.2 fgmp:fixed=1 --seeds 1 2 3
  {COMMAND} --dataset cifar10 FOLDER --formats fgmp --seeds 1 2 3 --train-images 5000 --epochs 3 --batch 64
  {COMMAND} --no-training --traces build/traces/after-*/full.safetensors   traces of one training, compared
"""


@dataclass(frozen=True)
class AccuracyOptions:
    """What the user asked for.

    Attributes
    ----------
    formats : tuple of Format
        The reference first.
    seeds : tuple of int
    training : regressions.training.options.Options
        What all runs have in common; format, seed and folder are not yet theirs.
    traces : tuple of Path
        Traces of one training to compare.
    policy : str
        Threshold policy that the traces are encoded with.
    train : bool
        Train what is missing; else report what there is.
    fresh : bool
        Forget the runs of these formats and seeds.
    workers : int
        Runs at a time; they change no result.
    runs, out : Path
        Folder of all runs, folder of all reports.
    command : str
        The command line, as a user can type it.
    """

    formats: tuple[Format, ...]
    seeds: tuple[int, ...]
    training: Training
    traces: tuple[Path, ...]
    policy: str
    train: bool
    fresh: bool
    workers: int
    runs: Path
    out: Path
    command: str


def parse_accuracy(arguments: Sequence[str]) -> AccuracyOptions:
    """Parse the study's arguments.

    Raises
    ------
    OptionError
        If a value is out of place. Unknown options and ``--help`` end the program, as argparse does.
    """
    values = _parser().parse_args(arguments)
    if values.fresh and values.no_training:
        raise OptionError("--fresh: --no-training keeps what there is; leave out one of them")
    doubled = sorted({one for one in values.seeds if values.seeds.count(one) > 1})
    if doubled:
        raise OptionError(f"--seeds {doubled[0]}: stands there twice; each seed is one run of each format")
    return AccuracyOptions(
        formats=tuple(parse_formats(values.formats)),
        seeds=tuple(values.seeds),
        training=_training(values),
        traces=tuple(values.traces),
        policy=values.policy,
        train=not values.no_training,
        fresh=values.fresh,
        workers=values.workers,
        runs=values.runs,
        out=values.out,
        command=shlex.join([*COMMAND.split(), *arguments]),
    )


def unit_options(training: Training, chosen: Format, run_seed: int, folder: Path) -> Training:
    """Return the options of one run."""
    return replace(training, mode=chosen.mode, policy=chosen.policy, seed=run_seed, out=folder)


def words(options: Training) -> list[str]:
    """Return the arguments of ``python -m regressions.training`` that give these options."""
    values = {
        "out": options.out,
        "checkpoint-every": options.checkpoint_every,
        "image-size": options.image_size,
        "train-images": options.train_images,
        "model": options.model,
        "width": options.width,
        "mode": options.mode,
        "policy": options.policy,
        "masters": options.masters,
        "gradients": options.gradients,
        "loss-scale": options.loss_scale,
        "epochs": options.epochs,
        "iterations": options.iterations,
        "batch": options.batch,
        "optimizer": options.optimizer,
        "learning-rate": options.learning_rate,
        "weight-decay": options.weight_decay,
        "seed": options.seed,
        "threads": options.threads,
    }
    given = [(f"--{name}", str(value)) for name, value in values.items() if value is not None]
    return [*(word for pair in given for word in pair), "--dataset", *options.dataset]


def _training(values: argparse.Namespace) -> Training:
    return Training(
        out=values.runs,
        fresh=False,
        stop_after=None,
        checkpoint_every=CHECKPOINT_EVERY,
        beside=None,
        speed=False,
        dataset=values.dataset,
        image_size=values.image_size,
        model=values.model,
        width=values.width,
        mode="fp32",
        policy=None,
        exact=False,
        epochs=values.epochs,
        iterations=values.iterations,
        batch=values.batch,
        train_images=values.train_images,
        optimizer=values.optimizer,
        learning_rate=values.learning_rate,
        weight_decay=values.weight_decay,
        masters=values.masters,
        gradients=values.gradients,
        loss_scale=values.loss_scale,
        seed=0,
        threads=values.threads,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument_group("the study").add_argument
    add(
        "--formats",
        nargs="+",
        default=list(DEFAULTS),
        metavar="FORMAT",
        help="fp16, fp8-e4m3, fp8-e5m2, fp8-hybrid, or fgmp:POLICY with share=TARGET (histogram of the "
        "tensor), previous=TARGET (that of the iteration before) or fixed=E; fp32 is always trained "
        f"(default: {', '.join(DEFAULTS)})",
    )
    add(
        "--seeds",
        nargs="+",
        type=seed,
        default=list(SEEDS),
        metavar="N",
        help=f"a run of each format for each (default: {' '.join(map(str, SEEDS))})",
    )
    add(
        "--traces",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="compare traces of one training too (./run capture --at)",
    )
    add("--policy", default="share=0.2", help="FGMP threshold of the traces (default: %(default)s)")
    add("--no-training", action="store_true", help="train nothing: report the runs that there are")
    add("--fresh", action="store_true", help="forget earlier runs of these formats, seeds and settings")
    add(
        "--workers",
        type=positive,
        default=min(WORKERS, os.cpu_count() or 1),
        metavar="N",
        help="runs at a time; no result depends on it (default: %(default)s)",
    )
    add("--runs", type=Path, default=RUNS, metavar="FOLDER", help=f"where runs are kept (default: {RUNS})")
    add("--out", type=Path, default=REPORTS, metavar="FOLDER", help="reports (default: reports/out)")
    add_network_options(parser)
    add_update_options(parser)
    add_recipe_options(parser)
    parser.set_defaults(width=WIDTH, epochs=EPOCHS, threads=THREADS)
    return parser
