// Takes rows of results from the cores in turn, both halves of a row one after the other, into one
// pipeline.
//
// A core's rows belong to the job at the head of its queue. Rows of the next job wait until that one
// has left the pipeline, so that whoever works on a row finds its job at the head.
module result_arbiter #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Pes = 2,
    localparam int unsigned CoreBits = Cores > 1 ? $clog2(Cores) : 1
) (
    input logic clk_i,
    input logic rst_ni,
    // Jobs and operands
    input logic [Cores-1:0] head_valid_i,
    input logic [Cores-1:0][core_pkg::RowsBits-1:0] head_rows_i,
    input logic [Cores-1:0] head_zero_i,  // rows of +0 that no core gives
    input logic [Cores-1:0] head_pop_i,
    input logic [Cores-1:0] operands_ready_i,  // of the next row
    output logic [Cores-1:0] more_o,  // rows are to come
    output logic [Cores-1:0] final_o,  // only one of them
    // Cores
    input logic [Cores-1:0] result_valid_i,
    output logic [Cores-1:0] result_ready_o,
    input logic [Cores-1:0] result_upper_i,
    input logic [Cores-1:0][core_pkg::RowsBits-1:0] result_row_i,
    input logic [Cores-1:0][Pes-1:0][core_pkg::SumBits-1:0] result_i,
    // Pipeline
    input logic advance_i,
    output logic valid_o,
    output logic [CoreBits-1:0] core_o,
    output logic upper_o,
    output logic last_o,  // row of its job
    output logic [core_pkg::RowsBits-1:0] row_o,
    output logic [Pes-1:0][core_pkg::SumBits-1:0] data_o
);

  logic [Cores-1:0][core_pkg::RowsBits-1:0] taken_q;  // rows of the head
  logic [Cores-1:0] eligible;
  logic [CoreBits-1:0] core_q, next;
  logic upper_q, some, take, zero;

  for (genvar c = 0; c < Cores; c++) begin : gen_cores
    assign more_o[c] = head_valid_i[c] && taken_q[c] != head_rows_i[c];
    assign final_o[c] = taken_q[c] + 1'b1 == head_rows_i[c];
    assign eligible[c] = (head_zero_i[c] || (result_valid_i[c] && !result_upper_i[c])) &&
        more_o[c] && operands_ready_i[c];
    assign result_ready_o[c] = take && core_o == CoreBits'(c) && !head_zero_i[c];
  end

  // The next one in turn after the core that had the last row.
  always_comb begin
    next = core_q;
    some = 1'b0;
    if (eligible != '0) begin
      for (int unsigned c = 0; c < Cores; c++) begin
        if (!some && eligible[c] && CoreBits'(c) > core_q) begin
          next = CoreBits'(c);
          some = 1'b1;
        end
      end
      for (int unsigned c = 0; c < Cores; c++) begin
        if (!some && eligible[c]) begin
          next = CoreBits'(c);
          some = 1'b1;
        end
      end
    end
  end

  assign core_o  = upper_q ? core_q : next;
  assign zero    = head_zero_i[core_o];
  assign valid_o = !upper_q ? some : zero || (result_valid_i[core_q] && result_upper_i[core_q]);
  assign upper_o = upper_q;
  assign last_o  = upper_q ? !more_o[core_q] : final_o[next];
  assign row_o   = !zero ? result_row_i[core_o] : taken_q[core_o] - core_pkg::RowsBits'(upper_q);
  assign data_o  = zero ? '0 : result_i[core_o];
  assign take    = valid_o && advance_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      taken_q <= '0;
      core_q  <= '0;
      upper_q <= 1'b0;
    end else begin
      if (take) begin
        core_q  <= core_o;
        upper_q <= !upper_q;
        if (!upper_q) taken_q[core_o] <= taken_q[core_o] + 1'b1;
      end
      for (int unsigned c = 0; c < Cores; c++) begin
        if (head_pop_i[c]) taken_q[c] <= '0;
      end
    end
  end

endmodule
