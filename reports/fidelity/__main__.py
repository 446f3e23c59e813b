"""Published figures beside what this design does (`./run fidelity`).

Exit status: 0; 1 if efficiency does not rise with sparsity; 2 if nothing could be measured or reported; 130
if it was interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from golden.power.calibration import CalibrationError
from regressions.fidelity.experiments import ExperimentError
from regressions.fidelity.options import parse_fidelity
from regressions.fidelity.study import run
from regressions.problems import KNOWN
from regressions.run import shown
from reports import ReportError
from reports.fidelity.document import PAGE, write
from reports.fidelity.rows import rows
from reports.fidelity.terminal import lines
from reports.signoff.interrupt import obey_signals
from tb.core.bare import CoreFailure

FAILED = 1
NOTHING_RUN = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    try:
        options = parse_fidelity(sys.argv[1:] if arguments is None else arguments)
        study = run(options, _tell)
        listed = rows(study, options.out)
        folder = write(study, listed, options.out)
    except KeyboardInterrupt:
        print("error: interrupted; networks that are captured stay, there is no report", file=sys.stderr)
        return INTERRUPTED
    except (*KNOWN, CalibrationError, CoreFailure, ExperimentError, ReportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return NOTHING_RUN
    print("\n".join(lines(study, listed)))
    print(f"report: {shown(folder / PAGE)}")
    return 0 if study.passed else FAILED


def _tell(line: str) -> None:
    print(f"fidelity: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    obey_signals()
    sys.exit(main())
