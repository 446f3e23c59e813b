"""What the page says of replays on the chip: hardware, SRAM, traffic by tensor, occupancy over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from golden.chip.plan import RESULT_TENSOR
from golden.geometry import Step
from regressions.chip.records import ChipHardware, TensorTraffic
from regressions.results import Replay, Results
from reports.page.chip_charts import added, on_chip, tensor_class, tensor_name
from reports.page.heat import heat_uri
from reports.page.totals import by_step, layers
from reports.text import count, percent, ratio


@dataclass(frozen=True)
class TrafficRow:
    """Bytes of one tensor of one step, or a sum; `saved` is against plain FP16."""

    step: str
    name: str
    css: str
    moved: TensorTraffic
    saved: float | None


@dataclass(frozen=True)
class Picture:
    """Cores' occupancy over time in one replay: address of the picture, caption, text shown over it."""

    source: str
    caption: str
    tip: str


@dataclass(frozen=True)
class MemoryRow:
    """A kind of memory of the chip, its bytes and its share of the limit."""

    name: str
    bytes: int
    share: float


@dataclass(frozen=True)
class ChipPage:
    """All that the page's section on the chip shows.

    Attributes
    ----------
    sram, registers : list of MemoryRow
    sram_total, sram_limit : int
    traffic, traffic_sums : list of TrafficRow
    pictures : list
        Layer, and the picture of each step (None: not measured).
    """

    hardware: ChipHardware
    sram: list[MemoryRow]
    registers: list[MemoryRow]
    sram_total: int
    sram_limit: int
    traffic: list[TrafficRow]
    traffic_sums: list[TrafficRow]
    pictures: list[tuple[str, list[Picture | None]]]


def chip_page(results: Results) -> ChipPage | None:
    """Return the section; None of a run on one core."""
    hardware = results.run.hardware
    if hardware is None:
        return None
    limit = hardware.sram_limit_bytes

    def rows(split: dict[str, int]) -> list[MemoryRow]:
        return [MemoryRow(name.replace("_", " "), size, size / limit) for name, size in split.items()]

    return ChipPage(
        hardware=hardware,
        sram=rows(hardware.sram_bytes),
        registers=rows(hardware.register_bytes),
        sram_total=sum(hardware.sram_bytes.values()),
        sram_limit=limit,
        traffic=traffic_rows(results.replays),
        traffic_sums=traffic_sums(results.replays),
        pictures=pictures(results.replays),
    )


def traffic_rows(replays: Sequence[Replay]) -> list[TrafficRow]:
    """Return a row for each step and tensor, summed over layers."""
    rows = []
    for step, group in by_step(replays).items():
        measured = on_chip(group)
        names = list(dict.fromkeys(name for _, chip in measured for name in chip.traffic))
        for name in names:
            moved = added([chip.traffic[name] for _, chip in measured if name in chip.traffic])
            if moved.total or moved.plain:
                rows.append(_row(str(step), name, moved))
    return rows


def traffic_sums(replays: Sequence[Replay]) -> list[TrafficRow]:
    """Return the sums: reads, writes, reads and FGMP outputs, everything."""
    everything = added([one for _, chip in on_chip(replays) for one in chip.traffic.values()])
    outputs = added(
        [
            chip.traffic[RESULT_TENSOR[replay.step]]
            for replay, chip in on_chip(replays)
            if chip.output == "fgmp"
        ]
    )
    reads = TensorTraffic(everything.read, 0, everything.plain_read, 0)
    writes = TensorTraffic(0, everything.written, 0, everything.plain_written)
    return [
        _row("all", "reads", reads),
        _row("all", "writes", writes),
        _row("all", "reads and FGMP outputs", added([reads, outputs])),
        _row("all", "everything", everything),
    ]


def pictures(replays: Sequence[Replay]) -> list[tuple[str, list[Picture | None]]]:
    """Return for each layer the pictures of its steps, in the order of `Step`."""
    by_place = {(replay.layer, replay.step): replay for replay in replays}
    return [(layer, [picture(by_place.get((layer, step))) for step in Step]) for layer in layers(replays)]


def picture(replay: Replay | None) -> Picture | None:
    """Return the picture of a replay, if it was measured on a chip."""
    if replay is None or replay.chip is None or not replay.chip.occupancy.busy:
        return None
    chip = replay.chip
    caption = f"{count(replay.cycles)} cycles, {ratio(replay.utilization)} of the PEs"
    tip = (
        f"{replay.name}\n{chip.jobs} jobs in {chip.waves} waves"
        f"\na pixel is {chip.occupancy.bin_cycles} cycles"
        f"\nutilization {ratio(replay.utilization, 3)}, {percent(chip.roofline.reached)} of its roof"
    )
    return Picture(heat_uri(chip.occupancy.busy), caption, tip)


def _row(step: str, name: str, moved: TensorTraffic) -> TrafficRow:
    saved = 1 - moved.total / moved.plain if moved.plain else None
    return TrafficRow(step, tensor_name(name), tensor_class(name), moved, saved)
