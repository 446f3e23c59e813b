`include "tb/checks.svh"

// Checks of the descriptors' walk: nothing runs unchecked, nothing is reset while a burst is under way.
module control_checks #(
    parameter int unsigned DoneBits = 1
) (
    input logic                                     clk_i,
    input logic                                     rst_ni,
    input logic                                     start_i,
    input logic                                     abort_i,
    input logic                                     busy_o,
    input logic                                     done_o,
    input logic                                     error_o,
    input chip_pkg::cause_e                         cause_o,
    input logic                                     write_valid_o,
    input logic                                     write_ready_i,
    input chip_pkg::write_t                         write_o,
    input chip_pkg::layer_t                         layer_o,
    input logic                                     begin_o,
    input logic                                     run_o,
    input logic                                     clear_o,
    input logic             [         DoneBits-1:0] jobs_done_i,
    input logic                                     work_busy_i,
    input logic                                     axi_busy_i,
    input logic                                     fault_i,
    input logic             [                  3:0] state_q,
    input logic                                     stops,
    input logic                                     expired,
    input logic             [chip_pkg::JobBits-1:0] done_q
);

  // Until the work is stopped.
  `CHECK_NEXT(record_held, write_valid_o && !write_ready_i, !run_o || (write_valid_o && $stable
              (write_o)))
  `CHECK(start_when_idle, start_i, !busy_o)
  `CHECK_NEXT(start_resets, start_i, clear_o)
  `CHECK(clear_is_quiet, clear_o, !axi_busy_i && !run_o)
  `CHECK(begin_is_quiet, begin_o, !work_busy_i && !axi_busy_i)
  `CHECK(error_has_cause, error_o, cause_o != chip_pkg::CauseNone && !run_o)
  `CHECK(done_or_error, done_o, !error_o && cause_o == chip_pkg::CauseNone)
  `CHECK(job_is_owed, jobs_done_i != '0 && run_o,
         done_q + chip_pkg::JobBits'(jobs_done_i) <= layer_o.jobs)
  `CHECK_NEXT(fault_stops, fault_i && run_o, !run_o)

  `COVER(descriptor, begin_o)
  `COVER(chain_goes_on, begin_o && !layer_o.last)
  `COVER(threshold_from_record, begin_o && layer_o.from_record)
  `COVER(finished, done_o)
  `COVER(failed, error_o)
  `COVER(aborted, abort_i && busy_o)
  `COVER(watchdog, expired && busy_o)
  `COVER(state_known, state_q != '0)

endmodule

bind control control_checks #(.DoneBits(DoneBits)) i_checks (.*);
