"""One test a replay; the record that it leaves is what the regression reads."""

from __future__ import annotations

from regressions.execute import execute
from regressions.order import Order
from regressions.results import Status


def test_replay(order: Order) -> None:
    record = execute(order)
    assert record.status is Status.PASS, record.message or f"{record.mismatches} of {record.elements} differ"
