"""Labelled images for training: scikit-learn's digits, CIFAR-10's binary files, or a folder of images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regressions.capture.datasets.cifar10 import load_cifar10
from regressions.capture.datasets.digits import load_digits
from regressions.capture.datasets.image_folder import load_image_folder
from regressions.capture.datasets.images import DataSet, Split
from regressions.capture.errors import CaptureError

__all__ = ["DATASETS", "DEFAULT_IMAGE_SIZE", "DataSet", "Split", "load_dataset"]

DATASETS = ("digits", "cifar10", "images")
DEFAULT_IMAGE_SIZE = {"digits": 32, "cifar10": 32, "images": 224}


def load_dataset(spec: Sequence[str], image_size: int | None = None) -> DataSet:
    """Load the data set that the words after ``--dataset`` name.

    Parameters
    ----------
    spec
        ``digits``, or ``cifar10 FOLDER``, or ``images FOLDER``.
    image_size
        Edge that every image is resized to; None for the data set's usual one.

    Raises
    ------
    CaptureError
        If the words have another form, or the files are missing, damaged or of another kind.
    """
    name, *paths = spec
    subject = f"--dataset {' '.join(spec)}"
    if name not in DATASETS:
        raise CaptureError(subject, "is not a known data set", f"choose one of {', '.join(DATASETS)}")
    size = DEFAULT_IMAGE_SIZE[name] if image_size is None else image_size
    if name == "digits":
        if paths:
            raise CaptureError(subject, "digits takes no folder", "use --dataset digits")
        return load_digits(size)
    if len(paths) != 1:
        raise CaptureError(
            subject, f"{name} takes one folder, got {len(paths)}", f"use --dataset {name} FOLDER"
        )
    return (load_cifar10 if name == "cifar10" else load_image_folder)(Path(paths[0]), size)
