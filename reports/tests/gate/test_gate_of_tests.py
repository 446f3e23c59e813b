"""What the gate catches of the tests' own documents: their coverage, the test plan, the fault campaign."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from reports.gate import baseline, targets
from reports.gate.baseline import Baseline
from reports.tests.gate.conftest import Project
from reports.tests.gate.documents import Json, changed, with_verdicts, without
from reports.text import percent

# --- Coverage of the tests, the test plan -----------------------------------------------------------

Change = Callable[[Json], Json]

MISSED = "plan/missed"
SUMS = "plan/by_feature/pe.sums"


def more_points(one: Json, points: int) -> Json:
    """Return coverage in which a feature has so many more coverpoints, all of them hit."""
    for path in ("plan/points", "plan/hit", "plan/by_feature/pe.products/points"):
        one = changed(one, path, lambda n: n + points)
    return one


WORSE_COVERAGE: dict[str, tuple[Change, tuple[str, ...]]] = {
    "a coverpoint of the plan": (
        lambda one: changed(
            changed(one, MISSED, lambda missed: [*missed, "fp16_mul.cov_tie"]), "plan/hit", lambda n: n - 1
        ),
        ("fp16_mul.cov_tie", "no longer reached"),
    ),
    "a coverpoint that is gone": (
        lambda one: changed(changed(one, "plan/points", lambda n: n - 1), "plan/hit", lambda n: n - 1),
        ("test plan", "points"),
    ),
    "a coverpoint that is gone while another feature gained more": (
        lambda one: more_points(changed(one, f"{SUMS}/points", lambda n: n - 1), 20),
        ("pe.sums", "coverpoints", "310", "309"),
    ),
    "a test that is gone while another feature gained more": (
        lambda one: changed(
            changed(
                changed(one, f"{SUMS}/cases", lambda n: n - 1),
                "plan/by_feature/pe.products/cases",
                lambda n: n + 9,
            ),
            "tests/passed",
            lambda n: n + 8,
        ),
        ("pe.sums", "cases passed", "500", "499"),
    ),
    "a feature that another one replaces": (
        lambda one: changed(
            one, "plan/by_feature", lambda table: {**without(table, "pe.sums"), "pe.adds": table["pe.sums"]}
        ),
        ("pe.sums", "coverpoints", "was not measured"),
    ),
    "one more excuse": (
        lambda one: changed(changed(one, "plan/excused", lambda n: n + 1), "plan/hit", lambda n: n - 1),
        ("test plan", "excused"),
    ),
    "a cover of a module": (
        lambda one: changed(
            changed(one, "modules/pe_checks/user/hit", lambda n: n - 1), "kinds/user/hit", lambda n: n - 1
        ),
        ("pe_checks", "user reached"),
    ),
    "a branch": (
        lambda one: changed(
            changed(one, "modules/pe_line/branch/hit", lambda n: n - 1), "kinds/branch/hit", lambda n: n - 1
        ),
        ("pe_line", "branch missed"),
    ),
    "an exclusion more": (
        lambda one: changed(
            changed(one, "modules/pe_line/line/excluded", lambda n: n + 1),
            "kinds/line/excluded",
            lambda n: n + 1,
        ),
        ("coverage", "line excluded"),
    ),
    "a kind that is not measured": (
        lambda one: without(without(one, "kinds/expression"), "modules/pe_line/expression"),
        ("coverage", "expression", "was not measured"),
    ),
    "a module that is not counted": (
        lambda one: changed(
            changed(without(one, "modules/pe_line/branch"), "kinds/branch/hit", lambda n: n - 20),
            "kinds/branch/total",
            lambda n: n - 20,
        ),
        ("pe_line", "branch missed", "was not measured"),
    ),
    "an expired exclusion": (
        lambda one: changed(
            one, "problems", lambda _: ["tb/coverage/exclusions.toml: fp32_add:71 expired on 2026-01-31"]
        ),
        ("problem", "expired on 2026-01-31"),
    ),
    "a target that is not met": (
        lambda one: {**one, "unmet": ["line coverage: 97 of 100 points (97 %); must be 98 %"]},
        ("coverage", "target", "must be 98 %"),
    ),
    "a failed test": (lambda one: changed(one, "tests/failed", lambda n: n + 1), ("tests", "failed")),
    "a test that is gone": (lambda one: changed(one, "tests/passed", lambda n: n - 1), ("tests", "passed")),
}


@pytest.mark.parametrize("name", WORSE_COVERAGE)
def test_worse_coverage(project: Project, name: str) -> None:
    change, words = WORSE_COVERAGE[name]
    project.coverage = change(project.coverage)
    told = project.gate()
    assert told.status == 1, told.err
    assert told.row(*words)


def test_a_coverpoint_reached_at_last(project: Project) -> None:
    held = json.loads(project.baseline.read_text(encoding="utf-8"))
    entry = held["coverage"]["nightly"]
    entry["coverage"]["missed"] = ["pe.cov_sum_nan"]
    entry["plan"]["hit"] -= 1
    project.baseline.write_text(json.dumps(held), encoding="utf-8")
    told = project.gate()
    assert told.status == 0, told.err
    assert "is now reached" in told.row("pe.cov_sum_nan")


# --- Fault campaign ---------------------------------------------------------------------------------


def survive(faults: Json, more: int) -> Json:
    """Return a campaign in which so many more mutants survived."""
    worse = changed(faults, "caught", lambda n: n - more)
    worse = changed(worse, "survived", lambda n: n + more)
    worse["survivors"] += [{**faults["survivors"][0], "key": f"new {at}", "line": 99} for at in range(more)]
    worse["score"] = worse["caught"] / (worse["mutants"] - worse["equivalent"])
    return with_verdicts(worse)


def test_a_lower_fault_score(project: Project) -> None:
    project.faults = survive(project.faults, 6)
    told = project.gate()
    assert told.status == 1
    assert told.row("fault campaign", "score", "0.99")
    assert "survivor that the baseline does not hold: rtl/pe/pe.sv:99" in told.out


def test_one_survivor_more_is_within_the_draw(project: Project) -> None:
    project.faults = survive(project.faults, 2)
    told = project.gate()
    assert told.status == 0
    assert "1 figures changed within their tolerance" in told.out


def test_which_test_was_the_first_to_catch_and_how_is_not_compared(project: Project) -> None:
    """Both may follow from the machine."""
    verdicts = {"caught": project.faults["caught"] - 20, "crashed": 0, "hung": 20}
    hows = [how for how, number in verdicts.items() for _ in range(number)] + ["survived"]
    judged = [[key, how, "another"] for (key, *_), how in zip(project.faults["judged"], hows, strict=True)]
    before = project.gate()
    project.faults = {**project.faults, "verdicts": verdicts, "judged": judged}
    after = project.gate()
    assert (after.status, after.out) == (0, before.out)


def test_a_small_campaign_is_no_campaign(project: Project) -> None:
    small = {"mutants": 100, "caught": 100, "equivalent": 0, "survived": 0, "score": 1.0}
    project.faults = with_verdicts({**project.faults, **small, "survivors": [], "equivalents": []})
    told = project.gate()
    assert told.status == 1
    assert told.row("fault campaign", "mutants")


def test_more_mutants_that_are_called_equivalent_are_told(project: Project) -> None:
    """The score rises without a test."""
    faults = project.faults
    excused = {**faults["equivalents"][0], "key": faults["survivors"][0]["key"]}
    more = {"equivalent": 21, "survived": 0, "score": 1.0, "survivors": []}
    project.faults = with_verdicts({**faults, **more, "equivalents": [*faults["equivalents"], excused]})
    told = project.gate()
    assert told.status == 0
    assert "21 mutants are called equivalent, 20 in the baseline" in told.out
    assert "21 mutants are called equivalent" in told.summary


@pytest.mark.parametrize(
    ("document", "field"), [("coverage", "unmet"), ("coverage", "problems"), ("faults", "problems")]
)
def test_what_is_not_enough_fails_without_an_entry_too(project: Project, document: str, field: str) -> None:
    held = json.loads(project.baseline.read_text(encoding="utf-8"))
    project.baseline.write_text(json.dumps({**held, "coverage": {}, "faults": None}), encoding="utf-8")
    assert project.gate().status == 0
    getattr(project, document)[field] = ["not enough"]
    told = project.gate()
    assert told.status == 1
    assert told.row("not enough")


def lost(one: Json, kind: str, module: str, points: int) -> Json:
    """Return coverage in which a module, and so the whole, has fewer points hit."""
    fewer = changed(one, f"modules/{module}/{kind}/hit", lambda n: n - points)
    return changed(fewer, f"kinds/{kind}/hit", lambda n: n - points)


def must_be(share: float) -> str:
    return f"must be {percent(share, 0)}"


NO_TARGET: dict[str, tuple[Change, tuple[str, ...]]] = {
    "lines": (lambda one: lost(one, "line", "pe_line", 10), ("line coverage", must_be(0.98))),
    "branches": (
        lambda one: lost(one, "branch", "pe_line", 10),
        ("branch coverage", must_be(0.98)),
    ),
    "toggles": (lambda one: lost(one, "toggle", "pe", 60), ("toggle coverage", must_be(0.9))),
    "a coverpoint": (
        WORSE_COVERAGE["a coverpoint of the plan"][0],
        ("functional coverage", must_be(1)),
    ),
    "excuses": (
        lambda one: changed(changed(one, "plan/excused", lambda n: n + 30), "plan/hit", lambda n: n - 30),
        ("excused coverpoints", f"{percent(0.03, 0)} at most"),
    ),
    "nothing": (
        lambda one: {
            **changed(one, "plan", lambda plan: {**plan, "points": 0, "hit": 0, "excused": 0}),
            "kinds": {},
            "modules": {},
        },
        ("line coverage", "no point of this kind was counted"),
    ),
    "no test": (lambda one: {**one, "tests": {"passed": 0, "failed": 0}}, ("tests", "0 of 0 cases passed")),
}


@pytest.mark.parametrize("name", NO_TARGET)
def test_targets_are_judged_from_the_counts(project: Project, name: str) -> None:
    """Whatever the document says of itself, and whatever the baseline holds."""
    project.baseline.write_text(baseline.text(Baseline()), encoding="utf-8")
    change, words = NO_TARGET[name]
    project.coverage = change(project.coverage)
    assert project.coverage["unmet"] == project.coverage["problems"] == []
    arguments = project.arguments()[2:]
    told = project.gate("--results", arguments=arguments)
    assert told.status == 1, told.err
    assert told.row(*words)
    assert project.update("--results", arguments=arguments).status == 2


@pytest.mark.parametrize(
    ("more", "least", "words"),
    [
        (30, 900, "96.8% of the faults are caught, fewer than 97%"),
        (0, 1000, "980 faults were judged, fewer than 1000"),
    ],
)
def test_targets_of_a_campaign_are_judged_from_its_counts(
    project: Project, monkeypatch: pytest.MonkeyPatch, more: int, least: int, words: str
) -> None:
    monkeypatch.setattr(targets, "LEAST_FAULTS", least)
    project.faults = survive(project.faults, more)
    assert project.faults["problems"] == []
    told = project.gate()
    assert told.status == 1
    assert told.row(words)
    told = project.update()
    assert told.status == 2
    assert f"faults.json: problems: {words}; resolve it" in told.err


def test_a_problem_of_the_campaign(project: Project) -> None:
    project.faults["problems"] = ["equivalents.toml: pe.sv:9f3a is no mutant any more"]
    told = project.gate()
    assert told.status == 1
    assert "no mutant any more" in told.row("fault campaign", "problem")
