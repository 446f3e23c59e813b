"""What the traffic study found (`traffic.json`): sizes of tensors, transfers, a sweep of densities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from golden.geometry import Step
from regressions.results import GitInfo, TraceInfo

SCHEMA = 1
"""Version of `traffic.json`; raised by one with every change of a field's name, type or meaning."""
PLAIN = "fp16"
"""The codec that all others are compared with."""
CHIP = "mask-fgmp"
"""The codec whose format the chip and `golden.storage` have."""

Bytes = dict[str, int]
"""Bytes by codec."""


class Direction(StrEnum):
    """Whether a step reads or writes a tensor."""

    READ = "read"
    WRITE = "write"


class Order(StrEnum):
    """How a tensor's elements follow one another: channels outside images' rows and columns, or innermost."""

    NCHW = "nchw"
    NHWC = "nhwc"


class Pattern(StrEnum):
    """Where the zeros of a made-up tensor lie."""

    INDEPENDENT = "independent"
    CLUSTERED = "clustered"


@dataclass(frozen=True)
class TensorSize:
    """A tensor as each codec writes it.

    Attributes
    ----------
    layer, tensor : str
        Layer, and X, W, delta, Y, dX or dW.
    part : str
        ``whole``, or what a sample holds of the tensor: the columns of one step.
    elements, nonzeros : int
        All elements, and those that are not zero (of either sign) in FP16.
    fgmp_nonzeros, fgmp_fp16 : int
        Elements that FGMP leaves not zero, and those of them in FP16.
    fgmp_threshold, fp8_threshold : int
        Threshold exponents of FGMP and of FP8.
    bytes : dict of str to int
        Bytes by codec, each the length of what was written, which was read back and found equal.
    """

    layer: str
    tensor: str
    part: str
    elements: int
    nonzeros: int
    fgmp_nonzeros: int
    fgmp_fp16: int
    fgmp_threshold: int
    fp8_threshold: int
    bytes: Bytes

    @property
    def density(self) -> float:
        """Share of non-zeros in FP16."""
        return self.nonzeros / self.elements

    def ratio(self, codec: str) -> float:
        """Bytes over those of plain FP16."""
        return self.bytes[codec] / self.bytes[PLAIN]


@dataclass(frozen=True)
class Transfer:
    """A tensor that a step reads or writes once."""

    layer: str
    step: Step
    tensor: str
    direction: Direction
    elements: int
    bytes: Bytes


@dataclass(frozen=True)
class DensityPoint:
    """A made-up tensor of one density: bits an element by codec."""

    pattern: Pattern
    density: float
    bits: dict[str, float]


@dataclass(frozen=True)
class CodecInfo:
    """A codec that was measured: what it does with zeros and how it writes values."""

    name: str
    zeros: str
    values: str


@dataclass(frozen=True)
class TrafficRun:
    """What the study was made from.

    Attributes
    ----------
    started : str
        ISO 8601 with its zone.
    policy : str
        How FGMP's threshold is chosen; FP8's leaves no binade above it.
    block : int
        Elements of a block; 0: each tensor is one stream.
    order : Order
        Of all tensors; of W the channels are those of the input.
    sample : int or None
        Columns of each step that the trace holds; None: the whole layers.
    """

    seed: int
    started: str
    git: GitInfo
    tools: dict[str, str]
    wall_s: float
    command: str
    trace: TraceInfo
    policy: str
    block: int
    order: Order
    sample: int | None


@dataclass(frozen=True)
class TrafficStudy:
    """The whole study; `synthetic_elements` are those of each made-up tensor."""

    schema: int
    run: TrafficRun
    codecs: list[CodecInfo]
    tensors: list[TensorSize]
    transfers: list[Transfer]
    synthetic_elements: int
    synthetic: list[DensityPoint]

    @property
    def names(self) -> list[str]:
        """Names of the codecs."""
        return [codec.name for codec in self.codecs]


def total(transfers: Iterable[Transfer], codec: str) -> int:
    """Add up the bytes of transfers under a codec."""
    return sum(one.bytes[codec] for one in transfers)


def least(transfers: Iterable[Transfer], codecs: Iterable[str]) -> int:
    """Add up the bytes of transfers, each under the codec that takes least for its tensor."""
    names = list(codecs)
    return sum(min(one.bytes[name] for name in names) for one in transfers)


def ratio(transfers: Iterable[Transfer], codec: str) -> float:
    """Return the bytes of transfers under a codec over those of plain FP16; 0.0 of none."""
    listed = list(transfers)
    plain = total(listed, PLAIN)
    return total(listed, codec) / plain if plain else 0.0
