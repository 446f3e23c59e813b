"""A regression from options to results: plan, build once, replay on all cores, gather what came."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from golden.memories import SRAM_LIMIT_BYTES, register_split, sram_split
from golden.presets import find_preset
from regressions.chip.records import ChipHardware
from regressions.gates import chip_gates, gates
from regressions.json_codec import ResultsError, decode
from regressions.kept import keep
from regressions.options import Options, rerun_command
from regressions.order import COVERAGE, RECORD, Order, error_record
from regressions.plan import Planned, choose, longest_first, plan
from regressions.problems import writing
from regressions.results import BuildInfo, GitInfo, Results, RunInfo, Status, TraceInfo, summarise
from regressions.results import Replay as Record
from regressions.run_folder import new_run_folder
from regressions.suite.launch import run_suite
from regressions.traces import Trace
from tb.chip.build import build_cocotb as build_chip
from tb.core.build import build_cocotb
from tb.toolchain import REPO_ROOT, BuildResult, Toolchain


@dataclass(frozen=True)
class Outcome:
    """What a regression leaves.

    Attributes
    ----------
    results : Results
        Without coverage.
    coverage : list of Path or None
        The coverage files that must exist, one of each replay that finished; None if none was asked for.
    folder : Path
        The run's folder.
    folders : dict of str to Path
        Where each replay's worker left its files.
    cycles : dict of str to int
        Predicted cycles of each replay.
    """

    results: Results
    coverage: list[Path] | None
    folder: Path
    folders: dict[str, Path] = field(default_factory=dict)
    cycles: dict[str, int] = field(default_factory=dict)


def run(options: Options) -> Outcome:
    """Run a regression.

    Raises
    ------
    Exception
        One of `regressions.problems.KNOWN` if there is nothing to run: no trace, no such layer, no
        simulator, no place to write. A replay that goes wrong does not raise; it stands in the results.
    """
    begin = time.monotonic()
    started = datetime.now(UTC)
    trace = Trace.open(options.trace, verify=False)  # a damaged tensor is the problem of its own layer
    chosen = choose(trace, options)
    tools = Toolchain.find()
    if options.dump is not None:
        with writing(options.dump, "--dump"):
            options.dump.mkdir(parents=True, exist_ok=True)
    with new_run_folder(options.runs, started) as folder:
        build, info = _build(options)
        planned = plan(trace, chosen, options.settings)
        orders = {one.name: _order(options, one, folder, build) for one in planned}
        if options.keep is not None:
            orders = keep(options.keep, orders, fresh=options.fresh)
        why_missing = _replay(orders, planned, folder, options.jobs)
        records = [_record(orders[one.name], one.problem or why_missing) for one in planned]
    hardware = _hardware(options)
    run_info = RunInfo(
        suite=options.suite,
        preset=options.settings.preset,
        seed=options.settings.seed,
        started=started.isoformat(timespec="seconds"),
        git=git_info(),
        tools=tool_versions(tools),
        wall_s=time.monotonic() - begin,
        build=info,
        trace=trace_info(trace),
        balancer=options.settings.balancer,
        policy=options.settings.policy,
        stall_permille=options.settings.stall_permille,
        command=options.command,
        rtl=str(shown(options.rtl)),
        level=options.level,
        output=options.settings.chip.output if options.settings.chip else None,
        hardware=hardware,
    )
    judged = chip_gates(records, hardware) if hardware else gates(records, options.settings.stall_permille)
    summary = summarise(records, judged, len(planned))
    finished = [orders[record.name] for record in records if record.status is not Status.ERROR]
    coverage = [order.folder / COVERAGE for order in finished] if options.coverage else None
    return Outcome(
        Results(run_info, summary, records, None),
        coverage,
        folder,
        {name: order.folder for name, order in orders.items()},
        {one.name: one.cycles for one in planned},
    )


def _hardware(options: Options) -> ChipHardware | None:
    """Describe the chip and its memory; None at the level of one core."""
    preset, chip = find_preset(options.settings.preset), options.settings.chip
    if chip is None:
        return None
    return ChipHardware(
        cores=preset.cores,
        pes=preset.cores * preset.lines * preset.pes,
        memory_bytes_per_cycle=chip.memory_bytes,
        memory_latency=chip.memory_latency,
        slow_core=chip.slow_core,
        slow_factor=None if chip.slow_core is None else chip.slow_factor,
        sram_bytes=sram_split(preset),
        sram_limit_bytes=SRAM_LIMIT_BYTES,
        register_bytes=register_split(preset),
    )


def _say(text: str) -> None:
    print(f"regress: {text}", file=sys.stderr, flush=True)


def _build(options: Options) -> tuple[BuildResult, BuildInfo]:
    """Build the model, or take it from the cache."""
    preset = find_preset(options.settings.preset)
    _say(f"building preset {preset.name}, unless it is built already")
    begin = time.monotonic()
    chip, jobs = options.settings.chip, os.cpu_count() or 1
    kind = {"coverage": options.coverage, "waves": options.waves}
    if chip is None:
        build = build_cocotb(preset, **kind, jobs=jobs, rtl=options.rtl)
    else:
        gated = chip.slow_core is not None
        build = build_chip(preset, **kind, gated=gated, jobs=jobs, rtl=options.rtl)
    seconds = time.monotonic() - begin
    _say(f"model {build.dir.name}: {'from the cache' if build.cached else f'built in {seconds:.0f} s'}")
    return build, BuildInfo(seconds, build.cached, build.dir.name)


def _order(options: Options, one: Planned, folder: Path, build: BuildResult) -> Order:
    return Order(
        trace=options.trace,
        layer=one.layer,
        step=one.step,
        shape=one.shape,
        settings=options.settings,
        folder=folder / one.name,
        build=build,
        waves=options.waves,
        coverage=options.coverage,
        dump=options.dump,
        rerun=rerun_command(options, one.layer, one.step),
    )


def _replay(orders: dict[str, Order], planned: list[Planned], folder: Path, jobs: int) -> str:
    """Run all replays that can run, the longest first; return why one may have left no record."""
    for one in planned:
        if one.problem:
            _say(f"{one.name}: ERROR: {one.problem.splitlines()[0]}")
    waiting = [one for one in planned if not one.problem and not (orders[one.name].folder / RECORD).exists()]
    if len(waiting) < len(planned):
        kept = sum((orders[one.name].folder / RECORD).exists() for one in planned)
        if kept:
            _say(f"{kept} of {len(planned)} replays are kept from an earlier start")
    queue = longest_first(waiting)
    if not queue:
        return ""
    jobs = min(jobs, len(queue))
    number = "1 replay" if len(queue) == 1 else f"{len(queue)} replays, {jobs} at a time"
    _say(f"{number}; logs in {shown(folder)}")
    return run_suite([(orders[one.name], one.cycles) for one in queue], folder, jobs)


def _record(order: Order, why_missing: str) -> Record:
    """Read a replay's record; one that is missing or damaged is an error, never absent."""
    path = order.folder / RECORD
    try:
        record = decode(Record, json.loads(path.read_text(encoding="utf-8")))
    except OSError:
        return error_record(order, why_missing)
    except (ValueError, ResultsError) as error:
        return error_record(order, f"its record is damaged: {error}\nfile: {path}")
    if (record.layer, record.step) != (order.layer, order.step):
        return error_record(order, f"its record is of {record.name}\nfile: {path}")
    return record


def shown(path: Path) -> Path:
    """Return `path` as a user of the repository would write it."""
    return path.relative_to(REPO_ROOT) if path.is_relative_to(REPO_ROOT) else path


def tool_versions(tools: Toolchain) -> dict[str, str]:
    """Return the versions of all that a result may depend on, by name."""
    return {
        **dict(tools.versions),
        "cocotb": importlib.metadata.version("cocotb"),
        "numpy": importlib.metadata.version("numpy"),
        "python": platform.python_version(),
    }


def git_info() -> GitInfo:
    """Return the commit of the project's folder, and whether there are changes beside it."""

    def ask(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", *words], cwd=REPO_ROOT, capture_output=True, text=True, check=False)
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    return GitInfo(ask("rev-parse", "HEAD"), bool(ask("status", "--porcelain")))


def trace_info(trace: Trace) -> TraceInfo:
    """Return what reports say of a trace."""
    run = trace.run
    return TraceInfo(
        str(shown(trace.path)),
        run.dataset,
        run.accuracy,
        run.batch,
        run.image_size,
        run.seed,
        trace.digest,
    )
