"""The study's report: figures, page, documents."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from golden.codecs import CODECS
from regressions.json_codec import ResultsError, encode
from regressions.traffic.records import CHIP, PLAIN, Pattern, total
from reports import ReportError
from reports.tests.traffic.studies import DENSITY, study
from reports.traffic import page
from reports.traffic.document import CSV, DOCUMENT, PAGE, read, table, write
from reports.traffic.figures import (
    best,
    best_run_length,
    chosen,
    codec_rows,
    data_share,
    fp8_share,
    least_share,
    takes_less,
    zero_share,
)
from reports.traffic.published import beside
from reports.traffic.terminal import lines


def test_rows_add_up() -> None:
    made = study()
    rows = {row.name: row for row in codec_rows(made)}
    assert list(rows) == list(CODECS)
    assert rows[PLAIN].ratio == 1.0
    assert set(rows[PLAIN].tensors) == set(rows[PLAIN].steps) == {1.0}
    for name, row in rows.items():
        assert row.bytes == sum(one.bytes[name] for one in made.transfers)
        assert row.ratio == row.bytes / rows[PLAIN].bytes
    assert rows["mask-fgmp"].tensors[-1] == 1.0, "dW"


def test_missing_tensors_and_codecs_leave_gaps() -> None:
    made = study(["fp16", "fp8"])
    forward = replace(made, transfers=[one for one in made.transfers if one.step == "FP"])
    row = codec_rows(forward)[1]
    assert row.tensors == [0.5, 0.5, None, 0.5, None, None]
    assert row.steps == [0.5, None, None]
    assert chosen(forward) == "fp8"
    assert best_run_length(forward, "fp16") is None
    assert data_share([], PLAIN, ("X",)) is None
    assert zero_share([], "X") is None
    assert fp8_share([], ("X",)) is None
    assert "rlc" not in page.render(forward, DOCUMENT, CSV)


def test_shares() -> None:
    made = study()
    assert zero_share(made.tensors, "X") == pytest.approx(1 - DENSITY["X"])
    assert fp8_share(made.tensors, ("X",)) == pytest.approx(5 / 6, abs=1e-3)
    shares = [data_share(made.transfers, PLAIN, (tensor,)) for tensor in DENSITY]
    assert sum(share for share in shares if share is not None) == pytest.approx(1)
    assert chosen(made) == CHIP
    assert best(made, made.names) == min(made.names, key=lambda name: total(made.transfers, name))


def test_each_tensor_under_its_best_codec() -> None:
    made = study(["fp16", "fgmp", "mask-fgmp"])
    best_of_all = sum(min(one.bytes["fgmp"], one.bytes["mask-fgmp"]) for one in made.transfers)
    plain = total(made.transfers, PLAIN)
    assert least_share(made, "fgmp") == best_of_all / plain
    assert best_of_all < min(total(made.transfers, name) for name in ("fgmp", "mask-fgmp"))
    assert least_share(made, "fp8") is None
    assert any("best for it" in line for line in lines(made))


def test_where_a_codec_takes_less() -> None:
    made = study(["fp16", "mask-fp16", "rlc4-fp16"])
    assert takes_less(made, "fp16", "mask-fp16") == [(1.0, 1.0)]
    assert takes_less(made, "mask-fp16", "fp16") == [(0.0, 0.9)]
    assert takes_less(made, "fp16", "fp16") == []
    doubled = [
        replace(one, bits={**one.bits, "fp16": 99.0}) if one.density == 0.5 else one for one in made.synthetic
    ]
    assert takes_less(replace(made, synthetic=doubled), "fp16", "rlc4-fp16") == [(0.8, 1.0)]


def test_published_figures_stand_apart_from_ours() -> None:
    listed = {one.name: one for one in beside(study())}
    saved = listed["EMA saved by FGMP in ResNet-18 training"]
    assert saved.published == "38.9\u202f%"
    assert [what for what, _ in saved.ours] == [
        "fgmp, all",
        "fgmp, without dW, which leaves in FP16",
        "mask-fgmp, all",
        "mask-fgmp, without dW, which leaves in FP16",
    ]
    assert all(one.source for one in listed.values())
    everything = lines(study(sample=16))
    assert any("published 38.9\u202f% (KAIST thesis 2020); here " in line for line in everything)
    assert everything[-1].startswith("a sample of 16 columns: ")
    assert not any("sample" in line for line in lines(study()))


def test_page_holds_everything_and_needs_nothing() -> None:
    text = page.render(study(sample=16), DOCUMENT, CSV)
    assert not re.search(r'(?:src|href)="https?:', text)
    for name in CODECS:
        assert f'<th scope="row">{name}</th>' in text
    assert text.count("<svg") == 4
    assert "published 61.1\u202f%" in text
    assert "A sample of 16 columns" in text
    assert "A sample of" not in page.render(study(), DOCUMENT, CSV)


def test_documents(tmp_path: Path) -> None:
    made = study()
    folder = write(made, tmp_path)
    assert folder == tmp_path / "traffic"
    assert sorted(path.name for path in folder.iterdir()) == sorted([PAGE, DOCUMENT, CSV])
    assert read(json.loads((folder / DOCUMENT).read_text(encoding="utf-8")), DOCUMENT) == made
    rows = list(csv.DictReader(io.StringIO(table(made))))
    assert len(rows) == len(made.transfers) * len(CODECS)
    for name in CODECS:
        found = sum(int(row["bytes"]) for row in rows if row["codec"] == name)
        assert found == total(made.transfers, name)
    write(study(["fp16"]), tmp_path)
    assert len(read(json.loads((folder / DOCUMENT).read_text(encoding="utf-8")), DOCUMENT).codecs) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 99}, "t.json: schema: is 99, must be 1; make it anew with ./run traffic"),
        ({"transfers": None}, "t.json: transfers: is 'None', must be a list; make it anew"),
        ({"more": 1}, "t.json: more: unknown field"),
    ],
)
def test_damaged_documents_are_refused(change: dict[str, object], message: str) -> None:
    document = encode(study(["fp16"])) | change
    with pytest.raises(ResultsError) as caught:
        read(document, "t.json")
    assert str(caught.value).startswith(message)
    with pytest.raises(ResultsError, match="schema: is None"):
        read([], "t.json")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(ReportError, match="file/traffic: was not written"):
        write(study(["fp16"]), blocked)


def test_patterns_are_drawn_apart() -> None:
    made = study(["fp16", "mask-fp16"])
    text = page.render(made, DOCUMENT, CSV)
    assert text.count('class="trend clustered') == 2
    assert {one.pattern for one in made.synthetic} == set(Pattern)
