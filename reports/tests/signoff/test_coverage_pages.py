"""The coverage pages: what they show, that their links lead somewhere, and that no name breaks them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from reports.signoff import absent, page
from reports.signoff.annotate import annotate
from reports.signoff.document import coverage_document
from reports.signoff.folder import replace_folder
from reports.signoff.measured import Measured
from reports.signoff.targets import checks
from reports.tests.signoff import made_up
from reports.tests.signoff.made_up import BITS, CASES, ELSE, EXCLUSION, MORE, RTL
from reports.tests.signoff.outline import Outline, assert_links_lead_somewhere
from tb.coverage.exclusions import Exclusion, Sources
from tb.coverage.points import Kind, Point
from tb.coverage.run import Collected, TestOutcome
from tb.plan.found import Found
from tb.plan.testplan import Feature, TestPlan

HOSTILE = "</script><script>alert('x')</script><!-- \"' & {{ 7 * 7 }} \x1b[31m"


def pages(
    run: Collected,
    *exclusions: Exclusion,
    root: Path,
    whole: bool = True,
    plan: TestPlan = made_up.PLAN,
    found: Found = made_up.FOUND,
) -> dict[str, str]:
    """Return the pages of a run."""
    measured: Measured = made_up.measured(run, whole=whole)
    summary, state = (
        made_up.summary(run, *exclusions),
        made_up.state(run, *exclusions, plan=plan, found=found),
    )
    document = coverage_document(measured, summary, state)
    judged = checks(document, state.states)
    return page.render(measured, document, summary, state, judged, annotate(run, summary, Sources(root)))


def first(run: Collected, *exclusions: Exclusion, root: Path, whole: bool = True) -> str:
    return pages(run, *exclusions, root=root, whole=whole)[page.INDEX]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a source file of 60 lines."""
    made_up.write_source(tmp_path, "\n".join(f"  assign a[{at}] = b;" for at in range(60)))
    return tmp_path


def test_links_lead_somewhere_offline(root: Path, tmp_path: Path) -> None:
    run = made_up.without(made_up.collected(), ELSE, *BITS[:3])
    out = tmp_path / "out"
    replace_folder(out / "coverage", pages(run, EXCLUSION, root=root))
    absent.fill(out, absent.FAULTS)
    assert_links_lead_somewhere(out)


def test_verdict_and_figures(root: Path) -> None:
    text = Outline(first(made_up.collected(), root=root)).text
    assert "PASS" in text
    assert "3 of 3" in text
    assert "6 of 6 coverpoints" in text
    run = made_up.failing(made_up.without(made_up.collected(), ELSE), CASES[0], "assert 1 == 2")
    text = Outline(first(run, root=root)).text
    for words in ("FAIL", "2 of 3 cases passed", "1 of 2 points", f"{CASES[0]}: failed", "assert 1 == 2"):
        assert words in text


def test_a_part_of_the_tests_says_so(root: Path) -> None:
    text = Outline(first(made_up.collected(), root=root, whole=False)).text
    assert "A part of the tests." in text
    assert "PASS" not in text


def test_the_plan_is_shown(root: Path) -> None:
    run = made_up.without_cases(made_up.without(made_up.collected(), ELSE), MORE)
    text = first(run, root=root)
    for feature, state in (("sums", "passed"), ("holds", "not run")):
        assert re.search(rf'data-state="{state}" data-level="\w+" data-text="{feature} ', text)
    assert "run and reported by" in text
    assert "Sums are right." in text


def test_what_only_follows_from_a_test_that_passed_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, found = made_up.with_sets(monkeypatch)

    def text(run: Collected) -> str:
        return Outline(pages(run, root=root, plan=plan, found=found)[page.INDEX]).text

    whole = text(made_up.collected())
    assert (
        "3 of those hit were not seen but follow from tests that passed: "
        "2 sets of a parameter's values, 1 sets that a test walks through"
    ) in whole
    assert whole.count("not seen: a case for each value of the parameter") == 2
    assert whole.count("not seen: the test goes through all of the set") == 1
    failed = text(made_up.failing(made_up.collected(), CASES[1]))
    assert failed.count("not seen: ") == 1, "what is missed is not hit for any reason"


def test_missed_points_lead_to_their_lines(root: Path) -> None:
    made = pages(made_up.without(made_up.collected(), ELSE, *BITS[:2]), root=root)
    path = f"source/{RTL.replace('/', '-')}.html"
    assert f'href="{path}#L-42">{RTL}:42</a>' in made[page.INDEX]
    assert "first_q[0] both ways" in made[page.INDEX]
    source = Outline(made[path])
    assert source.classes["L-42"] == "partly"
    assert source.classes["L-25"] == "hit"
    assert "missed: branch else" in source.text


def test_a_long_list_is_cut_short(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "LISTED", 3)
    text = first(made_up.without(made_up.collected(), *made_up.POINTS), root=root)
    assert text.count('<tr data-kind="') == 3
    assert "more stand in the files" in text


def test_exclusions_are_shown_with_their_points(root: Path) -> None:
    run = made_up.without(made_up.collected(), ELSE)
    run.bins[CASES[1]] = []
    bins = Exclusion("bins", "*", "bins:pe.kinds[fp8,*]", "", "no such wire", "someone", made_up.LATER)
    text = Outline(first(run, EXCLUSION, bins, root=root)).text
    for words in ("the reset comes first", "a designer", "2027-01-01", "no such wire", "someone"):
        assert words in text


def test_which_tests_hit_a_line(root: Path) -> None:
    text = pages(made_up.collected(), root=root)["source/rtl-pe-pe.sv.html"]
    assert re.search(r'id="L-25".*data-set="0"[^>]*>3</button>', text)
    packed = re.search(r'<script type="application/json" id="tests-of-lines">(.*?)</script>', text)
    assert packed
    assert json.loads(packed[1]) == {"tests": [[MORE, [""]], [made_up.SUMS, ["[a]", "[b]"]]], "sets": ["0-2"]}


def test_no_name_breaks_a_page(tmp_path: Path) -> None:
    """Whatever stands in a source, a test's name or its failure is text, and none of it becomes markup."""
    made_up.write_source(tmp_path, f"// {HOSTILE}\n" * 50)
    point = Point("pe", RTL, 3, 1, Kind.BRANCH, HOSTILE)
    run = made_up.failing(made_up.collected(points=[*made_up.POINTS, point]), CASES[2], HOSTILE)
    case = f"tb/pe/test_pe.py::test_sums[{HOSTILE}]"
    run.by_test[case] = list(run.by_test[CASES[0]])
    run.bins[case] = [HOSTILE]
    run.tests.append(TestOutcome(case, "passed", "", 1.0))
    hostile = Feature(f"sums {HOSTILE}", "block", "pe", HOSTILE, (made_up.SUMS,), ("pe.cov_fp8", HOSTILE))
    excuse = Exclusion("branch", "*", "else", "", HOSTILE, HOSTILE, made_up.LATER)
    run = made_up.without(run, point, ELSE)
    plain = pages(made_up.collected(), root=tmp_path)
    made = pages(run, excuse, root=tmp_path, plan=replace(made_up.PLAN, features=(hostile,)))
    for name, text in made.items():
        outline = Outline(text)
        assert outline.tags.count("script") == Outline(plain[name]).tags.count("script"), name
        assert "\x1b" not in text, name
        assert "{{" not in text.replace("{{ 7", ""), name
    assert "alert('x')" in Outline(made[page.INDEX]).text
    packed = re.search(r'id="tests-of-lines">(.*?)</script>', made["source/rtl-pe-pe.sv.html"])
    assert packed
    tests = json.loads(packed[1])["tests"]
    assert f"[{HOSTILE}]" in next(cases for test, cases in tests if test == made_up.SUMS)


def test_two_files_of_one_page_are_refused(tmp_path: Path) -> None:
    other = replace(ELSE, file="rtl-pe/pe.sv")
    run = made_up.collected(points=[*made_up.POINTS, other])
    with pytest.raises(ValueError, match=r"rtl/pe/pe\.sv: another source file has the same page"):
        pages(run, root=tmp_path)
