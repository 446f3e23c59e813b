// Lays out the elements of one row as an FGMP block: mask, group bits, FP8 bytes, FP16 halfwords,
// without a gap. Bytes beyond the block's are 0.
module fgmp_encode #(
    parameter int unsigned Pes = 2,
    localparam int unsigned Columns = core_pkg::PeColumns * Pes,
    localparam int unsigned MaskBytes = (Columns + core_pkg::ByteBits - 1) / core_pkg::ByteBits,
    localparam int unsigned BlockBytes = 2 * MaskBytes +
        Columns * fp_pkg::Fp16Bits / core_pkg::ByteBits,
    localparam int unsigned CountBits = $clog2(BlockBytes + 1)
) (
    input logic valid_i,  // a row is here: else nothing toggles
    input logic [Columns-1:0] nonzero_i,
    input logic [Columns-1:0] wide_i,  // of the FP16 group
    input logic [Columns-1:0][fp_pkg::Fp16Bits-1:0] element_i,  // an FP8 code in the low byte
    output logic [BlockBytes-1:0][core_pkg::ByteBits-1:0] block_o,
    output logic [CountBits-1:0] bytes_o
);

  localparam int unsigned ByteShift = $clog2(core_pkg::ByteBits);

  logic [CountBits-1:0] nonzeros, wide_at;
  logic [Columns-1:0] group;

  always_comb begin
    block_o  = '0;
    bytes_o  = '0;
    nonzeros = '0;
    wide_at  = '0;
    group    = '0;
    if (valid_i) begin : encode
      automatic logic [CountBits-1:0] narrow_at;
      for (int unsigned e = 0; e < Columns; e++) begin
        if (nonzero_i[e]) begin
          group = group | Columns'(wide_i[e]) << nonzeros;
          nonzeros = nonzeros + 1'b1;
          if (!wide_i[e]) wide_at = wide_at + 1'b1;
        end
      end
      narrow_at = CountBits'(MaskBytes) +
          ((nonzeros + CountBits'(core_pkg::ByteBits - 1)) >> ByteShift);
      wide_at = wide_at + narrow_at;
      block_o[MaskBytes-1:0] = (MaskBytes * core_pkg::ByteBits)'(nonzero_i);
      block_o[2*MaskBytes-1:MaskBytes] = (MaskBytes * core_pkg::ByteBits)'(group);
      for (int unsigned e = 0; e < Columns; e++) begin
        if (nonzero_i[e]) begin
          if (wide_i[e]) begin
            block_o[wide_at+:2] = element_i[e];
            wide_at = wide_at + CountBits'(2);
          end else begin
            block_o[narrow_at] = element_i[e][core_pkg::ByteBits-1:0];
            narrow_at = narrow_at + 1'b1;
          end
        end
      end
      bytes_o = wide_at;
    end
  end

endmodule
