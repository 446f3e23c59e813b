"""Faults of the feeder."""

from __future__ import annotations

from typing import Any

from tb.faults.fault import Fault

JOBS = "tb/feeder/test_feeder.py"
ERRORS = "tb/feeder/test_errors.py"
PARTS = "tb/feeder/test_parts.py"


def _jobs(symptom: str, intra: bool = False, stalls: str = "all at random") -> dict[str, Any]:
    arguments = {"preset": "tiny", "intra": intra, "stalls": stalls}
    return {"test": f"{JOBS}::test_jobs", "symptom": symptom, "arguments": arguments}


def _streams(symptom: str) -> dict[str, Any]:
    arguments = {"sizes": "memory, tiny", "stall": 300}
    return {"test": f"{PARTS}::test_streams", "symptom": symptom, "arguments": arguments}


def _blocks(symptom: str) -> dict[str, Any]:
    arguments = {"sizes": "memory, tiny", "density": 0.7}
    return {"test": f"{PARTS}::test_blocks", "symptom": symptom, "arguments": arguments}


FEEDER_FAULTS = {
    "place of a burst": Fault(
        "feeder/stream_buffer.sv",
        "fill_at = place_q[«fill_i.tag»]",
        "chip_pkg::tag_t'(0)",
        **_streams("an assertion failed"),
    ),
    "room for half a chunk": Fault(
        "feeder/stream_buffer.sv",
        "used_t'(Beats) - used_q >= «used_t'(chunk)»",
        "used_t'(1)",
        **_streams("an assertion failed"),
    ),
    "stream that is low too late": Fault(
        "feeder/stream_buffer.sv",
        "low_o = «left_q <= count_t'(half_q)» && !pending_q",
        "left_q < count_t'(half_q)",
        **_streams("low or fetched is wrong"),
    ),
    "bytes of two streams": Fault(
        "feeder/byte_window.sv",
        "held_q != HeldBits'(Lines) && «!end_q»",
        "1'b1",
        **_streams("an assertion failed|the window"),
    ),
    "offset into the next line": Fault(
        "feeder/byte_window.sv",
        "offset_q <= flush_i ? '0 : «offset_d[chip_pkg::LineShift-1:0]»;",
        "chip_pkg::LineShift'(take_i)",
        **_streams("the window shows other bytes|an assertion failed"),
    ),
    "group bits by element": Fault(
        "feeder/fgmp_block.sv", "groups = «groups >> 1»;", "groups", **_blocks("caught|not equal")
    ),
    "fill bit of the group bits": Fault(
        "feeder/fgmp_block.sv",
        "!= '0 || «((group_field ^ groups) & whole_bytes(group_bytes)) != '0»;",
        "1'b0",
        **_blocks("caught"),
    ),
    "FP8 that is not widened": Fault(
        "feeder/b_feeder.sv",
        "row[c] = «group[c]» ?",
        "1'b1",
        **_jobs("rows differ"),
    ),
    "row too short for its stream": Fault(
        "feeder/b_feeder.sv",
        "decode && (length > count ? «at_end» : fill)",
        "1'b0",
        test=f"{ERRORS}::test_length",
        symptom="hung",
        arguments={"preset": "tiny", "intra": False, "stream": "b", "length": "a byte less"},
    ),
    "beat that is not full": Fault(
        "feeder/beat_cutter.sv",
        "WordLen])) >\n              «BytesBits'(core_pkg::ABeatBytes)»;",
        "BytesBits'(core_pkg::ABeatBytes - 1)",
        **_jobs("beats"),
    ),
    "base table before its K tile": Fault(
        "feeder/row_gather.sv",
        "if («opened_o») base_q <= next_q;",
        "1'b1",
        test=f"{JOBS}::test_base_stays_until_it_is_overwritten",
        symptom="beats differ|cause",
        arguments={"preset": "tiny"},
    ),
    "kernel row of another unit": Fault(
        "feeder/row_gather.sv",
        "row_start_q <= «unit_done» ? '0",
        "1'b0",
        **_jobs("beats differ|cause|a_groups_of_nonzeros", intra=True),
    ),
    "row beyond its unit": Fault(
        "feeder/row_gather.sv",
        "if («place < current.elements») begin",
        "1'b1",
        test=f"{ERRORS}::test_row_beyond_its_unit",
        symptom="caught",
        arguments={"preset": "tiny", "place": "pitch"},
    ),
    "base table overwritten": Fault(
        "feeder/a_feeder.sv",
        "assign base_ready_o = «owed_q == '0»;",
        "1'b1",
        **_jobs("beats differ|cause|a_table_stands|a_groups_of_nonzeros", intra=True),
    ),
    "elements of a channel's last unit": Fault(
        "feeder/a_feeder.sv",
        "left_q <= «last_unit_next» ? rows_q.last_elements",
        "last_unit",
        **_jobs("beats|cause|a_unit|a_last_block", intra=True),
    ),
    "A that nobody feeds": Fault(
        "feeder/a_feeder.sv",
        "(ending && head.has_a && «count != '0»)",
        "1'b0",
        test=f"{ERRORS}::test_a_without_a_tile",
        symptom="hung",
        arguments={"preset": "tiny"},
    ),
    "second channel of a cost": Fault(
        "feeder/item_sequencer.sv",
        "assign cost_o = «second_q» ? cost.cost1",
        "1'b0",
        **_jobs("costs differ"),
    ),
    "items behind a job's last": Fault(
        "feeder/item_sequencer.sv",
        "(line_done && «last_i»)",
        "1'b1",
        **_jobs("hung|cause|a_"),
    ),
    "row of B of another job": Fault(
        "feeder/b_ledger.sv",
        "closed_q ? «done_q != (taken_q == due_q)» :",
        "1'b0",
        test=f"{ERRORS}::test_whole_rows_of_b",
        symptom="caught",
        arguments={"preset": "tiny", "change": "a row less", "place": 1},
    ),
    "items after an error": Fault(
        "feeder/feeder.sv",
        "(valid[C] && «!error_o»)",
        "1'b1",
        test=f"{ERRORS}::test_length_of_c",
        symptom="a_no_items_after_an_error|a_whole_items",
        arguments={"preset": "tiny", "size": 17},
    ),
    "idle with beats of A in hand": Fault(
        "feeder/feeder.sv",
        "«a_idle» && b_idle && ledger_idle",
        "1'b1",
        **_jobs("a_idle_offers_nothing", stalls="slow core"),
    ),
}
