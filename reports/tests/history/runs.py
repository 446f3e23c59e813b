"""Made-up runs for the history: one a day, each on a commit of its own, some figures moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from regressions.results import GitInfo, Replay, Results, summarise
from reports.history import record
from reports.tests.gate import documents

START = datetime(2025, 1, 1, 2, 15, tzinfo=UTC)

Change = Callable[[Replay], Replay]


def commit(day: int) -> str:
    """Return the commit of a day."""
    return f"{day + 1:040x}"


def on_day(
    results: Results,
    day: int,
    change: Change | None = None,
    *,
    dirty: bool = False,
    layers: Sequence[str] = (),
    **run: Any,
) -> Results:
    """Return `results` as of a day, `change` made to each replay, of some `layers`, with other facts."""
    replays = [replay for replay in results.replays if not layers or replay.layer in layers]
    if change is not None:
        replays = [change(replay) for replay in replays]
    started = (START + timedelta(days=day)).isoformat()
    facts = {"started": started, "git": GitInfo(commit(day), dirty), **run}
    summary = summarise(replays, results.summary.gates, len(replays))
    return replace(results, run=replace(results.run, **facts), replays=replays, summary=summary)


def slower(name: str, factor: float) -> Change:
    """Return the change that takes so many times the cycles in one replay."""

    def change(replay: Replay) -> Replay:
        if replay.name != name or replay.cycles is None:
            return replay
        cycles = round(replay.cycles * factor)
        return replace(
            replay,
            cycles=cycles,
            utilization=(replay.ideal_cycles or 0) / cycles,
            speedup_over_dense_fp16=(replay.dense_fp16_cycles or 0) / cycles,
        )

    return change


def history_of(folder: Path, runs: Sequence[Results]) -> Path:
    """Append the runs to a new history in `folder`."""
    path = folder / "history.sqlite"
    for run in runs:
        record(run, path)
    return path


def of_day(day: int) -> dict[str, Any]:
    """Return commit and start of the tests' documents of a day."""
    return {"git": commit(day), "started": (START + timedelta(days=day)).isoformat()}


def coverage_document(hit: int = 57, day: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a day's `coverage.json`: so many of the 58 lines of module `pe_line` hit, and other fields."""
    document = documents.coverage()
    for path in ("modules/pe_line/line/hit", "kinds/line/hit"):
        document = documents.changed(document, path, lambda old: old - 57 + hit)
    return {**document, **of_day(day), **fields}


def faults_document(caught: int = 979, day: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a day's `faults.json`: so many of 980 mutants caught, uncommitted changes, other fields."""
    document = documents.faults()
    for path in ("caught", "files/rtl~pe~pe.sv/caught", "operators/condition/caught"):
        *way, last = (word.replace("~", "/") for word in path.split("/"))
        place = document
        for word in way:
            place = place[word] = dict(place[word])
        place[last] = caught
    survivor = document["survivors"][0]
    survivors = [{**survivor, "key": f"pe.sv:{at:04x}"} for at in range(980 - caught)]
    counts = {"survived": 980 - caught, "score": caught / 980, "survivors": survivors}
    made = documents.with_verdicts({**document, **counts})
    return {**made, **of_day(day), "git": f"{commit(day)} dirty", **fields}
