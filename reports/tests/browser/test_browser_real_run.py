"""The page that a real run leaves in its folder, beside the files that it links to."""

from __future__ import annotations

from pathlib import Path

from regressions.tests.small_run import REPLAYS, arguments
from reports.tests.browser.probes import assert_readable, open_everything
from reports.tests.browser.visit import Visit
from reports.tests.regress_runs import regress_command


def test_the_page_of_a_real_run(visit: Visit, trace: Path, tmp_path: Path, built: None) -> None:
    status, _, err = regress_command(arguments(tmp_path, trace))
    assert status in (0, 1), err
    place = (tmp_path / "out" / "latest").resolve() / "index.html"
    page = visit(place)
    assert page.locator("#replays tr.replay.pass").count() == len(REPLAYS)
    for link in page.locator("a[href]:not([href^='#'])").all():
        address = (link.get_attribute("href") or "").partition("#")[0]
        assert (place.parent / address).exists(), address
    page.locator("#replays th button", has_text="Cycles").click()
    assert page.locator("#replays th[aria-sort=descending]").count() == 1
    open_everything(page)
    assert_readable(page, "a real run")
