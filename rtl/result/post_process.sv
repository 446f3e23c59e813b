// Post-processing of half a row a cycle: scale, bias, residual, ReLU, mask, one rounding to FP16.
//
// Full IEEE binary32, one rounding an operation. What the descriptor does not ask for is passed by;
// FP32 results pass everything. Every half row takes the same time.
module post_process #(
    parameter int unsigned Pes = 2,
    parameter int unsigned MetaWidth = 1
) (
    input logic clk_i,
    input logic rst_ni,
    input logic advance_i,  // the pipeline moves
    input logic fp32_i,  // results pass as they are
    input logic scale_bias_i,  // what is asked for
    input logic add_residual_i,
    input logic relu_i,
    input logic mask_i,
    input logic valid_i,
    input logic [MetaWidth-1:0] meta_i,  // comes out with the half row
    input logic [Pes-1:0][fp_pkg::Fp32Bits-1:0] data_i,
    // Operands, one cycle later than the half row
    input logic [Pes-1:0][fp_pkg::Fp32Bits-1:0] scale_i,
    input logic [Pes-1:0][fp_pkg::Fp32Bits-1:0] bias_i,
    input logic [Pes-1:0][fp_pkg::Fp16Bits-1:0] residual_i,
    input logic [Pes-1:0] keep_i,
    output logic valid_o,
    output logic [MetaWidth-1:0] meta_o,
    output logic [Pes-1:0][fp_pkg::Fp32Bits-1:0] data_o  // FP16 in the lower half
);

  localparam int unsigned Stages = 5;

  typedef logic [Pes-1:0][fp_pkg::Fp32Bits-1:0] words_t;
  typedef logic [Pes-1:0][fp_pkg::Fp16Bits-1:0] halves_t;

  logic [Stages-1:0] valid_q;
  logic [MetaWidth-1:0] meta_q[Stages];
  words_t acc_q, product_q, sum_q, total_q, bias_q;
  halves_t product_residual_q, sum_residual_q;
  logic [Pes-1:0] product_keep_q, sum_keep_q, total_keep_q;

  assign valid_o = valid_q[Stages-1];
  assign meta_o  = meta_q[Stages-1];

  // ReLU: -0 and what is below it become +0. NaN passes, as the canonical one is positive.
  function automatic logic [fp_pkg::Fp16Bits-1:0] finish(input logic [fp_pkg::Fp32Bits-1:0] value,
                                                         input logic clamp, input logic kept);
    return !kept || (clamp && value[fp_pkg::Fp32Bits-1]) ? '0 : fp_pkg::to_fp16(value);
  endfunction

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= '0;
    else if (advance_i) valid_q <= {valid_q[Stages-2:0], valid_i};
  end

  always_ff @(posedge clk_i) begin
    if (advance_i) begin
      if (valid_i) begin
        meta_q[0] <= meta_i;
        acc_q     <= data_i;
      end
      for (int unsigned s = 1; s < Stages; s++) begin
        if (valid_q[s-1]) meta_q[s] <= meta_q[s-1];
      end

      if (valid_q[0]) begin
        for (int unsigned p = 0; p < Pes; p++) begin
          if (scale_bias_i) product_q[p] <= fp_pkg::mul_fp32(acc_q[p], scale_i[p]);
          else product_q[p] <= acc_q[p];
        end
        bias_q             <= bias_i;
        product_residual_q <= residual_i;
        product_keep_q     <= keep_i;
      end

      if (valid_q[1]) begin
        for (int unsigned p = 0; p < Pes; p++) begin
          if (scale_bias_i) sum_q[p] <= fp_pkg::add(product_q[p], bias_q[p]);
          else sum_q[p] <= product_q[p];
        end
        sum_residual_q <= product_residual_q;
        sum_keep_q     <= product_keep_q;
      end

      if (valid_q[2]) begin
        for (int unsigned p = 0; p < Pes; p++) begin
          if (add_residual_i) begin
            total_q[p] <= fp_pkg::add(sum_q[p], fp_pkg::to_fp32(sum_residual_q[p]));
          end else begin
            total_q[p] <= sum_q[p];
          end
        end
        total_keep_q <= sum_keep_q;
      end

      if (valid_q[3]) begin
        for (int unsigned p = 0; p < Pes; p++) begin
          if (fp32_i) data_o[p] <= total_q[p];
          else begin
            data_o[p] <= fp_pkg::Fp32Bits'(finish(total_q[p], relu_i, !mask_i || total_keep_q[p]));
          end
        end
      end
    end
  end

endmodule
