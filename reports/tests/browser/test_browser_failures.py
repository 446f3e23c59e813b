"""What failed, where, and what to do next: from the top of the page, or from the table, in two clicks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from regressions.results import Status
from reports.page.failures import anchor
from reports.tests.browser import runs
from reports.tests.browser.visit import LAPTOP, Visit

BAR = 44
"""Height of the bar on top, which covers what scrolls below it."""


def operands_in_sight(page: Page, card: str) -> bool:
    """Tell whether the head and first row of the operands of a card are in the window, below the bar."""
    boxes = page.locator(f"[id='{card}'] table.operands").evaluate_all(
        """(tables) => tables.filter((table) => table.checkVisibility()).map((table) => [
            table.tHead.getBoundingClientRect().top,
            table.tBodies[0].rows[0].getBoundingClientRect().bottom,
        ])"""
    )
    return len(boxes) == 1 and boxes[0][0] >= BAR and boxes[0][1] <= LAPTOP["height"]


@pytest.mark.parametrize("name", ["failing", "everything differs"])
def test_operands_are_one_click_from_the_top(visit: Visit, name: str) -> None:
    page = visit(name)
    failed = [one for one in runs.RUNS[name]().replays if one.failure is not None]
    for replay in failed[:: max(1, len(failed) // 8)]:
        page.evaluate("() => { location.hash = ''; scrollTo(0, 0); }")
        page.locator(f".culprits a[href='#{anchor(replay)}']").click()
        assert operands_in_sight(page, anchor(replay)), replay.name


def test_operands_are_two_clicks_from_the_table(visit: Visit) -> None:
    for replay in runs.RUNS["failing"]().replays:
        if replay.failure is None:
            continue
        page = visit("failing")
        row = f"#replays tr[data-layer='{replay.layer}'][data-step='{replay.step}']"
        page.locator("#table .chip", has_text=re.compile("^fail")).click()
        page.locator(f"{row} a").click()
        assert operands_in_sight(page, anchor(replay)), replay.name


def test_details_of_a_broken_replay_lead_to_its_card(visit: Visit) -> None:
    page = visit("failing", "#row-layer2-0-conv1-WG")
    page.locator("#replays tr.more:visible").get_by_role("link", name="What went wrong").click()
    assert operands_in_sight(page, "replay-layer2-0-conv1-WG")


def test_the_top_says_where_to_start(visit: Visit) -> None:
    """The smallest replay of the first group of failures, with the command that reruns it with waves."""
    page = visit("failing")
    results = runs.RUNS["failing"]()
    start = page.locator("#summary .start")
    wrong = [one for one in results.replays if one.failure is not None and one.step == "WG"]
    smallest = min(wrong, key=lambda one: one.model_cycles or 0)
    assert smallest.failure is not None
    assert smallest.failure.rerun_waves in start.inner_text()
    assert start.evaluate("(start) => start.getBoundingClientRect().bottom") < LAPTOP["height"]
    start.get_by_role("link").click()
    assert operands_in_sight(page, anchor(smallest))


def test_the_smallest_tile_is_offered_where_triage_found_it(visit: Visit) -> None:
    page = visit("triaged")
    start = page.locator("#summary .start")
    assert runs.triaged().triage.buckets[0].shrunk.command in start.inner_text()  # type: ignore[union-attr]
    start.get_by_role("link", name="the smallest tile that still fails so").click()
    panel = page.locator(".examined").first
    assert BAR <= panel.evaluate("(panel) => panel.getBoundingClientRect().top") < LAPTOP["height"]


def test_a_sound_run_has_nothing_to_start_with(visit: Visit) -> None:
    page = visit("passing")
    assert page.locator(".start, #failures, .culprits").count() == 0


@pytest.mark.parametrize("name", runs.RUNS)
def test_the_verdict_is_the_first_thing_to_see(visit: Visit, name: str) -> None:
    page = visit(name)
    results = runs.RUNS[name]()
    verdict = page.locator(".verdict")
    assert verdict.locator(".word").inner_text().lower() == results.summary.verdict
    assert page.title().startswith(results.summary.verdict.upper())
    assert verdict.evaluate("(box) => box.getBoundingClientRect().bottom") < LAPTOP["height"]
    assert page.locator("#replays tr.replay.fail, #replays tr.replay.error").count() == sum(
        one.status is not Status.PASS for one in results.replays
    )


def test_commands_are_copied(visit: Visit) -> None:
    page = visit("failing", permissions=["clipboard-read", "clipboard-write"])
    command = page.locator(".card[open] .command").first
    command.locator(".copy").click()
    expect(command.locator(".copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == command.locator("code").inner_text()


def test_where_the_clipboard_is_closed_the_command_is_selected(visit: Visit) -> None:
    page = visit("failing")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('closed')) }")
    command = page.locator(".card[open] .command").first
    command.locator(".copy").click()
    expect(command.locator(".copy")).to_have_text("Selected")
    assert page.evaluate("String(getSelection())") == command.locator("code").inner_text()
