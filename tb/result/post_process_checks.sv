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
    input logic [          4:0]                       valid_q
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
  `CHECK_NEXT(stands_still, valid_o && !advance_i, valid_o && $stable(meta_o) && $stable(data_o))

  `COVER(full, valid_q == '1)
  `COVER(everything, valid_i && scale_bias_i && add_residual_i && relu_i && mask_i)
  `COVER(nothing, valid_i && !fp32_i && !scale_bias_i && !add_residual_i && !relu_i && !mask_i)

endmodule

bind post_process post_process_checks #(
    .Pes      (Pes),
    .MetaWidth(MetaWidth)
) i_checks (.*);
