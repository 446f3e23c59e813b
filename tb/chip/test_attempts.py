"""The checks of runs that end in an error see what they are for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from golden.chip.driver import Status
from golden.chip.encoding import LINE_BYTES, Cause
from tb.chip.attempts import Attempt, Victim, require_error, require_job, require_jobs_done
from tb.chip.random_chains import U8
from tb.chip.victims import CORES, victim

JOB, WRONG = 4, 5
"""A job that is right, and one that is not."""


def _stray(given: Victim) -> int:
    return len(given.chain.before) - 1


def _beyond_the_room(given: Victim) -> int:
    output = given.jobs[WRONG].output
    return output.line * LINE_BYTES + output.bytes


def _result_of_a_good_job(given: Victim) -> int:
    return given.jobs[JOB].output.line * LINE_BYTES


def _record_of_a_wrong_job(given: Victim) -> int:
    return (given.descriptor.job_records + WRONG) * LINE_BYTES


def _completion(given: Victim) -> int:
    return given.descriptor.completion * LINE_BYTES


@pytest.mark.parametrize(
    "place", [_stray, _beyond_the_room, _result_of_a_good_job, _record_of_a_wrong_job, _completion]
)
def test_a_stray_write_is_seen(place: Callable[[Victim], int]) -> None:
    given = victim()
    before, at = given.memory(), place(given)
    memory = before.copy()
    # Neither what was there nor what belongs there.
    memory[at] = next(value for value in range(256) if value not in (before[at], given.chain.after[at]))
    with pytest.raises(AssertionError, match=f"^byte {at} .* and 0 more are written"):
        given.require_contained(before, memory, {WRONG})


def test_what_an_error_may_leave_is_no_stray_write() -> None:
    """Results of good jobs, whole or in part, and anything in the room of a wrong one."""
    given = victim()
    after, memory = given.chain.after, given.memory()
    before = memory.copy()
    for job in given.jobs[:JOB]:
        _copy(memory, after, job.output.line * LINE_BYTES, job.output.bytes)
    _copy(memory, after, given.descriptor.job_records * LINE_BYTES, JOB * LINE_BYTES)
    _copy(memory, after, _result_of_a_good_job(given), 3)
    room = given.jobs[WRONG].output
    memory[room.line * LINE_BYTES :][: room.bytes] ^= 0xFF
    given.require_contained(before, memory, {WRONG})


def _copy(memory: U8, source: U8, first: int, size: int) -> None:
    memory[first : first + size] = source[first : first + size]


GOOD = Attempt(
    Status(False, False, True, False, Cause.FIELD, 0, WRONG, 7),
    {"done": 0, "error": 1, "busy_write": 0},
    detached=0,
)


@pytest.mark.parametrize(
    "other",
    [
        replace(GOOD, status=replace(GOOD.status, error=False)),
        replace(GOOD, status=replace(GOOD.status, done=True)),
        replace(GOOD, status=replace(GOOD.status, busy=True)),
        replace(GOOD, status=replace(GOOD.status, cause=Cause.WINDOW)),
        replace(GOOD, status=replace(GOOD.status, error_descriptor=8)),
        replace(GOOD, interrupts={"done": 0, "error": 0, "busy_write": 0}),
        replace(GOOD, interrupts={"done": 1, "error": 1, "busy_write": 0}),
    ],
    ids=["no error", "done", "busy", "cause", "descriptor", "no interrupt", "interrupt of done"],
)
def test_an_error_told_otherwise_is_seen(other: Attempt) -> None:
    require_error(GOOD, [Cause.FIELD], 7)
    with pytest.raises(AssertionError):
        require_error(other, [Cause.FIELD], 7)


def _of_job(job: int, cause: Cause, detached: int = 0) -> Attempt:
    return replace(GOOD, status=replace(GOOD.status, cause=cause, error_job=job), detached=detached)


def test_another_job_is_seen() -> None:
    require_job(GOOD, {WRONG}, victim())
    with pytest.raises(AssertionError, match=rf"job {WRONG}, wrong: \{{{JOB}\}}"):
        require_job(GOOD, {JOB}, victim())


@pytest.mark.parametrize("cause", [Cause.STREAM_LENGTH, Cause.ITEM])
def test_a_job_of_another_core_is_seen(cause: Cause) -> None:
    """Later jobs of the same core are as good, as long as it can have been given them."""
    for job in range(len(victim().jobs)):
        if job in (WRONG, WRONG + CORES, WRONG + 2 * CORES):
            require_job(_of_job(job, cause), {WRONG}, victim())
        else:
            with pytest.raises(AssertionError):
                require_job(_of_job(job, cause), {WRONG}, victim())
    require_job(_of_job(WRONG + 1, cause, detached=1), {WRONG}, victim())
    with pytest.raises(AssertionError):
        require_job(_of_job(WRONG - 1, cause, detached=1), {WRONG}, victim())


@pytest.mark.parametrize("cause", [Cause.WATCHDOG, Cause.ABORTED])
def test_another_number_of_jobs_done_is_seen(cause: Cause) -> None:
    given = victim()
    before, memory = given.memory(), given.memory()
    _copy(memory, given.chain.after, given.descriptor.job_records * LINE_BYTES, JOB * LINE_BYTES)
    require_jobs_done(_of_job(JOB, cause).status, given, before, memory)
    for other in (JOB - 1, JOB + 1):
        with pytest.raises(AssertionError, match=f"{other} jobs done, {JOB} records"):
            require_jobs_done(_of_job(other, cause).status, given, before, memory)


def test_the_victim_uses_everything() -> None:
    """All kinds of streams, job records, a threshold from a record, and jobs enough for several waves."""
    given = victim()
    descriptor = given.descriptor
    assert all((descriptor.scale_bias, descriptor.residual, descriptor.relu, descriptor.mask))
    assert all((descriptor.threshold_from_record, descriptor.job_records))
    assert len(given.jobs) > 3 * given.preset.cores
    assert all(extent.bytes for job in given.jobs for extent in (job.a, job.b, job.c, job.d))
    np.testing.assert_array_equal(given.memory(), given.chain.before)
