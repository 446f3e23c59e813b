`include "tb/checks.svh"

// Checks of the threshold policy: what it gives lies in range and stays.
module threshold_policy_checks #(
    // States
    parameter logic [1:0] Idle = '0,
    parameter logic [1:0] Sum = '0,
    parameter logic [1:0] Descend = '0
) (
    input logic                                                       clk_i,
    input logic                                                       rst_ni,
    input logic                                                       start_i,
    input logic        [   chip_pkg::Bins-1:0][chip_pkg::BinBits-1:0] bins_i,
    input logic                                                       done_o,
    input logic signed [                  5:0]                        exponent_o,
    input logic        [                  1:0]                        state_q,
    input logic                                                       exceeds,
    input logic        [                  5:0]                        index_q,
    input logic        [chip_pkg::BinBits+5:0]                        total_q,
    input logic        [                  7:0]                        numerator_i,
    input logic                                                       fmt_i
);

  `CHECK(starts_idle, start_i, state_q == Idle)
  `CHECK(in_range, done_o,
         32'(exponent_o) >= chip_pkg::MinExponent && 32'(exponent_o) <= chip_pkg::MaxExponent + 1)
  `CHECK_NEXT(bins_stand_still, state_q != Idle, state_q == Idle || $stable(bins_i))
  `CHECK_NEXT(stays, state_q == Idle && !start_i, $stable(exponent_o))

  `COVER(lowest, done_o && 32'(exponent_o) == chip_pkg::MinExponent)
  `COVER(highest, done_o && 32'(exponent_o) == chip_pkg::MaxExponent + 1)
  `COVER(between, done_o && 32'(exponent_o) > chip_pkg::MinExponent && exponent_o < 0)
  `COVER(nothing_to_count, done_o && total_q == '0)
  `COVER(share_of_nothing, done_o && numerator_i == '0)
  `COVER(exceeded_at_the_last_bin, state_q == Descend && exceeds && index_q == '0)
  `COVER(never_exceeded, state_q == Descend && !exceeds && total_q != '0 && index_q == '0)
  `COVER(for_e4m3, done_o && fmt_i == fp_pkg::FmtE4m3)
  `COVER(for_e5m2, done_o && fmt_i == fp_pkg::FmtE5m2)

  `FSM_ARCS(state_q, Idle)
  `ARC(Idle, Sum)
  `ARC(Sum, Descend)
  `ARC(Descend, Idle)
  `FSM_END

  `COVER_STATE(state_q, Idle)
  `COVER_STATE(state_q, Sum)
  `COVER_STATE(state_q, Descend)

endmodule

bind threshold_policy threshold_policy_checks #(
    .Idle(Idle),
    .Sum(Sum),
    .Descend(Descend)
) i_checks (.*);
