"""What the table of layers x steps shows, row by row."""

from __future__ import annotations

from dataclasses import dataclass

from golden.energy import COMPONENTS
from regressions.results import Energy, Replay, Results, Status
from reports.page.totals import Totals, by_step, ema_saved, model_deviation, outside_model, total
from reports.text import energy, percent


@dataclass(frozen=True)
class Column:
    """A column: label, explanation, and how it sorts (``text``, ``number``, or not: ``none``)."""

    label: str
    explanation: str
    kind: str


COLUMNS = (
    Column("Layer", "Layer, in the network's order", "text"),
    Column("Step", "FP forward, BP error propagation, WG weight gradient", "text"),
    Column("Status", "Failures and errors link to their card", "text"),
    Column("Cycles", "Start to last result accepted, operand loads included", "number"),
    Column(
        "vs model", "Cycles against the golden model's; marked when outside max(2 %, 32 cycles)", "number"
    ),
    Column("Utilization", "Ideal cycles / cycles", "number"),
    Column("Bal. off", "Utilization with the input load balancer off (golden model)", "number"),
    Column("× dense FP16", "Cycles of dense FP16 on the same PEs / cycles", "number"),
    Column("Zeros", "Zero elements of A, after FGMP; in the totals, skipped MACs", "number"),
    Column("FP16", "FP16 share of A's non-zeros", "number"),
    Column("EMA saved", "External memory bytes saved against plain FP16", "number"),
    Column("Energy", "First estimate, external memory included", "number"),
    Column("by component", "Shares of multiplier, adder, SRAM, control, leakage and external memory", "none"),
)
BALANCER_COLUMN = "Bal. off"
ROOF_COLUMN = Column("Of roof", "Utilization over what the layer's roofline allows", "number")
BOUND_COLUMN = Column(
    "vs bound", "Cycles against the larger of memory and cores alone; a bound, not a model: no gate", "number"
)
MODEL_COLUMN = "vs model"
STATUS_ORDER = (Status.FAIL, Status.ERROR, Status.PASS)


@dataclass(frozen=True)
class ReplayRow:
    """A replay with what follows from its figures; layer and status sort by the orders given."""

    order: int
    status_order: int
    replay: Replay
    deviation: float | None
    outside: bool
    saved: float | None
    shares: list[tuple[str, float]]
    share_text: str
    beside: float | None


@dataclass(frozen=True)
class TotalRow:
    """The sums of one step, or of all."""

    name: str
    sums: Totals
    deviation: float | None
    shares: list[tuple[str, float]]
    share_text: str
    beside: float | None


def columns(level: str) -> tuple[Column, ...]:
    """Return the table's columns: on a chip the roofline stands in the balancer's place."""
    if level == "core":
        return COLUMNS
    other = {BALANCER_COLUMN: ROOF_COLUMN, MODEL_COLUMN: BOUND_COLUMN}
    return tuple(other.get(column.label, column) for column in COLUMNS)


def row(order: int, replay: Replay) -> ReplayRow:
    """Return the row of `replay`, the one at place `order`."""
    return ReplayRow(
        order=order,
        status_order=STATUS_ORDER.index(replay.status),
        replay=replay,
        deviation=model_deviation(replay),
        outside=replay.chip is None and outside_model(replay),
        saved=ema_saved(replay),
        shares=_shares(replay.energy_pj),
        share_text=_share_text(replay.energy_pj),
        beside=replay.utilization_balancer_off if replay.chip is None else replay.chip.roofline.reached,
    )


def total_rows(results: Results) -> list[TotalRow]:
    """Return the foot of the table: a row a step, and one for all."""
    groups = {str(step): group for step, group in by_step(results.replays).items()}
    return [_total_row(name, group) for name, group in [*groups.items(), ("all", results.replays)]]


def _total_row(name: str, replays: list[Replay]) -> TotalRow:
    timed = [(one.cycles, one.model_cycles) for one in replays if one.cycles is not None and one.model_cycles]
    model = sum(predicted or 0 for _, predicted in timed)
    energies = [replay.energy_pj for replay in replays if replay.energy_pj is not None]
    summed = (
        Energy(*(sum(getattr(one, part) for one in energies) for part in COMPONENTS)) if energies else None
    )
    sums = total(replays)
    return TotalRow(
        name=name,
        sums=sums,
        deviation=sum(cycles for cycles, _ in timed) / model - 1 if model else None,
        shares=_shares(summed),
        share_text=_share_text(summed),
        beside=sums.utilization_balancer_off if sums.roof_reached is None else sums.roof_reached,
    )


def _shares(parts: Energy | None) -> list[tuple[str, float]]:
    if parts is None or not parts.total:
        return []
    return [(name, getattr(parts, name) / parts.total) for name in COMPONENTS]


def _share_text(parts: Energy | None) -> str:
    if parts is None:
        return ""
    lines = (f"{name} {energy(getattr(parts, name))} ({percent(share)})" for name, share in _shares(parts))
    return "\n".join(lines)
