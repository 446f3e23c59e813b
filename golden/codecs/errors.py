"""The error of all codecs."""

from __future__ import annotations


class CodecError(ValueError):
    """There is no such codec, or bytes are not what it can have written; the message says where and what."""
