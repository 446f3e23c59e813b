"""Command line of the training program; needs no PyTorch until the options are read."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from golden.native import NativeError
from regressions.capture.arguments import network, positive, positive_real, real, seed
from regressions.capture.datasets import DEFAULT_IMAGE_SIZE
from regressions.capture.errors import CaptureError
from regressions.capture.options import BUILT_IN_MODEL, NETWORKS
from regressions.training.errors import TrainingError
from regressions.training.options import DYNAMIC, MASTERS, MODES, OPTIMIZERS, Options

OUT = Path("build/training")
"""Where checkpoint and record go by default; git ignores it."""
FULL_WIDTH = 64

_DESCRIPTION = """
Train a network with the products of every convolution and fully connected layer computed as the chip
computes them: X, W and the errors rounded to FP16 and encoded, products summed in FP32, results rounded to
FP16. Writes OUT/run.json, the record, and OUT/checkpoint.pt; the same command goes on from there.
"""


def _loss_scale(text: str) -> float | str:
    return text if text == DYNAMIC else positive_real(text)


def _not_negative(text: str) -> float:
    if not 0 <= (value := real(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is negative or not finite")
    return value


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the program's options."""
    parser = argparse.ArgumentParser(prog="python -m regressions.training", description=_DESCRIPTION)
    _add_run_options(parser)
    add_network_options(parser)
    _add_precision_options(parser)
    add_update_options(parser)
    add_recipe_options(parser)
    return parser


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("the run").add_argument
    add("--out", type=Path, default=OUT, metavar="FOLDER", help=f"the run's folder (default: {OUT})")
    add("--fresh", action="store_true", help="begin anew: delete the run in --out")
    add("--stop-after", type=positive, metavar="N", help="stop after N iterations; a later call goes on")
    add(
        "--checkpoint-every",
        type=positive,
        default=50,
        metavar="N",
        help="iterations from one checkpoint to the next (default: 50)",
    )
    add(
        "--beside",
        type=Path,
        metavar="FOLDER",
        help="set the loss beside that of the run in FOLDER: OUT/beside.csv, and a chart, OUT/beside.svg",
    )
    add(
        "--speed",
        action="store_true",
        help="train nothing: time a step in FP32, FP16, FGMP and by the golden model; write OUT/speed.json",
    )
    add(
        "--seed",
        type=seed,
        default=1,
        metavar="N",
        help="master seed of weights and image order (default: 1)",
    )


def add_network_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose network and images."""
    sizes = ", ".join(f"{name} {size}" for name, size in DEFAULT_IMAGE_SIZE.items())
    add = parser.add_argument_group("network and images").add_argument
    add(
        "--dataset",
        nargs="+",
        default=["digits"],
        metavar=("NAME", "FOLDER"),
        help="digits (scikit-learn's, the default), or cifar10 FOLDER (either version), or images FOLDER",
    )
    add("--image-size", type=positive, metavar="N", help=f"edge of the images (default: {sizes})")
    add(
        "--train-images",
        type=positive,
        metavar="N",
        help="train on N images, chosen at random (default: all)",
    )
    add(
        "--model",
        type=network,
        default=BUILT_IN_MODEL,
        metavar="MODEL",
        help=f"{BUILT_IN_MODEL} (the default), {', '.join(NETWORKS)}, or package.module:callable, called "
        "with num_classes=",
    )
    add(
        "--width",
        type=positive,
        default=FULL_WIDTH,
        metavar="N",
        help=f"channels of {BUILT_IN_MODEL}'s first stage; {FULL_WIDTH} is the full width "
        "(default: %(default)s)",
    )


def _add_precision_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("precision").add_argument
    add(
        "--mode",
        choices=MODES,
        default="fgmp",
        help="operands of the products: fp32 (PyTorch alone), fp16, FP8 alone (hybrid: E4M3 for X and W, "
        "E5M2 for errors), or fgmp (the default)",
    )
    add(
        "--policy",
        metavar="POLICY",
        help="threshold: share=TARGET, previous=TARGET (by the iteration before) or fixed=E "
        "(default: share=0.2; FP8 alone, which saturates: share=0)",
    )
    add(
        "--exact",
        action="store_true",
        help="products by the golden model: bit for bit what the chip computes",
    )


def add_update_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the formats of gradients and masters, and the loss scale."""
    add = parser.add_argument_group("update").add_argument
    add(
        "--masters",
        choices=MASTERS,
        default="fp32",
        help="format in which the optimizer keeps the products' weights, in mode fp32 too (default: fp32)",
    )
    add(
        "--gradients",
        choices=MASTERS,
        default="fp16",
        help="format in which weight gradients leave the chip (default: fp16)",
    )
    add(
        "--loss-scale",
        type=_loss_scale,
        default=1024.0,
        metavar="R",
        help=f"factor on the loss, or '{DYNAMIC}' (default: 1024)",
    )


def add_recipe_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose length, optimizer and threads."""
    rates = ", ".join(f"{name} {rate}" for name, rate in OPTIMIZERS.items())
    add = parser.add_argument_group("recipe").add_argument
    add("--epochs", type=positive, default=3, metavar="N", help="epochs of training (default: %(default)s)")
    add("--iterations", type=positive, metavar="N", help="iterations of training, instead of --epochs")
    add("--batch", type=positive, default=16, metavar="N", help="images of an iteration (default: 16)")
    add(
        "--optimizer",
        choices=tuple(OPTIMIZERS),
        default="sgd",
        help="sgd with momentum (the default) or adam",
    )
    add("--learning-rate", type=positive_real, metavar="R", help=f"highest rate (default: {rates})")
    add("--weight-decay", type=_not_negative, default=5e-4, metavar="R", help="default: 0.0005")
    add(
        "--threads",
        type=positive,
        default=2,
        metavar="N",
        help="CPU threads; they decide the bits (default: %(default)s)",
    )


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Return the options on the command line; exit with status 2 and a message if they are wrong."""
    return Options(**vars(make_parser().parse_args(arguments)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit status (0, or 1 after a message on standard error)."""
    options = parse_options(arguments)
    try:
        if importlib.util.find_spec("torch") is None:
            raise TrainingError(
                "training",
                "PyTorch is not installed in this Python",
                "run `nox -s train`, which installs it, or `python -m pip install torch`",
            )
        from regressions.training.program import train
        from regressions.training.speed import report

        (report if options.speed else train)(options)
    except (CaptureError, NativeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
