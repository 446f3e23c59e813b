`include "tb/checks.svh"

// Checks of the result path's ports: offers stay, nothing changes under way, an error is the end.
module result_path_checks #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Pes = 2,
    parameter int unsigned QueueDepth = 4,
    parameter int unsigned WriteDepth = 2,
    parameter int unsigned DBits = 8
) (
    input logic                                           clk_i,
    input logic                                           rst_ni,
    input chip_pkg::post_config_t                         config_i,
    input chip_pkg::line_t                                records_i,
    input logic                                           clear_i,
    input logic                   [            Cores-1:0] job_valid_i,
    input logic                   [            Cores-1:0] job_ready_o,
    input chip_pkg::result_job_t                          job_i,
    input logic                   [            Cores-1:0] result_ready_o,
    input logic                                           write_valid_o,
    input logic                                           write_ready_i,
    input chip_pkg::write_t                               write_o,
    input logic                                           done_valid_o,
    input logic                                           busy_o,
    input logic                                           error_o,
    input chip_pkg::cause_e                               cause_o,
    input logic                                           d_wrong,
    input logic                                           overrun,
    input logic                                           packed_valid,
    input logic                   [            Cores-1:0] head_valid,
    input logic                   [            Cores-1:0] queue_ready,
    input logic                   [            Cores-1:0] stream_ready,
    input logic                   [            Cores-1:0] head_pop,
    input logic                                           packed_ready,
    input logic                   [chip_pkg::JobBits-1:0] error_job_o,
    input logic                   [            DBits-1:0] d_bytes
);

  // That a core keeps its offer is checked in the core: one whose clock stands still withdraws it
  // for a while.
  `CHECK(one_job_at_a_time, job_valid_i != '0, $onehot(job_valid_i))
  `CHECK(job_has_rows, (job_valid_i & job_ready_o) != '0, job_i.rows != '0)
  `CHECK_HELD(write_held, write_valid_o, write_ready_i, write_o)
  `CHECK_NEXT(config_stands_still, busy_o, !busy_o || ($stable(config_i) && $stable(records_i)))
  `CHECK(clear_when_idle, clear_i, !busy_o)
  `CHECK(quiet_without_a_job, job_valid_i == '0, d_bytes == '0)
  `CHECK(no_cause_without_an_error, !error_o, cause_o == chip_pkg::CauseNone && error_job_o == '0)
  `CHECK(error_has_a_cause, error_o,
         cause_o == chip_pkg::CauseOverrun || cause_o == chip_pkg::CauseStreamLength)
  `CHECK(error_is_the_end, error_o, !packed_valid && job_ready_o == '0 && result_ready_o == '0)
  `CHECK_NEXT(error_follows, d_wrong || overrun, error_o)
  `CHECK_NEXT(error_stays, error_o, error_o && $stable(cause_o))

  `COVER(queue_full, (~queue_ready) != '0)
  `COVER(stream_waits, (queue_ready & ~stream_ready) != '0)
  `COVER(write_waits_in_error, error_o && write_valid_o)

  // Each core's queue of jobs, and the queue of writes.
  for (genvar c = 0; c < Cores; c++) begin : gen_jobs
    `COVER_QUEUE(jobs, job_valid_i[c] && job_ready_o[c], queue_ready[c], head_valid[c], head_pop[c],
                 QueueDepth)
  end
  `COVER(jobs_refused, (job_valid_i & ~queue_ready) != '0)
  `COVER_QUEUE(writes, packed_valid, packed_ready, write_valid_o, write_ready_i, WriteDepth)
  `COVER(writes_refused, packed_valid && !packed_ready)

  `COVER(several_jobs_wait, $countones(head_valid) > 1)
  `COVER(job_done_and_job_taken, head_pop != '0 && (job_valid_i & job_ready_o) != '0)
  `COVER(job_done_with_its_write, done_valid_o)
  `COVER(overrun, overrun)
  `COVER(wrong_length_of_d, d_wrong)

endmodule

bind result_path result_path_checks #(
    .Cores(Cores),
    .Pes(Pes),
    .QueueDepth(QueueDepth),
    .WriteDepth(WriteDepth),
    .DBits(DBits)
) i_checks (.*);
