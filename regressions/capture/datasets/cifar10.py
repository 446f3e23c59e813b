"""CIFAR-10 from its own files, of the binary or of the Python version.

The binary version has records of one label byte and three planes of 32x32 bytes (R, G, B).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from regressions.capture.datasets.cifar10_python import PIXELS, read_batch
from regressions.capture.datasets.images import DataSet, make_dataset
from regressions.capture.errors import CaptureError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
EDGE = 32
RECORD = 1 + PIXELS
RECORDS_OF_A_FILE = 10_000
TRAIN_FILES = 5
FOLDER = "cifar-10-batches-bin"
PYTHON_FOLDER = "cifar-10-batches-py"

_REMEDY = (
    f"name the folder '{FOLDER}' from the archive 'CIFAR-10 binary version (suitable for C programs)', "
    f"'{PYTHON_FOLDER}' from 'CIFAR-10 python version', or the folder that holds one of them"
)

Images = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Planes uint8 [N, 3, 32, 32], labels int64[N]."""


@dataclass(frozen=True)
class Files:
    """Where a copy of CIFAR-10 lies, and what reads its files."""

    folder: Path
    train: list[Path]
    test: Path
    read: Callable[[Path], Images]


def read_records(path: Path) -> Images:
    """Read a file of the binary version.

    Raises
    ------
    CaptureError
        If the file cannot be read, is not a whole number of records, or holds a label above 9.
    """
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise CaptureError(str(path), f"cannot be read ({error.strerror})", _REMEDY) from error
    if data.size == 0 or data.size % RECORD:
        raise CaptureError(
            str(path),
            f"size is {data.size} bytes, not a whole number of {RECORD}-byte records "
            f"({RECORDS_OF_A_FILE * RECORD} in the original): the file is truncated or of another kind",
            "unpack the archive again",
        )
    records = data.reshape(-1, RECORD)
    return _checked(path, records[:, 1:], records[:, 0].astype(np.int64))


def read_pickle(path: Path) -> Images:
    """Read a file of the Python version.

    Raises
    ------
    CaptureError
        If the file cannot be read, is no such pickle, or a field is missing, of another kind or shape.
    """
    return _checked(path, *read_batch(path))


def _checked(path: Path, pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> Images:
    if (wrong := np.flatnonzero((labels < 0) | (labels >= len(CLASSES)))).size:
        raise CaptureError(
            str(path),
            f"label of record {wrong[0]} is {labels[wrong[0]]}, must lie in 0..{len(CLASSES) - 1}: "
            "the file is damaged or of another kind",
            "unpack the archive again",
        )
    return pixels.reshape(-1, 3, EDGE, EDGE), labels


def find_cifar10(folder: Path) -> Files:
    """Find the files in `folder`, or in an archive's own folder below it; the binary version goes first.

    Raises
    ------
    CaptureError
        If files are missing.
    """
    if not folder.is_dir():
        raise CaptureError(str(folder), "is not a folder", _REMEDY)
    folder = next((folder / name for name in (FOLDER, PYTHON_FOLDER) if (folder / name).is_dir()), folder)
    binary = sorted(folder.glob("data_batch_*.bin"))
    pickled = sorted(folder.glob("data_batch_[0-9]"))
    suffix = "" if pickled and not binary else ".bin"
    train, test = binary or pickled, folder / f"test_batch{suffix}"
    missing = [] if train else [f"data_batch_1{suffix} to data_batch_{TRAIN_FILES}{suffix}"]
    missing += [] if test.is_file() else [test.name]
    if missing:
        raise CaptureError(str(folder), f"has no {' and no '.join(missing)}", _REMEDY)
    return Files(folder, train, test, read_records if suffix else read_pickle)


def load_cifar10(folder: Path, image_size: int) -> DataSet:
    """Load the files of either version in `folder`, or in the archive's own folder below it.

    Raises
    ------
    CaptureError
        If files are missing or damaged.
    """
    files = find_cifar10(folder)
    parts = [files.read(path) for path in files.train]
    test = files.read(files.test)
    notes = []
    if len(files.train) != TRAIN_FILES:
        notes.append(f"{files.folder} holds {len(files.train)} of CIFAR-10's {TRAIN_FILES} training files")
    for path, (_, labels) in zip([*files.train, files.test], [*parts, test], strict=True):
        if len(labels) != RECORDS_OF_A_FILE:
            notes.append(f"{path} holds {len(labels)} of CIFAR-10's {RECORDS_OF_A_FILE} records")
    planes = np.concatenate([part[0] for part in parts])
    labels = np.concatenate([part[1] for part in parts])
    return make_dataset("cifar10", CLASSES, image_size, (planes, labels), test, notes)
