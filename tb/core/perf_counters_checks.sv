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
    input logic                   [     Lines-1:0] issue_i,
    input logic                   [     Lines-1:0] wide_i,
    input logic                                    psum_read_i,
    input logic                                    psum_write_i,
    input logic                                    tree_row_i,
    input logic                                    psum_row_i,
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

  // A line waits for A or for B, never for both: B is asked for first.
  `CHECK(one_operand, busy_i, (wait_a_i & wait_b_i) == '0)
  // Each stall counted, as the only reason that a line has.
  logic [Lines-1:0] stands;
  assign stands = busy_i && !clear_i ? ~issue_i : '0;
  `COVER(counts_wait_a, (stands & wait_a_i & ~wait_queue_i) != '0)
  `COVER(counts_wait_b, (stands & wait_b_i & ~wait_queue_i) != '0)
  `COVER(counts_wait_queue, (stands & wait_queue_i & ~wait_a_i & ~wait_b_i) != '0)
  `COVER(counts_idle, (stands & ~wait_queue_i & ~wait_a_i & ~wait_b_i) != '0)
  `COVER(queue_before_a, (stands & wait_queue_i & wait_a_i) != '0)
  `COVER(queue_before_b, (stands & wait_queue_i & wait_b_i) != '0)
  `COVER(works_while_a_is_missing, busy_i && (issue_i & wait_a_i) != '0)
  `COVER(works_while_b_is_missing, busy_i && (issue_i & wait_b_i) != '0)
  `COVER(all_lines_wait, busy_i && (wait_a_i | wait_b_i | wait_queue_i) == '1 && issue_i == '0)
  `COVER(lines_differ, busy_i && wait_a_i != '0 && wait_queue_i != '0 && issue_i != '0)
  `COVER(both_precisions, busy_i && (issue_i & wide_i) != '0 && (issue_i & ~wide_i) != '0)
  `COVER(counts_psum_read, busy_i && psum_read_i)
  `COVER(counts_psum_write, busy_i && psum_write_i)
  `COVER(psum_read_and_write, busy_i && psum_read_i && psum_write_i)
  `COVER(tree_and_psum, busy_i && tree_row_i && psum_row_i)
  `COVER(cleared_with_counts, clear_i && counters_o.cycles != '0)
  `COVER(not_counted_when_idle, !busy_i && counters_o.cycles != '0)
  `COVER(waits_for_a, busy_i && wait_a_i != '0)
  `COVER(waits_for_b, busy_i && wait_b_i != '0)
  `COVER(waits_for_queue, busy_i && wait_queue_i != '0)
  `COVER(not_all_columns, busy_i && 32'(columns_i) < Columns)

endmodule

bind perf_counters perf_counters_checks #(
    .Lines  (Lines),
    .Columns(Columns)
) i_checks (.*);
