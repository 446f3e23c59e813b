"""JUnit XML of a regression: one test case a replay, one a gate."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from regressions.results import Gate, Replay, Results, Status
from reports.text import first_line, plain, value_text

ILLEGAL_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(results: Results) -> str:
    """Return the XML document.

    Replays form the suite named after the regression's, gates the suite ``gates``. A replay that differs is a
    `failure`, one that did not finish an `error`; both carry the first mismatch or the message, and the
    rerun command.
    """
    root = ElementTree.Element("testsuites", name=_clean(results.run.suite), time=f"{results.run.wall_s:.3f}")
    replays = _add_suite(root, results.run.suite, results)
    for replay in results.replays:
        _add_replay(replays, replay)
    gates = _add_suite(root, "gates", results)
    for gate in results.summary.gates:
        _add_gate(gates, gate)
    for suite in (replays, gates):
        suite.set("time", f"{sum(float(case.get('time', '0')) for case in suite.iter('testcase')):.3f}")
        suite.set("tests", str(len(suite.findall("testcase"))))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("errors", str(len(suite.findall("testcase/error"))))
        suite.set("skipped", "0")
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in (replays, gates))))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_suite(root: ElementTree.Element, name: str, results: Results) -> ElementTree.Element:
    run = results.run
    suite = ElementTree.SubElement(root, "testsuite", name=_clean(name), timestamp=_clean(run.started))
    properties = ElementTree.SubElement(suite, "properties")
    facts = {
        "preset": run.preset,
        "seed": str(run.seed),
        "commit": f"{run.git.commit or 'unknown'}{' with uncommitted changes' if run.git.dirty else ''}",
        "balancer": "on" if run.balancer else "off",
        "command": run.command,
        **{f"tool.{tool}": version for tool, version in run.tools.items()},
    }
    for fact, value in facts.items():
        ElementTree.SubElement(properties, "property", name=_clean(fact), value=_clean(value))
    return suite


def _add_replay(suite: ElementTree.Element, replay: Replay) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=_clean(f"{suite.get('name')}.{replay.step}"),
        name=_clean(replay.name),
        time=f"{replay.wall_s:.3f}",
    )
    if replay.status is Status.FAIL:
        outcome = ElementTree.SubElement(case, "failure", type="mismatch", message=_clean(_headline(replay)))
    elif replay.status is Status.ERROR:
        outcome = ElementTree.SubElement(case, "error", type="error", message=_clean(_headline(replay)))
    else:
        return
    outcome.text = _clean("\n".join(_details(replay)))


def _add_gate(suite: ElementTree.Element, gate: Gate) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname="gates", name=_clean(gate.name), time="0")
    if not gate.passed:
        failure = ElementTree.SubElement(
            case, "failure", type="gate", message=_clean(first_line(gate.detail))
        )
        failure.text = _clean(gate.detail)


def _headline(replay: Replay) -> str:
    if replay.mismatches:
        return f"{replay.mismatches} of {replay.elements} elements differ"
    if replay.message:
        return first_line(replay.message)
    return "counters differ: " + ", ".join(replay.unequal_counters)


def _details(replay: Replay) -> list[str]:
    lines = []
    failure = replay.failure
    if failure is not None:
        lines += [
            f"first mismatch at {failure.index}",
            f"row {failure.row}, column {failure.column}, tile {failure.tile}, line {failure.line}",
            f"expected {failure.expected_hex} ({value_text(failure.expected)})",
            f"actual   {failure.actual_hex} ({value_text(failure.actual)})",
        ]
        lines += [
            f"k {one.k}: a {one.a_hex} ({value_text(one.a)}) x b {one.b_hex} ({value_text(one.b)})"
            for one in failure.operands
        ]
    for name, counter in replay.unequal_counters.items():
        lines.append(f"counter {name}: rtl {counter.rtl}, model {counter.model}")
    if replay.message:
        lines.append(replay.message)
    lines.append(f"rerun: {replay.rerun}")
    if failure is not None:
        lines.append(f"with waves: {failure.rerun_waves}")
    return lines


def _clean(text: str) -> str:
    """Return `text` without terminal colours and without what XML cannot hold."""
    return ILLEGAL_IN_XML.sub("\ufffd", plain(text))
