"""One replay from its operands to its record: simulate, compare, measure."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, fields

from golden.counters import (
    WorkCounters,
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
from golden.schedule import PredictedCounters, launches, predicted_counters, replay_cycles
from golden.streams import CoreStreams
from regressions.chip.replay import run_chip_replay
from regressions.dump import write_dump
from regressions.failure import first_mismatch
from regressions.json_codec import encode as to_json
from regressions.operands import replay_input
from regressions.order import COVERAGE, RECORD, WAVES, Order, error_record
from regressions.problems import explain, writing
from regressions.results import Counter, Energy, Status
from regressions.results import Replay as Record
from regressions.traces import Trace
from regressions.triage.observe import core_symptom, keep_symptom
from tb.build_cache import write_whole
from tb.cocotb_simulation import LOG, SimulationError, run_simulation
from tb.core.replay import Replay, ReplayOutcome

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
COUNTED = (*WORK_COUNTERS, *(field.name for field in fields(PredictedCounters)))
"""Counters that the golden model predicts exactly."""


def execute(order: Order) -> Record:
    """Run a replay and write its record into its folder; a problem becomes a record in `error`.

    Raises
    ------
    WriteError
        If the record itself cannot be written.
    """
    begin = time.monotonic()
    with writing(order.folder, "--runs"):
        order.folder.mkdir(parents=True, exist_ok=True)
    try:
        record = _run(order, begin) if order.settings.chip is None else run_chip_replay(order, begin)
    except Exception as error:
        record = error_record(order, explain(error), time.monotonic() - begin)
    path = order.folder / RECORD
    with writing(path, "--runs"):
        write_whole(path, json.dumps(to_json(record)).encode())
    return record


def _run(order: Order, begin: float) -> Record:
    source = replay_input(Trace.open(order.trace, verify=False).load(order.layer), order.step, order.settings)
    replay = Replay(source)
    columns = len(source.columns)
    model_cycles = replay_cycles(replay.streams, columns)
    outcome, simulated_s = _simulate(order, replay, model_cycles)
    if outcome.hung or not outcome.cycles:
        cause = outcome.problem or "the core ended before it started"
        raise SimulationError(f"{cause}\nlog: {order.folder / LOG}")
    if order.dump is not None:
        path = order.dump / f"{order.name}.npz"
        with writing(path, "--dump"):
            write_dump(path, replay, outcome)
    mismatches, work, counters, problem = judge(replay, outcome)
    keep_symptom(order.folder, lambda: core_symptom(replay, outcome, problem))
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
        geometry=order.shape,
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
        macs_fp8=work.macs_fp8,
        macs_fp16=work.macs_fp16,
        macs_skipped=work.macs_skipped,
        dense_fp16_cycles=dense,
        speedup_over_dense_fp16=dense / outcome.cycles,
        ema_bytes=stored,
        ema_bytes_fp16=ema_bytes_fp16(replay.a, b_columns, outcome.product.size),
        energy_pj=Energy(**energy),
        macs_per_second=(work.macs_fp8 + work.macs_fp16) / simulated_s,
        stalls={name: outcome.counters[name] for name in STALLS},
        counters=counters,
        message=problem,
        failure=first_mismatch(replay, outcome, f"{order.rerun} --waves") if mismatches else None,
    )


def judge(replay: Replay, outcome: ReplayOutcome) -> tuple[int, WorkCounters, dict[str, Counter], str | None]:
    """Compare an outcome with the golden model: elements that differ, work, counters, and what is wrong."""
    mismatches = int(outcome.mismatches(replay.expected).sum())
    work = work_counters(replay.lowering, replay.a, len(replay.source.columns))
    counters = _counters(replay, outcome, work)
    return mismatches, work, counters, outcome.problem or (None if mismatches else _unequal(counters))


def _counters(replay: Replay, outcome: ReplayOutcome, work: WorkCounters) -> dict[str, Counter]:
    """Pair what the RTL counted with what the golden model says, for every counter in `COUNTED`."""
    count = launches(replay.streams, len(replay.source.columns))
    model = {name: int(getattr(work, name)) for name in WORK_COUNTERS}
    model |= {name: count * value for name, value in asdict(predicted_counters(replay.streams)).items()}
    return {name: Counter(outcome.counters[name], model[name]) for name in COUNTED}


def _unequal(counters: dict[str, Counter]) -> str | None:
    """Name the counters that differ from the golden model; None if none does."""
    unequal = [
        f"{name} {counter.rtl} instead of {counter.model}"
        for name, counter in counters.items()
        if counter.rtl != counter.model
    ]
    return f"counters differ from the golden model: {', '.join(unequal)}" if unequal else None


def _simulate(order: Order, replay: Replay, cycles: int) -> tuple[ReplayOutcome, float]:
    """Run the simulator; returns what it made of the replay and the wall time of its launches in seconds."""
    given, made = order.folder / "input.npz", order.folder / "output.npz"
    with writing(given, "--runs"):
        made.unlink(missing_ok=True)
        replay.source.save(given)
    count = launches(replay.streams, len(replay.source.columns))
    slow = WATCHDOG_STALL_FACTOR if order.settings.stall_permille else 1
    limit = slow * (WATCHDOG_FACTOR * -(-cycles // count) + WATCHDOG_CYCLES)
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
        timeout_s=START_S + limit * count / SLOWEST_CYCLES_PER_S,
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
