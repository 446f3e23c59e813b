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
    input logic               [core_pkg::PeColumns-1:0]                         add_q,
    input logic               [core_pkg::PeColumns-1:0][ core_pkg::SumBits-1:0] product_q,
    input logic                                                                 first_q
);

  // An exponent field that only a subnormal has once it is normalised.
  localparam int unsigned LowestNormal = 1 + operand_pkg::ExpOffset;

  logic accumulates, zero_b, subnormal_b, inf_b, nan_b;

  assign accumulates = add_q != '0;
  assign zero_b = b_i[0][14:0] == '0;
  assign subnormal_b = b_i[0][14:10] == '0 && b_i[0][9:0] != '0;
  assign inf_b = b_i[0][14:0] == {5'h1F, 10'h0};
  assign nan_b = b_i[0][14:10] == '1 && b_i[0][9:0] != '0;

  // Sums take up what came a cycle before, and nothing else.
  logic came_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) came_q <= 1'b0;
    else came_q <= valid_i;
  end
  `CHECK(adds_what_came, accumulates, came_q)

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
  // Operands of the first column, each precision of A against each class of B.
  logic normal_b, subnormal_a;
  assign normal_b = !zero_b && !subnormal_b && !inf_b && !nan_b;
  assign subnormal_a = 32'(a_i.exp) < LowestNormal;
  `COVER(fp8_by_zero, valid_i && !wide_i && zero_b)
  `COVER(fp8_by_subnormal, valid_i && !wide_i && subnormal_b)
  `COVER(fp8_by_normal, valid_i && !wide_i && normal_b)
  `COVER(fp8_by_infinity, valid_i && !wide_i && inf_b)
  `COVER(fp8_by_nan, valid_i && !wide_i && nan_b)
  `COVER(fp16_by_zero, valid_i && wide_i && zero_b)
  `COVER(fp16_by_subnormal, valid_i && wide_i && subnormal_b)
  `COVER(fp16_by_normal, valid_i && wide_i && normal_b)
  `COVER(fp16_by_infinity, valid_i && wide_i && inf_b)
  `COVER(fp16_by_nan, valid_i && wide_i && nan_b)
  `COVER(subnormal_fp8, valid_i && !wide_i && subnormal_a)
  `COVER(subnormal_fp16, valid_i && wide_i && subnormal_a)
  `COVER(infinite_fp8, valid_i && !wide_i && a_i.is_inf)
  `COVER(infinite_fp16, valid_i && wide_i && a_i.is_inf)
  `COVER(nan_fp8, valid_i && !wide_i && a_i.is_nan)
  `COVER(nan_fp16, valid_i && wide_i && a_i.is_nan)

  // The accumulator of the first column.
`ifdef USER_COVERAGE
  rounding_pkg::addition_t sum;
  assign sum = add_q[0] && !first_q ? rounding_pkg::addition(sum_o[0], product_q[0]) : '0;
`endif  // USER_COVERAGE
  `COVER_ADDITION(add, add_q[0] && !first_q, sum)
  `COVER(add_to_nothing, add_q[0] && first_q)

  `COVER(sum_zero, accumulates && sum_o[0][30:0] == '0)

endmodule

bind pe pe_checks i_checks (.*);
