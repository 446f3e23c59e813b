`include "tb/checks.svh"

// Checks of the counters against each other.
module perf_counters_checks #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Columns = 4,
    localparam int unsigned ColumnBits = $clog2(Columns + 1)
) (
    input logic                                    clk_i,
    input logic                                    rst_ni,
    input logic                                    clear_i,
    input logic                                    busy_i,
    input logic                   [ColumnBits-1:0] columns_i,
    input logic                   [     Lines-1:0] wait_a_i,
    input logic                   [     Lines-1:0] wait_b_i,
    input logic                   [     Lines-1:0] wait_queue_i,
    input counter_pkg::counters_t                  counters_o
);

  localparam int unsigned Bits = counter_pkg::CounterBits;

  // Counters only grow, so that a look now and then finds what was ever counted wrong.
  logic look;
  assign look = busy_i && counters_o.cycles[2:0] == '0;

  logic [Bits-1:0] waits, line_cycles, macs, products;
  assign waits = counters_o.wait_a + counters_o.wait_b + counters_o.wait_queue + counters_o.idle;
  assign line_cycles = Bits'(Lines) * counters_o.cycles;
  assign macs = counters_o.macs_fp8 + counters_o.macs_fp16;
  assign products = Bits'(columns_i) * counters_o.elements;

  // Launches with other columns may follow without the counters being cleared: then the product is unknown.
  logic mixed_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) mixed_q <= 1'b0;
    else mixed_q <= !clear_i && (mixed_q || (counters_o.elements != '0 && !$stable(columns_i)));
  end

  // Each cycle of each line is counted once, each element of A meets every real column.
  `CHECK(line_cycles_add_up, look, counters_o.line_busy + waits == line_cycles)
  `CHECK(macs_are_elements, look && !mixed_q, macs == products)
  `CHECK(sums_read_are_added, look, counters_o.psum_reads <= counters_o.psum_rows)
  `CHECK(sums_written_are_added, look, counters_o.psum_writes <= counters_o.psum_rows)
  `CHECK_NEXT(cycles_count, busy_i && !clear_i, counters_o.cycles != $past(counters_o.cycles))

  `COVER(waits_for_a, busy_i && wait_a_i != '0)
  `COVER(waits_for_b, busy_i && wait_b_i != '0)
  `COVER(waits_for_queue, busy_i && wait_queue_i != '0)
  `COVER(not_all_columns, busy_i && 32'(columns_i) < Columns)

endmodule

bind perf_counters perf_counters_checks #(
    .Lines  (Lines),
    .Columns(Columns)
) i_checks (.*);
