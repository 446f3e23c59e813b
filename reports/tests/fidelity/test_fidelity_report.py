"""The fidelity study's report: rows, page, documents, terminal; and what the command says when it cannot."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from golden.geometry import Step
from regressions.fidelity.records import Experiment, FidelityStudy, Machine, Mix, PointEnergy, Traffic
from regressions.json_codec import ResultsError
from reports import published
from reports.fidelity import __main__ as command
from reports.fidelity import page
from reports.fidelity.document import CSV, DOCUMENT, PAGE, ROWS, read, table, write
from reports.fidelity.figures import (
    energy_gain,
    fp8_share,
    part_rows,
    saved,
    shares,
    speed_gain,
    watts,
    zero_macs,
)
from reports.fidelity.row import Row, Standing, covered, near
from reports.fidelity.rows import rows
from reports.fidelity.terminal import lines
from reports.tests.fidelity.studies import experiment, network, study

PUBLISHED = (
    "about 43",
    "37\u202f% to 61",
    "about 80",
    "about 78",
    "38.9",
    "2.08",
    "1.76",
    "25.3 TFLOPS/W",
    "372",
    "4 mm x 4 mm",
    "no degradation",
)

NOWHERE = Path("nowhere")
"""A folder of reports without an accuracy study."""
W = Traffic(Step.FP, "W", 220, 220)


def row(made: FidelityStudy, name: str) -> Row:
    return next(one for one in rows(made, NOWHERE) if one.name.startswith(name))


def rendered(made: FidelityStudy) -> str:
    return page.render(made, rows(made, NOWHERE), DOCUMENT, CSV)


def said_of(made: FidelityStudy) -> list[str]:
    return lines(made, rows(made, NOWHERE))


# --- Figures ----------------------------------------------------------------------------------------


def test_gains_are_of_energies_and_cycles() -> None:
    made = study()
    assert energy_gain(made, Machine.SPARSE_FP16, 0) == pytest.approx(1.5)
    assert energy_gain(made, Machine.DENSE_FP16, 1, [Step.BP]) == pytest.approx(3.0)
    assert energy_gain(made, Machine.NO_BALANCER, 0, [Step.WG]) == pytest.approx(1.0)  # has no use of it
    assert 1 < (energy_gain(made, Machine.NO_BALANCER, 0) or 0) < 1.1
    assert speed_gain(made, Machine.DENSE_FP16) == pytest.approx(1.0)
    assert zero_macs(made) == pytest.approx(0.8 / 3)
    assert zero_macs(made, [Step.BP]) == 0
    (one,) = [one.run for one in made.layers if one.machine is Machine.FGMP and one.step is Step.BP]
    only = replace(made, layers=[one for one in made.layers if one.step is Step.BP])
    assert watts(only, 1) == pytest.approx(12 * one.watts(1))


def test_figures_without_layers() -> None:
    made = study(layers=False)
    assert zero_macs(made) is None
    assert energy_gain(made, Machine.DENSE_FP16, 0) is None
    assert row(made, "Energy gain over dense FP16").standing is Standing.PARTIAL
    assert "Gains over" not in rendered(made)


def test_parts_add_up() -> None:
    made = study()
    *parts, everything = part_rows(made, 0)
    assert everything.fp8 == pytest.approx(sum(one.fp8 for one in parts))
    assert everything.ratio == pytest.approx(2 / 3)
    assert sum(shares(made.sweep[0].run, 0).values()) == pytest.approx(1)


def test_shares_of_a_network() -> None:
    one = network("some")
    assert fp8_share(one, ["X"]) == pytest.approx(1 - 50 / (1000 - 450 - 3))
    assert saved(one) == pytest.approx(0.4)
    assert saved(one, ["W"]) == pytest.approx(0.4)


# --- Rows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "passes"), [(90.0, True), (109.9, True), (89.9, False), (None, False)])
def test_near(value: float | None, passes: bool) -> None:
    assert near(value, 100.0) is passes


def test_each_figure_has_its_row() -> None:
    made = rows(study(), NOWHERE)
    assert len(made) == 16
    for one in made:
        assert one.ours or one.standing is Standing.UNMEASURED, one.name
        assert one.how, one.name
        assert one.command.startswith("./run "), one.name
        assert one.reason or one.standing in (Standing.NEAR, Standing.UNPUBLISHED), one.name
        if one.standing is not Standing.UNPUBLISHED:
            assert one.source, one.name


def test_networks_with_and_without_batch_norm_bound_the_zeros_that_lack() -> None:
    """ResNet-18 has batch-norm: that the published share lies below that without it is no reason."""
    found = row(study(), "MACs with a zero input")
    assert found.standing is Standing.BOUNDED
    assert "0.1\u202f% and 50.0\u202f% zero" in found.reason
    assert row(study(experiments=False), "MACs with a zero input").standing is Standing.OPEN
    made = experiment(Experiment.NO_BATCH_NORM)
    same = replace(made, networks=[made.networks[0], made.networks[0]])
    unmoved = replace(study(), experiments=[same])
    assert row(unmoved, "MACs with a zero input").standing is Standing.OPEN


def test_input_sparsity_of_each_network_must_lie_in_the_range() -> None:
    assert row(study(), "Input sparsity").standing is Standing.NEAR
    made = experiment(Experiment.NETWORKS)
    outside = replace(made, networks=[*made.networks[:2], network("alexnet", x=0.7)])
    found = row(replace(study(), experiments=[outside]), "Input sparsity")
    assert found.standing is Standing.OPEN
    assert "outside: alexnet" in found.reason


@pytest.mark.parametrize("name", ["X and δ", "External memory access saved"])
def test_a_larger_batch_explains_traffic_only_where_it_comes_near(name: str) -> None:
    made = study()
    networks = experiment(Experiment.NETWORKS)
    first, *others = networks.networks
    heavy = replace(first, traffic=[*first.traffic, Traffic(Step.WG, "dW", 900, 900)])
    changed = replace(networks, networks=[heavy, *others])
    batch = experiment(Experiment.BATCH)
    batch = replace(batch, networks=[replace(first, traffic=[Traffic(Step.FP, "X", 780, 780 - 389), W])])
    far = row(replace(made, experiments=[changed, batch]), name)
    assert far.standing is Standing.EXPLAINED
    assert "with a batch of 16 it is" in far.reason
    same = replace(batch, networks=[heavy])
    assert row(replace(made, experiments=[changed, same]), name).standing is Standing.OPEN
    assert "--experiment batch" in row(replace(made, experiments=[changed]), name).reason
    alike = replace(networks, networks=[replace(batch.networks[0], name="resnet18"), *others])
    assert row(replace(made, experiments=[alike]), name).standing is Standing.NEAR


@pytest.mark.parametrize(
    "name", ["MACs with a zero", "Energy gain over dense", "Energy gain over sparse", "Power"]
)
def test_a_part_of_the_network_is_named_and_not_judged(name: str) -> None:
    assert row(study(), name).standing is not Standing.PARTIAL
    found = row(study(steps=61), name)
    assert found.standing is Standing.PARTIAL
    part = "3 of 61 layer steps: conv-FP, conv-BP, conv-WG"
    assert part in found.reason
    assert any(part in text for entry in found.ours for text in entry)
    assert not any("all layers" in what for what, _ in found.ours)


def test_a_part_of_the_network_is_named_in_tiles_and_gains() -> None:
    assert rendered(study()).count("of 61 layer steps") == 0
    assert rendered(study(steps=61)).count("of 61 layer steps") > 2 * 4 + 1
    assert "3 of 61 layer steps" in "\n".join(said_of(study(steps=61)))
    gain = row(study(steps=61), "Energy gain over no load balancer")
    assert ("all of it from", "3 of 61 layer steps: conv-FP, conv-BP, conv-WG") in gain.ours


def test_many_steps_are_named_in_part() -> None:
    made = study(steps=61)
    runs = [replace(one, layer=f"{one.layer}{place}") for place in range(2) for one in made.layers]
    text = "6 of 61 layer steps: conv0-FP, conv0-BP, conv0-WG, conv1-FP, ..."
    assert covered(replace(made, layers=runs)) == text


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("MACs with a zero", ["networks", "no-batch-norm"]),
        ("FP8 share", ["networks"]),
        ("X and δ", ["networks"]),
        ("External memory access saved", ["networks", "batch"]),
    ],
)
def test_figures_of_another_policy_than_the_runs_say_so(name: str, others: list[str]) -> None:
    def policies(made: FidelityStudy) -> list[tuple[str, str]]:
        return [one for one in row(made, name).ours if one[0].startswith("FGMP of experiment")]

    made = study()
    assert not policies(made)
    other = replace(made, run=replace(made.run, policy="fixed=0"))
    text = "share=0.2, not this run's fixed=0"
    assert policies(other) == [(f"FGMP of experiment {which}", text) for which in others]


def scaled(made: FidelityStudy, factor: float, kept: int) -> FidelityStudy:
    """Return the study with FP8 energies that are `factor` of FP16's, but in some parts the same."""
    dense = next(one.run for one in made.sweep if (one.mix, one.asked) == (Mix.FP16, 0.0))

    def cheaper(energy: PointEnergy) -> PointEnergy:
        logic = {
            part: pj * (1 if place < kept else factor)
            for place, (part, pj) in enumerate(energy.logic.items())
        }
        sram = {part: pj * factor for part, pj in energy.sram.items()}
        return replace(energy, logic=logic, sram=sram, leakage=energy.leakage * factor)

    run = replace(dense, energy=[cheaper(one) for one in dense.energy])
    sweep = [replace(one, run=run) if (one.mix, one.asked) == (Mix.FP8, 0.0) else one for one in made.sweep]
    return replace(made, sweep=sweep)


@pytest.mark.parametrize(
    ("factor", "kept", "standing", "if_shrunk"),
    [
        (0.25, 0, Standing.NEAR, None),
        (0.25, 4, Standing.EXPLAINED, "0.25"),
        (0.25, 5, Standing.OPEN, "0.32"),
        (0.70, 0, Standing.OPEN, "0.53"),
    ],
)
def test_parts_explain_fp8s_energy_only_if_they_make_up_for_it(
    factor: float, kept: int, standing: Standing, if_shrunk: str | None
) -> None:
    found = row(scaled(study(), factor, kept), "Energy of an FP8 operation")
    assert found.standing is standing
    if if_shrunk is None:
        assert not found.reason
    else:
        assert f"if these did, it would be {if_shrunk}" in found.reason


@pytest.mark.parametrize("name", ["Energy of an FP8 operation", "Energy efficiency"])
def test_figures_of_the_sweep_name_their_tile(name: str) -> None:
    assert ("tile", "conv-FP") in row(study(), name).ours


@pytest.mark.parametrize(("name", "figure"), [("Die", "4 mm x 4 mm"), ("Highest clock", "200 MHz")])
def test_what_is_published_alone_says_why_there_is_none_of_ours(name: str, figure: str) -> None:
    found = row(study(), name)
    assert found.published == figure
    assert found.standing is Standing.UNMEASURED
    assert not found.ours
    assert found.reason
    assert found.command == "./run power"


def test_what_no_experiment_measured_says_how_to() -> None:
    made = study(experiments=False)
    for name in ("Input sparsity", "FP8 share", "X and δ", "External memory access saved"):
        found = row(made, name)
        assert found.standing is Standing.UNMEASURED
        assert found.command == "./run fidelity --experiment networks"


def test_published_figures_stand_apart_from_ours() -> None:
    text = rendered(study())
    for figure in PUBLISHED:
        assert re.search(rf'<span class="published">[^<]*{re.escape(figure)}', text), figure


# --- Page, documents, terminal ----------------------------------------------------------------------


@pytest.mark.parametrize("rises", [True, False])
def test_page_is_offline_and_judges(rises: bool) -> None:
    text = rendered(study(rises=rises))
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", text)
    assert f'<span class="state">{"PASS" if rises else "FAIL"}</span>' in text
    assert ("Efficiency must rise" in text) is not rises
    assert text.count('class="reference published"') == 2  # a line at each operating point
    assert text.count('class="marked"') == 2


def test_page_without_experiments() -> None:
    text = rendered(study(experiments=False))
    assert 'id="networks"' not in text
    assert "Zeros by layer" not in text


def test_document_comes_back(tmp_path: Path) -> None:
    made = study(rises=False)
    folder = write(made, rows(made, NOWHERE), tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == sorted([PAGE, DOCUMENT, CSV])
    document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
    assert read(document, DOCUMENT) == made
    assert [one["name"] for one in document[ROWS]] == [one.name for one in rows(made, NOWHERE)]
    listed = list(csv.DictReader(io.StringIO(table(made))))
    assert len(listed) == 2 * len(made.sweep)
    assert float(listed[0]["tflops_per_watt"]) == pytest.approx(made.sweep[0].run.efficiency(0), rel=1e-5)


def test_a_document_of_another_kind_is_refused() -> None:
    document = json.loads(json.dumps({"schema": 7}))
    with pytest.raises(ResultsError, match=r"fidelity.json: schema: is 7, must be 2; make it anew"):
        read(document, DOCUMENT)
    with pytest.raises(ResultsError, match=r"fidelity.json: .*missing"):
        read({"schema": 2}, DOCUMENT)


def test_terminal_says_all() -> None:
    said = said_of(study())
    assert said[-1].startswith("PASS: efficiency rises")
    assert f"published {published.EFFICIENCY} TFLOPS/W (ISSCC 2019" in "\n".join(said)
    assert len([line for line in said if re.match(r" +(0|50|90)\u202f%", line)]) == 3
    fallen = said_of(study(rises=False))
    assert fallen[-1].startswith("FAIL: 2 times not")
    assert f"{Mix.FGMP} at 0.7 V, 50 MHz:" in fallen[-3]


# --- Command ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rises", "status"), [(True, 0), (False, command.FAILED)])
def test_exit_status(
    rises: bool,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "run", lambda options, tell: study(rises=rises))
    assert command.main(["--out", str(tmp_path)]) == status
    assert (tmp_path / "fidelity" / PAGE).is_file()
    assert "report: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--trace", "nowhere.safetensors"], "error: trace nowhere.safetensors: file: does not exist"),
        (["--tile", "layer9-FP"], "layer 'layer9': is not in the trace. Remedy"),
        (["--layers", "layer9"], "error: --layers layer9: no such layer in the trace"),
        (["--policy", "best"], "error: --policy best: choose share=SHARE"),
    ],
)
def test_what_cannot_be_done(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--out", str(tmp_path), *words]) == command.NOTHING_RUN
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir()), "no report"
