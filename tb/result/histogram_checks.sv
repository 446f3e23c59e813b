`include "tb/checks.svh"

// Checks of the histogram: each real column is counted once.
module histogram_checks #(
    parameter int unsigned Pes = 2,
    localparam int unsigned Kinds = chip_pkg::Bins + 2,
    localparam int unsigned KindBits = $clog2(Kinds),
    localparam int unsigned LaneBits = $clog2(Pes + 1)
) (
    input logic                                           clk_i,
    input logic                                           rst_ni,
    input logic                                           clear_i,
    input logic                 [      4:0]               columns_i,
    input logic                                           valid_i,
    input logic                                           upper_i,
    input logic                 [  Pes-1:0]               real_column,
    input logic                 [Kinds-1:0][LaneBits-1:0] met,
    input chip_pkg::histogram_t                           histogram_o,
    input logic                 [  Pes-1:0][KindBits-1:0] kinds
);

  localparam int unsigned Columns = core_pkg::PeColumns * Pes;

  logic [Kinds-1:0] bins_met;
  always_comb begin
    for (int unsigned k = 0; k < Kinds; k++) bins_met[k] = met[k] != '0;
  end

  function automatic int unsigned counted();
    counted = 0;
    for (int unsigned k = 0; k < Kinds; k++) counted = counted + 32'(met[k]);
  endfunction

  `CHECK(quiet_without_a_row, !valid_i, {real_column, kinds, met} == '0)
  `CHECK(counts_real_columns, valid_i, counted() == $countones(real_column))
  `CHECK(columns_are_of_the_core, valid_i, columns_i != '0 && 32'(columns_i) <= Columns)
  `CHECK_NEXT(cleared, clear_i, histogram_o == '0)

  `COVER(no_real_column, valid_i && real_column == '0)
  `COVER(part_of_a_half, valid_i && upper_i && real_column != '0 && real_column != '1)
  `COVER(zero, valid_i && met[chip_pkg::Bins] != '0)
  `COVER(nonfinite, valid_i && met[chip_pkg::Bins+1] != '0)
  `COVER(least, valid_i && met[0] != '0)
  `COVER(subnormal, valid_i && met[9:1] != '0)
  `COVER(least_normal, valid_i && met[10] != '0)
  `COVER(all_in_one_bin, valid_i && met[chip_pkg::Bins-1:0] != '0 && $onehot(bins_met))
  `COVER(both_halves_in_part, valid_i && !upper_i && real_column != '0 && real_column != '1)
  `COVER(greatest, valid_i && met[chip_pkg::Bins-1] != '0)

endmodule

bind histogram histogram_checks #(.Pes(Pes)) i_checks (.*);
