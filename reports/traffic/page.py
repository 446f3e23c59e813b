"""The study's page: one file, with nothing from outside."""

from __future__ import annotations

from dataclasses import dataclass

import jinja2

from golden.geometry import Step
from regressions.traffic.records import PLAIN, Pattern, TrafficStudy, Transfer, ratio
from reports.page.chip_charts import tensor_name
from reports.page.environment import environment
from reports.page.overview import Tile
from reports.page.published import DENSE_ERRORS
from reports.published import DATA_SHARE, EMA_SAVED
from reports.text import percent
from reports.traffic import charts
from reports.traffic.figures import (
    TENSORS,
    best,
    best_run_length,
    chosen,
    codec_rows,
    data_share,
    least_share,
    takes_less,
    zero_share,
)
from reports.traffic.published import beside

SHOWN = ("mask-fp16", "fp8", "mask-fp8", "fgmp", "mask-fgmp")
"""Codecs of the table of transfers, with the best of run-length coding; the CSV has all."""


@dataclass(frozen=True)
class TransferRow:
    """A transfer: its tensor's share of non-zeros, and ratios to plain FP16 by codec."""

    transfer: Transfer
    tensor: str
    density: float | None
    plain: int
    ratios: list[float]
    best: str


@dataclass(frozen=True)
class DensityRow:
    """A density: bits an element by codec, and the codec that takes least."""

    pattern: Pattern
    density: float
    bits: list[float]
    best: str


def render(study: TrafficStudy, document: str, table: str) -> str:
    """Return the page; `document` and `table` are the names of JSON and CSV beside it."""
    shown = _shown(study)
    values = list(dict.fromkeys(one.values for one in study.codecs))
    names = study.names
    return (
        environment(jinja2.PackageLoader("reports.traffic"))
        .get_template("traffic.html")
        .render(
            run=study.run,
            document=document,
            table=table,
            tiles=_tiles(study),
            bars=charts.by_codec(study),
            curves=[charts.against_density(study, kind, _dots(study, kind)) for kind in values],
            rows=codec_rows(study),
            chosen=chosen(study),
            tensor_columns=[("δ" if tensor == "delta" else tensor, "number") for tensor in TENSORS],
            step_columns=[(step.value, "number") for step in Step],
            step_choices=[(step.value, step.value) for step in Step],
            published=beside(study),
            dense_errors=DENSE_ERRORS,
            shown_columns=[(name, "number") for name in shown],
            transfers=[_transfer_row(study, one, shown) for one in study.transfers],
            densities=[
                DensityRow(
                    one.pattern,
                    one.density,
                    [one.bits[name] for name in shown],
                    min(names, key=lambda name: one.bits[name]),
                )
                for one in study.synthetic
            ],
            contests=_contests(study),
        )
    )


def _shown(study: TrafficStudy) -> list[str]:
    names = [name for name in SHOWN if name in study.names]
    for values in ("fp16", "fgmp"):
        name = best_run_length(study, values)
        if name is not None:
            names.append(name)
    return names or [PLAIN]


def _dots(study: TrafficStudy, values: str) -> str | None:
    """Return the codec whose dots are drawn: the mask with these values."""
    name = f"mask-{values}"
    return name if name in study.names else None


def _tiles(study: TrafficStudy) -> list[Tile]:
    codec = chosen(study)
    least = best(study, study.names)
    tiles = [
        Tile(
            f"EMA saved, {codec}",
            percent(1 - ratio(study.transfers, codec)),
            f"against plain FP16; published for FGMP {percent(EMA_SAVED)}",
        ),
        Tile(
            "Least traffic",
            least,
            f"{percent(ratio(study.transfers, least))} of plain FP16; FP8 values lose what FGMP keeps",
        ),
        Tile(
            "Activations and errors",
            percent(data_share(study.transfers, PLAIN, ("X", "delta", "Y", "dX"))),
            f"of plain FP16 traffic; published about {percent(DATA_SHARE, 0)}",
        ),
        Tile(
            "Zeros in X, in δ",
            f"{percent(zero_share(study.tensors, 'X'))}, {percent(zero_share(study.tensors, 'delta'))}",
            "FP16, by number of elements",
        ),
    ]
    mixed = least_share(study, "fgmp")
    if mixed is not None:
        tiles.append(
            Tile(
                "EMA saved, best FGMP codec for each tensor",
                percent(1 - mixed),
                "masks where there are zeros, dense where there are none",
            )
        )
    run_length = best_run_length(study, "fgmp")
    if run_length is not None:
        tiles.append(
            Tile(
                "Best run-length index with FGMP",
                run_length.removesuffix("-fgmp").removeprefix("rlc") + " bits",
                f"{percent(ratio(study.transfers, run_length))} of plain FP16",
            )
        )
    return tiles


def _transfer_row(study: TrafficStudy, one: Transfer, shown: list[str]) -> TransferRow:
    size = next(
        (
            found
            for found in study.tensors
            if (found.layer, found.tensor) == (one.layer, one.tensor)
            and found.part in ("whole", f"columns of {one.step}")
            and found.elements == one.elements
        ),
        None,
    )
    plain = one.bytes[PLAIN]
    return TransferRow(
        one,
        tensor_name(one.tensor),
        size.density if size else None,
        plain,
        [one.bytes[name] / plain for name in shown],
        min(study.names, key=lambda name: one.bytes[name]),
    )


def _contests(study: TrafficStudy) -> list[tuple[str, str, str]]:
    """Return pairs of codecs, and at which densities the first takes less than the second."""
    pairs = []
    for values in dict.fromkeys(one.values for one in study.codecs):
        mask = f"mask-{values}"
        if mask in study.names:
            rivals = [one.name for one in study.codecs if one.values == values and one.zeros != "mask"]
            pairs += [(rival, mask) for rival in rivals]
    return [(one, other, _ranges(takes_less(study, one, other))) for one, other in pairs]


def _ranges(found: list[tuple[float, float]]) -> str:
    texts = [percent(low) if low == high else f"{percent(low)} to {percent(high)}" for low, high in found]
    return ", ".join(texts) or "none"
