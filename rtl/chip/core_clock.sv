// Clock of one sparse core, gated: the rising edge after a cycle without enable_i does not come.
//
// What the enable is at a falling edge decides about the next rising one, so that the gated clock never
// glitches, as a foundry's integrated clock gate does with a latch; a flow swaps this module for that cell.
// The enable's path has half a cycle. Whoever clears it holds the core's handshakes back in the same cycles.
module core_clock (
    input  logic clk_i,
    input  logic enable_i,
    output logic clk_o
);

  logic enable_q;

  always_ff @(negedge clk_i) enable_q <= enable_i;

  assign clk_o = clk_i && enable_q;

endmodule
