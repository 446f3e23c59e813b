`include "tb/checks.svh"

// Checks of post-processing: results are what the format can hold, and nothing moves while the pipeline stands.
module post_process_checks #(
    parameter int unsigned Pes = 2,
    parameter int unsigned MetaWidth = 1
) (
    input logic                                       clk_i,
    input logic                                       rst_ni,
    input logic                                       advance_i,
    input logic                                       fp32_i,
    input logic                                       scale_bias_i,
    input logic                                       add_residual_i,
    input logic                                       relu_i,
    input logic                                       mask_i,
    input logic                                       valid_i,
    input logic                                       valid_o,
    input logic [MetaWidth-1:0]                       meta_o,
    input logic [      Pes-1:0][fp_pkg::Fp32Bits-1:0] data_o,
    input logic [          4:0]                       valid_q,
    input logic [      Pes-1:0][fp_pkg::Fp32Bits-1:0] acc_q,
    input logic [      Pes-1:0][fp_pkg::Fp32Bits-1:0] scale_i,
    input logic [      Pes-1:0][fp_pkg::Fp32Bits-1:0] product_q,
    input logic [      Pes-1:0][fp_pkg::Fp32Bits-1:0] bias_q,
    input logic [      Pes-1:0][fp_pkg::Fp32Bits-1:0] sum_q,
    input logic [      Pes-1:0][fp_pkg::Fp16Bits-1:0] sum_residual_q,
    input logic [      Pes-1:0][fp_pkg::Fp32Bits-1:0] total_q,
    input logic [      Pes-1:0]                       total_keep_q,
    input logic [      Pes-1:0][fp_pkg::Fp16Bits-1:0] product_residual_q,
    input logic [      Pes-1:0]                       product_keep_q,
    input logic [      Pes-1:0]                       sum_keep_q
);

  function automatic logic fits_fp16();
    fits_fp16 = 1'b1;
    for (int unsigned p = 0; p < Pes; p++) begin
      if (data_o[p][fp_pkg::Fp32Bits-1:fp_pkg::Fp16Bits] != '0) fits_fp16 = 1'b0;
    end
  endfunction

  // ReLU leaves no negative number, and no -0.
  function automatic logic is_positive();
    is_positive = 1'b1;
    for (int unsigned p = 0; p < Pes; p++) begin
      if (data_o[p][fp_pkg::Fp16Bits-1]) is_positive = 1'b0;
    end
  endfunction

  `CHECK(fp16_in_the_lower_half, valid_o && !fp32_i, fits_fp16())
  `CHECK(relu_leaves_no_sign, valid_o && relu_i, is_positive())
  `CHECK(fp32_passes, valid_o && fp32_i, !scale_bias_i && !add_residual_i && !relu_i && !mask_i)
  // A stage without a half row stands still.
  logic [4:0] moves;
  assign moves = {5{advance_i}} & {valid_q[3:0], valid_i};
  `CHECK_NEXT(first_stage_quiet, !moves[0], $stable(acc_q))
  `CHECK_NEXT(product_quiet, !moves[1], $stable({product_q, bias_q, product_residual_q,
                                                 product_keep_q}))
  `CHECK_NEXT(sum_quiet, !moves[2], $stable({sum_q, sum_residual_q, sum_keep_q}))
  `CHECK_NEXT(total_quiet, !moves[3], $stable({total_q, total_keep_q}))
  `CHECK_NEXT(last_stage_quiet, !moves[4], $stable({data_o, meta_o}))
  `CHECK_NEXT(stands_still, valid_o && !advance_i, valid_o && $stable(meta_o) && $stable(data_o))

  `COVER(full, valid_q == '1)
  `COVER(everything, valid_i && scale_bias_i && add_residual_i && relu_i && mask_i)
  // The arithmetic of the first lane: all have the same.
`ifdef USER_COVERAGE
  logic scales, biases, adds, narrows, clamps;
  rounding_pkg::rounding_t product, half;
  rounding_pkg::addition_t sum, total;
  assign scales = advance_i && valid_q[0] && scale_bias_i;
  assign biases = advance_i && valid_q[1] && scale_bias_i;
  assign adds = advance_i && valid_q[2] && add_residual_i;
  assign clamps = relu_i && total_q[0][fp_pkg::Fp32Bits-1];
  assign narrows = advance_i && valid_q[3] && !fp32_i && (!mask_i || total_keep_q[0]) && !clamps;
  assign product = scales ? rounding_pkg::product(acc_q[0], scale_i[0]) : '0;
  assign sum = biases ? rounding_pkg::addition(product_q[0], bias_q[0]) : '0;
  assign total = adds ? rounding_pkg::addition(sum_q[0], fp_pkg::to_fp32(sum_residual_q[0])) : '0;
  assign half = narrows ? rounding_pkg::narrowing(total_q[0]) : '0;
`endif  // USER_COVERAGE
  `COVER_ROUNDING(scale, scales, product)
  `COVER_RANGE(scale, scales, product)
  `COVER(scale_vanishes, scales && product.vanishes)
  `COVER_ADDITION(bias, biases, sum)
  `COVER_RANGE(bias, biases, sum.rounding)
  `COVER(bias_minus_zeros, biases && sum.minus_zeros)
  `COVER_ADDITION(residual, adds, total)
  `COVER(residual_minus_zeros, adds && total.minus_zeros)
  `COVER_ROUNDING(half, narrows, half)
  `COVER_RANGE(half, narrows, half)
  `COVER(half_vanishes, narrows && half.vanishes)
  `COVER(relu_clamps, advance_i && valid_q[3] && !fp32_i && clamps && total_q[0][30:0] != '0)
  `COVER(relu_clamps_minus_zero,
         advance_i && valid_q[3] && !fp32_i && clamps && total_q[0][30:0] == '0)
  `COVER(relu_passes, narrows && relu_i && total_q[0][30:0] != '0)
  `COVER(mask_clears, advance_i && valid_q[3] && mask_i && !total_keep_q[0])
  `COVER(mask_keeps, narrows && mask_i)
  `COVER(bubble, advance_i && !valid_q[0] && valid_q[1] && valid_i)

  `COVER(nothing, valid_i && !fp32_i && !scale_bias_i && !add_residual_i && !relu_i && !mask_i)

endmodule

bind post_process post_process_checks #(
    .Pes      (Pes),
    .MetaWidth(MetaWidth)
) i_checks (.*);
