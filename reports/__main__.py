"""Write the report of a regression: ``python -m reports results.json [--coverage FILE ...] [--out DIR]``.

Ends with the run's own exit status: 0 only if every planned replay passed and every gate holds; 2 if no
report could be written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from regressions.results import Results
from reports import ReportError, ResultsError, attach, write
from reports.page.overview import first_problem, headline

ROOT = Path(__file__).resolve().parent.parent
NO_REPORT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m reports", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("results", type=Path, help="results of a regression (JSON)")
    parser.add_argument("--out", type=Path, default=Path("reports/out"), help="folder of all reports")
    parser.add_argument(
        "--coverage", type=Path, nargs="*", help="coverage files of the simulations, to be merged"
    )
    options = parser.parse_args(arguments)
    try:
        results = _load(options.results)
        if options.coverage is not None:
            results = attach(results, options.coverage, ROOT)
        place = write(results, options.out, options.results.parent)
    except (ResultsError, ReportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return NO_REPORT
    print(headline(results))
    if problem := first_problem(results):
        print(problem)
    print(f"report: {place / 'index.html'}")
    return results.summary.exit_status


def _load(path: Path) -> Results:
    try:
        return Results.from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ResultsError(f"{path}: {error}; run the regression again") from None


if __name__ == "__main__":
    sys.exit(main())
