"""A tensor under every codec: written, read back, compared, and only then counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from golden.codecs import Codec, Elements, Quantisation, ValueKind, quantise, restore
from golden.fgmp import Histogram, SharePolicy, ThresholdPolicy
from golden.formats import U16, Fp8Format
from regressions.traces.statistics import MAGNITUDE
from regressions.traffic.records import TensorSize


class LossError(RuntimeError):
    """A codec lost a bit: a defect of the project, never of the trace."""


FP8_POLICY = SharePolicy(0)
"""Threshold of plain FP8: the lowest that leaves no binade of finite numbers above it."""


@dataclass(frozen=True)
class Labels:
    """What a tensor is called: layer, tensor, and the part of it."""

    layer: str
    tensor: str
    part: str = "whole"

    @property
    def text(self) -> str:
        """All of it, for messages."""
        return f"layer {self.layer}, {self.tensor} ({self.part})"


def thresholds(
    fmt: Fp8Format, histogram: Histogram, policy: ThresholdPolicy
) -> dict[ValueKind, Quantisation]:
    """Return how a tensor of this histogram is quantised for each kind of values."""
    fgmp = Quantisation(fmt, policy.choose(histogram, None))
    fp8 = Quantisation(fmt, FP8_POLICY.choose(histogram, None))
    return {ValueKind.FP16: fgmp, ValueKind.FP8: fp8, ValueKind.FGMP: fgmp}


def measure(
    labels: Labels, bits: U16, how: Mapping[ValueKind, Quantisation], codecs: Sequence[Codec]
) -> TensorSize:
    """Write a tensor (uint16, FP16 bits) with each codec, and count the bytes.

    Raises
    ------
    LossError
        If a codec gives another tensor back.
    """
    elements = {kind: quantise(kind, bits, how[kind]) for kind in ValueKind}
    sizes = {}
    for codec in codecs:
        data = codec.encode_elements(elements[codec.kind])
        _require_same(labels, codec, codec.decode_elements(data, bits.size), elements[codec.kind])
        sizes[codec.name] = len(data)
    for kind, found in elements.items():
        _require_stable(labels, kind, found, how[kind])
    fgmp = elements[ValueKind.FGMP]
    return TensorSize(
        layer=labels.layer,
        tensor=labels.tensor,
        part=labels.part,
        elements=bits.size,
        nonzeros=int(np.count_nonzero(bits & MAGNITUDE)),
        fgmp_nonzeros=int(np.count_nonzero(fgmp.value)),
        fgmp_fp16=int(np.count_nonzero(fgmp.wide)),
        fgmp_threshold=how[ValueKind.FGMP].e_thr,
        fp8_threshold=how[ValueKind.FP8].e_thr,
        bytes=sizes,
    )


def _require_same(labels: Labels, codec: Codec, found: Elements, written: Elements) -> None:
    wrong = (found.value != written.value) | (found.wide != written.wide)
    if wrong.any():
        raise LossError(
            f"{labels.text}: codec {codec.name} gives {np.count_nonzero(wrong)} other elements back, the "
            f"first at {int(np.argmax(wrong))}; a defect of this project"
        )


def _require_stable(labels: Labels, kind: ValueKind, elements: Elements, how: Quantisation) -> None:
    """Raise unless the tensor that comes back, quantised again, is the same: so nothing more is lost."""
    again = quantise(kind, restore(kind, elements, how), how)
    if not np.array_equal(again.value, elements.value) or not np.array_equal(again.wide, elements.wide):
        raise LossError(
            f"{labels.text}: {kind} values, quantised again, are others; a defect of this project"
        )
