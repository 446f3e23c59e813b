"""The main job: run a regression and report it (`./run regress`).

Exit status: 0 if every planned replay passed and every gate holds, 1 if not, 2 if nothing could be run or
reported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from golden.native import NativeError
from golden.presets import PresetError
from golden.program import ProgramError
from regressions.operands import PolicyError
from regressions.options import OptionError, parse
from regressions.results import Gate
from regressions.run import Outcome, run
from regressions.traces import TraceError
from reports import ReportError, ResultsError, attach, write
from reports.coverage import GATE_NAME
from reports.page.overview import first_problem, headline
from tb.toolchain import REPO_ROOT, ToolchainError

NOTHING_RUN = 2
RAW = "results.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    try:
        outcome = run(parse(sys.argv[1:] if arguments is None else arguments))
        return _report(outcome)
    except (
        NativeError,
        OptionError,
        OSError,
        PolicyError,
        PresetError,
        ProgramError,
        ReportError,
        ResultsError,
        ToolchainError,
        TraceError,
    ) as error:
        print(f"error: {error}", file=sys.stderr)
        return NOTHING_RUN


def _report(outcome: Outcome) -> int:
    """Write the report; the raw results are kept beside the logs, whatever happens to it."""
    raw = outcome.folder / RAW
    raw.write_text(json.dumps(outcome.results.to_json()), encoding="utf-8")
    if outcome.coverage is None:
        gate = Gate(GATE_NAME, False, "left out on request (--no-coverage)")
        summary = replace(outcome.results.summary, gates=[*outcome.results.summary.gates, gate])
        results = replace(outcome.results, summary=summary)
    else:
        results = attach(outcome.results, outcome.coverage, REPO_ROOT)
    place = write(results, REPO_ROOT / "reports" / "out")
    print(headline(results))
    if problem := first_problem(results):
        print(problem)
    print(f"report: {(place / 'index.html').relative_to(Path.cwd()) if place.is_relative_to(Path.cwd()) else place}")
    return results.summary.exit_status


if __name__ == "__main__":
    sys.exit(main())
