"""Compiled layers on the golden chip model: results, records and traffic are what the numerics say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from golden.chip.compile import compile_layer, link
from golden.chip.encoding import Cause, OutputMode
from golden.chip.interpreter import ChipRun, interpret
from golden.chip.layer import CompiledLayer
from golden.chip.memory_image import MemoryImage
from golden.chip.output import Output
from golden.chip.plan import Traffic
from golden.chip.results import LayerResult, ResultError, read_layer
from golden.exact import exact_product, postprocess
from golden.fgmp import FgmpTensor, SharePolicy, channel_costs, encode, exponent_histogram
from golden.formats import U8, U16, U32, Bool, Fp8Format, bias_of
from golden.geometry import ConvGeometry, Step
from golden.lowering import b_matrix, result_tensor
from golden.presets import Preset, find_preset
from golden.tests.reference import SHAPES, random_fp16, random_geometry, with_specials

TINY, CORE, LNPU = find_preset("tiny"), find_preset("core"), find_preset("lnpu")

LAYERS = [
    ConvGeometry("narrow", 3, 40, 4, 4, 36, 3, 1, 1),
    ConvGeometry("wide", 1, 9, 6, 50, 33, 3, 1, 1),
    ConvGeometry("stride 2", 2, 20, 12, 12, 24, 3, 2, 1),
    ConvGeometry("stem", 1, 3, 21, 45, 20, 7, 2, 3),
    ConvGeometry("down", 2, 33, 8, 8, 17, 1, 2, 0),
    ConvGeometry("fc", 5, 300, 1, 1, 10, 1, 1, 0),
]

ONE, MINUS_ZERO = np.array([0x3F800000], np.uint32), np.array([0x80000000], np.uint32)
"""Scale and bias that change nothing."""


@dataclass(frozen=True)
class Operands:
    """Operands of one step: A and B as a trace has them."""

    geometry: ConvGeometry
    step: Step
    a: FgmpTensor
    b: FgmpTensor

    @property
    def columns(self) -> int:
        """N."""
        return self.geometry.in_channels if self.step is Step.BP else self.geometry.out_channels

    @property
    def result_shape(self) -> tuple[int, int, int, int]:
        """Shape of the result of FP or BP."""
        return self.geometry.x_shape if self.step is Step.BP else self.geometry.delta_shape


def _operands(
    rng: np.random.Generator,
    geometry: ConvGeometry,
    step: Step,
    *,
    density: float = 0.6,
    specials: bool = False,
) -> Operands:
    def draw(shape: tuple[int, ...], fmt: Fp8Format, share: float) -> FgmpTensor:
        bits = random_fp16(rng, shape, share)
        bits = with_specials(rng, bits, 0.01) if specials else bits
        return encode(bits, fmt, int(rng.integers(-3, 6)))

    x = draw(geometry.x_shape, Fp8Format.E4M3, density)
    w = draw(geometry.w_shape, Fp8Format.E4M3, 1.0)
    delta = draw(geometry.delta_shape, Fp8Format.E5M2, density)
    a, b = {Step.FP: (x, w), Step.BP: (delta, w), Step.WG: (x, delta)}[step]
    return Operands(geometry, step, a, b)


def _product(layer: CompiledLayer, operands: Operands) -> U32:
    """Return the exact product as the result's tensor."""
    b = b_matrix(operands.step, operands.b.decoded, layer.columns)
    return result_tensor(layer.lowering, exact_product(layer.lowering, operands.a, b))


def _run(image: MemoryImage, layers: list[CompiledLayer], preset: Preset) -> tuple[U8, ChipRun]:
    memory = image.data.copy()
    run = interpret(memory, layers[0].descriptors[0].line, preset)
    assert (run.cause, run.message) == (Cause.NONE, "")
    return memory, run


def _one(operands: Operands, preset: Preset, **options: Any) -> tuple[CompiledLayer, LayerResult, ChipRun]:
    image = MemoryImage()
    layer = compile_layer(image, operands.geometry, operands.step, preset, operands.a, operands.b, **options)
    memory, run = _run(image, [layer], preset)
    _only_outputs_changed(image, memory, [layer])
    return layer, read_layer(memory, layer), run


def _only_outputs_changed(image: MemoryImage, memory: U8, layers: list[CompiledLayer]) -> None:
    """Compare all memory but outputs, job records and completion records with what it was."""
    free = np.ones(len(memory), np.bool_)
    for layer in layers:
        for one in layer.descriptors:
            free[one.descriptor.completion * 64 : (one.descriptor.completion + 4) * 64] = False
            if one.descriptor.job_records:
                first = one.descriptor.job_records * 64
                free[first : first + 64 * len(one.jobs)] = False
            for job in one.jobs:
                first = job.job.output.line * 64
                free[first : first + job.job.output.bytes] = False
    assert np.array_equal(memory[free], image.data[free])


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_kernel_computes_the_product(
    shape: tuple[int, int, int], step: Step, rng: np.random.Generator
) -> None:
    for preset in (TINY, CORE):
        operands = _operands(rng, random_geometry(rng, shape, 20), step)
        layer, result, _ = _one(operands, preset, balancer=bool(rng.integers(0, 2)))
        assert np.array_equal(result.tensor, _product(layer, operands))


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("geometry", LAYERS, ids=lambda one: one.name)
def test_layers_of_all_forms_on_all_cores(
    geometry: ConvGeometry, step: Step, rng: np.random.Generator
) -> None:
    """Twelve cores; infinities and NaN; a choice of columns; FP32 and FP16."""
    operands = _operands(rng, geometry, step, specials=True)
    columns = rng.permutation(operands.columns)[: int(rng.integers(1, operands.columns + 1))].astype(np.int64)
    layer, result, _ = _one(operands, LNPU, columns=columns, job_records=False)
    product = _product(layer, operands)
    assert np.array_equal(result.tensor, product)
    layer, result, run = _one(operands, LNPU, output=Output(OutputMode.FP16, share=(1, 20)))
    product = _product(layer, operands)
    half = postprocess(product, ONE, MINUS_ZERO, None, False)
    assert np.array_equal(result.tensor, half)
    _check_histograms(layer, result, half, SharePolicy("0.05"))
    _check_writes(layer, result, run)


def _check_histograms(layer: CompiledLayer, result: LayerResult, half: U16, policy: SharePolicy) -> None:
    """Completion records count the columns of their descriptor."""
    axis = 0 if layer.lowering.step is Step.WG else 1
    first = 0
    for one, completion in zip(layer.descriptors, result.completions, strict=True):
        count = len({job.first_column for job in one.jobs}) * one.descriptor.columns
        part = half.take(range(first, first + count), axis=axis)
        histogram = exponent_histogram(part)
        assert completion.histogram == tuple(histogram.tolist())
        assert completion.zeros == np.count_nonzero((part & 0x7FFF) == 0)
        assert completion.nonfinite == np.count_nonzero((part & 0x7C00) == 0x7C00)
        assert completion.threshold == policy.choose(histogram)
        fmt = Fp8Format(one.descriptor.output_format)
        assert completion.threshold_bias == bias_of(fmt, completion.threshold)
        first += count


def _check_writes(layer: CompiledLayer, result: LayerResult, run: ChipRun) -> None:
    """The planned writes are those that the model counted."""
    planned = layer.traffic(result.result_bytes)
    counted = Traffic(
        results=sum(one.result_bytes for one in run.descriptors),
        job_records=sum(one.record_bytes for one in run.descriptors),
        completion=sum(one.completion_bytes for one in run.descriptors),
    )
    assert planned.writes == counted.writes
    assert planned.results == counted.results


def _finished(product: U32, output: Output, operands: Operands) -> U16:
    scale = output.scale if output.scale is not None else np.full(operands.columns, ONE[0])
    shift = output.shift if output.shift is not None else np.full(operands.columns, MINUS_ZERO[0])
    half = postprocess(
        product, scale[None, :, None, None], shift[None, :, None, None], output.residual, output.relu
    )
    keep: Bool = output.mask if output.mask is not None else np.ones(half.shape, np.bool_)
    return np.where(keep, half, np.uint16(0))


@pytest.mark.parametrize("step", [Step.FP, Step.BP])
@pytest.mark.parametrize("wanted", ["scale", "residual", "relu", "mask", "all"])
def test_fgmp_output_after_post_processing(step: Step, wanted: str, rng: np.random.Generator) -> None:
    for preset in (TINY, CORE):
        geometry = random_geometry(rng, (3, int(rng.integers(1, 3)), 1), 20)
        operands = _operands(rng, geometry, step)
        both = {name: wanted in (name, "all") for name in ("scale", "residual", "relu", "mask")}
        floats = rng.standard_normal((2, operands.columns)).astype(np.float32).view(np.uint32)
        fmt = Fp8Format(int(rng.integers(0, 2)))
        e_thr = int(rng.integers(-2, 5))
        output = Output(
            OutputMode.FGMP,
            fmt,
            bias_of(fmt, e_thr),
            scale=floats[0] if both["scale"] else None,
            shift=floats[1] if both["scale"] else None,
            residual=random_fp16(rng, operands.result_shape, 0.8) if both["residual"] else None,
            relu=both["relu"],
            mask=rng.random(operands.result_shape) < 0.6 if both["mask"] else None,
        )
        layer, result, run = _one(operands, preset, output=output)
        half = _finished(_product(layer, operands), output, operands)
        expected = encode(half, fmt, e_thr)
        assert result.fgmp is not None
        assert result.fgmp.e_thr == e_thr
        for name in ("codes", "fp16", "is_fp16", "nonzero", "decoded"):
            assert np.array_equal(getattr(result.fgmp, name), getattr(expected, name)), name
        assert result.costs is not None
        assert result.costs.tolist() == channel_costs(expected).tolist()
        _check_histograms(layer, result, half, SharePolicy())
        _check_writes(layer, result, run)


def test_a_chain_of_layers_and_a_threshold_from_the_one_before(rng: np.random.Generator) -> None:
    """The second layer's output bias follows from the threshold that the first one's histogram gave."""
    geometry = ConvGeometry("conv", 2, 12, 7, 7, 16, 3, 1, 1)
    operands = [_operands(rng, geometry, step) for step in (Step.FP, Step.FP, Step.WG)]
    image = MemoryImage()
    half = Output(OutputMode.FP16)
    first = compile_layer(image, geometry, Step.FP, CORE, operands[0].a, operands[0].b, half)
    record = first.descriptors[0].descriptor.completion
    fgmp = Output(OutputMode.FGMP, Fp8Format.E5M2, threshold_record=record)
    second = compile_layer(image, geometry, Step.FP, CORE, operands[1].a, operands[1].b, fgmp)
    third = compile_layer(image, geometry, Step.WG, CORE, operands[2].a, operands[2].b)
    layers = link(image, [first, second, third])
    memory, _ = _run(image, layers, CORE)
    _only_outputs_changed(image, memory, layers)
    results = [read_layer(memory, layer) for layer in layers]
    products = [_product(layer, one) for layer, one in zip(layers, operands, strict=True)]
    halves = [postprocess(product, ONE, MINUS_ZERO, None, False) for product in products]
    e_thr = SharePolicy().choose(exponent_histogram(halves[0]))
    assert np.array_equal(results[0].tensor, halves[0])
    assert results[1].fgmp is not None
    assert results[1].fgmp.e_thr == e_thr
    assert np.array_equal(results[1].tensor, encode(halves[1], Fp8Format.E5M2, e_thr).decoded)
    assert np.array_equal(results[2].tensor, products[2])


def test_missing_or_contradicting_records_are_told(rng: np.random.Generator) -> None:
    operands = _operands(rng, ConvGeometry("conv", 1, 4, 5, 5, 4, 3, 1, 1), Step.FP)
    image = MemoryImage()
    fgmp = Output(OutputMode.FGMP, bias=10)
    layer = compile_layer(image, operands.geometry, Step.FP, TINY, operands.a, operands.b, fgmp)
    memory, _ = _run(image, [layer], TINY)
    descriptor = layer.descriptors[0].descriptor

    def broken(line: int, byte: int, value: int) -> U8:
        copy = memory.copy()
        copy[64 * line + byte] = value
        return copy

    with pytest.raises(ResultError, match="counts 77 jobs"):
        read_layer(broken(descriptor.completion, 8, 77), layer)
    with pytest.raises(ResultError, match=r"the record of job 1 at line .* says job 9"):
        read_layer(broken(descriptor.job_records + 1, 0, 9), layer)
    length = int(memory[64 * descriptor.job_records + 4])
    with pytest.raises(ResultError, match="conv FP: results of job 0"):
        read_layer(broken(descriptor.job_records, 4, length + 1), layer)
    with pytest.raises(ResultError, match="conv FP: results of job 0"):
        read_layer(broken(descriptor.job_records, 4, length - 1), layer)
