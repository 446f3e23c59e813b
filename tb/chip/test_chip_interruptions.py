"""Software that interferes at any moment: refused writes, an abort, a reset; a good run comes after each."""

from __future__ import annotations

import numpy as np
import pytest

from golden.chip.encoding import Cause
from golden.hardware_counters import CHIP_COUNTER_CORE, CHIP_COUNTERS, CORE_COUNTERS
from tb.chip.attempts import attempt, require_error, require_jobs_done
from tb.chip.device import RunOptions
from tb.chip.random_chains import require_run
from tb.chip.script import OKAY, pause, reset, wait_interrupt
from tb.chip.victims import CORES, QUIET, chip, flip, options, require_good, victim

MOMENTS = 40
"""Random moments of a run, for each kind of interference."""
PLAIN = RunOptions(quiet=QUIET, resets=False)
"""A run with a memory that is always the same."""
BEFORE_THE_JOBS = 90
"""Cycles from the start that hold the descriptor's and the record's reads, and what follows them."""
AT_THE_END = 400
"""Cycles before a run's end that hold the end of some jobs, and all that follows."""
LOCKED = ("DESCRIPTOR", "PATIENCE", "WATCHDOG")


@pytest.fixture(scope="module")
def cycles() -> int:
    """Return about how long the run takes that is interfered with."""
    memory = victim().memory()
    chip().reset()
    chip().load(memory)
    return chip().run(victim().line, PLAIN).cycles


@pytest.fixture(autouse=True)
def after_a_reset() -> None:
    """Each test begins with one, and has no other but its own."""
    chip().reset()


def test_an_abort(cycles: int, rng: np.random.Generator) -> None:
    """What has been written by then is right, and nothing else is written; the next start needs no reset."""
    given, abort = victim(), chip().device.registers.write("CONTROL", abort=1)
    seen_results = 0
    for moment in rng.integers(0, cycles, MOMENTS):
        memory = given.memory()
        chip().load(memory)
        ended = attempt(chip(), given.line, options(rng), [pause(int(moment)), abort])
        if ended.status.done:  # the run was over before
            require_good(rng)
            continue
        require_error(ended, [Cause.ABORTED], given.line)
        require_jobs_done(ended.status, given, given.chain.before, memory)
        given.require_contained(given.chain.before, memory, set(), completion=True)
        seen_results += int((memory != given.chain.before).any())
        require_good(rng)
    assert 0 < seen_results < MOMENTS


def test_an_abort_as_jobs_end(rng: np.random.Generator) -> None:
    """In each cycle from the first jobs' ends, and in each about the completion record and the end."""
    given, abort = victim(), chip().device.registers.write("CONTROL", abort=1)
    memory = given.memory()
    chip().load(memory)
    cycles = chip().run(given.line, PLAIN).cycles
    counts, done = set(), False
    for moment in range(cycles - AT_THE_END, cycles):
        memory = given.memory()
        chip().load(memory)
        ended = attempt(chip(), given.line, PLAIN, [pause(moment), abort])
        if ended.status.done:
            done = True
            np.testing.assert_array_equal(memory, given.chain.after)
            continue
        assert not done
        require_error(ended, [Cause.ABORTED], given.line)
        require_jobs_done(ended.status, given, given.chain.before, memory)
        given.require_contained(given.chain.before, memory, set(), completion=True)
        counts.add(ended.status.error_job)
    assert done
    assert max(counts) == len(given.jobs) > min(counts)
    require_good(rng)


def test_an_abort_at_once(rng: np.random.Generator) -> None:
    """In each cycle of the walk to the first job; a second one, while the chip comes to rest, is nothing."""
    given, abort = victim(), chip().device.registers.write("CONTROL", abort=1)
    for moment in range(BEFORE_THE_JOBS):
        memory = given.memory()
        chip().load(memory)
        ended = attempt(chip(), given.line, PLAIN, [pause(moment), abort, abort])
        require_error(ended, [Cause.ABORTED], given.line)
        assert ended.status.error_job == 0
        np.testing.assert_array_equal(memory, given.chain.before)
    require_good(rng)


@pytest.mark.parametrize("cause", [Cause.MAGIC, Cause.FIELD])
def test_an_abort_beside_an_error(cause: Cause, rng: np.random.Generator) -> None:
    """Of the two that come in one cycle the error is told; before it the abort is."""
    given, abort = victim(), chip().device.registers.write("CONTROL", abort=1)
    broken = given.line if cause is Cause.MAGIC else given.descriptor.threshold_record
    told = []
    for moment in range(BEFORE_THE_JOBS):
        memory = given.memory()
        flip(broken, 0, 3)(memory)
        before = memory.copy()
        chip().load(memory)
        ended = attempt(chip(), given.line, PLAIN, [pause(moment), abort])
        require_error(ended, [Cause.ABORTED, cause], given.line)
        told.append(ended.status.cause)
        np.testing.assert_array_equal(memory, before)
    assert told == sorted(told, key=lambda one: one is cause)
    assert set(told) == {Cause.ABORTED, cause}
    require_good(rng)


def test_a_reset(cycles: int, rng: np.random.Generator) -> None:
    """In the middle of tiles, of bursts, of anything: the chip is idle, without interrupt, and runs again."""
    given, registers = victim(), chip().device.registers
    start = registers.start(given.line, None, None)
    look = [*registers.status(), registers.read("IRQ_STATUS")]
    seen_results = 0
    for moment in rng.integers(0, cycles, MOMENTS):
        memory = given.memory()
        chip().load(memory)
        steps = [*start, pause(int(moment)), reset(), *look]
        answers = chip().script(steps, options(rng)).answers[-len(look) :]
        status = registers.read_status(answers[:-1])
        assert (status.busy, status.done, status.error, status.cause) == (False, False, False, Cause.NONE)
        assert answers[-1].value == 0
        given.require_contained(given.chain.before, memory, set(), completion=True)
        seen_results += int((memory != given.chain.before).any())
        require_good(rng)
    assert 0 < seen_results < MOMENTS


@pytest.mark.parametrize("register", [*LOCKED, "CONTROL"])
def test_a_write_while_busy(register: str, cycles: int, rng: np.random.Generator) -> None:
    """It changes nothing, stands in the status, and raises an interrupt of its own if that is enabled."""
    given, registers = victim(), chip().device.registers
    values = {"CONTROL": {"start": 1}, "DESCRIPTOR": {"line": 1}}.get(register, {"cycles": 1})
    for moment in rng.integers(0, cycles // 2, 5):
        memory = given.memory()
        chip().load(memory)
        start = registers.start(given.line, None, None)
        steps = [
            *start,
            registers.write("IRQ_ENABLE", done=1, error=1, busy_write=1),
            pause(int(moment)),
            registers.write(register, **values),
            wait_interrupt(1000),
            registers.read("IRQ_STATUS"),
            registers.write("IRQ_STATUS", busy_write=1),
            wait_interrupt(1_000_000),
            *registers.status(),
        ]
        answers = chip().script(steps, PLAIN).answers
        at = len(start) + 2
        assert answers[at].response == OKAY
        raised = registers.names.unpack("IRQ_STATUS", answers[at + 2].value)
        assert (raised["busy_write"], raised["done"], raised["error"]) == (1, 0, 0)
        status = registers.read_status(answers[-4:])
        assert (status.done, status.busy_write, status.error) == (True, True, False)
        again = given.memory()
        chip().load(again)
        outcome = chip().run(given.line, options(rng))
        require_run(given.chain, again, outcome)  # the mark of the refused write is gone, too
        np.testing.assert_array_equal(memory, given.chain.after)


def test_counters_that_there_are_not_read_as_zero(rng: np.random.Generator) -> None:
    """Behind the last core, behind the last counter of a core, and behind the last of the chip."""
    require_good(rng)
    registers, going_on = chip().device.registers, options(rng)
    beyond = [(CORES, 0), (CHIP_COUNTER_CORE - 1, 0), (0, len(CORE_COUNTERS)), (CORES - 1, 255)]
    beyond += [(CHIP_COUNTER_CORE, len(CHIP_COUNTERS)), (CHIP_COUNTER_CORE, 255)]
    for core, index in beyond:
        choose = registers.write("COUNTER_SELECT", core=core, index=index)
        steps = [choose, registers.read("COUNTER_LOW"), registers.read("COUNTER_HIGH")]
        assert [one.value for one in chip().script(steps, going_on).answers[1:]] == [0, 0], (core, index)
    choose = registers.write("COUNTER_SELECT", core=CHIP_COUNTER_CORE, index=CHIP_COUNTERS.index("jobs"))
    answers = chip().script([choose, registers.read("COUNTER_LOW")], going_on).answers
    assert answers[1].value == len(victim().jobs)
