"""What the report says of triage: causes, links to files that are there, commands; and what ends it."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from golden.geometry import ConvGeometry, Step
from regressions.json_codec import ResultsError
from regressions.results import Results
from regressions.tests.small_run import arguments, write_small_trace
from regressions.tests.triage.faulty import faulty_design
from regressions.triage.records import Triage, TriageBucket, TriagedCase, Waves
from reports import page, validate, write
from reports.tests.regress_runs import Json, regress_command, report, start, statuses
from reports.verdict import triage_lines
from reports.writer import with_copies_named

pytestmark = pytest.mark.xdist_group("triage")

SHAPE = ConvGeometry("layer2.0.conv1", 1, 1, 1, 1, 1, kernel=1, stride=1, padding=0)


def case(name: str) -> TriagedCase:
    """Return a case of a bucket's folder."""
    folder = "triage/wrong-bits-first"
    return TriagedCase(
        step=Step.WG,
        geometry=SHAPE,
        columns=1,
        nonzeros_a=1,
        nonzeros_b=1,
        macs=1,
        cycles=22,
        event="the first wrong result is taken",
        message="1 of 1 results differ: RTL 3F801000, golden 3F800000",
        file=f"{folder}/{name}.npz",
        command=f"./run triage build/x/{folder}/{name}.npz",
        waves=Waves(f"{folder}/{name}.vcd", 0, 1, 24, 23, 115_000, 4321),
    )


def bucket(*names: str, **fields: Any) -> TriageBucket:
    """Return a bucket of replays."""
    values: dict[str, Any] = {
        "name": "wrong-bits-first",
        "reason": "bits of results differ, only in the first column of <PEs>",
        "replays": list(names),
        "representative": names[0],
        "original": case("original"),
        "shrunk": case("shrunk"),
        "trials": 16,
        "seconds": 3.2,
        "note": "nothing smaller fails alike",
        "related": ["hang-core"],
    }
    return TriageBucket(**{**values, **fields})


WRONG = ("layer2.0.conv1-WG", "layer3.0.conv1-WG", "layer4.0.conv1-WG", "layer1.1.conv2-BP")
HUNG: dict[str, Any] = {
    "name": "hang-core",
    "reason": "the core hangs",
    "original": None,
    "shrunk": None,
    "related": [],
}


@pytest.fixture
def triaged(broken: Results) -> Results:
    """Return results with two buckets; one failure is in none."""
    buckets = [bucket(*WRONG), bucket("fc-FP", "fc-BP", note="not examined", **HUNG)]
    return replace(broken, triage=Triage(buckets, 12.5, None))


def leave_files(folder: Path) -> None:
    """Write the files that the results name."""
    for name in ("original.npz", "original.vcd", "shrunk.npz", "shrunk.vcd"):
        path = folder / "triage" / "wrong-bits-first" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")


def links(text: str) -> set[str]:
    """Return the files that a page links to."""
    return {link for link in re.findall(r'href="([^"#]+)"', text) if link.startswith("triage/")}


# --- Page and documents -------------------------------------------------------------------------------


def test_the_page_begins_with_the_causes(triaged: Results) -> None:
    text = page.render(triaged)
    table = text[text.index('aria-label="Causes"') : text.index('<div class="bucket">')]
    rows = re.findall(r"<tr>.*?</tr>", table, re.DOTALL)[1:]
    assert len(rows) == 3, "two buckets, and the failure that is in none"
    assert "<td>4</td>" in rows[0]
    assert "only in the first column of &lt;PEs&gt;" in rows[0]
    assert "1 MAC in 22 cycles" in rows[0]
    assert "not examined" in next(row for row in rows if "The core hangs" in row)
    for anchor in re.findall(r'href="#([^"]+)"', table):
        assert f'id="{anchor}"' in text


def test_a_bucket_leads_to_tile_waves_and_command(triaged: Results) -> None:
    text = page.render(triaged)
    assert links(text) == {
        f"triage/wrong-bits-first/{name}.{kind}" for name in ("original", "shrunk") for kind in ("npz", "vcd")
    }
    assert "./run triage build/x/triage/wrong-bits-first/shrunk.npz" in text
    assert "of cycles 1 to 24" in text
    assert "in cycle 23 (115 ns) the first wrong result is taken" in " ".join(text.split())
    assert '<a href="#bucket-hang-core">the core hangs</a>: it may be the same cause' in text
    assert 'href="#replay-layer2-0-conv1-WG">layer2.0.conv1-WG</a>' in text


def test_every_failure_has_its_card_with_triage_and_without(triaged: Results) -> None:
    for results in (triaged, replace(triaged, triage=None)):
        assert page.render(results).count('<details class="card ') == 7


def test_an_early_end_is_told(triaged: Results) -> None:
    assert triaged.triage is not None
    early = replace(triaged, triage=replace(triaged.triage, problem="interrupted"))
    assert "Triage ended early: interrupted." in page.render(early)


def test_files_come_into_the_report(triaged: Results, tmp_path: Path) -> None:
    leave_files(tmp_path / "run")
    place = write(triaged, tmp_path / "out", tmp_path / "run")
    text = (place / "index.html").read_text(encoding="utf-8")
    assert len(links(text)) == 4
    for link in links(text):
        assert (place / link).read_text(encoding="utf-8") == Path(link).name


def test_commands_name_the_copies_of_the_report(triaged: Results, tmp_path: Path) -> None:
    """The run's own folder is thrown away after three more runs."""
    leave_files(tmp_path / "run")
    document: Json = triaged.to_json()
    for number in (1, 2):
        place = write(document, tmp_path / "out", tmp_path / "run")
        document = json.loads((place / "results.json").read_text(encoding="utf-8"))
        case = document["triage"]["buckets"][0]["shrunk"]
        assert case["command"] == f"./run triage {place / case['file']}"
        assert case["command"] in (place / "index.html").read_text(encoding="utf-8"), number
        assert (place / case["file"]).is_file()


def test_other_words_of_a_command_stay(triaged: Results, tmp_path: Path) -> None:
    command = f"./run triage 'build/a b/{case('shrunk').file}' --rtl build/faulty --window 9:9"
    shrunk = replace(case("shrunk"), command=command)
    lost = replace(case("original"), file="")
    found = Triage([bucket(*WRONG, shrunk=shrunk, original=lost)], 1.0, None)
    named = with_copies_named(replace(triaged, triage=found), tmp_path / "out" / "1").triage
    assert named is not None
    (one,) = named.buckets
    assert one.original == lost
    assert one.shrunk is not None
    copy = tmp_path / "out" / "1" / shrunk.file
    assert one.shrunk.command == f"./run triage {copy} --rtl build/faulty --window 9:9"


def test_files_that_are_lost_are_not_linked(triaged: Results, tmp_path: Path) -> None:
    leave_files(tmp_path / "run")
    (tmp_path / "run" / "triage" / "wrong-bits-first" / "shrunk.vcd").unlink()
    place = write(triaged, tmp_path / "out", tmp_path / "run")
    assert len(links((place / "index.html").read_text(encoding="utf-8"))) == 3
    document = json.loads((place / "results.json").read_text(encoding="utf-8"))
    assert document["triage"]["buckets"][0]["shrunk"]["waves"] is None
    place = write(triaged, tmp_path / "out")
    assert links((place / "index.html").read_text(encoding="utf-8")) == set()


def test_results_come_back_as_they_were_and_old_ones_are_read(triaged: Results) -> None:
    document = json.loads(json.dumps(triaged.to_json()))
    assert Results.from_json(document) == triaged
    del document["triage"]
    assert Results.from_json(document) == replace(triaged, triage=None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"replays": []}, r"triage.buckets\[0\] \(wrong-bits-first\).replays: is empty"),
        ({"replays": ["conv1-FP"]}, "names conv1-FP, which is no replay that failed"),
        ({"replays": ["fc-FP", "fc-FP"]}, "names fc-FP, which is in another bucket too"),
        ({"representative": "fc-BP"}, "representative: is fc-BP, none of its replays"),
        ({"name": "hang-core"}, "triage.buckets: two buckets have the same name"),
        ({"shrunk": replace(case("shrunk"), command="")}, "shrunk.command: is empty"),
        ({"shrunk": replace(case("shrunk"), file="/tmp/x")}, "shrunk.file: is /tmp/x, must lie below"),
        ({"original": replace(case("original"), file="../x")}, "original.file: is ../x, must lie below"),
        (
            {"shrunk": replace(case("s"), waves=Waves("s.vcd", 0, 5, 9, 12, 1, 1))},
            "shrunk.waves.at: is 12, outside of its window 5 to 9",
        ),
    ],
)
def test_buckets_that_contradict_the_replays(triaged: Results, change: Json, message: str) -> None:
    first = bucket(*WRONG)
    other = bucket("layer3.1.conv2-FP", **HUNG)
    with pytest.raises(ResultsError, match=message):
        validate(replace(triaged, triage=Triage([replace(first, **change), other], 1.0, None)))


def test_lines_for_the_terminal(triaged: Results) -> None:
    assert triaged.triage is not None
    lines = triage_lines(replace(triaged.triage, problem="no compiler\nat all"))
    assert lines[0] == "triage: 2 buckets of failures"
    assert lines[1].startswith("  wrong-bits-first (4 replays): bits of results differ, only in ")
    assert lines[2].startswith(
        "    smallest tile: WG of 1 x 1x1x1 to 1 channels, 1x1 kernel, 22 cycles (from "
    )
    assert lines[4] == "    smaller pieces of it failed as hang-core: it may be the same cause"
    assert lines[5] == "    rerun: ./run triage build/x/triage/wrong-bits-first/shrunk.npz"
    assert lines[6:8] == ["  hang-core (2 replays): the core hangs", "    fc-FP: not examined"]
    assert lines[8] == "  ended early: no compiler"


# --- The whole way ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the small trace."""
    return write_small_trace(tmp_path_factory.mktemp("triage-trace"))


@pytest.fixture(scope="module")
def words(trace: Path) -> Callable[..., list[str]]:
    """Return the options of a run of the faulty design."""
    rtl = str(faulty_design())

    def make(folder: Path, *more: str) -> list[str]:
        chosen = ["--rtl", rtl, "--layers", "fc", "--no-coverage", "--no-history"]
        return arguments(folder, trace, *chosen, *more)

    return make


def test_a_regression_that_fails_is_triaged(words: Callable[..., list[str]], tmp_path: Path) -> None:
    status, out, err = regress_command(words(tmp_path))
    assert status == 1, err
    document = report(tmp_path)
    found = document["triage"]["buckets"]
    assert {one["name"]: one["replays"] for one in found} == {
        "wrong-bits-first": ["fc-FP", "fc-BP"],
        "assertion-a_dispatch.a_least_work": ["fc-WG"],
    }
    lines = out.splitlines()
    assert "triage: 2 buckets of failures" in lines
    assert lines[-1].startswith("report: ")
    latest = tmp_path / "out" / "latest"
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name != "latest"] == [
        latest.resolve().name
    ], "the report that was there before triage is replaced"
    files = links((latest / "index.html").read_text(encoding="utf-8"))
    assert len(files) == 8
    assert all((latest / file).is_file() for file in files)
    (raw,) = (tmp_path / "runs").glob("*/results.json")
    assert json.loads(raw.read_text(encoding="utf-8")) == document
    for one in found:
        assert f"rerun: {one['shrunk']['command']}" in out
        assert str(latest.resolve() / one["shrunk"]["file"]) in one["shrunk"]["command"], (
            "the copy that stays"
        )


def test_an_interrupted_triage_costs_neither_report_nor_verdict(
    words: Callable[..., list[str]], tmp_path: Path
) -> None:
    process = start(words(tmp_path))
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("triage: "):
            break
    assert set(statuses(report(tmp_path)).values()) == {"fail", "error"}, "the report is there before"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    document = report(tmp_path)
    assert document["triage"]["problem"] == "interrupted"
    assert len(document["triage"]["buckets"]) == 2
    assert "  ended early: interrupted" in out.splitlines()
