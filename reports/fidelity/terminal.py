"""What the study says on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from regressions.fidelity.records import FidelityStudy, Mix
from reports.fidelity.figures import curve, points
from reports.fidelity.row import Row, Standing
from reports.text import MISSING, percent, ratio

_WIDTH = 22


def lines(study: FidelityStudy, listed: Sequence[Row]) -> list[str]:
    """Return each figure beside ours, the sweep, and the verdict."""
    said = [line for row in listed for line in _row(row)]
    said.append(f"TFLOPS/W against zeros in X, {study.run.tile}, two operations a MAC, skipped ones too:")
    names = points(study)
    said.append(_columns("zeros", *(f"{mix}, {name}" for name in names for mix in Mix)))
    curves = {mix: curve(study, mix) for mix in Mix}
    for index, one in enumerate(curves[Mix.FGMP]):
        runs = [curves[mix][index].run for mix in Mix]
        values = [ratio(run.efficiency(place)) for place in range(len(names)) for run in runs]
        said.append(_columns(percent(one.asked, 0), *values))
    said += [
        f"{fall.mix} at {fall.voltage:g} V, {fall.megahertz:g} MHz: {ratio(fall.after, 3)} TFLOPS/W at "
        f"{percent(fall.sparsity, 0)} of zeros, after {ratio(fall.before, 3)} with fewer"
        for fall in study.falls
    ]
    verdict = "efficiency rises with sparsity, in every mix and at every operating point"
    said.append(f"PASS: {verdict}" if study.passed else f"FAIL: {len(study.falls)} times not: {verdict}")
    return said


def _columns(first: str, *others: str) -> str:
    return f"  {first:>5}" + "".join(f"{text:>{_WIDTH}}" for text in others)


def _row(row: Row) -> list[str]:
    published = f"published {row.published} ({row.source})" if row.source else "not published"
    said = [f"{row.name}: {published}"]
    said += [f"  {what}: {value}" for what, value in row.ours] or [f"  ours: {MISSING}"]
    if row.standing is not Standing.UNPUBLISHED:
        said.append(f"  {row.standing}{f': {row.reason}' if row.reason else ''}")
    return said
