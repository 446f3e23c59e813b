"""The main job: run a regression and report it (`./run regress`).

Exit status: 0 if every planned replay passed and every gate holds, 1 if not, 2 if nothing could be run or
reported, 3 if all is well but the run could not be appended to the history (the report is written all the
same), 130 if it was interrupted before anything ran or before the report was written.
"""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from regressions.options import Options, parse
from regressions.problems import KNOWN, writing
from regressions.results import Gate, Results, with_coverage
from regressions.run import Outcome, run, shown
from regressions.triage.records import Triage
from regressions.triage.run import Failed, triage
from reports import ReportError, ResultsError, attach, write
from reports.coverage import GATE_NAME
from reports.history import HistoryError, record, update
from reports.verdict import triage_lines, verdict_lines
from reports.writer import PAGE, with_copies_named, with_kept_files
from tb.toolchain import REPO_ROOT

NOTHING_RUN = 2
NOT_IN_HISTORY = 3
INTERRUPTED = 130
RAW = "results.json"

Lines = Callable[[Results, int], list[str]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    return run_and_report(lambda: parse(words))


def run_and_report(read: Callable[[], Options], more: Lines | None = None) -> int:
    """Run what the options that `read` returns ask for, and report it; return the exit status.

    Parameters
    ----------
    more
        Returns further lines to print, from the results and the replays at a time.
    """
    try:
        options = read()
        return _report(run(options), options, more)
    except KeyboardInterrupt:
        print("error: interrupted; there is no report", file=sys.stderr)
        return INTERRUPTED
    except (*KNOWN, ReportError, ResultsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return NOTHING_RUN


def interrupt(number: int, frame: FrameType | None) -> None:
    """Treat the end that a job control sends like Ctrl-C: what has ended is reported."""
    raise KeyboardInterrupt


def _report(outcome: Outcome, options: Options, more: Lines | None) -> int:
    """Tell the verdict, keep the results beside the logs, append to the history, then write the report."""
    results = outcome.results if options.keep is not None else _with_coverage(outcome)
    for line in [*verdict_lines(results), *(more(results, options.jobs) if more else [])]:
        print(line)
    sys.stdout.flush()
    raw = outcome.folder / RAW
    try:
        with writing(raw, "--runs"):
            raw.write_text(json.dumps(results.to_json()), encoding="utf-8")
        kept = f"the results are kept: python -m reports {shown(raw)}"
    except KNOWN as error:
        kept = str(error)
    try:
        appended = _append(results, options, raw)
        place = write(results, options.out)
    except KeyboardInterrupt:
        print(f"error: interrupted before there was a report; {kept}", file=sys.stderr)
        return INTERRUPTED
    except (ReportError, ResultsError) as error:
        raise ReportError(f"{error}\n{kept}") from error
    place = _triaged(results, outcome, options, place)
    print(f"report: {shown(place / PAGE)}")
    status = results.summary.exit_status
    return status if status or appended else NOT_IN_HISTORY


def _triaged(results: Results, outcome: Outcome, options: Options, place: Path) -> Path:
    """Examine what failed and write the report again; return its place, the first one's if that is not to be.

    The report is there before triage begins: whatever becomes of triage, it and the verdict stay.
    """
    if options.triage is None:
        return place
    failed = Failed(
        results.replays,
        outcome.folders,
        outcome.cycles,
        outcome.folder,
        options.trace,
        options.settings,
        options.rtl,
    )
    found: Triage | None = None
    better: Path | None = None
    try:
        found = triage(failed, options.triage)
        if found is None:
            return place
        complete = replace(results, triage=found)
        raw = outcome.folder / RAW
        raw.write_text(json.dumps(complete.to_json()), encoding="utf-8")
        better = write(complete, options.out, outcome.folder)
        # From here on commands name the report's own copies: the run's folder is soon thrown away.
        complete = with_copies_named(with_kept_files(complete, outcome.folder), better)
        found = complete.triage
        raw.write_text(json.dumps(complete.to_json()), encoding="utf-8")
    except KeyboardInterrupt:
        print(f"error: triage: interrupted; {_without(better)}", file=sys.stderr)
    except (ReportError, ResultsError, OSError) as error:
        print(f"error: triage: {error}; {_without(better)}", file=sys.stderr)
    if found is not None:
        print("\n".join(triage_lines(found)), flush=True)
    if better is None:
        return place
    shutil.rmtree(place, ignore_errors=True)
    return better


def _without(better: Path | None) -> str:
    return "the report is without it" if better is None else "the report is complete"


def _append(results: Results, options: Options, raw: Path) -> bool:
    """Append the run to the history and draw its page; what goes wrong there must not cost the report."""
    if options.history is None:
        return True
    try:
        number = record(results, options.history)
        for line in update(options.history, options.out, number):
            print(line)
    except ResultsError:
        return True  # writing the report tells it
    except HistoryError as error:
        later = shlex.join(["--add", str(shown(raw)), "--history", str(shown(options.history))])
        print(f"error: history: {error}\n  later: ./run history {later}", file=sys.stderr)
        return False
    return True


def _with_coverage(outcome: Outcome) -> Results:
    if outcome.coverage is None:
        gate = Gate(GATE_NAME, False, "left out on request (--no-coverage)")
        return with_coverage(outcome.results, None, gate)
    try:
        return attach(outcome.results, outcome.coverage, REPO_ROOT)
    except KeyboardInterrupt:  # what has been measured is reported
        gate = Gate(GATE_NAME, False, "interrupted while coverage was merged")
        return with_coverage(outcome.results, None, gate)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupt)
    sys.exit(main())
