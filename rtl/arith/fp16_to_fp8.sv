// FGMP's decision on one FP16 element: its FP8 code, or that it stays FP16, or that it is flushed.
//
// The bias is the threshold: 16 - e_thr for E4M3, 31 - e_thr for E5M2. An element stays FP16 if it
// is an infinity or a NaN, or if rounding would leave the finite codes.
module fp16_to_fp8 (
    input  logic [   fp_pkg::Fp16Bits-1:0] a_i,
    input  logic                           fmt_i,   // fp_pkg::fp8_format_e
    input  logic [fp_pkg::Fp8BiasBits-1:0] bias_i,
    output logic [    fp_pkg::Fp8Bits-1:0] code_o,  // 0 with fp16_o, flush_o, and for either zero
    output logic                           fp16_o,
    output logic                           flush_o  // not zero, but rounds to zero
);

  fp_pkg::fp8_encoding_t encoding;

  assign encoding = fp_pkg::to_fp8(a_i, fmt_i, bias_i);
  assign code_o   = encoding.code;
  assign fp16_o   = encoding.wide;
  assign flush_o  = encoding.flush;

endmodule
