"""FGMP storage: lossless round trips, sizes, and what is rejected."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt
import pytest

from golden import storage
from golden.fgmp import FgmpTensor, encode
from golden.formats import Fp8Format
from golden.storage import BLOCK_ELEMENTS, StorageError, pack, stored_bytes, unpack

SHAPES = [
    (1,),
    (7,),
    (2, 3, 5, 3),
    (BLOCK_ELEMENTS,),
    (BLOCK_ELEMENTS + 1,),
    (3, 16, 9, 8),
    (4 * BLOCK_ELEMENTS,),
]


def tensor_of(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    *,
    density: float = 0.5,
    fp16_share: float = 0.2,
    fmt: Fp8Format = Fp8Format.E4M3,
    e_thr: int = 1,
) -> FgmpTensor:
    """Return a random encoded tensor with given shares of non-zeros and, of these, of FP16 elements."""
    small = rng.integers(0x2000, 0x3C00, shape, dtype=np.uint16)  # 2^-7 .. 1: FP8 at e_thr 1
    large = rng.integers(0x4000, 0x8000, shape, dtype=np.uint16)  # 2 and more, infinity, NaN
    bits = np.where(rng.random(shape) < fp16_share, large, small)
    bits |= rng.integers(0, 2, shape, dtype=np.uint16) << np.uint16(15)
    return encode(np.where(rng.random(shape) < density, bits, np.uint16(0)), fmt, e_thr)


def assert_same(found: FgmpTensor, expected: FgmpTensor) -> None:
    """Compare every field of two tensors."""
    assert (found.shape, found.fmt, found.e_thr) == (expected.shape, expected.fmt, expected.e_thr)
    for name in ("codes", "fp16", "is_fp16", "nonzero", "decoded"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


@pytest.mark.parametrize("fp16_share", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("density", [0.0, 0.05, 0.5, 1.0])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_round_trip(
    rng: np.random.Generator, shape: tuple[int, ...], density: float, fp16_share: float
) -> None:
    for fmt in Fp8Format:
        tensor = tensor_of(rng, shape, density=density, fp16_share=fp16_share, fmt=fmt)
        data = pack(tensor)
        assert stored_bytes(tensor) == len(data)
        assert_same(unpack(data, shape, fmt, tensor.e_thr), tensor)


@pytest.mark.parametrize("fmt", tuple(Fp8Format))
@pytest.mark.parametrize("e_thr", [-24, -15, -3, 0, 9, 16])
def test_round_trip_of_every_half(fmt: Fp8Format, e_thr: int) -> None:
    tensor = encode(np.arange(1 << 16, dtype=np.uint16).reshape(16, 16, 16, 16), fmt, e_thr)
    data = pack(tensor)
    assert stored_bytes(tensor) == len(data)
    assert_same(unpack(data, tensor.shape, fmt, e_thr), tensor)


@pytest.mark.parametrize("shape", [(0,), (0, 3, 2, 2), (4, 0)], ids=str)
def test_empty_tensor(shape: tuple[int, ...]) -> None:
    tensor = encode(np.zeros(shape, dtype=np.uint16), Fp8Format.E4M3, 0)
    assert pack(tensor) == b""
    assert stored_bytes(tensor) == 0
    assert_same(unpack(b"", shape, Fp8Format.E4M3, 0), tensor)


def test_layout_by_hand() -> None:
    """Two blocks written out: the layout of the module's text, byte for byte."""
    bits = np.zeros(BLOCK_ELEMENTS + 3, dtype=np.uint16)
    bits[1], bits[8], bits[255] = 0x3C00, 0x7C01, 0xBC00  # 1, a NaN with payload, -1
    bits[BLOCK_ELEMENTS + 2] = 0x4200  # 3: FP16 at e_thr 1
    mask = bytearray(32)
    mask[0], mask[1], mask[31] = 0b10, 0b1, 0b1000_0000
    # 1 at bias 15 has the field 15, no fraction.
    first = bytes(mask) + bytes([0b010]) + bytes([15 << 3, 0x80 | 15 << 3]) + bytes([0x01, 0x7C])
    second = bytes([0b100, 0b1, 0x00, 0x42])
    assert pack(encode(bits, Fp8Format.E4M3, 1)) == struct.pack("<2I", 0, len(first)) + first + second


def test_size_by_the_contract(rng: np.random.Generator) -> None:
    """Counted bit by bit: mask, group bits, FP8 bytes, FP16 halfwords, and a pointer for each block."""
    tensor = tensor_of(rng, (2, 8, 16, 16), density=0.6)
    nonzeros, fp16 = tensor.nonzero_count, tensor.fp16_count
    blocks = tensor.elements // BLOCK_ELEMENTS
    bits = tensor.elements + nonzeros + 8 * (nonzeros - fp16) + 16 * fp16 + 32 * blocks
    filling = 8 * stored_bytes(tensor) - bits
    assert 0 <= filling <= 7 * blocks  # group bits are filled up to bytes


def test_largest_block_has_the_documented_size() -> None:
    full = encode(np.full(BLOCK_ELEMENTS, 0x7C00, dtype=np.uint16), Fp8Format.E4M3, 0)
    assert stored_bytes(full) - storage.POINTER_BYTES == 576


def damaged(data: bytes, at: int, value: int) -> bytes:
    """Return the data with one byte replaced by another value."""
    assert data[at] != value
    return data[:at] + bytes([value]) + data[at + 1 :]


SMALL: npt.NDArray[np.uint16] = np.array([0, 0x3C00, 0x4200], dtype=np.uint16)  # 0, 1 (FP8), 3 (FP16)
SMALL_DATA = bytes([0, 0, 0, 0, 0b110, 0b10, 15 << 3, 0x00, 0x42])


def test_small_example_is_valid() -> None:
    tensor = encode(SMALL, Fp8Format.E4M3, 1)
    assert pack(tensor) == SMALL_DATA
    assert_same(unpack(SMALL_DATA, (3,), Fp8Format.E4M3, 1), tensor)


@pytest.mark.parametrize("kept", range(len(SMALL_DATA)))
def test_truncated_data_are_rejected(kept: int) -> None:
    with pytest.raises(StorageError, match=r"truncated, or not of shape \(3,\)"):
        unpack(SMALL_DATA[:kept], (3,), Fp8Format.E4M3, 1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (SMALL_DATA + b"\0", "10 bytes, but a tensor of shape .* ends after 9"),
        (damaged(SMALL_DATA, 0, 1), "block 0: its pointer says byte 1, the block is at 0"),
        (damaged(SMALL_DATA, 4, 0b1110), "block 0, non-zero mask: the bits that fill"),
        (damaged(SMALL_DATA, 5, 0b110), "block 0, group bits: the bits that fill"),
        (damaged(SMALL_DATA, 6, 0x00), "block 0: a value under a set mask bit is zero"),
        (SMALL_DATA[:7] + bytes(2), "block 0: a value under a set mask bit is zero"),
        (damaged(SMALL_DATA, 6, 0x80), "element 1: FP8 code 0x80 cannot come from E4M3 with e_thr 1"),
        (damaged(SMALL_DATA, 6, 0x7F), "element 1: FP8 code 0x7F cannot come from E4M3 with e_thr 1"),
        (damaged(SMALL_DATA, 8, 0x3C), "element 2: FP16 0x3C00 cannot come from E4M3 with e_thr 1"),
        (damaged(SMALL_DATA, 4, 0b111), r"block 0, FP16 halfwords: needs bytes 8\.\.9, the data end"),
    ],
    ids=[
        "trailing byte",
        "pointer",
        "mask filling",
        "group filling",
        "FP8 zero",
        "FP16 zero",
        "FP8 minus zero",
        "FP8 NaN",
        "FP16 in FP8 range",
        "extra mask bit",
    ],
)
def test_damaged_data_are_rejected(data: bytes, message: str) -> None:
    with pytest.raises(StorageError, match=message):
        unpack(data, (3,), Fp8Format.E4M3, 1)


def test_codes_finer_than_fp16_are_rejected() -> None:
    """With e_thr -20 a small code lies below FP16's subnormals; no FP16 tensor encodes to it."""
    data = bytes([0, 0, 0, 0, 0b1, 0b0, 0x01])
    with pytest.raises(StorageError, match="FP8 code 0x01 cannot come from E4M3 with e_thr -20"):
        unpack(data, (1,), Fp8Format.E4M3, -20)


def test_wrong_number_of_elements_is_rejected(rng: np.random.Generator) -> None:
    data = pack(tensor_of(rng, (600,)))
    for shape in ((1,), (300,), (900,), (2, 600)):
        with pytest.raises(StorageError):
            unpack(data, shape, Fp8Format.E4M3, 1)
    with pytest.raises(StorageError, match="must not be negative"):
        unpack(data, (-1,), Fp8Format.E4M3, 1)


def test_every_damaged_byte_is_noticed_or_decodes_to_another_tensor(rng: np.random.Generator) -> None:
    """No damage makes the decoder fail in any other way, or return the same tensor."""
    tensor = tensor_of(rng, (300,))
    data = pack(tensor)
    noticed = 0
    for at in range(len(data)):
        try:
            found = unpack(
                damaged(data, at, data[at] ^ (1 << int(rng.integers(8)))), (300,), tensor.fmt, tensor.e_thr
            )
        except StorageError:
            noticed += 1
        else:
            assert not np.array_equal(found.decoded, tensor.decoded)
    assert noticed > 0


def test_pointer_overflow_is_refused(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "POINTER_LIMIT", 500)
    pack(tensor_of(rng, (BLOCK_ELEMENTS,), density=1.0))
    with pytest.raises(
        StorageError, match=r"shape \(1280,\): block 4 would start at byte \d+, beyond a 32-bit"
    ):
        pack(tensor_of(rng, (5 * BLOCK_ELEMENTS,), density=1.0))
