"""Faults of the result path."""

from __future__ import annotations

from typing import Any

from golden.chip.encoding import OutputMode
from golden.formats import Fp8Format
from tb.faults.fault import Fault

RESULT = "tb/result/test_result.py"
THRESHOLD = "tb/result/test_threshold.py"

DIFFER = r"bytes differ|histogram, entry"


def _descriptors(mode: OutputMode, symptom: str = DIFFER, kind: str = "binades") -> dict[str, Any]:
    arguments = {"size": "3x4", "mode": mode, "kind": kind}
    return {"test": f"{RESULT}::test_descriptors", "symptom": symptom, "arguments": arguments}


RESULT_PATH_FAULTS = {
    "half of another core": Fault(
        "result/result_arbiter.sv",
        "assign core_o = «upper_q» ? core_q : next;",
        "1'b0",
        **_descriptors(OutputMode.FP16, r"a_halves_of_one_row|a_row_of_a_job|a_one_giver|hung"),
    ),
    "last row of a job": Fault(
        "result/result_arbiter.sv",
        "assign last_o = upper_q ? «!more_o[core_q]» : final_o[next];",
        "1'b0",
        **_descriptors(OutputMode.FP16, "a_last_row_ends_its_job"),
    ),
    "row of +0 taken from a core": Fault(
        "result/result_arbiter.sv",
        "take && core_o == CoreBits'(c) && «!head_zero_i[c]»;",
        "1'b1",
        **_descriptors(OutputMode.FP16, "a_no_giver"),
    ),
    "record in two lines": Fault(
        "result/post_operands.sv",
        "record_q[pick] <= «have_q[pick] == '0» ?",
        "1'b1",
        **_descriptors(OutputMode.FP16),
    ),
    "line left behind by a job": Fault(
        "result/post_operands.sv",
        "line_ready_o[pick] = «ends» ||",
        "1'b0",
        **_descriptors(OutputMode.FP16, "a_streams_end_with_jobs|hung"),
    ),
    "operands of the half row before": Fault(
        "result/post_operands.sv",
        "keep_o <= «upper_i» ? upper_keep_q : keep[0];",
        "1'b0",
        **_descriptors(OutputMode.FP16),
    ),
    "bias before its product": Fault(
        "result/post_process.sv",
        "sum_q[p] <= fp_pkg::add(product_q[p], «bias_q[p]»)",
        "bias_i[p]",
        **_descriptors(OutputMode.FP16),
    ),
    "negative zero after ReLU": Fault(
        "result/post_process.sv",
        "(clamp && «value[fp_pkg::Fp32Bits-1]»)",
        "value[fp_pkg::Fp32Bits-1] && value[fp_pkg::Fp32Bits-2:0] != '0",
        **_descriptors(OutputMode.FP16, "a_relu_leaves_no_sign", "specials"),
    ),
    "flushed element in the mask": Fault(
        "result/row_format.sv",
        "nonzero: «!encoding.flush» &&",
        "1'b1",
        **_descriptors(OutputMode.FGMP, f"{DIFFER}|OVERRUN"),
    ),
    "lower half overwritten": Fault(
        "result/row_format.sv",
        "words_q[(«upper_i» ? Pes : 0)+p]",
        "1'b0",
        **_descriptors(OutputMode.FP32),
    ),
    "group bit of a zero": Fault(
        "result/fgmp_encode.sv",
        "group = group | Columns'(wide_i[e]) << «nonzeros»;",
        "CountBits'(e)",
        **_descriptors(OutputMode.FGMP),
    ),
    "FP8 byte over another": Fault(
        "result/fgmp_encode.sv",
        "narrow_at = «narrow_at + 1'b1»;",
        "narrow_at",
        **_descriptors(OutputMode.FGMP),
    ),
    "rest of a line": Fault(
        "result/line_packer.sv",
        "has_rest = is_fgmp && crosses && «end_at[OffsetBits-1:0] != '0»;",
        "1'b0",
        **_descriptors(OutputMode.FGMP),
    ),
    "costs of the job before": Fault(
        "result/line_packer.sv",
        "if («written_q[core_i] != '0») begin",
        "1'b1",
        **_descriptors(OutputMode.FGMP),
    ),
    "one byte too many": Fault(
        "result/line_packer.sv",
        "chip_pkg::BytesBits'(end_at) > «head_bytes_i[core_i]»;",
        "head_bytes_i[core_i] + 1'b1",
        test=f"{RESULT}::test_overrun",
        symptom="a_output_stays_inside",
        arguments={"size": "3x4", "mode": OutputMode.FGMP},
    ),
    "columns that are not real": Fault(
        "result/histogram.sv",
        "real_column[p] = «5'(p) + (upper_i ? 5'(Pes) : '0) < columns_i»;",
        "1'b1",
        test=f"{RESULT}::test_only_real_columns_are_counted",
        symptom="histogram, entry",
        arguments={"columns": 3},
    ),
    "bin of subnormals": Fault(
        "result/histogram.sv",
        "if («man[b]») kind = KindBits'(b);",
        "man[b] && kind == KindBits'(Zero)",
        **_descriptors(OutputMode.FP16, "histogram, entry"),
    ),
    "share that is just met": Fault(
        "result/threshold_policy.sv",
        "ProductBits'(denominator_i) > «ProductBits'(total_q) * ProductBits'(numerator_i)»;",
        "ProductBits'(total_q) * ProductBits'(numerator_i) - 1'b1",
        test=f"{THRESHOLD}::test_shares_that_are_just_met",
        symptom="caught",
        arguments={"share": (1, 5)},
    ),
    "bias of a threshold": Fault(
        "result/threshold_policy.sv",
        "(«fmt_i == fp_pkg::FmtE5m2» ?",
        "1'b0",
        test=f"{THRESHOLD}::test_chosen_histograms",
        symptom="caught",
        arguments={"share": (1, 5), "fmt": Fp8Format.E5M2},
    ),
    "length of D": Fault(
        "result/result_path.sv",
        "assign d_wrong = «accepted && job_i.d.bytes != chip_pkg::BytesBits'(d_bytes)»;",
        "1'b0",
        test=f"{RESULT}::test_d_that_nothing_asks_for",
        symptom="hung|a_lines_when_asked_for",
        arguments={"mode": OutputMode.FP16},
    ),
    "results that overtake an error": Fault(
        "result/result_path.sv",
        ".valid_i (row_valid && «!error_q»),",
        "1'b1",
        test=f"{RESULT}::test_an_error_stops_what_is_under_way",
        symptom="a_error_is_the_end|a_fgmp_rows_in_order",
    ),
}
