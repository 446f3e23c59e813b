"""A memory that answers with errors, or too late: each has its cause and its interrupt, and harms nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from golden.chip.encoding import (
    COMPLETION_LINES,
    LINE_BYTES,
    Cause,
    Extent,
)
from tb.chip.attempts import attempt, require_error, require_jobs_done
from tb.chip.device import RunOptions
from tb.chip.memory import MemoryErrors, MemoryOptions, Order, Response
from tb.chip.victims import (
    LAST_LINE,
    QUIET,
    WATCHDOG,
    chip,
    descriptor_with,
    options,
    some_jobs,
    victim,
)

pytestmark = pytest.mark.usefixtures("good_run_afterwards")

READS = ("descriptor", "descriptor's second line", "threshold", "job table", "a", "b", "c", "d")


def _regions() -> dict[str, Extent]:
    """Return what the chip reads, by name; of the streams those of a job in the middle."""
    descriptor, job = victim().descriptor, victim().jobs[some_jobs()[1]]
    return {
        "descriptor": Extent(victim().line, LINE_BYTES),
        "descriptor's second line": Extent(victim().line + 1, LINE_BYTES),
        "threshold": Extent(descriptor.threshold_record, LINE_BYTES),
        "job table": Extent(descriptor.job_table + some_jobs()[1], LINE_BYTES),
        "a": job.a,
        "b": job.b,
        "c": job.c,
        "d": job.d,
    }


@pytest.mark.parametrize("response", Response)
@pytest.mark.parametrize("name", READS)
def test_reads_answered_with_an_error(name: str, response: Response, rng: np.random.Generator) -> None:
    place = _regions()[name]
    first = place.line * LINE_BYTES
    for errors in (
        MemoryErrors(first, first + LINE_BYTES, response, writes=False),
        MemoryErrors(first, (place.line + place.lines) * LINE_BYTES, response, writes=False),
    ):
        given = options(rng)
        memory = victim().memory()
        chip().load(memory)
        ended = attempt(chip(), victim().line, replace(given, memory=replace(given.memory, errors=errors)))
        require_error(ended, [Cause.READ_RESPONSE], victim().line)
        wrong = victim().users(name, place) if name in ("a", "b", "c", "d") else set()
        victim().require_contained(victim().chain.before, memory, wrong)


def _written() -> dict[str, list[int]]:
    """Return lines that the chip writes, by name: of some jobs, and each of the completion record."""
    descriptor = victim().descriptor
    return {
        "results": [victim().jobs[index].output.line for index in some_jobs()],
        "job records": [descriptor.job_records + index for index in some_jobs()],
        "completion": list(range(descriptor.completion, descriptor.completion + COMPLETION_LINES)),
    }


@pytest.mark.parametrize("response", Response)
@pytest.mark.parametrize("name", ["results", "job records", "completion"])
def test_writes_answered_with_an_error(name: str, response: Response, rng: np.random.Generator) -> None:
    """What such a write leaves in memory is not the chip's doing: here it is carried out."""
    for line in _written()[name]:
        errors = MemoryErrors(line * LINE_BYTES, (line + 1) * LINE_BYTES, response, reads=False)
        given = options(rng)
        memory = victim().memory()
        chip().load(memory)
        ended = attempt(chip(), victim().line, replace(given, memory=replace(given.memory, errors=errors)))
        require_error(ended, [Cause.WRITE_RESPONSE], victim().line)
        if name != "completion":
            victim().require_contained(victim().chain.before, memory, set())
        else:
            good = (memory == victim().chain.before) | (memory == victim().chain.after)
            assert good.all()


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("response", Response)
@pytest.mark.parametrize("reads", [True, False], ids=["reads", "writes"])
def test_errors_in_any_order(reads: bool, response: Response, order: Order, rng: np.random.Generator) -> None:
    """A line and a whole window that answer with errors, whatever comes before or after their answers."""
    descriptor = victim().descriptor
    window = descriptor.a if reads else descriptor.output
    for lines in (1, window.end - window.first):
        first = window.first * LINE_BYTES
        errors = MemoryErrors(first, first + lines * LINE_BYTES, response, reads=reads, writes=not reads)
        given = options(rng)
        memory = victim().memory()
        chip().load(memory)
        manners = replace(given.memory, errors=errors, order=order)
        ended = attempt(chip(), victim().line, replace(given, memory=manners))
        require_error(ended, [Cause.READ_RESPONSE if reads else Cause.WRITE_RESPONSE], victim().line)
        wrong = {
            index
            for index, job in enumerate(victim().jobs)
            if reads and job.a.line < window.first + lines and job.a.bytes
        }
        victim().require_contained(victim().chain.before, memory, wrong)


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("latency", [1, 300])
def test_the_last_answer_of_all_is_an_error(latency: int, last: bool, rng: np.random.Generator) -> None:
    """The layer is not done then, and the error is this descriptor's, not the next one's."""
    line = _written()["completion"][-1]
    errors = MemoryErrors(line * LINE_BYTES, (line + 1) * LINE_BYTES, reads=False)
    far = MemoryOptions(latency=latency, errors=errors, seed=int(rng.integers(1, 1000)))
    memory = victim().memory()
    descriptor_with(last=last, next=0 if last else victim().line + 1)(memory)
    chip().load(memory)
    given = RunOptions(memory=far, quiet=QUIET, watchdog=WATCHDOG, resets=False)
    ended = attempt(chip(), victim().line, given)
    require_error(ended, [Cause.WRITE_RESPONSE], victim().line)
    assert ended.status.descriptors_done == 0


@pytest.mark.parametrize("latency", [150, 1000])
def test_the_completion_record_waits_for_every_answer(latency: int, rng: np.random.Generator) -> None:
    """The last job's record is refused, and the chip learns so long after it could have ended the layer."""
    record = (victim().descriptor.job_records + len(victim().jobs) - 1) * LINE_BYTES
    errors = MemoryErrors(record, record + LINE_BYTES, reads=False)
    far = MemoryOptions(latency=latency, errors=errors, seed=int(rng.integers(1, 1000)))
    memory = victim().memory()
    chip().load(memory)
    given = RunOptions(memory=far, quiet=QUIET, watchdog=WATCHDOG, resets=False)
    require_error(attempt(chip(), victim().line, given), [Cause.WRITE_RESPONSE], victim().line)
    victim().require_contained(victim().chain.before, memory, set())


def test_windows_where_no_memory_is(rng: np.random.Generator) -> None:
    """Right for the chip, but nobody answers there: reads and writes end with DECERR."""
    beyond = len(victim().chain.before) // LINE_BYTES
    for fields, cause in (
        ({"job_table": beyond}, Cause.READ_RESPONSE),
        ({"job_table": LAST_LINE - len(victim().jobs) + 1}, Cause.READ_RESPONSE),
        ({"threshold_record": beyond}, Cause.READ_RESPONSE),
        ({"completion": beyond}, Cause.WRITE_RESPONSE),
        ({"completion": LAST_LINE - 3}, Cause.WRITE_RESPONSE),
        ({"job_records": beyond}, Cause.WRITE_RESPONSE),
    ):
        given: dict[str, Any] = dict(fields)
        memory = victim().memory()
        descriptor_with(**given)(memory)
        before = memory.copy()
        chip().load(memory)
        ended = attempt(chip(), victim().line, options(rng))
        require_error(ended, [cause], victim().line)
        assert victim().golden(before)[1].cause is cause
        victim().require_contained(before, memory, set())
    memory = victim().memory()
    chip().load(memory)
    require_error(attempt(chip(), beyond, options(rng)), [Cause.READ_RESPONSE], beyond)
    np.testing.assert_array_equal(memory, victim().chain.before)


def test_a_memory_that_is_too_slow(rng: np.random.Generator) -> None:
    """The watchdog tells software at once; the chip is at rest when all that it asked for has come."""
    memory = victim().memory()
    chip().load(memory)
    slow = MemoryOptions(latency=9_000, seed=int(rng.integers(1, 1000)))
    ended = attempt(chip(), victim().line, RunOptions(memory=slow, quiet=QUIET, watchdog=2_000, resets=False))
    require_error(ended, [Cause.WATCHDOG], victim().line)
    require_jobs_done(ended.status, victim(), victim().chain.before, memory)
    np.testing.assert_array_equal(memory, victim().chain.before)
