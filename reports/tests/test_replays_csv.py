"""The CSV has one row a replay, fixed columns first."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from regressions.results import Results
from reports import replays_csv


def read(results: Results) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(replays_csv.render(results), newline="")))


def test_columns(passing: Results) -> None:
    header = replays_csv.render(passing).partition("\r\n")[0].split(",")
    assert header[:6] == ["layer", "step", "status", "elements", "mismatches", "cycles"]
    assert {"energy_multiplier_pj", "energy_external_pj", "kernel", "stride", "counters_equal"} <= set(header)
    assert [name for name in header if name.startswith("stall_")] == [
        "stall_line imbalance",
        "stall_operand load",
        "stall_output back-pressure",
        "stall_reduction tree",
    ]
    assert len(set(header)) == len(header)


def test_rows(broken: Results) -> None:
    rows = read(broken)
    assert len(rows) == 62
    for row, replay in zip(rows, broken.replays, strict=True):
        assert (row["layer"], row["step"], row["status"]) == (replay.layer, replay.step, replay.status)
        assert row["cycles"] == ("" if replay.cycles is None else str(replay.cycles))
        assert row["utilization"] == ("" if replay.utilization is None else repr(replay.utilization))
        if replay.energy_pj is not None:
            assert float(row["energy_sram_pj"]) == replay.energy_pj.sram
    unequal = [row["layer"] + row["step"] for row in rows if row["counters_equal"] == "0"]
    assert unequal == ["layer3.1.conv2FP"]


def test_messages_of_several_lines_stay_in_their_field(broken: Results) -> None:
    broken.replays[0] = replace(broken.replays[0], message='one\ntwo, "three"')
    row = read(broken)[0]
    assert row["message"] == 'one\ntwo, "three"'
    assert row["rerun"] == broken.replays[0].rerun
