`include "tb/checks.svh"

// Checks of a core's gated clock: it has just the edges that the enable has let through.
module core_clock_checks (
    input logic clk_i,
    input logic enable_i,
    input logic clk_o
);

  logic enabled_q, toggles_q, before_q, started_q;
  initial {toggles_q, before_q, started_q} = '0;

  // A clock gate has no reset: from the second edge on it does what its enable says.
  logic rst_ni;
  assign rst_ni = started_q;

  always_ff @(negedge clk_i) enabled_q <= enable_i;
  always_ff @(posedge clk_o) toggles_q <= !toggles_q;
  always_ff @(posedge clk_i) begin
    before_q  <= enabled_q;
    started_q <= 1'b1;
  end

  // What the enable was at the falling edge decides about the next rising one, and that one alone.
  `CHECK_NEXT(edge_comes, enabled_q, toggles_q != $past(toggles_q))
  `CHECK_NEXT(no_edge_comes, !enabled_q, toggles_q == $past(toggles_q))

  `COVER(stops, before_q && !enabled_q)
  `COVER(goes_on, !before_q && enabled_q)
  `COVER(stands_still, !before_q && !enabled_q)
  `COVER(runs, before_q && enabled_q)

endmodule

bind core_clock core_clock_checks i_checks (.*);
