"""Labelled images for training: scikit-learn's digits, CIFAR-10's files, or a folder of images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regressions.capture.datasets.cifar10 import find_cifar10, load_cifar10
from regressions.capture.datasets.digest import digest_files
from regressions.capture.datasets.digits import load_digits
from regressions.capture.datasets.image_folder import image_files, load_image_folder
from regressions.capture.datasets.images import DataSet, Split
from regressions.capture.errors import CaptureError

__all__ = ["DATASETS", "DEFAULT_IMAGE_SIZE", "DataSet", "Split", "data_digest", "load_dataset"]

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
    name, folder = _parse(spec)
    size = DEFAULT_IMAGE_SIZE[name] if image_size is None else image_size
    if folder is None:
        return load_digits(size)
    return (load_cifar10 if name == "cifar10" else load_image_folder)(folder, size)


def data_digest(spec: Sequence[str]) -> str:
    """Return the hash of what decides images and labels: their files, and the package that reads these.

    Raises
    ------
    CaptureError
        If the words have another form, or files are missing or cannot be read.
    """
    name, folder = _parse(spec)
    if folder is None:
        return digest_files(Path(), [], "scikit-learn")
    if name == "cifar10":
        found = find_cifar10(folder)
        return digest_files(found.folder, [*found.train, found.test])
    return digest_files(folder, image_files(folder), "pillow")


def _parse(spec: Sequence[str]) -> tuple[str, Path | None]:
    name, *paths = spec
    subject = f"--dataset {' '.join(spec)}"
    if name not in DATASETS:
        raise CaptureError(subject, "is not a known data set", f"choose one of {', '.join(DATASETS)}")
    if name == "digits":
        if paths:
            raise CaptureError(subject, "digits takes no folder", "use --dataset digits")
        return name, None
    if len(paths) != 1:
        raise CaptureError(
            subject, f"{name} takes one folder, got {len(paths)}", f"use --dataset {name} FOLDER"
        )
    return name, Path(paths[0])
