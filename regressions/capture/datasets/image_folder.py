"""A folder of images: one subfolder a class, with or without ``train`` and ``test`` above them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from regressions.capture.datasets.images import DataSet, make_dataset, split_every_fifth
from regressions.capture.errors import CaptureError

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
TEST_FOLDERS = ("test", "val", "validation")

_LAYOUT = (
    "lay it out as FOLDER/<class>/<image>, or FOLDER/train/<class>/<image> and FOLDER/test/<class>/<image>"
)


def image_files(folder: Path) -> list[Path]:
    """Return all images below `folder`.

    Raises
    ------
    CaptureError
        If it is not a folder.
    """
    if not folder.is_dir():
        raise CaptureError(str(folder), "is not a folder", _LAYOUT)
    return [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]


def _classes(folder: Path) -> list[str]:
    return sorted(
        entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")
    )


def read_image(path: Path, image_size: int) -> NDArray[np.uint8]:
    """Read an image as RGB, scale its shorter edge to `image_size`, cut out the middle: uint8 [3, S, S].

    Raises
    ------
    CaptureError
        If the file is no image, or a damaged one.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            square = ImageOps.fit(image.convert("RGB"), (image_size, image_size), Image.Resampling.BILINEAR)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise CaptureError(
            str(path),
            f"cannot be read as an image ({error})",
            "repair the file, or take it out of the folder",
        ) from error
    return np.moveaxis(np.asarray(square, dtype=np.uint8), 2, 0)


def _read_classes(folder: Path, classes: list[str], size: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    planes = []
    labels = []
    for label, name in enumerate(classes):
        paths = sorted(path for path in (folder / name).iterdir() if path.suffix.lower() in SUFFIXES)
        if not paths:
            raise CaptureError(
                str(folder / name),
                f"holds no image ({', '.join(SUFFIXES)})",
                "add images, or remove the class",
            )
        planes += [read_image(path, size) for path in paths]
        labels += [label] * len(paths)
    return np.stack(planes), np.asarray(labels, dtype=np.int64)


def load_image_folder(folder: Path, image_size: int) -> DataSet:
    """Load all images below `folder`, decoded once, so that a damaged one shows before training.

    Without a ``test`` (or ``val``) folder every fifth image of each class, by name, is a test image.

    Raises
    ------
    CaptureError
        If Pillow is not installed, or the folder has another layout or holds a damaged image.
    """
    try:
        import PIL  # noqa: F401
    except ImportError as error:
        raise CaptureError(
            "--dataset images",
            f"Pillow is not installed ({error})",
            "run `nox -s capture`, which installs it, or `python -m pip install pillow`",
        ) from error
    if not folder.is_dir():
        raise CaptureError(str(folder), "is not a folder", _LAYOUT)
    train_folder = folder / "train" if (folder / "train").is_dir() else folder
    classes = _classes(train_folder)
    if len(classes) < 2:
        raise CaptureError(str(train_folder), f"has {len(classes)} class folders, needs at least 2", _LAYOUT)
    planes, labels = _read_classes(train_folder, classes, image_size)
    if train_folder == folder:
        train, test = split_every_fifth(labels)
        return make_dataset(
            folder.name, classes, image_size, (planes[train], labels[train]), (planes[test], labels[test])
        )
    test_folder = next((folder / name for name in TEST_FOLDERS if (folder / name).is_dir()), None)
    if test_folder is None:
        raise CaptureError(str(folder), f"has 'train' but none of {', '.join(TEST_FOLDERS)}", _LAYOUT)
    if _classes(test_folder) != classes:
        raise CaptureError(str(test_folder), f"has other class folders than {train_folder}", _LAYOUT)
    return make_dataset(
        folder.name, classes, image_size, (planes, labels), _read_classes(test_folder, classes, image_size)
    )
