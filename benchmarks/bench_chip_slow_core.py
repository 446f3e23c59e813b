"""What one slow core of twelve costs a layer: at most a tenth, and eight times the time of a job.

A job is the tile that the dispatcher deals: a block of the product, with all of its K.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from benchmarks import Figure
from golden.geometry import Step
from regressions.iteration import parse_iteration
from regressions.options import parse
from regressions.results import Replay
from regressions.run import run

LAYERS = ("layer1.0.conv1", "layer2.0.conv2", "layer3.0.conv2", "layer4.0.conv2")
CORE, FACTOR = 5, 8
SHARE = 0.10


def figures() -> Iterator[Figure]:
    """Replay layers of the iteration's trace with all cores alike, then with one slowed."""
    with tempfile.TemporaryDirectory() as folder:
        alike, slowed = (_replays(folder, factor) for factor in (1, FACTOR))
    worst = 0.0
    for name, before in alike.items():
        after = slowed[name]
        if before.cycles is None or after.cycles is None or before.chip is None:
            raise RuntimeError(f"{name} was not measured")
        allowed = SHARE * before.cycles + FACTOR * before.chip.job_cycles
        used = (after.cycles - before.cycles) / allowed
        worst = max(worst, used)
        yield Figure(f"{name}: cycles with a slow core, to those without", after.cycles / before.cycles, "")
        yield Figure("  of the growth allowed", used, "")
    yield Figure(f"worst, of 10 % and {FACTOR} jobs", worst, "", limit=1.0)


def _replays(folder: str, factor: int) -> dict[str, Replay]:
    trace = parse_iteration([]).trace
    if not trace.is_file():
        raise RuntimeError(f"{trace} does not exist: './run iteration' makes it, run that first")
    given = ["--preset", "lnpu", "--trace", str(trace), "--no-coverage", "--runs", folder]
    given += ["--layers", *LAYERS, "--steps", *(str(step) for step in Step)]
    given += ["--slow-core", f"{CORE}:{factor}"]
    found = {one.name: one for one in run(parse(given)).results.replays}
    for name, one in found.items():
        if one.status != "pass":
            raise RuntimeError(f"{name} did not pass: {one.message}")
    return found
