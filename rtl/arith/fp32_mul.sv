// Product of two binary32 numbers, full IEEE: subnormals, infinities, canonical NaN.
module fp32_mul (
    input  logic [fp_pkg::Fp32Bits-1:0] a_i,
    input  logic [fp_pkg::Fp32Bits-1:0] b_i,
    output logic [fp_pkg::Fp32Bits-1:0] prod_o
);

  assign prod_o = fp_pkg::mul_fp32(a_i, b_i);

endmodule
