"""Figures of a study: ratios in all, shares of components, power at operating points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from golden.power.operating import PUBLISHED_W
from regressions.power.records import Joules, PointResult, PowerStudy, Ratio, Role, TileResult, Variant


@dataclass(frozen=True)
class RatioRow:
    """A kind of ratio over tiles that constants were not found on."""

    what: str
    tiles: int
    measured: float
    predicted: float
    worst: float
    pe: float


def ratio_rows(study: PowerStudy) -> list[RatioRow]:
    """Return a row for each kind of ratio."""
    rows = []
    for what in dict.fromkeys(one.what for one in study.ratios):
        found = [one for one in study.ratios if one.what == what and one.role is Role.VALIDATION]
        if found:
            rows.append(
                RatioRow(
                    what,
                    len(found),
                    mean(one.measured for one in found),
                    mean(one.predicted for one in found),
                    max((one.error for one in found), key=abs),
                    mean(one.pe for one in found),
                )
            )
    return rows


@dataclass(frozen=True)
class ComponentRow:
    """A component's energy by events against gates, over tiles that constants were not found on.

    Attributes
    ----------
    share : float
        Of the energy of all components, on gates.
    error : float
        Mean of the errors' sizes.
    worst : float
        The error of `tile`, where it is greatest; it is `of_tile` of the energy of that tile's logic.
    """

    component: str
    share: float
    error: float
    worst: float
    tile: str
    of_tile: float


def component_rows(study: PowerStudy) -> list[ComponentRow]:
    """Return a row for each component that takes energy on a tile that constants were not found on."""
    rows = []
    tested = [one for one in study.tiles if one.role is Role.VALIDATION]
    for component in dict.fromkeys(name for one in tested for name in one.gates):
        found = [one for one in tested if one.gates[component]]
        if not found:
            continue
        errors = [one.model[component] / one.gates[component] - 1 for one in found]
        worst, tile = max(zip(errors, found, strict=True), key=lambda pair: abs(pair[0]))
        rows.append(
            ComponentRow(
                component,
                sum(one.gates[component] for one in found) / sum(one.measured for one in tested),
                mean(abs(error) for error in errors),
                worst,
                tile.name,
                worst * tile.gates[component] / tile.measured,
            )
        )
    return rows


def of_variant(study: PowerStudy, variant: Variant) -> list[TileResult]:
    """Return the tiles of a variant."""
    return [one for one in study.tiles if one.variant is variant]


def per_mac(study: PowerStudy, variant: Variant, part: str) -> float:
    """Return the mean pJ a MAC of the gates of a component, or of a level, over tiles of a variant."""
    tiles = [one for one in of_variant(study, variant) if one.macs]
    return mean({**one.gates, **one.levels}[part] / one.macs for one in tiles) if tiles else 0.0


@dataclass(frozen=True)
class WireRow:
    """The ratio FP8 to FP16 under an assumption on wires, mean of all tiles."""

    wire: str
    assumed: bool
    fp8: float
    sparse: float


def wire_rows(study: PowerStudy) -> list[WireRow]:
    """Return what other assumptions on wires make of the measured ratios."""
    by_place = {(one.layer, one.step, one.variant): one for one in study.tiles}
    rows = []
    for wire in study.tiles[0].by_wire if study.tiles else ():
        fp8, sparse = [], []
        for one in of_variant(study, Variant.FP16):
            other = by_place[one.layer, one.step, Variant.FP8]
            fp8.append(other.by_wire[wire] / other.macs / (one.by_wire[wire] / one.macs))
        for one in of_variant(study, Variant.DENSE):
            sparse.append(by_place[one.layer, one.step, Variant.SPARSE].by_wire[wire] / one.by_wire[wire])
        rows.append(WireRow(wire, float(wire) == study.gates.wire, mean(fp8), mean(sparse)))
    return sorted(rows, key=lambda row: float(row.wire))


@dataclass(frozen=True)
class PointRow:
    """An operating point: means over the tiles, and what is published there; `multiplier` in pJ a tile."""

    voltage: float
    megahertz: float
    multiplier: Joules
    watts: float
    chip_watts: float | None
    published: float | None


def point_rows(study: PowerStudy) -> list[PointRow]:
    """Return a row for each operating point, its power averaged over the tiles."""
    published = {(point.voltage, point.frequency / 1e6): watts for point, watts in PUBLISHED_W.items()}
    rows = []
    for place in dict.fromkeys((one.voltage, one.megahertz) for one in study.points):
        found: Sequence[PointResult] = [one for one in study.points if (one.voltage, one.megahertz) == place]
        chips = [one.chip_watts for one in found if one.chip_watts is not None]
        rows.append(
            PointRow(
                *place,
                {name: mean(one.multiplier[name] for one in found) for name in found[0].multiplier},
                mean(one.watts for one in found),
                mean(chips) if chips else None,
                published.get(place),
            )
        )
    return rows


def listed(ratios: Sequence[Ratio]) -> list[Ratio]:
    """Return the ratios, those that the model is tested on first, the worst of them first."""
    return sorted(ratios, key=lambda one: (one.role is not Role.VALIDATION, -abs(one.error)))
