"""Traces from early, middle and late training, measured alike: zeros, groups and thresholds by layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from golden.fgmp import DEFAULT_FORMATS, FgmpTensor, ThresholdPolicy, encode
from golden.formats import U16, Fp8Format
from regressions.accuracy.records import TraceMoment, TraceTensor
from regressions.operands import find_policy
from regressions.option_error import OptionError
from regressions.run import shown
from regressions.traces import LayerTrace, Trace
from regressions.traces.statistics import MAGNITUDE

CODES = 1 << 16
OPERANDS = {"X": "x", "W": "w", "delta": "delta"}


def measure_traces(paths: Sequence[Path], policy: str, tell: Callable[[str], None]) -> list[TraceMoment]:
    """Measure traces of one network, the earliest first.

    Raises
    ------
    regressions.traces.TraceError
        If a trace cannot be read.
    OptionError
        If they are not of the same layers, or one is named twice.
    regressions.operands.PolicyError
        If there is no such policy.
    """
    rule = find_policy(policy)
    traces = [Trace.open(path, verify=False) for path in paths]  # each tensor is checked when it is read
    for index, trace in enumerate(traces):
        _require_fellow(traces[0], trace)
        if any(other.digest == trace.digest for other in traces[:index]):
            raise OptionError(f"--traces {trace.path}: has the tensors of another one named; leave one out")
    traces.sort(key=lambda trace: (trace.run.epoch, trace.run.iteration))
    moments = []
    for trace in traces:
        tell(f"{shown(trace.path)}: {trace.run.moment}")
        moments.append(_moment(trace, rule))
    return moments


def _require_fellow(first: Trace, trace: Trace) -> None:
    """Raise unless two traces are of the same layers."""

    def layers(one: Trace) -> dict[str, tuple[int, ...]]:
        geometries = {name: one.geometry(name) for name in one.layers}
        return {
            name: (g.in_channels, g.in_height, g.in_width, g.out_channels, g.kernel, g.stride, g.padding)
            for name, g in geometries.items()
        }

    ours, theirs = layers(trace), layers(first)
    differing = [name for name in dict.fromkeys([*theirs, *ours]) if ours.get(name) != theirs.get(name)]
    if differing:
        raise OptionError(
            f"--traces {trace.path}: layer {differing[0]} is not that of {first.path}: compare traces of one "
            "network and image size (./run capture --at)"
        )
    if trace.header.columns != first.header.columns:
        raise OptionError(
            f"--traces {trace.path}: is a {trace.header.kind} trace, {first.path} a {first.header.kind} one: "
            "compare traces of one kind"
        )


def _moment(trace: Trace, policy: ThresholdPolicy) -> TraceMoment:
    run = trace.run
    tensors = [one for name in trace.layers for one in _tensors(trace.load(name), policy)]
    return TraceMoment(
        file=str(shown(trace.path)),
        network=run.model,
        data_set=run.dataset,
        seed=run.seed,
        epoch=run.epoch,
        iteration=run.iteration,
        updates=run.updates,
        total_updates=run.total_updates,
        loss=run.loss,
        accuracy=run.accuracy,
        columns=trace.header.columns,
        tensors=tensors,
    )


def _tensors(layer: LayerTrace, policy: ThresholdPolicy) -> list[TraceTensor]:
    found = []
    for tensor, operand in OPERANDS.items():
        held = layer.tensors
        bits = held[operand] if operand in held else held["w_fp"]
        whole = layer.statistics[operand]
        e_thr = policy.choose(whole.histogram, None)
        groups = _groups(bits, DEFAULT_FORMATS[tensor], e_thr)
        nonzeros = whole.elements - whole.zeros
        found.append(TraceTensor(layer.name, tensor, whole.elements, nonzeros, e_thr, *groups))
    return found


def _groups(bits: U16, fmt: Fp8Format, e_thr: int) -> tuple[int, int, int]:
    """Return the non-zeros of a tensor, those that FGMP flushes, and those in FP16.

    What becomes of an element depends on its bits alone, so each of the 65,536 is encoded once.
    """
    counts = np.bincount(bits.reshape(-1), minlength=CODES)
    table = _table(fmt, e_thr)
    nonzeros = int(counts[_ALL & MAGNITUDE != 0].sum())
    return nonzeros, nonzeros - int(counts[table.nonzero].sum()), int(counts[table.is_fp16].sum())


_ALL: U16 = np.arange(CODES, dtype=np.uint32).astype(np.uint16)


@lru_cache(maxsize=128)
def _table(fmt: Fp8Format, e_thr: int) -> FgmpTensor:
    return encode(_ALL, fmt, e_thr)
