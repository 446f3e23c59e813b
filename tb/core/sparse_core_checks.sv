`include "tb/checks.svh"

// Checks across the blocks of a core: configuration, the table's two copies, lines in step.
module sparse_core_checks #(
  parameter int unsigned Lines = 2,
  parameter int unsigned Columns = 4,
  localparam int unsigned ColumnBits = $clog2(Columns + 1)
) (
  input logic                                          clk_i,
  input logic                                          rst_ni,
  input logic                                          a_fmt_i,
  input logic [5:0]                                    a_bias_i,
  input logic [ColumnBits-1:0]                         columns_i,
  input logic                                          balance_i,
  input logic                                          busy_o,
  input logic                                          result_valid_o,
  input logic                                          table_write,
  input logic [core_pkg::TableBits:0]                  table_write_index,
  input logic [Lines-1:0][core_pkg::TableBits:0]       table_index,
  input logic [Lines-1:0]                              issue,
  input logic [Lines-1:0]                              row_valid,
  input logic [Lines-1:0]                              tree_row_ready,
  input logic [Lines-1:0][core_pkg::TileBits-1:0]      row_tile,
  input logic [core_pkg::TileBits:0]                   reduced,
  input logic [core_pkg::TileSlots-1:0]                tile_valid,
  input logic [Lines-1:0]                              gather
);

  logic [Lines-1:0] table_race, out_of_step;
  always_comb begin
    for (int unsigned l = 0; l < Lines; l++) begin
      table_race[l]  = gather[l] && table_index[l] == table_write_index;
      out_of_step[l] = tree_row_ready[l] && row_valid[l] &&
                       row_tile[l] != reduced[core_pkg::TileBits-1:0];
    end
  end

  `CHECK_NEXT(configuration_stands, busy_o, !busy_o || $stable({a_fmt_i, a_bias_i, columns_i, balance_i}))
  `CHECK(columns_in_range, busy_o, columns_i != '0 && 32'(columns_i) <= Columns)
  `CHECK(busy_while_working, issue != '0, busy_o)
  `CHECK(busy_until_results_left, result_valid_o, busy_o)
  `CHECK(table_not_in_use, table_write, table_race == '0)
  `CHECK(lines_in_step, tree_row_ready != '0, out_of_step == '0)

  `COVER(all_lines_issue, issue == '1)
  `COVER(two_tiles, $countones(tile_valid) > 1)
  `COVER(four_tiles, &tile_valid)

endmodule
