`include "tb/checks.svh"

// Checks of the threshold policy: what it gives lies in range and stays.
module threshold_policy_checks (
    input logic                                                    clk_i,
    input logic                                                    rst_ni,
    input logic                                                    start_i,
    input logic        [chip_pkg::Bins-1:0][chip_pkg::BinBits-1:0] bins_i,
    input logic                                                    done_o,
    input logic signed [               5:0]                        exponent_o,
    input logic        [               1:0]                        state_q
);

  localparam logic [1:0] Idle = 2'd0, Descend = 2'd2;

  `CHECK(starts_idle, start_i, state_q == Idle)
  `CHECK(in_range, done_o,
         32'(exponent_o) >= chip_pkg::MinExponent && 32'(exponent_o) <= chip_pkg::MaxExponent + 1)
  `CHECK_NEXT(bins_stand_still, state_q != Idle, state_q == Idle || $stable(bins_i))
  `CHECK_NEXT(stays, state_q == Idle && !start_i, $stable(exponent_o))

  `COVER(lowest, done_o && 32'(exponent_o) == chip_pkg::MinExponent)
  `COVER(highest, done_o && 32'(exponent_o) == chip_pkg::MaxExponent + 1)
  `COVER(between, done_o && 32'(exponent_o) > chip_pkg::MinExponent && exponent_o < 0)

endmodule

bind threshold_policy threshold_policy_checks i_checks (.*);
