"""Crosses of streams: density of the segments that lines are fed, and which stream stalls how often."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from golden.formats import U32
from golden.geometry import Step
from tb.coverage.bins import Cross, Illegal, collecting

SEGMENT = 8
"""Elements of a segment: two words of a line's ring."""
_NONZEROS = tuple(f"{count} non-zeros" for count in range(SEGMENT + 1))
_FP16 = tuple(f"{count} of them FP16" for count in range(SEGMENT + 1))
_RATES = (("never", 0), ("seldom", 300), ("often", 700), ("mostly", 1000))
RATES = tuple(name for name, _ in _RATES)
"""Chance of a stall in a cycle: none, up to 30 %, up to 70 %, more."""
STEPS = tuple(step.value for step in Step)

CORE_STREAMS = ("results", "commands", "a", "b", "costs")
FEEDER_STREAMS = ("memory", "jobs", "commands", "beats", "rows", "costs")
RESULT_STREAMS = ("job", "result", "grant", "fill", "write")
LINK_STREAMS = ("ask", "address", "data")


def _segments(name: str) -> Cross:
    return Cross(
        f"{name}.segments",
        {"nonzeros": _NONZEROS, "fp16": _FP16},
        [
            Illegal("elements of the FP16 group are non-zeros", nonzeros=_NONZEROS[at], fp16=_FP16[at + 1 :])
            for at in range(SEGMENT)
        ],
    )


LINE_SEGMENTS, CORE_SEGMENTS, FEEDER_SEGMENTS = (_segments(name) for name in ("line", "core", "feeder"))


def rate_class(permille: int) -> int:
    """Class of a chance of stalls, by `RATES`."""
    return next(index for index, (_, most) in enumerate(_RATES) if permille <= most)


def sample_segments(cross: Cross, beats: U32) -> None:
    """Sample the whole segments of beats of A, as `golden.streams` lays them out: uint32 [n, 11]."""
    if not collecting():
        return
    mask, group = (_bits_of_segments(beats[:, words]) for words in (slice(1, 3), slice(3, 5)))
    whole = np.arange(mask.shape[1])[None, :] < (beats[:, 0] >> 16 & 0xFF)[:, None] // 2
    cross.sample(np.where(whole, mask, -1), np.where(whole, group, -1))


def _bits_of_segments(words: U32) -> npt.NDArray[np.int64]:
    """Count the bits that are set of each eight: int64 [n, 8]."""
    raw = np.ascontiguousarray(words, "<u4").view(np.uint8)
    counts: npt.NDArray[np.int64] = np.unpackbits(raw[:, :, None], axis=2).sum(axis=2, dtype=np.int64)
    return counts


_CORE_STALLS = Cross("core.stalls", {"step": STEPS, "stream": CORE_STREAMS, "stalls": RATES})
_FEEDER_STALLS = Cross("feeder.stall_rates", {"stream": FEEDER_STREAMS, "stalls": RATES})
_RESULT_STALLS = Cross(
    "result.stalls", {"output": ("FP32", "FP16", "FGMP"), "stream": RESULT_STREAMS, "stalls": RATES}
)
_LINE_STALLS = Cross("line.stalls", {"fp16": ("none", "some", "all"), "stalls": RATES})


def sample_core_stalls(step: Step, permille: int, stalled: int) -> None:
    """Sample a launch's stalls; `stalled`: a bit for each of `CORE_STREAMS`."""
    if collecting():
        for index in range(len(CORE_STREAMS)):
            rate = rate_class(permille if stalled >> index & 1 else 0)
            _CORE_STALLS.sample(STEPS.index(step.value), index, rate)


def sample_feeder_stalls(permille: tuple[int, ...]) -> None:
    """Sample a run's stalls, by `FEEDER_STREAMS`."""
    if collecting():
        _FEEDER_STALLS.sample(np.arange(len(FEEDER_STREAMS)), np.array([rate_class(one) for one in permille]))


def sample_result_stalls(output: str, permille: Mapping[str, int]) -> None:
    """Sample a run's stalls of a kind of output; a stream that is not named never stalls."""
    if collecting():
        mode = list(_RESULT_STALLS.axes["output"]).index(output)
        rates = [rate_class(permille.get(name, 0)) for name in RESULT_STREAMS]
        _RESULT_STALLS.sample(mode, np.arange(len(RESULT_STREAMS)), np.array(rates))


def sample_line_stalls(narrow: int, wide: int, permille: int) -> None:
    """Sample a job's stalls, and whether its elements (counted by group) are FP16."""
    if collecting() and narrow + wide:
        _LINE_STALLS.sample(2 if not narrow else int(wide > 0), rate_class(permille))
