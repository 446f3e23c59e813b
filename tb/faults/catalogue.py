"""The faults: what is wrong, where, which test catches it and what it says then."""

from __future__ import annotations

from typing import Any

from golden.geometry import Step
from tb.faults.central import CENTRAL_FAULTS
from tb.faults.chip_errors import ERROR_FAULTS
from tb.faults.fault import Fault
from tb.faults.feeder import FEEDER_FAULTS
from tb.faults.result_path import RESULT_PATH_FAULTS

CORE = "tb/core/test_core.py"
LINE = "tb/line/test_line.py"
PE = "tb/pe/test_pe.py"

DIFFER = r"(results|sums) differ"
"""A bit of a result is wrong."""


def _random(symptom: str) -> dict[str, Any]:
    return {"test": f"{CORE}::test_random_layers", "symptom": symptom, "arguments": {"part": 0}}


def _chosen(name: str, symptom: str) -> dict[str, Any]:
    return {"test": f"{CORE}::test_chosen_shapes", "symptom": symptom, "arguments": {"name": name}}


def _operands(kind: str, step: Step, symptom: str) -> dict[str, Any]:
    arguments = {"kind": kind, "step": step}
    return {"test": f"{CORE}::test_operands", "symptom": symptom, "arguments": arguments}


def _line(kind: str, symptom: str) -> dict[str, Any]:
    arguments = {"kind": kind, "preset": "tiny"}
    return {"test": f"{LINE}::test_line", "symptom": symptom, "arguments": arguments}


def _pe(b_kind: str, wide_share: float) -> dict[str, Any]:
    arguments = {"b_kind": b_kind, "wide_share": wide_share}
    return {"test": f"{PE}::test_equals_the_modules", "symptom": DIFFER, "arguments": arguments}


def _stream(stream: str, symptom: str) -> dict[str, Any]:
    arguments = {"stream": stream, "permille": 700}
    return {"test": f"{CORE}::test_one_stream_stalls", "symptom": symptom, "arguments": arguments}


FAULTS = {
    "product of subnormals": Fault(
        "pkg/operand_pkg.sv", "if («normalise.sig[10:7] == '0») begin", "1'b0", **_pe("subnormal", 1.0)
    ),
    "exponent of a product": Fault(
        "pkg/operand_pkg.sv", "+ WideExpBits'(«sig[ProductBits-1]»);", "1'b0", **_pe("near one", 0.0)
    ),
    "infinity times zero": Fault(
        "pkg/operand_pkg.sv",
        "b.is_nan || «sig == '0» ?",
        "1'b0",
        test=f"{PE}::test_edges_against_edges",
        symptom=DIFFER,
    ),
    "cancellation in the accumulator": Fault(
        "pkg/fp_pkg.sv",
        "exp = hi.exp; if («sig[AddTop-:3] == '0») begin",
        "1'b0",
        **_pe("near one", 1.0),
    ),
    "middle bits of a wide product": Fault(
        "pe/pe_multiplier.sv",
        "assign a_middle = wide_i ? «a_i[LowBits+:NarrowBits]» : a_high;",
        "NarrowBits'(0)",
        test=f"{PE}::test_wide_products_exhaustively",
        symptom="not equal",
        arguments={"column": 0},
    ),
    "second column of narrow products": Fault(
        "pe/pe_multiplier.sv",
        "assign b_middle = wide_i ? b_high : «b1_i»;",
        "b0_i",
        test=f"{PE}::test_narrow_products_exhaustively",
        symptom="not equal",
    ),
    "column of a wide product": Fault(
        "pe/pe_multiplier.sv",
        "assign b_high = «wide_i && column_i» ? b1_i : b0_i;",
        "1'b0",
        **_pe("finite", 1.0),
    ),
    "sum of the row before": Fault(
        "pe/pe.sv", "fp_pkg::acc_add(«first_q» ? '0", "1'b0", **_pe("finite", 0.2)
    ),
    "column added twice": Fault(
        "pe/pe.sv",
        "add_q <= {«valid_i && (!wide_i || phase_i)»,",
        "valid_i",
        test=f"{PE}::test_cancellation",
        symptom="a_fp16_adds_one_column",
    ),
    "bias of FP8": Fault(
        "line/a_operand.sv",
        "fp_pkg::from_fp8(data_i[7:0], fmt_i, «bias_i»)",
        "bias_i | 6'd1",
        **_operands("all FP8", Step.FP, DIFFER),
    ),
    "odd ring position": Fault(
        "line/a_unpack.sv", "assign odd = «position_q[0]»;", "1'b0", **_line("half", "a_halves_by_position")
    ),
    "ring overwritten": Fault(
        "line/a_unpack.sv",
        "left_q != '0 && «free_i >= (take_two ? core_pkg::CountBits'(2) : core_pkg::CountBits'(1))»;",
        "1'b1",
        **_line("windows as large as the ring", "a_ring_has_room"),
    ),
    "high byte of FP16": Fault(
        "line/a_unpack.sv",
        "if («!group_q[e]») slots[e]",
        "1'b1",
        **_line("all FP16", "a_nonzero_operand|differ"),
    ),
    "word of a window": Fault(
        "line/a_ring.sv",
        "meta_q[base_i+«entries_i[w].place.offset»]",
        "entries_i[0].place.offset",
        **_chosen("more taps than rows of B", "a_nonzero_operand|differ"),
    ),
    "zeros of a window": Fault(
        "line/a_ring.sv",
        "zeros_o += SkipBits'(«meta.zeros»);",
        "core_pkg::ZerosBits'(meta.zeros != '0)",
        **_random("macs_skipped"),
    ),
    "tile ends before its B": Fault(
        "line/row_sequencer.sv",
        "(marker || («b_ready» && (empty_row || a_ready)))",
        "b_ready || empty_row",
        test=f"{CORE}::test_b_may_come_late_to_tiles_without_taps",
        symptom="a_job_has_place|a_half_not_loading",
    ),
    "row before its A": Fault(
        "line/row_sequencer.sv",
        "assign a_ready = «available >= run_i.window»;",
        "available >= run_i.step",
        **_stream("a", "a_a_there"),
    ),
    "ring words at the end of a run": Fault(
        "line/row_sequencer.sv", "marker ? '0 : «last_row» ? run_i.advance", "1'b0", **_line("half", DIFFER)
    ),
    "window dropped": Fault(
        "line/row_sequencer.sv",
        "assign keep = mask_i != '0 || «last_part»;",
        "1'b0",
        **_line("sparse", "a_part_kept"),
    ),
    "row not begun anew": Fault(
        "line/nonzero_walker.sv",
        "if («done && row_end_q») begun_q <= 1'b0;",
        "1'b0",
        **_line("dense", "a_next_row_starts"),
    ),
    "second cycle of FP16": Fault(
        "line/nonzero_walker.sv",
        "if (some) phase_q <= «wide && !phase_q»;",
        "1'b0",
        **_operands("all FP16", Step.WG, "a_second_cycle"),
    ),
    "credit of a row": Fault(
        "line/nonzero_walker.sv",
        "assign ready_o = free && («!row_end_i || credits_q != '0»);",
        "1'b1",
        **_stream("results", "a_credit_left"),
    ),
    "sum of an empty row": Fault(
        "line/pe_line.sv", "«empty_q[EndStages-1]» ? '0 : sums", "1'b0", **_random(DIFFER)
    ),
    "half of the B memory": Fault(
        "line/pe_line.sv",
        ".read_addr_i(BRowBits'(k) + («parity» ? BRowBits'(Rows) : '0))",
        "1'b0",
        **_line("dense", f"{DIFFER}|a_word_not_being_written"),
    ),
    "slot of a ring word": Fault(
        "line/pe_line.sv", "s1_slot_q <= «a_slot»;", "2'd0", **_line("all FP8", f"{DIFFER}|a_n\\w+_operand")
    ),
    "line with the most work": Fault(
        "core/a_dispatch.sv",
        "«work_q[l] < work_q[least]»",
        "work_q[l] > work_q[least]",
        **_random("a_least_work"),
    ),
    "row of sums given out twice": Fault(
        "core/a_dispatch.sv",
        "«!pending_q[row_i[PsumBits-1:0]]»",
        "1'b1",
        **_chosen("many K tiles of weights", "a_row_is_free"),
    ),
    "B rows of a channel": Fault(
        "core/b_loader.sv",
        "assign last_tap = «tap_q + 1'b1 == job.taps»;",
        "tap_q == job.taps",
        **_random("a_row_in_range|hung|a_b_not_in_use"),
    ),
    "channel's place in its line": Fault(
        "core/b_loader.sv",
        "rank_q[line_i] <= «rank_q[line_i] + 1'b1»;",
        "rank_q[0] + 1'b1",
        **_random(f"{DIFFER}|a_line_holds_channel|a_row_in_range"),
    ),
    "B before its channels have lines": Fault(
        "core/sequencer.sv",
        "!line_busy_q[!parity_q] && («tile_cmd.intra || group_valid_i»);",
        "1'b1",
        **_random("a_channels_have_lines"),
    ),
    "blocks of weights at once": Fault(
        "core/sequencer.sv",
        "!(intra && tile_cmd.last && «results_due»);",
        "1'b0",
        **_chosen("a weight gradient of one pixel", "a_blocks_in_order"),
    ),
    "table of the group before": Fault(
        "core/line_table.sv",
        "assign read_line_o = lines_q[«load_q»][read_channel_i];",
        "fill_q",
        **_random(f"{DIFFER}|a_line_holds_channel"),
    ),
    "table still in use": Fault(
        "core/line_table.sv",
        "assign ready_o = «!full_q[fill_q]»;",
        "1'b1",
        **_random(f"{DIFFER}|a_line_holds_channel|a_opens_what_is_filled|hung"),
    ),
    "line that is full": Fault(
        "core/load_balancer.sv",
        "room[l] = «held_q[l] < depth_i»;",
        "1'b1",
        **_operands("all channels dead but some", Step.FP, "a_least_loaded|balancer"),
    ),
    "tie of loads": Fault(
        "core/load_balancer.sv",
        "«load_q[l] < load_q[least]»",
        "load_q[l] <= load_q[least]",
        **_operands("channels of equal cost", Step.BP, "a_least_loaded|balancer"),
    ),
    "half of B still in use": Fault(
        "core/sequencer.sv",
        "assign open_o = is_open && slot_free && way_free && «!line_busy_q[!parity_q]» &&",
        "1'b1",
        **_random("a_half_is_free"),
    ),
    "line without a channel": Fault(
        "core/sequencer.sv",
        "else if («!tile_o[open_q].line_mask[l]») begin",
        "1'b0",
        **_chosen("one channel", "hung|differ|Assertion"),
    ),
    "number of a block of zeros": Fault(
        "core/sequencer.sv",
        "if («is_zero || tile_cmd.first») block_q <=",
        "tile_cmd.first && !is_zero",
        **_chosen("phases without a tap", "out of place|differ"),
    ),
    "row of one line": Fault(
        "core/reduction_tree.sv",
        "advance && «(valid_i & active) == active»;",
        "(valid_i & active) != '0",
        **_random("a_takes_what_is_there"),
    ),
    "sum of a line left out": Fault(
        "core/reduction_tree.sv", "if («start && active[l]») sums[l]", "start", **_random(DIFFER)
    ),
    "first columns of the tree": Fault(
        "core/reduction_tree.sv",
        "if (advance && «tag_q[k-1].valid») begin",
        "tag_q[k-1].valid && tag_q[k-1].beat != '0",
        **_chosen("one row and a tail of columns", DIFFER),
    ),
    "sum on its way": Fault(
        "core/partial_sum.sv",
        "assign clash = «(read_q.valid && read_q.row == row) || (add_q.valid && add_q.row == row)»;",
        "1'b0",
        **_chosen("phases without a tap", "a_row_not_on_its_way"),
    ),
    "place in the result queue": Fault(
        "core/partial_sum.sv",
        "assign room = «!tile_i[tile].last || credits_q != '0»;",
        "1'b1",
        **_stream("results", "a_credit_left"),
    ),
    "half of a result row": Fault(
        "core/result_out.sv", "assign data_o = «upper_q» ?", "!upper_q", **_random(DIFFER)
    ),
    "row left after its lower half": Fault(
        "core/result_out.sv",
        "assign ready_o = ready_i && «upper_q»;",
        "1'b1",
        **_random("a_row_taken_with_upper_half"),
    ),
    "FP16 elements counted twice": Fault(
        "core/perf_counters.sv",
        "EventBits'(issue_i[l] && wide_i[l] && «phase_i[l]»);",
        "1'b1",
        **_operands("all FP16", Step.FP, "counter macs_fp16"),
    ),
    "columns that only fill up": Fault(
        "core/perf_counters.sv",
        "counter_pkg::CounterBits'(elements) * counter_pkg::CounterBits'(«columns_i»);",
        "ColumnBits'(Columns)",
        **_chosen("one column", "a_macs_are_elements|counter macs_"),
    ),
    "table of another line": Fault(
        "core/segment_table.sv",
        "table_q[«index_i[l]»]",
        "index_i[0]",
        **_random(f"{DIFFER}|Assertion|hung|counter"),
    ),
    "rows of weights": Fault(
        "core/sparse_core.sv",
        "assign row_ready = «intra» ? psum_row_ready : tree_row_ready;",
        "1'b0",
        **_operands("dense", Step.WG, "a_first_sum_starts|hung"),
    ),
    "full queue": Fault(
        "mem/stream_fifo.sv",
        "assign ready_o = «count_q != CountBits'(Depth)»;",
        "1'b1",
        **_line("dense", "a_full_refuses"),
    ),
    "wrap of a queue": Fault(
        "mem/stream_fifo.sv",
        "if (pop) head_q <= «head_q == PtrBits'(Depth - 1)» ?",
        "1'b0",
        test="tb/mem/test_mem.py::test_queues_and_memory",
        symptom="queue of 3: an assertion failed|queue of",
        arguments={"push": 500, "pop": 500, "seed": 1},
    ),
    "address of a memory": Fault(
        "mem/sram.sv",
        "read_data_o <= mem[«read_addr_i»];",
        "write_addr_i",
        test="tb/mem/test_mem.py::test_queues_and_memory",
        symptom="memory: the data are wrong",
        arguments={"push": 500, "pop": 500, "seed": 1},
    ),
    **FEEDER_FAULTS,
    **RESULT_PATH_FAULTS,
    **CENTRAL_FAULTS,
    **ERROR_FAULTS,
}
