`include "tb/checks.svh"

// Checks of the walk over runs and rows: nothing is read before it is there, no non-zero is dropped.
module row_sequencer_checks #(
    parameter int unsigned Rows = 8
) (
    input logic                                          clk_i,
    input logic                                          rst_ni,
    input logic                                          run_valid_i,
    input logic                                          run_ready_o,
    input core_pkg::line_run_t                           run_i,
    input logic                [                    1:0] b_loaded_i,
    input logic                                          gather_o,
    input logic                [               Rows-1:0] mask_i,
    input logic                                          valid_o,
    input logic                                          ready_i,
    input logic                                          row_end_o,
    input logic                                          tile_end_o,
    input logic                [ core_pkg::RowsBits-1:0] row_o,
    input logic                                          wait_a_o,
    input logic                                          wait_b_o,
    input logic                [core_pkg::CountBits-1:0] available,
    input logic                [core_pkg::CountBits-1:0] base_q,
    input logic                [ core_pkg::RowsBits-1:0] row_q,
    input logic                [ core_pkg::PartBits-1:0] part_q,
    input logic                                          can_step,
    input logic                                          marker,
    input logic                                          empty_row,
    input logic                                          last_part,
    input logic                                          last_row
);

  // A window of the whole ring would wait for ever: the unpacker writes its words in pairs, so that the last
  // word of a row that begins at an odd position needs room for two.
  logic run_taken;
  assign run_taken = run_valid_i && run_ready_o && !marker;
  `ASSUME(window_fits, run_taken, 32'(run_i.window) < core_pkg::RingWords)
  // Only words that have come are passed over.
  `ASSUME(step_fits, run_taken, run_i.step <= run_i.window)
  `ASSUME(advance_fits, run_taken, run_i.advance <= run_i.window)
  `ASSUME(parts_fit, run_taken, 32'(run_i.parts) <= 1 << core_pkg::PartBits)

  // Masks are read only when the row's words have come and its tile's B is loaded.
  `ASSUME(a_there, gather_o, available >= run_i.window && 32'(available) <= core_pkg::RingWords)
  `CHECK(b_there, gather_o, b_loaded_i[run_i.parity])

  // What a run waits for: B first, then A; a run that only ends its tile, for nothing.
  logic waits_for_b, waits_for_a;
  assign waits_for_b = run_valid_i && !marker && !b_loaded_i[run_i.parity];
  assign waits_for_a = run_valid_i && !marker && b_loaded_i[run_i.parity] && !empty_row &&
      available < run_i.window;
  `CHECK(says_that_b_is_missing, waits_for_b, wait_b_o && !wait_a_o)
  `CHECK(says_that_a_is_missing, waits_for_a, wait_a_o && !wait_b_o)
  `CHECK(nothing_is_missing, !waits_for_a && !waits_for_b, !wait_a_o && !wait_b_o)

  // A part with a non-zero, and the end of a row or a tile, always go on.
  `CHECK_NEXT(part_kept, can_step && (mask_i != '0 || last_part), valid_o)
  `CHECK_HELD(part_held, valid_o, ready_i, row_o)

  // How many of the first eight entries of a part are not zero.
  localparam int unsigned Segment = 8;
  int unsigned nonzeros;
  assign nonzeros = $countones(mask_i[Segment-1:0]);
  `COVER(density_0, gather_o && nonzeros == 0)
  `COVER(density_1, gather_o && nonzeros == 1)
  `COVER(density_2, gather_o && nonzeros == 2)
  `COVER(density_3, gather_o && nonzeros == 3)
  `COVER(density_4, gather_o && nonzeros == 4)
  `COVER(density_5, gather_o && nonzeros == 5)
  `COVER(density_6, gather_o && nonzeros == 6)
  `COVER(density_7, gather_o && nonzeros == 7)
  `COVER(density_8, gather_o && nonzeros == 8)
  `COVER(wait_for_a_alone, wait_a_o && (!valid_o || ready_i))
  `COVER(wait_for_b_alone, wait_b_o && (!valid_o || ready_i) && available >= run_i.window)
  `COVER(part_dropped, gather_o && mask_i == '0 && !last_part)
  `COVER(row_of_zeros, gather_o && mask_i == '0 && last_part && part_q == '0)
  `COVER(row_without_taps, can_step && !marker && empty_row)
  `COVER(full_part, gather_o && mask_i == '1)
  `COVER(several_parts, gather_o && last_part && part_q != '0)
  `COVER(end_of_tile_alone, can_step && marker)
  `COVER(run_of_one_row, can_step && !marker && row_q == '0 && last_row)
  `COVER(overlapping_rows, can_step && !last_row && run_i.step < run_i.window)
  `COVER(overlapping_runs, can_step && !marker && last_row && run_i.advance < run_i.window)
  `COVER(skipped_columns, can_step && last_part && !last_row && run_i.step == run_i.window)
  `COVER(both_halves_of_b, gather_o && b_loaded_i == '1)
  `COVER(odd_base, gather_o && base_q[0])
  `COVER(waits_for_a, wait_a_o)
  `COVER(waits_for_b, wait_b_o)
  `COVER(waits_for_walker, run_valid_i && valid_o && !ready_i)

endmodule

bind row_sequencer row_sequencer_checks #(.Rows(Rows)) i_checks (.*);
