`include "tb/checks.svh"

// Checks of lateness: only a core that stands still and that others wait for now is left behind, and it has
// been late for long.
module lateness_checks #(
    parameter int unsigned Cores    = 1,
    parameter int unsigned LateBits = 14
) (
    input logic                           clk_i,
    input logic                           rst_ni,
    input logic                           start_i,
    input logic [Cores-1:0]               blamed_i,
    input logic [Cores-1:0]               asleep_i,
    input logic [Cores-1:0]               detach_o,
    input logic [Cores-1:0][LateBits-1:0] late_q
);

  `CHECK_NEXT(left_behind_for_good, detach_o != '0 && !start_i, ($past(detach_o) & blamed_i) == '0)
  `CHECK(only_who_is_late, detach_o != '0, (detach_o & ~(blamed_i & asleep_i)) == '0)
  // The first cycle after a reset.
  logic fresh_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) fresh_q <= 1'b1;
    else fresh_q <= 1'b0;
  end

  `CHECK(on_time_after_a_reset, fresh_q, late_q == '0)
  `CHECK_NEXT(on_time_at_the_start, start_i, late_q == '0)

  `COVER(left_behind, detach_o != '0)
  `COVER(made_up_for, blamed_i == '0 && late_q != '0)
  `COVER(busy_while_others_wait, (blamed_i & ~asleep_i) != '0)
  `COVER(asleep_and_not_blamed, (asleep_i & ~blamed_i) != '0)

endmodule

bind lateness lateness_checks #(
    .Cores(Cores),
    .LateBits(LateBits)
) i_checks (.*);
