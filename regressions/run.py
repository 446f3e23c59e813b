"""A regression from options to results: build once, plan, replay on all cores, gather what came."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from golden.presets import find_preset
from regressions.execute import COVERAGE, RECORD, Order, error_record
from regressions.gates import gates
from regressions.json_codec import ResultsError, decode
from regressions.operands import replay_name
from regressions.options import Options, rerun_command
from regressions.plan import Planned, longest_first, plan
from regressions.results import (
    BuildInfo,
    GitInfo,
    LayerShape,
    Results,
    RunInfo,
    TraceInfo,
    summarise,
)
from regressions.results import Replay as Record
from regressions.traces import SAMPLE_PATH, Trace
from tb.core.build import build_cocotb
from tb.toolchain import REPO_ROOT, BuildResult, Toolchain

RUNS = REPO_ROOT / "build" / "regressions"
KEPT_RUNS = 3
"""Folders of earlier runs (logs, waves, operands) that are kept."""

PLAN = "plan.json"
PYTEST_LOG = "pytest.log"


@dataclass(frozen=True)
class Outcome:
    """What a regression leaves: its results without coverage, and the coverage files that must exist."""

    results: Results
    coverage: list[Path] | None
    folder: Path


def run(options: Options) -> Outcome:
    """Run a regression.

    Raises
    ------
    TraceError, OptionError, ToolchainError
        If there is nothing to run: no trace, no such layer, no simulator. A replay that goes wrong does not raise;
        it stands in the results.
    """
    begin = time.monotonic()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    trace = Trace.open(options.trace)
    tools = Toolchain.find()
    preset = find_preset(options.settings.preset)
    _say(f"building preset {preset.name} (cached by content)")
    build_begin = time.monotonic()
    build = build_cocotb(preset, coverage=options.coverage, waves=options.waves, jobs=os.cpu_count() or 1)
    build_s = time.monotonic() - build_begin
    _say(f"model {build.dir.name}: {'from the cache' if build.cached else f'built in {build_s:.0f} s'}")
    planned = plan(trace, options)
    folder = _new_folder(started)
    orders = [_order(options, one, folder, build) for one in planned]
    _replay(orders, planned, folder, options.jobs)
    records = [_record(order, trace, folder) for order in orders]
    info = RunInfo(
        suite="replay",
        preset=preset.name,
        seed=options.settings.seed,
        started=started,
        git=_git(),
        tools={
            **dict(tools.versions),
            "cocotb": importlib.metadata.version("cocotb"),
            "numpy": importlib.metadata.version("numpy"),
            "python": platform.python_version(),
        },
        wall_s=time.monotonic() - begin,
        build=BuildInfo(build_s, build.cached, build.dir.name),
        trace=_trace_info(trace, options.trace),
        balancer=options.settings.balancer,
        command=options.command,
    )
    summary = summarise(records, gates(records, options.settings.stall_permille), len(planned))
    coverage = [order.folder / COVERAGE for order in orders] if options.coverage else None
    return Outcome(Results(info, summary, records, None), coverage, folder)


def _say(text: str) -> None:
    print(f"regress: {text}", file=sys.stderr, flush=True)


def _new_folder(started: str) -> Path:
    """Make the run's folder and delete all but the latest ones."""
    RUNS.mkdir(parents=True, exist_ok=True)
    for old in sorted(path for path in RUNS.iterdir() if path.is_dir())[: -(KEPT_RUNS - 1)]:
        shutil.rmtree(old, ignore_errors=True)
    folder = RUNS / f"{started.replace(':', '').replace('+0000', '')}-{os.getpid()}"
    folder.mkdir()
    return folder


def _order(options: Options, one: Planned, folder: Path, build: BuildResult) -> Order:
    return Order(
        options.trace.resolve(),
        one.layer,
        one.step,
        options.settings,
        folder / replay_name(one.layer, one.step),
        build,
        options.waves,
        options.coverage,
        options.dump,
        rerun_command(options, one.layer, one.step),
    )


def _replay(orders: list[Order], planned: list[Planned], folder: Path, jobs: int) -> None:
    """Run the suite under pytest-xdist, the longest replays first."""
    by_name = {order.name: order for order in orders}
    queue = longest_first(planned)
    path = folder / PLAN
    path.write_text(
        json.dumps(
            [{"order": by_name[replay_name(one.layer, one.step)].to_json(), "cycles": one.cycles} for one in queue]
        ),
        encoding="utf-8",
    )
    jobs = min(jobs, len(orders))
    _say(f"{len(orders)} replays, {jobs} at a time; logs in {folder.relative_to(REPO_ROOT)}")
    suite = Path("regressions") / "suite" / "test_replays.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "regressions.suite.plugin", "--replay-plan", str(path)]
    # One replay at a time to each worker keeps the order of the plan.
    command += ["-n", str(jobs), "--dist", "load", "--maxschedchunk", "1", "-p", "no:cacheprovider", str(suite)]
    with (folder / PYTEST_LOG).open("wb") as log:
        process = subprocess.Popen(command, cwd=REPO_ROOT, stdout=log)
        try:
            process.wait()
        except KeyboardInterrupt:
            # What has ended is reported; the rest stands there as not finished.
            _say("interrupted: reporting what has ended")
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _record(order: Order, trace: Trace, folder: Path) -> Record:
    """Read a replay's record; one that is missing or damaged is an error, never absent."""
    shape = LayerShape.of(trace.geometry(order.layer))
    path = order.folder / RECORD
    try:
        return decode(Record, json.loads(path.read_text(encoding="utf-8")))
    except OSError:
        return error_record(
            order, shape, 0.0, f"the replay did not finish: its worker died or was interrupted (see {folder / PYTEST_LOG})"
        )
    except (ValueError, ResultsError) as error:
        return error_record(order, shape, 0.0, f"{path} is damaged: {error}")


def _git() -> GitInfo:
    def ask(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", *words], cwd=REPO_ROOT, capture_output=True, text=True, check=False)
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    return GitInfo(ask("rev-parse", "HEAD"), bool(ask("status", "--porcelain")))


def _trace_info(trace: Trace, path: Path) -> TraceInfo:
    run = trace.run
    name = path.relative_to(REPO_ROOT) if path.is_relative_to(REPO_ROOT) else path
    return TraceInfo(str(name), run.dataset, run.accuracy, run.batch, run.image_size, run.seed)


__all__ = ["SAMPLE_PATH", "Outcome", "run"]
