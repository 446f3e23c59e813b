`include "tb/checks.svh"

// Checks of zero skipping: each non-zero is issued once and in order, rows end within their credits.
//
// `ready_o` may fall without an accept (it depends on `row_end_i` and on the credits), so only the
// window's side is held stable, by the row sequencer.
module nonzero_walker_checks #(
    parameter int unsigned Rows = 8,
    parameter int unsigned RowQueue = 2,
    localparam int unsigned CreditBits = $clog2(RowQueue + 1)
) (
    input logic                           clk_i,
    input logic                           rst_ni,
    input logic                           valid_i,
    input logic                           ready_o,
    input logic                           row_end_i,
    input logic                           row_taken_i,
    input logic                           issue_o,
    input logic                           fetch_o,
    input logic                           wide_o,
    input logic                           phase_o,
    input logic                           first_o,
    input logic [    core_pkg::KBits-1:0] k_o,
    input logic                           row_end_o,
    input logic                           row_empty_o,
    input logic [core_pkg::CountBits-1:0] release_o,
    input logic                           tile_end_o,
    input logic                           wait_queue_o,
    input logic [         CreditBits-1:0] credits_q,
    input logic [               Rows-1:0] mask_q,
    input logic [               Rows-1:0] onehot,
    input logic                           busy_q,
    input logic                           load,
    input logic                           done
);

  logic steps;
  assign steps = issue_o && (!wide_o || phase_o);

  // One place of the queue behind the PEs is taken for each row, and given back once.
  `CHECK(credit_left, load && row_end_i, credits_q != '0)
  `CHECK(credit_owed, row_taken_i, 32'(credits_q) < RowQueue)
  // A part that ends no row is taken whenever the one before is done; one that ends a row may wait for a credit.
  `CHECK(takes_part, valid_i && (!busy_q || done) && !(row_end_i && credits_q == '0),
         ready_o && !wait_queue_o)
  `CHECK(waits_for_credit_alone, valid_i && (!busy_q || done) && row_end_i && credits_q == '0,
         !ready_o && wait_queue_o)
  `CHECK(waits_for_no_credit, !valid_i || (busy_q && !done), !wait_queue_o)

  // Elements leave lowest first, one at a time; an FP16 element stays for its second cycle.
  `CHECK(one_element, issue_o, onehot != '0 && (mask_q & (onehot - 1'b1)) == '0)
  `CHECK_NEXT(element_leaves, steps && !done, (mask_q & $past(onehot)) == '0)
  `CHECK_NEXT(second_cycle, issue_o && wide_o && !phase_o, issue_o && wide_o && phase_o && $stable
              (k_o))
  `CHECK(second_cycle_is_fp16, phase_o, issue_o && wide_o)
  `ASSUME(row_of_b_in_range, fetch_o, 32'(k_o) < Rows)

  // A row starts from +0 once and ends once.
  `CHECK_NEXT(next_row_starts, row_end_o, first_o)
  `CHECK(empty_row_has_no_element, row_end_o && row_empty_o, first_o && !issue_o)

  `COVER(fp8_element, issue_o && !wide_o)
  `COVER(fp16_element, issue_o && wide_o)
  `COVER(fp8_ends_row, row_end_o && issue_o && !wide_o)
  `COVER(fp16_ends_row, row_end_o && issue_o && wide_o)
  `COVER(row_of_one_element, row_end_o && issue_o && first_o)
  `COVER(row_empty, row_end_o && row_empty_o)
  `COVER(row_ends_in_empty_part, row_end_o && !issue_o && !row_empty_o)
  `COVER(row_in_several_parts, done && issue_o && !row_end_o)
  `COVER(parts_back_to_back, done && load)
  `COVER(several_rows_owed, 32'(credits_q) == 0)
  `COVER(all_credits, 32'(credits_q) == RowQueue && busy_q)
  `COVER(both_precisions, issue_o && !wide_o && mask_q != onehot)
  `COVER(tile_ends, tile_end_o && row_end_o)
  `COVER(tile_ends_alone, tile_end_o && !row_end_o)
  `COVER(releases_nothing, done && release_o == '0)
  `COVER(idle, !busy_q)
  `COVER(waits_for_credit, wait_queue_o)
  `COVER(credit_given_and_taken, load && row_end_i && row_taken_i)

endmodule

bind nonzero_walker nonzero_walker_checks #(
    .Rows(Rows),
    .RowQueue(RowQueue)
) i_checks (.*);
