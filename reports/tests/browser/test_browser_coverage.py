"""The coverage pages as readers use them: which tests hit a line, what a feature lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.signoff.page import INDEX
from reports.tests.browser.visit import Visit
from reports.tests.signoff import made_up
from reports.tests.signoff.made_up import CASES, MORE, SUMS
from reports.tests.signoff.test_coverage_pages import pages

SOURCE = "source/rtl-pe-pe.sv.html"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The pages of a run that missed a branch, and in which one test alone hit a block."""
    made_up.write_source(tmp_path, "\n".join(f"  assign a[{at}] = b;" for at in range(60)))
    run = made_up.without(made_up.collected(), made_up.ELSE)
    run.by_test[CASES[2]].remove(made_up.LINE)
    place = tmp_path / "a folder #1"
    for name, text in pages(run, root=tmp_path).items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")
    return place


def test_the_tests_of_a_line_open_and_close(visit: Visit, folder: Path) -> None:
    page = visit(folder / SOURCE)
    button = page.get_by_role("button", name="2 cases hit line 25")
    button.click()
    opened = page.locator(".tests-row")
    assert opened.locator("summary").inner_text() == f"{SUMS} 2 of 2 cases in this file"
    assert opened.locator(".case").all_text_contents() == ["[a]", "[b]"]
    assert button.get_attribute("aria-expanded") == "true"
    page.get_by_role("button", name="3 cases hit line 42").click()
    second = page.locator("#L-42 + .tests-row")
    assert second.locator("li > code").all_inner_texts() == [MORE]
    assert second.locator("summary").count() == 1
    button.click()
    assert page.locator(".tests-row").count() == 1
    assert button.get_attribute("aria-expanded") == "false"


def test_an_address_leads_to_a_line(visit: Visit, folder: Path) -> None:
    href = visit(folder / INDEX).get_by_role("link", name="rtl/pe/pe.sv:42").get_attribute("href")
    assert href == f"{SOURCE}#L-42"
    line = visit(folder / SOURCE, "#L-42").locator("#L-42")
    assert "missed: branch else" in line.inner_text()
    assert 0 <= line.evaluate("(row) => row.getBoundingClientRect().top") < 768


def test_a_feature_opens_to_its_tests_and_coverpoints(visit: Visit, folder: Path) -> None:
    page = visit(folder / INDEX)
    page.locator("#features .more-button", has_text="holds").click()
    details = page.locator("#features tr.more:visible")
    assert details.count() == 1
    assert "run and reported by tb/pe/test_pe.py::test_more" in details.inner_text()
    page.locator("#features .more-button", has_text="holds").click()
    assert page.locator("#features tr.more:visible").count() == 0


def test_what_a_test_covers_alone_leads_to_the_source(visit: Visit, folder: Path) -> None:
    page = visit(folder / INDEX)
    page.get_by_role("button", name="covers something alone").click()
    rows = page.locator("#by-test > tbody > tr.event:visible")
    assert rows.count() == 1
    rows.locator(".more-button").click()
    link = page.get_by_role("link", name="line pe.block (rtl/pe/pe.sv:24)")
    assert link.get_attribute("href") == f"{SOURCE}#L-24"
