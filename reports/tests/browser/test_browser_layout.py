"""On a laptop's screen, a desk's and on paper no text is cut off, covered or too faint to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.tests.browser import runs
from reports.tests.browser.probes import assert_readable, open_everything, overlaps, probe, text_boxes
from reports.tests.browser.visit import DESKTOP, LAPTOP, PAPER, Visit

LEAST_CONTRAST = 4.5
"""WCAG 2.2, level AA, of text of any size."""
SCREENS = {"laptop": LAPTOP, "desktop": DESKTOP, "half a desktop": {"width": 960, "height": 1080}}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", runs.SMALLER_PAGES)
def test_text_is_all_there(visit: Visit, name: str, screen: str) -> None:
    page = visit(name, viewport=SCREENS[screen])
    assert_readable(page, f"{name}, {screen}")
    open_everything(page)
    assert_readable(page, f"{name}, {screen}, unfolded")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", runs.SMALLER_PAGES)
def test_text_stands_out(visit: Visit, name: str, scheme: str) -> None:
    page = visit(name, color_scheme=scheme)
    open_everything(page)
    for chip in page.locator("#table .chip[data-value='FP']").all():
        chip.click()
    faint = [one for one in probe(page, "contrasts") if one["ratio"] < LEAST_CONTRAST]
    assert [(one["where"], one["text"], round(one["ratio"], 2)) for one in faint] == []


def test_the_reader_chooses_light_or_dark(visit: Visit) -> None:
    page = visit("passing", color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Light or dark").click()
    dark = page.evaluate(paper)
    assert dark != light
    page.reload()
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(paper) == light


BAD = """<!doctype html><html lang="en"><title>bad</title><body style="margin:0;background:#fff">
<p style="color:#999">faint</p>
<div style="width:60px;overflow:hidden;white-space:nowrap">cut off by its box</div>
<div style="position:relative"><b style="position:absolute;left:200px">one on the other</b>
<b style="position:absolute;left:205px">the other below</b></div>
<div style="width:3000px;text-align:right;margin-top:50px">far to the right</div>
<div style="width:60px;height:20px;overflow:auto;white-space:nowrap">this one scrolls, and may</div>
<div style="background:#222;width:400px;height:60px"></div>
"""


def test_these_tests_see_what_is_wrong(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    path.write_text(BAD, encoding="utf-8")
    page = visit(path)
    boxes = text_boxes(page)
    assert {one.text for one in boxes if one.cut} == {"cut off by its box", "far to the right"}
    assert overlaps(boxes) == [("one on the other", "the other below")]
    assert [one["text"] for one in probe(page, "contrasts") if one["ratio"] < LEAST_CONTRAST] == ["faint"]
    assert probe(page, "darkAreas") == ["div."]
    with pytest.raises(AssertionError, match="cut off"):
        assert_readable(page, "a bad page")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", runs.SMALLER_PAGES)
def test_paper_is_white_and_shows_all(visit: Visit, name: str, scheme: str) -> None:
    """Styles of print alone, without the script's help: another browser may not tell it about printing."""
    page = visit(name, viewport=PAPER, color_scheme=scheme)
    if scheme == "dark":
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print", color_scheme=scheme)
    assert_readable(page, f"{name} on paper")
    assert probe(page, "darkAreas") == []
    assert page.evaluate("getComputedStyle(document.body).color").startswith("rgb(27, 34, 48")
    faint = [one for one in probe(page, "contrasts") if one["ratio"] < LEAST_CONTRAST]
    assert [(one["where"], one["text"], round(one["ratio"], 2)) for one in faint] == []
    for selector in ("button.copy", ".controls", "#theme", ".topbar nav"):
        assert page.locator(f"{selector}:visible").count() == 0, selector
    shut = page.locator("details").evaluate_all(
        "(cards) => cards.filter((card) => !card.lastElementChild.checkVisibility()).length"
    )
    assert shut == 0
    scrolling = page.locator("body *").evaluate_all(
        "(all) => all.filter((one) => one.scrollHeight > one.clientHeight + 2 && one.clientHeight > 0"
        " && /auto|scroll|hidden/.test(getComputedStyle(one).overflowY)).map((one) => one.className)"
    )
    assert scrolling == []
