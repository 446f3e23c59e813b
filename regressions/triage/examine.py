"""One bucket: its replay rerun, shrunk, and both rerun once more with waves of a window."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from golden.counters import work_counters
from regressions.triage.bench import Bench
from regressions.triage.case import SUFFIX, Case
from regressions.triage.finding import Finding, Window
from regressions.triage.records import TriagedCase, Waves
from regressions.triage.settings import TriageSettings
from regressions.triage.shrink import Budget, shrink
from regressions.triage.symptom import Symptom
from regressions.triage.trial import PERIOD_PS
from tb.core.replay import Replay, ReplayInput

COMMAND = "./run triage"
FIRST_RUN_S = 300.0
"""A whole replay on the chip may take minutes; one that takes longer is not examined."""
LEAST_TRIAL_S = 5.0
SLOWER = 4.0
"""A trial may take so many times what the replay it came from took."""
WAVES_SLOWER = 20.0
MACS_MASK = 0x7FFF


@dataclass
class Examination:
    """What is known of a bucket's replay so far; it holds what there is also when it is interrupted."""

    original: TriagedCase | None = None
    shrunk: TriagedCase | None = None
    source: ReplayInput | None = None
    trials: int = 0
    seconds: float = 0.0
    note: str = "interrupted before anything was run"
    interrupted: bool = False
    others: list[Symptom] = field(default_factory=list)
    """Symptoms of smaller pieces that failed otherwise."""


@dataclass(frozen=True)
class Place:
    """Where the files of a bucket go: `root` is the folder of ``results.json``, `folder` lies below it.

    `shown` returns a path as a user would write it; `options` are those that the rerun needs.
    """

    root: Path
    folder: Path
    shown: Callable[[Path], Path]
    options: tuple[str, ...]

    def file(self, name: str) -> Path:
        """Return a file of the bucket."""
        return self.folder / name

    def relative(self, path: Path) -> str:
        """Name a file as ``results.json`` does."""
        return path.relative_to(self.root).as_posix()

    def command(self, path: Path) -> str:
        """Return what reruns a case."""
        return shlex.join([*COMMAND.split(), str(self.shown(path)), *self.options])


def examine(case: Case, common: Symptom, bench: Bench, settings: TriageSettings, place: Place) -> Examination:
    """Rerun a case, shrink it as long as it shows the bucket's symptom, and write both with their waves."""
    found = Examination()
    begin = time.monotonic()
    try:
        _examine(found, case, common, bench, settings, place)
    except KeyboardInterrupt:
        found.interrupted = True
    found.seconds = time.monotonic() - begin
    return found


def _examine(
    found: Examination, case: Case, common: Symptom, bench: Bench, settings: TriageSettings, place: Place
) -> None:
    begin = time.monotonic()
    first = bench.run(case, FIRST_RUN_S)
    took = time.monotonic() - begin
    if first.symptom is None:
        found.note = (
            "it passed when it was run again: look for what the regression had besides (memory, time)"
        )
        return
    if common.joined(first.symptom) is None:
        found.note = f"it failed otherwise when it was run again: {first.message.splitlines()[0]}"
        return
    found.original = record(case, first, bench, settings, place, "original", took)
    limit = max(LEAST_TRIAL_S, SLOWER * took)
    last = first

    def fails(source: ReplayInput) -> bool:
        nonlocal last
        one = bench.run(replace(case, source=source), limit)
        alike = one.symptom is not None and common.joined(one.symptom) is not None
        if alike:
            last = one
        elif one.symptom is not None and one.symptom not in found.others:
            found.others.append(one.symptom)
        return alike

    shrunk = shrink(case.source, fails, Budget(settings.trials, settings.seconds))
    found.source, found.trials, found.note = shrunk.source, shrunk.trials, shrunk.why
    found.interrupted = shrunk.interrupted
    found.shrunk = record(replace(case, source=shrunk.source), last, bench, settings, place, "shrunk", took)


def record(
    case: Case,
    finding: Finding,
    bench: Bench,
    settings: TriageSettings,
    place: Place,
    name: str,
    took: float,
) -> TriagedCase:
    """Write a case's reproducer and its waves, and describe it."""
    path = place.file(f"{name}{SUFFIX}")
    path.parent.mkdir(parents=True, exist_ok=True)
    case.save(path)
    waves = write_waves(case, finding, bench, settings, place.file(f"{name}.vcd"), took)
    source = case.source
    replay = Replay(source)
    work = work_counters(replay.lowering, replay.a, len(source.columns))
    return TriagedCase(
        step=source.step,
        geometry=source.geometry,
        columns=len(source.columns),
        nonzeros_a=int(replay.a.nonzero.sum()),
        nonzeros_b=int(np.count_nonzero(source.b & MACS_MASK)),
        macs=int(work.macs_fp8 + work.macs_fp16),
        cycles=finding.cycles,
        event=finding.event,
        message=finding.message,
        file=place.relative(path),
        command=place.command(path),
        waves=replace(waves, file=place.relative(Path(waves.file))) if waves else None,
    )


def write_waves(
    case: Case,
    finding: Finding,
    bench: Bench,
    settings: TriageSettings,
    path: Path,
    took: float = FIRST_RUN_S,
) -> Waves | None:
    """Run a case again with waves around what was found; None if it gave none, as a dead simulator does."""
    if not finding.at:
        return None
    first = max(1, finding.at - settings.before)
    window = Window(str(path), finding.launch, first, finding.at + settings.after)
    path.unlink(missing_ok=True)
    again = bench.run(case, max(LEAST_TRIAL_S, WAVES_SLOWER * took), window)
    if not path.is_file():
        return None
    last = min(window.last, again.end) if again.end else window.last
    return Waves(
        str(path),
        finding.launch,
        first,
        max(last, finding.at),
        finding.at,
        finding.at * PERIOD_PS,
        path.stat().st_size,
    )
