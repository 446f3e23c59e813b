"""Tables sort by each column both ways, filters narrow and clear, addresses open what they name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from reports.tests.browser import runs
from reports.tests.browser.visit import Visit

FEW_ROWS = 12
IN_ORDER = (".operands", ".heats", ".source table", ".counters")
"""Long tables whose order is what they show: additions, the network, lines, the register map."""

SCALE = {"p": 1e-12, "n": 1e-9, "µ": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
QUANTITY = re.compile(r"([+−-]?[\d,]*\.?\d+)\s*([pnµmkKMG]?)i?(J|B|MAC|W)?\s*[%×]?(\s|$)")


def value_read(text: str) -> float | None:
    """Return a quantity as a reader understands it; none if there is none."""
    match = QUANTITY.match(text.replace("\u202f", " ").replace("\u00a0", " ").strip())
    if match is None:
        return None
    return float(match[1].replace(",", "").replace("−", "-")) * SCALE[match[2]]


def natural(text: str) -> list[tuple[bool, Any]]:
    """Return a key by which layer10 comes after layer2."""
    parts = re.split(r"(\d+)", text.lower())
    return [(part.isdigit(), int(part) if part.isdigit() else part) for part in parts]


READ = """(table, index) => {
    const rows = [...table.tBodies[0].rows].filter((row) => !row.classList.contains("more"));
    const texts = rows.map((row) => [row.cells[index].dataset.v, row.cells[index].textContent.trim()]);
    return {
        names: rows.map((row) => row.cells[0].textContent + row.cells[1].textContent),
        cells: texts.map(([key, text]) => ({ key: key ?? text, text })),
        states: [...table.tHead.rows[0].cells].map((head) => head.getAttribute("aria-sort")),
    };
}"""
"""Returns what stands in a table from top to bottom, without details, and how its heads say it is sorted."""


def press(table: Locator, index: int) -> dict[str, Any]:
    """Press the button in a head of the table; return what is to be seen then."""
    table.evaluate(
        "(table, index) => table.tHead.rows[0].cells[index].querySelector('button').click()", index
    )
    read: dict[str, Any] = table.evaluate(READ, index)
    return read


def is_in_order(values: Sequence[Any], *, falling: bool) -> bool:
    """Tell whether each value is at least the one before it (at most, if falling)."""
    return all(a >= b if falling else a <= b for a, b in pairwise(values))


def assert_sorted(cells: list[dict[str, str]], kind: str, *, falling: bool, where: str) -> None:
    """Fail unless rows without a value stand last and the others in order, by key and as read."""
    keys = [cell["key"] for cell in cells]
    assert sorted(keys, key=lambda key: key == "") == keys, f"{where}: rows without a value are not last"
    filled = [cell for cell in cells if cell["key"] != ""]
    try:
        values: list[Any] = [float(cell["key"]) for cell in filled]
    except ValueError:
        assert kind == "text", f"{where}: a key is no number"
        values = [natural(cell["key"]) for cell in filled]
    assert is_in_order(values, falling=falling), f"{where}: {keys}"
    if kind == "number":
        read = [value_read(cell["text"]) for cell in filled]
        assert None not in read, f"{where}: {[cell['text'] for cell in filled]}"
        assert is_in_order(read, falling=falling), f"{where}: as read: {read}"


@pytest.mark.parametrize("name", [name for name in runs.PAGES if name not in ("huge", "everything differs")])
def test_each_table_sorts_by_each_column_both_ways(visit: Visit, name: str) -> None:
    page = visit(name)
    for table in page.locator("table.sortable").all():
        label = table.get_attribute("aria-label")
        assert label
        original = table.evaluate(READ, 0)["names"]
        heads = table.locator("> thead th").all()
        for index, head in enumerate(heads):
            kind = head.get_attribute("data-sort") or ""
            assert kind in ("text", "number", "none"), label
            if kind == "none":
                assert head.locator("button").count() == 0
                assert head.get_attribute("aria-sort") is None
                continue
            ways = ["ascending", "descending"] if kind == "text" else ["descending", "ascending"]
            for way in ways:
                read = press(table, index)
                assert read["states"][index] == way
                others = {state for at, state in enumerate(read["states"]) if at != index}
                assert others <= {"none", None}
                where = f"{name}, {label}, column {index}, {way}"
                assert_sorted(read["cells"], kind, falling=way == "descending", where=where)
            read = press(table, index)
            assert read["states"][index] == "none"
            assert read["names"] == original


def test_numbers_as_read() -> None:
    """The reading of quantities by these tests is itself right."""
    cases = {"10,294": 10294, "−0.08 %": -0.08, "+5.1\u202f%": 5.1, "6.08 µJ": 6.08e-6, "794 nJ": 794e-9}
    for text, value in {**cases, "0.94": 0.94, "2.16 ×": 2.16, "12.5 KiB": 12500.0}.items():
        assert value_read(text) == pytest.approx(value)
    assert value_read("–") is None
    with pytest.raises(AssertionError, match="as read"):
        assert_sorted(
            [{"key": "1", "text": "9"}, {"key": "2", "text": "8"}], "number", falling=False, where="here"
        )
    cells = [{"key": "", "text": "–"}, {"key": "2", "text": "2"}]
    with pytest.raises(AssertionError, match="not last"):
        assert_sorted(cells, "number", falling=False, where="here")


@pytest.mark.parametrize("name", runs.PAGES)
def test_no_long_table_is_left_unsorted(visit: Visit, name: str) -> None:
    tables = (
        visit(name)
        .locator("table:not(.sortable)")
        .evaluate_all(
            """(tables, ordered) => tables
            .filter((table) => !ordered.some((selector) => table.matches(selector)))
            .map((table) => [table.className, table.querySelectorAll(":scope > tbody > tr").length])""",
            list(IN_ORDER),
        )
    )
    assert [(css, rows) for css, rows in tables if rows > FEW_ROWS] == []


def test_details_travel_with_their_row(visit: Visit) -> None:
    page = visit("failing")
    row = page.locator("#replays tr.replay[data-layer='layer3.0.conv2'][data-step='BP']")
    row.locator(".more-button").click()
    for _ in range(3):
        page.locator("#replays th button", has_text="Energy").click()
        below = row.evaluate("(row) => row.nextElementSibling.innerText")
        assert "--layers layer3.0.conv2 --steps BP" in below


def shown(page: Page) -> list[str]:
    """Return the names of the replays that the table shows, in its order."""
    names: list[str] = page.locator("#replays tr.replay:visible").evaluate_all(
        "(rows) => rows.map((row) => `${row.dataset.layer}-${row.dataset.step}`)"
    )
    return names


def test_filters_narrow_and_clear(visit: Visit) -> None:
    page = visit("failing")
    everything = shown(page)
    output, clear = page.locator("#table output"), page.locator("#table .clear")
    assert (output.inner_text(), clear.is_visible()) == ("", False)
    page.get_by_role("searchbox", name="Filter replays").fill("LAYER2 conv1")
    narrow = shown(page)
    assert narrow == [name for name in everything if "layer2" in name and "conv1" in name]
    assert output.inner_text() == f"{len(narrow)} of 62 replays"
    page.get_by_role("group", name="Step").get_by_role("button", name="WG").click()
    assert shown(page) == [name for name in narrow if name.endswith("-WG")]
    page.locator("#table .chip", has_text="fail").click()
    assert shown(page) == ["layer2.0.conv1-WG"]
    pressed = page.locator("#table .chip[aria-pressed=true]").all_inner_texts()
    assert pressed == ["fail 5", "WG"]
    assert "not filtered" in page.locator("#replays tfoot th").first.evaluate(
        "(cell) => getComputedStyle(cell, '::after').content"
    )
    clear.click()
    assert shown(page) == everything
    assert (output.inner_text(), clear.is_visible()) == ("", False)
    assert page.locator("#table .chip[aria-pressed=true]").all_inner_texts() == ["all 62", "all steps"]
    page.get_by_role("searchbox", name="Filter replays").fill("no such layer")
    assert shown(page) == []
    assert output.inner_text() == "0 of 62 replays"


def test_filters_and_sorting_work_together(visit: Visit) -> None:
    page = visit("failing")
    page.locator("#table .chip", has_text="error").click()
    page.locator("#replays th button", has_text="Step").click()
    assert shown(page) == ["fc-BP", "fc-FP"]
    page.locator("#replays .more-button:visible").first.click()
    page.locator("#table .chip", has_text="all 62").click()
    assert len(shown(page)) == 62
    assert page.locator("#replays tr.more:visible").count() == 1


@pytest.mark.parametrize("name", ["failing", "chip", "sample"])
def test_every_filter_works_on_its_table(visit: Visit, name: str) -> None:
    page = visit(name)
    for controls in page.locator(".controls").all():
        table = page.locator(f"#{controls.get_attribute('data-for')}")
        rows = table.locator("> tbody > tr:not(.more)")
        for chip in controls.locator(".chip:not([data-value=''])").all():
            chip.click()
            group, value = chip.get_attribute("data-group"), chip.get_attribute("data-value")
            expected = table.locator(f"> tbody > tr[data-{group}='{value}']").count()
            assert rows.locator("visible=true").count() == expected
            assert chip.get_attribute("aria-pressed") == "true"
            everything = controls.locator(f".chip[data-group='{group}'][data-value='']")
            everything.click()
            assert rows.locator("visible=true").count() == rows.count()
        word = rows.last.locator("th").inner_text()
        controls.locator("input").fill(word)
        texts = rows.locator("visible=true").all_inner_texts()
        assert texts
        assert all(word in text for text in texts)
        controls.locator(".clear").click()
        assert rows.locator("visible=true").count() == rows.count()
        assert controls.locator("input").evaluate("(input) => input === document.activeElement")


def test_an_address_opens_what_it_names(visit: Visit) -> None:
    page = visit("failing", "#row-layer3-0-conv2-BP")
    row = page.locator("[id='row-layer3-0-conv2-BP']")
    assert row.locator(".more-button").get_attribute("aria-expanded") == "true"
    assert page.locator("#replays tr.more:visible").count() == 1
    assert row.evaluate("(row) => row.getBoundingClientRect().top") < 200
    closed = page.locator("details.card:not([open])").first
    name = closed.get_attribute("id")
    page.evaluate("(name) => { location.hash = name }", name)
    page.wait_for_function("(name) => document.getElementById(name).open", arg=name)
    assert 0 <= page.locator(f"[id='{name}']").evaluate("(card) => card.getBoundingClientRect().top") < 200
    line = visit("sample", "#some-41").locator("#some-41")
    assert line.is_visible()


def test_an_address_shows_a_row_that_is_filtered_out(visit: Visit) -> None:
    page = visit("failing")
    page.locator("#table input").fill("fc")
    page.evaluate("() => { location.hash = 'row-conv1-FP' }")
    page.wait_for_function("() => document.getElementById('row-conv1-FP').offsetHeight > 0")
    assert len(shown(page)) == 62


def test_the_same_address_again_opens_again(visit: Visit) -> None:
    page = visit("failing")
    link = page.locator(".culprits a").first
    card = page.locator(f"[id='{(link.get_attribute('href') or '')[1:]}']")
    for _ in range(2):
        link.click()
        assert card.evaluate("(card) => card.open")
        card.evaluate("(card) => { card.open = false; scrollTo(0, 0); }")
