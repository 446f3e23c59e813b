"""Codecs: every one gives back what it was given, takes the bytes of its layout, and refuses damage."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from golden import fgmp, storage
from golden.codecs import (
    CODECS,
    RUN_BITS,
    Codec,
    CodecError,
    Dense,
    Mask,
    Quantisation,
    RunLength,
    ValueKind,
    blocks,
    find_codec,
    quantise,
)
from golden.formats import FormatError, Fp8Format
from golden.storage import BLOCK_ELEMENTS
from golden.tests.codec_reference import encoded

Bits = npt.NDArray[np.uint16]

HOW = Quantisation(Fp8Format.E4M3, 1)
BLOCKS = (BLOCK_ELEMENTS, 0, 7)
NAMES = tuple(CODECS)


def random_tensor(rng: np.random.Generator, elements: int, density: float) -> Bits:
    """Return FP16 bits over all binades, of both signs, with infinities, NaNs, subnormals and -0."""
    bits = rng.integers(0, 1 << 16, elements, dtype=np.uint16)
    common = rng.integers(0x2000, 0x4400, elements, dtype=np.uint16)
    bits = np.where(rng.random(elements) < 0.2, bits, common)
    return np.where(rng.random(elements) < density, bits, np.uint16(0))


def adversarial(index: int) -> dict[str, Bits]:
    """Return tensors at the edges of what codecs distinguish, of run-length coding with that index."""
    one = np.uint16(0x3C00)
    tensors = {
        "nothing": np.zeros(0, np.uint16),
        "one zero": np.zeros(1, np.uint16),
        "one number": np.full(1, one),
        "all zero": np.zeros(3 * BLOCK_ELEMENTS + 5, np.uint16),
        "no zero": np.full(2 * BLOCK_ELEMENTS + 1, one),
        "minus zeros": np.full(300, 0x8000, np.uint16),
        "halves": np.arange(0, 1 << 16, 151, dtype=np.uint16),
        "specials": np.array([0x7C00, 0xFC00, 0x7E00, 0x7C01, 0xFFFF, 0x8000, 0x0001, 0x03FF], np.uint16),
        "all wide": np.full(BLOCK_ELEMENTS, 0x7BFF, np.uint16),
    }
    span = 2**index
    for run in (
        span - 2,
        span - 1,
        span,
        span + 1,
        2 * span - 1,
        2 * span,
    ):  # before a number, and at the end
        zeros = np.zeros(run, np.uint16)
        tensors[f"run of {run}"] = np.append(zeros, one)
        tensors[f"end of {run}"] = np.append(one, zeros)
    return tensors


def assert_lossless(codec: Codec, bits: Bits, how: Quantisation = HOW) -> bytes:
    """Encode, compare with the reference's bytes, decode; return the bytes."""
    data = codec.encode(bits, how)
    elements = quantise(codec.kind, bits, how)
    listed = list(zip(elements.value.tolist(), elements.wide.tolist(), strict=True))
    assert data == encoded(listed, codec.scheme.name, codec.kind.value, codec.block)
    found = codec.decode(data, bits.shape, how)
    np.testing.assert_array_equal(found, codec.represent(bits, how))
    if codec.kind is ValueKind.FP16:
        np.testing.assert_array_equal(found, bits)
    return data


def test_all_codecs_that_are_asked_for() -> None:
    expected = {
        f"{zeros}{values}"
        for zeros in ("", "mask-", *(f"rlc{bits}-" for bits in (2, 3, 4, 5, 6, 8)))
        for values in ("fp16", "fp8", "fgmp")
    }
    assert set(NAMES) == expected


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("name", NAMES)
def test_round_trip(rng: np.random.Generator, name: str, block: int) -> None:
    codec = find_codec(name, block)
    for elements in (1, 7, 256, 257, 600):
        for density in (0.0, 0.02, 0.5, 1.0):
            assert_lossless(codec, random_tensor(rng, elements, density))


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("name", NAMES)
def test_adversarial_tensors(name: str, block: int) -> None:
    codec = find_codec(name, block)
    index = codec.scheme.bits if isinstance(codec.scheme, RunLength) else 3
    for tensor in adversarial(index).values():
        assert_lossless(codec, tensor)


@pytest.mark.parametrize("fmt", tuple(Fp8Format))
@pytest.mark.parametrize("e_thr", [-24, -15, 0, 9, 16])
@pytest.mark.parametrize("name", ["fp8", "mask-fp8", "rlc4-fp8", "fgmp", "mask-fgmp", "rlc4-fgmp"])
def test_every_half_with_any_threshold(name: str, fmt: Fp8Format, e_thr: int) -> None:
    codec, how = find_codec(name), Quantisation(fmt, e_thr)
    bits = np.arange(1 << 16, dtype=np.uint16).reshape(16, 16, 256)
    found = codec.decode(codec.encode(bits, how), bits.shape, how)
    np.testing.assert_array_equal(found, codec.represent(bits, how))
    np.testing.assert_array_equal(codec.represent(found, how), found, err_msg="nothing is lost twice")


def test_fp8_is_fgmp_where_fgmp_has_fp8_and_saturates_elsewhere() -> None:
    bits = np.arange(1 << 16, dtype=np.uint16)
    for fmt in Fp8Format:
        for e_thr in (-20, 0, 16):
            how = Quantisation(fmt, e_thr)
            tensor = fgmp.encode(bits, fmt, e_thr)
            found = CODECS["fp8"].represent(bits, how)
            np.testing.assert_array_equal(found[~tensor.is_fp16], tensor.decoded[~tensor.is_fp16])
            values = found[tensor.is_fp16].view(np.float16).astype(np.float64)
            is_nan = np.isnan(bits.view(np.float16)[tensor.is_fp16])
            assert np.isnan(values[is_nan]).all()
            largest = {Fp8Format.E4M3: 1.75, Fp8Format.E5M2: 1.75}[fmt] * 2.0 ** (e_thr - 1)
            np.testing.assert_array_equal(np.abs(values[~is_nan]), largest)
            negative = (bits[tensor.is_fp16][~is_nan] & 0x8000) != 0
            np.testing.assert_array_equal(values[~is_nan] < 0, negative)


def test_the_mask_of_fgmp_is_the_projects_storage(rng: np.random.Generator) -> None:
    for elements, density in ((1, 1.0), (256, 0.5), (1000, 0.3), (5000, 0.9)):
        bits = random_tensor(rng, elements, density)
        tensor = fgmp.encode(bits, HOW.fmt, HOW.e_thr)
        assert CODECS["mask-fgmp"].encode(bits, HOW) == storage.pack(tensor)


@pytest.mark.parametrize("density", [0.0, 0.1, 0.5, 1.0])
def test_sizes_by_closed_forms(rng: np.random.Generator, density: float) -> None:
    """One stream of numbers that FP8 holds: bits counted by formulas that share nothing with the codecs."""
    elements, count = 8000, round(8000 * density)
    bits = np.zeros(elements, np.uint16)
    bits[np.sort(rng.choice(elements, count, replace=False))] = 0x3C00
    gaps = np.diff(np.concatenate([[-1], np.flatnonzero(bits), [elements]])) - 1
    for values, width, group in (("fp16", 16, 0), ("fp8", 8, 0), ("fgmp", 8, 1)):
        dense, mask = find_codec(values, 0), find_codec(f"mask-{values}", 0)
        assert len(dense.encode(bits, HOW)) == elements * (width + group) / 8
        stored = count * width // 8 + math.ceil(count * group / 8)
        assert len(mask.encode(bits, HOW)) == elements / 8 + stored
        for index in RUN_BITS:
            padded = int((gaps[:-1] // 2**index).sum()) + math.ceil(gaps[-1] / 2**index)
            pairs = count + padded
            size = math.ceil(index * pairs / 8) + pairs * width // 8 + math.ceil(group * pairs / 8)
            assert len(find_codec(f"rlc{index}-{values}", 0).encode(bits, HOW)) == size


def test_layout_by_hand() -> None:
    """Two zeros, 1, five zeros, 3 (FP16 at this threshold), two zeros; an index of 2 bits."""
    bits = np.array([0, 0, 0x3C00, 0, 0, 0, 0, 0, 0x4200, 0, 0], np.uint16)
    one = 15 << 3
    runs = bytes([2 | 3 << 2 | 1 << 4 | 1 << 6])  # 1; a padded zero after 3; 3 after 1; the last zero after 1
    assert CODECS["rlc2-fgmp"].encode(bits, HOW) == bytes(4) + runs + bytes([0b0100, one, 0, 0, 0x00, 0x42])
    assert CODECS["rlc2-fp16"].encode(bits, HOW) == bytes(4) + runs + bytes([0, 0x3C, 0, 0, 0, 0x42, 0, 0])
    assert CODECS["mask-fp16"].encode(bits, HOW) == bytes([0, 0, 0, 0, 4, 1, 0, 0x3C, 0, 0x42])


def damaged(data: bytes, at: int, value: int) -> bytes:
    """Return the data with one byte replaced by another value."""
    assert data[at] != value
    return data[:at] + bytes([value]) + data[at + 1 :]


SMALL = np.array([0, 0, 0x3C00, 0, 0x4200], np.uint16)
"""Two zeros, 1 (FP8), a zero, 3 (FP16)."""
RLC = CODECS["rlc2-fgmp"].encode(SMALL, HOW)
"""Pointer, runs 2 and 1, group bits, 1, 3."""
MASK = CODECS["mask-fgmp"].encode(SMALL, HOW)


def test_small_examples_are_what_the_damage_below_takes_them_for() -> None:
    assert bytes([0, 0, 0, 0, 0b0110, 0b10, 0x78, 0x00, 0x42]) == RLC
    assert bytes([0, 0, 0, 0, 0b10100, 0b10, 0x78, 0x00, 0x42]) == MASK


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("rlc2-fgmp", RLC + b"\0", "block 0: 1 bytes follow its last element"),
        ("rlc2-fgmp", damaged(RLC, 0, 1), "block 0: its pointer says byte 1"),
        ("rlc2-fgmp", damaged(RLC, 4, 0b1110), "block 0: its runs reach 7 elements of 5"),
        ("rlc2-fgmp", damaged(RLC, 4, 0b10110), "block 0: bits that fill the last byte of its runs"),
        ("rlc2-fgmp", damaged(RLC, 5, 0b110), "block 0: bits that fill the last byte of its group bits"),
        ("rlc2-fgmp", damaged(RLC, 6, 0), "block 0: a stored zero after a run below 3"),
        ("rlc2-fgmp", RLC[:4], "block 0: its runs end before its elements"),
        ("rlc2-fgmp", RLC[:3], "pointer table: needs 4 bytes, there are 3"),
        ("rlc2-fgmp", RLC[:-1], "block 0: FP16 halfwords needs 2 bytes, the block has 1 left"),
        ("rlc2-fgmp", damaged(RLC, 6, 0x80), "element 2: FP8 code 0x80 cannot come from E4M3 with e_thr 1"),
        ("rlc2-fgmp", damaged(RLC, 8, 0x3C), "element 4: FP16 0x3C00 cannot come from E4M3 with e_thr 1"),
        ("mask-fgmp", damaged(MASK, 4, 0b110100), "block 0: bits that fill the last byte of its mask"),
        ("mask-fgmp", damaged(MASK, 6, 0), "block 0: a value under a set mask bit is zero"),
        ("mask-fgmp", MASK[:5], "block 0: group bits needs 1 bytes, the block has 0 left"),
        ("fp16", bytes(9), "block 0: FP16 halfwords needs 10 bytes, the block has 9 left"),
        ("fp16", bytes(11), "block 0: 1 bytes follow its last element"),
        ("fp8", bytes([0, 0, 0x80, 0, 0]), "element 2: FP8 code 0x80 cannot come from E4M3"),
        ("fp8", bytes([0, 0, 0xFF, 0, 0]), "element 2: FP8 code 0xFF cannot come from E4M3"),
    ],
)
def test_damage_is_refused_and_named(name: str, data: bytes, message: str) -> None:
    with pytest.raises(CodecError, match=message) as caught:
        CODECS[name].decode(data, (5,), HOW)
    assert str(caught.value).startswith(f"{name} data, ")


def test_an_early_zero_must_not_be_stored() -> None:
    """A zero after a short run in the midst of a block could have been counted."""
    data = bytes([0, 0, 0, 0, 0b0001, 0x00, 0x78])  # runs 1, 0: a stored zero at 1, a number at 2
    with pytest.raises(CodecError, match="block 0: a stored zero after a run below 3"):
        CODECS["rlc2-fp8"].decode(data, (3,), HOW)
    last = bytes([0, 0, 0, 0, 0b0100, 0x78, 0x00])  # runs 0, 1: a number at 0, the last zero at 2
    assert CODECS["rlc2-fp8"].decode(last, (3,), HOW).tolist() == [0x3C00, 0, 0]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_read_is_what_would_be_written(rng: np.random.Generator, name: str) -> None:
    """Flipped bits, lost bytes and wrong shapes are refused, or the data are those of another tensor."""
    codec = CODECS[name]
    bits = random_tensor(rng, 600, 0.4)
    data = codec.encode(bits, HOW)
    flipped = [
        damaged(data, int(at), data[at] ^ (1 << int(rng.integers(8))))
        for at in rng.permutation(len(data))[:100]
    ]
    for changed, elements in [
        *((one, 600) for one in flipped),
        *((data[:kept], 600) for kept in rng.integers(0, len(data), 10)),
        *((data, elements) for elements in (0, 1, 599, 601, 900)),
    ]:
        try:
            found = codec.decode(changed, (elements,), HOW)
        except CodecError:
            continue
        assert codec.encode(found, HOW) == changed


def test_pointers_that_run_backwards_are_refused(rng: np.random.Generator) -> None:
    codec = CODECS["mask-fp16"]
    data = codec.encode(random_tensor(rng, 700, 0.5), HOW)
    turned = data[:4] + data[8:12] + data[4:8] + data[12:]
    with pytest.raises(CodecError, match=r"block 1: its pointer says byte \d+, which cannot be"):
        codec.decode(turned, (700,), HOW)


def test_a_tensor_too_large_for_its_pointers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "POINTER_LIMIT", 1000)
    bits = np.full(4 * BLOCK_ELEMENTS, 0x3C00, np.uint16)
    with pytest.raises(CodecError, match="block 3 would start at byte 1632, beyond a 32-bit pointer"):
        CODECS["mask-fp16"].encode(bits, HOW)


def test_unknown_names_and_sizes_are_refused() -> None:
    with pytest.raises(CodecError, match=r"unknown codec 'rlc7-fp16': choose of fp16, mask-fp16, rlc2-fp16"):
        find_codec("rlc7-fp16")
    with pytest.raises(CodecError, match="codec mask-fp16: blocks of -1 elements; give 1 or more, or 0"):
        Codec(Mask(), ValueKind.FP16, -1)
    for bits in (0, 9):
        with pytest.raises(CodecError, match=f"an index of {bits} bits; give 1 to 8"):
            RunLength(bits)
    with pytest.raises(CodecError, match="sizes must not be negative"):
        Codec(Dense(), ValueKind.FP16).decode(b"", (-1,), HOW)
    with pytest.raises(FormatError, match="threshold exponent e_thr is 17"):
        CODECS["fgmp"].encode(SMALL, Quantisation(Fp8Format.E4M3, 17))
    with pytest.raises(FormatError, match="expected a NumPy array of uint16"):
        CODECS["fgmp"].encode(SMALL.view(np.float16), HOW)
    with pytest.raises(FormatError, match="expected a NumPy array of uint16"):
        CODECS["fp16"].encode(SMALL.view(np.float16), HOW)


def test_any_memory_order_gives_the_same_bytes(rng: np.random.Generator) -> None:
    bits = random_tensor(rng, 6 * 50, 0.5).reshape(6, 50)
    for name in NAMES:
        assert CODECS[name].encode(np.asfortranarray(bits), HOW) == CODECS[name].encode(bits, HOW)
