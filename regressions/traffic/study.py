"""The study of a trace: each tensor measured once, each step's transfers from these sizes.

External memory access (EMA) here is what a step cannot do without: each operand read once, each result
written once, as the codec writes it. So it depends on the numbers alone, not on a core's order of work; what
the chip reads again (halos, operands of later waves) is in its own plan (`golden.chip.plan`).
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np

from golden.chip.plan import A_TENSOR, B_TENSOR, FP16_BYTES, RESULT_TENSOR
from golden.codecs import Codec
from golden.fgmp import DEFAULT_FORMATS, Histogram, ThresholdPolicy, exponent_histogram
from golden.formats import U16, fp32_to_fp16
from golden.geometry import Step
from golden.lowering import result_tensor
from regressions.chip.prepare import RESULT_FORMATS
from regressions.operands import ReplaySettings, find_policy, replay_input
from regressions.plan import choose
from regressions.run import git_info, trace_info
from regressions.traces import LayerTrace, Trace
from regressions.traffic.measure import Labels, measure, thresholds
from regressions.traffic.options import TrafficOptions
from regressions.traffic.records import (
    SCHEMA,
    CodecInfo,
    Direction,
    Order,
    TensorSize,
    TrafficRun,
    TrafficStudy,
    Transfer,
)
from regressions.traffic.synthetic import ELEMENTS, sweep
from tb.core.replay import Replay

PRESET = "core"
"""The preset whose order of additions the results have; `lnpu` gives the same bits."""
COLUMN_AXIS = {Step.FP: 0, Step.BP: 1, Step.WG: 1}
"""The axis of B that the product's columns are."""


def run(options: TrafficOptions, tell: Callable[[str], None]) -> TrafficStudy:
    """Make the study; `tell` hears of each layer.

    Raises
    ------
    regressions.traces.TraceError, regressions.option_error.OptionError
        If the trace cannot be read, or has no such layers or steps.
    golden.native.NativeError
        If the golden model, which computes the results, cannot be compiled.
    """
    begin, started = time.monotonic(), datetime.now(UTC)
    trace = Trace.open(options.trace, verify=False)  # each tensor is checked when it is read
    chosen = choose(trace, options)
    policy = find_policy(options.policy)
    sizes: list[TensorSize] = []
    transfers: list[Transfer] = []
    for number, (name, steps) in enumerate(chosen, start=1):
        tell(f"{number} of {len(chosen)}: {name}")
        layer = _Layer(trace.load(name), options.codecs, policy, options)
        for step in steps:
            transfers += layer.transfers(step)
        sizes += layer.sizes
    tell("made-up tensors of every density")
    synthetic = sweep(options.codecs, policy, options.seed)
    info = TrafficRun(
        seed=options.seed,
        started=started.isoformat(timespec="seconds"),
        git=git_info(),
        tools={"numpy": np.__version__, "python": platform.python_version()},
        wall_s=time.monotonic() - begin,
        command=options.command,
        trace=trace_info(trace),
        policy=options.policy,
        block=options.block,
        order=options.order,
        sample=trace.header.columns,
    )
    codecs = [CodecInfo(one.name, one.scheme.name or "dense", one.kind.value) for one in options.codecs]
    return TrafficStudy(SCHEMA, info, codecs, sizes, transfers, ELEMENTS, synthetic)


def arranged(bits: U16, order: Order) -> U16:
    """Return a tensor (NCHW or OIHW) with its elements in the order in which they are written."""
    return bits if order is Order.NCHW else np.ascontiguousarray(bits.transpose(0, 2, 3, 1))


class _Layer:
    """The tensors of one layer; each is measured when it is first asked for."""

    def __init__(
        self, layer: LayerTrace, codecs: Sequence[Codec], policy: ThresholdPolicy, options: TrafficOptions
    ) -> None:
        self._layer = layer
        self._codecs = codecs
        self._policy = policy
        self._options = options
        self._known: dict[tuple[str, str], TensorSize] = {}

    @property
    def sizes(self) -> list[TensorSize]:
        """What was measured so far."""
        return list(self._known.values())

    def transfers(self, step: Step) -> list[Transfer]:
        """Return what a step reads and writes."""
        a, b, columns = self._layer.operands(step)
        a_statistics, b_statistics = self._layer.operand_statistics(step)
        sample = self._layer.columns is not None
        b_columns = np.take(b, columns, axis=COLUMN_AXIS[step])
        b_part = f"columns of {step}" if sample else "whole"
        return [
            self._operand(step, A_TENSOR[step], "whole", a, a_statistics.histogram),
            self._operand(step, B_TENSOR[step], b_part, b_columns, b_statistics.histogram),
            self._result(step),
        ]

    def _operand(self, step: Step, tensor: str, part: str, bits: U16, histogram: Histogram) -> Transfer:
        key = (tensor, part)
        if key not in self._known:
            how = thresholds(DEFAULT_FORMATS[tensor], histogram, self._policy)
            labels = Labels(self._layer.name, tensor, part)
            self._known[key] = measure(labels, self._arranged(bits), how, self._codecs)
        return self._transfer(step, self._known[key], Direction.READ)

    def _result(self, step: Step) -> Transfer:
        """Compute a step's result as the hardware does, and measure it.

        dW is written in plain FP16 whatever the codec: it goes into the weights' update, and the chip
        takes no other format for it (docs/chip.md).
        """
        settings = ReplaySettings(PRESET, True, self._options.seed, policy=self._options.policy)
        replay = Replay(replay_input(self._layer, step, settings))
        bits = fp32_to_fp16(result_tensor(replay.lowering, replay.expected))
        tensor = RESULT_TENSOR[step]
        how = thresholds(RESULT_FORMATS[step], exponent_histogram(bits), self._policy)
        part = "whole" if self._layer.columns is None else f"columns of {step}"
        size = measure(Labels(self._layer.name, tensor, part), self._arranged(bits), how, self._codecs)
        self._known[tensor, part] = size
        transfer = self._transfer(step, size, Direction.WRITE)
        if step is not Step.WG:
            return transfer
        plain = {codec.name: FP16_BYTES * bits.size for codec in self._codecs}
        return Transfer(transfer.layer, step, tensor, Direction.WRITE, bits.size, plain)

    def _arranged(self, bits: U16) -> U16:
        return arranged(bits, self._options.order)

    def _transfer(self, step: Step, size: TensorSize, direction: Direction) -> Transfer:
        return Transfer(self._layer.name, step, size.tensor, direction, size.elements, size.bytes)
