"""The page as a PDF: replays and operands are on it, tables repeat their heads, nothing leaves the sheet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pypdf
import pytest
from playwright.sync_api import Page

from regressions.results import Status
from reports.tests.browser import runs
from reports.tests.browser.visit import Visit
from reports.text import count

MOST_SHEETS = 24
"""Of a run of 62 replays of which a few failed."""


def printed(page: Page, path: Path) -> pypdf.PdfReader:
    """Print the page as its own styles ask, and read it back."""
    page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    return pypdf.PdfReader(path)


def words(text: str) -> str:
    """Return the text with every kind of white space as one blank."""
    return re.sub(r"\s+", " ", text.replace("\u202f", " ").replace("\u00a0", " "))


@pytest.mark.parametrize("name", ["failing", "everything differs"])
def test_failures_are_printed_whole(visit: Visit, tmp_path: Path, name: str) -> None:
    reader = printed(visit(name, color_scheme="dark"), tmp_path / "page.pdf")
    text = words(" ".join(sheet.extract_text() for sheet in reader.pages))
    for replay in runs.RUNS[name]().replays:
        if replay.status is not Status.PASS:
            assert replay.rerun in text
        if replay.failure is not None:
            assert replay.failure.expected_hex in text
            for operand in replay.failure.operands:
                assert f"{operand.k} {operand.a_hex} " in text
    if name == "failing":
        assert len(reader.pages) <= MOST_SHEETS


@pytest.mark.parametrize("name", ["failing", "chip", "huge"])
def test_each_row_is_printed_below_a_head(visit: Visit, tmp_path: Path, name: str) -> None:
    """A sheet that holds rows of the table holds its head as well, and no row is on two sheets."""
    reader = printed(visit(name), tmp_path / "page.pdf")
    sheets = [words(sheet.extract_text()) for sheet in reader.pages]
    with_rows = set()
    for replay in runs.RUNS[name]().replays:
        row = re.compile(
            rf"{re.escape(replay.layer)} {replay.step} \S? ?{replay.status} {count(replay.cycles)} "
        )
        found = [number for number, text in enumerate(sheets) if row.search(text)]
        assert len(found) == 1, f"{replay.name}: on sheets {found}"
        with_rows |= set(found)
    assert len(with_rows) > 1
    for number in with_rows:
        assert re.search("Layer Step Status Cycles", sheets[number]), (
            f"sheet {number + 1} has rows but no head"
        )


@pytest.mark.parametrize("name", runs.SMALLER_PAGES)
def test_nothing_leaves_the_sheet(visit: Visit, tmp_path: Path, name: str) -> None:
    reader = printed(visit(name), tmp_path / "page.pdf")
    assert reader.pages
    for number, sheet in enumerate(reader.pages, start=1):
        width, height = float(sheet.mediabox.width), float(sheet.mediabox.height)
        assert width > height, "the page asks for A4 across"
        outside = []

        def look(text: str, matrix: Any, inner: Any, *_: Any) -> None:
            x = matrix[0] * inner[4] + matrix[2] * inner[5] + matrix[4]
            y = matrix[1] * inner[4] + matrix[3] * inner[5] + matrix[5]
            if text.strip() and not (0 <= x < width and 0 <= y < height):  # noqa: B023 - called at once
                outside.append((text, x, y))  # noqa: B023

        sheet.extract_text(visitor_text=look)
        assert outside == [], f"sheet {number}"


def test_the_page_is_as_it_was_after_printing(visit: Visit, tmp_path: Path) -> None:
    page = visit("failing")
    closed = page.locator("details:not([open])").count()
    assert closed
    printed(page, tmp_path / "page.pdf")
    assert page.locator("details:not([open])").count() == closed
