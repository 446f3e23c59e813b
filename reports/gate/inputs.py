"""Which documents are compared with which baseline: the options that `gate` and `baseline` share."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from regressions.options import REPORTS
from regressions.results import Results
from regressions.run import shown
from reports.gate.documents import (
    CoverageDocument,
    FaultsDocument,
    read_coverage,
    read_faults,
    read_results,
)
from reports.gate.figures import run_key
from reports.gate.strict_json import DocumentError
from reports.writer import LATEST, RESULTS
from tb.toolchain import REPO_ROOT

BASELINE = REPO_ROOT / "reports" / "baseline.json"
RUN = REPORTS / LATEST / RESULTS
COVERAGE = REPORTS / "coverage" / "coverage.json"
FAULTS = REPORTS / "faults" / "faults.json"


@dataclass(frozen=True)
class Documents:
    """What a run left: regressions by `figures.run_key`, coverage of the tests, the fault campaign."""

    runs: dict[str, Results]
    coverage: CoverageDocument | None
    faults: FaultsDocument | None


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name documents and baseline."""
    add = parser.add_argument_group("documents").add_argument
    add(
        "--results",
        type=Path,
        nargs="*",
        metavar="FILE",
        help="results.json of one or more regressions; none: leave them out (default: the latest)",
    )
    add(
        "--coverage",
        type=Path,
        metavar="FILE",
        help=f"coverage of the tests (default: {shown(COVERAGE)} if it is there)",
    )
    add(
        "--faults",
        type=Path,
        metavar="FILE",
        help=f"fault campaign (default: {shown(FAULTS)} if it is there)",
    )
    add(
        "--baseline",
        type=Path,
        default=BASELINE,
        metavar="FILE",
        help=f"the baseline (default: {shown(BASELINE)})",
    )


def read_documents(options: argparse.Namespace) -> Documents:
    """Read and check the documents that the options name; raises `DocumentError`."""
    runs: dict[str, Results] = {}
    files: dict[str, Path] = {}
    for path in [RUN] if options.results is None else options.results:
        results = read_results(path)
        key = run_key(results.run)
        if key in runs:
            raise DocumentError(
                f"{shown(path)}: is the same run as {shown(files[key])} ({key}); name one of them"
            )
        runs[key], files[key] = results, path
    coverage = _chosen(options.coverage, COVERAGE)
    faults = _chosen(options.faults, FAULTS)
    documents = Documents(
        runs,
        None if coverage is None else read_coverage(coverage),
        None if faults is None else read_faults(faults),
    )
    if not runs and documents.coverage is None and documents.faults is None:
        raise DocumentError("--results: names no document, and there is no other; run ./run regress first")
    return documents


def _chosen(named: Path | None, default: Path) -> Path | None:
    """Return the file that was named, else the default if it exists."""
    if named is not None:
        return named
    return default if default.exists() else None
