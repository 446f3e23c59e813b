// Counters that software reads: work done and left out, where line cycles went, memory accesses.
module perf_counters #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    parameter int unsigned Columns = 4,
    localparam int unsigned SkipBits = $clog2(Rows + 1),
    localparam int unsigned ColumnBits = $clog2(Columns + 1)
) (
    input  logic                                                  clk_i,
    input  logic                                                  rst_ni,
    input  logic                                                  clear_i,
    input  logic                                                  busy_i,
    input  logic                   [ColumnBits-1:0]               columns_i,     // real ones
    // Lines
    input  logic                   [     Lines-1:0]               issue_i,
    input  logic                   [     Lines-1:0]               wide_i,
    input  logic                   [     Lines-1:0]               phase_i,
    input  logic                   [     Lines-1:0][SkipBits-1:0] skipped_i,
    input  logic                   [     Lines-1:0]               wait_a_i,
    input  logic                   [     Lines-1:0]               wait_b_i,
    input  logic                   [     Lines-1:0]               wait_queue_i,
    // Rest of the core
    input  logic                                                  a_beat_i,
    input  logic                                                  b_row_i,
    input  logic                                                  tree_row_i,
    input  logic                                                  psum_row_i,
    input  logic                                                  psum_read_i,
    input  logic                                                  psum_write_i,
    output counter_pkg::counters_t                                counters_o
);

  localparam int unsigned EventBits = $clog2(Lines * Rows + 1);

  logic [EventBits-1:0] narrow, wide, skipped, wait_a, wait_b, wait_queue, idle;

  always_comb begin
    narrow     = '0;
    wide       = '0;
    skipped    = '0;
    wait_a     = '0;
    wait_b     = '0;
    wait_queue = '0;
    idle       = '0;
    for (int unsigned l = 0; l < Lines; l++) begin
      narrow += EventBits'(issue_i[l] && !wide_i[l]);
      wide += EventBits'(issue_i[l] && wide_i[l] && phase_i[l]);
      skipped += EventBits'(skipped_i[l]);
      // A cycle of a line counts once: as work, else by the first cause that holds it up.
      if (!issue_i[l]) begin
        if (wait_queue_i[l]) wait_queue += 1'b1;
        else if (wait_a_i[l]) wait_a += 1'b1;
        else if (wait_b_i[l]) wait_b += 1'b1;
        else idle += 1'b1;
      end
    end
  end

  function automatic logic [counter_pkg::CounterBits-1:0] add(
      input logic [counter_pkg::CounterBits-1:0] count, input logic [EventBits-1:0] events);
    add = count + counter_pkg::CounterBits'(events);
  endfunction

  // MACs are elements times the real columns that they meet.
  function automatic logic [counter_pkg::CounterBits-1:0] add_macs(
      input logic [counter_pkg::CounterBits-1:0] count, input logic [EventBits-1:0] elements);
    add_macs = count + counter_pkg::CounterBits'(elements) * counter_pkg::CounterBits'(columns_i);
  endfunction

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      counters_o <= '0;
    end else if (clear_i) begin
      counters_o <= '0;
    end else if (busy_i) begin
      counters_o.cycles       <= add(counters_o.cycles, EventBits'(1));
      counters_o.macs_fp8     <= add_macs(counters_o.macs_fp8, narrow);
      counters_o.macs_fp16    <= add_macs(counters_o.macs_fp16, wide);
      counters_o.macs_skipped <= add_macs(counters_o.macs_skipped, skipped);
      counters_o.elements     <= add(counters_o.elements, narrow + wide);
      counters_o.line_busy    <= add(counters_o.line_busy, EventBits'($countones(issue_i)));
      counters_o.wait_a       <= add(counters_o.wait_a, wait_a);
      counters_o.wait_b       <= add(counters_o.wait_b, wait_b);
      counters_o.wait_queue   <= add(counters_o.wait_queue, wait_queue);
      counters_o.idle         <= add(counters_o.idle, idle);
      counters_o.a_beats      <= add(counters_o.a_beats, EventBits'(a_beat_i));
      counters_o.b_rows       <= add(counters_o.b_rows, EventBits'(b_row_i));
      counters_o.tree_rows    <= add(counters_o.tree_rows, EventBits'(tree_row_i));
      counters_o.psum_rows    <= add(counters_o.psum_rows, EventBits'(psum_row_i));
      counters_o.psum_reads   <= add(counters_o.psum_reads, EventBits'(psum_read_i));
      counters_o.psum_writes  <= add(counters_o.psum_writes, EventBits'(psum_write_i));
    end
  end

endmodule
