"""The page of the history: what it shows, and that it needs nothing but itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from regressions.results import Replay, Results
from reports.history import HistoryError, append, page, trends
from reports.history.changes import History
from reports.tests import synthetic
from reports.tests.history.runs import (
    commit,
    coverage_document,
    faults_document,
    history_of,
    on_day,
    slower,
)

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Page(HTMLParser):
    """The page's tags, checked to nest; its text, without styles and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text += data

    def having(self, name: str) -> list[str]:
        """Return the values of an attribute."""
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


def drawn(folder: Path, runs: list[Results]) -> tuple[str, Page]:
    """Return the page of a history of these runs, as text and parsed."""
    history = History(history_of(folder, runs))
    text = page.write(history, history.events(), folder).read_text(encoding="utf-8")
    return text, Page(text)


@pytest.fixture
def nights(passing: Results, rng: np.random.Generator) -> list[Results]:
    """Return ten nights' runs: one replay slower from run 5 on, another failing in run 7 alone."""
    runs = [
        on_day(passing, day, slower("layer2.1.conv2-WG", 1.02) if day >= 4 else None, wall_s=100.0 + day)
        for day in range(10)
    ]

    def fail(replay: Replay) -> Replay:
        return synthetic.failed(replay, rng, 1) if replay.name == "fc-FP" else replay

    runs[6] = on_day(runs[6], 6, fail)
    return runs


def test_the_page_is_self_contained(nights: list[Results], tmp_path: Path) -> None:
    text, parsed = drawn(tmp_path, nights)
    assert re.findall(r"https?://|@import|url\(", text) == []
    for name in ("src", "href"):
        for address in parsed.having(name):
            assert address.startswith(("#", "data:")), address
    names = parsed.having("id")
    assert len(set(names)) == len(names)
    for address in parsed.having("href"):
        assert address == "data:," or address[1:] in names


def test_what_changed_when(nights: list[Results], tmp_path: Path) -> None:
    _, parsed = drawn(tmp_path, nights)
    text = " ".join(parsed.text.split())
    assert re.search(
        r"cycles [\d,]+ → [\d,]+ \(\+0\.\d+\s%\) in 1 replay, most in layer2\.1\.conv2 WG \(\+", text
    )
    assert re.search(r"pass rate 100\s% → 98\.39\s% \(−1\.61\spp\): fc FP", text)
    assert re.search(r"pass rate 98\.39\s% → 100\s%", text)
    assert f"git bisect start {commit(4)[:10]} {commit(3)[:10]}" in text
    assert "Before: run 4 of 2025-01-04 02:15." in text
    (event,) = (one for one in parsed.having("data-text") if "run 5" in one)
    assert "layer2.1.conv2 WG" in event
    assert commit(4) in event


def test_trends_and_layers(nights: list[Results], tmp_path: Path) -> None:
    text, parsed = drawn(tmp_path, nights)
    titles = re.findall(r"<figcaption><h3>([^<]*)", text)
    wanted = [
        "Pass rate",
        "Coverage by kind",
        "Cycles",
        "Energy ",
        "External memory traffic (EMA)",
        "Wall time",
    ]
    assert [title for title in titles if ":" not in title] == wanted
    assert "layer2.1.conv2 WG: cycles" in titles, "the large chart of the layer that changed"
    assert not any(title.startswith("layer1.0") for title in titles)
    assert parsed.having("data-changed").count("yes") == 1
    assert parsed.having("data-changed").count("no") == 61
    tips = parsed.having("data-tip")
    assert any(tip.startswith("run 5 · 2025-01-05 02:15") and "total changed +0." in tip for tip in tips)
    assert "never changed" in tips
    for numbers in re.findall(r' (?:d|c?x|c?y)="([^"]*)"', text):
        assert not re.search(r"nan|inf|None", numbers)


def test_a_steady_history(passing: Results, tmp_path: Path) -> None:
    _, parsed = drawn(tmp_path, [on_day(passing, day) for day in range(3)])
    assert "No figure has changed between comparable runs." in parsed.text
    assert "No figure of a layer has ever changed." in parsed.text


def test_one_run_is_a_history(passing: Results, tmp_path: Path) -> None:
    text, parsed = drawn(tmp_path, [passing])
    assert "<figure>" not in text
    assert "62/62 replays" in parsed.text


def test_a_failing_last_run_shows(broken: Results, passing: Results, tmp_path: Path) -> None:
    text, parsed = drawn(tmp_path, [on_day(passing, 0), on_day(broken, 1)])
    assert 'class="tile bad"' in text
    assert "55/62 replays" in parsed.text


def test_coverage_and_faults_are_drawn(tmp_path: Path) -> None:
    path, file = tmp_path / "h.sqlite", tmp_path / "document.json"
    for day, number in enumerate((50, 52)):
        for document in (
            coverage_document(number, day),
            faults_document(900 + number, day),
        ):
            file.write_text(json.dumps(document), encoding="utf-8")
            append(file, path)
    text = page.render(History(path), History(path).events(), None)
    for title in ("Coverage by kind", "Fault score", "Mutants that survived"):
        assert f"<h3>{title}" in text
    assert "fault score 97.14" in Page(text).text


def test_names_are_escaped(passing: Results, tmp_path: Path) -> None:
    one = replace(passing.replays[0], layer="<i>&quot;", rerun="./run regress")
    runs = [on_day(replace(passing, replays=[one]), day, suite='<b id="x">') for day in range(2)]
    text, _ = drawn(tmp_path, runs)
    assert "<i>&quot;" not in text
    assert '<b id="x">' not in text


def test_long_histories_are_cut(passing: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest are shown, and the page says that there are more."""
    monkeypatch.setattr(page, "SHOWN_RUNS", 3)
    monkeypatch.setattr(page, "SHOWN_EVENTS", 2)
    monkeypatch.setattr(page, "SHOWN_CHANGES", 1)
    monkeypatch.setattr(trends, "SHOWN_RUNS", 4)
    runs = [on_day(passing, day, slower("fc-FP", 1 + day / 100), layers=["fc"]) for day in range(8)]
    text, parsed = drawn(tmp_path, runs)
    words = " ".join(parsed.text.split())
    assert "The latest 3." in words
    assert "The latest 4 are drawn." in words
    assert "In 5 older runs figures changed too" in words
    assert "more, smaller:" in words
    assert len(re.findall(r'<rect class="hover"', text.split("<h3>Cycles")[1].split("</svg>")[0])) == 4


def test_the_page_replaces_the_old_one_whole(nights: list[Results], tmp_path: Path) -> None:
    place = tmp_path / "history.html"
    place.write_text("old", encoding="utf-8")
    drawn(tmp_path, nights)
    assert place.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.html", "history.sqlite"]


def test_a_page_that_cannot_be_written(passing: Results, tmp_path: Path) -> None:
    history = History(history_of(tmp_path, [passing]))
    (tmp_path / "history.html").mkdir()
    with pytest.raises(HistoryError, match=r"history\.html: cannot be written: .*; free space or check"):
        page.write(history, history.events(), tmp_path)
    assert not list(tmp_path.glob(".history-*"))


def test_it_links_to_the_latest_report(passing: Results, tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest" / "index.html").write_text("", encoding="utf-8")
    _, parsed = drawn(tmp_path, [passing])
    assert "latest/index.html" in parsed.having("href")
