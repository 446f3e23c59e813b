"""scikit-learn's hand-written digits: 1797 grey images of 8x8 pixels, installed with the package."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from regressions.capture.datasets.images import DataSet, make_dataset, split_every_fifth
from regressions.capture.errors import CaptureError


def colour(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn grey [N, H, W] images into [N, 3, H, W]: intensity, and its slopes down and to the right.

    Three equal channels would give the stem three times the same work; slopes differ, and carry what a
    stem learns to see anyway.
    """
    down, right = np.gradient(grey, axis=(1, 2))
    return np.stack([grey, down, right], axis=1).astype(np.float32)


def load_digits(image_size: int) -> DataSet:
    """Load the digits at `image_size`; every fifth image of each class is a test image.

    Raises
    ------
    CaptureError
        If scikit-learn is not installed.
    """
    try:
        from sklearn import datasets
    except ImportError as error:
        raise CaptureError(
            "--dataset digits",
            f"scikit-learn is not installed ({error})",
            "run `nox -s capture`, which installs it, or `python -m pip install scikit-learn`",
        ) from error
    bunch = datasets.load_digits()
    planes = colour(np.asarray(bunch.images, dtype=np.float32))
    labels = np.asarray(bunch.target, dtype=np.int64)
    train, test = split_every_fifth(labels)
    classes = [str(name) for name in bunch.target_names]
    return make_dataset(
        "digits", classes, image_size, (planes[train], labels[train]), (planes[test], labels[test])
    )
