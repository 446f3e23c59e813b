"""Random chains of training steps for the chip, and what must be true after a run of one.

A chain is some steps in one memory, done with one start. What the chip did is held against the golden chip
model byte by byte, and, apart from it, against the exact products and their post-processing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.chip.compile import compile_layer, link
from golden.chip.encoding import Cause, OutputMode
from golden.chip.interpreter import ChipRun, interpret
from golden.chip.layer import CompiledLayer
from golden.chip.memory_image import MemoryImage
from golden.chip.output import Output
from golden.chip.plan import Traffic
from golden.chip.results import LayerResult, read_layer
from golden.chip.validate import check_chain
from golden.counters import work_counters
from golden.exact import exact_product, postprocess
from golden.fgmp import FgmpTensor, encode
from golden.formats import U32, Fp8Format, bias_of
from golden.geometry import ConvGeometry, Step
from golden.lowering import b_matrix, result_tensor
from golden.presets import Preset
from golden.tests.reference import random_fp16, with_specials
from tb.chip.device import ChipOutcome
from tb.chip.layers import require_memory
from tb.chip.memory import MemoryOptions, Order
from tb.core.layers import THRESHOLDS, Operands, make_source
from tb.coverage.crosses import layers
from tb.coverage.crosses import memory as manners

U8 = npt.NDArray[np.uint8]

ONE, MINUS_ZERO = np.array([0x3F800000], np.uint32), np.array([0x80000000], np.uint32)
"""Scale and bias that change nothing."""
LINE_BYTES = 64
STREAMS = ("a", "b", "c", "d", "control")
"""What the chip counts lines of, and the plan bytes."""


@dataclass(frozen=True)
class ChainStep:
    """One training step of a chain: as it lies in memory, and what it was made of."""

    layer: CompiledLayer
    a: FgmpTensor
    b: FgmpTensor
    output: Output

    def product(self) -> U32:
        """Return the exact product as the result's tensor (FP32 bits)."""
        lowering = self.layer.lowering
        b = b_matrix(lowering.step, self.b.decoded, self.layer.columns)
        return result_tensor(lowering, exact_product(lowering, self.a, b))

    def require_result(self, memory: U8, result: LayerResult) -> None:
        """Hold the results in memory against the exact product, post-processed and encoded."""
        product, output = self.product(), self.output
        name = f"{self.layer.name}, {output.mode.name}"
        if output.mode is OutputMode.FP32:
            np.testing.assert_array_equal(result.tensor, product, name)
            return
        scale, shift = ONE, MINUS_ZERO
        if output.scale is not None and output.shift is not None:
            shape = (-1, 1, 1, 1) if self.layer.lowering.step is Step.WG else (-1, 1, 1)
            scale, shift = output.scale.reshape(shape), output.shift.reshape(shape)
        half = postprocess(product, scale, shift, output.residual, output.relu)
        if output.mask is not None:
            half = np.where(output.mask, half, np.uint16(0))
        if output.mode is OutputMode.FP16:
            np.testing.assert_array_equal(result.tensor, half, name)
            return
        assert result.fgmp is not None
        if output.threshold_record:
            words = memory[output.threshold_record * LINE_BYTES :][:LINE_BYTES].view("<i4")
            e_thr = int(words[4])
        else:
            e_thr = result.fgmp.e_thr
            assert bias_of(output.fmt, e_thr) == output.bias, name
        expected = encode(half, output.fmt, e_thr)
        assert result.fgmp.e_thr == e_thr, name
        for part in ("codes", "fp16", "is_fp16", "nonzero", "decoded"):
            np.testing.assert_array_equal(getattr(result.fgmp, part), getattr(expected, part), name)


@dataclass(frozen=True)
class Chain:
    """Steps in one memory.

    Attributes
    ----------
    before, after : uint8 [bytes]
        Memory as the compiler left it, and as the golden model says it is after the run.
    """

    steps: tuple[ChainStep, ...]
    before: U8
    after: U8
    expected: ChipRun

    @property
    def line(self) -> int:
        """Line of the first descriptor."""
        return self.steps[0].layer.descriptors[0].line

    @property
    def name(self) -> str:
        """Its layers, for messages."""
        return ", ".join(step.layer.name for step in self.steps)

    @property
    def jobs(self) -> int:
        """Jobs of all descriptors."""
        return sum(len(one.jobs) for step in self.steps for one in step.layer.descriptors)


@dataclass
class ChainBuilder:
    """Draws steps into a memory, one after the other; `finish` makes a chain of those since the last one.

    Attributes
    ----------
    image : MemoryImage
        Chains that follow one another in the same memory share it.
    """

    rng: np.random.Generator
    preset: Preset
    image: MemoryImage = field(default_factory=MemoryImage)
    _steps: list[ChainStep] = field(default_factory=list)
    _records: list[int] = field(default_factory=list)

    def add(
        self,
        geometry: ConvGeometry,
        step: Step,
        operands: Operands | None = None,
        *,
        output: Output | None = None,
        **options: Any,
    ) -> ChainStep:
        """Compile a step with random operands; `options` go to `golden.chip.compile.compile_layer`."""
        operands = operands or Operands()
        source = make_source(self.rng, geometry, step, operands, preset=self.preset.name)
        a = encode(source.a, source.a_fmt, source.a_e_thr)
        b = encode(source.b, source.b_fmt, source.b_e_thr)
        output = output or Output()
        layer = compile_layer(self.image, geometry, step, self.preset, a, b, output, **options)
        made = ChainStep(layer, a, b, output)
        self._steps.append(made)
        self._records.append(layer.descriptors[0].descriptor.completion)
        return made

    def draw(self, geometry: ConvGeometry, step: Step) -> ChainStep:
        """Draw everything but the geometry: operands, columns, output, balancer, costs, records."""
        rng = self.rng
        total = geometry.in_channels if step is Step.BP else geometry.out_channels
        columns = np.arange(total, dtype=np.int64)
        if rng.random() < 0.25:
            columns = rng.permutation(total)[: int(rng.integers(1, total + 1))].astype(np.int64)
        output = self._draw_output(geometry, step, len(columns))
        options: dict[str, Any] = {"columns": columns, "balancer": bool(rng.random() < 0.7)}
        if rng.random() < 0.2:
            channels = geometry.out_channels if step is Step.BP else geometry.in_channels
            options["costs"] = rng.integers(0, 1 << 20, channels)
        if output.mode is not OutputMode.FGMP:
            options["job_records"] = bool(rng.random() < 0.7)
        return self.add(geometry, step, _draw_operands(rng), output=output, **options)

    def finish(self, memory: U8 | None = None) -> Chain:
        """Link the steps drawn so far, and run them on the golden model.

        Parameters
        ----------
        memory : uint8 [bytes], or None
            What a chain before this one left in the same image; None: nothing ran before.
        """
        linked = link(self.image, [step.layer for step in self._steps])
        steps = tuple(
            ChainStep(layer, step.a, step.b, step.output)
            for layer, step in zip(linked, self._steps, strict=True)
        )
        before = np.array(self.image.data)
        if memory is not None:
            before[: len(memory)] = memory
        line = steps[0].layer.descriptors[0].line
        lines = [one.line for layer in linked for one in layer.descriptors]
        assert check_chain(before, line, self.preset.columns, self.preset.psum_rows) == lines
        after = before.copy()
        expected = interpret(after, line, self.preset)
        assert expected.cause is Cause.NONE, expected.message
        self._steps.clear()
        return Chain(steps, before, after, expected)

    def _draw_output(self, geometry: ConvGeometry, step: Step, columns: int) -> Output:
        """Draw what the step may ask of its results."""
        rng, wg = self.rng, step is Step.WG
        modes = [OutputMode.FP32, OutputMode.FP16] if wg else [*OutputMode, OutputMode.FGMP]
        mode = modes[int(rng.integers(len(modes)))]
        fmt = Fp8Format(int(rng.integers(2)))
        share = (int(rng.integers(0, 6)), int(rng.integers(5, 40)))
        if mode is OutputMode.FP32:
            return Output(mode, fmt, share=share)
        shape = geometry.x_shape if step is Step.BP else geometry.delta_shape
        shape = (shape[0], columns, *shape[2:])
        wanted = rng.random(4) < 0.5
        scale, shift = _draw_floats(rng, columns) if wanted[0] else (None, None)
        from_record = mode is OutputMode.FGMP and bool(self._records) and rng.random() < 0.5
        e_thr = int(rng.integers(-24, 17)) if rng.random() < 0.2 else int(rng.integers(-2, 8))
        return Output(
            mode,
            fmt,
            bias=bias_of(fmt, e_thr),
            threshold_record=int(rng.choice(self._records)) if from_record else 0,
            share=share,
            scale=scale,
            shift=shift,
            residual=with_specials(rng, random_fp16(rng, shape, 0.8), 0.02) if wanted[1] and not wg else None,
            relu=bool(wanted[2]),
            mask=rng.random(shape) < 0.6 if wanted[3] and not wg else None,
        )


def draw_memory(rng: np.random.Generator) -> MemoryOptions:
    """Draw the memory's manners, within the default patience."""
    return MemoryOptions(
        latency=int(rng.choice([0, 5, 30, 100])),
        latency_random=int(rng.choice([0, 0, 20, 200])),
        bytes_per_cycle=int(rng.choice([0, 16, 24, 64])),
        order=Order(int(rng.integers(3))),
        stall_permille=int(rng.choice([0, 0, 300, 700])),
        seed=int(rng.integers(1, 1 << 30)),
    )


def planned(chain: Chain, results: Sequence[LayerResult]) -> Traffic:
    """Return the bytes that the chain's run moves, as software plans them."""
    total = Traffic()
    for step, result in zip(chain.steps, results, strict=True):
        total = total + step.layer.traffic(result.result_bytes)
    return total


def require_run(chain: Chain, memory: U8, outcome: ChipOutcome, *, detached: bool = False) -> None:
    """Raise `AssertionError` unless a run of the chain did all that it should, and nothing else.

    Parameters
    ----------
    memory : uint8 [bytes]
        After the run.
    detached : bool
        Whether cores may have been left behind: then more may have been read than planned.
    """
    status = outcome.status
    assert (status.done, status.error, status.busy, status.cause) == (True, False, False, Cause.NONE)
    assert not status.busy_write, "a write was refused"
    require_memory(chain.name, chain.before, chain.after, memory)
    results = [read_layer(memory, step.layer) for step in chain.steps]
    for step, result in zip(chain.steps, results, strict=True):
        step.require_result(memory, result)
    require_traffic(planned(chain, results), outcome, detached=detached)
    require_work(chain, outcome)
    if not detached:
        assert outcome.chip["detached"] == 0, f"{outcome.chip['detached']} cores were left behind"
    sample(chain, outcome)


def sample(chain: Chain, outcome: ChipOutcome) -> None:
    """Count the bins that a run met: shapes, kinds of output, and cores at work."""
    for step in chain.steps:
        lowering = step.layer.lowering
        layers.CHIP.sample(lowering, len(step.layer.columns))
        manners.sample_output(lowering.preset.cores, lowering.step.value, step.output.mode.name)
    steps = {step.layer.lowering.step for step in chain.steps}
    if len(steps) == 1:
        macs = [core["macs_fp8"] + core["macs_fp16"] for core in outcome.cores]
        manners.sample_cores(len(macs), steps.pop().value, macs)


def require_traffic(plan: Traffic, outcome: ChipOutcome, *, detached: bool = False) -> None:
    """Hold what was counted at the memory's pins, and what the chip says of it, against the plan."""
    pins, chip = outcome.traffic, outcome.chip
    assert pins.write_bytes == plan.writes, f"{pins.write_bytes} bytes written, planned: {plan.writes}"
    assert chip["write_bytes"] == pins.write_bytes
    assert chip["write_beats"] == pins.write_beats
    counted = {stream: chip[f"{stream}_lines"] * LINE_BYTES for stream in STREAMS}
    assert sum(counted.values()) == pins.read_bytes
    wanted = {stream: getattr(plan, stream) for stream in STREAMS}
    if detached:
        assert counted["control"] == wanted["control"]
        assert all(counted[stream] >= wanted[stream] for stream in STREAMS), (counted, wanted)
    else:
        assert counted == wanted
        assert pins.read_bytes == plan.reads, f"{pins.read_bytes} bytes read, planned: {plan.reads}"


def require_work(chain: Chain, outcome: ChipOutcome) -> None:
    """Hold jobs and MACs of all cores against the golden chip model's and the layers'."""
    descriptors = [one for step in chain.steps for one in step.layer.descriptors]
    assert outcome.chip["jobs"] == chain.jobs
    assert outcome.status.descriptors_done == len(descriptors)
    done = {name: sum(core[name] for core in outcome.cores) for name in ("macs_fp8", "macs_fp16")}
    model = chain.expected.descriptors
    assert done == {name: sum(getattr(one, name) for one in model) for name in done}
    work = [work_counters(step.layer.lowering, step.a, len(step.layer.columns)) for step in chain.steps]
    assert done == {name: sum(getattr(one, name) for one in work) for name in done}


def _draw_operands(rng: np.random.Generator) -> Operands:
    """Draw how A and B look; now and then with what is rare in real layers."""
    return Operands(
        density=float(rng.choice([0.0, 0.05, 0.3, 0.6, 1.0], p=[0.05, 0.2, 0.3, 0.3, 0.15])),
        group=str(rng.choice(["mixed", "mixed", "mixed", *THRESHOLDS])),
        specials=str(rng.choice(["", "", "", "a", "b", "ab"])),
        dead_channels=float(rng.choice([0.0, 0.0, 0.3])),
        tiny=bool(rng.random() < 0.1),
        ties=bool(rng.random() < 0.1),
    )


def _draw_floats(rng: np.random.Generator, columns: int) -> tuple[U32, U32]:
    """FP32 bits of scale and bias of each column; a few are infinite, NaN or subnormal."""
    values = rng.standard_normal((2, columns)).astype(np.float32).view(np.uint32)
    special = rng.random(values.shape) < 0.05
    rare = np.array([0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0x80000000, 0x00000001], np.uint32)
    values[special] = rng.choice(rare, int(special.sum()))
    return values[0], values[1]
