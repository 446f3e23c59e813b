`include "tb/checks.svh"

// Checks of a block that is taken apart: its length is the sum of its parts. It has no clock: whoever cuts the
// blocks from a stream holds it.
module fgmp_block_checks #(
    parameter  int unsigned Elements   = 8,
    parameter  int unsigned LengthBits = 5,
    localparam int unsigned CountBits  = $clog2(Elements + 1)
) (
    input logic clk_i,
    input logic rst_ni,
    input logic valid_i,
    input logic take_i,  // the block is whole, and right
    input logic [CountBits-1:0] elements_i,
    input logic [Elements-1:0] mask_i,
    input logic [Elements-1:0] group_i,
    input logic [Elements-1:0][core_pkg::ElemBits-1:0] values_i,
    input logic [LengthBits-1:0] length_i,
    input logic [LengthBits-1:0] count_i,  // bytes that are there
    input logic fill_i
);

  int unsigned elements, nonzeros, wides, parts;
  logic [Elements-1:0] beyond;
  assign elements = 32'(elements_i);
  assign nonzeros = $countones(mask_i);
  assign wides = $countones(group_i);
  assign parts = (elements + 7) / 8 + (nonzeros + 7) / 8 + nonzeros + wides;
  assign beyond = ~((Elements'(1) << elements_i) - Elements'(1));

  function automatic logic narrow_values_are_bytes();
    narrow_values_are_bytes = 1'b1;
    for (int unsigned e = 0; e < Elements; e++) begin
      if (!group_i[e] && values_i[e] >= 16'd256) narrow_values_are_bytes = 1'b0;
      if (!mask_i[e] && values_i[e] != '0) narrow_values_are_bytes = 1'b0;
    end
  endfunction

  `CHECK(quiet_while_nobody_looks, !valid_i, {mask_i, group_i, values_i, length_i, fill_i} == '0)
  `CHECK(length_is_of_its_parts, valid_i, 32'(length_i) == parts)
  `CHECK(elements_in_range, valid_i, elements != 0 && elements <= Elements)
  `CHECK(nothing_beyond, valid_i, elements == Elements || (mask_i & beyond) == '0)
  `CHECK(groups_of_nonzeros, valid_i, (group_i & ~mask_i) == '0)
  `CHECK(values_of_nonzeros, take_i, narrow_values_are_bytes())
  `CHECK(taken_when_whole, take_i, valid_i && length_i <= count_i && !fill_i)

  `COVER(block_of_zeros, take_i && mask_i == '0)
  `COVER(block_without_a_zero, take_i && nonzeros == elements)
  `COVER(one_nonzero, take_i && nonzeros == 1)
  `COVER(all_fp8, take_i && nonzeros != 0 && wides == 0)
  `COVER(all_fp16, take_i && nonzeros != 0 && wides == nonzeros)
  `COVER(both_precisions, take_i && wides != 0 && wides != nonzeros)
  `COVER(longest, take_i && wides == Elements)
  `COVER(all_elements, take_i && elements == Elements)
  `COVER(fewer_elements, take_i && elements != Elements)
  `COVER(waits_for_bytes, valid_i && length_i > count_i)
  `COVER(whole_stream_left, take_i && length_i == count_i)
  `COVER(fill_bit, valid_i && fill_i && length_i <= count_i)

endmodule

bind a_feeder fgmp_block_checks #(
    .Elements  (Rows),
    .LengthBits(LengthBits)
) i_block_checks (
    .clk_i,
    .rst_ni,
    .valid_i   (decode),
    .take_i    (take),
    .elements_i(entries),
    .mask_i    (mask),
    .group_i   (group),
    .values_i  (values),
    .length_i  (length),
    .count_i   (count),
    .fill_i    (fill)
);

bind b_feeder fgmp_block_checks #(
    .Elements  (Columns),
    .LengthBits(LengthBits)
) i_block_checks (
    .clk_i,
    .rst_ni,
    .valid_i   (decode),
    .take_i    (take),
    .elements_i(ElementsBits'(Columns)),
    .mask_i    (mask),
    .group_i   (group),
    .values_i  (values),
    .length_i  (length),
    .count_i   (count),
    .fill_i    (fill)
);
