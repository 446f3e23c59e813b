"""What was missed, as rows with a place in the source; bits of a signal in one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.signoff.signals import signals
from tb.coverage.points import Kind, Point

ORDER = tuple(Kind)


@dataclass(frozen=True)
class MissedRow:
    """Points that were missed in one place: one, or those of a signal; `points` says how many."""

    module: str
    kind: str
    name: str
    file: str
    line: int
    points: int

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"


def missed_rows(missed: Sequence[Point]) -> list[MissedRow]:
    """Return the rows by kind, file and line."""
    rows = [_row(point.name, [point]) for point in missed if point.kind is not Kind.TOGGLE]
    for one in signals(point for point in missed if point.kind is Kind.TOGGLE):
        rows.append(_row(f"{one.name} {one.ways}".rstrip(), one.points))
    return sorted(rows, key=lambda row: (ORDER.index(Kind(row.kind)), row.file, row.line, row.name))


def _row(name: str, points: list[Point]) -> MissedRow:
    first = points[0]
    return MissedRow(first.module, str(first.kind), name, first.file, first.line, len(points))
