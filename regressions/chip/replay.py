"""One replay on the chip: compile, run RTL and golden chip model, compare memory and counts, measure."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from golden.chip.driver import REMEDIES
from golden.chip.encoding import LINE_BYTES, EncodingError
from golden.chip.plan import Traffic
from golden.chip.results import LayerResult, ResultError, read_layer
from golden.counters import WorkCounters, dense_fp16_cycles, ideal_cycles, work_counters
from golden.energy import energy_pj
from golden.formats import U8
from golden.geometry import Step
from golden.memories import chip_sram_accesses
from regressions.chip.figures import (
    compulsory_bytes,
    counted_traffic,
    occupancy,
    roofline,
    sample_period,
    traffic_by_tensor,
    waves,
)
from regressions.chip.model import bound
from regressions.chip.prepare import ChipReplay
from regressions.chip.records import ChipFigures
from regressions.chip.settings import ChipSettings
from regressions.dump import write_chip_dump
from regressions.failure import first_difference
from regressions.operands import replay_input
from regressions.order import WAVES, Order
from regressions.problems import writing
from regressions.results import Counter, Energy, Replay, Status
from regressions.traces import Trace
from regressions.triage.observe import chip_symptom, keep_symptom
from tb.chip.device import ChipOutcome, RunOptions
from tb.chip.memory import MemoryOptions
from tb.chip.simulation import run_chip
from tb.cocotb_simulation import LOG, SimulationError

STALLS = ("wait_a", "wait_b", "wait_queue", "idle")
WORK_COUNTERS = ("macs_fp8", "macs_fp16", "macs_skipped")
STREAMS = ("a", "b", "c", "d", "control")
READS = tuple(f"{stream}_read_bytes" for stream in STREAMS)
CHIP_COUNTED = (*WORK_COUNTERS, *READS, "pins_read_bytes", "pins_write_bytes", "jobs", "detached")
"""Counters that the golden model and its plan predict exactly."""
ONLY_ATTACHED = (*READS, "pins_read_bytes", "detached")
"""Those that hold only if no core was left behind: so a slowed core cannot break them."""

WATCHDOG_FACTOR = 8
WATCHDOG_CYCLES = 100_000
"""A replay is given up after so many times its predicted cycles and so many more ..."""
STALL_FACTOR = 10
"""... and so many times later if the memory stalls at random, or a core is slow."""
SLOWEST_CYCLES_PER_S = 150
"""A simulator slower than this (waves on, machine overloaded) counts as hung."""
START_S = 180.0


def run_chip_replay(order: Order, begin: float) -> Replay:
    """Run a replay on the chip; any exception is the caller's to record.

    Parameters
    ----------
    order : Order
        Its settings have a `chip`.
    begin : float
        When it began, by `time.monotonic`.
    """
    settings = order.settings.chip
    if settings is None:
        raise ValueError(f"{order.name}: no settings of the chip")
    source = replay_input(Trace.open(order.trace, verify=False).load(order.layer), order.step, order.settings)
    replay = ChipReplay(source, settings.output_mode(order.step), order.settings.policy)
    return measure(order, replay, settings, begin)


def measure(order: Order, replay: ChipReplay, settings: ChipSettings, begin: float) -> Replay:
    """Run the chip and judge what it left."""
    golden = replay.golden_result
    plan = replay.layer.traffic(golden.result_bytes)
    plain = replay.layer.traffic(golden.result_bytes, plain=True)
    model = bound(
        replay.layer,
        replay.replay.streams,
        plan.total,
        settings.memory_bytes,
        settings.memory_latency,
    )
    period = sample_period(model.cycles)
    outcome, memory, simulated_s = _simulate(order, replay, settings, model.cycles, period)
    if stop := stopped(outcome):
        raise SimulationError(f"{stop}\nlog: {order.folder / LOG}{_state(outcome)}")
    work, counters, result, problem = judge(replay, settings, outcome, memory)
    keep_symptom(
        order.folder,
        lambda: chip_symptom(replay.replay, replay.expected, result.tensor if result else None, problem),
    )
    expected = replay.expected
    differs = expected != result.tensor if result else np.zeros(expected.shape, np.bool_)
    mismatches = int(differs.sum())
    if order.dump is not None and result is not None:
        path = order.dump / f"{order.name}.npz"
        with writing(path, "--dump"):
            write_chip_dump(path, replay.replay, result.tensor)
    jobs = sum(len(one.jobs) for one in replay.layer.descriptors)
    image_mismatches = int((memory != replay.golden[0]).sum())
    summed = {name: sum(core[name] for core in outcome.cores) for name in outcome.cores[0]}
    preset = replay.preset
    ideal, dense = ideal_cycles(work, preset), dense_fp16_cycles(work, preset)
    moved = outcome.traffic.read_bytes + outcome.traffic.write_bytes
    energy = energy_pj(
        {
            "macs_fp8": summed["macs_fp8"],
            "macs_fp16": summed["macs_fp16"],
            "adder_tree_adds": summed["tree_rows"] * (preset.lines - 1) * preset.columns,
            "psum_adds": summed["psum_rows"] * preset.columns,
            "sram": chip_sram_accesses(summed, preset, order.step is Step.WG, replay.ring_lines),
            "cycles": outcome.cycles,
            "external_bytes": moved,
        },
        preset,
    )
    return Replay(
        layer=order.layer,
        step=order.step,
        status=Status.FAIL if mismatches or problem else Status.PASS,
        geometry=order.shape,
        seed=order.settings.seed,
        rerun=order.rerun,
        wall_s=time.monotonic() - begin,
        elements=expected.size,
        mismatches=mismatches,
        cycles=outcome.cycles,
        model_cycles=model.cycles,
        ideal_cycles=ideal,
        utilization=ideal / outcome.cycles,
        a_zero_fraction=replay.replay.a.zero_fraction,
        a_fp16_fraction=replay.replay.a.fp16_fraction,
        macs_total=work.macs_total,
        macs_fp8=work.macs_fp8,
        macs_fp16=work.macs_fp16,
        macs_skipped=work.macs_skipped,
        dense_fp16_cycles=dense,
        speedup_over_dense_fp16=dense / outcome.cycles,
        ema_bytes=moved,
        ema_bytes_fp16=plain.total,
        energy_pj=Energy(**energy),
        macs_per_second=(work.macs_fp8 + work.macs_fp16) / simulated_s,
        stalls={name: summed[name] for name in STALLS},
        counters=counters,
        message=problem,
        failure=first_difference(replay.replay, expected, result.tensor, f"{order.rerun} --waves")
        if mismatches and result
        else None,
        chip=ChipFigures(
            output=replay.mode.name.lower(),
            image_bytes=memory.size,
            image_mismatches=image_mismatches,
            jobs=jobs,
            waves=waves(replay.layer),
            job_cycles=model.longest_job,
            detached=outcome.chip["detached"],
            traffic=traffic_by_tensor(order.step, counted_traffic(outcome, plan), plain),
            roofline=roofline(
                ideal,
                outcome.cycles,
                moved,
                compulsory_bytes(replay, sum(golden.result_bytes)),
                preset,
                settings.memory_bytes,
            ),
            occupancy=occupancy(outcome.occupancy, outcome, preset, period),
            held_cycles=outcome.chip["held"],
            simulated_s=simulated_s,
        ),
    )


def judge(
    replay: ChipReplay, settings: ChipSettings, outcome: ChipOutcome, memory: U8
) -> tuple[WorkCounters, dict[str, Counter], LayerResult | None, str | None]:
    """Compare what a chip left with golden: work, counters, results if they can be read, what is wrong."""
    result, unreadable = _read_back(replay, memory)
    work = work_counters(replay.replay.lowering, replay.replay.a, len(replay.source.columns))
    jobs = sum(len(one.jobs) for one in replay.layer.descriptors)
    model_counts = {
        **{name: int(getattr(work, name)) for name in WORK_COUNTERS},
        **_plan_counts(replay.layer.traffic(replay.golden_result.result_bytes), jobs),
    }
    counters = _counters(outcome, model_counts, settings, work.macs_total)
    unequal = [
        f"{name} {one.rtl} instead of {one.model}" for name, one in counters.items() if one.rtl != one.model
    ]
    problem = (
        unreadable
        or _image_problem(replay, memory)
        or (f"counters differ from the golden model: {', '.join(unequal)}" if unequal else None)
    )
    return work, counters, result, problem


def stopped(outcome: ChipOutcome) -> str | None:
    """Return why a chip did not do all its work; None if it did."""
    status = outcome.status
    if status.done and not status.error:
        return None
    return (
        f"the chip stopped with cause {status.cause.name} at job {status.error_job} of the descriptor at "
        f"line {status.error_descriptor}: {REMEDIES.get(status.cause, 'it gave no cause')}"
    )


def _simulate(
    order: Order, replay: ChipReplay, settings: ChipSettings, cycles: int, period: int
) -> tuple[ChipOutcome, U8, float]:
    """Run the simulator."""
    stalls = order.settings.stall_permille
    slowness = STALL_FACTOR if stalls or settings.slow else 1
    limit = slowness * (WATCHDOG_FACTOR * cycles + WATCHDOG_CYCLES)
    memory = MemoryOptions(
        latency=settings.memory_latency,
        bytes_per_cycle=settings.memory_bytes,
        stall_permille=stalls,
        seed=replay.source.seed,
    )
    return run_chip(
        order.build,
        replay.preset.name,
        replay.image.data,
        replay.line,
        order.folder,
        options=RunOptions(
            memory=memory, limit=limit, slow=settings.slow, sample=period, patience=replay.layer.patience
        ),
        gated=settings.slow is not None,
        waves=order.folder / WAVES if order.waves else None,
        timeout_s=START_S + limit / SLOWEST_CYCLES_PER_S,
    )


def _state(outcome: ChipOutcome) -> str:
    return f"\nWhat was not at rest in the design:\n{outcome.report}" if outcome.report else ""


def _read_back(replay: ChipReplay, memory: U8) -> tuple[LayerResult | None, str | None]:
    """Read the results as software does; if records contradict them, say so."""
    try:
        return read_layer(memory, replay.layer), None
    except (EncodingError, ResultError) as error:
        return None, f"results cannot be read back: {error}"


def _image_problem(replay: ChipReplay, memory: U8) -> str | None:
    """Name the first byte of memory that is not the golden chip model's."""
    golden = replay.golden[0]
    wrong = np.flatnonzero(memory != golden)
    if not len(wrong):
        return None
    at = int(wrong[0])
    return (
        f"{len(wrong)} of {memory.size} bytes of memory differ from the golden chip model's, the first one "
        f"byte {at % LINE_BYTES} of line {at // LINE_BYTES}, {replay.region_at(at)}: RTL {memory[at]:02X}, "
        f"golden {golden[at]:02X}, before the run {replay.image.data[at]:02X}"
    )


def _plan_counts(plan: Traffic, jobs: int) -> dict[str, int]:
    """Return what the plan says of the traffic's counters."""
    return {
        **{name: getattr(plan, stream) for name, stream in zip(READS, STREAMS, strict=True)},
        "pins_read_bytes": plan.reads,
        "pins_write_bytes": plan.writes,
        "jobs": jobs,
        "detached": 0,
    }


def _counters(
    outcome: ChipOutcome, model: Mapping[str, int], settings: ChipSettings, macs_total: int
) -> dict[str, Counter]:
    """Pair what the RTL counted, at its pins and inside, with what golden says.

    Skipped MACs are what the RTL did not do of all: a chip's feeders tell its cores of no zeros. With a
    slowed core that was left behind, what was fetched is a matter of time and not compared.
    """
    done = {name: sum(core[name] for core in outcome.cores) for name in WORK_COUNTERS[:2]}
    chip = outcome.chip
    rtl = {
        **done,
        "macs_skipped": macs_total - sum(done.values()),
        **{name: LINE_BYTES * chip[f"{stream}_lines"] for name, stream in zip(READS, STREAMS, strict=True)},
        "pins_read_bytes": outcome.traffic.read_bytes,
        "pins_write_bytes": outcome.traffic.write_bytes,
        "jobs": chip["jobs"],
        "detached": chip["detached"],
    }
    left_behind = settings.slow is not None and chip["detached"] > 0
    names = [name for name in CHIP_COUNTED if not (left_behind and name in ONLY_ATTACHED)]
    return {name: Counter(rtl[name], model[name]) for name in names}
