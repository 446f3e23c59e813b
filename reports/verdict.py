"""The verdict for the terminal: what broke first, where, and the command that runs it alone with waves."""

from __future__ import annotations

from regressions.results import Replay, Results, Status
from regressions.triage.records import Triage, TriageBucket
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


def triage_lines(triage: Triage) -> list[str]:
    """Return the buckets of failures, with the smallest tile and the command that runs it."""
    lines = [
        f"triage: {len(triage.buckets)} {'bucket' if len(triage.buckets) == 1 else 'buckets'} of failures"
    ]
    for bucket in triage.buckets:
        lines += [f"  {line}" for line in _bucket_lines(bucket)]
    if triage.problem:
        lines.append(f"  ended early: {first_line(triage.problem)}")
    return lines


def _bucket_lines(bucket: TriageBucket) -> list[str]:
    number = "1 replay" if len(bucket.replays) == 1 else f"{len(bucket.replays)} replays"
    lines = [f"{bucket.name} ({number}): {bucket.reason}"]
    shrunk = bucket.shrunk
    if shrunk is None:
        return [*lines, f"  {bucket.representative}: {bucket.note}"]
    shape = shrunk.geometry
    lines.append(
        f"  smallest tile: {shrunk.step} of {shape.batch} x {shape.in_channels}x{shape.in_height}x"
        f"{shape.in_width} to {shape.out_channels} channels, {shape.kernel}x{shape.kernel} kernel, "
        f"{count(shrunk.cycles)} cycles (from {bucket.representative} in {bucket.trials} trials)"
    )
    lines.append(f"  {first_line(shrunk.message)}")
    if bucket.related:
        lines.append(
            f"  smaller pieces of it failed as {', '.join(bucket.related)}: it may be the same cause"
        )
    return [*lines, f"  rerun: {shrunk.command}"]
