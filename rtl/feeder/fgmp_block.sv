// Takes one FGMP block apart: a mask, a group bit for each non-zero, FP8 bytes, FP16 halfwords.
//
// The length follows from the bytes themselves. It is right whenever it is at most the number of bytes
// that there really are: each part before its end says only how much longer the block is.
module fgmp_block #(
    parameter  int unsigned Elements   = 8,
    localparam int unsigned MaskBytes  = (Elements + 7) / 8,
    localparam int unsigned Bytes      = 2 * MaskBytes + 2 * Elements,
    localparam int unsigned CountBits  = $clog2(Elements + 1),
    localparam int unsigned LengthBits = $clog2(Bytes + 1)
) (
    input logic valid_i,  // somebody looks
    input logic [8*Bytes-1:0] bytes_i,
    input logic [CountBits-1:0] elements_i,  // of the block, at least 1
    output logic [Elements-1:0] mask_o,
    output logic [Elements-1:0] group_o,  // 1: FP16, by element
    output logic [Elements-1:0][core_pkg::ElemBits-1:0] values_o,  // FP8 in the low byte
    output logic [LengthBits-1:0] length_o,  // bytes of the block
    output logic fill_o  // a bit that fills a byte is set
);

  localparam int unsigned MaskBits = 8 * MaskBytes;
  localparam int unsigned ByteCountBits = $clog2(MaskBytes + 1);

  typedef logic [MaskBits-1:0] mask_t;
  typedef logic [LengthBits-1:0] length_t;

  // The lowest n bits.
  function automatic mask_t lowest(input logic [CountBits-1:0] n);
    return (mask_t'(1) << n) - mask_t'(1);
  endfunction

  // The bits of the bytes that hold n bits.
  function automatic mask_t whole_bytes(input logic [ByteCountBits-1:0] n);
    return (mask_t'(1) << {n, 3'b000}) - mask_t'(1);
  endfunction

  function automatic logic [ByteCountBits-1:0] bytes_of(input logic [CountBits-1:0] bits);
    return ByteCountBits'((32'(bits) + 32'd7) >> 3);
  endfunction

  always_comb begin
    mask_o   = '0;
    group_o  = '0;
    values_o = '0;
    length_o = '0;
    fill_o   = 1'b0;
    if (valid_i) begin : decode
      automatic mask_t mask, group_field, groups;
      automatic logic [ByteCountBits-1:0] mask_bytes, group_bytes;
      automatic logic [CountBits-1:0] nonzeros, wides;
      automatic length_t narrow_at, wide_at;
      mask_bytes = bytes_of(elements_i);
      mask = bytes_i[MaskBits-1:0] & lowest(elements_i);
      nonzeros = CountBits'($countones(mask));
      group_bytes = bytes_of(nonzeros);
      group_field = mask_t'(bytes_i[2*MaskBits-1:0] >> {mask_bytes, 3'b000});
      groups = group_field & lowest(nonzeros);
      wides = CountBits'($countones(groups));
      narrow_at = length_t'(mask_bytes) + length_t'(group_bytes);
      wide_at = narrow_at + length_t'(nonzeros - wides);
      length_o = wide_at + (length_t'(wides) << 1);
      fill_o = ((bytes_i[MaskBits-1:0] ^ mask) & whole_bytes(mask_bytes)) != '0 ||
          ((group_field ^ groups) & whole_bytes(group_bytes)) != '0;
      mask_o = mask[Elements-1:0];
      for (int unsigned e = 0; e < Elements; e++) begin
        if (mask[e]) begin
          group_o[e] = groups[0];
          if (groups[0]) begin
            values_o[e] = bytes_i[{wide_at, 3'b000}+:core_pkg::ElemBits];
            wide_at = wide_at + length_t'(2);
          end else begin
            values_o[e] = core_pkg::ElemBits'(bytes_i[{narrow_at, 3'b000}+:core_pkg::ByteBits]);
            narrow_at   = narrow_at + length_t'(1);
          end
          groups = groups >> 1;
        end
      end
    end
  end

endmodule
