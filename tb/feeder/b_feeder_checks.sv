`include "tb/checks.svh"

// Checks of the rows of B.
module b_feeder_checks #(
    parameter int unsigned Pes = 2,
    localparam int unsigned Columns = Pes * core_pkg::PeColumns,
    localparam int unsigned BlockBytes = 2 * ((Columns + 7) / 8) + 2 * Columns,
    localparam int unsigned LengthBits = $clog2(BlockBytes + 1)
) (
    input logic                                          clk_i,
    input logic                                          rst_ni,
    input logic                                          row_valid_o,
    input logic                                          row_ready_i,
    input logic [   Columns-1:0][core_pkg::ElemBits-1:0] row_o,
    input logic                                          error_o,
    input logic                                          take,
    input logic                                          flush,
    input logic [   Columns-1:0]                         mask,
    input logic [   Columns-1:0]                         group,
    input logic [   Columns-1:0][core_pkg::ElemBits-1:0] row,
    input logic [LengthBits-1:0]                         count,
    input logic                                          idle_o
);

  `CHECK_HELD(row_held, row_valid_o, row_ready_i, row_o)
  `CHECK(quiet_without_a_row, !take, row == '0)
  `CHECK(idle_has_nothing, idle_o, !row_valid_o && count == '0)
  `CHECK(nothing_of_a_wrong_block, error_o, !take)

  `COVER(row_of_both, take && group != '0 && (mask & ~group) != '0)
  `COVER(row_waits, row_valid_o && !row_ready_i)
  `COVER(one_element, take && $onehot(mask))
  `COVER(last_row_of_zeros, flush && mask == '0)
  `COVER(row_of_zeros, take && mask == '0)
  `COVER(row_of_fp8, take && mask == '1 && group == '0)
  `COVER(row_of_fp16, take && group == '1)
  `COVER(rows_back_to_back, row_valid_o && row_ready_i && take)
  `COVER(last_row, flush)

endmodule

bind b_feeder b_feeder_checks #(.Pes(Pes)) i_checks (.*);
