"""What formats do to the accuracy of training (`./run accuracy`).

Exit status: 0, 1 if the chip's own format falls short of FP32, 2 if nothing could be trained or reported, 130
if it was interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from regressions.accuracy.options import parse_accuracy
from regressions.accuracy.records import Outcome
from regressions.accuracy.study import run
from regressions.accuracy.workers import TrainingFailedError
from regressions.problems import KNOWN
from regressions.run import shown
from reports import ReportError
from reports.accuracy.document import PAGE, write
from reports.accuracy.terminal import lines
from reports.signoff.interrupt import obey_signals

FAILED = 1
NOTHING_RUN = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    try:
        options = parse_accuracy(sys.argv[1:] if arguments is None else arguments)
        study = run(options, _tell)
        folder = write(study, options.out)
    except KeyboardInterrupt:
        print("error: interrupted; what has ended is kept, the same command goes on", file=sys.stderr)
        return INTERRUPTED
    except (*KNOWN, TrainingFailedError, ReportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return NOTHING_RUN
    print("\n".join(lines(study)))
    print(f"report: {shown(folder / PAGE)}")
    return FAILED if study.verdict.outcome is Outcome.FAIL else 0


def _tell(line: str) -> None:
    print(f"accuracy: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    obey_signals()
    sys.exit(main())
