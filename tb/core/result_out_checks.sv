`include "tb/checks.svh"

// Checks of the results' way out: lower half, then upper half, each kept until it is taken.
module result_out_checks (
    input logic clk_i,
    input logic rst_ni,
    input logic valid_i,
    input logic ready_o,
    input logic valid_o,
    input logic ready_i,
    input logic upper_o
);

  `CHECK_HELD(half_held, valid_o, ready_i, upper_o)
  `CHECK_NEXT(halves_in_turn, valid_o && ready_i, upper_o == !$past(upper_o))
  `CHECK(row_taken_with_upper_half, valid_i && ready_o, valid_o && ready_i && upper_o)

  `COVER(lower_half_waits, valid_o && !ready_i && !upper_o)
  `COVER(upper_half_waits, valid_o && !ready_i && upper_o)
  `COVER(rows_back_to_back, valid_o && ready_i && upper_o)

endmodule

bind result_out result_out_checks i_checks (.*);
