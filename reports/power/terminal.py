"""What the study says on the terminal."""

from __future__ import annotations

from golden.power.components import Precision
from regressions.power.records import PowerStudy
from reports.power.figures import component_rows, listed, point_rows, ratio_rows, wire_rows
from reports.text import count, energy, percent, ratio, signed_percent

_WIDTHS = (26, 12, 16, 9, 9, 8)


def lines(study: PowerStudy) -> list[str]:
    """Return ratios, errors by component, calibrated constants, power at operating points, the verdict."""
    said = [_row("ratio", "tile for", "variants", "gates", "events", "error")]
    said += [
        _row(
            f"{one.layer}-{one.step}",
            one.role.value,
            f"{one.over}/{one.under}",
            ratio(one.measured, 3),
            ratio(one.predicted, 3),
            signed_percent(one.error),
        )
        for one in listed(study.ratios)
    ]
    said += [
        f"{one.what}: {ratio(one.measured, 3)} on gates ({ratio(one.pe, 3)} within PEs), "
        f"{ratio(one.predicted, 3)} from events; worst error of {one.tiles}: {signed_percent(one.worst)}"
        for one in ratio_rows(study)
    ]
    said += [
        f"{one.component}, {percent(one.share)} of the energy: events miss by {percent(one.error)} in the "
        f"mean, by {signed_percent(one.worst)} at worst ({one.tile}; {signed_percent(one.of_tile)} of all)"
        for one in component_rows(study)
    ]
    said.append(f"calibrated, pJ an event at {study.gates.voltage:g} V of {study.gates.library}:")
    said += [
        f"  {one.component} {one.event}: {one.picojoule:.4g}" for one in study.constants if one.picojoule
    ]
    said.append(f"calibrated, to 45 nm and 0.9 V: x {study.node_scale:.4g}")
    said += [
        f"wires of {one.wire} times the pins: FP8/FP16 {ratio(one.fp8, 3)}, "
        f"sparse/dense {ratio(one.sparse, 3)}"
        for one in wire_rows(study)
    ]
    for one in point_rows(study):
        text = f"{one.voltage:g} V, {one.megahertz:g} MHz: {1e3 * one.watts:.3g} mW a core"
        if one.chip_watts is not None:
            text += f", {1e3 * one.chip_watts:.3g} mW for the chip's cores"
        if one.published is not None and one.chip_watts is not None:
            text += f" (published for the chip: {1e3 * one.published:g} mW)"
        said.append(
            f"{text}; multiplier {energy(one.multiplier[Precision.FP8])} FP8, "
            f"{energy(one.multiplier[Precision.FP16])} FP16 a tile"
        )
    bits = count(sum(one.bits_compared for one in study.tiles))
    said.append(f"gates: {count(study.gates.cells)} cells, {bits} output bits equal to the RTL's")
    verdict = "PASS" if study.passed else "FAIL"
    said.append(
        f"{verdict}: worst error of a ratio {percent(study.worst)}, at most {percent(study.limit, 0)} passes"
    )
    return said


def _row(*texts: str) -> str:
    return " ".join(
        f"{text:<{width}}" if place < 3 else f"{text:>{width}}"
        for place, (text, width) in enumerate(zip(texts, _WIDTHS, strict=True))
    )
