`include "tb/checks.svh"

// Checks of a row's layout: its length says what is in it, and nothing stands beyond it.
module row_format_checks #(
    parameter int unsigned Pes = 2,
    parameter int unsigned MetaWidth = 1,
    localparam int unsigned Columns = core_pkg::PeColumns * Pes,
    localparam int unsigned RowBytes = Columns * fp_pkg::Fp32Bits / core_pkg::ByteBits,
    localparam int unsigned CountBits = $clog2(RowBytes + 1),
    localparam int unsigned BlockBytes = 2 * ((Columns + 7) / 8) + 2 * Columns,
    localparam int unsigned BlockCountBits = $clog2(BlockBytes + 1)
) (
    input logic                [       Columns-1:0][  fp_pkg::Fp32Bits-1:0] words_q,
    input logic                [     MetaWidth-1:0]                         whole_meta_q,
    input logic                [     MetaWidth-1:0]                         meta_o,
    input logic                                                             clk_i,
    input logic                                                             rst_ni,
    input logic                                                             advance_i,
    input chip_pkg::out_mode_e                                              mode_i,
    input logic                                                             valid_i,
    input logic                                                             upper_i,
    input logic                                                             valid_o,
    input logic                [      RowBytes-1:0][core_pkg::ByteBits-1:0] row_o,
    input logic                [     CountBits-1:0]                         bytes_o,
    input logic                [       Columns-1:0]                         nonzero_o,
    input logic                [       Columns-1:0]                         wide_o,
    input logic                                                             whole_q,
    input logic                [    BlockBytes-1:0][core_pkg::ByteBits-1:0] block,
    input logic                [BlockCountBits-1:0]                         block_bytes
);

  localparam int unsigned MaskBytes = (Columns + core_pkg::ByteBits - 1) / core_pkg::ByteBits;

  logic lower_q, is_fgmp, encodes;
  int unsigned nonzeros, wides;

  assign is_fgmp = mode_i == chip_pkg::OutFgmp;
  assign encodes = whole_q && is_fgmp;
  assign nonzeros = $countones(nonzero_o);
  assign wides = $countones(wide_o);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) lower_q <= 1'b0;
    else if (advance_i && valid_i) lower_q <= !upper_i;
  end

  // Bytes of a block beyond its length are 0: the packer adds what follows to them.
  function automatic logic nothing_beyond();
    nothing_beyond = 1'b1;
    for (int unsigned b = 0; b < RowBytes; b++) begin
      if (b >= 32'(bytes_o) && row_o[b] != '0) nothing_beyond = 1'b0;
    end
  endfunction

  `CHECK(quiet_without_a_row, !encodes, {block, block_bytes} == '0)
  `CHECK(costs_of_fgmp_alone, valid_o && !is_fgmp, {nonzero_o, wide_o} == '0)
  `CHECK_NEXT(halves_quiet, !(advance_i && valid_i), $stable({words_q, whole_meta_q}))
  `CHECK_NEXT(row_quiet, !(advance_i && whole_q), $stable(
                                                      {row_o, bytes_o, nonzero_o, wide_o, meta_o}))
  `CHECK(upper_after_lower, advance_i && valid_i, upper_i == lower_q)
  `CHECK(mask_leads_the_block, valid_o && is_fgmp,
         row_o[MaskBytes-1:0] == (MaskBytes * core_pkg::ByteBits)'(nonzero_o))
  `CHECK(length_by_its_elements, valid_o && is_fgmp,
         32'(bytes_o) == MaskBytes + (nonzeros + 7) / 8 + nonzeros + wides)
  `CHECK(nothing_beyond_the_block, valid_o && is_fgmp, nothing_beyond())
  `CHECK(wide_is_nonzero, valid_o, (wide_o & ~nonzero_o) == '0)
  `CHECK_NEXT(stands_still, valid_o && !advance_i, valid_o && $stable(row_o) && $stable(bytes_o)
              && $stable(nonzero_o) && $stable(wide_o))

  `COVER(empty_block, valid_o && is_fgmp && nonzero_o == '0)
  `COVER(longest_block, valid_o && is_fgmp && wide_o == '1)
  `COVER(all_narrow, valid_o && is_fgmp && nonzero_o == '1 && wide_o == '0)
  `COVER(row_of_fp32, valid_o && mode_i == chip_pkg::OutFp32)
  `COVER(row_of_fp16, valid_o && mode_i == chip_pkg::OutFp16)
  `COVER(one_element, valid_o && is_fgmp && $onehot(nonzero_o))
  `COVER(one_wide_element, valid_o && is_fgmp && $onehot(wide_o) && wide_o != nonzero_o)
  `COVER(first_column_zero, valid_o && is_fgmp && !nonzero_o[0] && nonzero_o[Columns-1])
  `COVER(last_column_zero, valid_o && is_fgmp && nonzero_o[0] && !nonzero_o[Columns-1])
  `COVER(both_groups, valid_o && is_fgmp && wide_o != '0 && wide_o != nonzero_o)

endmodule

bind row_format row_format_checks #(
    .Pes(Pes),
    .MetaWidth(MetaWidth)
) i_checks (.*);
