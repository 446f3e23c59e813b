// Product of two FP16 numbers as binary32, which holds it exactly.
module fp16_mul (
    input  logic [fp_pkg::Fp16Bits-1:0] a_i,
    input  logic [fp_pkg::Fp16Bits-1:0] b_i,
    output logic [fp_pkg::Fp32Bits-1:0] prod_o
);

  assign prod_o = fp_pkg::mul(a_i, b_i);

endmodule
