"""The memory image: lines, guards, growth, bad addresses."""

from __future__ import annotations

import numpy as np
import pytest

from golden.chip.encoding import LINE_BYTES, Extent, Window
from golden.chip.memory_image import GUARD_BYTE, MemoryImage, MemoryImageError
from golden.tests.chip_reference import read_words


def test_allocations_are_lines_with_guards_between() -> None:
    image = MemoryImage()
    first = image.store(b"\x01" * 65, "first")
    second = image.allocate(64, "second")
    assert first == Extent(1, 65)
    assert second == Extent(4, 64)
    assert image.allocate(0, "nothing") == Extent()
    assert len(image.data) == 6 * LINE_BYTES
    assert image.data[: 1 * LINE_BYTES].tolist() == [GUARD_BYTE] * 64
    assert image.data[64:192].tolist() == [1] * 65 + [0] * 63
    assert (image.data[192:] == GUARD_BYTE).all()
    assert image.regions[0].window == Window(1, 3)
    assert image.region_at(2) == "first (its line 1)"
    assert "guard" in image.region_at(3)


def test_the_image_grows_and_keeps_its_contents(rng: np.random.Generator) -> None:
    image = MemoryImage()
    contents = [rng.integers(0, 256, int(rng.integers(1, 90000)), np.uint8) for _ in range(12)]
    extents = [image.store(content, f"{i}") for i, content in enumerate(contents)]
    for content, extent in zip(contents, extents, strict=True):
        assert np.array_equal(image.read(extent), content)
    words = rng.integers(0, 1 << 32, 16, np.uint32)
    line = image.allocate(64, "words").line
    image.write_words(line, words)
    assert np.array_equal(read_words(image, line, 16), words)
    assert image.data[line * 64 : line * 64 + 4].tolist() == list(int(words[0]).to_bytes(4, "little"))


def test_what_lies_outside_is_refused() -> None:
    image = MemoryImage(limit=1 << 12)
    with pytest.raises(MemoryImageError, match="big: the memory image would take"):
        image.allocate(1 << 13, "big")
    with pytest.raises(MemoryImageError, match="lines 100 to 100 lie outside the image of 1 lines"):
        image.read(Extent(100, 4))
