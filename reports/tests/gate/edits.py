"""Changes of a good run, one figure of a replay at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from regressions.results import Results, summarise

NAME = "layer2.0.conv1-FP"  # the replay that is changed


def edit(results: Results, name: str, **figures: Any) -> Results:
    """Return `results` with figures of one replay changed, and what follows from them."""
    replays = []
    for replay in results.replays:
        if replay.name == name:
            replay = replace(replay, **figures)
            assert replay.cycles is not None
            assert replay.ideal_cycles is not None
            assert replay.dense_fp16_cycles is not None
            replay = replace(
                replay,
                utilization=replay.ideal_cycles / replay.cycles,
                speedup_over_dense_fp16=replay.dense_fp16_cycles / replay.cycles,
            )
        replays.append(replay)
    return with_replays(results, replays)


def with_replays(results: Results, replays: list[Any]) -> Results:
    """Return `results` with other replays, and the summary that they give."""
    summary = summarise(replays, results.summary.gates, len(replays))
    return replace(results, replays=replays, summary=summary)


def figure(results: Results, name: str, field: str) -> Any:
    """Return a figure of one replay."""
    return getattr(next(one for one in results.replays if one.name == name), field)
