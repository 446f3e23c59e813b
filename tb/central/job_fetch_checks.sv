`include "tb/checks.svh"

// Checks of the job table's reader: jobs leave in order, each once, and none that is wrong.
module job_fetch_checks #(
    parameter  int unsigned Ahead    = 16,
    localparam int unsigned SlotBits = $clog2(Ahead)
) (
    input logic                                 clk_i,
    input logic                                 rst_ni,
    input logic                                 start_i,
    input logic                                 read_valid_o,
    input logic                                 read_ready_i,
    input logic                  [SlotBits-1:0] read_slot_o,
    input logic                                 fill_valid_i,
    input logic                  [SlotBits-1:0] fill_slot_i,
    input logic                                 valid_o,
    input logic                                 ready_i,
    input chip_pkg::result_job_t                result_o,
    input logic                                 more_o,
    input logic                                 error_o,
    input chip_pkg::cause_e                     cause_o,
    input logic                  [   Ahead-1:0] arrived_q,
    input logic                  [  SlotBits:0] head_q,
    input logic                  [  SlotBits:0] tail_q,
    input logic                                 full
);

  // The wave may change while a job waits: it is known when the job is given out.
  `CHECK_NEXT(job_held, valid_o && !ready_i && !start_i, valid_o && $stable(result_o.index)
              && $stable(result_o.rows) && $stable(result_o.out.line))
  `CHECK(room_for_read, read_valid_o, !full && (tail_q - head_q) < (SlotBits + 1)'(Ahead))
  `CHECK(fill_is_due, fill_valid_i, !arrived_q[fill_slot_i])
  `CHECK(wrong_job_stays, error_o, !valid_o && cause_o != chip_pkg::CauseNone)
  `CHECK(job_is_left, valid_o, more_o)

  `COVER(read, read_valid_o && read_ready_i)
  `COVER(job, valid_o && ready_i)
  `COVER(job_waits, valid_o && !ready_i)
  `COVER(ahead_full, full)
  `COVER(bad_field, error_o && cause_o == chip_pkg::CauseField)
  `COVER(bad_range, error_o && cause_o == chip_pkg::CauseJobRange)
  `COVER(slot_wraps, read_valid_o && read_ready_i && read_slot_o == '1)

endmodule

bind job_fetch job_fetch_checks #(.Ahead(Ahead)) i_checks (.*);
