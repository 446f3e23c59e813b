"""Made-up runs for the history: one a day, each on a commit of its own, some figures moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from regressions.results import GitInfo, Replay, Results, summarise
from reports.history import record

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


def coverage_document(hit: int = 90, **fields: Any) -> dict[str, Any]:
    """Return a `coverage.json` of one module, with so many of its 100 lines hit, 5 excluded."""
    count = {"hit": hit, "total": 100, "excluded": 5}
    return {
        "schema": 1,
        "suite": "quick",
        "seed": 1,
        "git": commit(0),
        "tools": {"verilator": "5.048"},
        "wall_s": 12.5,
        "rerun": "./run coverage",
        "tests": {"passed": 40, "failed": 0},
        "kinds": {"line": count},
        "modules": {"pe": {"line": count}},
        "plan": {
            "features": 3,
            "points": 8,
            "hit": 7,
            "excused": 1,
            "missed": [],
            "by_level": {"pe": {"points": 8, "hit": 7, "excused": 1}},
        },
        "problems": [],
        **fields,
    }


def faults_document(caught: int = 95, **fields: Any) -> dict[str, Any]:
    """Return a `faults.json` of 100 mutants in one file, so many caught, 2 equivalent."""
    part = {"mutants": 100, "caught": caught, "equivalent": 2}
    fields_of_one = ("key", "file", "operator", "right", "faulty", "reason")
    equivalent = {**dict.fromkeys(fields_of_one, "x"), "line": 1}
    return {
        "schema": 1,
        "seed": 1,
        "git": f"{commit(0)} dirty",
        "tools": {"verilator": "5.048"},
        "wall_s": 600.0,
        "rerun": "./run faults",
        **part,
        "survived": 98 - caught,
        "score": caught / 98,
        "files": {"rtl/pe/pe.sv": part},
        "operators": {"constant": part},
        "survivors": [],
        "equivalents": [equivalent, equivalent],
        "problems": [],
        **fields,
    }
