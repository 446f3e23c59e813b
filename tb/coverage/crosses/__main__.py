"""Which bins do tests meet? ``python -m tb.coverage.crosses PYTEST_ARGUMENTS...``.

Runs the tests in this process and prints, for each cross that any of them met, how many of its bins were, and
the others by name. Tests that fail, and tests of the bench (test plan, [[bench]]), meet nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence

import pytest

from tb.coverage import bins
from tb.plan.found import find
from tb.plan.testplan import load, node_of


class Collector:
    """A pytest plugin that keeps the bins met by tests that pass."""

    def __init__(self) -> None:
        plan, found = load(), find()
        self._tools = {test for entry in plan.bench for test in entry.node_ids(found)}
        self.met: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Take what a test met, before the next one begins."""
        bins.take()
        self._passed = True
        ended = yield
        taken = bins.take()
        if self._passed and node_of(item.nodeid) not in self._tools:
            self.met |= taken.keys()
        return ended

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember whether the test passes."""
        self._passed &= report.passed


def main(words: Sequence[str]) -> int:
    """Run tests, print what they missed, and return pytest's status."""
    collector = Collector()
    bins.collect()
    status = pytest.main(["-p", "no:cacheprovider", "-p", "no:xdist", *words], plugins=[collector])
    bins.collect(False)
    met_crosses = {bins.cross_of(key) for key in collector.met}
    for name in sorted(met_crosses):
        cross = bins.CROSSES[name]
        missed = [key for key in cross.keys() if key not in collector.met]  # noqa: SIM118
        total = len(list(cross.keys()))
        print(f"{name}: {total - len(missed)} of {total} bins met, {len(cross.illegal_keys())} illegal")
        for key in missed:
            print(f"  missed {key}")
    untouched = sorted(bins.CROSSES.keys() - met_crosses)
    print(f"not met at all: {', '.join(untouched) or 'none'}")
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
