"""Two estimates of the core's energy, compared (`./run power`).

Exit status: 0; 1 if a ratio is predicted too badly; 2 if nothing could be measured or reported; 130 if it was
interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from golden.power.calibration import CALIBRATION, CalibrationError, calibration_text
from golden.power.fit import FitError
from regressions.power.options import parse_power
from regressions.power.records import PowerStudy, Role
from regressions.power.study import model_of, run
from regressions.problems import KNOWN
from regressions.run import shown
from reports import ReportError
from reports.power.document import PAGE, write
from reports.power.terminal import lines
from reports.signoff.interrupt import obey_signals
from tb.build_cache import write_whole
from tb.core.bare import CoreFailure
from tb.power.expression import FunctionError
from tb.power.liberty import LibertyError
from tb.power.mapping import MappingError
from tb.power.netlist import NetlistError
from tb.power.record import RecordError
from tb.power.saif import SaifError
from tb.power.simulator import GateMismatchError

PROBLEMS = (
    CalibrationError,
    CoreFailure,
    FitError,
    FunctionError,
    GateMismatchError,
    LibertyError,
    MappingError,
    NetlistError,
    RecordError,
    SaifError,
)
FAILED = 1
NOTHING_RUN = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    try:
        options = parse_power(sys.argv[1:] if arguments is None else arguments)
        study = run(options, _tell)
        folder = write(study, options.out)
        if options.save_constants and study.passed:
            write_whole(CALIBRATION, calibration_text(model_of(study), source_of(study)).encode())
    except KeyboardInterrupt:
        print("error: interrupted; there is no report", file=sys.stderr)
        return INTERRUPTED
    except (*KNOWN, *PROBLEMS, ReportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return NOTHING_RUN
    print("\n".join(lines(study)))
    if options.save_constants:
        print(f"constants: {shown(CALIBRATION)}{'' if study.passed else ' is left as it was'}")
    print(f"report: {shown(folder / PAGE)}")
    return 0 if study.passed else FAILED


def source_of(study: PowerStudy) -> dict[str, str]:
    """Return where the constants come from."""
    git = study.run.git
    calibration = [f"{one.layer}-{one.step}" for one in study.tiles if one.role is Role.CALIBRATION]
    return {
        "command": study.run.command,
        "commit": f"{git.commit or 'unknown'}{'+' if git.dirty else ''}",
        "library": f"{study.gates.library}, SHA-256 {study.gates.digest}",
        "preset": study.run.preset,
        "tiles": ", ".join(dict.fromkeys(calibration)),
        "trace": study.run.trace.digest,
        "worst_error": f"{study.worst:.4f}",
    }


def _tell(line: str) -> None:
    print(f"power: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    obey_signals()
    sys.exit(main())
