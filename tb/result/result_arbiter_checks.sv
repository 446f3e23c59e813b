`include "tb/checks.svh"

// Checks of the arbiter: whole rows, of jobs that have them to come, and none lost or taken twice.
//
// What it offers to a pipeline that stands still may change: nobody has seen it.
module result_arbiter_checks #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Pes = 2,
    localparam int unsigned CoreBits = Cores > 1 ? $clog2(Cores) : 1
) (
    input logic                                                  clk_i,
    input logic                                                  rst_ni,
    input logic [             Cores-1:0]                         head_valid_i,
    input logic [             Cores-1:0][core_pkg::RowsBits-1:0] head_rows_i,
    input logic [             Cores-1:0]                         head_pop_i,
    input logic [             Cores-1:0]                         operands_ready_i,
    input logic [             Cores-1:0]                         result_valid_i,
    input logic [             Cores-1:0]                         result_ready_o,
    input logic [             Cores-1:0]                         result_upper_i,
    input logic                                                  advance_i,
    input logic                                                  valid_o,
    input logic [          CoreBits-1:0]                         core_o,
    input logic                                                  last_o,
    input logic [core_pkg::RowsBits-1:0]                         row_o,
    input logic [             Cores-1:0][core_pkg::RowsBits-1:0] taken_q,
    input logic [          CoreBits-1:0]                         core_q,
    input logic                                                  upper_q,
    input logic                                                  take,
    input logic                                                  zero,
    input logic [             Cores-1:0]                         head_zero_i,
    input logic [               Pes-1:0][ core_pkg::SumBits-1:0] data_o,
    input logic [             Cores-1:0]                         eligible,
    input logic                                                  some
);

  logic [core_pkg::RowsBits-1:0] row_q;

  always_ff @(posedge clk_i) begin
    if (take) row_q <= row_o;
  end

  // The first that has a row behind the last one, the last one itself at the end.
  function automatic logic [CoreBits-1:0] next_in_turn();
    next_in_turn = core_q;
    for (int unsigned i = Cores; i > 0; i--) begin
      if (eligible[(32'(core_q)+i)%Cores]) next_in_turn = CoreBits'((32'(core_q) + i) % Cores);
    end
  endfunction

  function automatic logic jobs_are_complete();
    jobs_are_complete = 1'b1;
    for (int unsigned c = 0; c < Cores; c++) begin
      if (head_pop_i[c] && (!head_valid_i[c] || taken_q[c] != head_rows_i[c])) begin
        jobs_are_complete = 1'b0;
      end
    end
  endfunction

  // The upper half follows the lower one, of the same core and row; +0 is taken from no core.
  `CHECK(one_giver, take && !zero, $onehot(result_ready_o)
         && result_ready_o[core_o] && result_valid_i[core_o])
  `CHECK(no_giver, take && zero, result_ready_o == '0 && data_o == '0)
  `CHECK(in_turn, !upper_q && eligible != '0, some && core_o == next_in_turn())
  `CHECK(halves_alternate, take && !zero, result_upper_i[core_o] == upper_q)
  `CHECK(halves_of_one_row, take && upper_q, core_o == core_q && row_o == row_q)
  `CHECK(row_of_a_job, take, head_valid_i[core_o])
  `CHECK(operands_are_here, take && !upper_q, operands_ready_i[core_o])
  `CHECK(last_row_ends_its_job, take && upper_q, last_o == (taken_q[core_o] == head_rows_i[core_o]))
  // A job leaves when all its rows have been here.
  `CHECK(jobs_leave_complete, head_pop_i != '0, jobs_are_complete())

  `COVER(several_wait, (eligible & (eligible - 1'b1)) != '0)
  `COVER(held_up, valid_o && !advance_i)
  `COVER(waits_for_operands, (result_valid_i & head_valid_i & ~operands_ready_i) != '0)
  `COVER(waits_for_a_job, (result_valid_i & ~head_valid_i) != '0)
  `COVER(core_waits_for_zeros, (result_valid_i & head_zero_i & head_valid_i) != '0)
  `COVER(upper_half_waits, upper_q && !valid_o)
  `COVER(row_of_zeros, take && zero)
  `COVER(first_core, take && core_o == '0)
  `COVER(last_core, take && 32'(core_o) == Cores - 1)
  `COVER(nobody_has_a_row, head_valid_i != '0 && eligible == '0 && !upper_q)
  `COVER(last_row_of_a_job, take && last_o)
  `COVER(same_core_again, take && !upper_q && core_o == core_q)

endmodule

bind result_arbiter result_arbiter_checks #(
    .Cores(Cores),
    .Pes  (Pes)
) i_checks (.*);
