`include "tb/checks.svh"

// Checks of the B loader: each row goes to its channel's line, in a half that nothing reads.
module b_loader_checks #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned LineBits = $clog2(Lines),
    localparam int unsigned ChannelBits = $clog2(Lines * Rows)
) (
    input logic                                                         clk_i,
    input logic                                                         rst_ni,
    input logic                                                         open_i,
    input logic                                                         open_parity_i,
    input logic                                                         open_intra_i,
    input core_pkg::b_rows_t                                            open_b_i,
    input logic              [    ChannelBits-1:0]                      channel_o,
    input logic              [       LineBits-1:0]                      line_i,
    input logic                                                         group_end_o,
    input logic                                                         valid_i,
    input logic                                                         ready_o,
    input logic              [          Lines-1:0]                      write_o,
    input logic              [  core_pkg::KBits:0]                      addr_o,
    input logic              [                1:0]                      loaded_o,
    input logic                                                         unused_ready,
    input logic                                                         job_valid,
    input logic                                                         job_done,
    input logic                                                         job_parity,
    input logic                                                         job_intra,
    input core_pkg::b_rows_t                                            job,
    input logic              [core_pkg::KBits-1:0]                      tap_q,
    input logic              [          Lines-1:0][core_pkg::KBits-1:0] rank_q
);

  logic accept;
  assign accept = valid_i && ready_o;

  // What the sender promises of a tile.
  logic fits;
  assign fits = 32'(open_b_i.channels) <= Lines * 32'(open_b_i.depth) &&
                32'(open_b_i.taps) * 32'(open_b_i.depth) <= Rows;
  `ASSUME(tile_has_rows, open_i, open_b_i.channels != '0 && open_b_i.taps != '0)
  `ASSUME(tile_fits, open_i, fits)
  `ASSUME(intra_has_no_channels, open_i && open_intra_i,
          open_b_i.channels == 1 && open_b_i.depth == 1 && !open_b_i.group_end)

  // Two tiles at most are open, so that the queue of jobs always has room.
  `CHECK(job_has_place, open_i, unused_ready)
  `CHECK(half_not_loading, open_i && job_valid, job_done || job_parity != open_parity_i)
  `CHECK_NEXT(open_half_not_loaded, open_i, !loaded_o[$past(open_parity_i)])
  `CHECK_NEXT(done_half_loaded, job_done, loaded_o[$past(job_parity)])
  // After a reset, nothing is loaded before a tile has opened.
  logic [1:0] opened_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) opened_q <= '0;
    else if (open_i) opened_q[open_parity_i] <= 1'b1;
  end
  `CHECK(tile_before_its_half, opened_q != '1, (loaded_o & ~opened_q) == '0)
  // Before the first tile no row is taken; a row waits for its tile.
  `CHECK_NEXT(row_held, valid_i && !ready_o, valid_i)
  `CHECK(row_has_job, accept, job_valid)
  `CHECK(row_of_its_line, accept && !job_intra, write_o == Lines'(1) << line_i)
  `CHECK(row_of_all_lines, accept && job_intra, write_o == '1)
  `ASSUME(line_holds_channel, accept, rank_q[line_i] < job.depth)
  `ASSUME(row_in_range, accept, 32'(addr_o[core_pkg::KBits-1:0]) < 32'(job.taps) * 32'(job.depth))
  `ASSUME(channel_in_range, accept, core_pkg::ChannelBits'(channel_o) < job.channels)
  `CHECK(half_of_the_job, accept, addr_o[core_pkg::KBits] == job_parity && !loaded_o[job_parity])

  // Tails in K, and channels that leave lines with fewer than others.
  `COVER(all_rows_of_b, open_i && !open_intra_i && 32'(open_b_i.taps) * 32'(open_b_i.depth) == Rows)
  `COVER(some_rows_of_b, open_i && !open_intra_i && 32'(open_b_i.taps) * 32'(open_b_i.depth) < Rows)
  `COVER(all_pixels, open_i && open_intra_i && 32'(open_b_i.taps) == Rows)
  `COVER(some_pixels, open_i && open_intra_i && 32'(open_b_i.taps) < Rows)
  `COVER(one_tap, open_i && !open_intra_i && open_b_i.taps == 1)
  `COVER(several_taps, open_i && !open_intra_i && open_b_i.taps > 1)
  `COVER(one_channel_a_line, open_i && !open_intra_i && open_b_i.depth == 1)
  `COVER(lines_even,
         open_i && !open_intra_i && 32'(open_b_i.channels) == Lines * 32'(open_b_i.depth))
  `COVER(lines_uneven,
         open_i && !open_intra_i && 32'(open_b_i.channels) < Lines * 32'(open_b_i.depth))
  `COVER(fewer_channels_than_lines, open_i && !open_intra_i && 32'(open_b_i.channels) < Lines)
  `COVER_QUEUE(jobs, open_i, unused_ready, job_valid, job_done, 2)
  `COVER(half_0, job_done && !job_parity)
  `COVER(half_1, job_done && job_parity)
  `COVER(group_of_several_tiles, job_done && !job_intra && !job.group_end)
  `COVER(group_loaded, group_end_o)
  `COVER(tile_of_one_row, job_done && channel_o == '0 && tap_q == '0)
  `COVER(several_channels_a_line, accept && rank_q[line_i] != '0)
  `COVER(next_tile_waits, job_valid && loaded_o != '0)
  `COVER(open_while_loading, open_i && job_valid)
  `COVER(waits_for_b, job_valid && !valid_i)

endmodule

bind b_loader b_loader_checks #(
    .Lines(Lines),
    .Rows (Rows)
) i_checks (.*);
