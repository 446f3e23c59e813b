`include "tb/checks.svh"

// Checks of the dispatcher: one core at a time, only cores that can take a job, no core left out of a wave.
module dispatcher_checks #(
    parameter int unsigned Cores = 1
) (
    input logic             clk_i,
    input logic             rst_ni,
    input logic             start_i,
    input logic             job_valid_i,
    input logic             job_ready_o,
    input logic             more_i,
    input logic [Cores-1:0] bindable_i,
    input logic [Cores-1:0] idle_i,
    input logic [Cores-1:0] can_take_i,
    input logic [Cores-1:0] give_o,
    input logic [Cores-1:0] attached_o,
    input logic             dealing_o,
    input logic [Cores-1:0] detach_i,
    input logic             expired
);

  `CHECK(one_core, give_o != '0, $onehot(give_o))
  `CHECK(job_is_there, give_o != '0, job_valid_i && job_ready_o && more_i)
  `CHECK(core_can_take, give_o != '0, (give_o & ~can_take_i) == '0)
  `CHECK(wave_is_for_attached, dealing_o && give_o != '0, (give_o & ~attached_o) == '0)
  `CHECK(single_is_idle, !dealing_o && give_o != '0, (give_o & (attached_o | ~idle_i)) == '0)
  `CHECK_NEXT(wave_starts_together,
              !dealing_o && !start_i && (attached_o & ~(bindable_i & can_take_i)) != '0, !dealing_o)
  `CHECK_NEXT(detached_stays, attached_o != '1 && !start_i, ($past(attached_o) | ~attached_o) == '1)

  `COVER(wave, dealing_o && give_o != '0)
  `COVER(wave_waits_for_table, dealing_o && more_i && !job_valid_i)
  `COVER(last_wave_is_short, dealing_o && !more_i)
  `COVER(single, !dealing_o && give_o != '0)
  `COVER(core_detached, detach_i != '0)
  `COVER(wave_expired, expired && more_i)

endmodule

bind dispatcher dispatcher_checks #(.Cores(Cores)) i_checks (.*);
