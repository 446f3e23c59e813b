`include "tb/checks.svh"

// Checks of the partial sums: nothing added to a sum that is not there yet, no result without a place.
//
// Rows of the tree and of the lines are held by their queues, which have checks of their own.
module partial_sum_checks #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Columns = 4,
    parameter int unsigned PsumRows = 16,
    parameter int unsigned CreditBits = 3,
    parameter int unsigned ResultDepth = 4,
    localparam int unsigned PsumBits = $clog2(PsumRows),
    localparam int unsigned LineBits = $clog2(Lines)
) (
    input logic                                                                 clk_i,
    input logic                                                                 rst_ni,
    input core_pkg::tile_cmd_t [core_pkg::TileSlots-1:0]                        tile_i,
    input logic                [core_pkg::TileSlots-1:0]                        tile_valid_i,
    input logic                [core_pkg::TileSlots-1:0]                        tile_zero_i,
    input logic                                                                 tree_valid_i,
    input logic                                                                 tree_ready_o,
    input logic                                                                 intra_i,
    input logic                [              Lines-1:0]                        line_valid_i,
    input logic                [              Lines-1:0]                        line_ready_o,
    input logic                                                                 commit_o,
    input logic                                                                 valid_o,
    input logic                                                                 ready_i,
    input logic                [ core_pkg::RowsBits-1:0]                        row_o,
    input logic                [core_pkg::BlockBits-1:0]                        block_o,
    input logic                                                                 psum_write_o,
    input logic                                                                 result_valid,
    input logic                                                                 unused_result_ready,
    input logic                                                                 zero_valid,
    input logic                [           LineBits-1:0]                        turn_q,
    input logic                [           LineBits-1:0]                        chosen,
    input logic                                                                 any_line,
    input logic                                                                 valid,
    input logic                                                                 accept,
    input logic                                                                 room,
    input logic                                                                 clash,
    input logic                [ core_pkg::TileBits-1:0]                        tile,
    input logic                [ core_pkg::RowsBits-1:0]                        row,
    input logic                [         CreditBits-1:0]                        credits_q,
    input logic                                                                 reading,
    input logic                [ core_pkg::RowsBits-1:0]                        read_row,
    input logic                                                                 adding,
    input logic                [ core_pkg::RowsBits-1:0]                        add_row,
    input logic                                                                 first_q,
    input logic                [            Columns-1:0][core_pkg::SumBits-1:0] row_q,
    input logic                [            Columns-1:0][core_pkg::SumBits-1:0] sum_q
);

  logic first, last;
  logic [PsumRows-1:0] started_q;

  assign first = tile_i[tile].first;
  assign last  = tile_i[tile].last;

  // Rows of which a first tile has been taken, and not yet a last one; rows of zeros pass by.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) started_q <= '0;
    else if (accept && !tile_zero_i[tile]) started_q[row[PsumBits-1:0]] <= !last;
  end
  // No line with a row has its turn before the one chosen.
  function automatic logic turn_is_kept();
    turn_is_kept = 1'b1;
    for (int unsigned l = 0; l < Lines; l++) begin
      if (line_valid_i[l] && LineBits'(LineBits'(l) - turn_q) < LineBits'(chosen - turn_q)) begin
        turn_is_kept = 1'b0;
      end
    end
  endfunction

  `CHECK(row_of_open_tile, accept, tile_valid_i[tile])
  `ASSUME(row_in_tile, accept, row < tile_i[tile].rows && 32'(row) < PsumRows)
  `ASSUME(first_sum_starts, accept && first && !tile_zero_i[tile], !started_q[row[PsumBits-1:0]])
  `ASSUME(sum_was_started, accept && !first, started_q[row[PsumBits-1:0]])
  `CHECK(row_not_on_its_way, accept, !(reading && read_row == row) && !(adding && add_row == row))
  `CHECK(one_source, accept, 32'(tree_ready_o && tree_valid_i) + $countones(line_ready_o) <= 1)
  `CHECK(takes_what_is_there, line_ready_o != '0, intra_i && (line_ready_o & ~line_valid_i) == '0)
  `CHECK(round_robin, any_line, turn_is_kept())
  `CHECK(sums_follow, commit_o, result_valid != psum_write_o)

  // Nothing toggles when no row has come.
  `CHECK_NEXT(row_stands, !accept, $stable({first_q, row_q}))
  `CHECK_NEXT(sum_stands, !reading, $stable(sum_q))

  // A place of the result queue is taken with each row of a block's last tile.
  `CHECK(result_has_place, result_valid, unused_result_ready)
  `CHECK(credit_left, accept && last, credits_q != '0)
  `CHECK(credits_in_range, valid_o, 32'(credits_q) < ResultDepth)
  `CHECK_HELD(result_held, valid_o, ready_i, {row_o, block_o})

  // Tails in M.
  `COVER(all_rows, accept && 32'(tile_i[tile].rows) == PsumRows)
  `COVER(some_rows, accept && 32'(tile_i[tile].rows) < PsumRows)
  `COVER(one_row, accept && tile_i[tile].rows == 1)
  `COVER_QUEUE(results, result_valid, unused_result_ready, valid_o, ready_i, ResultDepth)
  `COVER(clash_of_the_row_read, valid && room && reading && read_row == row)
  `COVER(clash_of_the_row_added, valid && room && adding && add_row == row)
  `COVER(clash, valid && room && clash)
  `COVER(waits_for_result_place, valid && !room)
  `COVER(tree_row, accept && tree_valid_i)
  `COVER(zero_row, accept && !tree_valid_i && !any_line)
  `COVER(zero_row_waits_for_tree, zero_valid && tree_valid_i)
  `COVER(only_tile, accept && first && last)
  `COVER(first_tile, accept && first && !last)
  `COVER(middle_tile, accept && !first && !last)
  `COVER(last_tile, accept && !first && last)
  `COVER(turn_wraps, accept && any_line && !tree_valid_i && turn_q != '0 && chosen < turn_q)
  `COVER(lines_compete, any_line && $countones(line_valid_i) > 1)
  `COVER(row_of_first_line, line_ready_o[0])
  `COVER(row_of_last_line, line_ready_o[Lines-1])

endmodule

bind partial_sum partial_sum_checks #(
    .Lines(Lines),
    .Columns(Columns),
    .PsumRows(PsumRows),
    .CreditBits(CreditBits),
    .ResultDepth(ResultDepth)
) i_checks (
    .*,
    .reading (read_q.valid),
    .read_row(read_q.row),
    .adding  (add_q.valid),
    .add_row (add_q.row)
);
