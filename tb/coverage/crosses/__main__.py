"""Which bins do tests meet? ``python -m tb.coverage.crosses PYTEST_ARGUMENTS...``.

Runs the tests in this process and prints, of each feature of the test plan of which any test ran, how many
bins of its crosses its own tests met, and the others by name. Tests that fail meet nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence

import pytest

from tb.coverage import bins
from tb.plan.testplan import load, node_of

SHOWN = 40
"""Missed bins of a cross that are printed."""


class Collector:
    """A pytest plugin that keeps the bins met by each test that passes.

    Attributes
    ----------
    met : dict
        Names of bins, by the test's node id without parameters.
    """

    def __init__(self) -> None:
        self.met: dict[str, set[str]] = {}
        self._passed = True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Take what a test met, before the next one begins."""
        bins.take()
        self._passed = True
        ended = yield
        taken = bins.take()
        if self._passed:
            self.met.setdefault(node_of(item.nodeid), set()).update(taken)
        return ended

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember whether the test passes."""
        self._passed &= report.passed


def report(met: dict[str, set[str]]) -> list[str]:
    """Write what the tests of each feature met and missed, a line each."""
    lines = []
    for feature in load().features:
        tests = set(feature.tests) & met.keys()
        theirs: set[str] = set().union(*(met[test] for test in tests))
        for point in feature.coverpoints if tests else ():
            cross = bins.CROSSES.get(point.removeprefix(bins.BINS_PREFIX))
            if cross is None:
                continue
            legal = list(cross.legal_keys())
            missed = [key for key in legal if key not in theirs]
            lines.append(
                f"{feature.name}: {cross.name}, {len(legal) - len(missed)} of {len(legal)} bins met, "
                f"{len(cross.illegal_keys())} illegal"
            )
            lines += [f"  missed {key}" for key in missed[:SHOWN]]
            lines += [f"  and {len(missed) - SHOWN} more"] * (len(missed) > SHOWN)
    return lines


def main(words: Sequence[str]) -> int:
    """Run tests, print what they missed, and return pytest's status."""
    collector = Collector()
    bins.collect()
    status = pytest.main(["-p", "no:cacheprovider", "-p", "no:xdist", *words], plugins=[collector])
    bins.collect(False)
    print("\n".join(report(collector.met)))
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
