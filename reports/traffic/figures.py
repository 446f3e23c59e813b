"""Figures of a study: by codec, tensor and step, and what a sweep of densities says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from golden.geometry import Step
from regressions.traffic.records import (
    CHIP,
    PLAIN,
    DensityPoint,
    Pattern,
    TensorSize,
    TrafficStudy,
    Transfer,
    least,
    ratio,
    total,
)

TENSORS = ("X", "W", "delta", "Y", "dX", "dW")
DATA = ("X", "delta", "Y", "dX")
"""Activations and errors: what a step reads of them, and what it writes."""


@dataclass(frozen=True)
class CodecRow:
    """A codec's traffic: bytes, and ratios to plain FP16; None where the study has no such transfer."""

    name: str
    zeros: str
    values: str
    bytes: int
    ratio: float
    tensors: list[float | None]
    steps: list[float | None]


def of_tensors(transfers: Sequence[Transfer], tensors: Sequence[str]) -> list[Transfer]:
    """Return the transfers of some tensors."""
    return [one for one in transfers if one.tensor in tensors]


def codec_rows(study: TrafficStudy) -> list[CodecRow]:
    """Return a row for each codec, in the study's order."""
    by_tensor = [of_tensors(study.transfers, [tensor]) for tensor in TENSORS]
    by_step = [[one for one in study.transfers if one.step is step] for step in Step]
    return [
        CodecRow(
            codec.name,
            codec.zeros,
            codec.values,
            total(study.transfers, codec.name),
            ratio(study.transfers, codec.name),
            [ratio(part, codec.name) if part else None for part in by_tensor],
            [ratio(part, codec.name) if part else None for part in by_step],
        )
        for codec in study.codecs
    ]


def chosen(study: TrafficStudy) -> str:
    """Return the codec to look at first: the chip's, or if it was not measured the best."""
    return CHIP if CHIP in study.names else best(study, study.names)


def best(study: TrafficStudy, names: Sequence[str]) -> str:
    """Return the codec that moves least of those named; of several the first."""
    return min(names, key=lambda name: total(study.transfers, name))


def best_run_length(study: TrafficStudy, values: str) -> str | None:
    """Return the best index width of run-length coding with these values, as a codec's name."""
    names = [one.name for one in study.codecs if one.zeros.startswith("rlc") and one.values == values]
    return best(study, names) if names else None


def least_share(study: TrafficStudy, values: str) -> float | None:
    """Return the ratio if each tensor takes its best codec with these values; None: there is none."""
    names = [one.name for one in study.codecs if one.values == values]
    plain = total(study.transfers, PLAIN)
    return least(study.transfers, names) / plain if names and plain else None


def zero_share(sizes: Sequence[TensorSize], tensor: str) -> float | None:
    """Return the share of zeros in a tensor, FP16, all layers; None if there is none."""
    found = [one for one in sizes if one.tensor == tensor]
    elements = sum(one.elements for one in found)
    return 1 - sum(one.nonzeros for one in found) / elements if elements else None


def fp8_share(sizes: Sequence[TensorSize], tensors: Sequence[str]) -> float | None:
    """Return the share of FP8 in FGMP's non-zeros of some tensors; None without non-zeros."""
    found = [one for one in sizes if one.tensor in tensors]
    nonzeros = sum(one.fgmp_nonzeros for one in found)
    return 1 - sum(one.fgmp_fp16 for one in found) / nonzeros if nonzeros else None


def data_share(transfers: Sequence[Transfer], codec: str, tensors: Sequence[str]) -> float | None:
    """Return the share of some tensors in all bytes under a codec."""
    everything = total(transfers, codec)
    return total(of_tensors(transfers, tensors), codec) / everything if everything else None


def curve(study: TrafficStudy, codec: str, pattern: Pattern) -> list[tuple[float, float]]:
    """Return density and ratio to 16 bits of made-up tensors, by density."""
    points = [one for one in study.synthetic if one.pattern is pattern]
    return [(one.density, one.bits[codec] / one.bits[PLAIN]) for one in points]


def pattern_gap(study: TrafficStudy, codec: str) -> float:
    """Return by how many bits an element a codec's size depends on where the zeros lie, at most."""
    by_density: dict[float, list[DensityPoint]] = {}
    for point in study.synthetic:
        by_density.setdefault(point.density, []).append(point)
    gaps = [
        max(one.bits[codec] for one in points) - min(one.bits[codec] for one in points)
        for points in by_density.values()
    ]
    return max(gaps, default=0.0)


def takes_less(study: TrafficStudy, codec: str, other: str) -> list[tuple[float, float]]:
    """Return the ranges of densities at which `codec` takes less than `other`, zeros independent."""
    ranges: list[tuple[float, float]] = []
    follows = False
    pairs = zip(
        curve(study, codec, Pattern.INDEPENDENT), curve(study, other, Pattern.INDEPENDENT), strict=True
    )
    for (density, mine), (_, theirs) in pairs:
        if mine < theirs:
            ranges.append((ranges.pop()[0] if follows else density, density))
        follows = mine < theirs
    return ranges
