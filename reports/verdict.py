"""The verdict for the terminal: what broke first, where, and the command that runs it alone with waves."""

from __future__ import annotations

from regressions.results import Replay, Results, Status
from reports.page.failures import INDEX_NAMES
from reports.page.overview import headline
from reports.text import count, first_line, value_text

SHOWN_REPLAYS = 5


def verdict_lines(results: Results) -> list[str]:
    """Return the headline, then the first replays and all gates that are broken."""
    broken = [replay for replay in results.replays if replay.status is not Status.PASS]
    lines = [headline(results)]
    for replay in broken[:SHOWN_REPLAYS]:
        lines += [f"  {line}" for line in _replay_lines(replay)]
    if len(broken) > SHOWN_REPLAYS:
        lines.append(f"  and {len(broken) - SHOWN_REPLAYS} more that did not pass: see the report")
    for gate in results.summary.gates:
        if not gate.passed:
            lines.append(f"  gate broken: {gate.name}: {first_line(gate.detail)}")
    return lines


def _replay_lines(replay: Replay) -> list[str]:
    failure = replay.failure
    if failure is None:
        return [
            f"{replay.status} {replay.name}: {first_line(replay.message or '')}",
            f"  rerun: {replay.rerun}",
        ]
    names = INDEX_NAMES[replay.step]
    place = ", ".join(f"{name} {index}" for name, index in zip(names, failure.index, strict=True))
    expected = f"{failure.expected_hex} ({value_text(failure.expected)})"
    actual = f"{failure.actual_hex} ({value_text(failure.actual)})"
    differing = f"{count(replay.mismatches)} of {count(replay.elements)} elements differ"
    return [
        f"{replay.status} {replay.name}: {differing}",
        f"  first at {place} (tile {failure.tile}, line {failure.line})",
        f"  expected {expected}, RTL gave {actual}",
        f"  rerun: {failure.rerun_waves}",
    ]
