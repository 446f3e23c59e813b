`include "tb/checks.svh"

// Checks of the dispatcher: one core at a time, only cores that can take a job, no core left out of a wave.
module dispatcher_checks #(
    parameter int unsigned Cores = 1,
    parameter int unsigned PatienceBits = 16,
    // States
    parameter logic Wait = '0,
    parameter logic Deal = '0
) (
    input logic                          clk_i,
    input logic                          rst_ni,
    input logic                          start_i,
    input logic [      PatienceBits-1:0] patience_i,
    input logic                          job_valid_i,
    input logic                          job_ready_o,
    input logic                          more_i,
    input logic [             Cores-1:0] bindable_i,
    input logic [             Cores-1:0] idle_i,
    input logic [             Cores-1:0] can_take_i,
    input logic [             Cores-1:0] give_o,
    input logic [             Cores-1:0] attached_o,
    input logic                          dealing_o,
    input logic [             Cores-1:0] detach_i,
    input logic                          expired,
    input logic                          state_q,
    input logic [             Cores-1:0] todo,
    input logic [             Cores-1:0] late,
    input logic [             Cores-1:0] blamed_o,
    input logic                          some,
    input logic [chip_pkg::WaveBits-1:0] wave_o
);

  // The first cycle after a reset.
  logic fresh_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) fresh_q <= 1'b1;
    else fresh_q <= 1'b0;
  end

  `CHECK(one_core, give_o != '0, $onehot(give_o))
  `CHECK(job_is_there, give_o != '0, job_valid_i && job_ready_o && more_i)
  `CHECK(core_can_take, give_o != '0, (give_o & ~can_take_i) == '0)
  `CHECK(wave_is_for_attached, dealing_o && give_o != '0, (give_o & ~attached_o) == '0)
  `CHECK(single_is_idle, !dealing_o && give_o != '0, (give_o & (attached_o | ~idle_i)) == '0)
  `CHECK_NEXT(wave_starts_together,
              !dealing_o && !start_i && (attached_o & ~(bindable_i & can_take_i)) != '0, !dealing_o)
  `CHECK(job_is_left, job_valid_i, more_i)
  `CHECK(begins_at_rest, start_i, !dealing_o && !more_i)
  `CHECK(attached_after_a_reset, fresh_q, attached_o == '1 && !dealing_o && wave_o == '0)
  `CHECK_NEXT(wave_has_a_job, !dealing_o && give_o != '0, !dealing_o || more_i)
  `CHECK_NEXT(detached_stays, attached_o != '1 && !start_i, ($past(attached_o) | ~attached_o) == '1)

  // No core starves: one that has nothing gets a job that waits once the patience is over and the cores
  // before it have theirs.
  localparam int unsigned WaitBits = PatienceBits + 1;
  localparam int unsigned Turns = 2 * Cores + 4;
  typedef logic [WaitBits-1:0] wait_t;
  logic [Cores-1:0] hungry;
  wait_t hungry_q[Cores];
  assign hungry = idle_i & bindable_i & can_take_i & ~give_o;
  for (genvar c = 0; c < Cores; c++) begin : gen_cores
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) hungry_q[c] <= '0;
      else if (start_i || !more_i || !hungry[c]) hungry_q[c] <= '0;
      else if (job_valid_i) hungry_q[c] <= hungry_q[c] + 1'b1;
    end
    `CHECK(fed, hungry_q[c] != '0, hungry_q[c] <= wait_t'(patience_i) + wait_t'(Turns))
  end

  `COVER(wave, dealing_o && give_o != '0)
  `COVER(wave_waits_for_table, dealing_o && more_i && !job_valid_i)
  `COVER(last_wave_is_short, dealing_o && !more_i)
  `COVER(single, !dealing_o && give_o != '0)
  `COVER(core_detached, detach_i != '0)
  `COVER(wave_expired, expired && late != '0 && more_i && !dealing_o)
  `COVER(wave_of_one, dealing_o && $onehot(attached_o) && give_o != '0)
  `COVER(detached_while_dealing, dealing_o && detach_i != '0)
  `COVER(waits_for_binding, !dealing_o && more_i && some && late != '0 && (late & ~idle_i) == late)
  `COVER(waits_for_results, !dealing_o && more_i && (attached_o & bindable_i & ~can_take_i) != '0)
  `COVER(blamed, blamed_o != '0)
  `COVER(several_idle, !dealing_o && $countones(~attached_o & idle_i & can_take_i) > 1 && more_i)

  `FSM_ARCS(state_q, Wait)
  `ARC(Wait, Deal)
  `ARC(Deal, Wait)
  `FSM_END

  `COVER_STATE(state_q, Wait)
  `COVER_STATE(state_q, Deal)

endmodule

bind dispatcher dispatcher_checks #(
    .Cores(Cores),
    .PatienceBits(PatienceBits),
    .Wait(Wait),
    .Deal(Deal)
) i_checks (.*);
