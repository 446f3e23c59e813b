"""The history from its command line (`./run history`): list runs, draw the page, find what changed when.

Exit status: 0, or 2 if there is no history, it cannot be read, or it does not know what is asked for.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

from golden.geometry import Step
from regressions.option_error import OptionError
from regressions.options import HISTORY, REPORTS
from regressions.run import shown
from reports.history import page, values
from reports.history.changes import History, Track
from reports.history.database import HistoryError, Measure, Run
from reports.history.figures import ALL, NOISE
from reports.history.record import append

COMMAND = "./run history"
REFUSED = 2
LISTED = 20

DESCRIPTION = """\
List the runs that the history holds and write its page, reports/out/history.html; with --changed, print
the runs in which a figure changed, from what to what, and the commits between which to look.
"""
EXAMPLES = f"""\
examples:
  {COMMAND}                                                         the latest runs, and the page
  {COMMAND} --changed cycles                                        in which runs all cycles changed
  {COMMAND} --changed cycles --layer layer1.0.conv1 --step FP       of one layer and step
  {COMMAND} --changed coverage.line --module pe_line --clean        only runs without uncommitted changes
  {COMMAND} --changed score --file rtl/pe/pe.sv                     fault score of a file
  {COMMAND} --add reports/out/coverage/coverage.json                append what has no run of its own
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = _make_parser().parse_args(arguments)
    history = (options.history or options.out / HISTORY).resolve()
    try:
        for document in options.add:
            print(f"{document}: run {append(document, history)}")
        known = History(history, lambda run: _wanted(run, options))
        if options.changed:
            _print_changes(known, options)
            return 0
        if not options.add:
            _print_runs(known, options.last)
        print(f"history: {shown(page.write(known, known.events(), options.out.resolve()))}")
    except (HistoryError, OptionError) as error:
        print(f"error: {error}", file=sys.stderr)
        return REFUSED
    return 0


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument_group("which figure").add_argument
    add("--changed", metavar="FIGURE", help="such as cycles, energy_pj, ema_bytes, pass_rate, coverage.line")
    add("--layer", metavar="LAYER", help="of this layer (default: all that ran)")
    add("--step", metavar="STEP", help=f"of this step: {', '.join(Step)}")
    add("--module", metavar="NAME", help="of this module (coverage)")
    add("--file", metavar="PATH", help="of this file (fault campaign)")
    add = parser.add_argument_group("which runs").add_argument
    add("--suite", help="replay, iteration, coverage quick, coverage nightly or faults")
    add("--preset", help="runs on this preset")
    add("--clean", action="store_true", help="only runs without uncommitted changes")
    add("--last", type=int, default=LISTED, metavar="N", help="runs to list (default: %(default)s)")
    add = parser.add_argument_group("where").add_argument
    add(
        "--add",
        type=Path,
        nargs="+",
        default=[],
        metavar="DOCUMENT",
        help="append a results.json, coverage.json or faults.json; one that is there already changes nothing",
    )
    add("--history", type=Path, metavar="FILE", help=f"the database (default: {HISTORY} beside the reports)")
    add(
        "--out",
        type=Path,
        default=REPORTS,
        metavar="FOLDER",
        help="folder of the page (default: reports/out)",
    )
    return parser


def _wanted(run: Run, options: argparse.Namespace) -> bool:
    return (
        (options.suite is None or run.suite == options.suite)
        and (options.preset is None or run.preset == options.preset)
        and not (options.clean and run.git_dirty)
    )


# --- List -------------------------------------------------------------------------------------------


def _print_runs(known: History, last: int) -> None:
    if not known.runs:
        raise OptionError("no run of the history is of this suite and preset; ./run history lists all")
    changed = {event.after.number: len(event.changes) for event in known.events()}
    rows = [("run", "started (UTC)", "suite", "commit", "verdict", "figures changed")]
    for stored in known.runs[-max(last, 1) :]:
        run = stored.run
        number = changed.get(stored.number)
        rows.append(
            (
                str(stored.number),
                values.time_text(run),
                values.run_title(run),
                values.commit_text(run),
                run.verdict,
                str(number) if number else "",
            )
        )
    _print_table(rows)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


# --- Changes of a figure ----------------------------------------------------------------------------


def _place(options: argparse.Namespace) -> tuple[str, str]:
    """Return level and scope of the figure that is asked for."""
    step = options.step and _step(options.step)
    chosen = [name for name in ("module", "file") if getattr(options, name)]
    if len(chosen) + bool(options.layer or step) > 1:
        raise OptionError("--layer and --step, --module, --file: choose one")
    if chosen:
        return chosen[0], getattr(options, chosen[0])
    if options.layer and step:
        return "replay", f"{options.layer} {step}"
    if options.layer:
        return "layer", options.layer
    return ("step", str(step)) if step else ("total", ALL)


def _step(text: str) -> Step:
    try:
        return Step(text.upper())
    except ValueError:
        raise OptionError(f"--step {text}: no such training step, choose from {', '.join(Step)}") from None


def _print_changes(known: History, options: argparse.Namespace) -> None:
    level, scope = _place(options)
    if options.changed in NOISE:
        raise OptionError(
            f"--changed {options.changed}: depends on the machine; it is on the page, not compared"
        )
    tracks = known.find(options.changed, level, scope)
    if not tracks:
        raise OptionError(_unknown(known.measures(), options.changed, level, scope))
    for index, track in enumerate(tracks):
        if index:
            print()
        _print_track(known, track)


def _unknown(measures: set[Measure], name: str, level: str, scope: str) -> str:
    """Say what is not known: the figure, or its place, with the nearest that is."""
    names = sorted({one.name for one in measures if (one.level, one.scope) == (level, scope)} - NOISE)
    if names:
        return f"--changed {name}: no such figure of {scope}; there are {', '.join(names)}"
    scopes = sorted({one.scope for one in measures if one.level == level})
    near = difflib.get_close_matches(scope, scopes, n=3) or scopes[:8]
    kind = "layer and step" if level == "replay" else level
    known = f"; nearest: {', '.join(near)}" if near else f"; no run of the history has figures of a {kind}"
    return f"no {kind} {scope} in the history{known}"


def _print_track(known: History, track: Track) -> None:
    runs = [known.runs[place] for place in track.places]
    measure, newest = track.measure, runs[-1].run
    replays = known.totals(runs[-1]).get("planned") if measure.level == "total" else None
    whole = measure.scope if replays is None else f"{replays} replays"
    print(f"{values.title(measure.name)} of {whole}: {values.run_title(newest)}")
    print(f"  {values.settings_text(newest)}")
    first = runs[0]
    start = values.value_text(track.values[0], measure.unit, values.LEAST_DIGITS + 1)
    changes = list(known.changes(track))
    if not changes:
        alone = len(runs) == 1
        same = f"the same in all {len(runs)} runs, {first.number} to {runs[-1].number}"
        print(f"  {start}: {f'run {first.number} alone has it' if alone else same}")
        return
    print(f"  run {first.number}, {values.time_text(first.run)}, {values.commit_text(first.run)}: {start}")
    for change in changes:
        old, new = values.pair_text(change.old, change.new, measure.unit)
        before, after = change.before, change.after
        print(
            f"  run {after.number}, {values.time_text(after.run)}, {values.commit_text(after.run)}: "
            f"{old} → {new} ({values.growth_text(change)})"
        )
        print(f"    last before: run {before.number}, {values.commit_text(before.run)}")
        if cause := values.cause_text(before.run, after.run):
            print(f"    {cause}")
        for command in values.git_commands(before.run, after.run):
            print(f"    {command}")
    print(f"  measure again: {values.measuring_command(changes[-1])}")
    print(f"  the same from run {changes[-1].after.number} to run {runs[-1].number}")


if __name__ == "__main__":
    sys.exit(main())
