"""Figures, changes and runs as text, alike in the page and the terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import NamedTuple

from reports.history.changes import Change, Event
from reports.history.database import Run
from reports.history.figures import better_if
from reports.text import MISSING, count, energy_unit, size

PRINCIPAL = ("pass_rate", "cycles", "ema_bytes", "energy_pj", "score")
TITLES = {
    "cycles": "cycles",
    "ema_bytes": "EMA",
    "energy_pj": "energy",
    "on_chip_pj": "on-chip energy",
    "pass_rate": "pass rate",
    "sram_bytes": "SRAM",
    "score": "fault score",
    "gates_broken": "gates broken",
}
LEAST_DIGITS, MOST_DIGITS = 3, 17
SHORT_COMMIT = 10
NAMED = 6
"""Figures that are named where none of them is a principal one."""


def title(name: str) -> str:
    """Return how a figure is called in a sentence."""
    kind = name.removeprefix("coverage.")
    return f"{kind} coverage" if kind != name else TITLES.get(name, name.replace("_", " "))


def value_text(value: float | None, unit: str, digits: int = LEAST_DIGITS, *, exact: bool = False) -> str:
    """Return a figure with its unit: counts whole (bytes only if `exact`), all else to so many digits."""
    if value is None:
        return MISSING
    if unit == "share":
        return f"{100 * value:.{digits}g}\u202f%"
    if unit == "pJ":
        scale, name = energy_unit(value)
        return f"{value / scale:#.{digits}g}".rstrip(".") + f"\u202f{name}"
    if unit == "s":
        return f"{value:.1f}\u202fs"
    if unit == "B" and not exact:
        return size(value)
    return count(value) if float(value).is_integer() else f"{value:.{digits}g}"


def pair_text(old: float, new: float, unit: str) -> tuple[str, str]:
    """Return two values with as many digits as tell them apart."""
    for digits in range(LEAST_DIGITS + 1, MOST_DIGITS + 1):
        texts = value_text(old, unit, digits, exact=True), value_text(new, unit, digits, exact=True)
        if texts[0] != texts[1]:
            break
    return texts


def growth(change: Change) -> float | None:
    """Return by how much a figure grew, in percent, shares in points of one; None if it grew from 0."""
    if change.measure.unit == "share":
        return 100 * (change.new - change.old)
    return None if change.relative is None else 100 * change.relative


def growth_text(change: Change) -> str:
    """Return `growth` with its sign and unit; what grew from 0, itself."""
    grown = growth(change)
    if grown is None:
        return f"from 0 to {value_text(change.new, change.measure.unit)}"
    return _signed(grown, "pp" if change.measure.unit == "share" else "%")


def _signed(value: float, unit: str) -> str:
    least = 1 if abs(value) >= 10 else 2
    digits = min(max(1 - math.floor(math.log10(abs(value))), least), MOST_DIGITS) if value else least
    return f"{value:+.{digits}f}\u202f{unit}".replace("-", "−")


def direction(change: Change) -> str:
    """Return ``better``, ``worse``, or nothing if the figure is neither."""
    sense = better_if(change.measure.name) * (change.new - change.old)
    return "" if not sense else "better" if sense > 0 else "worse"


def commit_text(run: Run) -> str:
    """Return the commit in short, ``+`` behind it if there were changes beside it."""
    return f"{run.git_commit[:SHORT_COMMIT] if run.git_commit else 'no commit'}{'+' if run.git_dirty else ''}"


def run_title(run: Run) -> str:
    """Return suite and preset, by which people know a run."""
    return f"{run.suite} on {run.preset}" if run.preset else run.suite


def settings_text(run: Run) -> str:
    """Return what was chosen for a run, and what was replayed."""
    words = []
    for name, value in json.loads(run.settings).items():
        if name == "command" or value is None:
            continue
        text = {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value
        words.append(f"{name.replace('_', ' ')} {text}")
    if run.trace:
        words.append(f"trace {run.trace_file} ({run.trace[:8]})")
    return ", ".join(words)


def time_text(run: Run) -> str:
    """Return when a run was started, to the minute."""
    return run.started[:16].replace("T", " ")


def tools_text(before: Run, after: Run) -> str:
    """Return the tools whose versions differ; empty if none does."""
    old, new = json.loads(before.tools), json.loads(after.tools)
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return ", ".join(f"{name} {old.get(name, MISSING)} → {new.get(name, MISSING)}" for name in names)


def cause_text(before: Run, after: Run) -> str:
    """Return where to look for what made figures change between two runs."""
    tools = tools_text(before, after)
    also = f"; tools: {tools}" if tools else ""
    if before.git_commit is None or after.git_commit is None:
        return f"outside a git checkout: the commit is not known{also}"
    if before.git_commit != after.git_commit:
        dirty = [text for run, text in ((before, "the run before"), (after, "this run")) if run.git_dirty]
        return f"{' and '.join(dirty)} had uncommitted changes{also}" if dirty else also.removeprefix("; ")
    if before.git_dirty or after.git_dirty:
        return f"the same commit: what was not committed then made the difference{also}"
    if tools:
        return f"the same commit{also}"
    return "the same commit, the same tools: this figure is not reproducible"


def git_commands(before: Run, after: Run) -> list[str]:
    """Return the commands that show what lay between two runs, and bisect it; none on one commit."""
    old, new = before.git_commit, after.git_commit
    if not old or not new or old == new:
        return []
    return [
        f"git log --oneline {old[:SHORT_COMMIT]}..{new[:SHORT_COMMIT]}",
        f"git bisect start {new[:SHORT_COMMIT]} {old[:SHORT_COMMIT]}",
    ]


def measuring_command(change: Change) -> str:
    """Return the command that measures a figure again, on whatever is checked out."""
    run = change.after.run
    words = run.command
    if change.measure.level == "replay":
        layer, _, step = change.measure.scope.rpartition(" ")
        words += f" --layers {layer} --steps {step}"
    return f"{words} --no-history" if run.source == "results" and "--no-history" not in words else words


class Gist(NamedTuple):
    """A figure of an event in one line, and ``better``, ``worse`` or nothing."""

    text: str
    direction: str


def gists(event: Event) -> list[Gist]:
    """Return a line for each principal figure that changed; if none did, one that names the others."""
    by_name: dict[str, list[Change]] = {}
    for change in event.changes:
        by_name.setdefault(change.measure.name, []).append(change)
    principal = [name for name in by_name if name in PRINCIPAL or name.startswith("coverage.")]
    lines = [
        gist
        for name in principal
        if (gist := _gist(name, by_name[name], by_name.get("passed", []))) is not None
    ]
    if lines:
        return lines
    names = sorted({title(name) for name in by_name})
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return [Gist(", ".join(names[:NAMED]) + more, "")]


def _gist(name: str, changes: Sequence[Change], alike: Sequence[Change]) -> Gist | None:
    total = next((change for change in changes if change.measure.level == "total"), None)
    where = _replays_text(alike) if name == "pass_rate" else scopes_text(changes)
    if total is not None:
        old, new = pair_text(total.old, total.new, total.measure.unit)
        return Gist(f"{title(name)} {old} → {new} ({growth_text(total)}){where}", direction(total))
    return Gist(f"{title(name)}{where}", direction(changes[0])) if where else None


def _replays_text(passed: Sequence[Change]) -> str:
    """Return which replays pass no longer, or again."""
    names = [change.measure.scope for change in passed if change.measure.level == "replay"]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f": {', '.join(names[:NAMED])}{more}" if names else ""


def scopes_text(changes: Sequence[Change]) -> str:
    """Return in how many replays, modules or files a figure changed, and where most."""
    parts = [change for change in changes if change.measure.level in ("replay", "module", "file")]
    if not parts:
        return ""
    most = max(parts, key=lambda change: abs(change.relative or 0))
    kind = most.measure.level
    number = f"{len(parts)} {kind}{'s' if len(parts) > 1 else ''}"
    return f" in {number}, most in {most.measure.scope} ({growth_text(most)})"
