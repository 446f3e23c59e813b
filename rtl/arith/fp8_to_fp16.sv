// FP8 to FP16 under any exponent bias; what leaves FP16 is rounded as IEEE says.
module fp8_to_fp16 (
    input  logic [    fp_pkg::Fp8Bits-1:0] code_i,
    input  logic                           fmt_i,   // fp_pkg::fp8_format_e
    input  logic [fp_pkg::Fp8BiasBits-1:0] bias_i,
    output logic [   fp_pkg::Fp16Bits-1:0] y_o
);

  assign y_o = fp_pkg::from_fp8(code_i, fmt_i, bias_i);

endmodule
