"""The fault campaign's report: survivors with diff and nearest tests, equivalents with their reasons."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from regressions.json_codec import ResultsError
from reports.gate.documents import faults_of, read_faults
from reports.signoff import faults
from reports.tests.gate import documents
from reports.tests.signoff import made_up
from reports.tests.signoff.outline import Outline, assert_links_lead_somewhere
from reports.tests.signoff.test_coverage_pages import HOSTILE
from tb.coverage.exclusions import Sources

RTL = "rtl/pe/pe.sv"


def campaign(**survivor: Any) -> dict[str, Any]:
    """Return a made-up campaign with one survivor, these of whose fields are other ones."""
    document = documents.faults()
    document["survivors"][0].update(survivor)
    return document


def test_document_and_page_are_written(tmp_path: Path) -> None:
    folder = faults.write(campaign(), tmp_path)
    assert folder == tmp_path / "faults"
    assert read_faults(folder / "faults.json") == faults_of(campaign())
    again = faults.write(faults_of(campaign()), tmp_path)
    assert read_faults(again / "faults.json") == faults_of(campaign())
    assert_links_lead_somewhere(tmp_path)
    text = Outline((folder / "index.html").read_text(encoding="utf-8")).text
    for words in (
        "PASS",
        "99.90",
        "pe.sv:9f3a",
        "tb/pe/test_pe.py::test_pe",
        "a is never negative",
        "condition",
    ):
        assert words in text.replace("\u202f", " ")


def test_how_mutants_were_caught_is_shown(tmp_path: Path) -> None:
    """Each has a line to itself in the document, and the share of those that hung can be seen."""
    folder = faults.write(campaign(), tmp_path)
    text = (folder / "faults.json").read_text(encoding="utf-8")
    assert '\n  ["m0000", "caught", "tb/pe/test_pe.py::test_pe"],\n' in text
    assert '\n  ["m03d3", "survived", ""]\n' in text
    shown = Outline((folder / "index.html").read_text(encoding="utf-8")).text.replace("\u202f", " ")
    assert "of the 979 caught (0.9" in shown
    assert "m03d3" in shown


def test_a_survivor_that_met_its_room_alone_is_marked(tmp_path: Path) -> None:
    words = "It met the tests of its room alone"
    assert words not in faults.render(faults_of(campaign()), Sources(), tmp_path)
    assert words in faults.render(faults_of(campaign(met_suite=False)), Sources(), tmp_path)


def test_a_survivor_without_time_for_all_tests_is_marked(tmp_path: Path) -> None:
    words = "It met the nearest tests; its time did not reach for all"
    (survivor,) = campaign()["survivors"]
    for cut, marked in ((frozenset[str](), False), ({"another"}, False), ({survivor["key"]}, True)):
        folder = faults.write(campaign(), tmp_path, cut)
        assert (words in (folder / "index.html").read_text(encoding="utf-8")) == marked
    assert words not in faults.render(faults_of(campaign(met_suite=False)), Sources(), tmp_path, cut)


@pytest.mark.parametrize(("met_suite", "alone"), [(True, "0"), (False, "1")])
def test_tiles_say_what_was_drawn_and_what_survivors_met(tmp_path: Path, met_suite: bool, alone: str) -> None:
    text = Outline(faults.render(faults_of(campaign(met_suite=met_suite)), Sources(), tmp_path)).text
    text = " ".join(text.split())
    assert "Mutants drawn 1,000 a sample of all that could be made, in 1 files, by 1 operators" in text
    assert (
        f"Survived 1 no test caught them; {alone} of them met the short tests of their room alone, " in text
    )


def test_a_document_that_contradicts_itself_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="score: is 1"):
        faults.write({**campaign(), "score": 1.0}, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [{"problems": ["stale"]}, {"mutants": 1060, "survived": 61, "score": 979 / 1040}],
)
def test_a_campaign_that_fails(change: dict[str, Any], tmp_path: Path) -> None:
    document = {**campaign(), **change}
    (survivor,) = document["survivors"]
    document["survivors"] = [{**survivor, "key": str(at)} for at in range(document["survived"])]
    folder = faults.write(documents.with_verdicts(document), tmp_path)
    assert "<title>FAIL" in (folder / "index.html").read_text(encoding="utf-8")


def rows(tmp_path: Path, text: str, **fields: Any) -> list[tuple[str, int, str]]:
    """Return the diff of a survivor in a source of this text."""
    made_up.write_source(tmp_path, text)
    survivor = faults_of(campaign(file=RTL, **fields)).survivors[0]
    return faults.change(survivor, Sources(tmp_path)).rows


def test_a_diff_with_the_lines_around(tmp_path: Path) -> None:
    text = "\n".join(["one", "two", "three", "if (a && b)", "five", "six", "seven"])
    assert rows(tmp_path, text, line=4, right="a && b", faulty="a") == [
        ("same", 2, "two"),
        ("same", 3, "three"),
        ("right", 4, "if (a && b)"),
        ("faulty", 4, "if (a)"),
        ("same", 5, "five"),
        ("same", 6, "six"),
    ]


def test_a_diff_of_several_lines_at_the_edge(tmp_path: Path) -> None:
    assert rows(tmp_path, "a &&\n  b;\nend", line=1, right="a &&\n  b", faulty="1'b1") == [
        ("right", 1, "a &&"),
        ("right", 2, "  b;"),
        ("faulty", 1, "1'b1;"),
        ("same", 3, "end"),
    ]


@pytest.mark.parametrize("text", ["", "x + x\n", "something else\n"])
def test_a_diff_that_the_source_does_not_tell(tmp_path: Path, text: str) -> None:
    assert rows(tmp_path, text, line=1, right="x", faulty="y") == [("right", 1, "x"), ("faulty", 1, "y")]


def test_survivors_lead_to_the_coverage_of_their_line(tmp_path: Path) -> None:
    page = tmp_path / "coverage" / "source" / "rtl-pe-pe.sv.html"
    page.parent.mkdir(parents=True)
    text = faults.render(faults_of(campaign()), Sources(), tmp_path)
    assert "source/" not in text
    page.write_text('<p id="L-71"></p>', encoding="utf-8")
    text = faults.render(faults_of(campaign()), Sources(), tmp_path)
    assert f'href="../coverage/source/rtl-pe-pe.sv.html#L-71">{RTL}:71</a>' in text


def test_the_lowest_score_comes_first(tmp_path: Path) -> None:
    document = campaign()
    document["files"] = {
        "a.sv": {"mutants": 10, "caught": 10, "equivalent": 0},
        "b.sv": {"mutants": 10, "caught": 5, "equivalent": 0},
        "c.sv": {"mutants": 3, "caught": 0, "equivalent": 3},
    }
    text = faults.render(faults_of(document), Sources(), tmp_path)
    table = text.split('id="by-file"')[1].split("</table>")[0]
    assert re.findall(r'<th scope="row">(\S+)</th>', table) == ["b.sv", "a.sv", "c.sv"]


def test_no_name_breaks_the_page(tmp_path: Path) -> None:
    document = campaign(key=HOSTILE, right=HOSTILE, faulty=HOSTILE, nearest=[HOSTILE], operator=HOSTILE)
    document["equivalents"][0]["reason"] = HOSTILE
    document["problems"] = [HOSTILE]
    plain = Outline(faults.render(faults_of(campaign()), Sources(), tmp_path))
    made = faults.render(faults_of(document), Sources(), tmp_path)
    assert Outline(made).tags.count("script") == plain.tags.count("script")
    assert "alert('x')" in Outline(made).text
    assert "\x1b" not in made
