`include "tb/checks.svh"

// Checks of the B loader: rows go to the tile's lines, into a half that nothing reads.
module b_loader_checks #(
    parameter int unsigned Lines = 2
) (
    input logic                       clk_i,
    input logic                       rst_ni,
    input logic                       open_i,
    input logic                       open_parity_i,
    input logic                       valid_i,
    input logic                       ready_o,
    input logic [          Lines-1:0] write_o,
    input logic [  core_pkg::KBits:0] addr_o,
    input logic [                1:0] loaded_o,
    input logic                       unused_ready,
    input logic                       job_valid,
    input logic                       job_done,
    input logic                       job_parity,
    input logic                       job_all,
    input logic [core_pkg::KBits-1:0] job_rows,
    input logic [          Lines-1:0] job_lines,
    input logic [          Lines-1:0] done_q
);

  logic accept;
  assign accept = valid_i && ready_o;

  // Two tiles at most are open, so that the queue of jobs always has room.
  `CHECK(job_has_place, open_i, unused_ready)
  `CHECK(half_not_loading, open_i && job_valid, job_done || job_parity != open_parity_i)
  `CHECK_NEXT(open_half_not_loaded, open_i, !loaded_o[$past(open_parity_i)])
  `CHECK_NEXT(done_half_loaded, job_done, loaded_o[$past(job_parity)])
  // Before the first tile no row is taken; a row waits for its tile.
  `CHECK_NEXT(row_held, valid_i && !ready_o, valid_i)
  `CHECK(row_has_job, accept, job_valid)
  `CHECK(row_goes_somewhere, accept, write_o != '0)
  `CHECK(row_of_one_line, accept && !job_all, $onehot(write_o) && (write_o & ~job_lines) == '0)
  `CHECK(lines_ascend, accept && !job_all, (write_o & done_q) == '0)
  `CHECK(row_of_all_lines, accept && job_all, write_o == '1)
  `CHECK(row_in_range, accept, addr_o[core_pkg::KBits-1:0] < job_rows)
  `CHECK(half_of_the_job, accept, addr_o[core_pkg::KBits] == job_parity && !loaded_o[job_parity])

  `COVER(half_0, job_done && !job_parity)
  `COVER(half_1, job_done && job_parity)
  `COVER(tile_without_a_line, job_done && !job_all && !(&job_lines))
  `COVER(tile_of_one_row, job_done && job_rows == 1)
  `COVER(next_tile_waits, job_valid && loaded_o != '0)
  `COVER(open_while_loading, open_i && job_valid)
  `COVER(waits_for_b, job_valid && !valid_i)

endmodule

bind b_loader b_loader_checks #(.Lines(Lines)) i_checks (.*);
