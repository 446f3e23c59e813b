"""The whole study: train what is missing, compare what there is."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from regressions.accuracy.compare import compare, summarise
from regressions.accuracy.moments import measure_traces
from regressions.accuracy.options import AccuracyOptions
from regressions.accuracy.records import SCHEMA, AccuracyRun, AccuracyStudy, FormatInfo, RunResult
from regressions.accuracy.runs import (
    Unit,
    forget,
    held,
    home_of,
    key,
    settings,
    sizes,
    stored,
    torch_version,
    units,
)
from regressions.accuracy.verdict import judge
from regressions.accuracy.workers import train_all
from regressions.option_error import OptionError
from regressions.run import git_info, shown

_NONE = {"train_images": 0, "test_images": 0, "weights": 0, "iterations": 0}


def run(options: AccuracyOptions, tell: Callable[[str], None]) -> AccuracyStudy:
    """Make the study; `tell` hears of each run and trace.

    Raises
    ------
    regressions.option_error.OptionError
        If PyTorch is not there, a stored run is damaged, or there is nothing to report.
    regressions.accuracy.workers.TrainingFailedError
        If a run ended without a result.
    regressions.traces.TraceError, regressions.operands.PolicyError
        If a trace cannot be read, or its policy does not exist.
    """
    begin, started = time.monotonic(), datetime.now(UTC)
    moments = measure_traces(
        options.traces, options.policy, tell
    )  # seconds: what is wrong shows before hours
    digest = key(options.training)
    home = home_of(options, digest)
    planned = units(options, home)
    if options.train:
        with held(home, options.training):
            _train(planned, options, tell)
    results = {unit.name: found for unit in planned if (found := stored(unit)) is not None}
    if not results and not moments:
        raise OptionError(
            f"--no-training: {shown(home)} holds none of these runs: leave the option out, or name --traces"
        )
    names = [one.name for one in options.formats]
    there = [results[unit.name] for unit in planned if unit.name in results]
    missing = [unit.name for unit in planned if unit.name not in results]
    comparisons = compare(names, there) if there else []
    one = next((unit for unit in planned if unit.name in results), None)
    return AccuracyStudy(
        schema=SCHEMA,
        run=AccuracyRun(
            started=started.isoformat(timespec="seconds"),
            git=git_info(),
            tools=_tools(),
            wall_s=time.monotonic() - begin,
            command=options.command,
            settings={name: _text(value) for name, value in settings(options.training).items()},
            key=digest,
            seeds=list(options.seeds),
            policy=options.policy,
            **(sizes(one) if one is not None else _NONE),
        ),
        verdict=judge(names, there, missing, comparisons),
        formats=[
            FormatInfo(one.name, one.mode, one.policy, one.target, one.label) for one in options.formats
        ],
        results=_by_format(there, names),
        missing=missing,
        summaries=summarise(names, there) if there else [],
        comparisons=comparisons,
        traces=moments,
    )


def _train(planned: list[Unit], options: AccuracyOptions, tell: Callable[[str], None]) -> None:
    if torch_version() is None:
        raise OptionError(
            "PyTorch is not installed in this Python: start the study as ./run accuracy, which installs it"
        )
    if options.fresh:
        for unit in planned:
            forget(unit)
    waiting = [unit for unit in planned if stored(unit) is None]
    there = len(planned) - len(waiting)
    folder = shown(planned[0].folder.parent)
    tell(f"{len(planned)} runs, {there} of them in {folder} already; {options.workers} at a time")
    train_all(waiting, options.workers, tell)


def _by_format(results: list[RunResult], names: list[str]) -> list[RunResult]:
    return sorted(results, key=lambda one: names.index(one.format))


def _tools() -> dict[str, str]:
    return {
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        **({"torch": version} if (version := torch_version()) else {}),
    }


def _text(value: object) -> str:
    if value is None:
        return "default"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
