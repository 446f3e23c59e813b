`include "tb/checks.svh"

// A PE beside the arithmetic modules that it must equal, and its multiplier alone.
//
// An element enters with its format; both columns' sums and what the modules make of them appear
// together, with valid_o, when the element has been added.
module pe_bench (
    input  logic        clk_i,
    input  logic        rst_ni,
    input  logic        valid_i,
    input  logic        wide_i,
    input  logic        phase_i,
    input  logic        first_i,
    input  logic [15:0] data_i,
    input  logic        fmt_i,
    input  logic [ 5:0] bias_i,
    input  logic [31:0] b_i,
    output logic        valid_o,
    output logic [31:0] sum0_o,
    output logic [31:0] sum1_o,
    output logic [31:0] modules0_o,
    output logic [31:0] modules1_o,

    input  logic        mul_wide_i,
    input  logic        mul_column_i,
    input  logic [10:0] mul_a_i,
    input  logic [10:0] mul_b0_i,
    input  logic [10:0] mul_b1_i,
    output logic [21:0] mul_product0_o,
    output logic [21:0] mul_product1_o
);

  localparam int unsigned Columns = core_pkg::PeColumns;

  core_pkg::operand_t a;
  logic [Columns-1:0][31:0] sum;

  a_operand i_operand (
      .data_i,
      .wide_i,
      .fmt_i,
      .bias_i,
      .operand_o(a)
  );

  pe i_pe (
      .clk_i,
      .rst_ni,
      .valid_i,
      .wide_i,
      .phase_i,
      .first_i,
      .a_i  (a),
      .b_i,
      .sum_o(sum)
  );

  assign {sum1_o, sum0_o} = sum;

  // The modules add an element in the last of its cycles; the PE does one cycle later.
  logic done, valid_q;
  logic [15:0] decoded, half;
  logic [Columns-1:0][31:0] product, added, total_q, modules_q;

  fp8_to_fp16 i_decode (
      .code_i(data_i[7:0]),
      .fmt_i,
      .bias_i,
      .y_o(decoded)
  );
  assign half = wide_i ? data_i : decoded;
  assign done = valid_i && (!wide_i || phase_i);

  for (genvar c = 0; c < Columns; c++) begin : gen_columns
    fp16_mul i_mul (
        .a_i   (half),
        .b_i   (b_i[16*c+:16]),
        .prod_o(product[c])
    );
    fp32_add i_add (
        .a_i  (first_i ? '0 : total_q[c]),
        .b_i  (product[c]),
        .sum_o(added[c])
    );
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      valid_o <= 1'b0;
    end else begin
      valid_q <= done;
      valid_o <= valid_q;
    end
  end
  always_ff @(posedge clk_i) begin
    if (done) total_q <= added;
    modules_q <= total_q;
  end
  assign {modules1_o, modules0_o} = modules_q;

  pe_multiplier i_multiplier (
      .wide_i    (mul_wide_i),
      .column_i  (mul_column_i),
      .a_i       (mul_a_i),
      .b0_i      (mul_b0_i),
      .b1_i      (mul_b1_i),
      .product0_o(mul_product0_o),
      .product1_o(mul_product1_o)
  );

  // Nothing toggles when nothing is valid.
  `CHECK_NEXT(idle_keeps_sums, i_pe.add_q == '0, $stable(sum))
  `CHECK_NEXT(idle_keeps_products, !valid_i, $stable(i_pe.product_q))
  `CHECK(idle_multiplies_zero, !valid_i, i_pe.sig0 == '0 && i_pe.sig1 == '0)
  `CHECK_NEXT(fp16_adds_one_column, valid_i && wide_i, $onehot(i_pe.add_q))
  `CHECK_NEXT(fp8_adds_both_columns, valid_i && !wide_i, i_pe.add_q == '1)

endmodule
