`include "tb/checks.svh"

// Checks of the descriptors' walk: nothing runs unchecked, nothing is reset while a burst is under way.
module control_checks #(
    parameter int unsigned DoneBits = 1,
    // States
    parameter logic [3:0] Idle = '0,
    parameter logic [3:0] Fetch = '0,
    parameter logic [3:0] Check = '0,
    parameter logic [3:0] FetchThreshold = '0,
    parameter logic [3:0] TakeThreshold = '0,
    parameter logic [3:0] Begin = '0,
    parameter logic [3:0] Run = '0,
    parameter logic [3:0] Sum = '0,
    parameter logic [3:0] Threshold = '0,
    parameter logic [3:0] Record = '0,
    parameter logic [3:0] Settle = '0,
    parameter logic [3:0] Stop = '0,
    parameter logic [3:0] Clear = '0
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
    input logic             [                 31:0] watchdog_i,
    input logic                                     read_valid_o,
    input logic                                     read_ready_i,
    input logic                                     own_fault,
    input logic             [                  3:0] state_q,
    input logic                                     stops,
    input logic                                     expired,
    input logic             [chip_pkg::JobBits-1:0] done_q,
    input logic             [chip_pkg::JobBits-1:0] error_job_o,
    input logic             [chip_pkg::JobBits-1:0] descriptors_o
);

  // The first cycle after a reset.
  logic fresh_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) fresh_q <= 1'b1;
    else fresh_q <= 1'b0;
  end

  // Until the work is stopped.
  `CHECK_NEXT(record_held, write_valid_o && !write_ready_i, !run_o || (write_valid_o && $stable
              (write_o)))
  `CHECK(idle_after_a_reset, fresh_q, !busy_o && !done_o && !error_o)
  `CHECK(counts_after_a_reset, fresh_q,
         cause_o == chip_pkg::CauseNone && error_job_o == '0 && descriptors_o == '0)
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

  // What a descriptor may ask for.
  `COVER(fp32_results, begin_o && layer_o.post.mode == chip_pkg::OutFp32)
  `COVER(fp16_results, begin_o && layer_o.post.mode == chip_pkg::OutFp16)
  `COVER(fgmp_results, begin_o && layer_o.post.mode == chip_pkg::OutFgmp)
  `COVER(e5m2_of_a, begin_o && layer_o.a_fmt)
  `COVER(e5m2_of_b, begin_o && layer_o.b_fmt)
  `COVER(e5m2_of_results, begin_o && layer_o.post.mode == chip_pkg::OutFgmp && layer_o.post.fmt)
  `COVER(formats_differ, begin_o && layer_o.a_fmt != layer_o.b_fmt)
  `COVER(weight_gradient, begin_o && layer_o.intra)
  `COVER(balanced, begin_o && !layer_o.intra && layer_o.balance)
  `COVER(not_balanced, begin_o && !layer_o.intra && !layer_o.balance)
  `COVER(without_job_records, begin_o && layer_o.records == '0)
  `COVER(one_job, begin_o && layer_o.jobs == 1)
  `COVER(without_watchdog, begin_o && watchdog_i == '0)

  // Each cause that software may read.
  `COVER(cause_read_response, error_o && cause_o == chip_pkg::CauseReadResponse)
  `COVER(cause_write_response, error_o && cause_o == chip_pkg::CauseWriteResponse)
  `COVER(cause_magic, error_o && cause_o == chip_pkg::CauseMagic)
  `COVER(cause_field, error_o && cause_o == chip_pkg::CauseField)
  `COVER(cause_window, error_o && cause_o == chip_pkg::CauseWindow)
  `COVER(cause_overlap, error_o && cause_o == chip_pkg::CauseOverlap)
  `COVER(cause_job_range, error_o && cause_o == chip_pkg::CauseJobRange)
  `COVER(cause_stream_length, error_o && cause_o == chip_pkg::CauseStreamLength)
  `COVER(cause_item, error_o && cause_o == chip_pkg::CauseItem)
  `COVER(cause_overrun, error_o && cause_o == chip_pkg::CauseOverrun)
  `COVER(cause_watchdog, error_o && cause_o == chip_pkg::CauseWatchdog)
  `COVER(cause_aborted, error_o && cause_o == chip_pkg::CauseAborted)
  `COVER(abort_with_a_fault, stops && abort_i && (fault_i || own_fault))
  `COVER(abort_when_stopping, abort_i && busy_o && !stops)
  `COVER(read_waits, read_valid_o && !read_ready_i)

  // The walk.
  `FSM_ARCS(state_q, Idle)
  `ARC(Idle, Clear)
  `ARC(Clear, Fetch)
  `ARC(Clear, Idle)
  `ARC(Clear, Stop)
  `ARC(Fetch, Check)
  `ARC(Check, FetchThreshold)
  `ARC(Check, Begin)
  `ARC(FetchThreshold, TakeThreshold)
  `ARC(TakeThreshold, Begin)
  `ARC(Begin, Run)
  `ARC(Run, Sum)
  `ARC(Sum, Threshold)
  `ARC(Threshold, Record)
  `ARC(Record, Settle)
  `ARC(Settle, Fetch)
  `ARC(Settle, Idle)
  `ARC(Fetch, Stop)
  `ARC(Check, Stop)
  `ARC(FetchThreshold, Stop)
  `ARC(TakeThreshold, Stop)
  `ARC(Begin, Stop)
  `ARC(Run, Stop)
  `ARC(Sum, Stop)
  `ARC(Threshold, Stop)
  `ARC(Record, Stop)
  `ARC(Settle, Stop)
  `ARC(Stop, Clear)
  `FSM_END

  `COVER_STATE(state_q, Idle)
  `COVER_STATE(state_q, Fetch)
  `COVER_STATE(state_q, Check)
  `COVER_STATE(state_q, FetchThreshold)
  `COVER_STATE(state_q, TakeThreshold)
  `COVER_STATE(state_q, Begin)
  `COVER_STATE(state_q, Run)
  `COVER_STATE(state_q, Sum)
  `COVER_STATE(state_q, Threshold)
  `COVER_STATE(state_q, Record)
  `COVER_STATE(state_q, Settle)
  `COVER_STATE(state_q, Stop)
  `COVER_STATE(state_q, Clear)

endmodule

bind control control_checks #(
    .DoneBits(DoneBits),
    .Idle(Idle),
    .Fetch(Fetch),
    .Check(Check),
    .FetchThreshold(FetchThreshold),
    .TakeThreshold(TakeThreshold),
    .Begin(Begin),
    .Run(Run),
    .Sum(Sum),
    .Threshold(Threshold),
    .Record(Record),
    .Settle(Settle),
    .Stop(Stop),
    .Clear(Clear)
) i_checks (.*);
