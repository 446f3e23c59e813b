"""Figures over several replays, each a ratio of sums (never a mean of ratios, unless its name says mean)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from golden.geometry import Step
from golden.presets import find_preset
from regressions.results import LayerShape, Replay, Results

MODEL_TOLERANCE = 0.02
MODEL_TOLERANCE_CYCLES = 32
ROOF_TARGET, ROOF_BATCH, ROOF_MEMORY = 0.85, 16, 16
"""Share of the roofline, mean of FP and WG of 3x3 kernels, at a batch and with a memory's bytes a cycle."""
ROOF_KERNEL = 3
MEAN_TARGET = 0.90
EACH_TARGET = 0.78


@dataclass(frozen=True)
class Totals:
    """Sums over the replays that were measured, and the ratios they give (`None` where there are none)."""

    replays: int
    cycles: int
    utilization: float | None
    utilization_balancer_off: float | None
    speedup: float | None
    zero_macs: float | None
    fp8_macs: float | None
    fp8_elements: float | None
    fp16_elements: float | None
    ema_saved: float | None
    ema_bytes: int
    ema_bytes_fp16: int
    energy_pj: float
    on_chip_pj: float
    roof_reached: float | None


def measured(replays: Iterable[Replay]) -> list[Replay]:
    """Return the replays that ran to their end."""
    return [replay for replay in replays if replay.cycles is not None and replay.macs_total is not None]


def total(replays: Iterable[Replay]) -> Totals:
    """Return the totals of `replays`."""
    ran = measured(replays)
    cycles = _sum(ran, "cycles")
    macs = _sum(ran, "macs_total")
    fp8, fp16 = _sum(ran, "macs_fp8"), _sum(ran, "macs_fp16")
    both = [replay for replay in ran if replay.utilization_balancer_off]
    off_cycles = sum((one.ideal_cycles or 0) / (one.utilization_balancer_off or 1) for one in both)
    non_zeros = [_non_zero_elements(replay) for replay in ran]
    fp8_elements = [
        count * (1 - (one.a_fp16_fraction or 0)) for one, count in zip(ran, non_zeros, strict=True)
    ]
    stored, plain = int(_sum(ran, "ema_bytes")), int(_sum(ran, "ema_bytes_fp16"))
    energies = [replay.energy_pj for replay in ran if replay.energy_pj is not None]
    on_chip = [replay for replay in ran if replay.chip is not None]
    fp8_share = _ratio(sum(fp8_elements), sum(non_zeros))
    return Totals(
        replays=len(ran),
        cycles=int(cycles),
        utilization=_ratio(_sum(ran, "ideal_cycles"), cycles),
        utilization_balancer_off=_ratio(_sum(both, "ideal_cycles"), off_cycles),
        speedup=_ratio(_sum(ran, "dense_fp16_cycles"), cycles),
        zero_macs=_ratio(_sum(ran, "macs_skipped"), macs),
        fp8_macs=_ratio(fp8, fp8 + fp16),
        fp8_elements=fp8_share,
        fp16_elements=None if fp8_share is None else 1 - fp8_share,
        ema_saved=None if not plain else 1 - stored / plain,
        ema_bytes=stored,
        ema_bytes_fp16=plain,
        energy_pj=sum(energy.total for energy in energies),
        on_chip_pj=sum(energy.on_chip for energy in energies),
        roof_reached=_ratio(sum(roof_cycles(one) for one in on_chip), _sum(on_chip, "cycles")),
    )


def by_step(replays: Sequence[Replay]) -> dict[Step, list[Replay]]:
    """Return the replays of each step that occurs, in the order FP, BP, WG."""
    groups = {step: [replay for replay in replays if replay.step is step] for step in Step}
    return {step: group for step, group in groups.items() if group}


def layers(replays: Sequence[Replay]) -> list[str]:
    """Return the layers' names in the order of their first replay, which is the network's."""
    return list(dict.fromkeys(replay.layer for replay in replays))


def model_deviation(replay: Replay) -> float | None:
    """Return cycles against the golden model's, as a fraction of the model's."""
    if replay.cycles is None or not replay.model_cycles:
        return None
    return replay.cycles / replay.model_cycles - 1


def share_of_tolerance(replay: Replay) -> float:
    """Return how far cycles are from the model's, of the max(2 %, 32 cycles) allowed."""
    if replay.cycles is None or replay.model_cycles is None:
        return 0.0
    allowed = max(MODEL_TOLERANCE * replay.model_cycles, MODEL_TOLERANCE_CYCLES)
    return abs(replay.cycles - replay.model_cycles) / allowed


def outside_model(replay: Replay) -> bool:
    """Return whether cycles differ from the model's by more than is allowed."""
    return share_of_tolerance(replay) > 1


def ema_saved(replay: Replay) -> float | None:
    """Return the share of plain FP16's bytes that storage saves."""
    if replay.ema_bytes is None or not replay.ema_bytes_fp16:
        return None
    return 1 - replay.ema_bytes / replay.ema_bytes_fp16


def roof_cycles(replay: Replay) -> float:
    """Return the least cycles by a chip's roofline: those of its work or those of its bytes."""
    if replay.chip is None:
        return 0.0
    return max(replay.chip.roofline.compute_cycles, replay.chip.roofline.memory_cycles)


def under_roof_target(results: Results) -> list[Replay]:
    """Return the replays that the target of the roofline speaks of: FP and WG of 3x3 kernels."""
    return [
        replay
        for replay in measured(results.replays)
        if replay.chip is not None and replay.step is not Step.BP and replay.geometry.kernel == ROOF_KERNEL
    ]


def under_target(results: Results) -> list[Replay]:
    """Return the replays that the utilization targets speak of: FP and WG, without the stem and FC.

    The stem is a layer with fewer in-channels than the core has lines, which cannot fill them; FC is a 1x1
    kernel on one pixel.
    """
    lines = find_preset(results.run.preset).lines
    return [
        replay
        for replay in measured(results.replays)
        if replay.step is not Step.BP
        and replay.geometry.in_channels >= lines
        and not is_fully_connected(replay.geometry)
    ]


def is_fully_connected(shape: LayerShape) -> bool:
    """Return whether the layer is a 1x1 kernel on one pixel an image."""
    return shape.kernel == shape.in_height == shape.in_width == 1


def _non_zero_elements(replay: Replay) -> float:
    """Return the non-zeros of the A tensor: δ in BP, else X."""
    shape = replay.geometry
    if replay.step is Step.BP:
        pixels = [
            (side + 2 * shape.padding - shape.kernel) // shape.stride + 1
            for side in (shape.in_height, shape.in_width)
        ]
        elements = shape.batch * shape.out_channels * pixels[0] * pixels[1]
    else:
        elements = shape.batch * shape.in_channels * shape.in_height * shape.in_width
    return elements * (1 - (replay.a_zero_fraction or 0))


def _sum(replays: Iterable[Replay], name: str) -> float:
    return sum(getattr(replay, name) or 0 for replay in replays)


def _ratio(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None
