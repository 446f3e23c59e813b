"""The whole study: experiments that were asked for, the sweep, the layers of a trace."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import numpy as np

from golden.power.calibration import CALIBRATION, load_calibration
from golden.power.operating import PUBLISHED
from regressions.fidelity.experiments import KEPT, find, keep, perform
from regressions.fidelity.layers import run_layers
from regressions.fidelity.options import FidelityOptions
from regressions.fidelity.records import SCHEMA, Experiment, FidelityRun, FidelityStudy
from regressions.fidelity.replays import measure
from regressions.fidelity.sweep import falls, sweep
from regressions.operands import ReplaySettings, replay_input
from regressions.option_error import OptionError
from regressions.plan import choose
from regressions.run import git_info, trace_info
from regressions.traces import Trace
from tb.core.bare import bare_core
from tb.toolchain import Toolchain


def run(options: FidelityOptions, tell: Callable[[str], None]) -> FidelityStudy:
    """Make the study; `tell` hears of each replay and network.

    Raises
    ------
    regressions.traces.TraceError, OptionError
        If a trace cannot be read, or has no such layers or steps.
    golden.power.calibration.CalibrationError
        If the event model has no constants.
    regressions.fidelity.experiments.ExperimentError
        If an experiment failed, or its kept result is damaged.
    tb.core.bare.CoreFailure
        If the RTL does not do what golden does.
    """
    begin, started, git = time.monotonic(), datetime.now(UTC), git_info()
    trace = Trace.open(options.trace, verify=False)
    chosen = choose(trace, options)
    tile = options.tile
    if tile.step not in trace.steps(tile.layer):
        raise OptionError(f"--tile {tile.name}: training computes no {tile.step} at this layer")
    settings = ReplaySettings(options.preset.name, True, options.seed, policy=options.policy)
    source = replay_input(trace.load(tile.layer), tile.step, settings)
    model = load_calibration()
    kept = [find(one, options.work, KEPT) for one in Experiment if one not in options.experiments]
    for which in options.experiments:
        made = perform(which, options.work, options.policy, options.fresh, options.command, tell, git)
        if options.save:
            keep(made, KEPT)
        kept.append(made)
    tell(f"building the core of preset {options.preset.name}, unless it is built already")
    core = bare_core(options.preset.name)
    replay = partial(measure, core, model=model, points=PUBLISHED)
    points = sweep(source, options.sparsities, options.seed, replay, tell)
    fallen = falls(points)
    layers = run_layers(trace, chosen, settings, replay, tell)
    calibrated = json.loads(CALIBRATION.read_text(encoding="utf-8"))["source"]
    return FidelityStudy(
        SCHEMA,
        FidelityRun(
            seed=options.seed,
            started=started.isoformat(timespec="seconds"),
            git=git,
            tools={
                **dict(Toolchain.find().versions),
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
            wall_s=time.monotonic() - begin,
            command=options.command,
            trace=trace_info(trace),
            preset=options.preset.name,
            policy=options.policy,
            tile=tile.name,
            calibration=f"{calibrated['library']}: {calibrated['tiles']}",
            layer_steps=sum(len(trace.steps(name)) for name in trace.layers),
        ),
        points,
        fallen,
        layers,
        [one for one in kept if one is not None],
        not fallen,
    )
