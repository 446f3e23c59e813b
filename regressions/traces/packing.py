"""Lossless storage of FP16 tensors: as they are, or packed by their statistics.

`PACKED` is one zlib stream of three parts: a mask with one bit an element (most significant bit first, set
where the 16 bits are not all zero), then the high bytes of the masked elements, then their low bytes.
After a ReLU half of the elements are zeros, and the high bytes (sign, exponent, two bits of the mantissa)
take few values; the low bytes are nearly random. On the sample of ResNet-18 this takes 70 % of the plain
size; LZMA on the same three parts takes 69 % but decodes over ten times slower, zlib without the split 79 %.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RAW = "raw"
PACKED = "mask-planes-zlib"
ENCODINGS = (RAW, PACKED)

_LEVEL = 9
_MEMORY = 7
"""Below zlib's default of 8: shorter blocks follow the change between parts (1.5 % less in the sample)."""


def pack(bits: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Pack a tensor of FP16 bits (uint16, any shape) into bytes (uint8, one dimension)."""
    flat = bits.ravel()
    mask = flat != 0
    values = flat[mask]
    planes = (
        np.packbits(mask).tobytes()
        + (values >> 8).astype(np.uint8).tobytes()
        + values.astype(np.uint8).tobytes()
    )
    coder = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, _MEMORY, zlib.Z_FILTERED)
    return np.frombuffer(coder.compress(planes) + coder.flush(), dtype=np.uint8)


def unpack(stored: NDArray[np.uint8], shape: Sequence[int]) -> NDArray[np.uint16]:
    """Return the tensor of `shape` that `pack` stored.

    Raises
    ------
    ValueError
        If the bytes are no packed tensor, or one of another size.
    """
    elements = math.prod(shape)
    mask_bytes = -(-elements // 8)
    decoder = zlib.decompressobj()
    try:
        planes = np.frombuffer(
            decoder.decompress(stored.tobytes(), mask_bytes + 2 * elements + 1), dtype=np.uint8
        )
    except zlib.error as error:
        raise ValueError(f"packed bytes cannot be decoded ({error})") from error
    if not decoder.eof or planes.size < mask_bytes:
        raise ValueError(f"packed bytes hold another number of elements than {list(shape)}")
    mask = np.unpackbits(planes[:mask_bytes], count=elements).astype(bool)
    count = int(np.count_nonzero(mask))
    if planes.size != mask_bytes + 2 * count:
        raise ValueError(
            f"packed bytes hold {planes.size - mask_bytes} value bytes, the mask says {2 * count}"
        )
    high, low = planes[mask_bytes : mask_bytes + count], planes[mask_bytes + count :]
    bits = np.zeros(elements, dtype=np.uint16)
    bits[mask] = high.astype(np.uint16) << 8 | low
    return bits.reshape(shape)


def encode(bits: NDArray[np.uint16], encoding: str) -> NDArray[np.uint8] | NDArray[np.float16]:
    """Return the array to store: float16 of the same shape (`RAW`), or bytes (`PACKED`)."""
    return pack(bits) if encoding == PACKED else np.ascontiguousarray(bits).view(np.float16)


def decode(
    stored: NDArray[np.uint8] | NDArray[np.float16], encoding: str, shape: Sequence[int]
) -> NDArray[np.uint16]:
    """Return the tensor that `encode` stored; raise `ValueError` if it is none of `shape`."""
    return (
        unpack(stored.view(np.uint8), shape) if encoding == PACKED else stored.view(np.uint16).reshape(shape)
    )
