`include "tb/checks.svh"

// Checks of a queue, whatever stands around it.
//
// The queue itself promises a stable head. That a producer keeps its offer is not checked here: some
// producers take it back (the line's end stages look at `ready_o` only as a safeguard).
module stream_fifo_checks #(
    parameter int unsigned Depth = 2,
    localparam int unsigned PtrBits = Depth > 1 ? $clog2(Depth) : 1,
    localparam int unsigned CountBits = $clog2(Depth + 1)
) (
    input logic                 clk_i,
    input logic                 rst_ni,
    input logic                 valid_i,
    input logic                 ready_o,
    input logic                 valid_o,
    input logic                 ready_i,
    input logic [  PtrBits-1:0] head_q,
    input logic [  PtrBits-1:0] tail_q,
    input logic [CountBits-1:0] count_q
);

  logic full, empty, push, pop;
  assign full  = count_q == CountBits'(Depth);
  assign empty = count_q == '0;
  assign push  = valid_i && ready_o;
  assign pop   = valid_o && ready_i;

  // Overflow and underflow: what a full queue takes, or an empty one gives, would be lost or invented.
  `CHECK(full_refuses, full, !ready_o)
  `CHECK(empty_gives_nothing, empty, !valid_o)
  // The count is the distance of the pointers, whatever has wrapped.
  `CHECK(pointers_agree, push || pop, (32'(head_q) + 32'(count_q)) % Depth == 32'(tail_q))

  `COVER(full, full)
  `COVER(empty, empty)
  `COVER(push_refused, valid_i && full)
  `COVER(pop_of_nothing, ready_i && empty)
  `COVER(push_into_empty, push && empty)
  `COVER(last_pop, pop && count_q == 1 && !push)
  `COVER(push_and_pop, push && pop)
  `COVER(wrap, pop && head_q == PtrBits'(Depth - 1))

endmodule

bind stream_fifo stream_fifo_checks #(.Depth(Depth)) i_checks (.*);
