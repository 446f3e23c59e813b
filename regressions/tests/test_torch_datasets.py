"""Data sets that need scikit-learn or Pillow, which only the capture sessions install."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regressions.capture.datasets import load_dataset
from regressions.capture.errors import CaptureError
from regressions.tests.image_files import write_image_folder


def test_digits() -> None:
    dataset = load_dataset(["digits"])
    assert len(dataset.train) + len(dataset.test) == 1797
    assert dataset.classes == tuple("0123456789")
    images, labels = dataset.train.batch(np.arange(100))
    assert images.shape == (100, 3, 32, 32)
    assert set(labels.tolist()) == set(range(10))
    for channel, other in ((0, 1), (0, 2), (1, 2)):  # three channels, three different pictures
        assert abs(np.corrcoef(images[:, channel].ravel(), images[:, other].ravel())[0, 1]) < 0.5
    train_images = {image.tobytes() for image in dataset.train.planes}
    assert sum(image.tobytes() in train_images for image in dataset.test.planes) == 0


@pytest.fixture
def folder(tmp_path: Path, rng: np.random.Generator) -> Path:
    return write_image_folder(tmp_path / "images", rng)


def test_image_folder(folder: Path) -> None:
    dataset = load_dataset(["images", str(folder)], image_size=8)
    assert dataset.name == "images"
    assert dataset.classes == ("blue", "red")
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    assert dataset.train.planes.shape == (10, 3, 8, 8)
    assert dataset.train.labels.tolist() == [0] * 5 + [1] * 5
    means = dataset.train.planes.mean(axis=(2, 3))
    assert means[:5, 2].min() > 100 > means[5:, 2].max()
    assert means[5:, 0].min() > 100 > means[:5, 0].max()


def test_image_folder_default_size(folder: Path) -> None:
    assert load_dataset(["images", str(folder)]).train.batch(np.arange(2))[0].shape == (2, 3, 224, 224)


def test_image_folder_with_its_own_test_images(folder: Path) -> None:
    parts = folder.parent / "parts"
    parts.mkdir()
    folder.rename(parts / "train")
    for name in ("blue", "red"):
        (parts / "val" / name).mkdir(parents=True)
        (parts / "train" / name / "0.png").rename(parts / "val" / name / "0.png")
    dataset = load_dataset(["images", str(parts)], image_size=8)
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    assert dataset.test.labels.tolist() == [0, 1]


def refuse(path: Path, *words: str) -> None:
    with pytest.raises(CaptureError) as caught:
        load_dataset(["images", str(path)], image_size=8)
    for word in (*words, "Remedy: "):
        assert word in str(caught.value), str(caught.value)


def test_truncated_image(folder: Path) -> None:
    path = folder / "red" / "3.png"
    path.write_bytes(path.read_bytes()[:-40])
    refuse(folder, str(path), "cannot be read as an image")


def test_file_that_is_no_image(folder: Path) -> None:
    (folder / "red" / "9.jpg").write_text("not a picture")
    refuse(folder, str(folder / "red" / "9.jpg"), "cannot be read as an image")


def test_folder_that_has_no_classes(folder: Path) -> None:
    refuse(folder / "red", f"{folder / 'red'}: has 0 class folders", "FOLDER/<class>/<image>")
    refuse(folder / "none", "is not a folder")


def test_class_without_images(folder: Path) -> None:
    (folder / "green").mkdir()
    refuse(folder, str(folder / "green"), "holds no image")


def test_test_folder_of_other_classes(folder: Path) -> None:
    parts = folder.parent / "parts"
    parts.mkdir()
    folder.rename(parts / "train")
    refuse(parts, "has 'train' but none of test, val")
    (parts / "test" / "red").mkdir(parents=True)
    refuse(parts, str(parts / "test"), "has other class folders")
