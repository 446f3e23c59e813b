"""From what was counted on the chip to figures: traffic by tensor, roofline, occupancy over time."""

from __future__ import annotations

import numpy as np

from golden.chip.layer import CompiledLayer
from golden.chip.plan import A_TENSOR, B_TENSOR, RESULT_TENSOR, Traffic, compulsory
from golden.geometry import Step
from golden.presets import Preset
from regressions.chip.prepare import ChipReplay
from regressions.chip.records import Bound, CoreOccupancy, Roofline, TensorTraffic
from tb.chip.device import SAMPLE_FIELDS, SAMPLE_PERIOD, ChipOutcome, Occupancy

STREAM_COUNTERS = {"a": "a_lines", "b": "b_lines", "c": "c_lines", "d": "d_lines", "control": "control_lines"}
"""The chip's counter of the lines of each part of the plan's reads."""
LINE_BYTES = 64
OCCUPANCY_BINS = 96
"""Bins of the picture of occupancy, at most."""
POSTPROCESSING, CONTROL = "post-processing", "control"
BUSY = SAMPLE_FIELDS.index("line_busy")
DIGITS = 3


def counted_traffic(outcome: ChipOutcome, plan: Traffic) -> Traffic:
    """Split what was counted into the plan's kinds: reads by the chip's counters, results by what is left."""
    reads = {kind: LINE_BYTES * outcome.chip[name] for kind, name in STREAM_COUNTERS.items()}
    records = plan.job_records + plan.completion
    return Traffic(
        **reads,
        results=outcome.traffic.write_bytes - records,
        job_records=plan.job_records,
        completion=plan.completion,
    )


def traffic_by_tensor(step: Step, moved: Traffic, plain: Traffic) -> dict[str, TensorTraffic]:
    """Return the traffic of the step's tensors, then of D and of all that is no tensor."""
    control = (
        (moved.c + moved.control, moved.job_records + moved.completion),
        (plain.c + plain.control, plain.job_records + plain.completion),
    )
    return {
        A_TENSOR[step]: TensorTraffic(moved.a, 0, plain.a, 0),
        B_TENSOR[step]: TensorTraffic(moved.b, 0, plain.b, 0),
        RESULT_TENSOR[step]: TensorTraffic(0, moved.results, 0, plain.results),
        POSTPROCESSING: TensorTraffic(moved.d, 0, plain.d, 0),
        CONTROL: TensorTraffic(*control[0], *control[1]),
    }


def roofline(
    ideal_cycles: float, cycles: int, bytes_: int, compulsory_bytes: int, preset: Preset, bytes_per_cycle: int
) -> Roofline:
    """Return the roofline of a replay that took `cycles` and moved `bytes_`."""
    pes = preset.cores * preset.lines * preset.pes
    # A layer that leaves part of an operand unread (1x1, stride 2) moves less than all of it once.
    compulsory_bytes = min(compulsory_bytes, bytes_)
    memory, least = bytes_ / bytes_per_cycle, compulsory_bytes / bytes_per_cycle
    attainable = min(1.0, ideal_cycles / memory) if memory else 1.0
    return Roofline(
        memory_bytes_per_cycle=bytes_per_cycle,
        bytes=bytes_,
        compulsory_bytes=compulsory_bytes,
        compute_cycles=ideal_cycles,
        memory_cycles=memory,
        compulsory_cycles=least,
        intensity=ideal_cycles * pes / bytes_ if bytes_ else 0.0,
        compulsory_intensity=ideal_cycles * pes / compulsory_bytes if compulsory_bytes else 0.0,
        bound=Bound.MEMORY if memory > ideal_cycles else Bound.COMPUTE,
        attainable=attainable,
        compulsory_attainable=min(1.0, ideal_cycles / least) if least else 1.0,
        reached=ideal_cycles / cycles / attainable if attainable else 0.0,
    )


def compulsory_bytes(replay: ChipReplay, result_bytes: int) -> int:
    """Bytes if each operand and result moved once, as stored; of B the replayed columns."""
    source = replay.source
    axis = 0 if source.step is Step.FP else 1
    share = len(source.columns) / source.b.shape[axis]
    parts = compulsory(source.step, replay.replay.a, replay.replay.b_encoded, result_bytes)
    parts[B_TENSOR[source.step]] = round(parts[B_TENSOR[source.step]] * share)
    return sum(parts.values())


def sample_period(cycles: int) -> int:
    """Cycles between samples, so that a run of so many gives at most `OCCUPANCY_BINS` of them."""
    return SAMPLE_PERIOD * max(1, -(-cycles // (SAMPLE_PERIOD * OCCUPANCY_BINS)))


def occupancy(samples: Occupancy, outcome: ChipOutcome, preset: Preset, period: int) -> CoreOccupancy:
    """Return the share of each core's line cycles that issued, from one sample to the next.

    What lies behind the last sample comes from the counters.
    """
    last = np.array([[core[name] for name in SAMPLE_FIELDS] for core in outcome.cores], np.int64)
    first = np.zeros((1, *last.shape), np.int64)
    sums = np.concatenate([first, samples.cores, last[None]])[:, :, BUSY]
    times = np.concatenate([[0], samples.cycles, [max(outcome.cycles, int(samples.cycles.max(initial=0)))]])
    merged = -(-(len(times) - 1) // OCCUPANCY_BINS)
    keep = [*range(0, len(times) - 1, merged), len(times) - 1]
    length = np.maximum(np.diff(times[keep]), 1)
    share = np.clip(np.diff(sums[keep], axis=0) / (length * preset.lines)[:, None], 0, 1)
    return CoreOccupancy(period * merged, [[round(float(v), DIGITS) for v in core] for core in share.T])


def waves(layer: CompiledLayer) -> int:
    """Waves of jobs of all descriptors."""
    cores = layer.lowering.preset.cores
    return sum(-(-len(one.jobs) // cores) for one in layer.descriptors)
