"""A headless browser without a network, and the pages opened in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from reports.tests.browser import runs
from reports.tests.browser.visit import Visit
from tb import host


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's own browser; the root conftest has made sure that there is one."""
    program = host.find_browser()
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=program)
        except Error as error:
            pytest.fail(f"{program} does not start; set CHROMIUM to another program: {error}", pytrace=False)
        yield started
        started.close()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the file of a page by its name; written once, in a folder whose name needs quoting."""
    folder = tmp_path_factory.mktemp("pages") / "a folder #1"
    folder.mkdir()

    def write(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_text(runs.text_of(name), encoding="utf-8")
        return path

    return write


@pytest.fixture
def visit(browser: Browser, files: Callable[[str], Path]) -> Iterator[Visit]:
    """Open pages; afterwards no page may have had an error, or asked for more than its own file."""
    visit = Visit(browser, files)
    yield visit
    visit.close()
    assert not visit.problems
