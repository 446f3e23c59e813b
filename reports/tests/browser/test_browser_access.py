"""Pages work by keyboard alone, without JavaScript, and with a reader that speaks them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from reports.tests.browser import runs
from reports.tests.browser.probes import assert_readable
from reports.tests.browser.visit import Visit

MOST_TABS = 120


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until what the selector names has the focus, and shows it."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert style != "none", f"{selector} does not show that it has the focus"
            return
    pytest.fail(f"Tab does not lead to {selector}")


def test_tables_by_keyboard(visit: Visit) -> None:
    page = visit("passing")
    tab_to(page, "#table input")
    page.keyboard.type("layer4")
    assert page.locator("#replays tr.replay:visible").count() == 15
    tab_to(page, "#table .chip[data-value='BP']")
    page.keyboard.press("Space")
    assert page.locator("#replays tr.replay:visible").count() == 5
    tab_to(page, "#table .clear")
    page.keyboard.press("Enter")
    assert page.locator("#replays tr.replay:visible").count() == 62
    tab_to(page, "#replays th:nth-child(4) button")
    for key, way in (("Enter", "descending"), ("Space", "ascending"), ("Enter", "none")):
        page.keyboard.press(key)
        assert page.locator("#replays th:nth-child(4)").get_attribute("aria-sort") == way
    tab_to(page, "#replays .more-button")
    page.keyboard.press("Enter")
    assert page.locator("#replays tr.more:visible").count() == 1
    page.keyboard.press("Enter")
    assert page.locator("#replays tr.more:visible").count() == 0


def test_failures_by_keyboard(visit: Visit) -> None:
    page = visit("failing")
    tab_to(page, ".culprits a")
    page.keyboard.press("Enter")
    assert page.locator(".card:target[open] table.operands").is_visible()
    page = visit("failing")
    tab_to(page, "details.card:not([open]) > summary")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")


def test_the_first_tab_skips_to_the_content(visit: Visit) -> None:
    page = visit("failing")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("name", runs.SMALLER_PAGES)
def test_without_javascript_everything_is_there(visit: Visit, name: str) -> None:
    page = visit(name, java_script_enabled=False)
    for selector in (".controls", ".copy", "#theme", "thead button"):
        assert page.locator(f"{selector}:visible").count() == 0, selector
    assert page.locator("tr.more:not(:visible)").count() == 0
    for section in page.locator("main > section").all():
        assert section.inner_text().strip()
    cards = page.locator("details")
    for at in [at for at in range(cards.count()) if cards.nth(at).get_attribute("open") is None][:2]:
        cards.nth(at).locator("> summary").click()
        assert cards.nth(at).get_attribute("open") is not None
    assert_readable(page, f"{name} without JavaScript")


def controls_of(page: Page) -> list[dict[str, Any]]:
    """Return all controls with the name that a screen reader says."""
    found: list[dict[str, Any]] = page.evaluate(
        """(controls) => [...document.querySelectorAll(controls)].map((one) => ({
            html: one.outerHTML.slice(0, 80),
            name: one.getAttribute("aria-label") || one.getAttribute("alt") || one.textContent.trim(),
        }))""",
        "button, input, select, a[href], summary, img, svg[role=img], table",
    )
    return found


@pytest.mark.parametrize("name", runs.SMALLER_PAGES)
def test_what_a_screen_reader_needs(visit: Visit, name: str) -> None:
    page = visit(name)
    assert page.locator("html").get_attribute("lang") == "en"
    assert [one["html"] for one in controls_of(page) if not one["name"]] == []
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((one) => Number(one.tagName[1]))"
    )
    assert levels.count(1) == 1
    assert levels[0] == 1
    jumps = [(at, level) for at, level in enumerate(levels[1:], 1) if level > levels[at - 1] + 1]
    assert jumps == [], [page.locator("h1, h2, h3, h4, h5, h6").nth(at).inner_text() for at, _ in jumps]
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(set(ids)) == len(ids)
    targets = page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map((one) => decodeURIComponent(one.hash.slice(1)))"
    )
    assert set(targets) <= set(ids)
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("main").count() == 1
    assert page.locator("nav:not([aria-label])").count() == 0
