`include "tb/checks.svh"

// Checks of the dispatcher: each beat to one line with room, WG rows to the line with the least work.
//
// Beats are held by the sender. Grants to lines are pulses, raised only where the line takes them.
module a_dispatch_checks #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    parameter int unsigned PsumRows = 16,
    parameter int unsigned WorkBits = 10,
    localparam int unsigned LineBits = $clog2(Lines),
    localparam int unsigned PsumBits = $clog2(PsumRows)
) (
    input logic                                        clk_i,
    input logic                                        rst_ni,
    input logic                                        enable_i,
    input logic                                        intra_i,
    input logic                                        valid_i,
    input logic                                        ready_o,
    input logic                                        first_i,
    input logic [          LineBits-1:0]               line_i,
    input logic [              Rows-1:0]               mask_i,
    input logic [              Rows-1:0]               group_i,
    input logic [             Lines-1:0]               valid_o,
    input logic [             Lines-1:0]               ready_i,
    input logic                                        row_valid_i,
    input logic                                        row_ready_o,
    input logic [core_pkg::RowsBits-1:0]               row_i,
    input logic [             Lines-1:0]               run_valid_o,
    input logic [             Lines-1:0]               run_ready_i,
    input logic [             Lines-1:0]               issue_i,
    input logic                                        commit_i,
    input logic [core_pkg::RowsBits-1:0]               commit_row_i,
    input logic [             Lines-1:0][WorkBits-1:0] work_q,
    input logic [          PsumRows-1:0]               pending_q,
    input logic [          LineBits-1:0]               target,
    input logic [             Lines-1:0]               can_start
);

  logic accept, start;
  assign accept = valid_i && ready_o;
  assign start  = intra_i && first_i;

  // No line that could have taken the row has less work in hand, or as much and a lower number.
  function automatic logic target_is_least();
    target_is_least = 1'b1;
    for (int unsigned l = 0; l < Lines; l++) begin
      if (can_start[l] && (work_q[l] < work_q[target] ||
                           (work_q[l] == work_q[target] && l < 32'(target)))) begin
        target_is_least = 1'b0;
      end
    end
  endfunction

  function automatic logic tie();
    tie = 1'b0;
    for (int unsigned l = 0; l < Lines; l++) begin
      if (can_start[l] && work_q[l] == work_q[target] && l != 32'(target)) tie = 1'b1;
    end
  endfunction

  function automatic logic issues_what_it_has();
    issues_what_it_has = 1'b1;
    for (int unsigned l = 0; l < Lines; l++) begin
      if (issue_i[l] && work_q[l] == '0) issues_what_it_has = 1'b0;
    end
  endfunction

  `CHECK_HELD(beat_held, valid_i, ready_o, {first_i, line_i})
  `CHECK(none_before_a_tile, valid_i && !enable_i, !ready_o)
  `CHECK(one_line_with_room, accept, $onehot(valid_o) && (valid_o & ~ready_i) == '0)
  `CHECK(named_line, accept && !intra_i, valid_o[line_i] && run_valid_o == '0)
  `CHECK(row_with_its_run, row_ready_o,
         row_valid_i && run_valid_o == valid_o && (run_valid_o & ~run_ready_i) == '0)
  `CHECK(least_work, accept && start, target_is_least())
  `CHECK_NEXT(row_stays_on_its_line, accept && intra_i, !accept || first_i || valid_o == $past
              (valid_o))

  // Work in hand never falls below what is issued; a row of partial sums is given out once at a time.
  `CHECK(work_in_hand, intra_i && issue_i != '0, issues_what_it_has())
  `ASSUME(row_is_free, row_ready_o, !pending_q[row_i[PsumBits-1:0]])
  `ASSUME(commit_is_owed, intra_i && commit_i, pending_q[commit_row_i[PsumBits-1:0]])
  `ASSUME(row_in_range, row_ready_o, 32'(row_i) < PsumRows)

  `COVER(row_to_first_line, row_ready_o && valid_o[0])
  `COVER(row_to_last_line, row_ready_o && valid_o[Lines-1])
  `COVER(beat_to_first_line, accept && !intra_i && valid_o[0])
  `COVER(beat_to_last_line, accept && !intra_i && valid_o[Lines-1])
  `COVER(tie_to_lower_line, accept && start && tie())
  // A row's values may exceed one beat if all its elements in FP16 do.
  if (2 * Rows > core_pkg::ABeatBytes) begin : gen_several
    `COVER(row_of_several_beats, accept && intra_i && !first_i)
  end
  `COVER(no_work_anywhere, accept && start && work_q == '0)
  `COVER(row_of_zeros, accept && start && mask_i == '0)
  `COVER(only_sum_is_missing,
         valid_i && start && enable_i && can_start != '0 && row_valid_i && !ready_o)
  `COVER(work_and_beat, intra_i && (issue_i & valid_o) != '0)
  `COVER(waits_for_sum, valid_i && start && can_start != '0 && row_valid_i && !ready_o)
  `COVER(waits_for_lines, valid_i && start && enable_i && row_valid_i && can_start == '0)
  `COVER(waits_for_command, valid_i && start && enable_i && !row_valid_i)
  `COVER(waits_for_named_line, valid_i && !intra_i && enable_i && !ready_o)
  `COVER(waits_for_run_queue, valid_i && start && (ready_i & ~run_ready_i) != '0)

endmodule

bind a_dispatch a_dispatch_checks #(
    .Lines(Lines),
    .Rows(Rows),
    .PsumRows(PsumRows),
    .WorkBits(WorkBits)
) i_checks (.*);
