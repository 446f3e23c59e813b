// Tells, every so many cycles of a busy chip, where the line cycles of each core went so far.
module occupancy_monitor #(
    parameter int unsigned Cores  = 1,
    parameter int unsigned Period = 64  // a power of two
) (
    input logic                               clk_i,
    input logic                               rst_ni,
    input logic                               busy_i,
    input counter_pkg::counters_t [Cores-1:0] counters_i
);

  import "DPI-C" function void chip_sample_row(input longint unsigned cycle);
  import "DPI-C" function void chip_sample_core(
    input longint unsigned line_busy,
    input longint unsigned wait_a,
    input longint unsigned wait_b,
    input longint unsigned wait_queue,
    input longint unsigned idle
  );
  import "DPI-C" function void chip_sample_end();

  logic [63:0] cycle_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni || !busy_i) begin
      cycle_q <= '0;
    end else begin
      cycle_q <= cycle_q + 1'b1;
      if (cycle_q % 64'(Period) == 64'(Period - 1)) begin
        chip_sample_row(cycle_q + 1'b1);
        for (int unsigned c = 0; c < Cores; c++) begin
          chip_sample_core(64'(counters_i[c].line_busy), 64'(counters_i[c].wait_a),
                           64'(counters_i[c].wait_b), 64'(counters_i[c].wait_queue),
                           64'(counters_i[c].idle));
        end
        chip_sample_end();
      end
    end
  end

endmodule

bind lnpu_chip occupancy_monitor #(
    .Cores(Cores)
) i_occupancy (
    .clk_i,
    .rst_ni,
    .busy_i    (busy),
    .counters_i(counters)
);
