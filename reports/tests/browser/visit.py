"""Opening pages as a reader does: from a file, without a network, with whatever goes wrong written down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

LAPTOP = {"width": 1366, "height": 768}
DESKTOP = {"width": 1920, "height": 1080}
PAPER = {"width": 1039, "height": 710}
"""A4 across, less the page's margins, in CSS pixels."""

PATIENCE_MS = 180_000
"""Before a page or a control is given up: the machine may be busy with simulations."""


class Visit:
    """Opens pages; `problems` collects errors, warnings, and requests beyond the page's own file."""

    def __init__(self, browser: Browser, files: Callable[[str], Path]) -> None:
        self.problems: list[str] = []
        self._browser = browser
        self._files = files
        self._contexts: list[Any] = []

    def __call__(self, page: str | Path, fragment: str = "", **options: Any) -> Page:
        """Open a page in a window of its own.

        Parameters
        ----------
        page
            Its name in `runs`, or a file.
        fragment
            What follows in the address: ``#place``.
        options
            Of the browser's context (``viewport``, ``color_scheme``, ``java_script_enabled`` and so on).
        """
        path = page if isinstance(page, Path) else self._files(page)
        context = self._browser.new_context(**{"viewport": LAPTOP, "offline": True, **options})
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        opened = context.new_page()
        self._watch(opened, str(page), path.as_uri())
        opened.goto(path.as_uri() + fragment)
        return opened

    def close(self) -> None:
        """Close what was opened."""
        for context in self._contexts:
            context.close()

    def _watch(self, page: Page, name: str, address: str) -> None:
        def requested(request: Any) -> None:
            if not request.url.startswith((address, "data:")):
                self.problems.append(f"{name}: request: {request.url}")

        def said(message: Any) -> None:
            if message.type in ("error", "warning"):
                self.problems.append(f"{name}: console: {message.text}")

        page.on("request", requested)
        page.on("console", said)
        page.on("pageerror", lambda error: self.problems.append(f"{name}: error: {error}"))
