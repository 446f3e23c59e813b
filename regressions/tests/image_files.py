"""A small folder of images for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def write_image_folder(folder: Path, rng: np.random.Generator) -> Path:
    """Write two classes of six PNG images each, of several sizes and modes: reds and blues."""
    for name, channel in (("blue", 2), ("red", 0)):
        (folder / name).mkdir(parents=True)
        for index in range(6):
            pixels = np.zeros((10 + index, 14, 3), dtype=np.uint8)
            pixels[..., channel] = rng.integers(150, 256, pixels.shape[:2])
            image = Image.fromarray(pixels)
            (image.convert("P") if index == 5 else image).save(folder / name / f"{index}.png")
    return folder
