"""Descriptors and job tables: what the RTL takes, refuses and hands on is what docs/chip.md says.

The verdicts are those of `golden.chip.validate`, which software asks before it starts the chip, and of the
golden chip model, which was written apart from it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from golden.chip.encoding import (
    LINE_BYTES,
    Cause,
    Descriptor,
    EncodingError,
    Extent,
    Job,
    Window,
)
from golden.chip.interpreter import interpret
from golden.chip.validate import ALL_LINES, ValidationError, check_job
from golden.formats import U32
from golden.presets import find_preset
from tb.central.descriptors import good_descriptor, verdict
from tb.central.tables import EXTENTS, PSUM_ROWS, TablesBench, job_fields, layer_fields

Rng = np.random.Generator
TINY = find_preset("tiny")
DESCRIPTOR_CAUSES = (Cause.MAGIC, Cause.FIELD, Cause.WINDOW, Cause.OVERLAP)
STALLS = (0, 300, 900)


def model_verdict(words: U32, line: int) -> Cause:
    """Return what the golden chip model says of a descriptor in the first lines of an empty memory."""
    memory = np.zeros(4 * LINE_BYTES, np.uint8)
    memory[line * LINE_BYTES : (line + 2) * LINE_BYTES] = words.astype("<u4").view(np.uint8)
    run = interpret(memory, line, TINY)
    if run.error_job is not None or run.cause is Cause.READ_RESPONSE:
        return Cause.NONE  # it found nothing wrong, and went on to the job table
    return run.cause


def require_verdicts(words: list[U32], lines: list[int]) -> Counter[Cause]:
    """Hold the RTL's verdicts against golden's, and the fields of what is right; count the verdicts."""
    causes, found = TablesBench().check_descriptors(np.array(words), np.array(lines, np.uint32))
    for number, (cause, given, line) in enumerate(zip(causes, words, lines, strict=True)):
        wanted = verdict(given, line)
        assert cause is wanted, f"descriptor {number}: {cause.name}, golden says {wanted.name}"
        if cause is Cause.NONE:
            assert found[number].tolist() == layer_fields(Descriptor.from_words(given))
    return Counter(causes)


@pytest.mark.parametrize("end", [3000, ALL_LINES])
def test_good_descriptors(end: int, rng: Rng) -> None:
    """Close together, also up to the last line of all."""
    drawn = [good_descriptor(rng, end) for _ in range(500)]
    counts = require_verdicts([one.words() for one, _ in drawn], [line for _, line in drawn])
    assert counts == {Cause.NONE: 500}


@pytest.mark.parametrize("flips", [1, 2])
def test_descriptors_with_flipped_bits(flips: int, rng: Rng) -> None:
    """Each bit of a descriptor, and any two of them."""
    words, lines = [], []
    for number in range(4096):
        descriptor, line = good_descriptor(rng, int(rng.choice([3000, 1 << 20, ALL_LINES])))
        flipped = descriptor.words()
        for bit in [number % 1024, *rng.integers(0, 640, flips - 1).tolist()]:
            flipped[bit // 32] ^= np.uint32(1 << bit % 32)
        words.append(flipped)
        lines.append(line)
    counts = require_verdicts(words, lines)
    assert set(counts) == {Cause.NONE, *DESCRIPTOR_CAUSES}


def test_windows_that_are_moved(rng: Rng) -> None:
    """What is written comes close to something else, or over it by a line; windows shrink and turn round."""
    words, lines = [], []
    for _ in range(4000):
        descriptor, line = good_descriptor(rng, int(rng.choice([1000, ALL_LINES])))
        moved = descriptor.words()
        word = int(rng.choice([*range(4, 20)]))
        near = int(moved[int(rng.choice([4, 6, 7, *range(8, 20)]))]) + int(rng.integers(-9, 10))
        moved[word] = max(0, near) & 0xFFFFFFFF
        words.append(moved)
        lines.append(line if rng.random() < 0.8 else int(moved[16]) - 2 + int(rng.integers(4)) & 0xFFFFFFFF)
    counts = require_verdicts(words, lines)
    assert all(counts[cause] > 100 for cause in (Cause.NONE, Cause.WINDOW, Cause.OVERLAP)), counts


def test_a_descriptor_at_the_end_of_memory(rng: Rng) -> None:
    """Its second line may be the last one of all, and not lie behind that."""
    descriptor, _ = good_descriptor(rng, 3000)
    counts = require_verdicts([descriptor.words()] * 3, [ALL_LINES - 1, ALL_LINES - 2, ALL_LINES - 3])
    assert counts == {Cause.WINDOW: 1, Cause.NONE: 2}


AT_THE_END: dict[str, dict[str, Any]] = {
    "next": {"last": False},
    "threshold_record": {"threshold_from_record": True},
    "completion": {},
    "job_table": {},
    "job_records": {},
}
"""Fields of a descriptor that say where something of several lines begins, with what makes that count."""


@pytest.mark.parametrize("field", AT_THE_END)
def test_what_ends_behind_memory(field: str, rng: Rng) -> None:
    """Each thing that a descriptor names may end with the last line of all, and not behind it."""
    descriptor, line = good_descriptor(rng, 3000)
    while descriptor.jobs == 1 or not descriptor.job_records:
        descriptor, line = good_descriptor(rng, 3000)
    given = replace(descriptor, **AT_THE_END[field])
    words = [replace(given, **dict[str, Any]({field: ALL_LINES - lines})).words() for lines in range(1, 10)]
    causes = require_verdicts(words, [line] * 9)
    assert causes[Cause.WINDOW]
    assert causes[Cause.NONE]


def test_a_share_of_nothing(rng: Rng) -> None:
    """A share is a fraction: its denominator is not 0, its numerator may be."""
    descriptor, line = good_descriptor(rng)
    words = [replace(descriptor, share=share).words() for share in ((0, 0), (1, 0), (0, 1), (255, 1))]
    counts = require_verdicts(words, [line] * 4)
    assert counts == {Cause.FIELD: 2, Cause.NONE: 2}


def test_golden_model_says_the_same(rng: Rng) -> None:
    """The interpreter and software's check were written apart: here both are asked."""
    for number in range(3000):
        descriptor, _ = good_descriptor(rng, int(rng.choice([3000, ALL_LINES])))
        words = replace(descriptor, threshold_from_record=False).words()
        for bit in rng.integers(0, 640, number % 3):
            words[bit // 32] ^= np.uint32(1 << int(bit) % 32)
        words[1] &= ~np.uint32(1 << 7)  # without a record to read: the memory has none
        assert model_verdict(words, 1) is verdict(words, 1)


# --------------------------------------------------------------------------------------------------
# Job tables
# --------------------------------------------------------------------------------------------------


def draw_windows(rng: Rng) -> tuple[Window, ...]:
    """Draw windows of A, B, C, D and output, now and then up to the last line that a window may name."""
    windows = []
    for _ in EXTENTS:
        size = int(rng.integers(1, 200))
        first = int(rng.choice([0, int(rng.integers(1 << 30)), ALL_LINES - 1 - size]))
        windows.append(Window(first, first + size))
    return tuple(windows)


def draw_job(rng: Rng, windows: tuple[Window, ...]) -> Job:
    """Draw a job that is right."""
    extents = []
    for window in windows:
        first = int(rng.integers(window.first, window.end))
        room = (window.end - first) * LINE_BYTES
        extents.append(Extent(first, int(rng.choice([1, room, int(rng.integers(1, room + 1))]))))
    a, b, c, d, output = extents
    if rng.random() < 0.2:
        a, b, c = Extent(), Extent(), Extent(int(rng.integers(ALL_LINES)), 0)
    if rng.random() < 0.3:
        d = Extent()
    return Job(a, b, c, d, output, int(rng.integers(1, PSUM_ROWS + 1)))


def as_descriptor(windows: tuple[Window, ...]) -> Descriptor:
    """Return a descriptor with these windows, for `check_job`."""
    values: dict[str, Any] = {field.name: 0 for field in fields(Descriptor) if field.type in ("int", "bool")}
    values |= dict(zip(EXTENTS, windows, strict=True))
    return Descriptor(**values)


def require_table(table: U32, windows: tuple[Window, ...], rng: Rng) -> Cause:
    """Run a table; require all jobs up to the first wrong one, and its cause; return that."""
    wanted, cause = [], Cause.NONE
    for index, words in enumerate(table):
        try:
            wanted.append(job_fields(check_job(words, as_descriptor(windows), PSUM_ROWS), index))
        except ValidationError as error:
            cause = error.cause
            break
    outcome = TablesBench().run(
        table,
        windows,
        int(rng.choice([0, int(rng.integers(1 << 32)), ALL_LINES - len(table)])),
        int(rng.integers(1 << 30)),
        read_stall=int(rng.choice(STALLS)),
        job_stall=int(rng.choice(STALLS)),
        latency=int(rng.choice([0, 5, 60])),
    )
    assert outcome.seen.tolist() == wanted
    assert (outcome.cause, outcome.error_job) == (cause, len(wanted) if cause else 0)
    return cause


def test_good_tables(rng: Rng) -> None:
    """Jobs come in order, each once, whatever the order in which the memory answers."""
    for _ in range(60):
        windows = draw_windows(rng)
        table = [draw_job(rng, windows).words() for _ in range(int(rng.integers(1, 80)))]
        assert require_table(np.array(table), windows, rng) is Cause.NONE


def test_tables_with_a_wrong_job(rng: Rng) -> None:
    """A bit is flipped, or an extent moved by a line: the jobs before are given out, and none after."""
    counts: Counter[Cause] = Counter()
    for number in range(600):
        windows = draw_windows(rng)
        table = np.array([draw_job(rng, windows).words() for _ in range(int(rng.integers(1, 24)))])
        at = int(rng.integers(len(table)))
        if number % 3:
            bit = int(rng.integers(0, 512 if number % 3 == 1 else 352))
            table[at, bit // 32] ^= np.uint32(1 << bit % 32)
        else:
            stream = int(rng.integers(5))
            first, size = (int(word) for word in table[at, 2 * stream : 2 * stream + 2])
            table[at, 2 * stream] = first + int(rng.choice([-1, 1])) & 0xFFFFFFFF
            table[at, 2 * stream + 1] = size + int(rng.choice([0, 1, 64]))
        counts[require_table(table, windows, rng)] += 1
    assert all(counts[cause] > 20 for cause in (Cause.NONE, Cause.FIELD, Cause.JOB_RANGE)), counts


def test_tables_of_any_length(rng: Rng) -> None:
    """Of tables of up to 2^32 jobs some; the others are still there when nobody takes them."""
    windows = draw_windows(rng)
    table = np.array([draw_job(rng, windows).words() for _ in range(40)])
    for bit in range(6, 32):
        over = (1 << bit) + int(rng.integers(30)) - len(table)
        given = TablesBench().run(table, windows, 5, int(rng.integers(1 << 30)), left_over=over)
        assert len(given.seen) == len(table)


def test_jobs_with_a_flipped_bit(rng: Rng) -> None:
    """Each bit of a job."""
    windows = draw_windows(rng)
    for bit in range(LINE_BYTES * 8):
        words = draw_job(rng, windows).words()
        words[bit // 32] ^= np.uint32(1 << bit % 32)
        require_table(words[None], windows, rng)


def test_numbers_of_jobs(rng: Rng) -> None:
    """To the last bit, also of a job that is wrong."""
    windows = draw_windows(rng)
    table = np.array([draw_job(rng, windows).words() for _ in range(12)])
    table[9, 10] = 0
    for bit in range(4, 33):
        first = (1 << bit) - 5
        outcome = TablesBench().run(table, windows, 5, int(rng.integers(1 << 30)), first_index=first)
        numbers = [(first + number) % (1 << 32) for number in range(10)]
        assert outcome.seen[:, 10].tolist() == numbers[:9]
        assert (outcome.cause, outcome.error_job) == (Cause.FIELD, numbers[9])


def test_a_reset_forgets_all(rng: Rng) -> None:
    """Each run of the bench begins with a reset: here one comes in the middle of a table."""
    windows = draw_windows(rng)
    table = np.array([draw_job(rng, windows).words() for _ in range(9)])
    for _ in range(10):
        TablesBench().run(table, windows, 5, int(rng.integers(1 << 30)), left_over=1 << 30)
        outcome = TablesBench().run(table, windows, 5, int(rng.integers(1 << 30)))
        assert outcome.seen.tolist() == [
            job_fields(check_job(words, as_descriptor(windows), PSUM_ROWS), index)
            for index, words in enumerate(table)
        ]


def test_jobs_are_read_ahead() -> None:
    """Sixteen of them, and not more."""
    windows = (Window(0, 9),) * 5
    table = np.array([draw_job(np.random.default_rng(1), windows).words()] * 60)
    outcome = TablesBench().run(table, windows, 7, 1, job_stall=950)
    assert outcome.most_ahead == 16
    fast = TablesBench().run(table, windows, 7, 1, latency=4)
    assert fast.cycles < 2 * len(table) + 60


def test_all_fields_are_compared(rng: Rng) -> None:
    """The fields that are compared above are all that a descriptor has; what has no name is refused."""
    descriptor, line = good_descriptor(rng)
    names = {field.name for field in fields(Descriptor)}
    assert len(layer_fields(descriptor)) == len(names) + 1 + len(EXTENTS)  # a share, windows have two
    words = descriptor.words()
    words[31] = 1
    with pytest.raises(EncodingError, match="without a name"):
        Descriptor.from_words(words)
    assert TablesBench().check_descriptors(words[None], np.array([line], np.uint32))[0] == [Cause.FIELD]
