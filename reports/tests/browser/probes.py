"""What tests measure of an open page: boxes of text, contrast, rows of tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

OVERLAP_X, OVERLAP_Y = 1.5, 4.0
"""Pixels by which two boxes of text may overlap: letters leave the top and bottom of their boxes empty."""


@dataclass(frozen=True)
class TextBox:
    """One line of a piece of text: its place on the page in CSS pixels, and what cuts it off if anything."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    cut: str
    out_of_sight: bool


@cache
def _script() -> str:
    return Path(__file__).with_name("probes.js").read_text(encoding="utf-8")


def probe(page: Page, name: str) -> Any:
    """Run one of the functions of probes.js on the page."""
    page.evaluate(_script())
    return page.evaluate(f"probes.{name}()")


def text_boxes(page: Page) -> list[TextBox]:
    """Return all text that is drawn, line by line, with the page at its top, where nothing sticks."""
    page.evaluate("scrollTo(0, 0)")
    return [
        TextBox(
            one["text"],
            one["left"],
            one["right"],
            one["top"],
            one["bottom"],
            one["cut"],
            one["outOfSight"],
        )
        for one in probe(page, "texts")
    ]


def overlaps(boxes: list[TextBox]) -> list[tuple[str, str]]:
    """Return the pairs of texts that lie on one another."""
    found, active = [], list[TextBox]()
    for box in sorted((one for one in boxes if not one.out_of_sight), key=lambda one: one.top):
        active = [one for one in active if one.bottom - box.top > OVERLAP_Y]
        found += [
            (one.text, box.text)
            for one in active
            if min(one.right, box.right) - max(one.left, box.left) > OVERLAP_X
        ]
        active.append(box)
    return found


def open_everything(page: Page) -> None:
    """Unfold all that can be unfolded: cards, and the details of the first and last row of each table."""
    page.evaluate("""() => {
        for (const card of document.querySelectorAll("details")) card.open = true;
        for (const body of document.querySelectorAll("table.sortable > tbody")) {
            const rows = [...body.rows].filter((row) => row.nextElementSibling?.classList.contains("more"));
            for (const row of new Set([rows[0], rows.at(-1)])) row?.querySelector("[aria-expanded]").click();
        }
    }""")


def assert_readable(page: Page, where: str) -> None:
    """Fail if text is cut off or lies on other text, or if the page scrolls sideways."""
    boxes = text_boxes(page)
    assert boxes, where
    cut = [(one.text, one.cut) for one in boxes if one.cut]
    assert not cut, f"{where}: text is cut off: {cut}"
    assert overlaps(boxes) == [], f"{where}: texts overlap"
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1], f"{where}: the page is {widths[0]} px wide in a window of {widths[1]} px"
