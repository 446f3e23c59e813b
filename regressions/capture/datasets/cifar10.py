"""CIFAR-10's binary version: records of one label byte and three planes of 32x32 bytes (R, G, B)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from regressions.capture.datasets.images import DataSet, make_dataset
from regressions.capture.errors import CaptureError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
EDGE = 32
RECORD = 1 + 3 * EDGE * EDGE
RECORDS_OF_A_FILE = 10_000
TRAIN_FILES = 5
FOLDER = "cifar-10-batches-bin"

_REMEDY = f"name the folder '{FOLDER}' from the archive 'CIFAR-10 binary version (suitable for C programs)'"


def read_records(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read one file; return planes uint8 [N, 3, 32, 32] and labels int64[N].

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
    labels = records[:, 0].astype(np.int64)
    if (wrong := np.flatnonzero(labels >= len(CLASSES))).size:
        raise CaptureError(
            str(path),
            f"label of record {wrong[0]} is {labels[wrong[0]]}, must lie in 0..{len(CLASSES) - 1}: "
            "the file is damaged or of another kind",
            "unpack the archive again",
        )
    return records[:, 1:].reshape(-1, 3, EDGE, EDGE), labels


def load_cifar10(folder: Path, image_size: int) -> DataSet:
    """Load the binary files in `folder`, or in the archive's own folder below it.

    Raises
    ------
    CaptureError
        If files are missing or damaged.
    """
    if not folder.is_dir():
        raise CaptureError(str(folder), "is not a folder", _REMEDY)
    if (folder / FOLDER).is_dir():
        folder = folder / FOLDER
    train_files = sorted(folder.glob("data_batch_*.bin"))
    test_file = folder / "test_batch.bin"
    missing = [] if train_files else ["data_batch_1.bin to data_batch_5.bin"]
    missing += [] if test_file.is_file() else [test_file.name]
    if missing:
        python_version = (folder / "data_batch_1").is_file()
        problem = f"has no {' and no '.join(missing)}"
        raise CaptureError(
            str(folder),
            problem + (" (it holds the Python version of CIFAR-10)" if python_version else ""),
            _REMEDY,
        )
    parts = [read_records(path) for path in train_files]
    test = read_records(test_file)
    notes = []
    if len(train_files) != TRAIN_FILES:
        notes.append(f"{folder} holds {len(train_files)} of CIFAR-10's {TRAIN_FILES} training files")
    for path, (_, labels) in zip([*train_files, test_file], [*parts, test], strict=True):
        if len(labels) != RECORDS_OF_A_FILE:
            notes.append(f"{path} holds {len(labels)} of CIFAR-10's {RECORDS_OF_A_FILE} records")
    planes = np.concatenate([part[0] for part in parts])
    labels = np.concatenate([part[1] for part in parts])
    return make_dataset("cifar10", CLASSES, image_size, (planes, labels), test, notes)
