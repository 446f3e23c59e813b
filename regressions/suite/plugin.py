"""pytest plugin of the replay suite: reads the plan, makes a test of each replay, shows progress."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from regressions.order import RECORD, Order
from regressions.progress import Progress

WORKER_DIED = "???"
"""What pytest-xdist writes in place of the phase of a test whose worker died."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the plan."""
    parser.addoption("--replay-plan", type=Path, help="plan.json of a regression")


def read_orders(config: pytest.Config) -> list[tuple[Order, int]]:
    """Return the plan's orders with their predicted cycles, in the order in which they shall start."""
    path = config.getoption("--replay-plan")
    return [
        (Order.from_json(entry["order"]), int(entry["cycles"]))
        for entry in json.loads(path.read_text(encoding="utf-8"))
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test a replay."""
    if "order" in metafunc.fixturenames:
        orders = [order for order, _ in read_orders(metafunc.config)]
        metafunc.parametrize("order", orders, ids=[order.name for order in orders])


def pytest_configure(config: pytest.Config) -> None:
    """Show progress where the tests are handed out, not in the workers."""
    if not hasattr(config, "workerinput") and config.getoption("--replay-plan"):
        config.pluginmanager.register(_Reporter(read_orders(config)), "replay-progress")


class _Reporter:
    """Prints a line for each replay that has ended."""

    def __init__(self, orders: list[tuple[Order, int]]) -> None:
        self._folders = {order.name: order.folder for order, _ in orders}
        self._progress = Progress(
            {order.name: cycles for order, cycles in orders}, sys.__stderr__ or sys.stderr
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Read the record of a replay that has ended, and print its line."""
        died = report.when == WORKER_DIED
        if report.when == "call" or died or (report.when == "setup" and report.failed):
            name = report.nodeid.partition("[")[2].rstrip("]")
            if name in self._folders:
                otherwise = "its worker died" if died else _crash(report)
                self._progress.ended(name, self._folders[name] / RECORD, otherwise)


def _crash(report: pytest.TestReport) -> str:
    """Return the message of the exception that ended a test."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(crash.message if crash else report.longrepr)
    return text.partition("Error: ")[2] or text
