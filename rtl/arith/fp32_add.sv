// Sum of two binary32 numbers, full IEEE: subnormals, infinities, canonical NaN.
module fp32_add (
    input  logic [fp_pkg::Fp32Bits-1:0] a_i,
    input  logic [fp_pkg::Fp32Bits-1:0] b_i,
    output logic [fp_pkg::Fp32Bits-1:0] sum_o
);

  assign sum_o = fp_pkg::add(a_i, b_i);

endmodule
