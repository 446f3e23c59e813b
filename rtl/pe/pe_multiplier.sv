// One 11 x 11-bit significand multiplier that serves as two 4 x 11-bit ones.
//
//            wide (FP16)                  narrow (FP8)
//   high     a[10:7] x b[column]          a[10:7] x b[0]   -> product of column 0
//   middle   a[ 6:3] x b[column]          a[10:7] x b[1]   -> product of column 1
//   low      a[ 2:0] x b[column]          idle
//
// Operands are normalised: an FP8 significand has its 4 bits in a[10:7].
module pe_multiplier (
    input  logic                                wide_i,
    input  logic                                column_i,    // the column of a wide product
    input  logic [       core_pkg::SigBits-1:0] a_i,
    input  logic [       core_pkg::SigBits-1:0] b0_i,
    input  logic [       core_pkg::SigBits-1:0] b1_i,
    output logic [operand_pkg::ProductBits-1:0] product0_o,  // wide, or narrow of column 0
    output logic [operand_pkg::ProductBits-1:0] product1_o   // narrow of column 1
);

  localparam int unsigned NarrowBits = 4;
  localparam int unsigned SigBits = core_pkg::SigBits;
  localparam int unsigned LowBits = SigBits - 2 * NarrowBits;
  localparam int unsigned PartBits = SigBits + NarrowBits;
  localparam int unsigned ProductBits = operand_pkg::ProductBits;

  logic [SigBits-1:0] b_high, b_middle;
  logic [NarrowBits-1:0] a_high, a_middle;
  logic [LowBits-1:0] a_low;
  logic [PartBits-1:0] high, middle;
  logic [SigBits+LowBits-1:0] low;

  assign a_high = a_i[SigBits-1-:NarrowBits];
  assign a_middle = wide_i ? a_i[LowBits+:NarrowBits] : a_high;
  assign a_low = wide_i ? a_i[LowBits-1:0] : '0;
  assign b_high = wide_i && column_i ? b1_i : b0_i;
  assign b_middle = wide_i ? b_high : b1_i;

  assign high = PartBits'(a_high) * PartBits'(b_high);
  assign middle = PartBits'(a_middle) * PartBits'(b_middle);
  assign low = (SigBits + LowBits)'(a_low) * (SigBits + LowBits)'(b_high);

  assign product0_o = {high, {(ProductBits - PartBits){1'b0}}} +
                      (wide_i ? {{NarrowBits{1'b0}}, middle, {LowBits{1'b0}}} : '0) +
                      ProductBits'(low);
  assign product1_o = {middle, {(ProductBits - PartBits) {1'b0}}};

endmodule
