`include "tb/checks.svh"

// Checks of the sequencer: tiles open only into free places, and every line learns of every end.
//
// Runs go out by grant (`run_valid_o` is raised when all lines have room), so they are not held.
module sequencer_checks #(
    parameter int unsigned Lines = 2
) (
    input logic                                                     clk_i,
    input logic                                                     rst_ni,
    input logic                                                     valid_i,
    input logic                                                     ready_o,
    input logic                [  core_pkg::CmdBits-1:0]            cmd_i,
    input logic                                                     open_o,
    input logic                                                     group_valid_i,
    input logic                [              Lines-1:0]            tile_end_i,
    input logic                [              Lines-1:0]            tile_end_parity_i,
    input logic                                                     table_write_o,
    input logic                [              Lines-1:0]            run_valid_o,
    input logic                [              Lines-1:0]            run_ready_i,
    input logic                                                     row_valid_o,
    input logic                                                     row_ready_i,
    input core_pkg::tile_cmd_t [core_pkg::TileSlots-1:0]            tile_o,
    input logic                [core_pkg::TileSlots-1:0]            tile_valid_o,
    input logic                [core_pkg::TileSlots-1:0]            tile_zero_o,
    input logic                [   core_pkg::TileBits:0]            opened_o,
    input logic                [   core_pkg::TileBits:0]            reduced_i,
    input logic                                                     row_done_i,
    input logic                [ core_pkg::TileBits-1:0]            row_done_tile_i,
    input core_pkg::op_e                                            op,
    input core_pkg::tile_cmd_t                                      tile_cmd,
    input core_pkg::run_cmd_t                                       run_cmd,
    input logic                [ core_pkg::TileBits-1:0]            next,
    input logic                [ core_pkg::TileBits-1:0]            open_q,
    input logic                [                    1:0]            line_busy_q,
    input logic                [                    1:0][Lines-1:0] ended_q,
    input logic                                                     parity_q,
    input logic                                                     intra_q,
    input logic                                                     intra,
    input logic                                                     slot_free,
    input logic                                                     open_zero,
    input logic                                                     run_all,
    input logic                                                     way_free,
    input logic                                                     results_due,
    input logic                                                     open_parity_o
);

  logic opens;
  assign opens = open_o || open_zero;

  function automatic logic ends_are_due();
    ends_are_due = 1'b1;
    for (int unsigned l = 0; l < Lines; l++) begin
      if (tile_end_i[l] && (!line_busy_q[tile_end_parity_i[l]] ||
                            ended_q[tile_end_parity_i[l]][l])) begin
        ends_are_due = 1'b0;
      end
    end
  endfunction

  // A command stays until it is taken; a feeder that finds an error takes it away for good.
  logic waiting_q, withdrawn_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      waiting_q   <= 1'b0;
      withdrawn_q <= 1'b0;
    end else begin
      waiting_q   <= valid_i && !ready_o;
      withdrawn_q <= withdrawn_q || (waiting_q && !valid_i);
    end
  end
  `CHECK_NEXT(command_held, (valid_i && !ready_o) || withdrawn_q,
              withdrawn_q || !valid_i ? !valid_i : $stable(cmd_i))
  `CHECK(command_known, valid_i,
         op inside {core_pkg::OpTile, core_pkg::OpSegment, core_pkg::OpRun, core_pkg::OpZero})

  // A tile opens into a slot whose rows have all arrived, and a half of B that no line still reads.
  `CHECK(slot_is_free, opens, !tile_valid_o[next])
  `CHECK(slots_left, opens, (opened_o - reduced_i) < (core_pkg::TileBits + 1)'(core_pkg::TileSlots))
  `CHECK(half_is_free, open_o, !line_busy_q[!parity_q])
  `CHECK(channels_have_lines, open_o && !tile_cmd.intra, group_valid_i)
  `ASSUME(tile_has_a_line, open_o, (32'(tile_cmd.line_mask) & ((32'd1 << Lines) - 1)) != '0)
  `ASSUME(tile_has_rows, open_o, tile_cmd.rows != '0)
  `CHECK(tiles_of_one_kind, opens && (line_busy_q != '0 || tile_valid_o != '0), intra == intra_q)
  `CHECK_NEXT(rows_go_its_way, opens, intra_q == $past(open_o && tile_cmd.intra))
  `CHECK(one_tile_of_zeros, open_zero, (tile_valid_o & tile_zero_o) == '0)

  // What a tile waits for.
  logic opens_tile, half_free, group_free, waits_for_block;
  assign opens_tile = valid_i && op == core_pkg::OpTile;
  assign half_free = !line_busy_q[!parity_q];
  assign waits_for_block = tile_cmd.intra && intra_q && tile_cmd.last;
  assign group_free = tile_cmd.intra || group_valid_i;

  // After a reset the first tile uses half 1, and the halves take turns.
  logic half_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) half_q <= 1'b0;
    else if (open_o) half_q <= !half_q;
  end
  `CHECK(halves_in_turn, open_o, open_parity_o == !half_q)
  // A tile that has its place, its half and its lines waits only for results of WG's block before.
  function automatic logic block_is_due();
    block_is_due = 1'b0;
    for (int unsigned s = 0; s < core_pkg::TileSlots; s++) begin
      if (tile_valid_o[s] && tile_o[s].last) block_is_due = 1'b1;
    end
  endfunction
  `CHECK(waits_for_results_alone,
         opens_tile && !open_o && slot_free && half_free && group_free && tile_cmd.intra == intra_q,
         waits_for_block && block_is_due())
  `CHECK(no_command_of_nothing, !valid_i,
         !open_o && !open_zero && !table_write_o && !row_valid_o && run_valid_o == '0)

  // The table and the runs belong to the tile opened last, which its lines still work on.
  `ASSUME(table_of_open_tile, table_write_o, line_busy_q[parity_q])
  `ASSUME(run_of_open_tile, run_all, line_busy_q[parity_q] && run_cmd.rows != '0)
  `CHECK(runs_have_room, run_valid_o != '0, (run_valid_o & ~run_ready_i) == '0)
  `CHECK(end_reaches_all, run_all && run_cmd.tile_end, run_valid_o == '1)
  `CHECK(row_of_open_tile, row_valid_o && row_ready_i, $onehot(run_valid_o))
  `ASSUME(line_ends_once, tile_end_i != '0, ends_are_due())
  `CHECK(row_is_owed, row_done_i, tile_valid_o[row_done_tile_i])
  `CHECK(reduced_was_opened, opened_o != reduced_i,
         (opened_o - reduced_i) <= (core_pkg::TileBits + 1)'(core_pkg::TileSlots))

  `COVER(tile, open_o && !tile_cmd.intra)
  `COVER(tile_intra, open_o && tile_cmd.intra)
  `COVER(first_and_last_tile, open_o && tile_cmd.first && tile_cmd.last)
  `COVER(middle_tile, open_o && !tile_cmd.first && !tile_cmd.last)
  `COVER(tile_without_a_line, open_o && !(&tile_cmd.line_mask[Lines-1:0]))
  `COVER(segment, table_write_o)
  `COVER(run, run_all && !intra_q)
  `COVER(run_inside_tile, run_all && !run_cmd.tile_end)
  `COVER(run_not_for_all, run_all && !intra_q && tile_o[open_q].line_mask[Lines-1:0] != '1)
  `COVER(run_intra_ends, run_all && intra_q)
  `COVER(zeros, open_zero)
  `COVER(zeros_beside_tiles, open_zero && (tile_valid_o & ~tile_zero_o) != '0)
  `COVER(waits_for_half, valid_i && op == core_pkg::OpTile && slot_free && !open_o)
  `COVER(waits_for_channels, valid_i && op == core_pkg::OpTile && !tile_cmd.intra && !group_valid_i)
  `COVER(waits_for_slot, valid_i && op == core_pkg::OpTile && !slot_free)
  `COVER(waits_for_lines, valid_i && op == core_pkg::OpRun && !row_valid_o && !run_all)
  `COVER(zeros_wait, valid_i && op == core_pkg::OpZero && !open_zero)
  // Each cause for which a tile waits, alone.
  `COVER(only_slot, opens_tile && !slot_free && way_free && half_free && group_free)
  `COVER(only_half, opens_tile && slot_free && way_free && !half_free && group_free)
  `COVER(only_channels, opens_tile && slot_free && way_free && half_free && !group_free)
  `COVER(only_results, opens_tile && slot_free && half_free && waits_for_block && results_due)
  `COVER(phase_0, run_all && !intra_q && run_cmd.phase == 2'd0)
  `COVER(phase_1, run_all && !intra_q && run_cmd.phase == 2'd1)
  `COVER(phase_2, run_all && !intra_q && run_cmd.phase == 2'd2)
  `COVER(phase_3, run_all && !intra_q && run_cmd.phase == 2'd3)
  `COVER(one_part, run_all && !intra_q && run_cmd.parts == 1)
  `COVER(most_parts, run_all && !intra_q && 32'(run_cmd.parts) == 1 << core_pkg::PartBits)
  `COVER(both_halves_end, tile_end_i != '0 && line_busy_q == '1)
  `COVER(lines_end_apart, ended_q[0] != '0 && ended_q[0] != '1)
  `COVER(slots_wrap, opens && next == '1)

endmodule

bind sequencer sequencer_checks #(.Lines(Lines)) i_checks (.*);
