"""The result path against the golden model: every form of output, any stalls, and what goes wrong."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from golden.chip.encoding import LINE_BYTES, Cause, OutputMode
from golden.formats import Fp8Format
from tb.result.bench import COUNT_BITS, KINDS, STREAMS, ResultBench, ResultFailure, Seen, result_bench
from tb.result.work import MAX_ROWS, VALUES, Form, Work, WorkMaker

Rng = np.random.Generator

TINY, SMALL, LNPU = (1, 2), (3, 4), (12, 8)
SIZES = {"1x2": TINY, "3x4": SMALL, "12x8": LNPU}
"""Cores and PEs of a line."""

LINE_ADDR_BITS = 32
INDEX_BITS = 32
MAX_PATHS = 2
STALLS = (0, 0, 200, 500, 900)
FLAGS = ("scale_bias", "residual", "relu", "mask")

each_size = pytest.mark.parametrize("size", SIZES)
each_mode = pytest.mark.parametrize("mode", OutputMode, ids=lambda mode: mode.name)


def random_form(rng: Rng, mode: OutputMode) -> Form:
    flags = (
        dict.fromkeys(FLAGS, False)
        if mode is OutputMode.FP32
        else {name: bool(rng.integers(0, 2)) for name in FLAGS}
    )
    return Form(mode, Fp8Format(int(rng.integers(0, 2))), int(rng.integers(-24, 17)), **flags)


def random_stalls(rng: Rng) -> dict[str, int]:
    return {name: int(rng.choice(STALLS)) for name in STREAMS}


def random_work(rng: Rng, bench: ResultBench, form: Form, kind: str, jobs: int | None = None) -> Work:
    maker = WorkMaker(rng, bench.cores, bench.width)
    jobs = int(rng.integers(1, 3 * bench.cores + 3)) if jobs is None else jobs
    return maker.make(form, kind, jobs, records=bool(rng.integers(0, 4)))


@each_mode
@pytest.mark.parametrize("kind", VALUES)
@each_size
def test_descriptors(rng: Rng, size: str, mode: OutputMode, kind: str) -> None:
    """Descriptors one after the other, with values of one kind, all formats and stalls at random."""
    bench = result_bench(*SIZES[size])
    for _ in range(12):
        work = random_work(rng, bench, random_form(rng, mode), kind)
        bench.check(work, random_stalls(rng), int(rng.integers(1 << 30)))


@pytest.mark.parametrize("mode", [OutputMode.FP16, OutputMode.FGMP], ids=lambda mode: mode.name)
@pytest.mark.parametrize(
    "flags", list(product([False, True], repeat=4)), ids=lambda flags: "".join("01"[f] for f in flags)
)
def test_every_set_of_operands(rng: Rng, mode: OutputMode, flags: tuple[bool, ...]) -> None:
    for size in SIZES.values():
        bench = result_bench(*size)
        form = Form(mode, Fp8Format.E5M2, -2, **dict(zip(FLAGS, flags, strict=True)))
        for kind in ("specials", "binades"):
            bench.check(random_work(rng, bench, form, kind), random_stalls(rng), int(rng.integers(1 << 30)))


@pytest.mark.parametrize("fmt", Fp8Format, ids=lambda fmt: fmt.name)
def test_every_threshold(rng: Rng, fmt: Fp8Format) -> None:
    bench = result_bench(*SMALL)
    for e_thr in range(-24, 17):
        for kind in ("binades", "specials"):
            work = WorkMaker(rng, bench.cores, bench.width).make(
                Form(OutputMode.FGMP, fmt, e_thr), kind, 4, max_rows=32
            )
            bench.check(work, {}, 1)


@each_mode
@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("permille", [500, 950])
def test_one_stream_stalls(rng: Rng, mode: OutputMode, stream: str, permille: int) -> None:
    bench = result_bench(*SMALL)
    bench.check(
        random_work(rng, bench, random_form(rng, mode), "near one", 9),
        {stream: permille},
        int(rng.integers(1 << 30)),
    )


def test_fp32_takes_no_post_processing(rng: Rng) -> None:
    """Whatever the descriptor says: FP32 results pass bit for bit, and D has no bytes."""
    bench = result_bench(*SMALL)
    form = Form(OutputMode.FP32, scale_bias=True, residual=True, relu=True, mask=True)
    bench.check(random_work(rng, bench, form, "any bits"), random_stalls(rng), 1)


@pytest.mark.parametrize("columns", range(1, 9))
def test_only_real_columns_are_counted(rng: Rng, columns: int) -> None:
    bench = result_bench(*SMALL)
    for mode in (OutputMode.FP16, OutputMode.FGMP):
        work = random_work(rng, bench, Form(mode), "specials")
        work.columns = columns
        bench.check(work, {}, 1)


def test_histogram_is_cleared_with_each_descriptor(rng: Rng) -> None:
    bench = result_bench(*TINY)
    counts = {
        int(bench.check(random_work(rng, bench, Form(OutputMode.FP16), "near one", 2), {}, 1).histogram.sum())
        for _ in range(4)
    }
    assert len(counts) > 1


@pytest.mark.parametrize("size", ["1x2", "3x4"])
def test_histogram_counts_to_its_last_bit(rng: Rng, size: str) -> None:
    """From any count on; a count that ends begins anew."""
    bench = result_bench(*SIZES[size])
    for kind in ("binades", "specials"):
        for counted in (
            *(rng.integers(0, 1 << COUNT_BITS, KINDS) for _ in range(8)),
            (1 << rng.integers(4, COUNT_BITS + 1, KINDS)) - 1,
        ):
            work = random_work(rng, bench, Form(OutputMode.FP16), kind, 6)
            bench.check(work, {}, 1, counted=counted.astype(np.uint32))


@each_mode
@pytest.mark.parametrize("size", ["1x2", "3x4"])
def test_rows_to_the_last_bit(rng: Rng, size: str, mode: OutputMode) -> None:
    """As many rows as a job's field can name, each as long as it can be."""
    bench = result_bench(*SIZES[size])
    operands = mode is not OutputMode.FP32
    form = Form(mode, Fp8Format.E5M2, -24, scale_bias=operands, residual=operands, mask=operands)
    for row_form in (form, Form(mode, e_thr=-24)):
        maker = WorkMaker(rng, bench.cores, bench.width)
        work = maker.make(row_form, "near one", 6, min_rows=255, max_rows=255)
        bench.check(work, random_stalls(rng), int(rng.integers(1 << 30)))


@pytest.mark.parametrize("size", ["1x2", "3x4"])
def test_indices_to_the_last_bit(rng: Rng, size: str) -> None:
    """Any number of jobs before: records name the job, and lie by its number."""
    bench = result_bench(*SIZES[size])
    for bit in range(5, INDEX_BITS + 1):
        work = WorkMaker(rng, bench.cores, bench.width).make(Form(OutputMode.FP16), "near one", 4, max_rows=4)
        last = max(job.index for job in work.jobs)
        first = (1 << bit) - 1 - (last if bit == INDEX_BITS else int(rng.integers(0, last + 1)))
        first -= first == work.records  # line 0 would say that there are no records
        bench.check(work, random_stalls(rng), int(rng.integers(1 << 30)), first_index=first)
        # An error names it too.
        of_out = bench.run(work, {}, 1, first_index=first, out_bytes={0: 0})
        bench.reset(again=True)
        of_d = bench.run(work, {}, 1, first_index=first, d_bytes={0: 9})
        bench.reset(again=True)
        assert of_out.error_job == of_d.error_job == work.jobs[0].index + first
        assert (of_out.cause, of_d.cause) == (Cause.OVERRUN, Cause.STREAM_LENGTH)


@each_mode
@pytest.mark.parametrize("size", ["1x2", "3x4"])
def test_work_anywhere_in_memory(rng: Rng, size: str, mode: OutputMode) -> None:
    """Up to the last line that there is; every bit of a line's number counts."""
    bench = result_bench(*SIZES[size])
    for bit in range(16, LINE_ADDR_BITS + 1):
        work = random_work(rng, bench, random_form(rng, mode), "near one", 5)
        lines = len(work.memory) // LINE_BYTES
        # Across the bit, or up to the end.
        first = (1 << bit) - (lines if bit == LINE_ADDR_BITS else lines // 2)
        bench.check(work, random_stalls(rng), int(rng.integers(1 << 30)), first_line=first)


def test_each_line_of_d_is_read_once(rng: Rng) -> None:
    bench = result_bench(*TINY)
    form = Form(OutputMode.FP16, scale_bias=True, residual=True, mask=True)
    work = random_work(rng, bench, form, "near one", 12)
    seen = bench.check(work, random_stalls(rng), 1)
    assert seen.reads == sum(-(-job.d_bytes // LINE_BYTES) for job in work.jobs)


@pytest.mark.parametrize(
    ("size", "form", "least"),
    [
        ("12x8", Form(OutputMode.FP32), 0.97),
        ("12x8", Form(OutputMode.FGMP), 0.97),
        ("12x8", Form(OutputMode.FGMP, scale_bias=True, residual=True, relu=True, mask=True), 0.95),
        ("1x8", Form(OutputMode.FGMP), 0.9),
        ("1x8", Form(OutputMode.FGMP, residual=True), 0.9),
        ("1x8", Form(OutputMode.FP16, residual=True, mask=True), 0.6),
    ],
    ids=str,
)
def test_throughput(rng: Rng, size: str, form: Form, least: float) -> None:
    """Half rows in a cycle of a path while nothing stalls: one, but for records that straddle lines."""
    cores, pes = (int(part) for part in size.split("x"))
    bench = result_bench(cores, pes)
    maker = WorkMaker(rng, cores, bench.width)
    work = maker.make(form, "near one", 4 * cores, min_rows=MAX_ROWS, zeros=False, even=True)
    seen = bench.check(work, {}, 1)
    assert seen.half_rows == 2 * sum(job.rows for job in work.jobs)
    assert seen.half_rows / seen.busy_cycles / min(cores, MAX_PATHS) > least


# --------------------------------------------------------------------------------------------------
# What goes wrong
# --------------------------------------------------------------------------------------------------


def check_error(work: Work, seen: Seen, cause: Cause, number: int, allowed: int | None = None) -> None:
    """Require this error of this job, and that all that was written is right and within what is allowed."""
    job = work.jobs[number]
    assert (seen.cause, seen.error_job) == (cause, job.index)
    memory, touched = work.expected()
    part = slice(job.out_line * LINE_BYTES, job.out_line * LINE_BYTES + len(work.output(job)))
    touched[part][job.out_bytes if allowed is None else allowed :] = 0
    if work.records:
        record = (work.records + job.index) * LINE_BYTES
        touched[record : record + LINE_BYTES] = 0
    assert (seen.touched <= touched).all()
    written = seen.touched != 0
    assert (seen.memory[written] == memory[written]).all()
    assert (seen.memory[~written] == work.memory[~written]).all()


@each_mode
@each_size
def test_overrun(rng: Rng, size: str, mode: OutputMode) -> None:
    """One byte too few, or far too few, for one job: the row that does not fit is never written."""
    for missing in (1, 1, 2, 40, 1000, 1 << 20):
        bench = result_bench(*SIZES[size])
        form = replace(random_form(rng, mode), residual=False, mask=False)
        work = random_work(rng, bench, form, "near one")
        number = int(rng.integers(0, len(work.jobs)))
        allowed = max(len(work.output(work.jobs[number])) - missing, 0)
        seen = bench.run(work, random_stalls(rng), int(rng.integers(1 << 30)), out_bytes={number: allowed})
        check_error(work, seen, Cause.OVERRUN, number, allowed)


@pytest.mark.parametrize("wrong", [-1000, -64, -1, 1, 64, 1000])
@each_size
def test_length_of_d(rng: Rng, size: str, wrong: int) -> None:
    """A stream that is too short, empty or too long is refused before its job begins."""
    bench = result_bench(*SIZES[size])
    form = Form(OutputMode.FP16, scale_bias=True, residual=True, mask=True)
    work = random_work(rng, bench, form, "near one")
    number = int(rng.integers(0, len(work.jobs)))
    wrong_bytes = max(work.jobs[number].d_bytes + wrong, 0)
    seen = bench.run(work, random_stalls(rng), int(rng.integers(1 << 30)), d_bytes={number: wrong_bytes})
    check_error(work, seen, Cause.STREAM_LENGTH, number, 0)


@each_mode
def test_d_that_nothing_asks_for(rng: Rng, mode: OutputMode) -> None:
    bench = result_bench(*SMALL)
    work = random_work(rng, bench, Form(mode, relu=mode is not OutputMode.FP32), "near one", 5)
    seen = bench.run(work, {}, 1, d_bytes={2: 9})
    check_error(work, seen, Cause.STREAM_LENGTH, 2, 0)


def test_an_error_stops_what_is_under_way(rng: Rng) -> None:
    """A job is refused while the rows of others are on their way: not one more of their writes begins."""
    writes = 0
    for _ in range(10):
        bench = result_bench(*SMALL)
        work = random_work(rng, bench, Form(OutputMode.FGMP, mask=True), "near one", 8)
        last = len(work.jobs) - 1
        wrong = work.jobs[last].d_bytes + 1
        seen = bench.run(work, {"job": 900}, int(rng.integers(1 << 30)), d_bytes={last: wrong})
        check_error(work, seen, Cause.STREAM_LENGTH, last, 0)
        writes += seen.writes
    assert writes


def test_after_an_error_a_reset_is_enough(rng: Rng) -> None:
    bench = result_bench(*LNPU)
    for _ in range(6):
        form = Form(OutputMode.FGMP, scale_bias=True, residual=True)
        work = random_work(rng, bench, form, "near one")
        last = len(work.jobs) - 1
        seen = bench.run(work, random_stalls(rng), 3, out_bytes={last: 5})
        check_error(work, seen, Cause.OVERRUN, last, 5)
        bench.reset(again=True)
        bench.check(random_work(rng, bench, form, "near one"), random_stalls(rng), 4)
        bench.reset(again=True)


@pytest.mark.parametrize("size", ["1x2", "3x4"])
def test_a_row_beyond_all_jobs(rng: Rng, size: str) -> None:
    """A core names the last row that it can: it ends beyond what any output has."""
    bench = result_bench(*SIZES[size])
    for mode in (OutputMode.FP32, OutputMode.FP16):
        work = WorkMaker(rng, bench.cores, bench.width).make(
            Form(mode), "near one", 1, max_rows=1, zeros=False
        )
        seen = bench.run(work, {}, 1, first_row=255)
        assert (seen.cause, seen.writes) == (Cause.OVERRUN, 0)
        bench.reset(again=True)


def test_nothing_is_read_of_a_wrong_stream(rng: Rng) -> None:
    bench = result_bench(*TINY)
    work = random_work(rng, bench, Form(OutputMode.FP16, scale_bias=True), "near one", 1)
    seen = bench.run(work, {}, 1, d_bytes={0: work.jobs[0].d_bytes + 1})
    assert (seen.cause, seen.reads) == (Cause.STREAM_LENGTH, 0)


@each_mode
@pytest.mark.parametrize("size", ["1x2", "3x4"])
def test_reset_in_the_middle_of_work(rng: Rng, size: str, mode: OutputMode) -> None:
    """Whatever jobs are left at any time: what is done after a reset is done in the same order and time."""
    bench = result_bench(*SIZES[size])
    for _ in range(4):
        form = random_form(rng, mode)
        work = random_work(rng, bench, form, "near one", 12)
        stalls = random_stalls(rng)
        bench.reset(again=True)
        first = bench.check(work, stalls, 1)
        for _ in range(4):
            left = random_work(rng, bench, random_form(rng, mode), "near one", 9)
            bench.run(left, stalls, 2, cycles=int(rng.integers(1, first.cycles)))
            bench.reset(again=True)
            seen = bench.check(work, stalls, 1)
            assert (seen.cycles, seen.order) == (first.cycles, first.order)


# --------------------------------------------------------------------------------------------------
# The bench itself
# --------------------------------------------------------------------------------------------------


def test_a_wrong_byte_is_named(rng: Rng, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = result_bench(*TINY)
    work = random_work(rng, bench, Form(OutputMode.FP32), "near one", 2)
    memory, touched = work.expected()
    memory[work.jobs[1].out_line * LINE_BYTES + 3] ^= 1
    monkeypatch.setattr(work, "expected", lambda _first_index: (memory, touched))
    with pytest.raises(ResultFailure, match=r"1 bytes differ; value of byte 3 of .*output of job 1, core 0"):
        bench.check(work, {}, 1)


def test_a_missing_row_hangs(rng: Rng) -> None:
    bench = result_bench(*TINY)
    work = WorkMaker(rng, 1, bench.width).make(Form(OutputMode.FP16), "near one", 1, zeros=False)
    with pytest.raises(ResultFailure, match="hung after 0 of 1 jobs"):
        bench.run(work, {}, 1, rows_given={0: work.jobs[0].rows - 1} if work.jobs[0].rows > 1 else {0: 0})
