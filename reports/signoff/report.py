"""The report of a coverage run: judged against plan, exclusions and targets, and written."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from regressions.json_codec import encode
from reports.gate.documents import CoverageDocument
from reports.gate.targets import Check, failed_tests
from reports.signoff import absent, page
from reports.signoff.annotate import annotate
from reports.signoff.document import coverage_document
from reports.signoff.folder import replace_folder
from reports.signoff.measured import PASSED, Measured
from reports.signoff.plan import PlanState, plan_state
from reports.signoff.targets import checks, unmet
from tb.coverage.design import code_digest, design_digest, uncounted
from tb.coverage.exclusions import Sources, load
from tb.coverage.summary import Summary, summarise
from tb.plan import found, testplan

FOLDER, PART_FOLDER = "coverage", "coverage-part"
"""Below the reports: of all tests, and of some."""
DOCUMENT = "coverage.json"


@dataclass(frozen=True)
class Report:
    """A run, judged."""

    measured: Measured
    summary: Summary
    plan: PlanState
    document: CoverageDocument
    checks: list[Check]

    @property
    def passed(self) -> bool:
        """Whether all that is judged holds."""
        return all(check.passed for check in self.checks)


def judge(measured: Measured, today: date) -> Report:
    """Compare a run with the plan, the exclusions and the targets.

    Of a part of the tests only their outcome is judged: what they do not cover others do, and exclusions that
    they do not need others may.
    """
    exclusions = load()
    summary = summarise(measured.collected, exclusions, today)
    features, tests = testplan.load(), found.find()
    plan = plan_state(features, tests, measured.collected, summary, exclusions, today)
    if not measured.whole:
        failed = [one for one in measured.collected.tests if one.outcome != PASSED]
        summary = replace(summary, problems=[f"{one.test}: {one.outcome}" for one in failed])
        plan = replace(plan, problems=[])
    elif measured.record.design != design_digest():
        summary.problems.append("the design changed while the tests ran; measure again (./run coverage)")
    elif measured.record.code != code_digest():
        summary.problems.append(
            "the tests, or what they depend on, changed while they ran; measure again (./run coverage)"
        )
    if measured.whole:
        summary.problems.extend(
            f"{place}: nothing of it is counted; let a test build a model with it"
            for place in uncounted(measured.collected.points)
        )
        # A test or coverpoint beside the plan would not be missed by any figure.
        summary.problems.extend(testplan.problems(features, tests))
    document = coverage_document(measured, summary, plan)
    if not measured.whole:
        return Report(measured, summary, plan, document, [failed_tests(document)])
    document = replace(document, unmet=unmet(document, plan.states))
    return Report(measured, summary, plan, document, checks(document, plan.states))


def write(report: Report, out: Path) -> Path:
    """Write pages, and of a whole run the document, below the folder of reports; return their folder.

    Raises
    ------
    ReportError
        If the file system refuses; what was there is untouched.
    """
    measured = report.measured
    files = annotate(measured.collected, report.summary, Sources())
    texts = page.render(measured, report.document, report.summary, report.plan, report.checks, files)
    if measured.whole:
        document = encode(report.document)
        texts[DOCUMENT] = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    folder = out / (FOLDER if measured.whole else PART_FOLDER)
    replace_folder(folder, texts)
    absent.fill(out, absent.FAULTS)
    return folder
