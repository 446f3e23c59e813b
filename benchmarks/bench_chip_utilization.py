"""Utilization of the chip against each layer's roofline: batch 16, 16 bytes a cycle, measured on the RTL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import Figure
from golden.geometry import Step
from regressions.chip.records import Roofline
from regressions.options import FULL_TRACE, parse
from regressions.results import Replay
from regressions.run import run
from regressions.traces import Trace
from reports.page.totals import ROOF_BATCH, ROOF_KERNEL, ROOF_MEMORY, ROOF_TARGET

STEPS = (Step.FP, Step.WG)


def figures() -> Iterator[Figure]:
    """Replay FP and WG of every 3x3 layer of the full trace that `./run capture` writes."""
    if not FULL_TRACE.is_file():
        raise RuntimeError(f"{FULL_TRACE} does not exist: './run capture' makes it, run that first")
    trace = Trace.open(FULL_TRACE)
    if trace.run.batch != ROOF_BATCH:
        raise RuntimeError(f"{FULL_TRACE} is of batch {trace.run.batch}: './run capture' makes one of 16")
    layers = [name for name in trace.layers if trace.geometry(name).kernel == ROOF_KERNEL]
    with tempfile.TemporaryDirectory() as folder:
        words = ["--preset", "lnpu", "--full", "--memory-bytes", str(ROOF_MEMORY), "--runs", folder]
        words += ["--no-coverage", "--layers", *layers, "--steps", *(str(step) for step in STEPS)]
        found = run(replace(parse(words), runs=Path(folder))).results
    reached: dict[Step, list[float]] = {step: [] for step in STEPS}
    without_stem, of_least = [], []
    for one in found.replays:
        roofline = _roofline(one)
        share, attainable = roofline.reached, roofline.attainable
        reached[one.step].append(share)
        of_least.append(share * attainable / roofline.compulsory_attainable)
        if one.geometry.in_channels >= ROOF_BATCH:
            without_stem.append(share)
        roof = f"{attainable:.2f}, {roofline.bound}; each byte once: {roofline.compulsory_attainable:.2f}"
        yield Figure(f"{one.layer} {one.step}: of its roof ({roof})", share, "")
    everything = [share for shares in reached.values() for share in shares]
    yield Figure("mean of FP and WG", sum(everything) / len(everything), "", ROOF_TARGET)
    for step, shares in reached.items():
        yield Figure(f"  mean of {step}", sum(shares) / len(shares), "")
    yield Figure("  mean of the roof if each byte moved once", sum(of_least) / len(of_least), "")
    yield Figure("  mean without the stem", sum(without_stem) / len(without_stem), "")


def _roofline(replay: Replay) -> Roofline:
    """A utilization counts only if the replay is right."""
    if replay.status != "pass" or replay.chip is None:
        raise RuntimeError(f"{replay.name} did not pass: {replay.message}")
    return replay.chip.roofline
