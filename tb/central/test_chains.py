"""Chains of descriptors: reads, work and records in order, and a clean end whatever comes between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from golden.chip.encoding import RECORD_MAGIC, Cause, CompletionRecord
from golden.chip.validate import ALL_LINES
from golden.formats import U32
from tb.central.chains import (
    CLEAR_CYCLES,
    KINDS,
    Act,
    Action,
    Chain,
    ChainsBench,
    Counted,
    Event,
    Kind,
    Seen,
)
from tb.central.descriptors import good_descriptor, verdict

Rng = np.random.Generator
WORKING_FAULTS = (
    *(Cause.READ_RESPONSE, Cause.WRITE_RESPONSE, Cause.FIELD, Cause.JOB_RANGE),
    *(Cause.STREAM_LENGTH, Cause.ITEM, Cause.OVERRUN),
)
ROOM = 5000
"""Lines of memory that a descriptor's things lie in."""
WATCHDOG = 500
"""Longer than anybody is quiet of himself."""


def draw_chain(rng: Rng, descriptors: int, jobs: int | None = None) -> Chain:
    """Draw descriptors that are right, each of which names the next, and records with thresholds.

    With `jobs` the first has so many, in a table from the first line on, below all that the chain has.
    """
    places = rng.permutation(descriptors) + 1
    high = jobs is not None or rng.random() < 0.5
    drawn = [good_descriptor(rng, int(ALL_LINES - at * ROOM if high else at * ROOM)) for at in places]
    words, records = [], {}
    for number, (descriptor, _) in enumerate(drawn):
        last = number == len(drawn) - 1
        following = int(rng.integers(1 << 32)) if last else drawn[number + 1][1]
        linked = replace(descriptor, last=last, next=following)
        if jobs and number == 0:
            linked = replace(linked, jobs=jobs, job_table=0, job_records=0)
        words.append(linked.words())
        assert verdict(words[-1], drawn[number][1]) is Cause.NONE
        if linked.threshold_from_record:
            records[linked.threshold_record] = draw_record(rng, int(rng.integers(-24, 17)))
    histograms = rng.integers(0, 1 << 32, (descriptors, KINDS), np.uint32)
    histograms[rng.random(descriptors) < 0.1] = (1 << 32) - 1  # the largest sum
    thresholds = np.stack(
        [rng.integers(-24, 17, descriptors), rng.integers(0, 64, descriptors)], 1, dtype=np.int32
    )
    return Chain(words, [line for _, line in drawn], records, histograms, thresholds)


def draw_record(rng: Rng, exponent: int) -> U32:
    """Draw a completion record with a threshold exponent."""
    counts = tuple(int(count) for count in rng.integers(0, 1 << 32, KINDS - 2))
    return CompletionRecord(int(rng.integers(1 << 32)), 3, exponent, 9, 5, 6, counts).words()


def run(chain: Chain, rng: Rng, **settings: object) -> Seen:
    """Walk at a random pace, on from where the run before has ended."""
    return ChainsBench().run(
        chain,
        int(rng.integers(1 << 30)),
        stall=int(rng.choice([0, 300, 800])),
        latency=int(rng.choice([0, 3, 40])),
        **settings,  # type: ignore[arg-type]
    )


def require_error(seen: Seen, story: list[Event], cause: Cause, jobs: set[int], chain: Chain) -> None:
    """Require a beginning of the story, then the error, the reset, and nothing else."""
    *before, error, clear = seen.events
    assert clear == (Kind.CLEAR, CLEAR_CYCLES)
    done = sum(1 for event in before if event[0] == Kind.WRITE) // 4
    # The last descriptor counts a moment after its record.
    assert error[0] == Kind.ERROR
    assert error[1] == cause
    assert error[2] in jobs
    assert error[4] in (done, done - 1)
    assert error[3] in (chain.lines[min(done, len(chain.lines) - 1)], chain.lines[max(done - 1, 0)])
    assert before == story[: len(before)]


@pytest.mark.parametrize("descriptors", [1, 2, 7])
def test_chains(descriptors: int, rng: Rng) -> None:
    """One chain after the other, without a reset between them."""
    ChainsBench().reset()
    for _ in range(30):
        chain = draw_chain(rng, descriptors)
        assert run(chain, rng, watchdog=int(rng.choice([0, WATCHDOG]))).events == chain.story()


def test_a_reset_forgets_all(rng: Rng) -> None:
    """In any cycle, also after an error: the next chain is as the first one."""
    bench = ChainsBench()
    bench.reset()
    for action in (Action.NOTHING, Action.FAULT):
        chain, seed = draw_chain(rng, 2), int(rng.integers(1 << 30))
        act = Act(action, 40, 1, Cause.ITEM, 1 << 20)
        cycles = bench.run(chain, seed, act=act).cycles
        for stop in range(1, cycles):
            bench.run(chain, seed, act=act, counted=Counted(0, 7), stop=stop)
            bench.reset()
            following = draw_chain(rng, 1)
            assert run(following, rng, watchdog=WATCHDOG).events == following.story()


def test_counts_to_their_last_bit(rng: Rng) -> None:
    """A descriptor of nearly 2^32 jobs, and the last descriptors that can be counted."""
    for bit in range(8, 33):
        jobs = min((1 << bit) + 3, ALL_LINES - 5 * ROOM)
        chain = draw_chain(rng, 3, jobs=jobs)
        counted = Counted(jobs=jobs - 7, descriptors=(1 << bit) - 2)
        events = run(chain, rng, counted=counted).events
        assert events == chain.story(counted)
        assert events[-1] == (Kind.DONE, ((1 << bit) + 1) % (1 << 32))


def test_descriptors_that_are_wrong(rng: Rng) -> None:
    """The walk stops at the first, with software's verdict."""
    causes = set()
    for _ in range(150):
        chain = draw_chain(rng, 3)
        at, bit = int(rng.integers(3)), int(rng.integers(640))
        chain.words[at][bit // 32] ^= np.uint32(1 << bit % 32)
        if bit // 32 == 5 and int(chain.words[at][5]) > 1000:
            continue  # right, but with more jobs than can be done here
        if bit // 32 in (18, 19) or (bit == 63 or bit == 32 + 7):
            continue  # another chain, or another record
        causes.add(verdict(chain.words[at], chain.lines[at]))
        assert run(chain, rng).events == chain.story()
    assert len(causes) >= 4


@pytest.mark.parametrize("exponent", [-25, -24, 16, 17, -(1 << 31), (1 << 31) - 1])
def test_thresholds_of_records(exponent: int, rng: Rng) -> None:
    """At the edges of what a threshold may be, and beyond."""
    for _ in range(20):
        chain = draw_chain(rng, 2)
        for line, words in chain.records.items():
            chain.records[line] = words.copy()
            chain.records[line][4] = np.uint32(exponent & 0xFFFFFFFF)
        assert run(chain, rng).events == chain.story()


def test_records_that_are_none(rng: Rng) -> None:
    """Any bit of the magic word counts."""
    for bit in range(32):
        chain = draw_chain(rng, 1)
        chain.words[0][1] |= np.uint32(1 << 7)
        chain.records[int(chain.words[0][19])] = draw_record(rng, 3)
        chain.records[int(chain.words[0][19])][0] = np.uint32(RECORD_MAGIC ^ 1 << bit)
        if verdict(chain.words[0], chain.lines[0]) is not Cause.NONE:
            continue  # the record lies in what is written
        events = run(chain, rng).events
        assert events == chain.story()
        assert events[-2][1] == Cause.FIELD


@pytest.mark.parametrize("action", [Action.ABORT, Action.FAULT, Action.BOTH])
def test_work_that_is_disturbed(action: Action, rng: Rng) -> None:
    """In every cycle of a chain: it ends with the cause at once, a fault's before an abort's."""
    stopped = whole = 0
    for _ in range(4):
        chain = draw_chain(rng, 2)
        story, seed = chain.story(), int(rng.integers(1 << 30))
        bench = ChainsBench()
        length = bench.run(chain, seed, stall=200, latency=5).cycles
        for at in range(length + 2):
            cause = Cause.ABORTED if action is Action.ABORT else rng.choice(WORKING_FAULTS)
            held = int(rng.integers(1, 4)) if at else 1  # beside a start it is without effect
            act = Act(action, at, held, Cause(cause), int(rng.integers(1 << 32)))
            seen = bench.run(chain, seed, stall=200, latency=5, act=act)
            if not seen.act_busy or (seen.act_clear and action is Action.FAULT):
                assert seen.events == story
                whole += 1
            elif seen.act_clear:
                assert seen.events[-2][:3] == (Kind.ERROR, Cause.ABORTED, 0)
                assert [event[0] for event in seen.events] == [Kind.CLEAR, Kind.ERROR, Kind.CLEAR]
                assert seen.since_act == 1
                stopped += 1
            else:
                require_error(
                    seen, story, Cause(cause), {seen.given, 0} if action is Action.ABORT else {act.job}, chain
                )
                assert seen.since_act == 1
                stopped += 1
            assert run(chain, rng).events == story  # and what comes next finds nothing of it
    assert stopped > 100
    assert whole > 4


def test_silence(rng: Rng) -> None:
    """The watchdog waits for exactly as many cycles without a beat as its register says."""
    for _ in range(60):
        chain = draw_chain(rng, 2)
        story = chain.story()
        watchdog = int(rng.integers(WATCHDOG, 2 * WATCHDOG))
        act = Act(Action.SILENCE, int(rng.integers(6, 60)), cycles=10 * WATCHDOG)
        seen = run(chain, rng, watchdog=watchdog, act=act)
        require_error(seen, story, Cause.WATCHDOG, {seen.given, 0}, chain)
        assert seen.quiet == watchdog + 2  # it is known a cycle later, and told another one later
        assert run(chain, rng, watchdog=watchdog).events == story


@pytest.mark.parametrize("watchdog", [0, 4 * WATCHDOG, (1 << 32) - 1])
def test_a_silence_that_ends(watchdog: int, rng: Rng) -> None:
    """Without a watchdog, or in time."""
    for _ in range(10):
        chain = draw_chain(rng, 2)
        act = Act(Action.SILENCE, int(rng.integers(6, 60)), cycles=3 * WATCHDOG)
        assert run(chain, rng, watchdog=watchdog, act=act).events == chain.story()


def test_watchdog_to_its_last_bit(rng: Rng) -> None:
    """Of a silence of up to 2^32 cycles the end."""
    for bit in range(8, 33):
        chain = draw_chain(rng, 1)
        watchdog = min((1 << bit) + 20, (1 << 32) - 1)
        counted = Counted(quiet=watchdog - 40)
        act = Act(Action.SILENCE, 6, cycles=1000)
        seen = ChainsBench().run(chain, 1, latency=40, watchdog=watchdog, act=act, counted=counted)
        assert seen.events[-2][:2] == (Kind.ERROR, Cause.WATCHDOG)
        assert seen.since_act == 41
