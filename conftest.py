"""Rules that hold for every test: seeds from name and master seed, a rerun command, no skipping."""

from __future__ import annotations

import os
import shlex
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.seeds import DEFAULT_MASTER_SEED, derive_seed
from tb import host

pytest_plugins = ["pytester"]

APART = {
    "--torch": ("test_torch_", "PyTorch"),
    "--browser": ("test_browser_", "a browser"),
}
"""Tests that only some sessions run: the option, the start of the files' names, and what they need."""
BROWSER_FOLDER = "browser"
"""All in it is for tests with a browser, what they share too, which imports packages of that session."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that every session shares."""
    group = parser.getgroup("lnpu", "co-verification suite")
    group.addoption(
        "--seed",
        type=int,
        default=DEFAULT_MASTER_SEED,
        metavar="N",
        help="master seed; a test's own seed follows from it and the test's name (default: %(default)s)",
    )
    for option, (prefix, need) in APART.items():
        group.addoption(
            option,
            action="store_true",
            help=f"run the tests that need {need} (files named {prefix}*.py), and only those",
        )


def pytest_configure(config: pytest.Config) -> None:
    """Say at once, before any test, that there is no browser for the tests that need one."""
    problems = host.browser_problems() if config.getoption("--browser") else []
    if problems:
        raise pytest.UsageError(host.describe(problems))


def _chosen_apart(config: pytest.Config) -> list[str]:
    return [option for option in APART if config.getoption(option)]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Keep the tests that need what not every machine has in sessions of their own.

    They are left out by file name rather than skipped: what a session cannot run it does not count.
    """
    name = collection_path.name
    if collection_path.is_dir():
        return True if name == BROWSER_FOLDER and not config.getoption("--browser") else None
    if collection_path.suffix != ".py" or not name.startswith("test_"):
        return None
    kind = next((option for option, (prefix, _) in APART.items() if name.startswith(prefix)), None)
    chosen = _chosen_apart(config)
    return True if (kind not in chosen if chosen else kind is not None) else None


def pytest_report_header(config: pytest.Config) -> str:
    """Print the master seed on top of every run."""
    return f"master seed: {config.getoption('--seed')}"


def _node_name(item: pytest.Item) -> str:
    """Return the node id as the user would type it (pytest-xdist appends '@group' to grouped tests)."""
    groups = [
        str(mark.args[0] if mark.args else mark.kwargs["name"]) for mark in item.iter_markers("xdist_group")
    ]
    suffix = "@" + "_".join(sorted(groups))
    return item.nodeid.removesuffix(suffix) if groups else item.nodeid


def _rerun_command(item: pytest.Item) -> str:
    """Return the command that runs this test alone, with its seed, in the session that it ran in."""
    session = os.environ.get("NOX_CURRENT_SESSION")
    runner = f"./run {session} --" if session else "python -m pytest"
    apart = "" if session else "".join(f" {option}" for option in _chosen_apart(item.config))
    return f"{runner} {shlex.quote(_node_name(item))} --seed {item.config.getoption('--seed')}{apart}"


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Seed of this test (31 bits): hand it to a simulation that draws its own stimulus."""
    return derive_seed(_node_name(request.node), request.config.getoption("--seed"))


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    """Random generator of this test: the same numbers in any order of tests, on any number of workers."""
    return np.random.default_rng(seed)


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skipped or expected-to-fail test into a failure: what did not run has not passed."""
    if report.skipped or hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else getattr(report, "wasxfail", "")
        report.outcome = "failed"
        report.longrepr = f"a test of this project may not be skipped or expected to fail: {reason}"
        report.__dict__.pop("wasxfail", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the rerun command to each report; it travels from the worker to the terminal with it."""
    report = yield
    _forbid_skip(report)
    report.__dict__["rerun"] = _rerun_command(item)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Apply the same rule to files that skip themselves while they are collected."""
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print, after the failures, one command for each that reruns exactly that test with its seed."""
    failed = terminalreporter.stats.get("failed", []) + terminalreporter.stats.get("error", [])
    commands = dict.fromkeys(report.rerun for report in failed if hasattr(report, "rerun"))
    if commands:
        terminalreporter.section("rerun one failed test with its seed", sep="-")
        for command in commands:
            terminalreporter.write_line(command)
