`include "tb/checks.svh"

// Checks of the ledger of B's rows.
module b_ledger_checks (
    input logic clk_i,
    input logic rst_ni,
    input logic tile_i,
    input logic end_valid_i,
    input logic end_ready_o,
    input logic row_i,
    input logic row_last_i,
    input logic idle_o,
    input logic error_o,
    input chip_pkg::bytes_t due_q,
    input chip_pkg::bytes_t next_due_q,
    input chip_pkg::bytes_t taken_q,
    input logic closed_q,
    input logic has_b_q,
    input logic done_q,
    input logic settled
);

  `CHECK(settled_rows_agree, settled && !error_o, taken_q == due_q)
  `CHECK(next_job_only_behind_a_closed_one, next_due_q != '0, closed_q)

  `COVER(row_and_tile, row_i && tile_i)
  `COVER(settled_with_the_next_job_due, settled && next_due_q != '0)
  `COVER(row_while_settling, settled && row_i)
  `COVER(tiles_ahead_of_rows, due_q > taken_q)
  `COVER(contradiction, error_o)
  `COVER(rows_end_first, done_q && !closed_q)
  `COVER(items_end_first, closed_q && has_b_q && !done_q)
  `COVER(tile_of_the_next_job, tile_i && closed_q)
  `COVER(job_without_b, settled && !has_b_q)
  `COVER(end_waits, end_valid_i && !end_ready_o)
  `COVER(both_end_at_once, end_valid_i && end_ready_o && row_i && row_last_i)
  `COVER(between_jobs, idle_o && due_q == '0)

endmodule

bind b_ledger b_ledger_checks i_checks (.*);
