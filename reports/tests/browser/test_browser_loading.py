"""Pages load from a file, alone, without an error; they are small and soon ready."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reports.tests.browser import runs
from reports.tests.browser.visit import Visit

LARGEST_BYTES = 3_000_000
"""Of any page, of three times 62 replays as well."""
LONGEST_LOAD_S, LONGEST_SORT_S = 2.0, 0.5


@pytest.mark.parametrize("name", runs.PAGES)
def test_a_page_loads_offline_and_alone(visit: Visit, files: Callable[[str], Path], name: str) -> None:
    page = visit(name)
    assert page.title()
    assert page.locator("main").inner_text().strip()
    assert page.evaluate("navigator.onLine") is False
    entries = page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert [one for one in entries if not one.startswith("data:")] == []
    assert files(name).stat().st_size < LARGEST_BYTES


def test_the_script_of_another_page_runs(visit: Visit) -> None:
    assert visit("sample").evaluate("document.documentElement.dataset.own") == "ran"


def test_a_huge_page_is_soon_ready(visit: Visit) -> None:
    """In time of the page's own thread, which does not grow on a busy machine."""
    page = visit("huge")
    meter = page.context.new_cdp_session(page)
    meter.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = {one["name"]: one["value"] for one in meter.send("Performance.getMetrics")["metrics"]}
        return float(metrics["TaskDuration"])

    before = spent()
    page.reload()
    loaded = spent()
    page.evaluate("document.querySelector('#replays th[data-sort=number] button').click()")
    page.evaluate("document.body.offsetHeight")
    sort = spent() - loaded
    assert 0 < loaded - before < LONGEST_LOAD_S
    assert 0 < sort < LONGEST_SORT_S


@pytest.mark.parametrize("fragment", ["#%E0%A4%A", "#no-such-place", "#", "#[id]", "#..%2F"])
def test_fragments_that_name_nothing_do_no_harm(visit: Visit, fragment: str) -> None:
    page = visit("passing", fragment)
    page.locator("#replays th button").first.click()
    assert page.locator("#replays th[aria-sort=ascending]").count() == 1


def test_what_a_page_does_wrong_is_noticed(visit: Visit, tmp_path: Path) -> None:
    """The fixture itself: errors, requests and words on the console each fail a test."""
    path = tmp_path / "bad.html"
    path.write_text(
        "<script>console.error('said so'); setTimeout(() => { throw new Error('thrown') })</script>"
        "<img src='http://127.0.0.1:9/a.png' alt=''>",
        encoding="utf-8",
    )
    page = visit(path)
    page.wait_for_timeout(50)
    found = " ".join(visit.problems)
    for part in ("console: said so", "error: thrown", "request: http://127.0.0.1:9/a.png"):
        assert part in found
    visit.problems.clear()
