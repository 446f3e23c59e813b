"""What codecs make of the external memory traffic of training (`./run traffic`).

Exit status: 0, 2 if nothing could be measured or reported, 130 if it was interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from regressions.problems import KNOWN
from regressions.run import shown
from regressions.traffic.measure import LossError
from regressions.traffic.options import parse_traffic
from regressions.traffic.study import run
from reports import ReportError
from reports.signoff.interrupt import obey_signals
from reports.traffic.document import PAGE, write
from reports.traffic.terminal import lines

NOTHING_RUN = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    try:
        options = parse_traffic(sys.argv[1:] if arguments is None else arguments)
        study = run(options, _tell)
        folder = write(study, options.out)
    except KeyboardInterrupt:
        print("error: interrupted; there is no report", file=sys.stderr)
        return INTERRUPTED
    except (*KNOWN, LossError, ReportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return NOTHING_RUN
    print("\n".join(lines(study)))
    print(f"report: {shown(folder / PAGE)}")
    return 0


def _tell(line: str) -> None:
    print(f"traffic: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    obey_signals()
    sys.exit(main())
