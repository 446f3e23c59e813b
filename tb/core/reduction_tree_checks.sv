`include "tb/checks.svh"

// Checks of the tree's way in and out; what it adds is compared with golden.
module reduction_tree_checks #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Columns = 4,
    localparam int unsigned Beats = 4,
    localparam int unsigned BeatBits = $clog2(Beats),
    localparam int unsigned BeatColumns = Columns / Beats
) (
    input logic                                                                 clk_i,
    input logic                                                                 rst_ni,
    input logic                [              Lines-1:0]                        valid_i,
    input logic                [              Lines-1:0]                        ready_o,
    input core_pkg::tile_cmd_t [core_pkg::TileSlots-1:0]                        tile_i,
    input logic                [core_pkg::TileSlots-1:0]                        tile_zero_i,
    input logic                                                                 valid_o,
    input logic                                                                 ready_i,
    input logic                [ core_pkg::RowsBits-1:0]                        row_o,
    input logic                [ core_pkg::TileBits-1:0]                        tile_o,
    input logic                [ core_pkg::TileBits-1:0]                        slot,
    input logic                [ core_pkg::RowsBits-1:0]                        row_q,
    input logic                [           BeatBits-1:0]                        beat_q,
    input logic                [              Lines-1:0]                        active,
    input logic                                                                 open,
    input logic                                                                 inter,
    input logic                                                                 start,
    input logic                                                                 row_end,
    input logic                                                                 tile_end,
    input logic                                                                 advance,
    input logic                                                                 enters,
    input logic                                                                 leaves,
    input logic                [        BeatColumns-1:0][core_pkg::SumBits-1:0] root,
    input logic                [            Columns-1:0][core_pkg::SumBits-1:0] sum_o
);

  // Rows are taken from all lines of the tile at once, in the tile's order.
  `CHECK(takes_what_is_there, ready_o != '0, (ready_o & ~valid_i) == '0 && ready_o == active)
  `CHECK(row_in_tile, start, row_q < tile_i[slot].rows)
  `CHECK(tile_with_a_line, start, active != '0)
  `CHECK_NEXT(beats_in_turn, start, beat_q == BeatBits'($past(beat_q) + 1'b1))
  `CHECK(row_in_four_beats, row_end, beat_q == '1)
  // Nothing toggles when no beat has come: the last level's sums, and the row that is put together.
  `CHECK_NEXT(sums_stand, !(advance && enters), $stable(root))
  `CHECK_NEXT(row_stands, !(advance && leaves), $stable({sum_o, row_o, tile_o}))
  `CHECK_HELD(row_held, valid_o, ready_i, {row_o, tile_o})

  `COVER(one_line, row_end && $onehot(active))
  `COVER(all_lines, row_end && active == '1)
  `COVER(one_row_tile, tile_end && tile_i[slot].rows == 1)
  `COVER(held_in_the_middle, start && beat_q != '0 && $past(valid_o && !ready_i))
  `COVER(line_left_out, row_end && active != '1)
  `COVER(waits_for_a_line, inter && (valid_i & active) != '0 && (valid_i & active) != active)
  `COVER(rows_back_to_back, start && beat_q == '0 && valid_o)
  `COVER(held_up, valid_o && !ready_i)
  `COVER(tile_ends, tile_end)
  `COVER(zeros_pass_by, open && tile_zero_i[slot])
  `COVER(intra_passes_by, open && !tile_zero_i[slot] && tile_i[slot].intra)

endmodule

bind reduction_tree reduction_tree_checks #(
    .Lines  (Lines),
    .Columns(Columns)
) i_checks (
    .*,
    .enters(tag_q[Levels-1].valid),
    .leaves(tag_q[Levels].valid)
);
