"""``coverage.json`` of a run: its figures, checked by those who will read it."""

from __future__ import annotations

from regressions.json_codec import encode
from reports.gate.documents import COVERAGE_SCHEMA, Count, CoverageDocument, PassCount, coverage_of
from reports.signoff.measured import PASSED, Measured
from reports.signoff.plan import PlanState, plan_coverage
from tb.coverage.summary import Share, Summary


def coverage_document(measured: Measured, summary: Summary, plan: PlanState) -> CoverageDocument:
    """Return the document of a run, not yet judged: it names no target as unmet.

    Raises
    ------
    regressions.json_codec.ResultsError
        If it contradicts itself, with the field.
    """
    outcomes = [one.outcome for one in measured.collected.tests]
    record = measured.record
    document = CoverageDocument(
        schema=COVERAGE_SCHEMA,
        suite=measured.suite,
        seed=record.seed,
        git=record.git,
        tools=record.tools,
        started=record.started,
        wall_s=round(record.wall_s, 1),
        rerun=measured.rerun,
        tests=PassCount(outcomes.count(PASSED), len(outcomes) - outcomes.count(PASSED)),
        kinds=_counts(summary.kinds),
        modules={module: _counts(kinds) for module, kinds in sorted(summary.modules.items())},
        plan=plan_coverage(plan),
        unmet=[],
        problems=[*summary.problems, *plan.problems],
    )
    return coverage_of(encode(document))


def _counts(shares: dict[str, Share]) -> dict[str, Count]:
    return {kind: Count(one.hit, one.total, one.excluded) for kind, one in sorted(shares.items())}
