"""Take a run over into the committed baseline, and say what changed (`./run baseline`).

Exit status: 0 if the baseline now holds the run, 2 if the run is no baseline: it did not pass, lacks replays
that the baseline holds, or cannot be read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from regressions.results import Results
from regressions.run import shown
from reports.gate import baseline
from reports.gate.baseline import Baseline
from reports.gate.compare import other_settings
from reports.gate.documents import CoverageDocument, FaultsDocument
from reports.gate.figures import coverage_entry, faults_entry, run_entry
from reports.gate.inputs import Documents, add_options, read_documents
from reports.gate.show import terminal_lines
from reports.gate.strict_json import DocumentError
from reports.gate.verdict import judge_all
from reports.text import first_line
from tb.toolchain import RTL_ROOT

COMMAND = "./run baseline"
REFUSED = 2
DESCRIPTION = """\
Take the figures of a run that passed over into the committed baseline, and say what got better and worse.
Entries of other runs, and the tolerances, stay as they are. Commit the file with the change that it is of.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog=COMMAND, description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser)
    parser.add_argument(
        "--fewer", action="store_true", help="take a run that lacks replays which the baseline holds"
    )
    options = parser.parse_args(arguments)
    try:
        exists = options.baseline.exists()
        before = baseline.read(options.baseline) if exists else Baseline()
        documents = read_documents(options)
        refuse(documents)
        if not options.fewer:
            _refuse_fewer(before, documents)
        after = updated(before, documents)
        lines = _changes(before, documents)
        if exists and baseline.text(after) == options.baseline.read_text(encoding="utf-8"):
            print(f"baseline: {shown(options.baseline)} already holds this run")
            return 0
        baseline.write(after, options.baseline)
    except DocumentError as error:
        print(f"error: {error}", file=sys.stderr)
        return REFUSED
    print("\n".join(lines))
    print(f"baseline: {shown(options.baseline)} {'updated' if exists else 'written'}; commit it")
    return 0


def updated(before: Baseline, documents: Documents) -> Baseline:
    """Return the baseline with the documents' entries in place of those that it held."""
    coverage, faults = documents.coverage, documents.faults
    return replace(
        before,
        runs=before.runs | {key: run_entry(results) for key, results in documents.runs.items()},
        coverage=before.coverage | ({coverage.suite: coverage_entry(coverage)} if coverage else {}),
        faults=faults_entry(faults) if faults else before.faults,
    )


def refuse(documents: Documents) -> None:
    """Raise `DocumentError` if a document is of a run that did not pass, or of another design."""
    for key, results in documents.runs.items():
        _refuse_run(key, results)
    for name, document in (("coverage.json", documents.coverage), ("faults.json", documents.faults)):
        if document is not None:
            _refuse_document(name, document)


def _refuse_run(key: str, results: Results) -> None:
    if results.run.rtl != str(shown(RTL_ROOT)):
        raise DocumentError(
            f"results.json: rtl: is {results.run.rtl} in the run '{key}'; the baseline is of the design in "
            f"{shown(RTL_ROOT)}: run that (without --rtl)"
        )
    if results.summary.exit_status == 0:
        return
    broken = [replay.name for replay in results.replays if replay.status != "pass"]
    broken += [gate.name for gate in results.summary.gates if not gate.passed]
    raise DocumentError(
        f"results.json: summary.verdict: is {results.summary.verdict} of the run '{key}' "
        f"(first: {broken[0] if broken else 'no replay'}); only a run that passed becomes the baseline"
    )


def _refuse_document(name: str, document: CoverageDocument | FaultsDocument) -> None:
    if document.problems:
        raise DocumentError(
            f"{name}: problems: {first_line(document.problems[0])}; "
            f"resolve it, then measure again ({document.rerun})"
        )
    if isinstance(document, CoverageDocument) and document.unmet:
        raise DocumentError(
            f"{name}: unmet: {first_line(document.unmet[0])}; "
            f"add tests, or excuse points that none can hit, then measure again ({document.rerun})"
        )
    if isinstance(document, CoverageDocument) and document.tests.failed:
        raise DocumentError(
            f"{name}: tests.failed: is {document.tests.failed}; "
            f"repair them, then measure again ({document.rerun})"
        )


def _refuse_fewer(before: Baseline, documents: Documents) -> None:
    for key, results in documents.runs.items():
        held = before.runs[key].replays if key in before.runs else {}
        planned = {replay.name for replay in results.replays}
        lost = [name for name in held if name not in planned]
        if lost:
            raise DocumentError(
                f"results.json: replays: lacks {len(lost)} that the baseline holds (first: {lost[0]}); "
                "run them too, or say with --fewer that they are to go"
            )


def _changes(before: Baseline, documents: Documents) -> list[str]:
    """Return what got better and worse, and what is new."""
    new = [f"new: {key}" for key in documents.runs if key not in before.runs]
    known = replace(documents, runs={key: one for key, one in documents.runs.items() if key in before.runs})
    if documents.coverage is not None and documents.coverage.suite not in before.coverage:
        new.append(f"new: coverage of the tests, {documents.coverage.suite}")
        known = replace(known, coverage=None)
    if documents.faults is not None and before.faults is None:
        new.append("new: fault campaign")
        known = replace(known, faults=None)
    other = _other_settings(before, known)
    for what, settings in other.items():
        new += [f"{what}: {name} {now:g} instead of {was:g}: not compared" for name, was, now in settings]
    known = replace(
        known,
        coverage=None if "coverage" in other else known.coverage,
        faults=None if "faults" in other else known.faults,
    )
    verdict = judge_all(before, known, [])
    lines = terminal_lines(replace(verdict, not_measured=[])) if verdict.comparisons else []
    return [*new, *lines]


def _other_settings(before: Baseline, documents: Documents) -> dict[str, list[tuple[str, float, float]]]:
    """Return by which seed or budget a document differs from the entry that it replaces, if it does."""
    coverage, faults = documents.coverage, documents.faults
    found = {}
    if coverage is not None:
        found["coverage"] = other_settings(before.coverage[coverage.suite], coverage_entry(coverage))
    if faults is not None and before.faults is not None:
        found["faults"] = other_settings(before.faults, faults_entry(faults))
    return {name: settings for name, settings in found.items() if settings}


if __name__ == "__main__":
    sys.exit(main())
