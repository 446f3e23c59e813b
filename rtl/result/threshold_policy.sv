// Chooses the threshold exponent that a histogram gives: the smallest e for which the finite
// non-zeros from 2^e up are at most the given share of all; without any, the highest. A bin a cycle,
// twice.
module threshold_policy (
    input logic clk_i,
    input logic rst_ni,
    input logic start_i,
    input logic [chip_pkg::Bins-1:0][chip_pkg::BinBits-1:0] bins_i,  // stand still until done
    input logic [7:0] numerator_i,  // of the share
    input logic [7:0] denominator_i,
    input logic fmt_i,  // fp_pkg::fp8_format_e
    output logic done_o,  // in one cycle; what it gives stays
    output logic signed [5:0] exponent_o,
    output logic [fp_pkg::Fp8BiasBits-1:0] bias_o
);

  localparam int unsigned ShareBits = 8;
  localparam int unsigned IndexBits = $clog2(chip_pkg::Bins + 1);
  localparam int unsigned SumBits = chip_pkg::BinBits + IndexBits;
  localparam int unsigned ProductBits = SumBits + ShareBits;
  localparam int unsigned ExponentBits = 6;
  // The bias of the threshold exponent 0.
  localparam int E4m3Bias = 16;
  localparam int E5m2Bias = 31;

  typedef enum logic [1:0] {
    Idle,
    Sum,
    Descend
  } state_e;

  state_e state_q;
  logic [IndexBits-1:0] index_q;
  logic [SumBits-1:0] total_q, above_q, above;
  logic [chip_pkg::BinBits-1:0] bin;
  logic signed [ExponentBits-1:0] exponent_q;
  logic exceeds, last_bin, found;

  assign bin = state_q == Idle ? '0 : bins_i[index_q];
  assign above = above_q + SumBits'(bin);
  // The threshold stays above a bin with which the share would be exceeded.
  assign exceeds = ProductBits'(above) * ProductBits'(denominator_i) >
      ProductBits'(total_q) * ProductBits'(numerator_i);

  assign last_bin = index_q == IndexBits'(chip_pkg::Bins - 1);
  assign found = exceeds || total_q == '0;
  assign exponent_o = exponent_q;
  assign bias_o = fp_pkg::Fp8BiasBits'(
      (fmt_i == fp_pkg::FmtE5m2 ? ExponentBits'(E5m2Bias) : ExponentBits'(E4m3Bias)) - exponent_q);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
      done_o  <= 1'b0;
    end else begin
      done_o <= 1'b0;
      unique case (state_q)
        Idle: if (start_i) state_q <= Sum;
        Sum: if (last_bin) state_q <= Descend;
        Descend: begin
          if (found || index_q == '0) begin
            state_q <= Idle;
            done_o  <= 1'b1;
          end
        end
        default: state_q <= Idle;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    unique case (state_q)
      Sum: begin
        total_q <= total_q + SumBits'(bin);
        if (last_bin) exponent_q <= ExponentBits'(chip_pkg::MaxExponent + 1);
        else index_q <= index_q + 1'b1;
      end
      Descend: begin
        if (!found) begin
          above_q    <= above;
          exponent_q <= exponent_q - 1'b1;
          index_q    <= index_q - 1'b1;
        end
      end
      default: begin
        index_q <= '0;
        total_q <= '0;
        above_q <= '0;
      end
    endcase
  end

endmodule
