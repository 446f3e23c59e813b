`include "tb/checks.svh"

// Checks of the descriptors' check: its verdict follows from what it has found, and each of its rules has been
// broken. A descriptor_check has no clock: whoever holds one says when its verdict counts.
module descriptor_check_checks #(
    parameter  int unsigned Columns = 4,
    localparam int unsigned EndBits = chip_pkg::LineAddrBits + 1,
    localparam int unsigned Reads   = chip_pkg::Streams + 4,
    localparam int unsigned Writes  = 3
) (
    input logic clk_i,
    input logic rst_ni,
    input logic looks,  // the verdict counts in this cycle
    input chip_pkg::data_t [chip_pkg::DescriptorLines-1:0] lines_i,
    input chip_pkg::layer_t layer_o,
    input chip_pkg::cause_e cause_o,
    input logic fields,
    input logic windows,
    input logic overlaps,
    input logic [Reads-1:0][2*EndBits-1:0] read_spans,
    input logic [Writes-1:0][2*EndBits-1:0] write_spans
);

  localparam int unsigned WordBits = 32;
  localparam int unsigned Words = chip_pkg::DescriptorLines * chip_pkg::LineBits / WordBits;
  localparam int unsigned NamedWords = 20;
  localparam logic [EndBits-1:0] MemoryEnd = {1'b1, {chip_pkg::LineAddrBits{1'b0}}};

  typedef struct packed {
    logic [EndBits-1:0] first;
    logic [EndBits-1:0] past;
  } span_t;
  span_t [Reads-1:0] reads;
  span_t [Writes-1:0] writes;
  logic [Words-1:0][WordBits-1:0] word;
  logic right, bad_field, bad_window, bad_overlap, unnamed, plain;

  assign reads = read_spans;
  assign writes = write_spans;
  assign word = lines_i;
  assign right = looks && cause_o == chip_pkg::CauseNone;
  assign bad_field = looks && cause_o == chip_pkg::CauseField;
  assign bad_window = looks && cause_o == chip_pkg::CauseWindow;
  assign bad_overlap = looks && cause_o == chip_pkg::CauseOverlap;
  assign plain = !layer_o.post.scale_bias && !layer_o.post.residual && !layer_o.post.relu &&
      !layer_o.post.mask;

  always_comb begin
    unnamed = 1'b0;
    for (int unsigned w = NamedWords; w < Words; w++) if (word[w] != '0) unnamed = 1'b1;
  end

  function automatic logic meet(input span_t a, input span_t b);
    return a.first < b.past && b.first < a.past && a.first != a.past && b.first != b.past;
  endfunction
  // Only what is wrong for this reason alone: all the rest of the descriptor is right.
  function automatic logic crosses(input int unsigned write, input int unsigned read);
    return bad_overlap && meet(writes[write], reads[read]);
  endfunction
  function automatic logic written_twice(input int unsigned one, input int unsigned other);
    return bad_overlap && meet(writes[one], writes[other]);
  endfunction

  // Errors have an order: a wrong field says that all before it is right.
  `CHECK(verdict_of_the_magic_word, looks,
         (word[0] != chip_pkg::DescriptorMagic) == (cause_o == chip_pkg::CauseMagic))
  `CHECK(nothing_wrong, right, fields && windows && !overlaps)
  `CHECK(field_first, bad_field, !fields)
  `CHECK(window_second, bad_window, fields && !windows)
  `CHECK(overlap_last, bad_overlap, fields && windows && overlaps)
  `CHECK(jobs_and_share, right, layer_o.jobs != '0 && layer_o.denominator != '0)
  `CHECK(real_columns, right, layer_o.post.columns != '0 && 32'(layer_o.post.columns) <= Columns)
  `CHECK(fp32_is_plain, right && layer_o.post.mode == chip_pkg::OutFp32, plain)
  `CHECK(weight_gradients_in_any_order, right && layer_o.intra,
         layer_o.post.mode != chip_pkg::OutFgmp && !layer_o.post.residual && !layer_o.post.mask)

  // Each field.
  `COVER(unnamed_flag, bad_field && (word[1] & 32'h7FFE_0000) != '0)
  `COVER(unnamed_bias, bad_field && (word[2] & ~32'h003F_3F3F) != '0)
  `COVER(unnamed_share, bad_field && (word[3] & ~32'h0000_FFFF) != '0)
  `COVER(unnamed_word, bad_field && unnamed)
  `COVER(no_mode, bad_field && layer_o.post.mode == 2'd3)
  `COVER(no_column, bad_field && layer_o.post.columns == '0)
  `COVER(too_many_columns, bad_field && 32'(layer_o.post.columns) > Columns)
  `COVER(no_denominator, bad_field && layer_o.denominator == '0)
  `COVER(no_job, bad_field && layer_o.jobs == '0)
  `COVER(fp32_is_not_plain, bad_field && layer_o.post.mode == chip_pkg::OutFp32 && !plain)
  `COVER(fgmp_of_weight_gradients,
         bad_field && layer_o.intra && layer_o.post.mode == chip_pkg::OutFgmp)
  `COVER(residual_of_weight_gradients, bad_field && layer_o.intra && layer_o.post.residual)
  `COVER(mask_of_weight_gradients, bad_field && layer_o.intra && layer_o.post.mask)

  // Each window, and what ends where there is no memory.
  `COVER(no_output, bad_window && layer_o.out_window.first == layer_o.out_window.past)
  `COVER(output_turned_round, bad_window && layer_o.out_window.first > layer_o.out_window.past)
  `COVER(a_turned_round, bad_window && reads[0].first > reads[0].past)
  `COVER(b_turned_round, bad_window && reads[1].first > reads[1].past)
  `COVER(c_turned_round, bad_window && reads[2].first > reads[2].past)
  `COVER(d_turned_round, bad_window && reads[3].first > reads[3].past)
  `COVER(end_of_job_table, bad_window && reads[4].past > MemoryEnd)
  `COVER(end_of_descriptor, bad_window && reads[5].past > MemoryEnd)
  `COVER(end_of_threshold, bad_window && reads[6].past > MemoryEnd)
  `COVER(end_of_next, bad_window && reads[7].past > MemoryEnd)
  `COVER(end_of_records, bad_window && writes[1].past > MemoryEnd)
  `COVER(end_of_completion, bad_window && writes[2].past > MemoryEnd)

  // What is written, over what is read and over the rest that is written.
  `COVER(overlap_output_a, crosses(0, 0))
  `COVER(overlap_output_b, crosses(0, 1))
  `COVER(overlap_output_c, crosses(0, 2))
  `COVER(overlap_output_d, crosses(0, 3))
  `COVER(overlap_output_job_table, crosses(0, 4))
  `COVER(overlap_output_descriptor, crosses(0, 5))
  `COVER(overlap_output_threshold, crosses(0, 6))
  `COVER(overlap_output_next, crosses(0, 7))
  `COVER(overlap_records_a, crosses(1, 0))
  `COVER(overlap_records_b, crosses(1, 1))
  `COVER(overlap_records_c, crosses(1, 2))
  `COVER(overlap_records_d, crosses(1, 3))
  `COVER(overlap_records_job_table, crosses(1, 4))
  `COVER(overlap_records_descriptor, crosses(1, 5))
  `COVER(overlap_records_threshold, crosses(1, 6))
  `COVER(overlap_records_next, crosses(1, 7))
  `COVER(overlap_completion_a, crosses(2, 0))
  `COVER(overlap_completion_b, crosses(2, 1))
  `COVER(overlap_completion_c, crosses(2, 2))
  `COVER(overlap_completion_d, crosses(2, 3))
  `COVER(overlap_completion_job_table, crosses(2, 4))
  `COVER(overlap_completion_descriptor, crosses(2, 5))
  `COVER(overlap_completion_threshold, crosses(2, 6))
  `COVER(overlap_completion_next, crosses(2, 7))
  `COVER(overlap_output_records, written_twice(1, 0))
  `COVER(overlap_output_completion, written_twice(2, 0))
  `COVER(overlap_records_completion, written_twice(2, 1))

  // Right ones at the edges.
  `COVER(right, right)
  `COVER(empty_stream, right && reads[0].first == reads[0].past)
  `COVER(neighbours, right && writes[0].past == reads[0].first)
  `COVER(to_the_last_line, right && writes[2].past == MemoryEnd)
  `COVER(all_columns, right && 32'(layer_o.post.columns) == Columns)
  `COVER(one_column, right && layer_o.post.columns == 1)
  `COVER(share_of_nothing, right && layer_o.numerator == '0)
  `COVER(share_of_all, right && layer_o.numerator >= layer_o.denominator)

endmodule

bind control descriptor_check_checks #(
    .Columns(Columns)
) i_descriptor_checks (
    .clk_i,
    .rst_ni,
    .looks      (state_q == Check),
    .lines_i    (lines_q),
    .layer_o    (parsed),
    .cause_o    (parsed_cause),
    .fields     (i_check.fields),
    .windows    (i_check.windows),
    .overlaps   (i_check.overlaps),
    .read_spans (i_check.reads),
    .write_spans(i_check.writes)
);
