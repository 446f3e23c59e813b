`include "tb/checks.svh"

// Checks across the streams of a feeder: when it is idle, and what an error leaves.
module feeder_checks #(
    parameter int unsigned JobDepth = 4
) (
    input logic                         clk_i,
    input logic                         rst_ni,
    input logic                         job_valid_i,
    input logic                         job_ready_o,
    input chip_pkg::feed_job_t          job_i,
    input logic                         bindable_o,
    input logic                         idle_o,
    input chip_pkg::fetch_state_t [2:0] fetch_o,
    input logic                   [2:0] fill_valid_i,
    input logic                   [2:0] grant_i,
    input logic                         cmd_valid_o,
    input logic                         a_valid_o,
    input logic                         b_valid_o,
    input logic                         cost_valid_o,
    input logic                         error_o,
    input chip_pkg::cause_e             cause_o,
    input logic                         job_open,
    input logic                   [2:0] valid,
    input logic                   [2:0] stream_idle,
    input logic                         cmd_ready_i,
    input logic                         a_ready_i,
    input logic                         b_ready_i,
    input logic                         cost_ready_i,
    input logic                         queue_ready,
    input logic                         job_end,
    input logic                         start,
    input logic                   [2:0] ready
);

  `CHECK(idle_offers_nothing, idle_o,
         !cmd_valid_o && !a_valid_o && !b_valid_o && !cost_valid_o && valid == '0)
  `CHECK(idle_asks_for_nothing, idle_o, !(fetch_o[0].valid || fetch_o[1].valid || fetch_o[2].valid))
  `CHECK(idle_gets_nothing, idle_o, fill_valid_i == '0)
  `CHECK(idle_is_bindable, idle_o, bindable_o)
  `CHECK(bindable_can_take, bindable_o, job_ready_o)
  `CHECK_NEXT(error_stays, error_o, error_o && $stable(cause_o))
  `CHECK(no_cause_without_an_error, !error_o, cause_o == chip_pkg::CauseNone)
  `CHECK(error_has_cause, error_o,
         cause_o == chip_pkg::CauseStreamLength || cause_o == chip_pkg::CauseItem)
  `CHECK(no_items_after_an_error, error_o, !cmd_valid_o && !cost_valid_o)
  `CHECK(one_grant, grant_i != '0, $onehot(grant_i))
  `CHECK(one_fill, fill_valid_i != '0, $onehot(fill_valid_i))

  `COVER_STREAM(commands, cmd_valid_o, cmd_ready_i)
  `COVER_STREAM(a, a_valid_o, a_ready_i && !idle_o)
  `COVER_STREAM(b, b_valid_o, b_ready_i && !idle_o)
  `COVER_STREAM(costs, cost_valid_o, cost_ready_i && !idle_o)
  `COVER_STREAM(lines_of_a, valid[0], ready[0])
  `COVER_STREAM(lines_of_b, valid[1], ready[1])
  `COVER(lines_of_c_held_back, valid[2] && !ready[2])
  `COVER_QUEUE(jobs, job_valid_i && job_ready_o, queue_ready, job_open, job_end, JobDepth)
  `COVER(cause_length, error_o && cause_o == chip_pkg::CauseStreamLength)
  `COVER(cause_item, error_o && cause_o == chip_pkg::CauseItem)
  `COVER(job_while_busy, start && !idle_o)
  `COVER(bindable_while_busy, bindable_o && !idle_o)
  `COVER(job_waits, job_valid_i && !job_ready_o)
  `COVER(items_of_the_next_job, job_open && stream_idle[2] && !stream_idle[0])
  `COVER(job_without_tiles, start && job_i.a.bytes == '0 && job_i.b.bytes == '0)
  `COVER(streams_at_once, valid == '1)

endmodule

bind feeder feeder_checks #(.JobDepth(JobDepth)) i_checks (.*);
