"""Compare a run with the committed baseline (`./run gate`).

Exit status: 0 if nothing got worse, 1 if something did, 2 if it could not be compared.
"""

from __future__ import annotations

import argparse
import datetime
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from regressions.options import REPORTS
from regressions.run import shown
from reports.gate import baseline
from reports.gate.inputs import add_options, read_documents
from reports.gate.show import SPEED, markdown, markdown_error, terminal_changes, terminal_lines
from reports.gate.since import Changes, changes_since
from reports.gate.strict_json import DocumentError
from reports.gate.verdict import REQUIRABLE, judge_all
from tb.coverage import exclusions

COMMAND = "./run gate"
SUMMARY = REPORTS / "gate.md"
JOB_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Names the file whose Markdown GitHub Actions shows beside a job."""
WORSE = 1
NOT_COMPARED = 2

DESCRIPTION = f"""\
Compare a run's replays, bits, coverage, test plan, fault score, cycles, energy, traffic and SRAM with the
committed baseline, by layer and step. What the baseline holds and the run did not measure is listed.
{SPEED} A change can take its own losses over into the baseline: --since shows them.
Exit status: 0 if nothing got worse by more than its tolerance, 1 if something did, 2 if it could not be
compared.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog=COMMAND, description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser)
    parser.add_argument(
        "--require",
        nargs="+",
        choices=REQUIRABLE,
        default=[],
        help="what must have been measured (runs: every run that the baseline holds)",
    )
    parser.add_argument(
        "--since",
        metavar="REF",
        help="a commit of git, such as origin/main: tell too how the baseline itself differs from that one's",
    )
    parser.add_argument(
        "--summary",
        type=Path,
        default=SUMMARY,
        metavar="FILE",
        help=f"where the Markdown goes (default: {shown(SUMMARY)})",
    )
    options = parser.parse_args(arguments)
    changes: Changes | None = None
    try:
        try:
            held = baseline.read(options.baseline)
            if options.since is not None:
                changes = changes_since(options.since, options.baseline, held)
            expired = exclusions.expired(exclusions.load(), datetime.datetime.now(datetime.UTC).date())
            verdict = judge_all(held, read_documents(options), options.require, expired)
        except (DocumentError, exclusions.ExclusionError) as error:
            print(f"error: {error}", file=sys.stderr)
            _print_changes(changes)
            _write_summary(options.summary, markdown_error(str(error), changes))
            return NOT_COMPARED
        print("\n".join(terminal_lines(verdict)))
        _print_changes(changes)
        _write_summary(options.summary, markdown(verdict, changes))
    except OSError as error:
        print(
            f"error: {error.filename}: the summary cannot be written: {error.strerror}; "
            "check space and permissions, or name another file with --summary",
            file=sys.stderr,
        )
        return NOT_COMPARED
    print(f"summary: {shown(options.summary)}")
    return 0 if verdict.passed else WORSE


def _print_changes(changes: Changes | None) -> None:
    if changes is not None:
        print("\n" + "\n".join(terminal_changes(changes)))


def _write_summary(path: Path, text: str) -> None:
    """Write the Markdown to its file, and add it to the summary of a job of GitHub Actions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if os.environ.get(JOB_SUMMARY):
        with Path(os.environ[JOB_SUMMARY]).open("a", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    sys.exit(main())
