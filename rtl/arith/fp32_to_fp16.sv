// binary32 rounded to FP16, subnormals included.
module fp32_to_fp16 (
    input  logic [fp_pkg::Fp32Bits-1:0] a_i,
    output logic [fp_pkg::Fp16Bits-1:0] y_o
);

  assign y_o = fp_pkg::to_fp16(a_i);

endmodule
