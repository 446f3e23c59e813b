"""What the report shows of a chip: rooflines to scale, pictures of its cores, traffic by tensor, SRAM."""

from __future__ import annotations

import base64
import csv
import io
import math
import re
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest

from golden.geometry import Step
from regressions.gates import chip_gates
from regressions.results import HitTotal, Replay, Results, summarise
from reports import page, replays_csv, validate
from reports.iteration import iteration_lines
from reports.page import chip_charts
from reports.page.chip import chip_page, pictures, traffic_rows, traffic_sums
from reports.page.heat import LEVELS, heat_png
from reports.page.rows import columns
from reports.page.totals import total, under_roof_target
from reports.schema import ResultsError
from reports.tests import synthetic_chip
from reports.tests.test_charts import attributes
from reports.tests.test_page import Outline


@pytest.fixture
def chip(rng: np.random.Generator) -> Results:
    """Results of a run on the chip in which everything passed."""
    return synthetic_chip.results(rng)


def changed(results: Results, index: int, replay: Replay) -> Results:
    """Return results with one replay changed; gates and verdict follow."""
    replays = [replay if at == index else one for at, one in enumerate(results.replays)]
    assert results.run.hardware is not None
    gates = chip_gates(replays, results.run.hardware)
    return replace(results, replays=replays, summary=summarise(replays, gates, len(replays)))


def unpack(png: bytes) -> tuple[tuple[int, int], list[list[int]]]:
    """Read a PNG of palette pixels without filters: size, and the level of each pixel."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, data, size = 8, b"", (0, 0)
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        if kind == b"IDAT":
            data += body
        at += 12 + length
    lines = zlib.decompress(data)
    width = size[0] + 1
    rows = [lines[start : start + width] for start in range(0, len(lines), width)]
    assert all(row[0] == 0 for row in rows)
    return size, [list(row[1:]) for row in rows]


# --- The whole page ---------------------------------------------------------------------------------


def test_a_sound_run_on_the_chip_is_reported(chip: Results) -> None:
    validate(chip)
    validate(Results.from_json(chip.to_json()))
    assert chip.summary.exit_status == 0
    outline = Outline(page.render(chip))
    assert "chip" in outline.ids
    assert all(address.startswith(("#", "data:")) for address in outline.addresses)
    assert len(outline.rows) == 62


def test_a_run_on_one_core_has_no_chip(passing: Results) -> None:
    assert chip_page(passing) is None
    assert "chip" not in Outline(page.render(passing)).ids
    assert [column.label for column in columns("chip")] != [column.label for column in columns("core")]


def test_the_table_shows_the_share_of_the_roof(chip: Results) -> None:
    place = [column.label for column in columns("chip")].index("Of roof")
    rows = Outline(page.render(chip)).rows
    for replay in chip.replays:
        assert replay.chip is not None
        assert rows[replay.name][place] == f"{replay.chip.roofline.reached:.2f}"


def test_the_whole_runs_share_of_the_roof_is_a_ratio_of_sums(chip: Results) -> None:
    least = [
        max(one.chip.roofline.compute_cycles, one.chip.roofline.memory_cycles)
        for one in chip.replays
        if one.chip is not None
    ]
    cycles = sum(one.cycles or 0 for one in chip.replays)
    assert total(chip.replays).roof_reached == pytest.approx(sum(least) / cycles)


def test_the_roofs_target_is_of_3x3_kernels(chip: Results) -> None:
    chosen = under_roof_target(chip)
    assert {one.step for one in chosen} == {Step.FP, Step.WG}
    assert {one.geometry.kernel for one in chosen} == {3}


def test_the_csv_has_the_chips_columns(chip: Results, passing: Results) -> None:
    rows = list(csv.DictReader(io.StringIO(replays_csv.render(chip))))
    for row, replay in zip(rows, chip.replays, strict=True):
        assert replay.chip is not None
        assert float(row["roofline_reached"]) == replay.chip.roofline.reached
        assert int(row["detached"]) == 0
    assert "roofline_reached" not in replays_csv.columns(passing)


# --- Pictures ---------------------------------------------------------------------------------------


def test_heat_maps_hold_the_values() -> None:
    size, levels = unpack(heat_png([[0, 0.5, 1], [1.7, -3, 0.25]]))
    assert size == (3, 2)
    assert levels == [[0, 32, LEVELS - 1], [LEVELS - 1, 0, 16]]


@pytest.mark.parametrize("rows", [[], [[]], [[0.1], [0.1, 0.2]]])
def test_heat_maps_of_nothing(rows: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="rows of the same length"):
        heat_png(rows)


def test_each_replay_has_its_picture(chip: Results) -> None:
    found = dict(pictures(chip.replays))
    assert list(found) == list(dict.fromkeys(one.layer for one in chip.replays))
    assert found["conv1"][1] is None, "it has no BP"
    replay = next(one for one in chip.replays if one.name == "layer2.0.conv1-BP")
    picture = found["layer2.0.conv1"][1]
    assert picture is not None
    assert replay.chip is not None
    size, levels = unpack(base64.b64decode(picture.source.partition(",")[2]))
    assert size == (synthetic_chip.BINS, synthetic_chip.PRESET.cores)
    expected = np.round(np.array(replay.chip.occupancy.busy) * (LEVELS - 1))
    assert np.abs(np.array(levels) - expected).max() <= 1


def test_dots_of_the_roofline_lie_where_the_values_do(chip: Results) -> None:
    chart = chip_charts.roofline_plane(chip.replays, synthetic_chip.PES, synthetic_chip.BYTES_PER_CYCLE).chart
    dots = [
        (float(dot["cx"]), float(dot["cy"]))
        for css in chip_charts.STEP_CLASS.values()
        for dot in attributes(chart, "circle", f"point {css}")
    ]
    replays = [one for step in Step for one in chip.replays if one.step is step]
    assert len(dots) == len(replays) == 62
    x = np.log10([one.chip.roofline.intensity for one in replays if one.chip is not None])
    y = np.log10([one.utilization or 0 for one in replays])
    for values, places in ((x, [dot[0] for dot in dots]), (y, [dot[1] for dot in dots])):
        slope, start = np.polyfit(values, places, 1)
        assert np.abs(slope * values + start - places).max() < 0.2
    ends = re.findall(r'<polyline class="roof" points="([^"]*)"', chart)[0].split()
    (_, _), (ridge, top), (_, level) = [tuple(map(float, end.split(","))) for end in ends]
    assert top == level
    slope, start = np.polyfit(x, [dot[0] for dot in dots], 1)
    assert ridge == pytest.approx(slope * math.log10(synthetic_chip.PES / 64) + start, abs=0.3)


def test_bars_of_the_roofline(chip: Results) -> None:
    chart = chip_charts.roofline_rows(chip.replays).chart
    bars = attributes(chart, "rect", "fill speed")
    roofs = attributes(chart, "line", "ideal")
    replays = [one for step in Step for one in chip.replays if one.step is step]
    for bar, roof, one in zip(bars, roofs, replays, strict=True):
        assert one.chip is not None
        full = (float(roof["x1"]) - float(bar["x"])) / one.chip.roofline.attainable
        assert float(bar["width"]) == pytest.approx(full * (one.utilization or 0), abs=1)


# --- Traffic ----------------------------------------------------------------------------------------


def test_traffic_adds_up(chip: Results) -> None:
    rows, sums = traffic_rows(chip.replays), {one.name: one for one in traffic_sums(chip.replays)}
    assert {(one.step, one.name) for one in rows} >= {("FP", "X"), ("BP", "δ"), ("WG", "dW")}
    everything = sums["everything"].moved
    assert sum(one.moved.total for one in rows) == everything.total
    assert everything.total == sum(one.ema_bytes or 0 for one in chip.replays)
    assert sums["reads"].moved.total + sums["writes"].moved.total == everything.total
    outputs = sum(one.moved.written for one in rows if one.name in ("Y", "δ of the layer before (dX)"))
    assert sums["reads and FGMP outputs"].moved.total == sums["reads"].moved.total + outputs
    saved = sums["reads"].saved
    assert saved == pytest.approx(1 - sums["reads"].moved.read / sums["reads"].moved.plain_read)


def test_bars_of_traffic_are_shares_of_plain_fp16(chip: Results) -> None:
    chart = chip_charts.tensor_traffic(chip.replays).chart
    plain = attributes(chart, "rect", "fill plain")
    results = attributes(chart, "rect", f"fill {chip_charts.RESULT_CLASS}")
    replays = [one for step in Step for one in chip.replays if one.step is step]
    assert len(plain) == len(results) == len(replays)
    for full, part, one in zip(plain, results, replays, strict=True):
        assert one.chip is not None
        share = list(one.chip.traffic.values())[2].total / (one.ema_bytes_fp16 or 1)
        assert float(part["width"]) / float(full["width"]) == pytest.approx(share, abs=0.003)


# --- What must not pass -----------------------------------------------------------------------------


def test_contradictions_are_named(chip: Results) -> None:
    one = chip.replays[4]
    assert one.chip is not None
    where = r"^replays\[4\] \(layer1\.0\.conv1-WG\)\."
    for change, message in (
        ({"chip": None}, "chip: is null in a run on the chip"),
        ({"chip": replace(one.chip, image_mismatches=3)}, "chip.image_mismatches: is 3 in a replay that"),
        ({"chip": replace(one.chip, image_bytes=0)}, "chip.image_bytes: is 0"),
        ({"ema_bytes": 5}, "chip.traffic: adds up to"),
        ({"ema_bytes_fp16": 5}, "chip.traffic: adds up to"),
    ):
        with pytest.raises(ResultsError, match=where + message):
            validate(changed(chip, 4, replace(one, **change)))


def test_levels_and_hardware_belong_together(chip: Results, passing: Results) -> None:
    with pytest.raises(ResultsError, match="hardware: is null in a run on the chip"):
        validate(replace(chip, run=replace(chip.run, hardware=None)))
    with pytest.raises(ResultsError, match="hardware: is set in a run on the core"):
        validate(replace(passing, run=replace(passing.run, hardware=chip.run.hardware)))
    with pytest.raises(ResultsError, match="level: is 'block'"):
        validate(replace(chip, run=replace(chip.run, level="block")))


def test_what_a_chip_of_several_cores_did_not_count_is_said(chip: Results) -> None:
    """No share of nothing: kinds without a point are named, and the page says where lines were counted."""
    assert chip.coverage is not None
    assert chip.run.hardware is not None
    kinds = {**chip.coverage.kinds, "user": HitTotal(0, 0), "assertion": HitTotal(0, 0)}
    lines = replace(chip, coverage=replace(chip.coverage, kinds=kinds))
    section = page.render(lines).partition('id="coverage"')[2].partition("</section>")[0]
    assert "Not counted in this run: user, assertion." in section
    assert "0 of 0" not in section
    assert "blocks and branches of rtl/, outside of the cores" in section
    one_core = replace(chip, run=replace(chip.run, hardware=replace(chip.run.hardware, cores=1)))
    section = page.render(one_core).partition('id="coverage"')[2].partition("</section>")[0]
    assert "Not counted" not in section
    assert "outside of the cores" not in section


def test_only_an_iteration_passes_without_coverage(chip: Results) -> None:
    with pytest.raises(ResultsError, match="coverage: missing"):
        validate(replace(chip, coverage=None))
    validate(replace(chip, coverage=None, run=replace(chip.run, suite="iteration")))


def test_an_iteration_says_what_it_took(chip: Results) -> None:
    lines = iteration_lines(chip, 2)
    assert lines[0].startswith(
        "wall time of this start 3\u202fmin 03\u202fs, 41.2\u202fs of it building; the 62 replays took "
    )
    assert "kcycle/s" in lines[1]
    assert lines[2].startswith("bound by the simulator: simulating takes 80.0")
    assert [line.partition(":")[0] for line in lines[3:]] == ["FP", "BP", "WG", "all"]
    assert iteration_lines(replace(chip, replays=[]), 2) == []
