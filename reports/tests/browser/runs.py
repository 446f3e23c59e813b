"""The pages under test: each from a run of another kind, and one that only extends the base."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jinja2
import numpy as np

from golden.geometry import ConvGeometry
from golden.seeds import derive_seed
from regressions.results import Gate, Replay, Results, summarise
from regressions.triage.records import Triage, TriageBucket, TriagedCase, Waves
from reports import page, validate
from reports.accuracy import page as accuracy_page
from reports.accuracy.document import DOCUMENT as ACCURACY_DOCUMENT
from reports.accuracy.document import RUNS as ACCURACY_RUNS
from reports.accuracy.document import TRACES as ACCURACY_TRACES
from reports.fidelity import page as fidelity_page
from reports.fidelity.rows import rows
from reports.gate.documents import faults_of
from reports.history import page as history_page
from reports.history.changes import History
from reports.page import failures
from reports.page.environment import environment
from reports.power import page as power_page
from reports.signoff import faults
from reports.signoff import page as signoff
from reports.signoff.markup import address
from reports.tests import synthetic, synthetic_chip
from reports.tests.accuracy import studies as accuracy_studies
from reports.tests.fidelity import studies as fidelity_studies
from reports.tests.gate import documents
from reports.tests.history.runs import history_of, on_day, slower
from reports.tests.power import studies as power_studies
from reports.tests.signoff import made_up
from reports.tests.signoff.test_coverage_pages import pages as signoff_pages
from reports.tests.traffic import studies
from reports.traffic import page as traffic_page
from reports.traffic.document import CSV, DOCUMENT
from tb.coverage.exclusions import Sources

COPIES = 3
"""How often the 62 replays stand in the page of a huge run."""
LONG_WORD = "x" * 300

SAMPLE = """
{% extends "base.html" %}
{% from "macros.html" import filters, heads, number, source with context %}
{% set title = "A page of its own" %}
{% set name = "a page of its own" %}
{% set sections = [("#table", "Table"), ("#code", "Code", 1)] %}
{% block style %}.own { color: inherit; }{% endblock %}
{% block script %}document.documentElement.dataset.own = "ran";{% endblock %}
{% block main %}
<section id="table"><h2>Table</h2>
{{ filters("sample", "modules", (("kind", "Kind", "all kinds", (("a", "a"), ("b", "b"))),), "core") }}
<table class="plain sortable" id="sample" aria-label="Modules">
{{ heads((("Module", "text"), ("Share", "number", "of all"), ("Note", "none"))) }}
<tbody>{% for name, kind, share in rows %}
<tr data-kind="{{ kind }}">
<th scope="row">{{ name }}</th>{{ number(share, share | percent) }}<td>note</td></tr>
{% endfor %}</tbody></table>
</section>
<section id="code"><h2>Code</h2><details><summary>some.sv</summary>
{{ source("some", "rtl/some.sv", lines) }}
</details></section>
{% endblock %}
"""


def core_run(name: str, *, broken: bool = False) -> Results:
    """Return a made-up run on one core; the same whoever asks."""
    return synthetic.results(_rng(name), broken=broken)


def chip_run(name: str, suite: str = "replay") -> Results:
    """Return a made-up run on the chip."""
    return synthetic_chip.results(_rng(name), suite)


def everything_differs() -> Results:
    """Return a run in which each replay has a mismatch with operands."""
    base, rng = core_run("everything differs"), _rng("mismatches")
    return _with(base, [synthetic.failed(one, rng, 2) for one in base.replays])


def triaged() -> Results:
    """Return a run whose failures triage has put into buckets; it examined one of the first."""
    base = core_run("triaged", broken=True)
    buckets = []
    for place, group in enumerate(failures.buckets(base)):
        members = [card.replay for card in group.cards]
        case = None if place else _triaged_case(members[0])
        buckets.append(
            TriageBucket(
                name=f"cause-{place}",
                reason=group.title,
                replays=[one.name for one in members],
                representative=members[0].name,
                original=case and replace(case, macs=case.macs * 1000, cycles=case.cycles * 1000),
                shrunk=case,
                trials=0 if place else 87,
                seconds=0.0 if place else 41.5,
                note="not examined" if place else "nothing smaller fails",
            )
        )
    results = replace(base, triage=Triage(buckets, 44.0, None))
    validate(results)
    return results


def _triaged_case(replay: Replay) -> TriagedCase:
    return TriagedCase(
        step=replay.step,
        geometry=ConvGeometry(replay.layer, 1, 1, 2, 2, 1, 1, 1, 0),
        columns=1,
        nonzeros_a=1,
        nonzeros_b=1,
        macs=1,
        cycles=23,
        event="the first wrong row leaves the core",
        message="1 of 4 elements differ",
        file="triage/cause-0/shrunk.npz",
        command="./run triage reports/out/latest/triage/cause-0/shrunk.npz",
        waves=Waves("triage/cause-0/shrunk.vcd", 0, 3, 23, 17, 17_000, 48_200),
    )


def awkward() -> Results:
    """Return a run of errors with long lines, long words, long names and markup in them."""
    base = core_run("awkward", broken=True)
    message = f"<b>{LONG_WORD}</b> {'word ' * 80}\n" * 40
    replays = list(base.replays)
    for at in (0, 5, 9):
        name = f"stage{at}.{'block.' * 8}conv" if at else LONG_WORD[:80]
        one = replace(replays[at], layer=name, rerun=f"./run regress --layers {name} --trace {LONG_WORD}")
        replays[at] = synthetic.unfinished(one, message)
    gates = [Gate("results equal " * 12, False, message), Gate(LONG_WORD, True, LONG_WORD)]
    git = replace(base.run.git, dirty=True)
    run = replace(base.run, command=f"./run regress --trace {LONG_WORD}", git=git)
    changed = replace(base, run=run, replays=replays, summary=summarise(replays, gates, len(replays)))
    validate(changed)
    return changed


def huge() -> Results:
    """Return a run on the chip of several times 62 replays."""
    base = chip_run("huge")
    replays = [replace(one, layer=f"{one.layer}@{copy}") for copy in range(COPIES) for one in base.replays]
    return _with(base, replays)


def nothing() -> Results:
    """Return a run in which nothing ran."""
    return _with(replace(core_run("nothing"), coverage=None), [])


def sample() -> str:
    """Return a page that is none of the report's: what another page gets by extending the base."""
    lines = [
        {
            "number": at,
            "text": f"assign out_{at} = in_{at} {'+ 1 ' * at};",
            "state": ("hit", "missed", "excluded", "")[at % 4],
            "count": str(7 * at),
            "note": "never false" if at == 5 else "",
        }
        for at in range(1, 60)
    ]
    rows = [("sparse_core", "a", 0.5), ("pe10", "b", 1.0), ("pe9", "a", None), ("a_feeder", "b", 0.09)]
    made = environment(jinja2.DictLoader({"sample.html": SAMPLE}))
    return made.get_template("sample.html").render(lines=lines, rows=rows)


def history() -> str:
    """Return the page of the history of runs on core and chip in which figures changed now and then."""
    core, chip = core_run("history"), chip_run("history, chip")
    nights = [
        on_day(core, day, slower("layer2.1.conv2-WG", 1.02) if day % 5 > 2 else None, wall_s=60.0 + day)
        for day in range(14)
    ]
    nights[9] = on_day(core_run("history, broken", broken=True), 9)
    nights += [on_day(chip, day, slower("fc-FP", 1 + day / 100)) for day in range(3)]
    with tempfile.TemporaryDirectory() as folder:
        known = History(history_of(Path(folder), nights))
    return history_page.render(known, known.events(), None)


def campaign() -> str:
    """Return the page of a fault campaign."""
    return faults.render(faults_of(documents.faults()), Sources(), Path("nowhere"))


def coverage() -> dict[str, str]:
    """Return the pages of a coverage run that missed a branch and some bits, and excluded another."""
    run = made_up.without(made_up.collected(), made_up.IF, made_up.ELSE, *made_up.BITS[:3])
    with tempfile.TemporaryDirectory() as folder:
        made_up.write_source(
            Path(folder), "\n".join(f"  assign a[{at}] = {'b + ' * at}c;" for at in range(60))
        )
        return signoff_pages(run, made_up.EXCLUSION, root=Path(folder))


def traffic() -> str:
    """Return the page of a traffic study of a sample."""
    return traffic_page.render(studies.study(sample=16), DOCUMENT, CSV)


def accuracy() -> str:
    """Return the page of an accuracy study in which a run diverged, with traces."""
    made = accuracy_studies.study(
        diverged=("fp8-e4m3", 2), traces=[accuracy_studies.moment(updates) for updates in (0, 180, 360)]
    )
    return accuracy_page.render(made, ACCURACY_DOCUMENT, ACCURACY_RUNS, ACCURACY_TRACES)


def fidelity() -> str:
    """Return the page of a fidelity study whose efficiency does not rise."""
    made = fidelity_studies.study(rises=False)
    return fidelity_page.render(made, rows(made, Path("nowhere")), "fidelity.json", "sweep.csv")


def power() -> str:
    """Return the page of a power study that predicts a ratio too badly."""
    return power_page.render(power_studies.study(0.2), "power.json", "tiles.csv")


RUNS: dict[str, Callable[[], Results]] = {
    "passing": lambda: core_run("passing"),
    "failing": lambda: core_run("failing", broken=True),
    "everything differs": everything_differs,
    "triaged": triaged,
    "awkward": awkward,
    "chip": lambda: chip_run("chip"),
    "iteration": lambda: replace(chip_run("iteration", "iteration"), coverage=None),
    "huge": huge,
    "nothing": nothing,
}
OTHERS: dict[str, Callable[[], str]] = {
    "sample": sample,
    "history": history,
    "faults": campaign,
    "coverage": lambda: coverage()[signoff.INDEX],
    "traffic": traffic,
    "accuracy": accuracy,
    "power": power,
    "fidelity": fidelity,
    "source": lambda: coverage()[address(made_up.RTL)],
}
"""Pages of no run. A page that is added here gets each test of pages in general."""
PAGES = [*RUNS, *OTHERS]
SMALLER_PAGES = [name for name in PAGES if name != "huge"]
"""For what does not depend on the number of rows, and takes long on so many."""


def text_of(name: str) -> str:
    """Return the page of that name."""
    return OTHERS[name]() if name in OTHERS else page.render(RUNS[name]())


def _with(base: Results, replays: list[Replay]) -> Results:
    changed = replace(base, replays=replays)
    gates = [*base.summary.gates, Gate("replays", bool(replays), f"{len(replays)} ran")]
    return replace(changed, summary=summarise(replays, gates, len(replays)))


def _rng(name: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(f"page of a run: {name}", 1))
