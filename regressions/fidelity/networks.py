"""What a captured network's trace says: zeros, precision, MACs with a zero input, external memory traffic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from golden.counters import work_counters
from golden.fgmp import DEFAULT_FORMATS, channel_costs, encode
from golden.formats import E_THR_MIN, U16
from golden.geometry import Step
from golden.lowering import Lowering
from golden.presets import find_preset
from regressions.fidelity.records import LayerMeasure, Network, StepMacs, TensorMeasure, Traffic
from regressions.operands import find_policy
from regressions.run import trace_info
from regressions.traces import LayerTrace, TensorStatistics, Trace
from regressions.traffic.options import parse_traffic
from regressions.traffic.records import CHIP, PLAIN
from regressions.traffic.study import run as run_traffic

PRESET = "core"
"""MACs do not depend on it, and it has `lnpu`'s bits."""


def measure_network(path: Path, name: str, command: str, policy: str, tell: Callable[[str], None]) -> Network:
    """Measure a full trace.

    Raises
    ------
    regressions.traces.TraceError
        If it cannot be read.
    """
    trace = Trace.open(path, verify=False)
    layers = [_layer(trace.load(layer), policy) for layer in trace.layers]
    tell(f"{name}: traffic of {len(layers)} layers")
    words = ["--trace", str(path), "--codecs", PLAIN, CHIP, "--policy", policy]
    study = run_traffic(parse_traffic(words), lambda line: None)
    sums: dict[tuple[Step, str], list[int]] = {}
    for one in study.transfers:
        both = sums.setdefault((one.step, one.tensor), [0, 0])
        both[0] += one.bytes[PLAIN]
        both[1] += one.bytes[CHIP]
    return Network(
        name,
        command,
        trace_info(trace),
        trace.run.updates,
        trace.run.torch_version,
        layers,
        [Traffic(step, tensor, *both) for (step, tensor), both in sums.items()],
    )


def _layer(layer: LayerTrace, policy: str) -> LayerMeasure:
    assert layer.w is not None, "a full trace holds all weights"
    tensors = {"X": layer.x, "W": layer.w, "delta": layer.delta}
    found = {
        name: _tensor(bits, name, layer.statistics["x" if name == "X" else name.lower()], policy)
        for name, bits in tensors.items()
    }
    return LayerMeasure(layer.name, found, [_macs(layer, step, policy) for step in layer.steps])


def _tensor(bits: U16, name: str, statistics: TensorStatistics, policy: str) -> TensorMeasure:
    fmt, threshold = DEFAULT_FORMATS[name], find_policy(policy).choose(statistics.histogram, None)
    encoded = encode(bits, fmt, threshold)
    below = encode(bits, fmt, max(E_THR_MIN, threshold - 1))
    nonzeros = statistics.elements - statistics.zeros
    return TensorMeasure(
        statistics.elements,
        statistics.zeros,
        nonzeros - int(np.count_nonzero(encoded.nonzero)),
        int(np.count_nonzero(encoded.is_fp16)),
        int(np.count_nonzero(below.is_fp16)),
    )


def _macs(layer: LayerTrace, step: Step, policy: str) -> StepMacs:
    a, _, columns = layer.operands(step)
    name = "delta" if step is Step.BP else "X"
    statistics, _ = layer.operand_statistics(step)
    encoded = encode(a, DEFAULT_FORMATS[name], find_policy(policy).choose(statistics.histogram, None))
    lowering = Lowering(layer.geometry, step, find_preset(PRESET), channel_costs(encoded), True)
    work = work_counters(lowering, encoded, len(columns))
    return StepMacs(step, work.macs_total, work.macs_skipped)
