"""Figures of a study that its rows are made of: sums over layers, ratios of energies, shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from golden.geometry import Step
from golden.presets import find_preset
from regressions.fidelity.options import DENSE, HIGH_SPARSITY
from regressions.fidelity.records import (
    FidelityStudy,
    LayerRun,
    Machine,
    Mix,
    Network,
    Run,
    SweepPoint,
)

CHIP = "lnpu"
"""The preset that stands beside the published chip; its cores are those that were measured."""
DATA = ("X", "delta", "Y", "dX")
WITHOUT_DW = ("X", "W", "delta", "Y", "dX")


def cores() -> int:
    """Cores of the chip."""
    return find_preset(CHIP).cores


def curve(study: FidelityStudy, mix: Mix) -> list[SweepPoint]:
    """Return a sweep's points by sparsity."""
    return sorted((one for one in study.sweep if one.mix is mix), key=lambda one: one.asked)


def _at(study: FidelityStudy, mix: Mix, sparsity: float) -> Run:
    """Return the run of a sweep at one of the sparsities that every sweep has."""
    return next(one.run for one in study.sweep if one.mix is mix and one.asked == sparsity)


def high(study: FidelityStudy, mix: Mix = Mix.FGMP) -> Run:
    """Return the run at the sparsity that stands beside the published one."""
    return _at(study, mix, HIGH_SPARSITY)


def dense(study: FidelityStudy, mix: Mix) -> Run:
    """Return the run without zeros."""
    return _at(study, mix, DENSE)


def points(study: FidelityStudy) -> list[str]:
    """Name the operating points."""
    return [f"{one.voltage:g} V, {one.megahertz:g} MHz" for one in study.sweep[0].run.energy]


def chosen(study: FidelityStudy, machine: Machine, steps: Iterable[Step] = tuple(Step)) -> list[LayerRun]:
    """Return the layers of a way of use; where it makes no difference, those of the core as it is."""
    listed = set(steps)
    ways = {(one.layer, one.step, one.machine): one for one in study.layers}
    return [
        ways.get((one.layer, one.step, machine), one)
        for one in study.layers
        if one.machine is Machine.FGMP and one.step in listed
    ]


def weighted(runs: Iterable[LayerRun], value: Callable[[Run], float]) -> float:
    """Add up a figure of layers, one image and all columns of each."""
    return sum(one.weight * value(one.run) for one in runs)


def zero_macs(study: FidelityStudy, steps: Iterable[Step] = tuple(Step)) -> float | None:
    """Return the share of MACs that the RTL skipped; None without such steps."""
    runs = chosen(study, Machine.FGMP, steps)
    total = weighted(runs, lambda run: run.macs_total)
    return weighted(runs, lambda run: run.macs_skipped) / total if total else None


def energy_gain(
    study: FidelityStudy, over: Machine, point: int, steps: Iterable[Step] = tuple(Step)
) -> float | None:
    """Return the energy of another way of use over that of the core as it is."""
    steps = tuple(steps)
    base = weighted(chosen(study, Machine.FGMP, steps), lambda run: run.energy[point].total)
    if not base:
        return None
    return weighted(chosen(study, over, steps), lambda run: run.energy[point].total) / base


def speed_gain(study: FidelityStudy, over: Machine, steps: Iterable[Step] = tuple(Step)) -> float | None:
    """Return the cycles of another way of use over those of the core as it is."""
    steps = tuple(steps)
    base = weighted(chosen(study, Machine.FGMP, steps), lambda run: run.cycles)
    return weighted(chosen(study, over, steps), lambda run: run.cycles) / base if base else None


def most_speed_gain(study: FidelityStudy, over: Machine) -> float | None:
    """Return the greatest such ratio of a layer's step; None without layers."""
    pairs = zip(chosen(study, over), chosen(study, Machine.FGMP), strict=True)
    return max((other.run.cycles / base.run.cycles for other, base in pairs), default=None)


def watts(study: FidelityStudy, point: int) -> float | None:
    """Return the mean power of all the chip's cores over the layers; None without layers."""
    runs = chosen(study, Machine.FGMP)
    if not runs:
        return None
    picojoules = weighted(runs, lambda run: run.energy[point].total)
    seconds = weighted(runs, lambda run: run.cycles / (run.energy[point].megahertz * 1e6))
    return cores() * picojoules * 1e-12 / seconds


@dataclass(frozen=True)
class PartRow:
    """A part of a dense MAC's energy, pJ at an operating point, FP8 and FP16."""

    part: str
    fp8: float
    fp16: float

    @property
    def ratio(self) -> float | None:
        """FP8 over FP16."""
        return self.fp8 / self.fp16 if self.fp16 else None


def per_mac(run: Run, point: int) -> dict[str, float]:
    """Return the energy of a replay by part, pJ a MAC that was done."""
    energy = run.energy[point]
    done = run.macs_fp8 + run.macs_fp16
    parts = {**energy.logic, **energy.sram, "leakage": energy.leakage}
    return {part: pj / done for part, pj in parts.items()}


def part_rows(study: FidelityStudy, point: int) -> list[PartRow]:
    """Return the energy of a MAC by part, from the tile without zeros; the last row is all of it."""
    fp8, fp16 = (per_mac(dense(study, mix), point) for mix in (Mix.FP8, Mix.FP16))
    rows = [PartRow(part, fp8[part], fp16[part]) for part in fp8]
    return [*rows, PartRow("all", sum(fp8.values()), sum(fp16.values()))]


def shares(run: Run, point: int) -> dict[str, float]:
    """Return each part's share of a replay's energy, the largest first."""
    parts = per_mac(run, point)
    total = sum(parts.values())
    return dict(sorted(((part, pj / total) for part, pj in parts.items()), key=lambda pair: -pair[1]))


def fp8_share(network: Network, tensors: Sequence[str]) -> float:
    """Return the share of FP8 in what FGMP leaves of the non-zeros."""
    return 1 - _fp16(network, tensors, below=False)


def fp8_share_below(network: Network, tensors: Sequence[str]) -> float:
    """Return that share with all threshold exponents lower by one."""
    return 1 - _fp16(network, tensors, below=True)


def _fp16(network: Network, tensors: Sequence[str], *, below: bool) -> float:
    found = [layer.tensors[tensor] for layer in network.layers for tensor in tensors]
    left = sum(one.elements - one.zeros - one.flushed for one in found)
    return sum(one.fp16_below if below else one.fp16 for one in found) / left if left else 0.0


def data_share(network: Network, tensors: Sequence[str], *, stored: bool = False) -> float:
    """Return the share of some tensors in all traffic."""
    everything = [(one.tensor, one.stored if stored else one.plain) for one in network.traffic]
    return sum(size for tensor, size in everything if tensor in tensors) / sum(size for _, size in everything)


def saved(network: Network, tensors: Sequence[str] | None = None) -> float:
    """Return what storing as the chip does saves of the traffic of some tensors, or of all."""
    found = [one for one in network.traffic if tensors is None or one.tensor in tensors]
    return 1 - sum(one.stored for one in found) / sum(one.plain for one in found)
