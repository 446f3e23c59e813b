"""The main job: run a regression and report it (`./run regress`).

Exit status: 0 if every planned replay passed and every gate holds, 1 if not, 2 if nothing could be run or
reported, 130 if it was interrupted before anything ran.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from regressions.options import Options, parse
from regressions.problems import KNOWN, writing
from regressions.results import Gate, Results, with_coverage
from regressions.run import Outcome, run, shown
from reports import ReportError, ResultsError, attach, write
from reports.coverage import GATE_NAME
from reports.verdict import verdict_lines
from reports.writer import PAGE
from tb.toolchain import REPO_ROOT

NOTHING_RUN = 2
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
    """Tell the verdict, keep the results beside the logs, then write the report."""
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
        place = write(results, options.out)
    except (ReportError, ResultsError) as error:
        raise ReportError(f"{error}\n{kept}") from error
    print(f"report: {shown(place / PAGE)}")
    return results.summary.exit_status


def _with_coverage(outcome: Outcome) -> Results:
    if outcome.coverage is None:
        gate = Gate(GATE_NAME, False, "left out on request (--no-coverage)")
        return with_coverage(outcome.results, None, gate)
    return attach(outcome.results, outcome.coverage, REPO_ROOT)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupt)
    sys.exit(main())
