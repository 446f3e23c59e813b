"""Rows about the hardware: energy, power, SRAM, peak."""

from __future__ import annotations

from golden.geometry import Step
from golden.memories import SRAM_LIMIT_BYTES, sram_split
from golden.power.operating import PUBLISHED, PUBLISHED_W
from golden.presets import PE_COLUMNS, find_preset
from regressions.fidelity.options import COMMAND, HIGH_SPARSITY
from regressions.fidelity.records import OPERATIONS, FidelityStudy, Machine, Mix
from reports import published
from reports.fidelity.figures import (
    CHIP,
    PartRow,
    cores,
    dense,
    energy_gain,
    high,
    most_speed_gain,
    part_rows,
    points,
    shares,
    speed_gain,
    watts,
)
from reports.fidelity.row import (
    ISSCC,
    POSTER,
    SSCL,
    THESIS,
    Row,
    Standing,
    covered,
    judged,
    near,
    standing,
    times,
)
from reports.text import MISSING, percent, ratio

POWER = "./run power"
LISTED = 4
"""Most parts that the row of FP8 against FP16 names, and that must explain it."""


def _gains(study: FidelityStudy, over: Machine) -> list[tuple[str, str]]:
    """Return gains in energy at each point and by step, and in cycles."""
    found = [(name, times(energy_gain(study, over, place))) for place, name in enumerate(points(study))]
    found += [(f"{step}, at the first", times(energy_gain(study, over, 0, [step]))) for step in Step]
    return [*found, ("cycles", times(speed_gain(study, over)))]


def _coverage(study: FidelityStudy) -> list[tuple[str, str]]:
    """Return an entry that says of what the others are, if not of all layers and steps."""
    part = covered(study)
    return [] if part is None else [("all of it from", part)]


def over_dense_row(study: FidelityStudy) -> Row:
    """Energy over that without FP8 and skipping."""
    value = energy_gain(study, Machine.DENSE_FP16, 0)
    is_near = near(value, published.GAIN)
    return Row(
        "Energy gain over dense FP16",
        f"{published.GAIN} × in ResNet-18 training",
        f"{THESIS}; over what is not in its abstract",
        [*_gains(study, Machine.DENSE_FP16), *_coverage(study)],
        "the same layers on the same core, every zero of A replaced by a number and all of it in FP16, so "
        "that nothing is skipped; energy of the core, external memory left out",
        COMMAND,
        *judged(
            study,
            standing(is_near, False),
            ""
            if is_near
            else "what the published gain is over, and whether it holds external memory, is not public",
        ),
    )


def over_sparse_row(study: FidelityStudy) -> Row:
    """Energy over that without FP8."""
    value = energy_gain(study, Machine.SPARSE_FP16, 0)
    is_near = near(value, published.GAIN_OVER_SPARSE_FP16)
    limit = dense(study, Mix.FP16).energy[0].total / dense(study, Mix.FP8).energy[0].total
    explained = limit < published.GAIN_OVER_SPARSE_FP16
    return Row(
        "Energy gain over sparse FP16",
        f"{published.GAIN_OVER_SPARSE_FP16} ×",
        SSCL,
        [*_gains(study, Machine.SPARSE_FP16), *_coverage(study)],
        "the same layers with all elements in FP16, zeros skipped as before",
        COMMAND,
        *judged(
            study,
            standing(is_near, explained),
            ""
            if is_near
            else f"An FP16 element costs {ratio(limit)} times an FP8 one on {study.run.tile} without zeros: "
            "so much, and no more, could be gained if FP8 covered everything. Why it is not four times: the "
            "row of FP8 against FP16.",
        ),
    )


def over_no_balancer_row(study: FidelityStudy) -> Row:
    """Energy over that without the load balancer."""
    return Row(
        "Energy gain over no load balancer",
        MISSING,
        "",
        [
            *_gains(study, Machine.NO_BALANCER),
            ("cycles, most of a layer", times(most_speed_gain(study, Machine.NO_BALANCER))),
            *_coverage(study),
        ],
        "the same layers with the balancer off (channel c on line c mod 8); WG has no use of it",
        COMMAND,
        Standing.UNPUBLISHED,
        "",
    )


def fp8_energy_row(study: FidelityStudy) -> Row:
    """FP8 against FP16, by part."""
    parts = {one.part: one for one in part_rows(study, 0)}
    logic = [one for part, one in parts.items() if part in study.sweep[0].run.energy[0].logic]
    alone = sum(one.fp8 for one in logic) / sum(one.fp16 for one in logic)
    everything = parts.pop("all")
    value = everything.ratio
    listed = sorted(parts.values(), key=_beyond, reverse=True)[:LISTED]
    without = (everything.fp8 - sum(map(_beyond, listed))) / everything.fp16
    is_near = near(value, published.FP8_ENERGY)
    return Row(
        "Energy of an FP8 operation over an FP16 one",
        f"about {ratio(published.FP8_ENERGY)}",
        ISSCC,
        [
            ("logic and memories", ratio(value)),
            ("logic", ratio(alone)),
            ("multipliers", ratio(parts["multiplier"].ratio)),
            ("tile", study.run.tile),
        ],
        f"{study.run.tile} without zeros, all FP8 against all FP16, {points(study)[0]}",
        COMMAND,
        standing(is_near, near(without, published.FP8_ENERGY)),
        ""
        if is_near
        else "What does not shrink fourfold with the operand: "
        + ", ".join(f"{one.part} {ratio(one.ratio)}" for one in listed)
        + f"; if these did, it would be {ratio(without)}. ./run power measures the same on gates.",
    )


def _beyond(part: PartRow) -> float:
    """Return what a part of FP8's energy has beyond the published share of FP16's."""
    return part.fp8 - published.FP8_ENERGY * part.fp16


def efficiency_row(study: FidelityStudy) -> Row:
    """Efficiency at high sparsity, beside the title's."""
    names, run, full = points(study), high(study), dense(study, Mix.FP16)
    ours = [
        (f"{name}, {percent(run.zeros, 0)} zeros", f"{run.efficiency(i):.1f}") for i, name in enumerate(names)
    ]
    ours += [
        (f"{mix} alone, {names[0]}", f"{high(study, mix).efficiency(0):.1f}") for mix in (Mix.FP8, Mix.FP16)
    ]
    ours.append(("tile", study.run.tile))
    value = max(run.efficiency(place) for place in range(len(names)))
    gaps = []
    for place, point in enumerate(PUBLISHED):
        peak = published.PEAK_FP16 * point.frequency / PUBLISHED[-1].frequency / PUBLISHED_W[point] / 1e12
        gaps.append(f"{ratio(peak)} published, {ratio(full.efficiency(place))} ours at {names[place]}")
    largest = list(shares(run, 0).items())[:4]
    return Row(
        "Energy efficiency at high input sparsity",
        f"{published.EFFICIENCY} TFLOPS/W",
        f"{ISSCC}, title; at which sparsity and operating point is not public",
        ours,
        f"{study.run.tile} at {percent(HIGH_SPARSITY, 0)} of zeros: measured cycles and counters, "
        f"{OPERATIONS} operations for every MAC, skipped or not; energy of the core by events, external "
        "memory and central core left out",
        COMMAND,
        standing(near(value, published.EFFICIENCY), False),
        f"Dense in FP16, had the published power been drawn at the derived peak: {'; '.join(gaps)} "
        f"(TFLOPS/W). Ours goes at {percent(HIGH_SPARSITY, 0)} to "
        + ", ".join(f"{part} {percent(share, 0)}" for part, share in largest)
        + ". What LNPU's goes to, and its process' energies, are not public.",
    )


def power_row(study: FidelityStudy) -> Row:
    """Power at the published points."""
    found = [watts(study, place) for place in range(len(points(study)))]
    wanted = [PUBLISHED_W[point] for point in PUBLISHED]
    is_near = all(near(one, target) for one, target in zip(found, wanted, strict=True))
    return Row(
        "Power",
        "; ".join(f"{1e3 * PUBLISHED_W[point]:g} mW at {point.text}" for point in PUBLISHED),
        POSTER,
        [
            (name, MISSING if one is None else f"{1e3 * one:.0f} mW")
            for name, one in zip(points(study), found, strict=True)
        ]
        + _coverage(study),
        f"mean over the layers as FGMP stores them, {cores()} cores busy; central core left out",
        COMMAND,
        *judged(
            study,
            standing(is_near, False),
            ""
            if is_near
            else "energies are of 45 nm by one calibrated factor (./run power); LNPU's process is 65 nm",
        ),
    )


def sram_row() -> Row:
    """SRAM of the chip."""
    split = sram_split(find_preset(CHIP))
    total = sum(split.values())
    return Row(
        "SRAM",
        f"{SRAM_LIMIT_BYTES / 1024:g} KB",
        POSTER,
        [("all", f"{total / 1024:g} KB"), *((name, f"{size / 1024:g} KB") for name, size in split.items())],
        f"memories of preset {CHIP}; queues and masks in registers are beside it",
        COMMAND,
        standing(near(total, SRAM_LIMIT_BYTES), False),
        "",
    )


def peak_row(study: FidelityStudy) -> Row:
    """Peak, by PEs and reached."""
    preset = find_preset(CHIP)
    clock = PUBLISHED[-1].frequency
    fp16 = OPERATIONS * preset.cores * preset.lines * preset.pes * clock
    fp8 = PE_COLUMNS * fp16
    ours = [("FP16", f"{fp16 / 1e9:.0f} GFLOPS"), ("FP8", f"{fp8 / 1e9:.0f} GFLOPS")]
    for mix in (Mix.FP16, Mix.FP8):
        reached = cores() * dense(study, mix).flops(len(PUBLISHED) - 1)
        ours.append((f"{mix}, reached on the dense tile", f"{reached / 1e9:.0f} GFLOPS"))
    is_near = near(fp16, published.PEAK_FP16) and near(fp8, published.PEAK_FP8)
    return Row(
        "Peak without sparsity at 200 MHz",
        f"about {published.PEAK_FP16 / 1e9:.0f} (FP16) and {published.PEAK_FP8 / 1e9:.0f} GFLOPS (FP8)",
        "derived from power and efficiency",
        ours,
        "PEs times clock; reached: measured cycles of "
        f"{study.run.tile} without zeros, operand loads included, times {cores()} cores",
        COMMAND,
        standing(is_near, False),
        "",
    )


def clock_row() -> Row:
    """Highest clock: published alone."""
    return Row(
        "Highest clock",
        f"{PUBLISHED[-1].frequency / 1e6:g} MHz",
        POSTER,
        [],
        "operating points of the event model are the published ones",
        POWER,
        Standing.UNMEASURED,
        "the core is mapped to gates but neither placed nor timed: a clock of ours would be an assumption",
    )


def die_row() -> Row:
    """Area of the die: published alone."""
    return Row(
        "Die",
        f"{published.DIE_EDGE} mm x {published.DIE_EDGE} mm",
        POSTER,
        [],
        "./run power gives the area of one core's mapped cells, in its library's unit and process",
        POWER,
        Standing.UNMEASURED,
        "there is no layout: cells of another process without memories, wires, clock tree, pads are no die",
    )
