"""Descriptors' worth of jobs for the result path, and what the golden model says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from golden.chip.encoding import LINE_BYTES, MAX_COLUMNS, JobRecord, OutputMode
from golden.chip.packing import pack_d
from golden.exact import postprocess
from golden.fgmp import channel_costs, encode, exponent_histogram
from golden.formats import FP16, FP32, U8, U16, U32, Bool, FloatFormat, Fp8Format, bias_of, canonical_fp32
from golden.storage import POINTER_BYTES, pack

Rng = np.random.Generator

MAX_ROWS = 128
UNTOUCHED = 0xA5
"""What lies in memory where nothing is written."""

ONE, MINUS_ZERO = np.uint32(0x3F800000), np.uint32(0x80000000)
"""Scale and bias that change nothing, not even the sign of a zero."""


@dataclass(frozen=True)
class Operands:
    """Operands of post-processing of one job: what its D stream holds.

    Attributes
    ----------
    scale, bias : uint32 [columns of the core]
    residual : uint16 [rows, columns of the core]
    keep : bool [rows, columns of the core]
    """

    scale: U32
    bias: U32
    residual: U16
    keep: Bool


@dataclass(frozen=True)
class Form:
    """How the results of a descriptor leave (`chip_pkg::post_config_t`)."""

    mode: OutputMode
    fmt: Fp8Format = Fp8Format.E4M3
    e_thr: int = 0
    scale_bias: bool = False
    residual: bool = False
    relu: bool = False
    mask: bool = False

    @property
    def in_order(self) -> bool:
        """Rows must come in order: their places or their operands follow from it."""
        return self.mode is OutputMode.FGMP or self.residual or self.mask

    def d_bytes(self, operands: Operands) -> U8:
        """Pack the D stream of a job; empty if nothing of it is asked for, or FP32 results pass."""
        if self.mode is OutputMode.FP32:
            return np.zeros(0, np.uint8)
        return pack_d(
            len(operands.scale),
            (operands.scale, operands.bias) if self.scale_bias else None,
            operands.residual if self.residual else None,
            operands.keep if self.mask else None,
        )

    def fp16(self, acc: U32, operands: Operands) -> U16:
        """Post-process results and round them to FP16; what is not asked for is left out."""
        y = postprocess(
            acc,
            operands.scale if self.scale_bias else ONE.reshape(1),
            operands.bias if self.scale_bias else MINUS_ZERO.reshape(1),
            operands.residual if self.residual else None,
            self.relu,
        )
        return np.where(operands.keep, y, np.uint16(0)) if self.mask else y


@dataclass(frozen=True)
class Job:
    """One job: results in the order in which the core gives them, and where everything lies.

    Attributes
    ----------
    core, index : int
    acc : uint32 [rows, columns of the core]
    order : int64 [rows]
        Row indices in the order of arrival.
    operands : Operands
    d_line, d_bytes, out_line, out_bytes : int
    zero : bool
        Rows of +0 that no core gives.
    """

    core: int
    index: int
    acc: U32
    order: NDArray[np.int64]
    operands: Operands
    d_line: int = 0
    d_bytes: int = 0
    out_line: int = 0
    out_bytes: int = 0
    zero: bool = False

    @property
    def rows(self) -> int:
        """Rows of the job."""
        return len(self.acc)


@dataclass
class Work:
    """Jobs of one descriptor.

    Attributes
    ----------
    form : Form
    columns : int
        Real ones.
    records : int
        First line of the job records; 0: none.
    jobs : list of Job
        In the order of dealing.
    memory : uint8 [lines * 64]
        With the D streams in it.
    """

    form: Form
    columns: int
    records: int
    jobs: list[Job]
    memory: U8

    def output(self, job: Job) -> bytes:
        """Return what the job writes, without gaps."""
        if self.form.mode is OutputMode.FP32:
            return job.acc.astype("<u4").tobytes()
        y = self.form.fp16(job.acc, job.operands)
        if self.form.mode is OutputMode.FP16:
            return y.astype("<u2").tobytes()
        blocks = [pack(encode(row, self.form.fmt, self.form.e_thr))[POINTER_BYTES:] for row in y]
        return b"".join(blocks)

    def record(self, job: Job, first_index: int = 0) -> JobRecord:
        """Return the job's record; `first_index` is added to its index."""
        costs: tuple[int, ...] = (0,) * MAX_COLUMNS
        if self.form.mode is OutputMode.FGMP:
            y = self.form.fp16(job.acc, job.operands)
            found = channel_costs(encode(y[:, :, None, None], self.form.fmt, self.form.e_thr))
            costs = (*(int(cost) for cost in found), *costs[len(found) :])
        return JobRecord(job.index + first_index, len(self.output(job)), job.rows, costs)

    def expected(self, first_index: int = 0) -> tuple[U8, U8]:
        """Return the memory after all jobs, and which of its bytes have been written.

        `first_index` is added to the indices in the job records, not to their places.
        """
        memory, touched = self.memory.copy(), np.zeros(len(self.memory), np.uint8)
        for job in self.jobs:
            writes = [(job.out_line, self.output(job))]
            if self.records:
                words = self.record(job, first_index).words()
                writes.append((self.records + job.index, words.astype("<u4").tobytes()))
            for line, data in writes:
                part = slice(line * LINE_BYTES, line * LINE_BYTES + len(data))
                memory[part] = np.frombuffer(data, np.uint8)
                touched[part] += 1
        return memory, touched

    def histogram(self) -> NDArray[np.int64]:
        """Return the 40 bins, zeros, and infinities and NaNs of the real columns' FP16 results."""
        if self.form.mode is OutputMode.FP32:
            return np.zeros(42, np.int64)
        results = [self.form.fp16(job.acc, job.operands)[:, : self.columns].reshape(-1) for job in self.jobs]
        y = np.concatenate(results)
        zeros = np.count_nonzero(y & 0x7FFF == 0)
        nonfinite = np.count_nonzero(y & 0x7C00 == 0x7C00)
        return np.concatenate([exponent_histogram(y), [zeros, nonfinite]]).astype(np.int64)


# --------------------------------------------------------------------------------------------------
# Random work
# --------------------------------------------------------------------------------------------------

SPECIALS = np.array(
    [
        *(0, 1, 0x7FFFFF, 0x800000),  # zero, subnormals of binary32, its least normal
        *(0x33000000, 0x33000001, 0x387FC000, 0x38800000),  # half of FP16's least, its subnormals' end
        *(0x47600000, 0x477FE000, 0x477FF000),  # E5M2's and FP16's greatest, what rounds to infinity
        *(0x7F000000, 0x7F7FFFFF),  # the least and the greatest of the highest exponent
        *(0x7F800000, 0x7FC00000, 0x3F800000),  # infinity, NaN, one
        *(0x3F800400, 0x3F7FF800),  # beside one: their product is rounded up to it
    ],
    np.uint32,
)
"""Edges of the formats; of either sign."""


def _floats(values: NDArray[np.float64]) -> U32:
    with np.errstate(all="ignore"):
        return np.ascontiguousarray(values.astype(np.float32)).view(np.uint32)


def _near_one(rng: Rng, shape: tuple[int, ...]) -> U32:
    return _floats(rng.standard_normal(shape))


def _binades(rng: Rng, shape: tuple[int, ...]) -> U32:
    """Values of all binades of FP16 and some beyond, with few or many significant bits."""
    scale = 2.0 ** rng.integers(-28, 18, shape)
    words = _floats(rng.standard_normal(shape) * scale)
    kept = rng.integers(0, 24, shape).astype(np.uint32)
    short: U32 = words >> kept << kept
    return short


def _sparse(rng: Rng, shape: tuple[int, ...]) -> U32:
    return np.where(rng.random(shape) < 0.8, np.uint32(0), _near_one(rng, shape))


def _specials(rng: Rng, shape: tuple[int, ...]) -> U32:
    signs = rng.integers(0, 2, shape).astype(np.uint32) << np.uint32(31)
    chosen: U32 = SPECIALS[rng.integers(0, len(SPECIALS), shape)] | signs
    return np.where(rng.random(shape) < 0.6, chosen, _binades(rng, shape))


def _any_bits(rng: Rng, shape: tuple[int, ...]) -> U32:
    return rng.integers(0, 1 << 32, shape, dtype=np.uint32)


def _classes(rng: Rng, shape: tuple[int, ...], fmt: FloatFormat = FP32) -> U32:
    """Zeros, subnormals, the ends of the exponents, infinities and NaNs as often as any other number."""
    step, infinity = 1 << fmt.fraction_bits, fmt.infinity_code
    assert infinity is not None
    top = fmt.max_finite_code // step * step
    edges = np.array([0, 1, step, 2 * step, top, fmt.max_finite_code, infinity, infinity + 1, fmt.sign_bit])
    chosen = rng.integers(0, len(edges) - 1, shape)
    magnitudes = rng.integers(edges[chosen], edges[chosen + 1])
    signed: U32 = (magnitudes + fmt.sign_bit * rng.integers(0, 2, shape)).astype(np.uint32)
    return signed


VALUES: dict[str, Callable[[Rng, tuple[int, ...]], U32]] = {
    "near one": _near_one,
    "binades": _binades,
    "sparse": _sparse,
    "specials": _specials,
    "classes": _classes,
    "any bits": _any_bits,
}
"""Kinds of results and operands."""


def random_operands(rng: Rng, kind: str, rows: int, width: int) -> Operands:
    """Draw operands of post-processing of one kind."""
    values = VALUES[kind]
    residual = values(rng, (rows, width)).view(np.float32)
    with np.errstate(all="ignore"):
        halves = residual.astype(np.float16).view(np.uint16)
    if kind == "any bits":
        halves = rng.integers(0, 1 << 16, (rows, width), dtype=np.uint16)
    elif kind == "classes":
        halves = _classes(rng, (rows, width), FP16).astype(np.uint16)
    return Operands(
        values(rng, (width,)), values(rng, (width,)), halves, rng.random((rows, width)) < rng.random()
    )


@dataclass
class WorkMaker:
    """Makes random work for a result path of `cores` cores of `width` columns."""

    rng: Rng
    cores: int
    width: int

    def make(
        self,
        form: Form,
        kind: str,
        jobs: int,
        *,
        min_rows: int = 1,
        max_rows: int = MAX_ROWS,
        records: bool = True,
        zeros: bool = True,
        even: bool = False,
    ) -> Work:
        """Draw jobs with results and operands of one kind.

        Rows come in any order unless the form needs them in order. Some jobs have rows of +0 and no core
        (`zeros`); some have the same D stream as the one before. The cores have equally many jobs if `even`.
        Outputs are as long as needed, or longer.
        """
        rng = self.rng
        parts: list[U8] = [np.full(LINE_BYTES, UNTOUCHED, np.uint8)]
        made: list[Job] = []
        line = 1

        def place(data: U8) -> int:
            """Append bytes from the start of a line on, and return the line."""
            nonlocal line
            at, lines = line, -(-len(data) // LINE_BYTES)
            filled = np.full(lines * LINE_BYTES, UNTOUCHED, np.uint8)
            filled[: len(data)] = data
            parts.append(filled)
            line += lines
            return at

        indices = rng.permutation(4 * jobs)[:jobs]
        for number in range(jobs):
            rows = int(rng.integers(min_rows, max_rows + 1))
            operands = random_operands(rng, kind, rows, self.width)
            if made and rng.random() < 0.3:
                operands, rows = made[-1].operands, made[-1].rows
                d_line, d_bytes = made[-1].d_line, made[-1].d_bytes
            else:
                data = form.d_bytes(operands)
                d_line, d_bytes = (place(data), len(data)) if len(data) else (0, 0)
            zero = zeros and rng.random() < 0.15
            acc = canonical_fp32(VALUES[kind](rng, (rows, self.width)))
            acc = np.zeros_like(acc) if zero else acc
            order = np.arange(rows) if form.in_order else rng.permutation(rows)
            core = number % self.cores if even else int(rng.integers(0, self.cores))
            made.append(Job(core, int(indices[number]), acc, order, operands, d_line, d_bytes, zero=zero))

        def with_output(job: Job) -> Job:
            size = len(Work(form, self.width, 0, [], parts[0]).output(job))
            allowed = size if rng.random() < 0.5 else size + int(rng.integers(1, 200))
            at = place(np.full(allowed, UNTOUCHED, np.uint8))
            return replace(job, out_line=at, out_bytes=allowed)

        made = [with_output(job) for job in made]
        first_record = place(np.full(4 * jobs * LINE_BYTES, UNTOUCHED, np.uint8)) if records else 0
        columns = int(rng.integers(1, self.width + 1))
        return Work(form, columns, first_record, made, np.concatenate(parts))


def bias_field(form: Form) -> int:
    """FP8 bias of a descriptor's output."""
    return bias_of(form.fmt, form.e_thr)
