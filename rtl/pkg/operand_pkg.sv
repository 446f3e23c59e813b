// Operands of the PE's multiplier and the exact products that it makes of them.
package operand_pkg;

  localparam int unsigned HalfBits = fp_pkg::Fp16Bits;
  localparam int unsigned HalfExpBits = fp_pkg::Fp16ExpBits;
  localparam int unsigned HalfFracBits = fp_pkg::Fp16ManBits;
  localparam int unsigned SigBits = core_pkg::SigBits;
  localparam int unsigned ExpBits = core_pkg::OperandExpBits;
  // Normalising a subnormal shifts its significand by up to 10: the exponent field is offset by that
  // many so that it stays positive.
  localparam int unsigned ExpOffset = HalfFracBits;

  // Widths of the product: 11 x 11 bits fit the 24 of binary32.
  localparam int unsigned ProductBits = 2 * SigBits;
  localparam int unsigned WideExpBits = fp_pkg::Fp32ExpBits;
  // An operand is sig * 2^(exp - ExpOffset - 15 - 10); a product's binary32 exponent field is
  // exp_a + exp_b + (127 - 2*15 - 2*ExpOffset), and 1 more if its leading bit is 21, not 20.
  localparam int unsigned ExpRebias = fp_pkg::Fp32Bias - 2 * fp_pkg::Fp16Bias - 2 * ExpOffset;

  // Shifts a subnormal's significand until its leading one stands in bit 10.
  function automatic core_pkg::operand_t normalise(input core_pkg::operand_t a);
    normalise = a;
    if (normalise.sig[10:3] == '0) begin
      normalise.sig = normalise.sig << 8;
      normalise.exp = normalise.exp - ExpBits'(8);
    end
    if (normalise.sig[10:7] == '0) begin
      normalise.sig = normalise.sig << 4;
      normalise.exp = normalise.exp - ExpBits'(4);
    end
    if (normalise.sig[10:9] == '0) begin
      normalise.sig = normalise.sig << 2;
      normalise.exp = normalise.exp - ExpBits'(2);
    end
    if (!normalise.sig[10]) begin
      normalise.sig = normalise.sig << 1;
      normalise.exp = normalise.exp - ExpBits'(1);
    end
  endfunction

  // FP16 to operand. Zero has significand 0 (its exponent does not matter).
  function automatic core_pkg::operand_t unpack(input logic [HalfBits-1:0] half);
    logic [HalfExpBits-1:0] exp;
    exp = half[HalfFracBits+:HalfExpBits];
    unpack.sign = half[HalfBits-1];
    unpack.is_nan = exp == '1 && half[HalfFracBits-1:0] != '0;
    unpack.is_inf = exp == '1 && half[HalfFracBits-1:0] == '0;
    unpack.exp = ExpBits'(exp) + ExpBits'(ExpOffset) + ExpBits'(exp == '0);
    unpack.sig = {exp != '0, half[HalfFracBits-1:0]};
    if (exp == '0) unpack = normalise(unpack);
  endfunction

  // The product of two operands as binary32, given the product of their significands.
  function automatic logic [31:0] product(input core_pkg::operand_t a, input core_pkg::operand_t b,
                                          input logic [ProductBits-1:0] sig);
    /* verilator no_inline_task */
    logic sign;
    logic [WideExpBits-1:0] exp;
    sign = a.sign ^ b.sign;
    // Both are normalised, so the leading one stands in bit 21 or 20.
    exp = WideExpBits'(a.exp) + WideExpBits'(b.exp) + WideExpBits'(ExpRebias) +
          WideExpBits'(sig[ProductBits-1]);
    product = {
      sign, exp, sig[ProductBits-1] ? {sig[ProductBits-2:0], 2'b00} : {sig[ProductBits-3:0], 3'b000}
    };
    if (sig == '0) product = {sign, 31'b0};
    if (a.is_nan || a.is_inf || b.is_nan || b.is_inf) begin
      // Infinity times zero is invalid; a NaN in is the canonical NaN out.
      product = a.is_nan || b.is_nan || sig == '0 ? fp_pkg::Fp32Nan : {sign, 8'hFF, 23'b0};
    end
  endfunction

endpackage
