"""Wall time of one whole training iteration on the RTL of the chip, from a built model, every bit checked."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import Figure
from regressions.iteration import parse_iteration
from regressions.run import run
from reports.page.totals import total

LIMIT_MIN = 8.0
REPLAYS = 62


def figures() -> Iterator[Figure]:
    """Run `./run iteration --fresh` on its trace, which `./run iteration` captures."""
    options = parse_iteration(["--fresh"])
    if not options.trace.is_file():
        raise RuntimeError(f"{options.trace} does not exist: './run iteration' makes it, run that first")
    results = run(options).results
    seconds = results.run.wall_s - results.run.build.seconds
    yield Figure("one iteration, 32x32, batch 1, from a built model", seconds / 60, "min", limit=LIMIT_MIN)
    yield Figure("  replays equal in every bit and count", results.summary.pass_, "", target=REPLAYS)
    sums = total(results.replays)
    macs = sum((one.macs_fp8 or 0) + (one.macs_fp16 or 0) for one in results.replays)
    simulated = sum(one.chip.simulated_s for one in results.replays if one.chip is not None)
    worked = sum(one.wall_s for one in results.replays)
    yield Figure("  cycles of the chip", sums.cycles / 1e6, "M")
    yield Figure("  simulated, a process", sums.cycles / simulated / 1e3, "kcycle/s")
    yield Figure("  simulated, a process", macs / simulated / 1e6, "M MAC/s")
    yield Figure("  simulated, all processes, over the wall time", macs / seconds / 1e6, "M MAC/s")
    yield Figure("  share of the workers' time in the simulator", simulated / worked, "")
