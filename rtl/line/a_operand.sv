// Decodes one A element for the PEs of a line: FP8 or FP16 to a normalised operand.
//
// Through FP16 in both cases, so that a code and bias that leave FP16 round as fp8_to_fp16 says; an
// FP8 element then has at most 4 significant bits, all in the top of its significand.
module a_operand (
    input  logic               [15:0] data_i,    // an FP16 halfword, or an FP8 byte in the low half
    input  logic                      wide_i,    // FP16
    input  logic                      fmt_i,     // FP8 format: 0 E4M3, 1 E5M2
    input  logic               [ 5:0] bias_i,    // FP8 exponent bias
    output core_pkg::operand_t        operand_o
);

  logic [15:0] half;

  assign half = wide_i ? data_i : fp_pkg::from_fp8(data_i[7:0], fmt_i, bias_i);
  assign operand_o = operand_pkg::unpack(half);

endmodule
