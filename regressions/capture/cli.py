"""Command line of the capture program; needs no PyTorch until the options are read."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from regressions.capture.arguments import fraction, moment, network, positive, positive_real, seed
from regressions.capture.datasets import DEFAULT_IMAGE_SIZE
from regressions.capture.errors import CaptureError
from regressions.capture.options import BUILT_IN_MODEL, MIN_ACCURACY, NETWORKS, Options
from regressions.traces import TraceError

OUT = Path("build/traces")
"""Where the files go by default; git ignores it."""

_DESCRIPTION = """
Train a network in PyTorch, then record one training iteration of it at every convolution and fully
connected layer: X, W and the gradient at the output, as FP16. Writes OUT/full.safetensors, the whole
trace, and OUT/sample.safetensors, cut down to a few images and 16 columns and packed. With --at it records
iterations early and late in the training, each into OUT/after-N.
"""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the program's options."""
    parser = argparse.ArgumentParser(prog="python -m regressions.capture", description=_DESCRIPTION)
    sizes = ", ".join(f"{name} {size}" for name, size in DEFAULT_IMAGE_SIZE.items())
    floors = ", ".join(f"{name} {floor}" for name, floor in MIN_ACCURACY.items())
    add = parser.add_argument
    add("--out", type=Path, default=OUT, metavar="FOLDER", help=f"where to write both files (default: {OUT})")
    add(
        "--dataset",
        nargs="+",
        default=["digits"],
        metavar=("NAME", "FOLDER"),
        help="digits (scikit-learn's, the default), or cifar10 FOLDER (binary version), or images FOLDER "
        "(<class>/<image>, or train/ and test/ with such folders)",
    )
    add(
        "--image-size",
        type=positive,
        metavar="N",
        help=f"edge that images are resized to (default: {sizes})",
    )
    add(
        "--model",
        type=network,
        default=BUILT_IN_MODEL,
        metavar="MODEL",
        help=f"{BUILT_IN_MODEL} (the default), {', '.join(NETWORKS)}, or package.module:callable, called "
        "with num_classes=",
    )
    add("--skip-unsupported", action="store_true", help="leave out layers that the hardware does not take")
    add("--epochs", type=positive, default=3, metavar="N", help="epochs of training (default: 3)")
    add("--batch", type=positive, default=16, metavar="N", help="images of an iteration (default: 16)")
    add(
        "--at",
        nargs="+",
        type=moment,
        metavar="N",
        help="record after N updates of the weights, or after N%% of them, into OUT/after-N; the training "
        "ends with the last (default: once, at the end, into OUT)",
    )
    add(
        "--record-batch",
        type=positive,
        metavar="N",
        help="images of the iteration that is recorded (default: those of --batch)",
    )
    add(
        "--train-images",
        type=positive,
        metavar="N",
        help="train on N images, chosen at random (default: all)",
    )
    add(
        "--learning-rate",
        type=positive_real,
        default=0.05,
        metavar="R",
        help="highest rate of SGD (default: 0.05)",
    )
    add(
        "--loss-scale",
        type=positive_real,
        default=1024.0,
        metavar="R",
        help="factor on the loss (default: 1024)",
    )
    add(
        "--min-accuracy",
        type=fraction,
        metavar="A",
        help=f"fail below this test accuracy (default: {floors})",
    )
    add("--seed", type=seed, default=1, metavar="N", help="seed of weights and image order (default: 1)")
    add(
        "--threads",
        type=positive,
        default=2,
        metavar="N",
        help="CPU threads; they decide the bits (default: 2)",
    )
    add(
        "--list-layers",
        action="store_true",
        help="show the layers that would be captured; train and write nothing",
    )
    return parser


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Return the options on the command line; exit with status 2 and a message if they are wrong."""
    return Options(**vars(make_parser().parse_args(arguments)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit status (0, or 1 after a message on standard error)."""
    options = parse_options(arguments)
    try:
        if importlib.util.find_spec("torch") is None:
            raise CaptureError(
                "capture",
                "PyTorch is not installed in this Python",
                "run `nox -s capture`, which installs it, or `python -m pip install torch`",
            )
        from regressions.capture.program import capture

        capture(options)
    except (CaptureError, TraceError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        kept = ", what was recorded before stays" if options.at else ", nothing was written"
        print(f"\nerror: interrupted{kept}", file=sys.stderr)
        return 130
    return 0
