"""What a test reads of a page: its addresses, ids, tags and text."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

VOID = {"meta", "link", "input", "br", "img"}
ADDRESSES = ("href", "src", "action", "xlink:href")


class Outline(HTMLParser):
    """A page read tag by tag; tags that are not closed in order fail."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.classes: dict[str, str] = {}
        self.text = ""
        self._stack: list[str] = []
        self.feed(text)
        self.close()
        assert self._stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        values = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag not in VOID:
            self._stack.append(tag)
        if "id" in values:
            self.ids.append(values["id"])
            self.classes[values["id"]] = values.get("class", "")
        self.addresses += [values[name] for name in ADDRESSES if name in values]

    def handle_endtag(self, tag: str) -> None:
        """Close the tag that was opened last."""
        assert self._stack.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep text that a reader sees."""
        if not {"script", "style"} & set(self._stack):
            self.text += data + " "


def assert_links_lead_somewhere(folder: Path) -> None:
    """Fail unless each link of each page below a folder leads to a place on a page that is there."""
    pages = {path.resolve(): Outline(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}
    for path, page in pages.items():
        assert len(set(page.ids)) == len(page.ids), f"{path}: an id stands twice"
        for address in page.addresses:
            if address.startswith("data:"):
                continue
            assert "://" not in address, f"{path}: asks for {address}"
            file, _, fragment = address.partition("#")
            target = (path.parent / unquote(file)).resolve() if file else path
            assert target in pages, f"{path}: {address} leads nowhere"
            assert not fragment or unquote(fragment) in pages[target].ids, f"{path}: {address}: no such place"
