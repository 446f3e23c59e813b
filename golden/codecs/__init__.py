"""Codecs of tensors in external memory: how elements are written, and what is done with zeros.

A codec is one of three kinds of *values* (FP16, FP8, FGMP) under one of several *schemes* for zeros (dense,
a binary mask, run-length coding with an index of some bits). Each one writes bytes and reads them back; sizes
are lengths of those bytes. `mask-fgmp` is what the project stores (`golden.storage`), the others are what it
is compared with. Shape, FP8 encoding and threshold are not in the bytes: a descriptor holds them.
"""

from __future__ import annotations

from golden.codecs.codec import CODECS, RUN_BITS, Codec, find_codec
from golden.codecs.errors import CodecError
from golden.codecs.schemes import Dense, Mask, RunLength, Scheme
from golden.codecs.values import Elements, Quantisation, ValueKind, quantise, restore

__all__ = [
    "CODECS",
    "RUN_BITS",
    "Codec",
    "CodecError",
    "Dense",
    "Elements",
    "Mask",
    "Quantisation",
    "RunLength",
    "Scheme",
    "ValueKind",
    "find_codec",
    "quantise",
    "restore",
]
