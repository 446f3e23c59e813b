"""A layer's training step to what lies in the chip's memory: streams, job tables, descriptors.

`compile_layer` lays one step out; `link` makes a chain of several. Columns that do not fill a core's get a
descriptor of their own, with the same streams A and C.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.chip.encoding import (
    COMPLETION_LINES,
    DESCRIPTOR_LINES,
    JOB_LINES,
    JOB_RECORD_LINES,
    LINE_BYTES,
    Descriptor,
    Extent,
    Job,
    OutputMode,
    Window,
)
from golden.chip.job_items import block_parts, inter_items, intra_items
from golden.chip.layer import CompiledDescriptor, CompiledJob, CompiledLayer
from golden.chip.memory_image import MemoryImage
from golden.chip.output import RESULT_BYTES, Output, check_request
from golden.chip.packing import Streams, join, pack_b, pack_columns, pack_d, pack_units
from golden.chip.plan import (
    FP16_BYTES,
    NO_STREAM,
    JobStreams,
    Stream,
    choose_order,
)
from golden.chip.wg_units import UnitLayouts, choose_blocks
from golden.counters import FP8_MACS_PER_CYCLE, work_counters
from golden.fgmp import FgmpTensor, channel_costs
from golden.formats import U8
from golden.geometry import ConvGeometry, Step
from golden.lowering import Ints, Lowering
from golden.presets import Preset
from golden.program import Program


@dataclass(frozen=True)
class _Operands:
    """What a step's descriptors share: rows of each block, its streams A and C; B by group of columns."""

    rows: list[Ints]
    a: list[Extent]
    c: list[Extent]
    b: list[Extent]
    a_stream: list[Stream]
    b_stream: list[Stream]
    c_stream: list[Stream]
    windows: dict[str, Window]

    def streams(self, block: int, group: int, d: Extent) -> JobStreams:
        """Streams of a job; a block without A only writes zeros and needs no B."""
        real = self.a[block].bytes != 0
        return JobStreams(
            self.a_stream[block] if real else NO_STREAM,
            self.b_stream[group] if real else NO_STREAM,
            self.c_stream[block],
            Stream(d.line, d.bytes, d.bytes),
        )


@dataclass
class _LayerCompiler:
    """Lays one step out; see `compile_layer` for the fields."""

    image: MemoryImage
    lowering: Lowering
    a: FgmpTensor
    b: FgmpTensor
    columns: Ints
    output: Output
    job_records: bool
    _first: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._first = list(range(0, len(self.columns), self.lowering.preset.columns))

    @property
    def _name(self) -> str:
        return f"{self.lowering.geometry.name} {self.lowering.step}"

    def compile(self) -> CompiledLayer:
        """Store everything and return the layer."""
        operands = self._operands()
        width = self.lowering.preset.columns
        full = len(self.columns) // width
        groups = [list(range(full))] if full else []
        if full < len(self._first):
            groups.append([full])
        descriptors = tuple(self._descriptor(operands, of) for of in groups)
        return CompiledLayer(self.lowering, self.columns, descriptors, self._job_cycles(operands.a))

    def _job_cycles(self, a: Sequence[Extent]) -> int:
        # PEs take the columns in pairs, and an element of A one cycle for a pair's FP8 products.
        work = work_counters(self.lowering, self.a, 1)
        cycles = work.macs_fp8 + FP8_MACS_PER_CYCLE * work.macs_fp16
        share = max(one.bytes for one in a) / max(sum(one.bytes for one in a), 1)
        return math.ceil(share * cycles / self.lowering.preset.lines)

    def _operands(self) -> _Operands:
        """Store what all descriptors read: streams A and C of each block, B of each group of columns."""
        lowering, width = self.lowering, self.lowering.preset.columns
        rows, a, items = self._intra() if lowering.step is Step.WG else self._inter()
        b = pack_b(lowering, self.b, self.columns, self._first)
        distinct = {content: index for index, content in enumerate(dict.fromkeys(items))}
        a_extents, a_window = self._store(a, "A")
        b_extents, b_window = self._store(b, "B")
        c_extents, c_window = self._store(join(list(distinct)), "C")
        c_extents = [c_extents[distinct[content]] for content in items]
        reals = [min(width, len(self.columns) - first) for first in self._first]
        return _Operands(
            rows,
            a_extents,
            c_extents,
            b_extents,
            [
                Stream(extent.line, extent.bytes, FP16_BYTES * int(elements))
                for extent, elements in zip(a_extents, a.elements, strict=True)
            ],
            [
                Stream(extent.line, extent.bytes, FP16_BYTES * lowering.depth * real)
                for extent, real in zip(b_extents, reals, strict=True)
            ],
            [Stream(extent.line, extent.bytes, extent.bytes) for extent in c_extents],
            {"a": a_window, "b": b_window, "c": c_window},
        )

    def _inter(self) -> tuple[list[Ints], Streams, list[bytes]]:
        """Rows, stream A and stream C of each block of FP or BP."""
        program = Program(self.lowering)
        parts = [block_parts(program, block) for block in program.blocks]
        items = [inter_items(program, block, of) for block, of in zip(program.blocks, parts, strict=True)]
        return [block.rows for block in program.blocks], pack_columns(self.lowering, self.a, parts), items

    def _intra(self) -> tuple[list[Ints], Streams, list[bytes]]:
        """Rows, stream A and stream C of each block of WG."""
        lowering, program = self.lowering, Program(self.lowering)
        blocks = choose_blocks(lowering, len(self._first), lowering.costs, lowering.balancer)
        units = UnitLayouts(lowering)
        layouts = {count: units.of_tiles(count) for count in {block.ky_count for block in blocks}}
        made: dict[tuple[int, int], bytes] = {}
        items = []
        for block in blocks:
            kind = (len(block.channels), block.ky_count)
            if kind not in made:
                made[kind] = intra_items(program, block, layouts[block.ky_count])
            items.append(made[kind])
        rows = [block.rows(lowering) for block in blocks]
        return rows, pack_units(lowering, self.a, blocks, layouts), items

    def _store(self, streams: Streams, kind: str) -> tuple[list[Extent], Window]:
        extent = self.image.store(streams.data, f"{self._name}: {kind}")
        return streams.extents(extent.line), Window(extent.line, extent.end)

    def _descriptor(self, operands: _Operands, groups: list[int]) -> CompiledDescriptor:
        lowering, output, image = self.lowering, self.output, self.image
        width = lowering.preset.columns
        columns = min(width, len(self.columns) - self._first[groups[0]])
        order = self._order(operands, groups)
        d_extents, d_window = self._d_streams(operands, order)
        sizes = [self._output_bytes(len(operands.rows[block])) for block, _ in order]
        starts = np.cumsum([0] + [-(-size // LINE_BYTES) for size in sizes])
        region = image.allocate(int(starts[-1]) * LINE_BYTES, f"{self._name}: results")
        table = image.allocate(len(order) * JOB_LINES * LINE_BYTES, f"{self._name}: job table")
        records = image.allocate(
            len(order) * JOB_RECORD_LINES * LINE_BYTES if self.job_records else 0,
            f"{self._name}: job records",
        )
        completion = image.allocate(COMPLETION_LINES * LINE_BYTES, f"{self._name}: completion record")
        line = image.allocate(DESCRIPTOR_LINES * LINE_BYTES, f"{self._name}: descriptor").line
        streams = {
            (block, group): operands.streams(block, group, d)
            for (block, group), d in zip(order, d_extents, strict=True)
        }
        plain_streams = tuple(streams[of] for of in self._order(operands, groups, plain=True))
        jobs = []
        for index, (block, group) in enumerate(order):
            real = operands.a[block].bytes != 0
            job = Job(
                operands.a[block],
                operands.b[group] if real else Extent(),
                operands.c[block],
                d_extents[index],
                Extent(region.line + int(starts[index]), sizes[index]),
                len(operands.rows[block]),
            )
            image.write_words(table.line + index * JOB_LINES, job.words())
            jobs.append(CompiledJob(job, operands.rows[block], self._first[group], streams[block, group]))
        threshold_record = output.threshold_record if output.mode is OutputMode.FGMP else 0
        descriptor = Descriptor(
            wg=lowering.step is Step.WG,
            balancer=lowering.balancer,
            a_format=int(self.a.fmt),
            b_format=int(self.b.fmt),
            a_bias=self.a.bias,
            b_bias=self.b.bias,
            columns=columns,
            job_table=table.line,
            jobs=len(order),
            completion=completion.line,
            a=operands.windows["a"],
            b=operands.windows["b"],
            c=operands.windows["c"],
            d=d_window,
            output=Window(region.line, region.end),
            job_records=records.line,
            mode=output.mode,
            output_format=int(output.fmt) if output.mode is not OutputMode.FP32 else 0,
            output_bias=output.bias if output.mode is OutputMode.FGMP else 0,
            threshold_from_record=threshold_record != 0,
            threshold_record=threshold_record,
            share=output.share,
            scale_bias=output.scale is not None,
            residual=output.residual is not None,
            relu=output.relu,
            mask=output.mask is not None,
        )
        image.write_words(line, descriptor.words())
        return CompiledDescriptor(line, descriptor, tuple(jobs), plain_streams)

    def _order(self, operands: _Operands, groups: list[int], plain: bool = False) -> list[tuple[int, int]]:
        b = [operands.b_stream[group] for group in groups]
        order = choose_order(operands.a_stream, b, operands.c_stream, self.lowering.preset.cores, plain)
        return [(block, groups[group]) for block, group in order]

    def _output_bytes(self, rows: int) -> int:
        """Bytes that a job may write: of its results, or with FGMP at most."""
        width = self.lowering.preset.columns
        if self.output.mode is OutputMode.FGMP:
            return rows * (2 * -(-width // 8) + FP16_BYTES * width)
        return rows * width * RESULT_BYTES[self.output.mode]

    def _d_streams(self, operands: _Operands, order: list[tuple[int, int]]) -> tuple[list[Extent], Window]:
        """Store D of each job; without residual and mask, jobs of the same columns share it."""
        output, width = self.output, self.lowering.preset.columns
        if output.scale is None and output.residual is None and output.mask is None:
            return [Extent()] * len(order), Window()
        residual = self._rows_of(output.residual)
        mask = self._rows_of(output.mask)
        made: dict[tuple[int, int], int] = {}
        contents: list[U8] = []
        which = []
        for block, group in order:
            kind = (-1 if residual is None and mask is None else block, group)
            if kind not in made:
                part = slice(self._first[group], self._first[group] + width)
                rows = operands.rows[block]
                scale_bias = None
                if output.scale is not None and output.shift is not None:
                    scale_bias = (output.scale[part], output.shift[part])
                made[kind] = len(contents)
                contents.append(
                    pack_d(
                        width,
                        scale_bias,
                        None if residual is None else residual[rows, part],
                        None if mask is None else mask[rows, part],
                    )
                )
            which.append(made[kind])
        extents, window = self._store(join(contents), "D")
        return [extents[index] for index in which], window

    def _rows_of(self, tensor: NDArray[Any] | None) -> NDArray[Any] | None:
        """Rearrange a tensor of the result's shape (NCHW) to rows of the product: [M, N]."""
        if tensor is None:
            return None
        return np.ascontiguousarray(tensor.transpose(0, 2, 3, 1).reshape(-1, len(self.columns)))


def compile_layer(
    image: MemoryImage,
    geometry: ConvGeometry,
    step: Step,
    preset: Preset,
    a: FgmpTensor,
    b: FgmpTensor,
    output: Output | None = None,
    *,
    columns: Ints | None = None,
    balancer: bool = True,
    costs: Ints | None = None,
    job_records: bool = True,
) -> CompiledLayer:
    """Lay one training step out in memory, as a chain of its own.

    Parameters
    ----------
    image : MemoryImage
        Receives everything.
    a, b : FgmpTensor
        FP: X and W; BP: δ and W; WG: X and δ. NCHW and OIHW.
    output : Output, or None
        None: FP32 results.
    columns : int64 [N], or None
        The product's columns, as indices into B's N axis; None: all.
    balancer : bool
    costs : int64 [C], or None
        Cost of each channel of A; None: counted from `a`.
    job_records : bool
        Whether the chip writes a record for each job (FGMP output cannot be read back without).

    Raises
    ------
    CompileError
        If operands or options do not fit the step.
    golden.program.ProgramError, golden.chip.wg_units.WgUnitError
        If the layer does not fit the hardware's buffers.
    """
    output = output if output is not None else Output()
    axis = 1 if step is not Step.FP else 0
    if columns is None:
        columns = np.arange(b.shape[axis], dtype=np.int64)
    costs = channel_costs(a) if costs is None else costs
    lowering = Lowering(geometry, step, preset, costs, balancer)
    check_request(lowering, a, b, output, columns, job_records)
    compiler = _LayerCompiler(image, lowering, a, b, columns, output, job_records)
    layer = compiler.compile()
    return link(image, [layer])[0]


def link(image: MemoryImage, layers: Sequence[CompiledLayer]) -> list[CompiledLayer]:
    """Make one chain of the descriptors of several layers; return the layers as they then are in memory."""
    chain = [one for layer in layers for one in layer.descriptors]
    linked = []
    for index, one in enumerate(chain):
        last = index == len(chain) - 1
        descriptor = replace(one.descriptor, last=last, next=0 if last else chain[index + 1].line)
        image.write_words(one.line, descriptor.words())
        linked.append(replace(one, descriptor=descriptor))
    result, taken = [], 0
    for layer in layers:
        count = len(layer.descriptors)
        result.append(replace(layer, descriptors=tuple(linked[taken : taken + count])))
        taken += count
    return result
