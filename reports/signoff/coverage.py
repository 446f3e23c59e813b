"""Measure how well the tests cover the test plan and the code (`./run coverage`).

Exit status: 0 if every test passed, no exclusion is stale and all targets hold, 1 if not, 2 if nothing could
be measured or reported, 3 if all is well but the run is not in the history, 130 if it was interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from golden.seeds import DEFAULT_MASTER_SEED
from regressions.capture.arguments import positive
from regressions.json_codec import ResultsError
from regressions.options import REPORTS, add_history_options, history_file
from regressions.run import git_info, shown, tool_versions
from reports import ReportError
from reports.gate.documents import DIRTY
from reports.signoff.interrupt import obey_signals
from reports.signoff.measured import (
    Measured,
    Record,
    folder_of,
    forget,
    keep,
    merge,
    merge_records,
    reread,
)
from reports.signoff.page import INDEX
from reports.signoff.record import append_to_history
from reports.signoff.report import DOCUMENT, judge, write
from reports.signoff.terminal import lines
from tb.coverage.build import SUITES
from tb.coverage.design import code_digest, design_digest
from tb.coverage.exclusions import ExclusionError
from tb.coverage.run import WORKERS, Collected, CoverageRunError, chosen_tests, finish, run
from tb.plan.testplan import PlanError
from tb.toolchain import Toolchain, ToolchainError

COMMAND = "./run coverage"
QUICK, NIGHTLY = "quick", "nightly"

MISSES = 1
NOTHING_RUN = 2
NOT_IN_HISTORY = 3
INTERRUPTED = 130

DESCRIPTION = f"""\
Run the tests of the test plan on models that count, and report what they covered: the plan's coverpoints,
lines, branches, assertions and covers; with --nightly expressions and toggles too, in a second run.
Exit status: 0 if every test passed, no exclusion is stale and all targets hold, {MISSES} if not,
{NOTHING_RUN} if nothing could be measured.
"""


class UsageError(ValueError):
    """The options contradict one another, or name what there is not."""


KNOWN = (CoverageRunError, ExclusionError, OSError, ReportError, ToolchainError, UsageError, PlanError)
"""Errors whose message says all that the user needs; the file system's name file and cause."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        chosen = chosen_tests()
        measured = _reread(options, chosen) if options.reuse else _measure(options, chosen)
        report = judge(measured, datetime.now(UTC).date())
        folder = write(report, options.out)
    except KeyboardInterrupt:
        print("error: interrupted; there is no report, the same command goes on", file=sys.stderr)
        return INTERRUPTED
    except (*KNOWN, ResultsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return NOTHING_RUN
    print("\n".join(lines(report)))
    new = measured.whole and not options.reuse  # the run that is shown again is in the history already
    history = history_file(options) if new else None
    appended = append_to_history(folder / DOCUMENT, history, options.out)
    print(f"report: {shown(folder / INDEX)}")
    if not report.passed:
        return MISSES
    return 0 if appended else NOT_IN_HISTORY


def _suites(nightly: bool) -> list[str]:
    return list(SUITES) if nightly else [QUICK]


def _measure(options: argparse.Namespace, chosen: list[str]) -> Measured:
    """Run the tests on the models of each suite."""
    tests = chosen if options.tests is None else named_tests(options.tests, chosen)
    git = git_info()
    start = Record(
        seed=DEFAULT_MASTER_SEED if options.seed is None else options.seed,
        git=f"{git.commit or 'unknown'}{DIRTY * git.dirty}",
        tools=tool_versions(Toolchain.find()),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        wall_s=0.0,
        design=design_digest(),
        code=code_digest(),
    )
    whole = set(tests) == set(chosen)
    parts, records = list[Collected](), list[Record]()
    for suite in _suites(options.nightly):
        folder = folder_of(suite, whole=whole)
        forget(folder)
        if options.fresh:
            finish(folder)
        began = datetime.now(UTC).isoformat(timespec="seconds")
        parts.append(run(suite, start.seed, options.workers, tests, _tell, folder))
        records.append(replace(start, started=began, wall_s=parts[-1].wall_s))
        keep(records[-1], folder)
    for suite in _suites(options.nightly):
        finish(folder_of(suite, whole=whole))
    suite = NIGHTLY if options.nightly else QUICK
    named = tuple(options.tests or ())
    return Measured(suite, merge_records(records), merge(parts), frozenset(tests), whole, named)


def _reread(options: argparse.Namespace, chosen: list[str]) -> Measured:
    """Read what the last run of each suite left."""
    if options.tests is not None or options.seed is not None:
        raise UsageError("--reuse: shows the last run again; leave out --tests and --seed")
    kept = [reread(folder_of(suite)) for suite in _suites(options.nightly)]
    records = [record for record, _, _ in kept]
    tests = frozenset.intersection(*(tests for _, _, tests in kept))
    suite = NIGHTLY if options.nightly else QUICK
    whole = tests >= set(chosen)
    return Measured(suite, merge_records(records), merge([part for _, part, _ in kept]), tests, whole)


def named_tests(names: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """Return the tests that folders, files and node ids name.

    Raises
    ------
    UsageError
        If a name stands for none of those that count.
    """
    found_tests: set[str] = set()
    for name in names:
        plain = name.rstrip("/").removeprefix("./").partition("[")[0]
        starts = (f"{plain}::", f"{plain}/")
        meant = {test for test in chosen if test == plain or ("::" not in plain and test.startswith(starts))}
        if not meant:
            raise UsageError(
                f"--tests {name}: no test that covers the design is there; name a folder, a file, or a test "
                "as pytest does"
            )
        found_tests |= meant
    return sorted(found_tests)


def _tell(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=COMMAND, description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--nightly",
        action="store_true",
        help="count expressions and toggles too; takes much longer",
    )
    add(
        "--tests",
        nargs="+",
        metavar="TEST",
        help="only these folders, files or node ids: a look at a part, written where no gate reads",
    )
    add("--seed", type=int, metavar="N", help=f"master seed (default: {DEFAULT_MASTER_SEED})")
    add(
        "--workers",
        type=positive,
        default=WORKERS,
        metavar="N",
        help="tests at a time (default: %(default)s)",
    )
    add("--fresh", action="store_true", help="begin anew, where an interrupted run could be gone on with")
    add("--reuse", action="store_true", help="report the last run again, with the exclusions as they are now")
    add("--out", type=Path, default=REPORTS, metavar="FOLDER", help="reports (default: reports/out)")
    add_history_options(parser)
    return parser


if __name__ == "__main__":
    obey_signals()
    sys.exit(main())
