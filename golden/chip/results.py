"""Results in the chip's memory back to tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.chip.encoding import LINE_BYTES, CompletionRecord, Extent, JobRecord, OutputMode
from golden.chip.layer import CompiledDescriptor, CompiledLayer
from golden.chip.packing import PackingError, unpack_blocks
from golden.fgmp import FgmpTensor
from golden.formats import U8, Fp8Format, decode_fp8
from golden.lowering import Ints, result_tensor
from golden.streams import CLASS_FP16, CLASS_ZERO

_BIAS_SUM = {Fp8Format.E4M3: 16, Fp8Format.E5M2: 31}
"""Threshold exponent plus FP8 bias (contract 2.8)."""


class ResultError(ValueError):
    """Memory does not hold the results that a compiled layer leaves."""


@dataclass(frozen=True)
class LayerResult:
    """What a layer left in memory.

    Attributes
    ----------
    mode : OutputMode
    tensor : uint32 or uint16
        FP32 or FP16 bits; FP and BP NCHW, WG OIHW, over the layer's columns. FGMP: decoded FP16 bits.
    fgmp : FgmpTensor, or None
        The encoded tensor (FGMP only).
    costs : int64 [N], or None
        Cost of each channel for the balancer, from the job records (FGMP only).
    result_bytes : tuple of int
        Bytes of results by descriptor.
    completions : tuple of CompletionRecord
        By descriptor.
    """

    mode: OutputMode
    tensor: npt.NDArray[Any]
    fgmp: FgmpTensor | None
    costs: Ints | None
    result_bytes: tuple[int, ...]
    completions: tuple[CompletionRecord, ...]


def read_layer(memory: U8, layer: CompiledLayer) -> LayerResult:
    """Collect a layer's results.

    Parameters
    ----------
    memory : uint8 [n]
        The chip's memory from address 0, after the run.

    Raises
    ------
    ResultError
        If a record is missing or contradicts the results.
    """
    mode = layer.descriptors[0].descriptor.mode
    lowering, count = layer.lowering, len(layer.columns)
    width = lowering.preset.columns
    product, classes = np.zeros((2, lowering.rows, count), np.uint32)
    costs = np.zeros(count, np.int64)
    sizes, completions = [], []
    for one in layer.descriptors:
        completion = CompletionRecord.from_words(
            _words(memory, one.descriptor.completion, CompletionRecord.WORDS)
        )
        if completion.jobs != len(one.jobs):
            raise ResultError(
                f"{layer.name}: the completion record at line {one.descriptor.completion} counts "
                f"{completion.jobs} jobs of {len(one.jobs)}"
            )
        completions.append(completion)
        records = _records(memory, layer, one)
        sizes.append(sum(record.bytes for record in records))
        for job, record in zip(one.jobs, records, strict=True):
            part = slice(job.first_column, job.first_column + one.descriptor.columns)
            real = one.descriptor.columns
            extent = Extent(job.job.output.line, record.bytes)
            content = memory[extent.line * LINE_BYTES :][: extent.bytes]
            if mode is OutputMode.FGMP:
                what = f"{layer.name}: results of job {record.index}"
                one_classes, values = _unpack(content, len(job.rows), width, what)
                classes[job.rows, part] = one_classes[:, :real]
                costs[part] += record.costs[:real]
            else:
                dtype = "<u4" if mode is OutputMode.FP32 else "<u2"
                values = np.frombuffer(content.tobytes(), dtype).reshape(len(job.rows), width)
            product[job.rows, part] = values[:, :real]
    tensor = result_tensor(lowering, product)
    if mode is not OutputMode.FGMP:
        bits = tensor if mode is OutputMode.FP32 else tensor.astype(np.uint16)
        return LayerResult(mode, bits, None, None, tuple(sizes), tuple(completions))
    biases = {completion.bias for completion in completions}
    if len(biases) != 1:
        raise ResultError(f"{layer.name}: its descriptors used different output biases, {sorted(biases)}")
    fmt = Fp8Format(layer.descriptors[0].descriptor.output_format)
    class_tensor = result_tensor(lowering, classes).astype(np.uint8)
    fgmp = _fgmp(class_tensor, tensor.astype(np.uint16), fmt, completions[0].bias)
    return LayerResult(mode, fgmp.decoded, fgmp, costs, tuple(sizes), tuple(completions))


def _records(memory: U8, layer: CompiledLayer, one: CompiledDescriptor) -> list[JobRecord]:
    """Job records of a descriptor; where the chip writes none, what they would say."""
    descriptor = one.descriptor
    if not descriptor.job_records:
        return [JobRecord(i, job.job.output.bytes, job.job.rows) for i, job in enumerate(one.jobs)]
    records = []
    for index, job in enumerate(one.jobs):
        line = descriptor.job_records + index
        record = JobRecord.from_words(_words(memory, line, JobRecord.WORDS))
        if (record.index, record.rows) != (index, job.job.rows) or record.bytes > job.job.output.bytes:
            raise ResultError(
                f"{layer.name}: the record of job {index} at line {line} says job {record.index}, "
                f"{record.rows} rows, {record.bytes} bytes; the job has {job.job.rows} rows and room for "
                f"{job.job.output.bytes} bytes"
            )
        records.append(record)
    return records


def _words(memory: U8, line: int, count: int) -> npt.NDArray[np.uint32]:
    start = line * LINE_BYTES
    return np.frombuffer(memory[start : start + 4 * count].tobytes(), "<u4").astype(np.uint32)


def _unpack(content: U8, rows: int, width: int, what: str) -> tuple[U8, npt.NDArray[np.uint16]]:
    """Read the FGMP blocks of a job, one a row: classes and values, [rows, width]."""
    try:
        classes, values, used = unpack_blocks(content, np.full(rows, width, np.int64), what)
    except PackingError as error:
        raise ResultError(str(error)) from None
    if used != len(content):
        raise ResultError(f"{what}: its record says {len(content)} bytes, {rows} blocks end after {used}")
    return classes.reshape(rows, width), values.reshape(rows, width)


def _fgmp(classes: U8, values: npt.NDArray[np.uint16], fmt: Fp8Format, bias: int) -> FgmpTensor:
    is_fp16, nonzero = classes == CLASS_FP16, classes != CLASS_ZERO
    codes = np.where(is_fp16, 0, values).astype(np.uint8)
    fp16 = np.where(is_fp16, values, 0).astype(np.uint16)
    return FgmpTensor(
        shape=classes.shape,
        fmt=fmt,
        e_thr=_BIAS_SUM[fmt] - bias,
        codes=codes,
        fp16=fp16,
        is_fp16=is_fp16,
        nonzero=nonzero,
        decoded=decode_fp8(codes, fmt, bias) | fp16,
    )
