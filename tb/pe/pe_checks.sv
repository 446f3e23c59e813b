`include "tb/checks.svh"

// Covers of the operands that a PE has met. What it must do is compared with the arithmetic modules in
// tb/pe; what its line must give it is checked once for all PEs of the line.
module pe_checks (
    input logic                                                                 clk_i,
    input logic                                                                 rst_ni,
    input logic                                                                 valid_i,
    input logic                                                                 wide_i,
    input logic                                                                 phase_i,
    input logic                                                                 first_i,
    input core_pkg::operand_t                                                   a_i,
    input logic               [core_pkg::PeColumns-1:0][core_pkg::ElemBits-1:0] b_i,
    input logic               [core_pkg::PeColumns-1:0][ core_pkg::SumBits-1:0] sum_o,
    input logic               [core_pkg::PeColumns-1:0]                         add_q
);

  // An exponent field that only a subnormal has once it is normalised.
  localparam int unsigned LowestNormal = 1 + operand_pkg::ExpOffset;

  logic accumulates, zero_b, subnormal_b, inf_b, nan_b;

  assign accumulates = add_q != '0;
  assign zero_b = b_i[0][14:0] == '0;
  assign subnormal_b = b_i[0][14:10] == '0 && b_i[0][9:0] != '0;
  assign inf_b = b_i[0][14:0] == {5'h1F, 10'h0};
  assign nan_b = b_i[0][14:10] == '1 && b_i[0][9:0] != '0;

  `COVER(fp8, valid_i && !wide_i)
  `COVER(fp16_column_0, valid_i && wide_i && !phase_i)
  `COVER(fp16_column_1, valid_i && wide_i && phase_i)
  `COVER(first, valid_i && first_i)
  `COVER(a_subnormal, valid_i && 32'(a_i.exp) < LowestNormal)
  `COVER(a_infinity, valid_i && a_i.is_inf)
  `COVER(a_nan, valid_i && a_i.is_nan)
  `COVER(b_zero, valid_i && zero_b)
  `COVER(b_subnormal, valid_i && subnormal_b)
  `COVER(b_infinity, valid_i && inf_b)
  `COVER(b_nan, valid_i && nan_b)
  `COVER(infinity_times_zero, valid_i && a_i.is_inf && zero_b)
  `COVER(sum_infinity, accumulates && sum_o[0][30:0] == {8'hFF, 23'h0})
  `COVER(sum_nan, accumulates && sum_o[0][30:23] == '1 && sum_o[0][22:0] != '0)
  `COVER(sum_zero, accumulates && sum_o[0][30:0] == '0)

endmodule

bind pe pe_checks i_checks (.*);
