"""The power study's report: page, documents, terminal; and what the command says when it cannot."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from golden.power.calibration import load_calibration
from golden.power.components import Component
from golden.power.events import FOLLOWS
from regressions.json_codec import ResultsError, encode
from regressions.power.records import Role, Variant
from reports.power import __main__ as power
from reports.power import page
from reports.power.__main__ import NOTHING_RUN, main
from reports.power.document import CSV, DOCUMENT, PAGE, read, table, write
from reports.power.figures import component_rows, per_mac, point_rows, ratio_rows, wire_rows
from reports.power.terminal import lines
from reports.tests.power.studies import study


def test_rows() -> None:
    made = study(0.1)
    rows = {row.what: row for row in ratio_rows(made)}
    assert rows["FP8 to FP16 energy a MAC"].measured == pytest.approx(0.5)
    assert rows["FP8 to FP16 energy a MAC"].worst == pytest.approx(0.0, abs=1e-12)
    assert rows["sparse to dense energy"].worst == pytest.approx(0.1)
    assert per_mac(made, Variant.FP16, "adder") == pytest.approx(1e6 * 2 / 50_000)
    assert [(row.wire, row.assumed) for row in wire_rows(made)] == [("0", False), ("0.5", True), ("1", False)]
    first = point_rows(made)[0]
    assert (first.watts, first.chip_watts, first.published) == pytest.approx((3e-3, 36e-3, 43e-3))


def test_errors_by_component() -> None:
    made = study()
    tested = [one for one in made.tiles if one.role is Role.VALIDATION]
    wrong = tested[2]
    wrong.model["clock"] = 0.7 * wrong.gates["clock"]
    for one in tested:
        one.gates["balancer"] = 0.0
    rows = {row.component: row for row in component_rows(made)}
    assert set(rows) == {one.value for one in Component} - {"balancer"}
    assert sum(row.share for row in rows.values()) == pytest.approx(1)
    assert rows["clock"].worst == pytest.approx(-0.3)
    assert rows["clock"].tile == wrong.name
    assert rows["clock"].of_tile == pytest.approx(-0.3 * wrong.gates["clock"] / wrong.measured)
    assert rows["adder"].worst == pytest.approx(0.05)
    assert rows["adder"].error == pytest.approx(0.05 / 5), "one variant of five"
    said = "\n".join(lines(made))
    assert re.search(rf"clock, .* of the energy: .* by −30.0.% at worst \({wrong.name}; ", said)
    text = page.render(made, DOCUMENT, CSV)
    row = rf'<th scope="row">clock</th>(?:(?!</tr>).)*−30.0.%</td>\s*<td>{wrong.name}</td>'
    assert re.search(row, text, re.DOTALL)


def test_the_multiplier_is_split_by_precision() -> None:
    made = study()
    assert point_rows(made)[0].multiplier == {"FP8": 75.0, "FP16": 25.0}
    assert any("multiplier 75.0\u202fpJ FP8, 25.0\u202fpJ FP16 a tile" in line for line in lines(made))
    text = page.render(made, DOCUMENT, CSV)
    assert text.count('data-v="75.0">75.0\u202fpJ</td>') == len(made.points)
    assert "multiplier of FP16 MACs –, 3" in text


def test_document_comes_back(tmp_path: Path) -> None:
    made = study()
    folder = write(made, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == sorted([PAGE, DOCUMENT, CSV])
    document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
    assert read(document, DOCUMENT) == made
    rows = list(csv.DictReader(io.StringIO(table(made))))
    assert len(rows) == len(made.tiles) * len(Component)
    first = made.tiles[0]
    assert float(rows[0]["gates_pj"]) == pytest.approx(first.gates["multiplier"])
    split = [float(rows[0][f"events_{precision}_pj"]) for precision in ("fp8", "fp16")]
    assert split == pytest.approx(list(first.model_multiplier.values()))
    assert {row["events_fp8_pj"] for row in rows if row["component"] != "multiplier"} == {""}


def test_a_document_of_another_kind_is_refused() -> None:
    document = encode(study())
    with pytest.raises(
        ResultsError, match=r"power.json: schema: is 7, must be 2; make it anew with ./run power"
    ):
        read({**document, "schema": 7}, DOCUMENT)
    del document["node_scale"]
    with pytest.raises(ResultsError, match=r"power.json: node_scale: missing"):
        read(document, DOCUMENT)


def test_page_is_offline_and_says_what_is_calibrated() -> None:
    made = study()
    text = page.render(made, DOCUMENT, CSV)
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", text)
    assert "Calibrated constants" in text
    events = FOLLOWS[Component.CLOCK]
    assert text.count('<tr><th scope="row">clock</th><td><code>') == len(events)
    assert "PASS" in text
    assert "36 mW" in text


def test_page_of_a_core_that_no_chip_has() -> None:
    text = page.render(study(chip=False), DOCUMENT, CSV)
    assert "43 mW" not in text


@pytest.mark.parametrize(("error", "verdict"), [(0.05, "PASS"), (0.2, "FAIL")])
def test_verdict_is_said(error: float, verdict: str) -> None:
    made = study(error)
    assert lines(made)[-1].startswith(f"{verdict}: worst error of a ratio {100 * error:.1f}")
    assert f'<span class="state">{verdict}</span>' in page.render(made, DOCUMENT, CSV)


def test_constants_are_printed() -> None:
    said = "\n".join(lines(study()))
    assert "calibrated, pJ an event at 1 V of small:" in said
    assert "  multiplier macs_fp8: 1.5" in said
    assert "calibrated, to 45 nm and 0.9 V: x 0.01" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--calibrate", "layer9-FP", "fc-WG"],
            "layer 'layer9': is not in the trace. Remedy",
        ),
        (["--preset", "lnpu"], "error: --preset lnpu: it has 12 cores"),
        (["--trace", "nowhere.safetensors"], "error: trace nowhere.safetensors: file: does not exist"),
        ([], "nothing.lib: cannot be read"),
    ],
)
def test_what_cannot_be_done(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--liberty", "nothing.lib", "--out", str(tmp_path), *words]) == NOTHING_RUN
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir()), "no report"


@pytest.mark.parametrize(("error", "saved"), [(0.05, True), (0.2, False)])
def test_constants_are_saved_if_the_study_passes(
    error: float,
    saved: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "calibration.json"
    path.write_text("as it was", encoding="utf-8")
    monkeypatch.setattr(power, "run", lambda *_: study(error))
    monkeypatch.setattr(power, "CALIBRATION", path)
    words = ["--liberty", "some.lib", "--out", str(tmp_path / "out"), "--save-constants"]
    assert main(words) == (0 if saved else power.FAILED)
    assert ("is left as it was" in capsys.readouterr().out) is not saved
    if not saved:
        assert path.read_text(encoding="utf-8") == "as it was"
        return
    assert load_calibration(path).constants[Component.CLOCK]["cycles"] == pytest.approx(1.5e-12)
    assert json.loads(path.read_text(encoding="utf-8"))["source"]["commit"] == "0" * 40


def test_constants_that_none_could_read_are_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "calibration.json"
    monkeypatch.setattr(power, "run", lambda *_: study(chip=False))
    monkeypatch.setattr(power, "CALIBRATION", path)
    words = ["--liberty", "some.lib", "--out", str(tmp_path / "out"), "--save-constants"]
    assert main(words) == NOTHING_RUN
    assert "source.preset is 'tiny', must be 'core'" in capsys.readouterr().err
    assert not path.exists()
