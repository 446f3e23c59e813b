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
from regressions.run import git_info, shown
from reports.gate import baseline
from reports.gate.baseline import Baseline
from reports.gate.compare import coverage_lacks, faults_lack, other_settings
from reports.gate.documents import CoverageDocument, FaultsDocument
from reports.gate.figures import coverage_entry, faults_entry, run_entry
from reports.gate.inputs import Documents, add_options, read_documents
from reports.gate.show import terminal_lines
from reports.gate.strict_json import DocumentError
from reports.gate.targets import failed_tests
from reports.gate.verdict import CAMPAIGN, COVERAGE, commits_of, judge_all, of_others
from reports.text import first_line
from tb.toolchain import RTL_ROOT

COMMAND = "./run baseline"
REFUSED = 2
DESCRIPTION = """\
Take the figures of a run that passed over into the committed baseline, and say what got better and worse.
Entries of other runs, and the tolerances, stay as they are. Commit the file with the change that it is of.
Files that are not named are taken if they are of the commit that is checked out.
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
        documents, left_out = _of_this_commit(read_documents(options), options)
        refuse(documents)
        if not options.fewer:
            _refuse_fewer(before, documents)
        after = updated(before, documents)
        lines = [*left_out, *_changes(before, documents)]
        if exists and baseline.text(after) == options.baseline.read_text(encoding="utf-8"):
            print("".join(f"{line}\n" for line in left_out), end="")
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


def _of_this_commit(documents: Documents, options: argparse.Namespace) -> tuple[Documents, list[str]]:
    """Return the documents without those that merely lie there from another commit, and what was left out.

    A file that the user named is taken whatever its commit.
    """
    here = git_info().commit or ""
    old = of_others(commits_of(documents), here)
    runs = [name for name in old if name not in (COVERAGE, CAMPAIGN)]
    if runs and options.results is None:
        raise DocumentError(
            f"results.json: is of another commit than the one that is checked out, {here[:12]}; run the "
            "regression again (./run regress), or name the file with --results"
        )
    told = []
    if COVERAGE in old and options.coverage is None:
        documents = replace(documents, coverage=None)
        told.append(_left_out("coverage.json", here, "./run coverage", "--coverage"))
    if CAMPAIGN in old and options.faults is None:
        documents = replace(documents, faults=None)
        told.append(_left_out("faults.json", here, "./run faults", "--faults"))
    if told and not documents.runs and documents.coverage is None and documents.faults is None:
        raise DocumentError(f"nothing is left to take; {'; '.join(told)}")
    return documents, told


def _left_out(name: str, here: str, task: str, option: str) -> str:
    return (
        f"left out: {name}: is of another commit than the one that is checked out, {here[:12]}; "
        f"measure again ({task}), or name the file with {option}"
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
    problems = document.problems if isinstance(document, CoverageDocument) else faults_lack(document)
    if problems:
        raise DocumentError(
            f"{name}: problems: {first_line(problems[0])}; resolve it, then measure again ({document.rerun})"
        )
    if not isinstance(document, CoverageDocument):
        return
    if not failed_tests(document).passed:
        raise DocumentError(
            f"{name}: tests.failed: is {document.tests.failed}, tests.passed {document.tests.passed}; "
            f"repair them, then measure again ({document.rerun})"
        )
    if lacks := coverage_lacks(document):
        raise DocumentError(
            f"{name}: unmet: {first_line(lacks[0])}; "
            f"add tests, or excuse points that none can hit, then measure again ({document.rerun})"
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
