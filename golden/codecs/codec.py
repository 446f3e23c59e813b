"""Codecs by name: a scheme for zeros and a kind of values, tensor to bytes and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from golden.codecs.blocks import BlockReader, block_lengths, write_blocks
from golden.codecs.errors import CodecError
from golden.codecs.schemes import Dense, Mask, RunLength, Scheme
from golden.codecs.values import Elements, Quantisation, ValueKind, quantise, restore
from golden.formats import U16
from golden.storage import BLOCK_ELEMENTS

RUN_BITS = (2, 3, 4, 5, 6, 8)
"""Index widths of run-length coding that are compared."""


@dataclass(frozen=True)
class Codec:
    """A scheme for zeros and a kind of values.

    Attributes
    ----------
    scheme : Scheme
    kind : ValueKind
    block : int
        Elements of a block; 0: the tensor is one stream without pointers.
    """

    scheme: Scheme
    kind: ValueKind
    block: int = BLOCK_ELEMENTS

    def __post_init__(self) -> None:
        if self.block < 0:
            raise CodecError(
                f"codec {self.name}: blocks of {self.block} elements; give 1 or more, or 0 for none"
            )

    @property
    def name(self) -> str:
        """Its name: ``fp16``, ``mask-fgmp``, ``rlc4-fp8``."""
        return "-".join(part for part in (self.scheme.name, self.kind.value) if part)

    @property
    def fixed(self) -> bool:
        """Whether every element takes the same bits: then an element is found without pointers or blocks."""
        return isinstance(self.scheme, Dense) and not self.kind.has_groups

    def represent(self, fp16_bits: U16, how: Quantisation) -> U16:
        """Return the tensor that comes back: uint16, FP16 bits, same shape."""
        return restore(self.kind, quantise(self.kind, fp16_bits, how), how).reshape(fp16_bits.shape)

    def encode(self, fp16_bits: U16, how: Quantisation) -> bytes:
        """Write a tensor (uint16, FP16 bits, any shape) to bytes.

        Raises
        ------
        CodecError
            If it is too large for the pointers.
        golden.formats.FormatError
            If the threshold is out of its range, or the array is not of uint16.
        """
        return self.encode_elements(quantise(self.kind, fp16_bits, how))

    def encode_elements(self, elements: Elements) -> bytes:
        """Write elements that `quantise` made for this kind of values."""
        lengths = block_lengths(len(elements), 0 if self.fixed else self.block)
        sections = self.scheme.write(elements, lengths, self.kind)
        return write_blocks(sections, self._has_pointers)

    def decode(self, data: bytes, shape: Sequence[int], how: Quantisation) -> U16:
        """Read a tensor back: uint16, FP16 bits.

        Raises
        ------
        CodecError
            If the bytes are not what `encode` writes for any tensor of this shape and threshold.
        """
        if any(size < 0 for size in shape):
            raise CodecError(f"{self.name}: shape {tuple(shape)}: sizes must not be negative")
        elements = self.decode_elements(data, math.prod(shape))
        bits = restore(self.kind, elements, how)
        if self.kind is not ValueKind.FP16:
            self._require_values(elements, quantise(self.kind, bits, how), how)
        return bits.reshape(tuple(shape))

    def decode_elements(self, data: bytes, elements: int) -> Elements:
        """Read elements back; whether each value is one that its threshold gives, only `decode` looks."""
        lengths = block_lengths(elements, 0 if self.fixed else self.block)
        return self.scheme.read(BlockReader(data, lengths, self._has_pointers, self.name), self.kind)

    @property
    def _has_pointers(self) -> bool:
        return not self.fixed and self.block > 0

    def _require_values(self, found: Elements, again: Elements, how: Quantisation) -> None:
        """Raise unless the values are what quantising gives: no other code of a zero or NaN, no wrong group.

        As in `golden.storage`, quantising again what was read must give what was read.
        """
        wrong = np.flatnonzero((found.value != again.value) | (found.wide != again.wide))
        if len(wrong):
            at = int(wrong[0])
            value = int(found.value[at])
            said = f"FP16 0x{value:04X}" if found.wide[at] else f"FP8 code 0x{value:02X}"
            raise CodecError(
                f"{self.name} data, element {at}: {said} cannot come from {how.fmt.name} with "
                f"e_thr {how.e_thr}; the data are damaged, or encoding or threshold are another tensor's"
            )


def _schemes() -> list[Scheme]:
    return [Dense(), Mask(), *(RunLength(bits) for bits in RUN_BITS)]


CODECS = {codec.name: codec for kind in ValueKind for scheme in _schemes() for codec in [Codec(scheme, kind)]}
"""All codecs that are compared, by name, with blocks of `BLOCK_ELEMENTS`."""


def find_codec(name: str, block: int = BLOCK_ELEMENTS) -> Codec:
    """Return a codec by its name.

    Raises
    ------
    CodecError
        If there is none of that name; the message lists those that there are.
    """
    try:
        known = CODECS[name]
    except KeyError:
        raise CodecError(f"unknown codec '{name}': choose of {', '.join(CODECS)}") from None
    return Codec(known.scheme, known.kind, block)
