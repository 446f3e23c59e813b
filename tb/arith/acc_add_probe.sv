// Brings the PE accumulator's addition out on ports, to be compared with fp32_add.
module acc_add_probe (
    input  logic [fp_pkg::Fp32Bits-1:0] a_i,
    input  logic [fp_pkg::Fp32Bits-1:0] b_i,
    output logic [fp_pkg::Fp32Bits-1:0] sum_o
);

  assign sum_o = fp_pkg::acc_add(a_i, b_i);

endmodule
