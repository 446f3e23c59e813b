// Processing element: two output columns, one split multiplier, two binary32 accumulators.
//
// An FP8 element of A meets both columns in one cycle; an FP16 element meets column 0 in its first
// cycle (phase 0) and column 1 in its second. Products are exact; each is added with one rounding.
// Two stages: product, accumulate. Nothing toggles when nothing is valid.
module pe (
    input logic clk_i,
    input logic rst_ni,
    input logic valid_i,
    input logic wide_i,  // FP16
    input logic phase_i,
    input logic first_i,  // sum starts at +0
    input core_pkg::operand_t a_i,
    input logic [core_pkg::PeColumns-1:0][core_pkg::ElemBits-1:0] b_i,
    output logic [core_pkg::PeColumns-1:0][core_pkg::SumBits-1:0] sum_o
);

  core_pkg::operand_t [core_pkg::PeColumns-1:0] b;
  logic [operand_pkg::ProductBits-1:0] sig0, sig1;
  logic [core_pkg::PeColumns-1:0][core_pkg::SumBits-1:0] product_q;
  logic [core_pkg::PeColumns-1:0] add_q;
  logic first_q;

  always_comb begin
    b = '0;
    if (valid_i) begin
      for (int unsigned c = 0; c < core_pkg::PeColumns; c++) b[c] = operand_pkg::unpack(b_i[c]);
    end
  end

  pe_multiplier i_multiplier (
      .wide_i,
      .column_i  (phase_i),
      .a_i       (a_i.sig),
      .b0_i      (b[0].sig),
      .b1_i      (b[1].sig),
      .product0_o(sig0),
      .product1_o(sig1)
  );

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      if (!(wide_i && phase_i)) product_q[0] <= operand_pkg::product(a_i, b[0], sig0);
      if (!wide_i) product_q[1] <= operand_pkg::product(a_i, b[1], sig1);
      else if (phase_i) product_q[1] <= operand_pkg::product(a_i, b[1], sig0);
      first_q <= first_i;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) add_q <= '0;
    else add_q <= {valid_i && (!wide_i || phase_i), valid_i && !(wide_i && phase_i)};
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned c = 0; c < core_pkg::PeColumns; c++) begin
      if (add_q[c]) sum_o[c] <= fp_pkg::acc_add(first_q ? '0 : sum_o[c], product_q[c]);
    end
  end

endmodule
