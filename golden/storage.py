"""FGMP storage: what a tensor takes in external memory, bit by bit (contract 2.9).

Layout, all multi-byte numbers little-endian, nothing aligned beyond a byte::

    pointer table   one 32-bit offset a block: first byte of the block, counted from the end of the table
    blocks          BLOCK_ELEMENTS elements each in C order (NCHW, OIHW); the last one may be shorter

    block   non-zero mask   1 bit an element, element i in bit i % 8 of byte i // 8
            group bits      1 bit a non-zero, in order: 0 FP8, 1 FP16
            FP8 bytes       the codes of the FP8 group, in order
            FP16 halfwords  the bits of the FP16 group, in order

Mask and group bits are each filled up to whole bytes with 0. Shape, encoding and threshold are not stored
here: the layer's descriptor holds them. Storage is lossless for the encoded tensor, and `unpack` takes
nothing that `pack` cannot have written.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from golden.fgmp import FgmpTensor, encode
from golden.formats import Bool, Fp8Format, bias_of, decode_fp8

BLOCK_ELEMENTS = 256
"""Elements of a block. Its pointer then costs 1/8 bit an element (2 % of a packed X), and the largest
block, 576 bytes, still fits a small decoder buffer."""
POINTER_BYTES = 4
"""Bytes of a block's pointer."""
POINTER_LIMIT = 1 << (8 * POINTER_BYTES)
"""A block must start below this offset: 4 GiB."""


class StorageError(ValueError):
    """The bytes are not the FGMP storage of a tensor of this shape, or a tensor does not fit it."""


def stored_bytes(tensor: FgmpTensor) -> int:
    """Size of the stored tensor in bytes, masks and pointers included: ``len(pack(tensor))``, not packed."""
    elements = tensor.elements
    blocks = -(-elements // BLOCK_ELEMENTS)
    full = elements // BLOCK_ELEMENTS * BLOCK_ELEMENTS
    nonzero = tensor.nonzero.reshape(-1)
    in_block = np.count_nonzero(nonzero[:full].reshape(-1, BLOCK_ELEMENTS), axis=1)
    in_tail = int(np.count_nonzero(nonzero[full:]))
    nonzeros = int(in_block.sum()) + in_tail
    mask_bytes = full // 8 + _bytes_of(elements - full)
    group_bytes = int(((in_block + 7) // 8).sum()) + _bytes_of(in_tail)
    return POINTER_BYTES * blocks + mask_bytes + group_bytes + nonzeros + tensor.fp16_count


def pack(tensor: FgmpTensor) -> bytes:
    """Write a tensor in the layout of this module.

    Raises
    ------
    StorageError
        If a block would start beyond what its pointer can say.
    """
    pointers, blocks, offset = [], [], 0
    for start in range(0, tensor.elements, BLOCK_ELEMENTS):
        part = slice(start, start + BLOCK_ELEMENTS)
        nonzero, is_fp16 = tensor.nonzero.reshape(-1)[part], tensor.is_fp16.reshape(-1)[part]
        codes, fp16 = tensor.codes.reshape(-1)[part], tensor.fp16.reshape(-1)[part]
        block = b"".join(
            (
                _pack_bits(nonzero),
                _pack_bits(is_fp16[nonzero]),
                codes[nonzero & ~is_fp16].tobytes(),
                fp16[is_fp16].astype("<u2").tobytes(),
            )
        )
        pointers.append(offset)
        blocks.append(block)
        offset += len(block)
    if pointers and pointers[-1] >= POINTER_LIMIT:
        raise StorageError(
            f"tensor of shape {tensor.shape}: block {len(blocks) - 1} would start at byte {pointers[-1]}, "
            f"beyond a {8 * POINTER_BYTES}-bit pointer; store the tensor in parts"
        )
    return np.array(pointers, dtype="<u4").tobytes() + b"".join(blocks)


def unpack(data: bytes, shape: Sequence[int], fmt: Fp8Format, e_thr: int) -> FgmpTensor:
    """Read a tensor back.

    Parameters
    ----------
    data : bytes
        What `pack` wrote, no more and no less.
    shape : sequence of int
    fmt : Fp8Format
    e_thr : int
        Shape, encoding and threshold of the tensor, from its descriptor.

    Raises
    ------
    StorageError
        If the data are truncated or too long, a pointer or a filling bit is wrong, or an element is one
        that FGMP with this encoding and threshold does not give.
    """
    shape = tuple(int(n) for n in shape)
    if any(n < 0 for n in shape):
        raise StorageError(f"tensor shape {shape}: sizes must not be negative")
    bias = bias_of(fmt, e_thr)
    elements = math.prod(shape)
    codes = np.zeros(elements, dtype=np.uint8)
    fp16 = np.zeros(elements, dtype=np.uint16)
    is_fp16 = np.zeros(elements, dtype=np.bool_)

    blocks = -(-elements // BLOCK_ELEMENTS)
    reader = _Reader(data, shape)
    pointers = np.frombuffer(reader.take(POINTER_BYTES * blocks, "pointer table"), dtype="<u4")
    for block in range(blocks):
        part = slice(block * BLOCK_ELEMENTS, min((block + 1) * BLOCK_ELEMENTS, elements))
        what = f"block {block}"
        offset = reader.position - POINTER_BYTES * blocks
        if pointers[block] != offset:
            raise StorageError(
                f"FGMP data, {what}: its pointer says byte {pointers[block]}, the block is at {offset}; "
                f"the data are damaged, or not of shape {shape}"
            )
        nonzero = reader.take_bits(part.stop - part.start, f"{what}, non-zero mask")
        group = reader.take_bits(int(np.count_nonzero(nonzero)), f"{what}, group bits")
        where = part.start + np.flatnonzero(nonzero)
        where_fp8, where_fp16 = where[~group], where[group]
        codes[where_fp8] = np.frombuffer(reader.take(where_fp8.size, f"{what}, FP8 bytes"), dtype=np.uint8)
        fp16[where_fp16] = np.frombuffer(
            reader.take(2 * where_fp16.size, f"{what}, FP16 halfwords"), dtype="<u2"
        )
        is_fp16[where_fp16] = True
        if not (codes[where_fp8].all() and fp16[where_fp16].all()):
            raise StorageError(
                f"FGMP data, {what}: a value under a set mask bit is zero; the data are damaged"
            )
    reader.require_end()

    tensor = encode((decode_fp8(codes, fmt, bias) | fp16).reshape(shape), fmt, e_thr)
    # Encoding again what was read must give what was read: so no code is a NaN or finer than FP16, and no
    # halfword lies in FP8's range.
    wrong = np.flatnonzero((tensor.codes.reshape(-1) != codes) | (tensor.fp16.reshape(-1) != fp16))
    if wrong.size:
        at = int(wrong[0])
        found = f"FP16 0x{fp16[at]:04X}" if is_fp16[at] else f"FP8 code 0x{codes[at]:02X}"
        raise StorageError(
            f"FGMP data, block {at // BLOCK_ELEMENTS}, element {at}: {found} cannot come from {fmt.name} "
            f"with e_thr {e_thr}; the data are damaged, or encoding or threshold are another tensor's"
        )
    return tensor


class _Reader:
    """Takes bytes from stored data in order, and checks each time that they are there."""

    def __init__(self, data: bytes, shape: tuple[int, ...]) -> None:
        self._data = data
        self._shape = shape
        self.position = 0

    def take(self, count: int, what: str) -> bytes:
        """Return the next `count` bytes, which are `what` of the tensor."""
        end = self.position + count
        if end > len(self._data):
            raise StorageError(
                f"FGMP data, {what}: needs bytes {self.position}..{end - 1}, "
                f"the data end after {len(self._data)}; they are truncated, or not of shape {self._shape}"
            )
        taken = self._data[self.position : end]
        self.position = end
        return taken

    def take_bits(self, count: int, what: str) -> Bool:
        """Return the next `count` bits, of whole bytes filled up with 0."""
        taken = np.frombuffer(self.take(_bytes_of(count), what), dtype=np.uint8)
        bits = np.unpackbits(taken, bitorder="little").astype(np.bool_)
        if bits[count:].any():
            raise StorageError(
                f"FGMP data, {what}: the bits that fill its last byte are not 0; the data are damaged"
            )
        return bits[:count]

    def require_end(self) -> None:
        """Raise unless everything has been taken."""
        if self.position != len(self._data):
            raise StorageError(
                f"FGMP data: {len(self._data)} bytes, but a tensor of shape {self._shape} ends after "
                f"{self.position}; it is followed by something else, or of another shape"
            )


def _bytes_of(bits: int) -> int:
    return (bits + 7) // 8


def _pack_bits(bits: Bool) -> bytes:
    return np.packbits(bits, bitorder="little").tobytes()
