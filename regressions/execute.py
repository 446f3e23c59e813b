"""One replay from its operands to its record: simulate, compare, measure."""

from __future__ import annotations

import json
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

from golden.counters import (
    dense_fp16_cycles,
    ema_bytes,
    ema_bytes_fp16,
    ideal_cycles,
    work_counters,
)
from golden.energy import energy_pj
from golden.fgmp import FgmpTensor, encode
from golden.geometry import Step
from golden.lowering import Lowering
from golden.memories import sram_accesses
from golden.schedule import launches, predicted_counters, replay_cycles
from golden.streams import CoreStreams
from regressions.dump import write_dump
from regressions.failure import first_mismatch
from regressions.json_codec import encode as to_json
from regressions.operands import ReplaySettings, replay_input, replay_name
from regressions.results import Counter, Energy, LayerShape, Status
from regressions.results import Replay as Record
from regressions.traces import Trace
from tb.cocotb_simulation import SimulationError, run_simulation
from tb.core.replay import Replay, ReplayInputError, ReplayOutcome
from tb.toolchain import BuildResult

TOP = "core_sim"
TEST_MODULE = "tb.core.cocotb_replay"

WATCHDOG_FACTOR = 4
"""A launch is given up after so many times its predicted cycles ..."""
WATCHDOG_CYCLES = 20_000
"""... and so many cycles more."""
WATCHDOG_STALL_FACTOR = 10
"""Random stalls slow a replay down; the watchdog then waits so many times longer."""
SLOWEST_CYCLES_PER_S = 2_000
"""A simulator slower than this (waves on, machine overloaded) counts as hung."""
START_S = 120.0

STALLS = ("wait_a", "wait_b", "wait_queue", "idle")
WORK_COUNTERS = ("macs_fp8", "macs_fp16", "macs_skipped")
RECORD = "replay.json"
COVERAGE = "coverage.dat"
WAVES = "waves.vcd"


@dataclass(frozen=True)
class Order:
    """What a worker needs to run one replay; all of it goes through a file of the plan."""

    trace: Path
    layer: str
    step: Step
    settings: ReplaySettings
    folder: Path
    build: BuildResult
    waves: bool
    coverage: bool
    dump: Path | None
    rerun: str

    @property
    def name(self) -> str:
        """Name of the replay."""
        return replay_name(self.layer, self.step)

    def to_json(self) -> dict[str, object]:
        """Return the order as plain values."""
        return json.loads(json.dumps(asdict(self), default=str))  # type: ignore[no-any-return]

    @staticmethod
    def from_json(values: dict[str, object]) -> Order:
        """Return the order that `to_json` wrote."""
        fields = dict(values)
        settings, build = fields.pop("settings"), fields.pop("build")
        trace, step, folder, dump = (fields.pop(name) for name in ("trace", "step", "folder", "dump"))
        assert isinstance(settings, dict)
        assert isinstance(build, dict)
        return Order(
            trace=Path(str(trace)),
            step=Step(str(step)),
            settings=ReplaySettings(**settings),
            folder=Path(str(folder)),
            build=BuildResult(Path(build["dir"]), Path(build["artifact"]), bool(build["cached"])),
            dump=Path(str(dump)) if dump else None,
            **fields,  # type: ignore[arg-type]
        )


def execute(order: Order) -> Record:
    """Run a replay and write its record into its folder; a problem becomes a record in `error`."""
    begin = time.monotonic()
    order.folder.mkdir(parents=True, exist_ok=True)
    trace = Trace.open(order.trace, verify=False)
    shape = LayerShape.of(trace.geometry(order.layer))
    try:
        record = _run(order, trace, shape, begin)
    except (SimulationError, ReplayInputError, OSError, ValueError, MemoryError) as error:
        record = error_record(order, shape, time.monotonic() - begin, str(error))
    except Exception:
        record = error_record(order, shape, time.monotonic() - begin, traceback.format_exc())
    (order.folder / RECORD).write_text(json.dumps(to_json(record)), encoding="utf-8")
    return record


def error_record(order: Order, shape: LayerShape, wall_s: float, message: str) -> Record:
    """Return the record of a replay that did not finish."""
    return Record(
        layer=order.layer,
        step=order.step,
        status=Status.ERROR,
        geometry=shape,
        seed=order.settings.seed,
        rerun=order.rerun,
        wall_s=wall_s,
        message=message,
    )


def _run(order: Order, trace: Trace, shape: LayerShape, begin: float) -> Record:
    source = replay_input(trace.load(order.layer), order.step, order.settings)
    replay = Replay(source)
    columns = len(source.columns)
    model_cycles = replay_cycles(replay.streams, columns)
    launch_count = launches(replay.streams, columns)
    outcome, simulated_s = _simulate(order, replay, model_cycles, launch_count)
    if order.dump is not None:
        write_dump(order.dump / f"{order.name}.npz", replay, outcome)
    mismatches = int(outcome.mismatches(replay.expected).sum())
    work = work_counters(replay.lowering, replay.a, columns)
    model = {name: int(getattr(work, name)) for name in WORK_COUNTERS}
    model |= {
        name: launch_count * count for name, count in asdict(predicted_counters(replay.streams)).items()
    }
    counters = {name: Counter(outcome.counters[name], count) for name, count in model.items()}
    unequal = [name for name, counter in counters.items() if counter.rtl != counter.model]
    problem = outcome.problem
    if problem is None and not mismatches and unequal:
        problem = "counters differ from the golden model: " + ", ".join(
            f"{name} {counters[name].rtl} instead of {counters[name].model}" for name in unequal
        )
    preset = replay.lowering.preset
    ideal, dense = ideal_cycles(work, preset), dense_fp16_cycles(work, preset)
    other_cycles = replay_cycles(_other_streams(replay), columns) if source.balancer else None
    b_columns = _b_of_columns(replay)
    stored = ema_bytes(replay.a, b_columns, outcome.product.size)
    energy = energy_pj(
        {
            **{name: outcome.counters[name] for name in WORK_COUNTERS},
            "adder_tree_adds": outcome.counters["tree_rows"] * (preset.lines - 1) * preset.columns,
            "psum_adds": outcome.counters["psum_rows"] * preset.columns,
            "sram": sram_accesses(outcome.counters, preset, order.step is Step.WG),
            "cycles": outcome.cycles,
            "external_bytes": stored,
        },
        preset,
    )
    return Record(
        layer=order.layer,
        step=order.step,
        status=Status.FAIL if mismatches or problem else Status.PASS,
        geometry=shape,
        seed=order.settings.seed,
        rerun=order.rerun,
        wall_s=time.monotonic() - begin,
        elements=outcome.product.size,
        mismatches=mismatches,
        cycles=outcome.cycles,
        model_cycles=model_cycles,
        ideal_cycles=ideal,
        utilization=ideal / outcome.cycles,
        model_cycles_balancer_off=other_cycles,
        utilization_balancer_off=ideal / other_cycles if other_cycles else None,
        a_zero_fraction=replay.a.zero_fraction,
        a_fp16_fraction=replay.a.fp16_fraction,
        macs_total=work.macs_total,
        macs_fp8=outcome.counters["macs_fp8"],
        macs_fp16=outcome.counters["macs_fp16"],
        macs_skipped=outcome.counters["macs_skipped"],
        dense_fp16_cycles=dense,
        speedup_over_dense_fp16=dense / outcome.cycles,
        ema_bytes=stored,
        ema_bytes_fp16=ema_bytes_fp16(replay.a, b_columns, outcome.product.size),
        energy_pj=Energy(**energy),
        macs_per_second=(outcome.counters["macs_fp8"] + outcome.counters["macs_fp16"]) / simulated_s,
        stalls={name: outcome.counters[name] for name in STALLS},
        counters=counters,
        message=problem,
        failure=first_mismatch(replay, outcome, f"{order.rerun} --waves") if mismatches else None,
    )


def _simulate(order: Order, replay: Replay, cycles: int, launches: int) -> tuple[ReplayOutcome, float]:
    """Run the simulator; returns what it made of the replay and the wall time of its launches in seconds."""
    given, made = order.folder / "input.npz", order.folder / "output.npz"
    made.unlink(missing_ok=True)
    replay.source.save(given)
    slow = WATCHDOG_STALL_FACTOR if order.settings.stall_permille else 1
    limit = slow * (WATCHDOG_FACTOR * -(-cycles // launches) + WATCHDOG_CYCLES)
    environment = {"REPLAY_INPUT": str(given), "REPLAY_OUTPUT": str(made), "REPLAY_LIMIT": str(limit)}
    run_simulation(
        order.build,
        TOP,
        TEST_MODULE,
        order.folder,
        environment=environment,
        seed=replay.source.seed,
        waves=order.folder / WAVES if order.waves else None,
        arguments=[f"+verilator+coverage+file+{order.folder / COVERAGE}"] if order.coverage else [],
        timeout_s=START_S + limit * launches / SLOWEST_CYCLES_PER_S,
    )
    return ReplayOutcome.load(made)


def _other_streams(replay: Replay) -> CoreStreams:
    """Streams of the same replay with the balancer off."""
    lowering = replay.lowering
    plain = Lowering(lowering.geometry, lowering.step, lowering.preset, lowering.costs, balancer=False)
    return CoreStreams(plain, replay.a)


def _b_of_columns(replay: Replay) -> FgmpTensor:
    """B of the replayed columns alone, encoded as the whole is."""
    source = replay.source
    axis = 0 if source.step is Step.FP else 1
    return encode(source.b.take(source.columns, axis=axis), source.b_fmt, source.b_e_thr)
