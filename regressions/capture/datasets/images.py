"""Labelled images in memory, resized and normalised batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regressions.capture.errors import CaptureError

Planes = NDArray[np.uint8] | NDArray[np.float32]

TEST_STRIDE = 5
"""Where a data set names no test images, every fifth one is a test image."""


@dataclass(frozen=True, eq=False)
class Split:
    """The training or the test images of a data set.

    Attributes
    ----------
    planes : uint8 or float32 [N, C, H, W]
        Stored images, at their own size.
    labels : int64[N]
        Class of each image.
    mean, deviation : float32[C]
        Of each channel of the *training* images, in units of `planes`.
    image_size : int
        Edge of the images that `batch` returns.
    """

    planes: Planes
    labels: NDArray[np.int64]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    image_size: int

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the chosen images, normalised and resized (float32 [n, C, S, S]), and their labels."""
        planes = self.planes[indices].astype(np.float32)
        planes = (planes - self.mean[:, None, None]) / self.deviation[:, None, None]
        return resize(planes, self.image_size), self.labels[indices]

    def limited(self, count: int, seed: int) -> Split:
        """Return `count` of the images, chosen at random, or all if there are no more."""
        chosen = np.random.default_rng(seed).permutation(len(self))[:count]
        return Split(self.planes[chosen], self.labels[chosen], self.mean, self.deviation, self.image_size)


@dataclass(frozen=True)
class DataSet:
    """A named data set; `notes` are remarks for the user about what was found."""

    name: str
    classes: tuple[str, ...]
    image_size: int
    train: Split
    test: Split
    notes: tuple[str, ...] = ()


def make_dataset(
    name: str,
    classes: Sequence[str],
    image_size: int,
    train: tuple[Planes, NDArray[np.int64]],
    test: tuple[Planes, NDArray[np.int64]],
    notes: Sequence[str] = (),
) -> DataSet:
    """Join (planes, labels) pairs to a data set, normalised by the statistics of the training images."""
    for title, (_, labels) in (("training", train), ("test", test)):
        if not len(labels):
            raise CaptureError(f"data set {name}", f"has no {title} images", "add images to its files")
    mean, deviation = channel_statistics(train[0])
    return DataSet(
        name,
        tuple(classes),
        image_size,
        Split(*train, mean, deviation, image_size),
        Split(*test, mean, deviation, image_size),
        tuple(notes),
    )


def channel_statistics(planes: Planes) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation (float32[C]) of each channel of [N, C, H, W] planes.

    A channel without variation gets the deviation 1, so that it normalises to zero.
    """
    count = planes.shape[0] * planes.shape[2] * planes.shape[3]
    total = np.zeros(planes.shape[1])
    squares = np.zeros(planes.shape[1])
    for image in planes:
        wide = image.astype(np.float64)
        total += wide.sum(axis=(1, 2))
        squares += np.square(wide).sum(axis=(1, 2))
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - np.square(mean), 0))
    return mean.astype(np.float32), np.where(deviation > 0, deviation, 1).astype(np.float32)


def split_every_fifth(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of training and of test images: every fifth image of each class is a test image."""
    rank = np.zeros(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        rank[members] = np.arange(len(members))
    is_test = rank % TEST_STRIDE == TEST_STRIDE - 1
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def resize_matrix(size: int, new_size: int) -> NDArray[np.float32]:
    """Return the [new_size, size] matrix of bilinear interpolation with aligned pixel edges.

    When it shrinks, the triangle is widened to the scale, so that every source pixel counts.
    """
    scale = size / new_size
    reach = max(scale, 1.0)
    centres = np.clip((np.arange(new_size) + 0.5) * scale - 0.5, 0, size - 1)
    weights = np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(size)) / reach)
    matrix: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return matrix


def resize(planes: NDArray[np.float32], new_size: int) -> NDArray[np.float32]:
    """Resize float32 [N, C, H, W] planes to [N, C, new_size, new_size] by bilinear interpolation."""
    height, width = planes.shape[2:]
    if (height, width) == (new_size, new_size):
        return np.ascontiguousarray(planes)
    rows = resize_matrix(height, new_size)
    columns = resize_matrix(width, new_size)
    return np.ascontiguousarray(rows @ (planes @ columns.T))
