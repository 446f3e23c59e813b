"""The page holds every replay and failure, asks for nothing from outside, and survives odd runs."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from golden.energy import ESTIMATE_NOTE
from golden.geometry import Step
from regressions.results import Gate, Replay, Results, Status, summarise
from reports import page, validate
from reports.page.failures import anchor, buckets, common_traits
from reports.tests import synthetic
from reports.text import count

VOID = {"meta", "link", "input", "br", "img"}


class Outline(HTMLParser):
    """Reads a page: tags balanced, ids, addresses, and the text of each row of the table of replays."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.rows: dict[str, list[str]] = {}
        self.tags: list[str] = []
        self._row: list[str] | None = None
        self._row_depth = 0
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        if tag not in VOID:
            self.stack.append(tag)
        if values.get("id"):
            self.ids.append(values["id"] or "")
        self.addresses += [
            values[name] or "" for name in ("href", "src", "action", "xlink:href") if name in values
        ]
        if tag == "tr" and "replay" in (values.get("class") or "").split():
            self._row = self.rows.setdefault(f"{values['data-layer']}-{values['data-step']}", [])
            self._row_depth = len(self.stack)
        elif self._row is not None and tag in ("td", "th") and len(self.stack) == self._row_depth + 1:
            self._row.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag
        if self._row is not None and len(self.stack) < self._row_depth:
            self._row = None

    def handle_data(self, data: str) -> None:
        if self._row:
            self._row[-1] += data.strip()


def test_every_replay_has_its_row(broken: Results) -> None:
    rows = Outline(page.render(broken)).rows
    assert list(rows) == [replay.name for replay in broken.replays]
    for replay in broken.replays:
        layer, step, status, cycles, *_ = rows[replay.name]
        assert (layer, step) == (replay.layer, replay.step)
        assert status.endswith(replay.status)
        assert cycles == count(replay.cycles)


def test_rows_carry_what_they_sort_by(broken: Results) -> None:
    text = page.render(broken)
    keys = [
        re.findall(r'data-v="([^"]*)"', row) for row in re.findall(r'<tr class="replay .*?</tr>', text, re.S)
    ]
    order = {Status.FAIL: "0", Status.ERROR: "1", Status.PASS: "2"}
    for index, (key, replay) in enumerate(zip(keys, broken.replays, strict=True)):
        assert key[:3] == [str(index), replay.step, order[replay.status]]
        assert key[3] == ("" if replay.cycles is None else str(replay.cycles))
        assert key[5] == ("" if replay.utilization is None else str(replay.utilization))
        assert len(key) == 12


@pytest.mark.parametrize("is_broken", [False, True], ids=["passing", "broken"])
def test_the_page_asks_for_nothing_from_outside(rng: np.random.Generator, is_broken: bool) -> None:
    text = page.render(synthetic.results(rng, broken=is_broken))
    outline = Outline(text)
    assert all(address.startswith("#") or address == "data:," for address in outline.addresses)
    assert not re.search(r"https?:|//\w|@import|url\(", text.replace("golden/", ""))
    assert not {"img", "iframe", "object", "embed", "audio", "video"} & set(outline.tags)


def test_links_lead_somewhere(broken: Results) -> None:
    outline = Outline(page.render(broken))
    targets = [address.removeprefix("#") for address in outline.addresses if address.startswith("#")]
    assert set(targets) <= set(outline.ids)
    assert len(set(outline.ids)) == len(outline.ids)
    for replay in broken.replays:
        assert (anchor(replay) in outline.ids) == (replay.status is not Status.PASS)


def test_names_that_are_nearly_alike_have_addresses_of_their_own(broken: Results) -> None:
    failures = [one for one in broken.replays if one.status is not Status.PASS]
    names = ("a.b", "a_b", "a-b", "a b", "a..b", "a_2e_b", "ä.b")
    step = failures[0].step
    replays = [replace(failures[0], layer=name) for name in names]
    assert len({anchor(one) for one in replays}) == len(names)
    outline = Outline(page.render(replace(broken, replays=replays)))
    assert len(set(outline.ids)) == len(outline.ids)
    assert anchor(replace(failures[0], layer="layer2.0.conv1")) == f"replay-layer2-0-conv1-{step}"


def test_buckets_that_are_nearly_alike_have_addresses_of_their_own(broken: Results) -> None:
    failures = [one for one in broken.replays if one.status is Status.ERROR][:2]
    messages = ("assertion a.b failed", "assertion a_b failed")
    replays = [replace(one, message=text) for one, text in zip(failures, messages, strict=True)]
    found = buckets(replace(broken, replays=replays, triage=None))
    assert len({one.anchor for one in found}) == 2


def test_a_failure_shows_operands_values_and_command(broken: Results) -> None:
    text = page.render(broken)
    for replay in broken.replays:
        if replay.failure is None:
            continue
        card = text.partition(f'id="{anchor(replay)}"')[2].partition("</details>")[0]
        for part in (
            replay.failure.expected_hex,
            replay.failure.actual_hex,
            replay.failure.rerun_waves,
            replay.rerun,
        ):
            assert part in card
        operands = card.partition('class="plain operands"')[2]
        for operand in replay.failure.operands:
            assert f'<th scope="row">{operand.k}</th><td>{operand.a_hex}</td>' in operands
        assert operands.count("<td>skipped</td>") == sum(one.a == 0 for one in replay.failure.operands)


def test_an_error_shows_message_and_command(broken: Results) -> None:
    text = page.render(broken)
    card = text.partition('id="replay-fc-FP"')[2].partition("</details>")[0]
    assert "no result after 48,004 cycles" in card
    assert "last handshake: row 37 &lt;i&gt;" in card
    assert "./run regress --layers fc --steps FP --seed 1" in card


def test_what_it_was_built_on_and_gates(broken: Results) -> None:
    text = page.render(broken)
    for part in (
        "8e645ed1c0ff",
        "uncommitted changes",
        "sample.safetensors",
        "97.2",
        "5.048",
        "built in 41.2",
    ):
        assert part in text
    for gate in broken.summary.gates:
        assert gate.detail in text
    assert ESTIMATE_NOTE in text


def test_published_figures_stand_beside_ours(passing: Results) -> None:
    section = page.render(passing).partition('id="published"')[2].partition("</section>")[0]
    macs = sum(replay.macs_total or 0 for replay in passing.replays)
    skipped = sum(replay.macs_skipped or 0 for replay in passing.replays)
    assert f"<b>{100 * skipped / macs:.1f}\u202f%</b>" in section
    for figure in ("43", "38.9", "80"):
        assert re.search(rf'class="published">(about )?{figure}\u202f%', section)
    assert "batch-norm" in section


def test_missed_coverage_is_listed(passing: Results) -> None:
    section = page.render(passing).partition('id="coverage"')[2]
    assert passing.coverage is not None
    for point in passing.coverage.missed:
        assert f"{point.file}:{point.line}" in section
        assert point.name in section


def test_text_from_outside_is_never_markup(broken: Results) -> None:
    evil = '"><script>alert(1)</script>\x1b[31m'
    index = next(at for at, one in enumerate(broken.replays) if one.status is Status.ERROR)
    shown = replace(broken.replays[index], message=evil, rerun=evil, stalls={evil: 1})
    broken.replays[index] = shown
    gates = [Gate(evil, False, evil)]
    run = replace(broken.run, command=evil, suite=evil, tools={**broken.run.tools, evil: evil})
    text = page.render(replace(broken, run=run, summary=summarise(broken.replays, gates, 62)))
    assert Outline(text).tags.count("script") == 1
    assert "\x1b" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def only(results: Results, replays: list[Replay]) -> Results:
    gates = [*results.summary.gates, Gate("always broken", False, "")]
    return replace(results, replays=replays, summary=summarise(replays, gates, len(replays)))


def test_odd_runs_render(passing: Results, rng: np.random.Generator) -> None:
    runs = {
        "one replay": passing.replays[:1],
        "one step": [replay for replay in passing.replays if replay.step is Step.WG],
        "nothing finished": [synthetic.unfinished(replay, "compiler failed") for replay in passing.replays],
        "all differ": [synthetic.failed(replay, rng, 2) for replay in passing.replays],
        "nothing": [],
        "no balancer figures": [
            replace(one, model_cycles_balancer_off=None, utilization_balancer_off=None)
            for one in passing.replays
        ],
        "no energy": [
            replace(one, energy_pj=replace(one.energy_pj, **dict.fromkeys(vars(one.energy_pj), 0.0)))
            for one in passing.replays
            if one.energy_pj
        ],
    }
    for name, replays in runs.items():
        results = only(passing, replays)
        validate(results)
        assert len(Outline(page.render(results)).rows) == len(replays), name
    bare = replace(only(passing, passing.replays), coverage=None, run=replace(passing.run, trace=None))
    validate(bare)
    assert "No coverage was merged" in page.render(bare)


def test_a_long_run_of_alike_errors_is_one_group(passing: Results) -> None:
    replays = [
        synthetic.unfinished(one, f"{one.layer}: hung after {at} cycles")
        for at, one in enumerate(passing.replays)
    ]
    text = page.render(only(passing, replays))
    assert text.count('<div class="bucket">') == 1
    assert text.count('<details class="card error"') == 62
    assert len(re.findall(r'<details class="card error"[^>]* open', text)) == 2


def test_what_broken_replays_share(broken: Results) -> None:
    members = [one for one in broken.replays if one.mismatches and one.step is Step.WG]
    traits = common_traits(members, broken.replays)
    passed = [one for one in broken.replays if one.status is Status.PASS]
    strided = sum(one.geometry.stride == 2 for one in passed)
    assert f"stride 2 ({strided} passing)" in traits
    assert "all of these at once (none passing)" in traits
    assert "first mismatch in PE line 5" in traits
    assert common_traits(members[:1], broken.replays) == []
