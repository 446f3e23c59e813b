"""JUnit XML holds every replay and gate, and says why the broken ones broke."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from regressions.results import Results, Status
from reports import junit


def cases(root: ElementTree.Element, suite: str) -> dict[str, ElementTree.Element]:
    found = root.find(f"testsuite[@name='{suite}']")
    assert found is not None
    return {case.get("name", ""): case for case in found.iter("testcase")}


def test_counts(broken: Results) -> None:
    root = ElementTree.fromstring(junit.render(broken))
    replays, gates = root.findall("testsuite")
    assert [replays.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["62", "5", "2", "0"]
    assert [gates.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["2", "1", "0", "0"]
    assert [root.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["64", "6", "2", "0"]
    assert list(cases(root, "resnet18")) == [replay.name for replay in broken.replays]


def test_a_passing_run_has_no_failure(passing: Results) -> None:
    root = ElementTree.fromstring(junit.render(passing))
    assert not root.findall(".//failure")
    assert not root.findall(".//error")
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("64", "0", "0")


def test_outcome_and_time_of_each_replay(broken: Results) -> None:
    by_name = cases(ElementTree.fromstring(junit.render(broken)), "resnet18")
    for replay in broken.replays:
        case = by_name[replay.name]
        assert (case.find("failure") is not None) == (replay.status is Status.FAIL)
        assert (case.find("error") is not None) == (replay.status is Status.ERROR)
        assert case.get("time") == f"{replay.wall_s:.3f}"
        assert case.get("classname") == f"resnet18.{replay.step}"


def test_a_failure_carries_mismatch_and_rerun(broken: Results) -> None:
    by_name = cases(ElementTree.fromstring(junit.render(broken)), "resnet18")
    replay = next(one for one in broken.replays if one.failure)
    assert replay.failure is not None
    text = by_name[replay.name].findtext("failure")
    assert text is not None
    for part in (
        replay.failure.expected_hex,
        replay.failure.actual_hex,
        replay.rerun,
        replay.failure.rerun_waves,
    ):
        assert part in text
    assert text.count(" x b ") == len(replay.failure.operands)


def test_a_counter_that_differs_is_named(broken: Results) -> None:
    failure = cases(ElementTree.fromstring(junit.render(broken)), "resnet18")["layer3.1.conv2-FP"].find(
        "failure"
    )
    assert failure is not None
    assert failure.get("message") == "counters differ: macs_skipped"


def test_what_xml_cannot_hold_is_replaced(broken: Results) -> None:
    index = next(at for at, one in enumerate(broken.replays) if one.status is Status.ERROR)
    message = "killed\x00 by \x1b[31msignal\x1b[0m 9 & <more> \x07"
    broken.replays[index] = replace(broken.replays[index], message=message)
    by_name = cases(ElementTree.fromstring(junit.render(broken)), "resnet18")
    text = by_name[broken.replays[index].name].findtext("error")
    assert text is not None
    assert text.startswith("killed\ufffd by signal 9 & <more> \ufffd\n")
