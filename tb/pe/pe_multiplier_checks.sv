`include "tb/checks.svh"

// Covers of the split multiplier; its products are compared exhaustively in tb/pe. It has no clock: its PE
// holds it.
module pe_multiplier_checks (
    input logic clk_i,
    input logic rst_ni,
    input logic valid_i,
    input logic wide_i,
    input logic column_i,
    input logic [core_pkg::SigBits-1:0] a_i,
    input logic [core_pkg::SigBits-1:0] b0_i,
    input logic [core_pkg::SigBits-1:0] b1_i,
    input logic [operand_pkg::ProductBits-1:0] product0_o,
    input logic [operand_pkg::ProductBits-1:0] product1_o
);

  localparam int unsigned Top = operand_pkg::ProductBits - 1;

  // A normalised product has its leading one in one of two places.
  `COVER(wide_column_0, valid_i && wide_i && !column_i && product0_o[Top])
  `COVER(wide_column_1, valid_i && wide_i && column_i && product0_o[Top])
  `COVER(wide_shorter, valid_i && wide_i && !product0_o[Top] && product0_o[Top-1])
  `COVER(narrow_column_0, valid_i && !wide_i && product0_o[Top])
  `COVER(narrow_column_1, valid_i && !wide_i && product1_o[Top])
  `COVER(narrow_shorter_0, valid_i && !wide_i && !product0_o[Top] && product0_o[Top-1])
  `COVER(narrow_shorter_1, valid_i && !wide_i && !product1_o[Top] && product1_o[Top-1])
  `COVER(narrow_columns_differ, valid_i && !wide_i && product0_o != product1_o)
  `COVER(narrow_one_column_zero, valid_i && !wide_i && (b0_i == '0) != (b1_i == '0))
  `COVER(wide_all_parts, valid_i && wide_i && a_i[10:7] != '0 && a_i[6:3] != '0 && a_i[2:0] != '0)
  `COVER(wide_high_part_alone, valid_i && wide_i && a_i[10:7] != '0 && a_i[6:0] == '0)
  `COVER(largest, valid_i && wide_i && a_i == '1 && (column_i ? b1_i == '1 : b0_i == '1))

endmodule

bind pe pe_multiplier_checks i_multiplier_checks (
    .clk_i,
    .rst_ni,
    .valid_i,
    .wide_i,
    .column_i  (phase_i),
    .a_i       (a_i.sig),
    .b0_i      (b[0].sig),
    .b1_i      (b[1].sig),
    .product0_o(sig0),
    .product1_o(sig1)
);
