"""One training iteration on the chip: run it, report it, and say what it took (`./run iteration`).

Exit status as of `reports.regress`.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from regressions.iteration import parse_iteration
from regressions.results import Replay, Results
from reports import regress
from reports.page.totals import by_step, measured, total
from reports.text import count, duration, percent, size

CLOCK_HZ = 200e6
"""The published chip's fastest clock."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    return regress.run_and_report(lambda: parse_iteration(words), iteration_lines)


def iteration_lines(results: Results, jobs: int) -> list[str]:
    """Say what the iteration took, on the host and on the chip.

    Parameters
    ----------
    jobs : int
        Replays at a time.
    """
    ran = [one for one in measured(results.replays) if one.chip is not None]
    if not ran:
        return []
    run = results.run
    built = f", {duration(run.build.seconds)} of it building" if not run.build.cached else ""
    wall = f"wall time of this start {duration(run.wall_s)}{built}"
    return [*_speed_lines(ran, wall, jobs), *_chip_lines(ran)]


def _speed_lines(ran: Sequence[Replay], wall: str, jobs: int) -> list[str]:
    simulated = sum(one.chip.simulated_s for one in ran if one.chip is not None)
    work = sum(one.wall_s for one in ran)
    cycles = sum(one.cycles or 0 for one in ran)
    macs = sum((one.macs_fp8 or 0) + (one.macs_fp16 or 0) for one in ran)
    share = simulated / work if work else 0.0
    longest = max(ran, key=lambda one: one.wall_s)
    what = "the simulator" if share >= 0.5 else "golden model, compiler and comparison"
    workers = f"{jobs} workers, {duration(work / jobs)} each"
    took = f"the {len(ran)} replays took {duration(work)} ({workers} on average)"
    speed = f"{cycles / simulated / 1e3:.1f} kcycle/s and {macs / simulated / 1e6:.1f} M MAC/s"
    with_skipped = sum(one.macs_total or 0 for one in ran)
    return [
        f"{wall}; {took}; the longest, {longest.name}, {duration(longest.wall_s)}",
        f"simulated {speed} a process; {macs / 1e9:.2f} of {with_skipped / 1e9:.2f} GMAC, others skipped",
        f"bound by {what}: simulating takes {percent(share)} of the workers' time",
    ]


def _chip_lines(ran: Sequence[Replay]) -> list[str]:
    lines = []
    for step, group in by_step(ran).items():
        sums = total(group)
        lines.append(
            f"{step}: {count(sums.cycles)} cycles, utilization {sums.utilization or 0:.2f}, "
            f"EMA {size(sums.ema_bytes)}, {percent(sums.ema_saved)} below plain FP16"
        )
    sums = total(ran)
    lines.append(
        f"all: {count(sums.cycles)} cycles ({1e3 * sums.cycles / CLOCK_HZ:.1f} ms at "
        f"{CLOCK_HZ / 1e6:.0f} MHz), utilization {sums.utilization or 0:.2f}, EMA {size(sums.ema_bytes)}, "
        f"{percent(sums.ema_saved)} below plain FP16"
    )
    return lines


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, regress.interrupt)
    sys.exit(main())
