"""External memory traffic of a training iteration at batch 32: the plan with FGMP against plain FP16."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import Figure
from golden.chip.encoding import LINE_BYTES, lines_of
from golden.chip.plan import RESULT_TENSOR, JobStreams, Stream, Traffic
from golden.geometry import Step
from golden.presets import find_preset
from regressions.chip.figures import traffic_by_tensor
from regressions.chip.prepare import ChipReplay, planned_result_bytes
from regressions.chip.records import TensorTraffic
from regressions.chip.settings import ChipSettings
from regressions.operands import ReplaySettings, replay_input
from regressions.options import DEFAULT_POLICY
from regressions.traces import Trace
from tb.toolchain import REPO_ROOT

BATCH = 32
TRACE = REPO_ROOT / "build" / "traces" / "batch-32" / "full.safetensors"
TARGET = 0.389
"""Published for LNPU (KAIST thesis, 2020)."""

SHARED_KIB = (64, 256, 1024)
"""Sizes of a memory between bus and cores that the chip does not have."""

Key = tuple[Step, str]


def figures() -> Iterator[Figure]:
    """Compile every layer and step of a trace of batch 32, and add up what the plans move."""
    if not TRACE.is_file():
        where = TRACE.parent.relative_to(REPO_ROOT)
        raise RuntimeError(f"{TRACE} does not exist: './run capture --record-batch {BATCH} --out {where}'")
    moved, saved = _moved(TRACE)
    for (step, tensor), one in moved.items():
        if one.plain:
            yield Figure(f"{step} {tensor}: {_megabytes(one)}, below plain FP16", _saved([one]), "")
    reads = [TensorTraffic(one.read, 0, one.plain_read, 0) for one in moved.values()]
    writes = [TensorTraffic(0, one.written, 0, one.plain_written) for one in moved.values()]
    outputs = [moved[step, RESULT_TENSOR[step]] for step in (Step.FP, Step.BP)]
    yield Figure("reads", _saved(reads), "")
    yield Figure("writes", _saved(writes), "")
    yield Figure("reads and FGMP outputs", _saved([*reads, *outputs]), "", TARGET)
    yield Figure("everything", _saved(list(moved.values())), "")
    total = sum(one.total for one in moved.values())
    for size, amount in zip(SHARED_KIB, saved, strict=True):
        yield Figure(f"what a shared memory of {size} KiB would save of it", amount / total, "")


def _moved(path: Path) -> tuple[dict[Key, TensorTraffic], list[int]]:
    """Return the planned traffic of each step's tensors, and what shared memories would save, over layers."""
    trace = Trace.open(path)
    preset = find_preset("lnpu")
    settings = ReplaySettings(preset.name, True, 1, policy=DEFAULT_POLICY, chip=ChipSettings())
    sums: dict[Step, tuple[Traffic, Traffic]] = {step: (Traffic(), Traffic()) for step in Step}
    saved = [0] * len(SHARED_KIB)
    for name in trace.layers:
        layer = trace.load(name)
        for step in trace.steps(name):
            mode = ChipSettings().output_mode(step)
            replay = ChipReplay(replay_input(layer, step, settings), mode, settings.policy)
            sizes = planned_result_bytes(replay)
            stored, plain = sums[step]
            sums[step] = (
                stored + replay.layer.traffic(sizes),
                plain + replay.layer.traffic(sizes, plain=True),
            )
            for index, size in enumerate(SHARED_KIB):
                saved[index] += sum(
                    _returning([job.streams for job in one.jobs], preset.cores, size * 1024)
                    for one in replay.layer.descriptors
                )
    moved = {
        (step, tensor): one
        for step, (stored, plain) in sums.items()
        for tensor, one in traffic_by_tensor(step, stored, plain).items()
    }
    return moved, saved


def _returning(jobs: Sequence[JobStreams], cores: int, capacity: int) -> int:
    """Bytes of streams that still lie in a memory of `capacity` bytes when a later wave needs them.

    The memory holds whole streams; those not used for the longest time leave.
    """
    held: OrderedDict[Stream, int] = OrderedDict()
    found = 0
    for start in range(0, len(jobs), cores):
        wave = jobs[start : start + cores]
        for stream in dict.fromkeys(stream for job in wave for stream in (job.a, job.b, job.c)):
            size = lines_of(stream.bytes) * LINE_BYTES
            if stream in held:
                held.move_to_end(stream)
                found += size
            elif 0 < size <= capacity:
                held[stream] = size
                while sum(held.values()) > capacity:
                    held.popitem(last=False)
    return found


def _saved(parts: list[TensorTraffic]) -> float:
    return 1 - sum(one.total for one in parts) / sum(one.plain for one in parts)


def _megabytes(one: TensorTraffic) -> str:
    return f"{one.total / 1e6:.1f} of {one.plain / 1e6:.1f} MB"
